/*
 * Contents of maps of globals: guest memory that the host makes the map's own,
 * so that it has whole pages of the host's size; of struct_ops maps: a copy.
 */
#include <stdlib.h>
#include <string.h>
#include "object-internal.h"

int wb_map_open_memory(struct bpf_map *map)
{
	size_t page = wb_system_info(WB_INFO_PAGE_SIZE), size = map->info.initial_size;
	int handle = map->obj->handle, result;

	if (wb_map_is_struct_ops(map)) {
		/* Function pointers of the struct are pointers to programs, for the program to see and change. */
		map->memory = calloc(1, size);
		if (!map->memory)
			return -ENOMEM;
		wb_map_set(handle, map->index, WB_MAP_SET_FUNCTIONS, wb_address(map->obj->programs),
			   sizeof(*map->obj->programs));
		result = wb_map_initial(handle, map->index, wb_address(map->memory), size);
		return result < 0 ? result : 0;
	}
	map->memory_size = (size + page - 1) & ~(page - 1);
	map->memory = aligned_alloc(page, map->memory_size);
	if (!map->memory)
		return -ENOMEM;
	result = wb_map_bind(handle, map->index, wb_address(map->memory), map->memory_size);
	map->bound = result >= 0;
	return result < 0 ? result : 0;
}

int wb_map_send_memory(struct bpf_map *map)
{
	if (map->bound || map->info.content == WB_CONTENT_KCONFIG)
		return 0;
	return wb_map_set_initial(map->obj->handle, map->index, wb_address(map->memory), map->info.initial_size);
}

void wb_map_free_memory(struct bpf_map *map)
{
	free(map->memory);
	map->memory = NULL;
}

int wb_map_resize_memory(struct bpf_map *map, __u32 size)
{
	void *before = map->memory;
	size_t kept = map->info.value_size < size ? map->info.value_size : size;
	int error = 0;

	if (map->bound)
		wb_map_unbind(map->obj->handle, map->index);
	map->bound = false;
	error = wb_map_set(map->obj->handle, map->index, WB_MAP_SET_VALUE_SIZE, size, 0);
	if (!error) {
		map->info.value_size = size;
		map->info.initial_size = size;
		error = wb_map_open_memory(map);
	}
	if (error || map->memory == before)
		return wb_result(error);
	memcpy(map->memory, before, kept);
	free(before);
	return wb_result(0);
}

void *bpf_map__initial_value(const struct bpf_map *map, size_t *psize)
{
	if (!map->memory)
		return NULL;
	if (psize)
		*psize = map->info.initial_size;
	return map->memory;
}

int bpf_map__set_initial_value(struct bpf_map *map, const void *data, size_t size)
{
	if (wb_map_created(map))
		return wb_fail(EBUSY);
	if (!map->memory || wb_map_is_struct_ops(map) || map->info.content == WB_CONTENT_KCONFIG ||
	    size != map->info.initial_size)
		return wb_fail(EINVAL);
	memcpy(map->memory, data, size);
	return 0;
}
