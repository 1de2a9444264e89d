/* Programs that belong to a struct_ops map, and maps that belong to a program. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "associations.skel.h"

static int print(enum libbpf_print_level level, const char *format, va_list arguments)
{
	char text[4096];

	vsnprintf(text, sizeof(text), format, arguments);
	/* The verifier's log differs with the kernel. */
	return level == LIBBPF_DEBUG || strstr(text, "BEGIN PROG LOAD LOG") ? 0 : printf("  %d %s", level, text);
}

#define outcome(expression) \
	do { \
		long long result = (expression); \
		printf("%s = %lld%s%s\n", #expression, result, result < 0 ? ", " : "", \
		       result < 0 ? strerror(errno) : ""); \
	} while (0)

static struct bpf_map *map_of(const struct associations *skel, const char *name)
{
	return bpf_object__find_map_by_name(skel->obj, name);
}

static void associate(struct associations *skel)
{
	LIBBPF_OPTS(bpf_prog_assoc_struct_ops_opts, broken);
	struct bpf_map *control = map_of(skel, "control");
	int program = bpf_program__fd(skel->progs.owner), map = bpf_map__fd(control);

	outcome(bpf_program__assoc_struct_ops(skel->progs.stranger, control, NULL));
	outcome(bpf_program__assoc_struct_ops(skel->progs.ssthresh, control, NULL));
	outcome(bpf_program__assoc_struct_ops(skel->progs.owner, skel->maps.private, NULL));
	outcome(bpf_program__assoc_struct_ops(skel->progs.owner, control, NULL));
	outcome(bpf_prog_assoc_struct_ops(program, map, NULL));
	outcome(bpf_prog_assoc_struct_ops(program, -1, NULL));
	broken.sz = 1;
	outcome(bpf_prog_assoc_struct_ops(program, map, &broken));
}

static void exclude(bool all, bool changed)
{
	struct associations *skel = associations__open(), *other = associations__open();
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	int key = 0, value = 0;

	outcome(bpf_map__exclusive_program(skel->maps.private) == NULL);
	outcome(bpf_map__set_exclusive_program(skel->maps.private, other->progs.owner));
	associations__destroy(other);
	if (changed)
		outcome(bpf_map__set_exclusive_program(skel->maps.private, skel->progs.stranger));
	else
		outcome(bpf_map__set_exclusive_program(skel->maps.private, skel->progs.owner));
	outcome(bpf_map__exclusive_program(skel->maps.private) == skel->progs.owner);
	bpf_program__set_autoload(skel->progs.stranger, all);
	outcome(associations__load(skel));
	if (bpf_program__fd(skel->progs.owner) >= 0) {
		outcome(bpf_prog_test_run_opts(bpf_program__fd(skel->progs.owner), &opts));
		bpf_map__lookup_elem(skel->maps.private, &key, sizeof(key), &value, sizeof(value), 0);
		printf("value %d, seen %d\n", value, skel->bss->seen);
		outcome(bpf_map__set_exclusive_program(skel->maps.private, skel->progs.owner));
		associate(skel);
	}
	associations__destroy(skel);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	libbpf_set_print(print);
	exclude(false, false);
	exclude(true, false);
	exclude(false, true);
	return 0;
}
