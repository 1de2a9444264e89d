/* What programs that are not loaded need, and programs whose section says another type: `unloaded OBJECT...` */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static int print(enum libbpf_print_level level, const char *format, va_list arguments)
{
	return level == LIBBPF_DEBUG ? 0 : vprintf(format, arguments);
}

static struct bpf_program *program_of(const struct bpf_object *obj, const char *name)
{
	return bpf_object__find_program_by_name(obj, name);
}

static void load(const char *path, bool with)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "unloaded");
	struct bpf_object *obj = bpf_object__open_file(path, &opts);
	const char *name = strrchr(path, '/') + 1;
	int error;

	bpf_program__set_autoload(program_of(obj, "unloaded"), with);
	bpf_program__set_autoload(program_of(obj, "retyped"), false);
	bpf_program__set_autoload(program_of(obj, "session"), false);
	bpf_program__set_autoload(program_of(obj, "frags"), false);
	error = bpf_object__load(obj);
	printf("%s %d: %d%s%s\n", name, with, error, error ? ", " : "", error ? strerror(errno) : "");
	bpf_object__close(obj);
}

/* A program's type is set: what its section says no longer counts. */
static void retype(const char *path)
{
	struct bpf_object *obj = bpf_object__open_file(path, NULL);
	struct bpf_program *prog = program_of(obj, "retyped"), *session = program_of(obj, "session"),
			   *frags = program_of(obj, "frags");
	struct bpf_prog_info info = { 0 };
	__u32 size = sizeof(info);

	printf("%d\n", bpf_program__set_type(prog, BPF_PROG_TYPE_SOCKET_FILTER));
	printf("type %d, attach type %d\n", bpf_program__type(prog), bpf_program__expected_attach_type(prog));
	bpf_program__set_expected_attach_type(prog, 0);
	printf("%d\n", bpf_program__set_type(session, BPF_PROG_TYPE_KPROBE));
	printf("type %d, attach type %d\n", bpf_program__type(session), bpf_program__expected_attach_type(session));
	bpf_program__set_autoload(session, false);
	printf("%d\n", bpf_program__set_type(frags, BPF_PROG_TYPE_RAW_TRACEPOINT));
	bpf_program__set_expected_attach_type(frags, 0);
	printf("load %d\n", bpf_object__load(obj));
	bpf_prog_get_info_by_fd(bpf_program__fd(prog), &info, &size);
	printf("loaded as %u\n", info.type);
	printf("set_type %d\n", bpf_program__set_type(prog, BPF_PROG_TYPE_XDP));
	printf("attached %d", bpf_program__attach(prog) != NULL);
	printf(", %s\n", strerror(errno));
	printf("attached %d", bpf_program__attach(frags) != NULL);
	printf(", %s\n", strerror(errno));
	bpf_object__close(obj);
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	libbpf_set_print(print);
	for (int i = 1; i < argc; i++) {
		load(argv[i], false);
		load(argv[i], true);
	}
	retype(argv[1]);
	return 0;
}
