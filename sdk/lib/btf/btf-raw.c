/* Types in memory: the bytes of a .BTF section, read and made. */
#include <stdlib.h>
#include <string.h>

#include "btf-internal.h"

/* What kernels know; the fields behind it are newer. */
#define HEADER_SIZE 24

uint32_t wb_btf_record_size(const struct btf_type *type)
{
	uint32_t each = 0, fixed = sizeof(*type);

	switch (btf_kind(type)) {
	case BTF_KIND_FWD:
	case BTF_KIND_CONST:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_PTR:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_FUNC:
	case BTF_KIND_FLOAT:
	case BTF_KIND_TYPE_TAG:
		return fixed;
	case BTF_KIND_INT:
		return fixed + sizeof(__u32);
	case BTF_KIND_ARRAY:
		return fixed + sizeof(struct btf_array);
	case BTF_KIND_VAR:
		return fixed + sizeof(struct btf_var);
	case BTF_KIND_DECL_TAG:
		return fixed + sizeof(struct btf_decl_tag);
	case BTF_KIND_ENUM:
		each = sizeof(struct btf_enum);
		break;
	case BTF_KIND_ENUM64:
		each = sizeof(struct btf_enum64);
		break;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		each = sizeof(struct btf_member);
		break;
	case BTF_KIND_FUNC_PROTO:
		each = sizeof(struct btf_param);
		break;
	case BTF_KIND_DATASEC:
		each = sizeof(struct btf_var_secinfo);
		break;
	default:
		return 0;
	}
	return fixed + btf_vlen(type) * each;
}

/* Where the types begin, one after the other. -EINVAL when they do not fill `types_size` bytes exactly. */
static int index_types(struct btf *btf)
{
	uint32_t count = 0, at, size;

	for (int pass = 0; pass < 2; pass++) {
		for (at = 0, count = 0; at < btf->types_size; at += size, count++) {
			const struct btf_type *type = (const void *)(btf->types + at);
			uint32_t left = btf->types_size - at;

			size = left < sizeof(*type) ? 0 : wb_btf_record_size(type);
			if (!size || size > left)
				return -EINVAL;
			if (pass)
				btf->offsets[count] = at;
		}
		if (pass)
			break;
		btf->offsets_room = (count ? count : 1) * sizeof(*btf->offsets);
		btf->offsets = malloc(btf->offsets_room);
		if (!btf->offsets)
			return -ENOMEM;
	}
	btf->count = count;
	return 0;
}

/* Of the fields that all headers have. */
static void swap_header(struct btf_header *header)
{
	header->magic = __builtin_bswap16(header->magic);
	wb_swap_words(&header->hdr_len, HEADER_SIZE - offsetof(struct btf_header, hdr_len));
}

int wb_btf_take_raw(struct btf *btf, char *raw, uint32_t size)
{
	struct btf_header *header = (void *)raw;
	uint32_t types_at, strings_at;
	int result = -EINVAL;

	if (size < HEADER_SIZE)
		goto failed;
	btf->big_endian = header->magic != BTF_MAGIC;
	if (btf->big_endian)
		swap_header(header);
	if (header->magic != BTF_MAGIC)
		goto failed;
	result = -EOPNOTSUPP;
	if (header->version != BTF_VERSION || header->flags)
		goto failed;
	result = -EINVAL;
	if (header->hdr_len < HEADER_SIZE || header->hdr_len > size)
		goto failed;
	types_at = header->hdr_len + header->type_off;
	strings_at = header->hdr_len + header->str_off;
	if (header->type_off % 4 || types_at < header->hdr_len || types_at > size || header->type_len > size - types_at)
		goto failed;
	if (strings_at < header->hdr_len || strings_at > size || header->str_len > size - strings_at)
		goto failed;
	if (!header->str_len ? !btf->base : raw[strings_at + header->str_len - 1] || (!btf->base && raw[strings_at]))
		goto failed;
	if (btf->big_endian)
		wb_swap_words(raw + types_at, header->type_len);
	btf->types = raw + types_at;
	btf->types_size = header->type_len;
	btf->strings = raw + strings_at;
	btf->string_size = header->str_len;
	result = index_types(btf);
	if (result)
		goto failed;
	if (btf->big_endian) {
		btf->old_raw = raw;
		return 0;
	}
	btf->raw = raw;
	btf->raw_size = size;
	return 0;
failed:
	free(btf->offsets);
	btf->offsets = NULL;
	free(raw);
	return result;
}

/* The bytes that the host has. */
static char *fetch(struct btf *btf, uint32_t *size)
{
	int length = wb_result(wb_btf_raw(btf->handle, 0, 0, 0));
	char *raw;

	if (length < 0)
		return NULL;
	raw = malloc(length ? length : 1);
	if (!raw)
		return wb_null(ENOMEM);
	if (wb_result(wb_btf_raw(btf->handle, 0, wb_address(raw), length)) < 0) {
		free(raw);
		return NULL;
	}
	*size = length;
	return raw;
}

int wb_btf_fetch_all(struct btf *btf)
{
	uint32_t size;
	char *raw;

	if (btf->offsets)
		return 0;
	if (btf->based)
		return -EOPNOTSUPP;
	raw = fetch(btf, &size);
	if (!raw)
		return -errno;
	/* NB: the cache stays, since the program has pointers into it. */
	return wb_btf_take_raw(btf, raw, size);
}

const void *btf__raw_data(const struct btf *const_btf, __u32 *size)
{
	struct btf *btf = (struct btf *)const_btf;
	struct btf_header header = {
		.magic = BTF_MAGIC,
		.version = BTF_VERSION,
		.hdr_len = HEADER_SIZE,
		.type_len = btf->types_size,
		.str_off = btf->types_size,
		.str_len = btf->string_size,
	};

	if (!btf->raw && !btf->offsets) {
		btf->raw = fetch(btf, &btf->raw_size);
	} else if (!btf->raw) {
		btf->raw_size = HEADER_SIZE + btf->types_size + btf->string_size;
		btf->raw = malloc(btf->raw_size);
		if (btf->raw) {
			memcpy(btf->raw, &header, HEADER_SIZE);
			memcpy(btf->raw + HEADER_SIZE, btf->types, btf->types_size);
			memcpy(btf->raw + HEADER_SIZE + btf->types_size, btf->strings, btf->string_size);
			if (btf->big_endian) {
				swap_header((void *)btf->raw);
				wb_swap_words(btf->raw + HEADER_SIZE, btf->types_size);
			}
		}
	}
	if (!btf->raw)
		return wb_null(ENOMEM);
	*size = btf->raw_size;
	return btf->raw;
}
