// Opens and loads an object with libbpf and prints what libbpf made of it, one line per thing, for comparison.
// Usage: libbpf-object FILE NAME [load]
#include <bpf/libbpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, args) : 0;
}

static void print_program(const struct bpf_program *program, int loaded)
{
	const struct bpf_insn *insns = bpf_program__insns(program);
	size_t count = bpf_program__insn_cnt(program);

	printf("program %s section=%s type=%d attach=%d autoload=%d", bpf_program__name(program),
	       bpf_program__section_name(program), bpf_program__type(program),
	       bpf_program__expected_attach_type(program), bpf_program__autoload(program));
	if (loaded && bpf_program__autoload(program)) {
		const unsigned char *bytes = (const unsigned char *)insns;

		printf(" insns=");
		for (size_t i = 0; i < count * sizeof(*insns); i++)
			printf("%02x", bytes[i]);
	}
	printf("\n");
}

static void print_map(const struct bpf_map *map)
{
	size_t size = 0;
	const unsigned char *value = bpf_map__initial_value((struct bpf_map *)map, &size);

	printf("map %s type=%u key=%u value=%u max=%u flags=%u extra=%llu numa=%u pin=%s types=%u,%u", bpf_map__name(map),
	       bpf_map__type(map), bpf_map__key_size(map), bpf_map__value_size(map), bpf_map__max_entries(map),
	       bpf_map__map_flags(map), (unsigned long long)bpf_map__map_extra(map), bpf_map__numa_node(map),
	       bpf_map__pin_path(map) ? "yes" : "no", bpf_map__btf_key_type_id(map), bpf_map__btf_value_type_id(map));
	if (bpf_map__is_internal(map) && value) {
		printf(" initial=");
		for (size_t i = 0; i < size; i++)
			printf("%02x", value[i]);
	}
	printf("\n");
}

int main(int argc, char **argv)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = argc > 2 ? argv[2] : NULL,
		    .pin_root_path = "/nonexistent");
	int load = argc > 3 && strcmp(argv[3], "load") == 0;
	struct bpf_program *program;
	struct bpf_object *object;
	struct bpf_map *map;

	libbpf_set_print(quiet);
	object = bpf_object__open_file(argv[1], &options);
	if (!object)
		return 1;
	printf("license kernel=%u\n", bpf_object__kversion(object));
	bpf_object__for_each_map(map, object)
		print_map(map);
	if (load && bpf_object__load(object))
		return 2;
	bpf_object__for_each_program(program, object)
		print_program(program, load);
	bpf_object__close(object);
	return 0;
}
