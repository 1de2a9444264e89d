/* Types that are made: one record after the other, and the parts of the last one. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "btf-internal.h"
#include "opts.h"

#define MOST_TYPES 0x7fffffff
#define MOST_PARTS 0xffff

int wb_btf_grow(void **block, uint32_t *room, uint64_t used, uint64_t size)
{
	uint64_t wanted = *room ? *room : 64;
	void *grown;

	if (used + size <= *room)
		return 0;
	while (wanted < used + size)
		wanted *= 2;
	if (wanted > INT_MAX)
		return -E2BIG;
	grown = *room ? realloc(*block, wanted) : malloc(wanted);
	if (!grown)
		return -ENOMEM;
	if (!*room && used)
		memcpy(grown, *block, used);
	*block = grown;
	*room = wanted;
	return 0;
}

int wb_btf_begin_write(struct btf *btf)
{
	int result = wb_btf_fetch_all(btf);

	if (result)
		return result;
	if (btf->handle > 0)
		wb_btf_close(btf->handle);
	btf->handle = 0;
	/* Types and strings that are still part of the bytes have no room of their own: those bytes stay. */
	if (btf->raw && !btf->old_raw && btf->types >= btf->raw && btf->types <= btf->raw + btf->raw_size)
		btf->old_raw = btf->raw;
	else
		free(btf->raw);
	btf->raw = NULL;
	return 0;
}

struct btf *btf__new_empty_split(struct btf *base_btf)
{
	struct btf *btf = wb_btf_new(base_btf);

	if (!btf)
		return NULL;
	btf->offsets = malloc(64 * sizeof(*btf->offsets));
	btf->offsets_room = 64 * sizeof(*btf->offsets);
	if (!btf->offsets || wb_btf_grow((void **)&btf->types, &btf->types_room, 0, 64) ||
	    wb_btf_grow((void **)&btf->strings, &btf->strings_room, 0, 64)) {
		btf__free(btf);
		return wb_null(ENOMEM);
	}
	if (!base_btf)
		btf->strings[btf->string_size++] = '\0';
	btf->pointer_size = sizeof(void *);
	btf->big_endian = base_btf && base_btf->big_endian;
	return btf;
}

struct btf *btf__new_empty(void)
{
	return btf__new_empty_split(NULL);
}

struct btf *btf__new_empty_opts(struct btf_new_opts *opts)
{
	if (!WB_OPTS_VALID(opts, btf_new_opts))
		return wb_null(EINVAL);
	if (WB_OPTS_GET(opts, add_layout, false))
		return wb_null(EOPNOTSUPP);
	return btf__new_empty_split(WB_OPTS_GET(opts, base_btf, NULL));
}

void *wb_btf_more_types(struct btf *btf, uint32_t size)
{
	int result = wb_btf_begin_write(btf);

	if (!result)
		result = wb_btf_grow((void **)&btf->types, &btf->types_room, btf->types_size, size);
	if (result)
		return wb_null(result);
	return memset(btf->types + btf->types_size, 0, size);
}

int wb_btf_add_last(struct btf *btf, uint32_t size)
{
	int result = wb_btf_grow((void **)&btf->offsets, &btf->offsets_room, btf->count * sizeof(*btf->offsets),
				 sizeof(*btf->offsets));

	if (result)
		return wb_fail(-result);
	btf->offsets[btf->count] = btf->types_size;
	btf->types_size += size;
	return btf->first_id + btf->count++;
}

static uint32_t information(uint32_t kind, uint32_t parts, bool flag)
{
	return (uint32_t)flag << 31 | kind << 24 | parts;
}

static bool id_valid(int id)
{
	return id >= 0 && id <= MOST_TYPES;
}

static bool is_empty(const char *text)
{
	return !text || !*text;
}

/* A record of `size` bytes with a name, which may be empty; `value` is its size or type. The words behind are `tail`. */
static int add(struct btf *btf, uint32_t info, const char *name, uint32_t value, const void *tail, uint32_t tail_size)
{
	int name_offset = is_empty(name) ? 0 : btf__add_str(btf, name);
	struct btf_type *type;

	if (name_offset < 0)
		return name_offset;
	type = wb_btf_more_types(btf, sizeof(*type) + tail_size);
	if (!type)
		return -errno;
	*type = (struct btf_type){ .name_off = name_offset, .info = info, .size = value };
	memcpy(type + 1, tail, tail_size);
	return wb_btf_add_last(btf, sizeof(*type) + tail_size);
}

static int add_reference(struct btf *btf, uint32_t kind, const char *name, int type_id, bool flag)
{
	return id_valid(type_id) ? add(btf, information(kind, 0, flag), name, type_id, NULL, 0) : wb_fail(EINVAL);
}

int btf__add_int(struct btf *btf, const char *name, size_t byte_sz, int encoding)
{
	uint32_t tail = (uint32_t)encoding << 24 | (uint32_t)(8 * byte_sz);

	if (is_empty(name) || !byte_sz || byte_sz & (byte_sz - 1) || byte_sz > 16 ||
	    encoding & ~(BTF_INT_SIGNED | BTF_INT_CHAR | BTF_INT_BOOL))
		return wb_fail(EINVAL);
	return add(btf, information(BTF_KIND_INT, 0, false), name, byte_sz, &tail, sizeof(tail));
}

int btf__add_float(struct btf *btf, const char *name, size_t byte_sz)
{
	if (is_empty(name) || (byte_sz != 2 && byte_sz != 4 && byte_sz != 8 && byte_sz != 12 && byte_sz != 16))
		return wb_fail(EINVAL);
	return add(btf, information(BTF_KIND_FLOAT, 0, false), name, byte_sz, NULL, 0);
}

int btf__add_ptr(struct btf *btf, int ref_type_id)
{
	return add_reference(btf, BTF_KIND_PTR, NULL, ref_type_id, false);
}

int btf__add_array(struct btf *btf, int index_type_id, int elem_type_id, __u32 nr_elems)
{
	struct btf_array tail = { .type = elem_type_id, .index_type = index_type_id, .nelems = nr_elems };

	if (!id_valid(index_type_id) || !id_valid(elem_type_id))
		return wb_fail(EINVAL);
	return add(btf, information(BTF_KIND_ARRAY, 0, false), NULL, 0, &tail, sizeof(tail));
}

int btf__add_struct(struct btf *btf, const char *name, __u32 sz)
{
	return add(btf, information(BTF_KIND_STRUCT, 0, false), name, sz, NULL, 0);
}

int btf__add_union(struct btf *btf, const char *name, __u32 sz)
{
	return add(btf, information(BTF_KIND_UNION, 0, false), name, sz, NULL, 0);
}

static int add_enum(struct btf *btf, uint32_t kind, const char *name, __u32 size, bool is_signed)
{
	if (!size || size & (size - 1) || size > 8)
		return wb_fail(EINVAL);
	return add(btf, information(kind, 0, is_signed), name, size, NULL, 0);
}

int btf__add_enum(struct btf *btf, const char *name, __u32 bytes_sz)
{
	return add_enum(btf, BTF_KIND_ENUM, name, bytes_sz, false);
}

int btf__add_enum64(struct btf *btf, const char *name, __u32 bytes_sz, bool is_signed)
{
	return add_enum(btf, BTF_KIND_ENUM64, name, bytes_sz, is_signed);
}

int btf__add_fwd(struct btf *btf, const char *name, enum btf_fwd_kind fwd_kind)
{
	if (is_empty(name))
		return wb_fail(EINVAL);
	switch (fwd_kind) {
	case BTF_FWD_STRUCT:
	case BTF_FWD_UNION:
		return add_reference(btf, BTF_KIND_FWD, name, 0, fwd_kind == BTF_FWD_UNION);
	case BTF_FWD_ENUM:
		return btf__add_enum(btf, name, sizeof(int));
	default:
		return wb_fail(EINVAL);
	}
}

int btf__add_typedef(struct btf *btf, const char *name, int ref_type_id)
{
	return is_empty(name) ? wb_fail(EINVAL) : add_reference(btf, BTF_KIND_TYPEDEF, name, ref_type_id, false);
}

int btf__add_volatile(struct btf *btf, int ref_type_id)
{
	return add_reference(btf, BTF_KIND_VOLATILE, NULL, ref_type_id, false);
}

int btf__add_const(struct btf *btf, int ref_type_id)
{
	return add_reference(btf, BTF_KIND_CONST, NULL, ref_type_id, false);
}

int btf__add_restrict(struct btf *btf, int ref_type_id)
{
	return add_reference(btf, BTF_KIND_RESTRICT, NULL, ref_type_id, false);
}

int btf__add_type_tag(struct btf *btf, const char *value, int ref_type_id)
{
	return is_empty(value) ? wb_fail(EINVAL) : add_reference(btf, BTF_KIND_TYPE_TAG, value, ref_type_id, false);
}

int btf__add_type_attr(struct btf *btf, const char *value, int ref_type_id)
{
	return is_empty(value) ? wb_fail(EINVAL) : add_reference(btf, BTF_KIND_TYPE_TAG, value, ref_type_id, true);
}

int btf__add_func(struct btf *btf, const char *name, enum btf_func_linkage linkage, int proto_type_id)
{
	if (is_empty(name) || !id_valid(proto_type_id) || (unsigned int)linkage > BTF_FUNC_EXTERN)
		return wb_fail(EINVAL);
	return add(btf, information(BTF_KIND_FUNC, linkage, false), name, proto_type_id, NULL, 0);
}

int btf__add_func_proto(struct btf *btf, int ret_type_id)
{
	return add_reference(btf, BTF_KIND_FUNC_PROTO, NULL, ret_type_id, false);
}

int btf__add_var(struct btf *btf, const char *name, int linkage, int type_id)
{
	struct btf_var tail = { .linkage = linkage };

	if (is_empty(name) || linkage < BTF_VAR_STATIC || linkage > BTF_VAR_GLOBAL_EXTERN || !id_valid(type_id))
		return wb_fail(EINVAL);
	return add(btf, information(BTF_KIND_VAR, 0, false), name, type_id, &tail, sizeof(tail));
}

int btf__add_datasec(struct btf *btf, const char *name, __u32 byte_sz)
{
	return is_empty(name) ? wb_fail(EINVAL)
			      : add(btf, information(BTF_KIND_DATASEC, 0, false), name, byte_sz, NULL, 0);
}

static int add_tag(struct btf *btf, const char *value, int type_id, int component, bool flag)
{
	struct btf_decl_tag tail = { .component_idx = component };

	if (is_empty(value) || component < -1 || !id_valid(type_id))
		return wb_fail(EINVAL);
	return add(btf, information(BTF_KIND_DECL_TAG, 0, flag), value, type_id, &tail, sizeof(tail));
}

int btf__add_decl_tag(struct btf *btf, const char *value, int ref_type_id, int component_idx)
{
	return add_tag(btf, value, ref_type_id, component_idx, false);
}

int btf__add_decl_attr(struct btf *btf, const char *value, int ref_type_id, int component_idx)
{
	return add_tag(btf, value, ref_type_id, component_idx, true);
}

/* The last type when it is of this kind, or NULL with errno. */
static struct btf_type *last(struct btf *btf, uint32_t kind, uint32_t other)
{
	const struct btf_type *type = btf->count ? btf__type_by_id(btf, btf->first_id + btf->count - 1) : NULL;

	if (!type || (btf_kind(type) != kind && btf_kind(type) != other))
		return wb_null(EINVAL);
	if (btf_vlen(type) == MOST_PARTS)
		return wb_null(ENOSPC);
	return (struct btf_type *)type;
}

/* One part more for the last type. `flag`: its flag is set from now on. */
static int add_part(struct btf *btf, const void *part, uint32_t size, bool flag)
{
	void *at = wb_btf_more_types(btf, size);
	struct btf_type *type;

	if (!at)
		return -errno;
	memcpy(at, part, size);
	btf->types_size += size;
	type = (void *)(btf->types + btf->offsets[btf->count - 1]);
	type->info = information(btf_kind(type), btf_vlen(type) + 1, flag || btf_kflag(type));
	return 0;
}

int btf__add_field(struct btf *btf, const char *name, int field_type_id, __u32 bit_offset, __u32 bit_size)
{
	struct btf_type *type = last(btf, BTF_KIND_STRUCT, BTF_KIND_UNION);
	struct btf_member part = { .type = field_type_id, .offset = bit_offset | bit_size << 24 };
	bool bit_field = bit_size || bit_offset % 8;
	int name_offset;

	if (!type)
		return -errno;
	if (!id_valid(field_type_id) || (btf_is_union(type) && bit_offset) ||
	    (bit_field && (!bit_size || bit_size > 255 || bit_offset > 0xffffff)))
		return wb_fail(EINVAL);
	name_offset = is_empty(name) ? 0 : btf__add_str(btf, name);
	if (name_offset < 0)
		return name_offset;
	part.name_off = name_offset;
	return add_part(btf, &part, sizeof(part), bit_field);
}

int btf__add_enum_value(struct btf *btf, const char *name, __s64 value)
{
	struct btf_enum part = { .val = (__s32)value };
	int name_offset;

	if (!last(btf, BTF_KIND_ENUM, BTF_KIND_ENUM))
		return -errno;
	if (is_empty(name))
		return wb_fail(EINVAL);
	if (value < INT_MIN || value > UINT_MAX)
		return wb_fail(E2BIG);
	name_offset = btf__add_str(btf, name);
	if (name_offset < 0)
		return name_offset;
	part.name_off = name_offset;
	return add_part(btf, &part, sizeof(part), value < 0);
}

int btf__add_enum64_value(struct btf *btf, const char *name, __u64 value)
{
	struct btf_enum64 part = { .val_lo32 = (__u32)value, .val_hi32 = value >> 32 };
	int name_offset;

	if (!last(btf, BTF_KIND_ENUM64, BTF_KIND_ENUM64))
		return -errno;
	if (is_empty(name))
		return wb_fail(EINVAL);
	name_offset = btf__add_str(btf, name);
	if (name_offset < 0)
		return name_offset;
	part.name_off = name_offset;
	return add_part(btf, &part, sizeof(part), false);
}

int btf__add_func_param(struct btf *btf, const char *name, int type_id)
{
	struct btf_param part = { .type = type_id };
	int name_offset;

	if (!id_valid(type_id))
		return wb_fail(EINVAL);
	if (!last(btf, BTF_KIND_FUNC_PROTO, BTF_KIND_FUNC_PROTO))
		return -errno;
	name_offset = is_empty(name) ? 0 : btf__add_str(btf, name);
	if (name_offset < 0)
		return name_offset;
	part.name_off = name_offset;
	return add_part(btf, &part, sizeof(part), false);
}

int btf__add_datasec_var_info(struct btf *btf, int var_type_id, __u32 offset, __u32 byte_sz)
{
	struct btf_var_secinfo part = { .type = var_type_id, .offset = offset, .size = byte_sz };

	if (!last(btf, BTF_KIND_DATASEC, BTF_KIND_DATASEC))
		return -errno;
	if (!id_valid(var_type_id))
		return wb_fail(EINVAL);
	return add_part(btf, &part, sizeof(part), false);
}
