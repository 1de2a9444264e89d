/* Records and strings of types that are with the host: each is fetched once and stays until the struct is freed. */
#include <stdlib.h>
#include <string.h>

#include "btf-internal.h"

#define CHUNK (16 * 1024)
#define PAGE 256
/* After so many, the rest is fetched at once. */
#define MANY 1024

struct chunk {
	struct chunk *next;
	char data[] __attribute__((aligned(8)));
};

struct string {
	uint32_t offset;
	const char *text;
};

struct wb_btf_cache {
	struct chunk *chunks;
	uint32_t used, room; /* of the first chunk */
	struct btf_type ***pages;
	uint32_t page_count;
	struct string *strings; /* hash table */
	uint32_t string_count, string_room;
	uint32_t fetched;
};

/* Memory that stays; NULL when there is none. */
static void *take(struct wb_btf_cache *cache, uint32_t size)
{
	uint32_t needed = (size + 7) & ~7u;
	void *at;

	if (!cache->chunks || cache->room - cache->used < needed) {
		uint32_t room = needed > CHUNK ? needed : CHUNK;
		struct chunk *chunk = malloc(sizeof(*chunk) + room);

		if (!chunk)
			return NULL;
		chunk->next = cache->chunks;
		cache->chunks = chunk;
		cache->room = room;
		cache->used = 0;
	}
	at = cache->chunks->data + cache->used;
	cache->used += needed;
	return at;
}

static struct wb_btf_cache *cache_of(struct btf *btf)
{
	if (!btf->cache)
		btf->cache = calloc(1, sizeof(*btf->cache));
	return btf->cache;
}

/* Whether it is time to fetch all. */
static bool many(struct btf *btf)
{
	return ++btf->cache->fetched > MANY && !wb_btf_fetch_all(btf);
}

const struct btf_type *wb_btf_cached_type(struct btf *btf, uint32_t id)
{
	struct wb_btf_cache *cache = cache_of(btf);
	uint32_t index = id - btf->first_id;
	char small[512];
	struct btf_type **page, *type;
	int size;

	if (!cache)
		return wb_null(ENOMEM);
	if (!cache->pages) {
		cache->page_count = btf->count / PAGE + 1;
		cache->pages = calloc(cache->page_count, sizeof(*cache->pages));
		if (!cache->pages)
			return wb_null(ENOMEM);
	}
	page = cache->pages[index / PAGE];
	if (!page) {
		page = cache->pages[index / PAGE] = calloc(PAGE, sizeof(*page));
		if (!page)
			return wb_null(ENOMEM);
	}
	type = page[index % PAGE];
	if (type)
		return type;
	if (many(btf))
		return btf__type_by_id(btf, id);

	size = wb_result(wb_btf_type(btf->handle, id, wb_address(small), sizeof(small)));
	if (size < 0)
		return NULL;
	type = take(cache, size);
	if (!type)
		return wb_null(ENOMEM);
	if (size <= (int)sizeof(small))
		memcpy(type, small, size);
	else if (wb_result(wb_btf_type(btf->handle, id, wb_address(type), size)) < 0)
		return NULL;
	return page[index % PAGE] = type;
}

/* The place of a string in the table: its own, or an empty one. */
static struct string *place(const struct wb_btf_cache *cache, uint32_t offset)
{
	uint32_t at = offset * 0x9e3779b1u;

	for (;; at++) {
		struct string *string = &cache->strings[at & (cache->string_room - 1)];

		if (!string->text || string->offset == offset)
			return string;
	}
}

static int make_room(struct wb_btf_cache *cache)
{
	struct string *old = cache->strings;
	uint32_t room = cache->string_room;

	if (2 * (cache->string_count + 1) <= room)
		return 0;
	cache->string_room = room ? 2 * room : 64;
	cache->strings = calloc(cache->string_room, sizeof(*old));
	if (!cache->strings) {
		cache->strings = old;
		cache->string_room = room;
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < room; i++) {
		if (old[i].text)
			*place(cache, old[i].offset) = old[i];
	}
	free(old);
	return 0;
}

const char *wb_btf_cached_string(struct btf *btf, uint32_t offset)
{
	struct wb_btf_cache *cache = cache_of(btf);
	char small[128], *text;
	struct string *string;
	int size;

	if (!cache || make_room(cache))
		return wb_null(ENOMEM);
	string = place(cache, offset);
	if (string->text)
		return string->text;
	if (many(btf))
		return btf__str_by_offset(btf, offset);

	size = wb_result(wb_btf_string(btf->handle, offset, wb_address(small), sizeof(small)));
	if (size < 0)
		return NULL;
	text = take(cache, size);
	if (!text)
		return wb_null(ENOMEM);
	if (size <= (int)sizeof(small))
		memcpy(text, small, size);
	else if (wb_result(wb_btf_string(btf->handle, offset, wb_address(text), size)) < 0)
		return NULL;
	*string = (struct string){ offset, text };
	cache->string_count++;
	return text;
}

void wb_btf_cache_free(struct wb_btf_cache *cache)
{
	if (!cache)
		return;
	while (cache->chunks) {
		struct chunk *next = cache->chunks->next;

		free(cache->chunks);
		cache->chunks = next;
	}
	for (uint32_t i = 0; cache->pages && i < cache->page_count; i++)
		free(cache->pages[i]);
	free(cache->pages);
	free(cache->strings);
	free(cache);
}
