/* Split types, the base that is distilled for them, and how they are put on another base. */
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

static int outcome(const char *what, int result)
{
	printf("%s: %d%s%s\n", what, result, result < 0 ? ", " : "", result < 0 ? strerror(errno) : "");
	return result;
}

static void show(const char *title, const struct btf *btf, bool own)
{
	const struct btf *base = btf__base_btf(btf);
	__u32 first = own && base ? btf__type_cnt(base) : 1;

	printf("%s:\n", title);
	for (__u32 id = first; id < btf__type_cnt(btf); id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);

		printf("  [%u] kind %u '%s' parts %u flag %d size or type %u", id, btf_kind(type),
		       btf__name_by_offset(btf, type->name_off), btf_vlen(type), btf_kflag(type), type->size);
		if (btf_is_array(type))
			printf(" of %u by %u", btf_array(type)->type, btf_array(type)->index_type);
		for (int i = 0; btf_is_composite(type) && i < btf_vlen(type); i++)
			printf(" %s:%u", btf__name_by_offset(btf, btf_members(type)[i].name_off),
			       btf_members(type)[i].type);
		for (int i = 0; btf_is_func_proto(type) && i < btf_vlen(type); i++)
			printf(" %s:%u", btf__name_by_offset(btf, btf_params(type)[i].name_off),
			       btf_params(type)[i].type);
		for (int i = 0; btf_is_enum(type) && i < btf_vlen(type); i++)
			printf(" %s=%d", btf__name_by_offset(btf, btf_enum(type)[i].name_off), btf_enum(type)[i].val);
		printf("\n");
	}
}

/* Of the header only what all versions have. */
static void show_bytes(const struct btf *btf)
{
	__u32 size, sum = 0;
	const unsigned char *raw = btf__raw_data(btf, &size);
	const struct btf_header *header = (const void *)raw;

	for (__u32 i = header->hdr_len; i < size; i++)
		sum = sum * 31 + raw[i];
	printf("%u bytes of types, %u of strings, %08x\n", header->type_len, header->str_len, sum);
}

static struct btf *make_base(void)
{
	struct btf *btf = btf__new_empty();

	btf__add_int(btf, "int", 4, BTF_INT_SIGNED); /* 1 */
	btf__add_int(btf, "long", 8, BTF_INT_SIGNED); /* 2 */
	btf__add_float(btf, "double", 8); /* 3 */
	btf__add_struct(btf, "task", 24); /* 4 */
	btf__add_field(btf, "pid", 1, 0, 0);
	btf__add_field(btf, "next", 5, 64, 0);
	btf__add_field(btf, "start", 2, 128, 0);
	btf__add_ptr(btf, 4); /* 5 */
	btf__add_struct(btf, "place", 8); /* 6 */
	btf__add_field(btf, "x", 1, 0, 0);
	btf__add_field(btf, "y", 1, 32, 0);
	btf__add_enum(btf, "colour", 4); /* 7 */
	btf__add_enum_value(btf, "RED", 0);
	btf__add_enum_value(btf, "BLUE", 1);
	btf__add_enum64(btf, "wide", 8, false); /* 8 */
	btf__add_enum64_value(btf, "FAR", 1ull << 40);
	btf__add_fwd(btf, "hidden", BTF_FWD_STRUCT); /* 9 */
	btf__add_ptr(btf, 9); /* 10 */
	btf__add_array(btf, 1, 1, 4); /* 11 */
	btf__add_typedef(btf, "number", 2); /* 12 */
	btf__add_union(btf, NULL, 8); /* 13 */
	btf__add_field(btf, "n", 12, 0, 0);
	btf__add_field(btf, "p", 10, 0, 0);
	btf__add_enum(btf, NULL, 4); /* 14 */
	btf__add_enum_value(btf, "ONE", 1);
	btf__add_func_proto(btf, 1); /* 15 */
	btf__add_func_param(btf, "t", 5);
	btf__add_const(btf, 4); /* 16 */
	btf__add_type_tag(btf, "rcu", 4); /* 17 */
	btf__add_union(btf, "either", 8); /* 18 */
	btf__add_field(btf, "i", 1, 0, 0);
	btf__add_volatile(btf, 6); /* 19 */
	btf__add_struct(btf, "unused", 4); /* 20 */
	btf__add_func(btf, "run", BTF_FUNC_GLOBAL, 15); /* 21 */
	return btf;
}

/* As another build of the kernel has it: more, in another order, and some of it changed. */
static struct btf *make_other(int variant)
{
	struct btf *btf = btf__new_empty();

	btf__add_int(btf, "char", 1, BTF_INT_CHAR);
	btf__add_struct(btf, "place", variant == 1 ? 12 : 8);
	btf__add_field(btf, "y", 1, 0, 0);
	btf__add_int(btf, "long", 8, BTF_INT_SIGNED);
	btf__add_int(btf, "int", 4, variant == 2 ? 0 : BTF_INT_SIGNED);
	btf__add_struct(btf, "task", 48);
	btf__add_field(btf, "added", 1, 0, 0);
	btf__add_enum64(btf, "colour", 4, false);
	btf__add_enum64_value(btf, "GREEN", 2);
	btf__add_enum64(btf, "wide", 8, false);
	btf__add_float(btf, "double", 8);
	btf__add_struct(btf, "hidden", 16);
	btf__add_union(btf, "either", 16);
	if (variant == 3) {
		btf__add_struct(btf, "place", 8);
		btf__add_struct(btf, "place", 8);
	}
	if (variant == 4) {
		/* Told apart by size. */
		btf__add_struct(btf, "task", 24);
		btf__add_struct(btf, "hidden", 8);
	}
	return btf;
}

static struct btf *make_split(struct btf *base)
{
	struct btf *btf = btf__new_empty_split(base);

	btf__add_struct(btf, "module", 64); /* 22 */
	btf__add_field(btf, "task", 5, 0, 0);
	btf__add_field(btf, "place", 19, 64, 0);
	btf__add_field(btf, "colour", 7, 128, 0);
	btf__add_field(btf, "wide", 8, 192, 0);
	btf__add_field(btf, "numbers", 11, 256, 0);
	btf__add_field(btf, "value", 13, 384, 0);
	btf__add_ptr(btf, 22); /* 23 */
	btf__add_typedef(btf, "callback", 24); /* 24 */
	btf__add_func_proto(btf, 3); /* 25 */
	btf__add_func_param(btf, "self", 23);
	btf__add_func_param(btf, "task", 16);
	btf__add_func_param(btf, "tagged", 17);
	btf__add_func_param(btf, "one", 14);
	btf__add_func(btf, "module_run", BTF_FUNC_STATIC, 25); /* 26 */
	btf__add_func(btf, "module_again", BTF_FUNC_STATIC, 15); /* 27 */
	btf__add_ptr(btf, 18); /* 28 */
	btf__add_ptr(btf, 0); /* 29 */
	return btf;
}

static void move(int variant)
{
	struct btf *base = make_base(), *split = make_split(base), *small = NULL, *moved = NULL;
	struct btf *other = make_other(variant);

	printf("\nvariant %d\n", variant);
	if (outcome("distill", btf__distill_base(split, &small, &moved)))
		exit(1);
	if (!variant) {
		show("distilled base", small, false);
		show_bytes(small);
		show("split on it", moved, true);
		show_bytes(moved);
	}
	if (!outcome("relocate", btf__relocate(moved, other))) {
		show("relocated", moved, true);
		printf("base %d, find %d\n", btf__base_btf(moved) == other, btf__find_by_name(moved, "module"));
		outcome("add", btf__add_str(moved, "new") >= 0);
		show_bytes(moved);
		outcome("again", btf__relocate(moved, other));
	}
	btf__free(moved);
	btf__free(small);
	btf__free(other);
	btf__free(split);
	btf__free(base);
}

static void refusals(void)
{
	struct btf *base = make_base(), *split = make_split(base), *small = NULL, *moved = NULL, *other;

	printf("\nrefusals\n");
	outcome("no split types", btf__distill_base(base, &small, &moved));
	outcome("nowhere", btf__distill_base(split, NULL, &moved));
	outcome("no base", btf__relocate(split, NULL));
	outcome("the same base", btf__relocate(split, base));
	other = make_other(0);
	outcome("not distilled", btf__relocate(split, other));
	btf__add_var(split, "v", BTF_VAR_STATIC, 4);
	btf__add_ptr(split, 21);
	outcome("a function of the base", btf__distill_base(split, &small, &moved));
	btf__free(other);
	btf__free(split);
	btf__free(base);
}

static void write_file(const char *directory, const char *name, const struct btf *btf)
{
	char path[4096];
	__u32 size;
	const void *raw = btf__raw_data(btf, &size);
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "w");
	if (!file || fwrite(raw, size, 1, file) != 1 || fclose(file))
		exit(1);
}

static void write_files(const char *directory)
{
	struct btf *base = make_base(), *split = make_split(base), *small = NULL, *moved = NULL;

	if (btf__distill_base(split, &small, &moved))
		exit(1);
	write_file(directory, "distilled.btf", small);
	write_file(directory, "split.btf", moved);
	btf__free(moved);
	btf__free(small);
	btf__free(split);
	btf__free(base);
}

/* A file that has both sections, as modules of the kernel have them. */
static void read_file(const char *path)
{
	struct btf *alone = btf__parse(path, NULL), *other = make_other(0), *moved = btf__parse_elf_split(path, other);

	if (!alone || !moved) {
		printf("refused: %s\n", strerror(errno));
		exit(1);
	}
	printf("alone: %u types, base %d\n", btf__type_cnt(alone), btf__type_cnt(btf__base_btf(alone)));
	show_bytes(alone);
	show("moved", moved, true);
	btf__free(alone);
	btf__free(moved);
	btf__free(other);
	other = make_other(2);
	printf("another int: %d\n", btf__parse_split(path, other) == NULL);
	btf__free(other);
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	libbpf_set_print(print);
	if (argc == 3) {
		write_files(argv[1]);
	} else if (argc == 2) {
		read_file(argv[1]);
	} else {
		for (int variant = 0; variant < 5; variant++)
			move(variant);
		refusals();
	}
	return 0;
}
