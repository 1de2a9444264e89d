/* The bytes of .BTF.ext sections, which are kept as they are. */
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf_legacy.h>

#include "btf-internal.h"

/* What every such section begins with. */
struct header {
	__u16 magic;
	__u8 version;
	__u8 flags;
	__u32 header_size;
	__u32 functions_at, functions_size;
	__u32 lines_at, lines_size;
};

struct btf_ext {
	__u32 size;
	__u8 data[] __attribute__((aligned(8)));
};

static bool part_valid(const struct header *header, __u32 size, __u32 at, __u32 length)
{
	__u32 room = size - header->header_size;

	return !length || (at % 4 == 0 && at <= room && length <= room - at && length >= 4);
}

static int check(const struct header *header, __u32 size)
{
	if (size < sizeof(*header) || header->magic != BTF_MAGIC)
		return -EINVAL;
	if (header->version != BTF_VERSION || header->flags)
		return -EOPNOTSUPP;
	if (header->header_size < sizeof(*header) || header->header_size >= size)
		return -EINVAL;
	if (!part_valid(header, size, header->functions_at, header->functions_size) ||
	    !part_valid(header, size, header->lines_at, header->lines_size))
		return -EINVAL;
	return 0;
}

struct btf_ext *btf_ext__new(const __u8 *data, __u32 size)
{
	struct btf_ext *ext = malloc(sizeof(*ext) + size);
	int result;

	if (!ext)
		return wb_null(ENOMEM);
	memcpy(ext->data, data, size);
	ext->size = size;
	result = check((const void *)ext->data, size);
	if (result) {
		free(ext);
		return wb_null(result);
	}
	return ext;
}

void btf_ext__free(struct btf_ext *btf_ext)
{
	if (btf_ext && (unsigned long)btf_ext < (unsigned long)-4095L)
		free(btf_ext);
}

const void *btf_ext__raw_data(const struct btf_ext *btf_ext, __u32 *size)
{
	*size = btf_ext->size;
	return btf_ext->data;
}

/* The name that programs for libbpf before 1.4 use. */
const void *btf_ext__get_raw_data(const struct btf_ext *btf_ext, __u32 *size)
{
	return btf_ext__raw_data(btf_ext, size);
}

enum btf_endianness btf_ext__endianness(const struct btf_ext *btf_ext)
{
	(void)btf_ext;
	return BTF_LITTLE_ENDIAN;
}

int btf_ext__set_endianness(struct btf_ext *btf_ext, enum btf_endianness endian)
{
	(void)btf_ext;
	if (endian != BTF_LITTLE_ENDIAN && endian != BTF_BIG_ENDIAN)
		return wb_fail(EINVAL);
	return endian == BTF_LITTLE_ENDIAN ? 0 : wb_fail(EOPNOTSUPP);
}
