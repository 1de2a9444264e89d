// Loads an object with libbpf and prints, as JSON, what the kernel then says about its maps and programs.
// Usage: loader FILE NAME PIN_ROOT; without arguments it prints the version of libbpf.
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char complaints[1 << 16];

static int keep(enum libbpf_print_level level, const char *format, va_list args)
{
	size_t used = strlen(complaints);

	if (level == LIBBPF_WARN && used < sizeof complaints - 1)
		vsnprintf(complaints + used, sizeof complaints - used, format, args);
	return 0;
}

static void print_text(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		unsigned char c = *text;

		if (c < ' ' || c > '~' || c == '"' || c == '\\')
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

static int fail(const char *step, int error)
{
	printf("{\"failed\": \"%s\", \"errno\": %d, \"message\": ", step, error < 0 ? -error : error);
	print_text(complaints);
	printf("}\n");
	return 0;
}

static void print_hex(const unsigned char *bytes, size_t size)
{
	putchar('"');
	for (size_t i = 0; i < size; i++)
		printf("%02x", bytes[i]);
	putchar('"');
}

static int print_map(const struct bpf_map *map)
{
	struct bpf_map_info info = {};
	unsigned int size = sizeof info;

	if (bpf_map__fd(map) < 0)
		return 0;
	if (bpf_obj_get_info_by_fd(bpf_map__fd(map), &info, &size))
		return -errno;
	printf("{\"name\": ");
	print_text(info.name);
	printf(", \"id\": %u, \"type\": %u, \"keySize\": %u, \"valueSize\": %u, \"maxEntries\": %u, \"flags\": %u, "
	       "\"extra\": %llu, \"keyType\": %u, \"valueType\": %u, \"vmlinuxValueType\": %u}",
	       info.id, info.type, info.key_size, info.value_size, info.max_entries, info.map_flags,
	       (unsigned long long)info.map_extra, info.btf_key_type_id, info.btf_value_type_id,
	       info.btf_vmlinux_value_type_id);
	return 1;
}

static int print_program(const struct bpf_program *program)
{
	struct bpf_prog_info info = {};
	unsigned int size = sizeof info;
	static unsigned char instructions[1 << 20];

	if (bpf_program__fd(program) < 0)
		return 0;
	info.xlated_prog_insns = (unsigned long)instructions;
	info.xlated_prog_len = sizeof instructions;
	if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size))
		return -errno;
	printf("{\"name\": ");
	print_text(bpf_program__name(program));
	printf(", \"type\": %u, \"tag\": ", info.type);
	print_hex(info.tag, sizeof info.tag);
	printf(", \"attachBtfId\": %u, \"functions\": %u, \"lines\": %u, \"instructions\": ", info.attach_btf_id,
	       info.nr_func_info, info.nr_line_info);
	print_hex(instructions, info.xlated_prog_len);
	printf("}");
	return 1;
}

int main(int argc, char **argv)
{
	LIBBPF_OPTS(bpf_object_open_opts, options);
	struct bpf_program *program;
	struct bpf_object *object;
	const void *btf = NULL;
	unsigned int btf_size = 0;
	struct bpf_map *map;
	int result, printed;

	if (argc < 4) {
		printf("[%u, %u]\n", libbpf_major_version(), libbpf_minor_version());
		return 0;
	}
	libbpf_set_print(keep);
	options.object_name = argv[2];
	options.pin_root_path = argv[3];
	object = bpf_object__open_file(argv[1], &options);
	if (!object)
		return fail("open", errno);
	result = bpf_object__load(object);
	if (result)
		return fail("load", result);
	printf("{\"maps\": [");
	printed = 0;
	bpf_object__for_each_map(map, object) {
		if (printed > 0 && bpf_map__fd(map) >= 0)
			printf(", ");
		result = print_map(map);
		if (result < 0)
			return 1;
		printed += result;
	}
	printf("], \"programs\": [");
	printed = 0;
	bpf_object__for_each_program(program, object) {
		if (printed > 0 && bpf_program__fd(program) >= 0)
			printf(", ");
		result = print_program(program);
		if (result < 0)
			return 1;
		printed += result;
	}
	if (bpf_object__btf(object))
		btf = btf__raw_data(bpf_object__btf(object), &btf_size);
	printf("], \"btf\": ");
	print_hex(btf, btf_size);
	printf("}\n");
	bpf_object__close(object);
	return 0;
}
