/*
 * struct btf: types with the host, whose records and strings are fetched when
 * they are asked for, or types in memory. The first become the second when so
 * many are asked for that fetching all is cheaper, or when they are written.
 */
#ifndef WASM_BPF_BTF_INTERNAL_H
#define WASM_BPF_BTF_INTERNAL_H

#include <bpf/btf.h>
#include <stdbool.h>
#include <stdint.h>

#include "internal.h"

struct btf {
	int handle; /* the host's; 0: none, or no longer the same types */
	struct btf *base;
	bool owns_base; /* a distilled base that came with the types */
	int fd; /* in the kernel, -1: none */
	uint32_t first_id; /* of the own types: 1 without a base */
	uint32_t count; /* of the own types */
	uint32_t first_string; /* strings at lower offsets are the base's */
	uint32_t string_size;
	uint32_t pointer_size; /* 0: not known */
	bool big_endian; /* the bytes that are given out; in memory, types have the machine's order */
	bool based; /* with the host, it goes on from types that the guest has no struct of: all are taken for its own */
	struct wb_btf_cache *cache; /* what was fetched, see btf-cache.c */

	/* In memory, when `offsets` is there; `types` and `strings` may be parts of `raw` until they are written. */
	uint32_t *offsets; /* of the own types, in `types` */
	char *types, *strings;
	uint32_t types_size;
	uint32_t types_room, strings_room, offsets_room; /* in bytes; 0: not a block of its own */
	uint32_t *string_index; /* hash table of offsets + 1 in `strings`, see btf-strings.c */
	uint32_t string_index_size, string_index_used;
	char *raw; /* the bytes of a .BTF section; NULL after a change */
	uint32_t raw_size;
	char *old_raw; /* what `types` and `strings` are parts of, when it is not `raw` */
};

/** A struct without types. NULL without memory. */
struct btf *wb_btf_new(struct btf *base);

/** Opens types with the host: a kind of `btf_open`. NULL with errno. */
struct btf *wb_btf_open_types(int kind, const char *name, struct btf *base, uint32_t id);

/** The host's handle on the same types; -errno. Made of the bytes where the types were written. */
int wb_btf_handle(struct btf *btf);

/** Gives words of 32 bits the other order of bytes; of the types, everything is such words. */
static inline void wb_swap_words(void *at, uint32_t size)
{
	for (uint32_t *word = at; size >= 4; word++, size -= 4)
		*word = __builtin_bswap32(*word);
}

/** Has all types in memory: 0 or -errno. */
int wb_btf_fetch_all(struct btf *btf);

/** Takes over the bytes of a .BTF section, which are then `btf->raw` unless they have the other order: 0, or -errno with the bytes freed. */
int wb_btf_take_raw(struct btf *btf, char *raw, uint32_t size);

/** Has all types in blocks of their own, which can be written, and forgets what was made of them: 0 or -errno. */
int wb_btf_begin_write(struct btf *btf);

/** Room for `size` bytes more after the types; NULL with errno. They are zero. */
void *wb_btf_more_types(struct btf *btf, uint32_t size);

/** The bytes after the types are a type now: its id, or -errno. */
int wb_btf_add_last(struct btf *btf, uint32_t size);

/** Makes room for `size` more of `used` bytes in a block that grows: 0 or -ENOMEM. */
int wb_btf_grow(void **block, uint32_t *room, uint64_t used, uint64_t size);

/** Bytes of a type with all that follows it; 0 when its kind is not known. */
uint32_t wb_btf_record_size(const struct btf_type *type);

typedef int (*wb_btf_visit_fn)(void *context, __u32 *word);

/** Calls back for all offsets of strings in a record, or for all ids of types, until that is not 0: the last result. */
int wb_btf_visit(struct btf_type *type, bool strings, wb_btf_visit_fn callback, void *context);

/** The same for all ids of types in a .BTF.ext section. */
int wb_btf_ext_visit_ids(struct btf_ext *ext, wb_btf_visit_fn callback, void *context);

/* Of a struct whose types are not in memory: a type, or a string; NULL with errno. */
const struct btf_type *wb_btf_cached_type(struct btf *btf, uint32_t id);
const char *wb_btf_cached_string(struct btf *btf, uint32_t offset);
void wb_btf_cache_free(struct wb_btf_cache *cache);

#endif
