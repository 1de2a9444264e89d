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

/* Records of one kind: where they are, and the size that they have at least. */
struct part {
	const char *name;
	__u32 at, length, smallest;
};

static struct part relocations(const struct header *header)
{
	bool has = header->header_size >= sizeof(*header);

	return (struct part){ "core_relo", has ? header->relocations_at : 0, has ? header->relocations_size : 0, 16 };
}

/* Says what is wrong with a part in libbpf's words, and false. */
#define wrong(format, ...) (wb_debug(format, ##__VA_ARGS__), false)

/*
 * The same for what it contains: the size of a record, then for each section its
 * name, the number of records, and they themselves. @data has all that is behind
 * the header; of the other order when @swapped.
 */
static bool part_valid(const struct part *part, const char *data, __u32 room, bool swapped)
{
	const __u32 *word = (const void *)(data + part->at);
	__u32 left = part->length, size;

	if (!part->length)
		return true;
	if (part->at % 4)
		return wrong(".BTF.ext %s section is not aligned to 4 bytes\n", part->name);
	if (part->at > room || part->length > room - part->at)
		return wrong("%s section (off:%u len:%u) is beyond the end of the ELF section .BTF.ext\n", part->name,
			     part->at, part->length);
	if (left < sizeof(*word))
		return wrong(".BTF.ext %s record size not found\n", part->name);
	size = swapped ? __builtin_bswap32(*word) : *word;
	word++, left -= sizeof(*word);
	if (size < part->smallest || (swapped && size != part->smallest) || size % 4)
		return wrong("%s section in .BTF.ext has invalid record size %u\n", part->name, size);
	if (!left)
		return wrong("%s section in .BTF.ext has no records\n", part->name);
	while (left) {
		__u64 whole;

		if (left < 2 * sizeof(*word))
			return wrong("%s section header is not found in .BTF.ext\n", part->name);
		whole = 2 * sizeof(*word) + (__u64)(swapped ? __builtin_bswap32(word[1]) : word[1]) * size;
		if (whole == 2 * sizeof(*word) || whole > left)
			return wrong("%s section has incorrect num_records in .BTF.ext\n", part->name);
		word += whole / sizeof(*word);
		left -= whole;
	}
	return true;
}

/* Gives all words the other order of bytes; the sizes are read before. Everything behind the header is words. */
static void swap(void *data, __u32 size, __u32 header_size)
{
	struct header *header = data;

	header->magic = __builtin_bswap16(header->magic);
	wb_swap_words(&header->header_size, header_size - offsetof(struct header, header_size));
	wb_swap_words((char *)data + header_size, size - header_size);
}

/* @header has the machine's order */
static bool parts_valid(const struct btf_ext *ext, const struct header *header)
{
	const struct part parts[] = {
		{ "func_info", header->functions_at, header->functions_size, 8 },
		{ "line_info", header->lines_at, header->lines_size, 16 },
		relocations(header),
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (!part_valid(&parts[i], (const char *)ext->data + header->header_size,
				ext->size - header->header_size, ext->big_endian))
			return false;
	return true;
}

/* Has the machine's order of bytes in `ext->data`. Says what is wrong. 0 or -errno */
static int read(struct btf_ext *ext)
{
	struct header header = {};
	__u32 size = ext->size;

	memcpy(&header, ext->data, size < sizeof(header) ? size : sizeof(header));
	if (size < offsetof(struct header, functions_at)) {
		wb_debug("BTF.ext header too short\n");
		return -EINVAL;
	}
	ext->big_endian = header.magic == __builtin_bswap16(BTF_MAGIC);
	if (!ext->big_endian && header.magic != BTF_MAGIC) {
		wb_debug("Invalid BTF.ext magic:%x\n", header.magic);
		return -EINVAL;
	}
	if (header.version != BTF_VERSION) {
		wb_debug("Unsupported BTF.ext version:%u\n", header.version);
		return -EOPNOTSUPP;
	}
	if (header.flags) {
		wb_debug("Unsupported BTF.ext flags:%x\n", header.flags);
		return -EOPNOTSUPP;
	}
	if (ext->big_endian)
		swap(&header, sizeof(header), sizeof(header));
	if (size <= header.header_size) {
		wb_debug("BTF.ext %s\n", size < header.header_size ? "header not found" : "has no data");
		return -EINVAL;
	}
	if (header.header_size < HEADER_SIZE) {
		wb_warn("BTF.ext header missing func_info, line_info\n");
		return -EINVAL;
	}
	if (!parts_valid(ext, &header))
		return -EINVAL;
	if (ext->big_endian)
		swap(ext->data, size, header.header_size);
	return 0;
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
	struct part core = relocations(header);

	free(ext->swapped);
	ext->swapped = NULL;
	return visit_part(ext, header->functions_at, header->functions_size, callback, context) ?:
	       visit_part(ext, core.at, core.length, callback, context);
}
