/* The bytes of .BTF.ext sections, which are kept as they are, or in the other order. */
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
	__u32 relocations_at, relocations_size; /* where the header is long enough */
};

/* The fields that every header has. */
#define HEADER_SIZE offsetof(struct header, relocations_at)

struct btf_ext {
	__u32 size;
	bool big_endian; /* the bytes that are given out; here they have the machine's order */
	__u8 *swapped; /* NULL until asked for */
	__u8 data[] __attribute__((aligned(8)));
};

static bool part_valid(const struct header *header, __u32 size, __u32 at, __u32 length)
{
	__u32 room = size - header->header_size;

	return !length || (at % 4 == 0 && at <= room && length <= room - at && length >= 4);
}

/* Gives all words the other order of bytes; the sizes are read before. Everything behind the header is words. */
static void swap(void *data, __u32 size, __u32 header_size)
{
	struct header *header = data;

	header->magic = __builtin_bswap16(header->magic);
	wb_swap_words(&header->header_size, header_size - offsetof(struct header, header_size));
	wb_swap_words((char *)data + header_size, size - header_size);
}

static int check(const struct header *header, __u32 size)
{
	if (!part_valid(header, size, header->functions_at, header->functions_size) ||
	    !part_valid(header, size, header->lines_at, header->lines_size))
		return -EINVAL;
	return 0;
}

/* Has the machine's order of bytes in `ext->data`. 0 or -errno */
static int read(struct btf_ext *ext)
{
	const struct header *header = (const void *)ext->data;
	__u32 header_size;

	if (ext->size < HEADER_SIZE || (header->magic != BTF_MAGIC && header->magic != __builtin_bswap16(BTF_MAGIC)))
		return -EINVAL;
	if (header->version != BTF_VERSION || header->flags)
		return -EOPNOTSUPP;
	ext->big_endian = header->magic != BTF_MAGIC;
	header_size = ext->big_endian ? __builtin_bswap32(header->header_size) : header->header_size;
	if (header_size < HEADER_SIZE || header_size >= ext->size)
		return -EINVAL;
	if (ext->big_endian)
		swap(ext->data, ext->size, header_size);
	return check(header, ext->size);
}

struct btf_ext *btf_ext__new(const __u8 *data, __u32 size)
{
	struct btf_ext *ext = calloc(1, sizeof(*ext) + size);
	int result;

	if (!ext)
		return wb_null(ENOMEM);
	memcpy(ext->data, data, size);
	ext->size = size;
	result = read(ext);
	if (result) {
		free(ext);
		return wb_null(result);
	}
	return ext;
}

void btf_ext__free(struct btf_ext *btf_ext)
{
	if (!btf_ext || (unsigned long)btf_ext >= (unsigned long)-4095L)
		return;
	free(btf_ext->swapped);
	free(btf_ext);
}

const void *btf_ext__raw_data(const struct btf_ext *btf_ext, __u32 *size)
{
	struct btf_ext *ext = (struct btf_ext *)btf_ext;

	*size = ext->size;
	if (!ext->big_endian)
		return ext->data;
	if (!ext->swapped) {
		ext->swapped = malloc(ext->size);
		if (!ext->swapped)
			return wb_null(ENOMEM);
		memcpy(ext->swapped, ext->data, ext->size);
		swap(ext->swapped, ext->size, ((const struct header *)ext->data)->header_size);
	}
	return ext->swapped;
}

/* The name that programs for libbpf before 1.4 use. */
const void *btf_ext__get_raw_data(const struct btf_ext *btf_ext, __u32 *size)
{
	return btf_ext__raw_data(btf_ext, size);
}

enum btf_endianness btf_ext__endianness(const struct btf_ext *btf_ext)
{
	return btf_ext->big_endian ? BTF_BIG_ENDIAN : BTF_LITTLE_ENDIAN;
}

int btf_ext__set_endianness(struct btf_ext *btf_ext, enum btf_endianness endian)
{
	if (endian != BTF_LITTLE_ENDIAN && endian != BTF_BIG_ENDIAN)
		return wb_fail(EINVAL);
	btf_ext->big_endian = endian == BTF_BIG_ENDIAN;
	return 0;
}

/* Records of one kind: their size, then for each section its name, their number, and they themselves. */
static int visit_part(struct btf_ext *ext, __u32 at, __u32 length, wb_btf_visit_fn callback, void *context)
{
	char *start = (char *)ext->data + ((const struct header *)ext->data)->header_size + at;
	__u32 size = length >= 4 ? *(const __u32 *)start : 0;

	for (__u32 offset = 4; size >= 8 && offset + 8 <= length;) {
		__u32 count = ((const __u32 *)(start + offset))[1];

		offset += 8;
		if (size % 4 || count > (length - offset) / size)
			return -EINVAL;
		for (; count; count--, offset += size) {
			/* The type follows the instruction's number. */
			int result = callback(context, (__u32 *)(start + offset) + 1);

			if (result)
				return result;
		}
	}
	return 0;
}

int wb_btf_ext_visit_ids(struct btf_ext *ext, wb_btf_visit_fn callback, void *context)
{
	const struct header *header = (const void *)ext->data;
	int result = visit_part(ext, header->functions_at, header->functions_size, callback, context);
	bool whole = header->header_size >= sizeof(*header);

	free(ext->swapped);
	ext->swapped = NULL;
	if (result || !whole || !part_valid(header, ext->size, header->relocations_at, header->relocations_size))
		return result;
	return visit_part(ext, header->relocations_at, header->relocations_size, callback, context);
}
