/* Prints types of an object's BTF, and bytes as values of them, with libbpf: btf-print OBJECT [FLAGS]. */
#include <bpf/btf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { COMPACT = 1, SKIP_NAMES = 2, EMIT_ZEROES = 4, INDENT = 8 };

static void print(void *context, const char *format, va_list arguments)
{
	(void)context;
	vprintf(format, arguments);
}

static void print_type(const struct btf *btf, __u32 id)
{
	LIBBPF_OPTS(btf_dump_emit_type_decl_opts, options, .field_name = "field", .indent_level = 1,
		    .strip_mods = true);
	struct btf_dump *dump = btf_dump__new(btf, print, NULL, NULL);

	printf("=== type %u\n", id);
	printf("=== %d\n", btf_dump__dump_type(dump, id));
	printf("=== declaration %u\n", id);
	btf_dump__emit_type_decl(dump, id, NULL);
	printf("\n");
	btf_dump__emit_type_decl(dump, id, &options);
	printf("\n");
	btf_dump__free(dump);
}

/*
 * Bytes that depend on the type and their place only. Every third word is zero; a byte alone never is, since older
 * libbpf shows ends of strings differently.
 */
static void fill(unsigned char *bytes, long size, unsigned seed)
{
	for (long i = 0; i < size; i++) {
		seed = seed * 1103515245u + 12345u;
		bytes[i] = i / 8 % 3 == 2 ? 0 : ((seed >> 16) & 0xff) | 1;
	}
}

static void print_data(const struct btf *btf, __u32 id, int flags)
{
	static unsigned char bytes[4096] __attribute__((aligned(16)));
	LIBBPF_OPTS(btf_dump_type_data_opts, options, .compact = flags & COMPACT,
		    .skip_names = flags & SKIP_NAMES, .emit_zeroes = flags & EMIT_ZEROES,
		    .indent_level = flags & INDENT ? 2 : 0, .indent_str = flags & INDENT ? "  " : NULL);
	long size = btf__resolve_size(btf, id);
	struct btf_dump *dump;
	int result;

	if (size <= 0 || size > (long)sizeof(bytes))
		return;
	dump = btf_dump__new(btf, print, NULL, NULL);
	fill(bytes, size, id);
	printf("=== data %u\n", id);
	result = btf_dump__dump_type_data(dump, id, bytes, size, &options);
	printf("\n=== %d\n", result);
	btf_dump__free(dump);
}

int main(int argc, char **argv)
{
	struct btf *btf = btf__parse(argv[1], NULL);

	for (__u32 id = 1; id < btf__type_cnt(btf); id++) {
		if (argc > 2)
			print_data(btf, id, atoi(argv[2]));
		else
			print_type(btf, id);
	}
	return 0;
}
