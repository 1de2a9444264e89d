/* The functions of <bpf/btf.h>: what each answers is printed, the same natively and in a guest. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdlib.h>
#include <unistd.h>
#include "answers.h"
#include "instructions.h"

#if LIBBPF_MINOR_VERSION >= 4
#define raw_data btf_ext__raw_data
#else
const void *btf_ext__get_raw_data(const struct btf_ext *ext, __u32 *size);
#define raw_data btf_ext__get_raw_data
#endif

static void print_c(void *context, const char *format, va_list arguments)
{
	++*(int *)context;
	vprintf(format, arguments);
}

/* Every type, as its words and names. */
static void list(const struct btf *btf, __u32 from)
{
	__u32 size, hash = 0;
	const __u8 *raw;

	for (__u32 id = from; id < btf__type_cnt(btf); id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);

		printf("%u: kind %u, %u parts, flag %d, %s, %u\n", id, btf_kind(type), (unsigned)btf_vlen(type), btf_kflag(type),
		       btf__name_by_offset(btf, type->name_off), type->size);
		if (btf_is_composite(type))
			for (__u32 i = 0; i < btf_vlen(type); i++)
				printf("   %s: %u at %u, %u bits\n",
				       btf__name_by_offset(btf, btf_members(type)[i].name_off),
				       btf_members(type)[i].type, btf_member_bit_offset(type, i),
				       btf_member_bitfield_size(type, i));
		if (btf_is_enum(type))
			for (__u32 i = 0; i < btf_vlen(type); i++)
				printf("   %s = %d\n", btf__name_by_offset(btf, btf_enum(type)[i].name_off),
				       btf_enum(type)[i].val);
		if (btf_is_enum64(type))
			for (__u32 i = 0; i < btf_vlen(type); i++)
				printf("   %s = %llx\n", btf__name_by_offset(btf, btf_enum64(type)[i].name_off),
				       (unsigned long long)btf_enum64_value(&btf_enum64(type)[i]));
	}
	raw = btf__raw_data(btf, &size);
	for (__u32 i = 0; raw && i < size; i++)
		hash = 31 * hash + raw[i];
	printf("%u bytes, %08x\n", size, hash);
}

static struct btf *sample(void)
{
	struct btf *btf = pointer(btf__new_empty());

	show(btf__type_cnt(btf));
	show(btf__add_int(btf, "int", 4, BTF_INT_SIGNED)); /* 1 */
	show(btf__add_int(btf, "char", 1, BTF_INT_SIGNED));
	show(btf__add_int(btf, "unsigned long", 8, 0)); /* 3 */
	show(btf__add_float(btf, "double", 8));
	show(btf__add_ptr(btf, 2)); /* 5 */
	show(btf__add_array(btf, 1, 2, 16)); /* 6 */
	show(btf__add_struct(btf, "point", 40)); /* 7 */
	show(btf__add_field(btf, "x", 1, 0, 0));
	show(btf__add_field(btf, "y", 1, 32, 0));
	show(btf__add_field(btf, "name", 6, 64, 0));
	show(btf__add_field(btf, "next", 8, 192, 0));
	show(btf__add_field(btf, "low", 1, 256, 3));
	show(btf__add_field(btf, "high", 1, 259, 5));
	show(btf__add_ptr(btf, 7)); /* 8 */
	show(btf__add_union(btf, "either", 8)); /* 9 */
	show(btf__add_field(btf, "number", 3, 0, 0));
	show(btf__add_field(btf, NULL, 8, 0, 0));
	show(btf__add_enum(btf, "colour", 4)); /* 10 */
	show(btf__add_enum_value(btf, "RED", 0));
	show(btf__add_enum_value(btf, "GREEN", -5));
	show(btf__add_enum64(btf, "large", 8, false)); /* 11 */
	show(btf__add_enum64_value(btf, "HUGE", 0x123456789abcULL));
	show(btf__add_typedef(btf, "point_t", 7)); /* 12 */
	show(btf__add_const(btf, 12)); /* 13 */
	show(btf__add_volatile(btf, 13));
	show(btf__add_restrict(btf, 5));
	show(btf__add_fwd(btf, "later", BTF_FWD_UNION)); /* 16 */
	show(btf__add_fwd(btf, "colours", BTF_FWD_ENUM));
	show(btf__add_func_proto(btf, 1)); /* 18 */
	show(btf__add_func_param(btf, "a", 5));
	show(btf__add_func_param(btf, NULL, 0));
	show(btf__add_func(btf, "call", BTF_FUNC_GLOBAL, 18)); /* 19 */
	show(btf__add_var(btf, "origin", BTF_VAR_GLOBAL_ALLOCATED, 12)); /* 20 */
	show(btf__add_datasec(btf, ".data", 40)); /* 21 */
	show(btf__add_datasec_var_info(btf, 20, 0, 40));
	show(btf__add_type_tag(btf, "user", 1)); /* 22 */
	show(btf__add_decl_tag(btf, "marked", 7, 1)); /* 23 */
	show(btf__add_array(btf, 1, 14, 3)); /* 24 */
	return btf;
}

static void refusals(struct btf *btf)
{
	outcome(btf__add_int(btf, "", 4, 0));
	outcome(btf__add_int(btf, "three", 3, 0));
	outcome(btf__add_int(btf, "odd", 4, 77));
	outcome(btf__add_float(btf, "half", 1));
	outcome(btf__add_ptr(btf, -1));
	outcome(btf__add_field(btf, "x", 1, 0, 0));
	outcome(btf__add_enum_value(btf, "x", 1));
	outcome(btf__add_func_param(btf, "x", 1));
	outcome(btf__add_datasec_var_info(btf, 1, 0, 4));
	outcome(btf__add_func(btf, "f", 7, 18));
	outcome(btf__add_var(btf, NULL, 0, 1));
	outcome(btf__add_decl_tag(btf, "t", 7, -2));
	outcome(btf__add_fwd(btf, "f", 9));
	outcome(btf__find_by_name(btf, "no such type"));
	outcome(btf__find_by_name_kind(btf, "point", BTF_KIND_UNION));
	outcome(btf__find_str(btf, "no such string"));
	pointer(btf__type_by_id(btf, 1000));
	pointer(btf__name_by_offset(btf, 1 << 20));
	outcome(btf__resolve_size(btf, 0));
	outcome(btf__resolve_size(btf, 19));
	outcome(btf__resolve_type(btf, 1000));
	pointer(btf__new("nothing", 7));
	pointer(btf__parse("/no/such/file", NULL));
	pointer(btf__load_module_btf("no_such_module", NULL));
}

static void questions(const struct btf *btf)
{
	show(btf__find_by_name(btf, "point"));
	show(btf__find_by_name(btf, "void"));
	show(btf__find_by_name_kind(btf, "point_t", BTF_KIND_TYPEDEF));
	show(btf__pointer_size(btf));
	show(btf__endianness(btf));
	show(btf__fd(btf));
	show(btf__base_btf(btf) != NULL);
	for (__u32 id = 1; id < btf__type_cnt(btf); id++)
		if (id != 16 && id != 18 && id != 19 && id != 20 && id != 21 && id != 23)
			printf("%u: %lld bytes, aligned %d, is %d\n", id, (long long)btf__resolve_size(btf, id),
			       btf__align_of(btf, id), btf__resolve_type(btf, id));
}

static void strings(struct btf *btf)
{
	int offset = btf__add_str(btf, "another");
	int last = 0;
	char name[32];

	show(offset);
	show(btf__add_str(btf, "another") == offset);
	show(btf__find_str(btf, "another") == offset);
	show(btf__find_str(btf, "point"));
	show(btf__find_str(btf, ""));
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "string %d", i % 3000);
		last += btf__add_str(btf, name);
	}
	show(last);
	printf("%s\n", btf__str_by_offset(btf, offset));
}

static void split(struct btf *base)
{
	struct btf *btf = pointer(btf__new_empty_split(base)), *again;
	const void *raw;
	__u32 size;

	show(btf__type_cnt(btf));
	show(btf__add_ptr(btf, 7));
	show(btf__add_struct(btf, "outer", 48));
	show(btf__add_field(btf, "point", 7, 0, 0));
	show(btf__add_field(btf, "more", btf__type_cnt(base), 320, 0));
	show(btf__find_by_name(btf, "point"));
	show(btf__find_by_name(btf, "outer"));
	show(btf__add_str(btf, "x") == btf__find_str(base, "x"));
	show(btf__resolve_size(btf, btf__find_by_name(btf, "outer")));
	list(btf, btf__type_cnt(base));
	raw = btf__raw_data(btf, &size);
#if LIBBPF_MINOR_VERSION >= 4
	again = btf__new_split(raw, size, base);
#else
	again = btf; /* the machine's libbpf does not export it */
#endif
	show(again && raw);
	list(again, btf__type_cnt(base));
	if (again != btf)
		btf__free(again);
	btf__free(btf);
}

static void copies(const struct btf *from)
{
	struct btf *btf = btf__new_empty();

	show(btf__add_int(btf, "first", 4, 0));
	show(btf__add_btf(btf, from));
	show(btf__add_type(btf, from, btf__type_by_id(from, 7)));
	list(btf, 1);
	btf__free(btf);
}

/* Twice the same, and a declaration with its definition. */
static void doubles(const struct btf *from)
{
	struct btf *btf = btf__new_empty();
	LIBBPF_OPTS(btf_dedup_opts, opts);

	btf__add_btf(btf, from);
	btf__add_btf(btf, from);
	show(btf__add_fwd(btf, "point", BTF_FWD_STRUCT));
	show(btf__add_ptr(btf, btf__type_cnt(btf) - 1));
	show(btf__add_struct(btf, "point", 4));
	show(btf__add_field(btf, "other", 1, 0, 0));
	show(btf__dedup(btf, &opts));
	show(btf__type_cnt(btf));
	for (__u32 id = 1; id < btf__type_cnt(btf); id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);

		printf("%u: kind %u, %u parts, %s, %u\n", id, btf_kind(type), (unsigned)btf_vlen(type),
		       btf__name_by_offset(btf, type->name_off), type->size);
	}
	show(btf__add_int(btf, "after", 4, 0) == btf__type_cnt(btf) - 1);
	opts.sz = 1;
	outcome(btf__dedup(btf, &opts));
	btf__free(btf);
}

static void in_c(const struct btf *btf)
{
	struct {
		int x, y;
		char name[16];
		void *next;
		unsigned int low : 3, high : 5;
		int : 24;
		int padding;
	} point = { 3, -4, "origin of things", NULL, 5, 17, 0 };
	int calls = 0, result;
	struct btf_dump *dump = pointer(btf_dump__new(btf, print_c, &calls, NULL));
	LIBBPF_OPTS(btf_dump_emit_type_decl_opts, declaration, .field_name = "field", .indent_level = 1);
	LIBBPF_OPTS(btf_dump_type_data_opts, data);

	for (__u32 id = 1; id < btf__type_cnt(btf); id++)
		if ((result = btf_dump__dump_type(dump, id)))
			printf("%u: %d\n", id, result);
	show(btf_dump__dump_type(dump, 7));
	for (__u32 id = 1; id <= 24; id++) {
		if ((id >= 18 && id <= 21) || id == 23)
			continue;
		result = btf_dump__emit_type_decl(dump, id, &declaration);
		printf(";\n");
		if (result)
			printf("%u: %d\n", id, result);
	}
	declaration.strip_mods = true;
	show(btf_dump__emit_type_decl(dump, 14, &declaration));
	show(btf_dump__dump_type_data(dump, 7, &point, 40, &data));
	data.emit_zeroes = true;
	show(btf_dump__dump_type_data(dump, 7, &point, 40, &data));
	data.compact = true;
	show(btf_dump__dump_type_data(dump, 7, &point, 40, &data));
	data.emit_zeroes = false;
	data.skip_names = true;
	show(btf_dump__dump_type_data(dump, 7, &point, 40, &data));
	show(btf_dump__dump_type_data(dump, 7, &point, 20, &data));
	show(btf_dump__dump_type_data(dump, 1, &point, 4, NULL));
	outcome(btf_dump__dump_type_data(dump, 999, &point, 4, NULL));
	show(calls > 20);
	btf_dump__free(dump);
	pointer(btf_dump__new(btf, NULL, NULL, NULL));
}

static void in_kernel(void)
{
	struct btf *btf = pointer(btf__new_empty()), *again;
	struct bpf_btf_info info = { 0 };
	__u32 length = sizeof(info);

	btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	btf__add_struct(btf, "pair", 8);
	btf__add_field(btf, "a", 1, 0, 0);
	btf__add_field(btf, "b", 1, 32, 0);
	outcome(btf__load_into_kernel(btf));
	outcome(btf__load_into_kernel(btf));
	outcome(bpf_obj_get_info_by_fd(btf__fd(btf), &info, &length));
	show(info.btf_size);
	again = pointer(btf__load_from_kernel_by_id(info.id));
	list(again, 1);
	btf__free(again);
	again = pointer(btf__load_from_kernel_by_id_split(info.id, NULL));
	show(btf__type_cnt(again));
	btf__free(again);
	{
		LIBBPF_OPTS(bpf_btf_load_opts, opts);
		static char log[4096];
		const void *raw = btf__raw_data(btf, &length);
		int fd = outcome(bpf_btf_load(raw, length, &opts));

		close(fd);
		opts.log_buf = log;
		opts.log_size = sizeof(log);
		outcome(bpf_btf_load("nothing", 7, &opts));
		show(*log != 0);
		opts.log_buf = NULL;
		outcome(bpf_btf_load("nothing", 7, &opts));
	}
	btf__free(btf);
	btf = btf__new_empty();
	btf__add_ptr(btf, 9);
	outcome(btf__load_into_kernel(btf));
	btf__free(btf);
}

static void kernel(void)
{
	struct btf *btf = pointer(btf__load_vmlinux_btf());
	__s32 id = btf__find_by_name_kind(btf, "task_struct", BTF_KIND_STRUCT);
	const struct btf_type *type = btf__type_by_id(btf, id);
	unsigned long long kinds = 0, names = 0;
	__u32 count = btf__type_cnt(btf);

	show(count);
	show(id);
	printf("%s, %u members, %u bytes\n", btf__name_by_offset(btf, type->name_off), (unsigned)btf_vlen(type), type->size);
	for (__u32 i = 0; i < btf_vlen(type) && i < 20; i++)
		printf("  %s at %u, %lld\n", btf__name_by_offset(btf, btf_members(type)[i].name_off),
		       btf_member_bit_offset(type, i), (long long)btf__resolve_size(btf, btf_members(type)[i].type));
	show(btf__align_of(btf, id));
	show(btf__resolve_size(btf, btf__find_by_name(btf, "pid_t")));
	show(btf__resolve_type(btf, btf__find_by_name(btf, "pid_t")));
	show(btf__find_by_name_kind(btf, "bpf_prog_load", BTF_KIND_FUNC));
	outcome(btf__find_by_name(btf, "there is no such type"));
	show(libbpf_find_vmlinux_btf_id("bpf_lsm_file_open", BPF_LSM_MAC));
	for (__u32 i = 1; i < count; i++) {
		const struct btf_type *t = btf__type_by_id(btf, i);

		kinds += btf_kind(t) * (unsigned long long)i;
		names += strlen(btf__name_by_offset(btf, t->name_off));
	}
	show(kinds);
	show(names);
	/* What was asked for before is still where it was. */
	printf("%s\n", btf__name_by_offset(btf, type->name_off));
	show(type == btf__type_by_id(btf, id) || btf_vlen(type) == btf_vlen(btf__type_by_id(btf, id)));
	show(btf__find_by_name_kind(btf, "task_struct", BTF_KIND_STRUCT) == id);
	btf__free(btf);
}

static void objects(const char *path)
{
	struct btf_ext *ext = NULL;
	struct btf *btf = pointer(btf__parse(path, &ext));
	__u32 size = 0;

	list(btf, 1);
	show(ext != NULL);
	show(raw_data(ext, &size) != NULL);
	show(size);
	btf_ext__free(ext);
	btf__free(btf);
	btf = pointer(btf__parse_elf(path, NULL));
	btf__free(btf);
	btf = pointer(btf__parse_split(path, NULL));
	btf__free(btf);
	btf = pointer(btf__parse_elf_split(path, NULL));
	show(btf__set_pointer_size(btf, 4));
	show(btf__pointer_size(btf));
	outcome(btf__set_pointer_size(btf, 3));
	show(btf__set_endianness(btf, BTF_LITTLE_ENDIAN));
	outcome(btf__set_endianness(btf, 7));
	btf__set_fd(btf, -1);
	show(btf__fd(btf));
	btf__free(btf);
	btf = pointer(btf__parse_raw("/sys/kernel/btf/vmlinux"));
	show(btf__find_by_name_kind(btf, "task_struct", BTF_KIND_STRUCT) > 0);
	btf__free(btf);
	btf = pointer(btf__parse_raw_split("/sys/kernel/btf/vmlinux", NULL));
	btf__free(btf);
	pointer(btf_ext__new((const __u8 *)"nothing", 7));
}

int main(int argc, char **argv)
{
	const void *raw;
	struct btf *btf, *again;
	__u32 size;

	setvbuf(stdout, NULL, _IOLBF, 0);
	libbpf_set_print(quiet);
	btf = sample();
	refusals(btf);
	list(btf, 1);
	questions(btf);
	split(btf);
	copies(btf);
	doubles(btf);
	in_c(btf);
	strings(btf);
	list(btf, 20);
	raw = btf__raw_data(btf, &size);
	again = pointer(btf__new(raw, size));
	list(again, 1);
	show(btf__add_ptr(again, 1));
	list(again, 20);
	btf__free(again);
	btf__free(btf);
	in_kernel();
	kernel();
	if (argc > 1)
		objects(argv[1]);
	return 0;
}
