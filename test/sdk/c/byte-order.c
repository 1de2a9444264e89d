/* Types of either byte order: `byte-order BIG LITTLE`, two objects. */
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int print(enum libbpf_print_level level, const char *format, va_list arguments)
{
	return level == LIBBPF_DEBUG ? 0 : vprintf(format, arguments);
}

static void outcome_of(const char *what, int result)
{
	printf("%s: %d%s%s\n", what, result, result < 0 ? ", " : "", result < 0 ? strerror(errno) : "");
}
#define outcome(expression) outcome_of(#expression, expression)

/* Of the header only what all versions have. */
static void show_bytes(const void *data, __u32 size, __u32 header_size)
{
	const unsigned char *raw = data;
	__u32 sum = 0;

	for (__u32 i = header_size; i < size; i++)
		sum = sum * 31 + raw[i];
	printf("  magic %02x%02x, %u bytes behind the header, %08x\n", raw[0], raw[1], size - header_size, sum);
}

static void show(const char *title, const struct btf *btf)
{
	const unsigned char *raw;
	__u32 size;

	printf("%s: order %d, %u types\n", title, btf__endianness(btf), btf__type_cnt(btf));
	for (__u32 id = 1; id < btf__type_cnt(btf); id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);

		if (id < 12)
			printf("  [%u] kind %u '%s' parts %u size or type %u\n", id, btf_kind(type),
			       btf__name_by_offset(btf, type->name_off), btf_vlen(type), type->size);
	}
	raw = btf__raw_data(btf, &size);
	show_bytes(raw, size, raw[4] + raw[7]);
}

static struct btf *make(void)
{
	struct btf *btf = btf__new_empty();

	btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	btf__add_struct(btf, "pair", 8);
	btf__add_field(btf, "a", 1, 0, 0);
	btf__add_field(btf, "b", 1, 32, 0);
	btf__add_enum(btf, "colour", 4);
	btf__add_enum_value(btf, "RED", -1);
	btf__add_enum64(btf, "wide", 8, false);
	btf__add_enum64_value(btf, "FAR", 0x123456789aull);
	btf__add_array(btf, 1, 2, 7);
	btf__add_func_proto(btf, 1);
	btf__add_func_param(btf, "p", 2);
	btf__add_func(btf, "run", BTF_FUNC_GLOBAL, 6);
	btf__add_var(btf, "v", BTF_VAR_STATIC, 2);
	btf__add_datasec(btf, ".bss", 8);
	btf__add_datasec_var_info(btf, 8, 0, 8);
	btf__add_decl_tag(btf, "tag", 2, 1);
	return btf;
}

static void types(void)
{
	struct btf *btf = make(), *again, *split, *small = NULL, *moved = NULL, *other = btf__new_empty();
	const void *raw;
	__u32 size;

	show("made", btf);
	outcome(btf__set_endianness(btf, BTF_BIG_ENDIAN));
	outcome(btf__set_endianness(btf, 7));
	show("big", btf);
	raw = btf__raw_data(btf, &size);
	again = btf__new(raw, size);
	show("read", again);
	outcome(btf__find_by_name_kind(again, "pair", BTF_KIND_STRUCT));
	outcome(btf__resolve_size(again, 5));
	outcome(btf__add_ptr(again, 2));
	show("written", again);
	outcome(btf__load_into_kernel(btf));
	outcome(btf__endianness(btf));
	split = btf__new_empty_split(btf);
	outcome(btf__endianness(split));
	outcome(btf__add_struct(split, "more", 8));
	outcome(btf__add_field(split, "pair", 2, 0, 0));
	show("split", split);
	outcome(btf__distill_base(split, &small, &moved));
	show("distilled", small);
	show("on it", moved);
	outcome(btf__add_btf(other, again));
	show("added", other);
	outcome(btf__set_endianness(again, BTF_LITTLE_ENDIAN));
	show("little", again);
	outcome(btf__dedup(btf, NULL));
	show("without doubles", btf);
	btf__free(moved);
	btf__free(small);
	btf__free(other);
	btf__free(split);
	btf__free(again);
	btf__free(btf);
}

static bool same(const void *one, __u32 size, const void *other, __u32 other_size)
{
	return size == other_size && !memcmp(one, other, size);
}

/* The functions that the section names, by the types' ids. */
static void show_functions(const struct btf *btf, const struct btf_ext *ext)
{
	__u32 size;
	const char *raw = btf_ext__raw_data(ext, &size);
	const __u32 *header = (const void *)raw, *part = (const void *)(raw + header[1] + header[2]);

	/* The records' size; then of each section its name, their number, and they themselves. */
	for (__u32 i = 0; i < part[2]; i++) {
		const struct bpf_func_info *record = (const void *)((const char *)(part + 3) + i * part[0]);

		printf("  function '%s'\n",
		       btf__name_by_offset(btf, btf__type_by_id(btf, record->type_id)->name_off));
	}
}

/* The last type becomes the first. */
static void permute(struct btf *btf, struct btf_ext *ext)
{
	LIBBPF_OPTS(btf_permute_opts, opts, .btf_ext = ext);
	__u32 count = btf__type_cnt(btf), *order = calloc(count, sizeof(*order));

	for (__u32 i = 1; i < count; i++)
		order[i] = count - i;
	show_functions(btf, ext);
	outcome(btf__permute(btf, order, count, &opts));
	show_functions(btf, ext);
	outcome(btf__find_by_name_kind(btf, "pair", BTF_KIND_STRUCT) > 0);
	free(order);
}

/* What the compiler makes for the two machines are the same types. */
static void files(const char *big_path, const char *little_path)
{
	struct btf_ext *ext = NULL, *again;
	struct btf *big = btf__parse(big_path, NULL), *little = btf__parse(little_path, &ext);
	const void *raw, *other;
	__u32 size, other_size;
	void *before;

	if (!big || !little || !ext)
		exit(1);
	printf("orders %d %d, types %d\n", btf__endianness(big), btf__endianness(little),
	       btf__type_cnt(big) == btf__type_cnt(little));
	outcome(btf__find_by_name_kind(big, "pair", BTF_KIND_STRUCT) > 0);
	raw = btf__raw_data(big, &size);
	other = btf__raw_data(little, &other_size);
	printf("same %d\n", same(raw, size, other, other_size));
	outcome(btf__set_endianness(big, BTF_LITTLE_ENDIAN));
	raw = btf__raw_data(big, &size);
	/* NB: the strings have names of directories. */
	printf("same %d\n", same((const char *)raw + 24, ((const struct btf_header *)raw)->type_len,
				 (const char *)other + 24, ((const struct btf_header *)other)->type_len));

	outcome(btf_ext__endianness(ext));
	raw = btf_ext__raw_data(ext, &size);
	before = malloc(size);
	memcpy(before, raw, size);
	outcome(btf_ext__set_endianness(ext, BTF_BIG_ENDIAN));
	raw = btf_ext__raw_data(ext, &other_size);
	printf("same %d, magic %02x\n", same(before, size, raw, other_size), *(const unsigned char *)raw);
	again = btf_ext__new(raw, other_size);
	outcome(btf_ext__endianness(again));
	outcome(btf_ext__set_endianness(again, 9));
	outcome(btf_ext__set_endianness(again, BTF_LITTLE_ENDIAN));
	raw = btf_ext__raw_data(again, &other_size);
	printf("same %d\n", same(before, size, raw, other_size));
	permute(little, again);
	free(before);
	btf_ext__free(again);
	btf_ext__free(ext);
	btf__free(big);
	btf__free(little);
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	libbpf_set_print(print);
	types();
	if (argc > 2)
		files(argv[1], argv[2]);
	return 0;
}
