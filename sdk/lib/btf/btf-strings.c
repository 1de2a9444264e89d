/* Strings that are added: each is there once. */
#include <stdlib.h>
#include <string.h>

#include "btf-internal.h"

static uint32_t hash(const char *text)
{
	uint32_t value = 2166136261u;

	for (; *text; text++)
		value = (value ^ (unsigned char)*text) * 16777619u;
	return value;
}

/* The place of a string in the table: its own, or an empty one. */
static uint32_t *place(const struct btf *btf, const char *text)
{
	uint32_t at = hash(text);

	for (;; at++) {
		uint32_t *entry = &btf->string_index[at & (btf->string_index_size - 1)];

		if (!*entry || !strcmp(btf->strings + *entry - 1, text))
			return entry;
	}
}

static int make_room(struct btf *btf)
{
	uint32_t *old = btf->string_index, size = btf->string_index_size;

	if (2 * (btf->string_index_used + 1) <= size)
		return 0;
	btf->string_index_size = size ? 2 * size : 64;
	btf->string_index = calloc(btf->string_index_size, sizeof(*old));
	if (!btf->string_index) {
		btf->string_index = old;
		btf->string_index_size = size;
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < size; i++) {
		if (old[i])
			*place(btf, btf->strings + old[i] - 1) = old[i];
	}
	free(old);
	return 0;
}

static int enter(struct btf *btf, uint32_t offset)
{
	uint32_t *entry;

	if (make_room(btf))
		return -ENOMEM;
	entry = place(btf, btf->strings + offset);
	if (!*entry) {
		*entry = offset + 1;
		btf->string_index_used++;
	}
	return 0;
}

/* All strings that are there enter the table at the first look. */
static int index_strings(struct btf *btf)
{
	int result = wb_btf_fetch_all(btf);

	if (result || btf->string_index)
		return result;
	result = make_room(btf);
	for (uint32_t at = 0; !result && at < btf->string_size; at += strlen(btf->strings + at) + 1)
		result = enter(btf, at);
	return result;
}

int btf__find_str(struct btf *btf, const char *s)
{
	uint32_t entry;
	int result;

	if (btf->base) {
		result = btf__find_str(btf->base, s);
		if (result != -ENOENT)
			return result;
	}
	result = index_strings(btf);
	if (result)
		return wb_fail(-result);
	entry = *place(btf, s);
	return entry ? (int)(btf->first_string + entry - 1) : wb_fail(ENOENT);
}

int btf__add_str(struct btf *btf, const char *s)
{
	uint32_t length = strlen(s) + 1, offset;
	int result = btf__find_str(btf, s);

	if (result != -ENOENT)
		return result;
	result = wb_btf_begin_write(btf);
	if (!result)
		result = wb_btf_grow((void **)&btf->strings, &btf->strings_room, btf->string_size, length);
	if (result)
		return wb_fail(-result);
	offset = btf->string_size;
	memcpy(btf->strings + offset, s, length);
	btf->string_size += length;
	result = enter(btf, offset);
	return result ? wb_fail(-result) : (int)(btf->first_string + offset);
}
