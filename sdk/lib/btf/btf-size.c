/* Sizes, alignments and what is behind typedefs. */
#include <string.h>

#include "btf-internal.h"

/* Deeper chains of typedefs and arrays are taken for loops. */
#define DEPTH 32

/* Whether a name is `long` in one of C's spellings: `unsigned long int`, `long unsigned`, ... */
static bool is_long(const char *name)
{
	int longs = 0;

	while (name && *name) {
		size_t length = strcspn(name, " ");

		if (length == 4 && !memcmp(name, "long", length))
			longs++;
		else if (!(length == 3 && !memcmp(name, "int", length)) &&
			 !(length == 8 && !memcmp(name, "unsigned", length)))
			return false;
		name += length + (name[length] == ' ');
	}
	return longs == 1;
}

/* The size of `long`, 0 where the types have none. */
static size_t guess_pointer_size(const struct btf *btf)
{
	__u32 count = btf__type_cnt(btf);

	for (__u32 id = btf->first_id; id < count; id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);

		if (type && btf_is_int(type) && (type->size == 4 || type->size == 8) &&
		    is_long(btf__name_by_offset(btf, type->name_off)))
			return type->size;
	}
	return 0;
}

size_t btf__pointer_size(const struct btf *btf)
{
	if (!btf->pointer_size) {
		size_t size = btf->base ? btf__pointer_size(btf->base) : guess_pointer_size(btf);

		((struct btf *)btf)->pointer_size = size;
	}
	return btf->pointer_size;
}

int btf__set_pointer_size(struct btf *btf, size_t ptr_sz)
{
	if (ptr_sz != 4 && ptr_sz != 8)
		return wb_fail(EINVAL);
	btf->pointer_size = ptr_sz;
	return 0;
}

static size_t pointer_size(const struct btf *btf)
{
	size_t size = btf__pointer_size(btf);

	return size ? size : sizeof(void *);
}

__s64 btf__resolve_size(const struct btf *btf, __u32 type_id)
{
	__u64 elements = 1, size;

	for (int i = 0; i < DEPTH; i++) {
		const struct btf_type *type = btf__type_by_id(btf, type_id);

		if (!type || btf_is_void(type))
			return wb_fail(EINVAL);
		switch (btf_kind(type)) {
		case BTF_KIND_INT:
		case BTF_KIND_STRUCT:
		case BTF_KIND_UNION:
		case BTF_KIND_ENUM:
		case BTF_KIND_ENUM64:
		case BTF_KIND_DATASEC:
		case BTF_KIND_FLOAT:
			size = type->size;
			break;
		case BTF_KIND_PTR:
			size = pointer_size(btf);
			break;
		case BTF_KIND_TYPEDEF:
		case BTF_KIND_VOLATILE:
		case BTF_KIND_CONST:
		case BTF_KIND_RESTRICT:
		case BTF_KIND_VAR:
		case BTF_KIND_DECL_TAG:
		case BTF_KIND_TYPE_TAG:
			type_id = type->type;
			continue;
		case BTF_KIND_ARRAY:
			if (btf_array(type)->nelems && elements > UINT32_MAX / btf_array(type)->nelems)
				return wb_fail(E2BIG);
			elements *= btf_array(type)->nelems;
			type_id = btf_array(type)->type;
			continue;
		default:
			return wb_fail(EINVAL);
		}
		return size && elements > UINT32_MAX / size ? wb_fail(E2BIG) : (__s64)(elements * size);
	}
	return wb_fail(EINVAL);
}

int btf__resolve_type(const struct btf *btf, __u32 type_id)
{
	const struct btf_type *type = btf__type_by_id(btf, type_id);

	for (int i = 0; i < DEPTH && type; i++) {
		if (btf_is_void(type) || !(btf_is_mod(type) || btf_is_typedef(type) || btf_is_var(type)))
			return btf_is_void(type) ? wb_fail(EINVAL) : (int)type_id;
		type_id = type->type;
		type = btf__type_by_id(btf, type_id);
	}
	return wb_fail(EINVAL);
}

static int align_of_composite(const struct btf *btf, const struct btf_type *type)
{
	const struct btf_member *members = btf_members(type);
	int most = 1, align;

	for (__u32 i = 0; i < btf_vlen(type); i++) {
		align = btf__align_of(btf, members[i].type);
		if (align <= 0)
			return align;
		if (align > most)
			most = align;
		/* A member that is not where its alignment says: packed. */
		if (!btf_member_bitfield_size(type, i) && btf_member_bit_offset(type, i) % (8 * align))
			return 1;
	}
	return type->size % most ? 1 : most;
}

static int smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

int btf__align_of(const struct btf *btf, __u32 id)
{
	for (int i = 0; i < DEPTH; i++) {
		const struct btf_type *type = btf__type_by_id(btf, id);

		if (!type)
			return 0;
		switch (btf_kind(type)) {
		case BTF_KIND_INT:
		case BTF_KIND_ENUM:
		case BTF_KIND_ENUM64:
		case BTF_KIND_FLOAT:
			return smaller(pointer_size(btf), type->size);
		case BTF_KIND_PTR:
			return pointer_size(btf);
		case BTF_KIND_TYPEDEF:
		case BTF_KIND_VOLATILE:
		case BTF_KIND_CONST:
		case BTF_KIND_RESTRICT:
		case BTF_KIND_TYPE_TAG:
			id = type->type;
			continue;
		case BTF_KIND_ARRAY:
			id = btf_array(type)->type;
			continue;
		case BTF_KIND_STRUCT:
		case BTF_KIND_UNION:
			return align_of_composite(btf, type);
		default:
			wb_warn("unsupported BTF_KIND:%u\n", btf_kind(type));
			errno = EINVAL;
			return 0;
		}
	}
	return 0;
}
