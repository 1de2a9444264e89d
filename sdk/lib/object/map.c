/* Maps of an object: iteration, getters, and setters before they are created. */
#include <stdlib.h>
#include <string.h>
#include "object-internal.h"

static struct bpf_map *neighbour(const struct bpf_object *obj, const struct bpf_map *map, int step)
{
	long index;

	if (!obj || (map && map->obj != obj)) {
		if (obj)
			wb_warn("error: map handler doesn't belong to object\n");
		return wb_null(EINVAL);
	}
	index = map ? map->index + step : step > 0 ? 0 : (long)obj->map_count - 1;
	return index < 0 || index >= (long)obj->map_count ? NULL : &obj->maps[index];
}

struct bpf_map *bpf_object__next_map(const struct bpf_object *obj, const struct bpf_map *map)
{
	return neighbour(obj, map, 1);
}

struct bpf_map *bpf_object__prev_map(const struct bpf_object *obj, const struct bpf_map *map)
{
	return neighbour(obj, map, -1);
}

struct bpf_map *bpf_object__find_map_by_name(const struct bpf_object *obj, const char *name)
{
	for (size_t i = 0; i < obj->map_count; i++) {
		struct bpf_map *map = &obj->maps[i];
		/* A name with a dot in front is that of a section. */
		const char *its = name[0] == '.' ? map->section_name : map->name;

		if (its && !strcmp(its, name))
			return map;
	}
	return wb_null(ENOENT);
}

int bpf_object__find_map_fd_by_name(const struct bpf_object *obj, const char *name)
{
	return bpf_map__fd(bpf_object__find_map_by_name(obj, name));
}

const char *bpf_map__name(const struct bpf_map *map)
{
	return map ? map->name : NULL;
}

int wb_map_descriptor(const struct bpf_map *map)
{
	if (map->fd < 0 && wb_map_created(map))
		((struct bpf_map *)map)->fd = wb_map_fd(map->obj->handle, map->index);
	return map->fd < 0 ? -1 : map->fd;
}

int bpf_map__fd(const struct bpf_map *map)
{
	return map ? wb_map_descriptor(map) : wb_fail(EINVAL);
}

bool bpf_map__is_internal(const struct bpf_map *map)
{
	return wb_map_has_globals(map);
}

static int set(struct bpf_map *map, int property, __u64 value)
{
	if (wb_map_created(map))
		return wb_fail(EBUSY);
	return wb_result(wb_map_set(map->obj->handle, map->index, property, wb_low(value), wb_high(value)));
}

/* Sets a field of the library's copy, too. */
static int set_field(struct bpf_map *map, int property, __u32 *field, __u32 value)
{
	int error = value == *field && !wb_map_created(map) ? 0 : set(map, property, value);

	if (!error)
		*field = value;
	return error;
}

static __u32 with_flag(__u32 flags, __u32 flag, bool on)
{
	return on ? flags | flag : flags & ~flag;
}

bool bpf_map__autocreate(const struct bpf_map *map)
{
	return map->info.flags & WB_MAP_AUTOCREATE;
}

int bpf_map__set_autocreate(struct bpf_map *map, bool autocreate)
{
	return set(map, WB_MAP_SET_AUTOCREATE, autocreate) ?:
	       (map->info.flags = with_flag(map->info.flags, WB_MAP_AUTOCREATE, autocreate), 0);
}

bool bpf_map__autoattach(const struct bpf_map *map)
{
	return map->info.flags & WB_MAP_AUTOATTACH;
}

int bpf_map__set_autoattach(struct bpf_map *map, bool autoattach)
{
	if (!wb_map_is_struct_ops(map))
		return wb_fail(EINVAL);
	map->info.flags = with_flag(map->info.flags, WB_MAP_AUTOATTACH, autoattach);
	return 0;
}

enum bpf_map_type bpf_map__type(const struct bpf_map *map)
{
	return map->info.type;
}

int bpf_map__set_type(struct bpf_map *map, enum bpf_map_type type)
{
	return set_field(map, WB_MAP_SET_TYPE, &map->info.type, type);
}

__u32 bpf_map__max_entries(const struct bpf_map *map)
{
	return map->info.max_entries;
}

/* Ring buffers are a power of two of pages. */
static __u32 ring_size(__u32 size)
{
	__u32 page = wb_system_info(WB_INFO_PAGE_SIZE), pages = 1;

	if (size == 0)
		return 0;
	while (pages <= UINT32_MAX / page && pages * page < size)
		pages *= 2;
	return pages > UINT32_MAX / page ? size : pages * page;
}

int bpf_map__set_max_entries(struct bpf_map *map, __u32 max_entries)
{
	bool ring = map->info.type == BPF_MAP_TYPE_RINGBUF || map->info.type == BPF_MAP_TYPE_USER_RINGBUF;

	return set_field(map, WB_MAP_SET_MAX_ENTRIES, &map->info.max_entries,
			 ring ? ring_size(max_entries) : max_entries);
}

__u32 bpf_map__map_flags(const struct bpf_map *map)
{
	return map->info.map_flags;
}

int bpf_map__set_map_flags(struct bpf_map *map, __u32 flags)
{
	return set_field(map, WB_MAP_SET_FLAGS, &map->info.map_flags, flags);
}

__u32 bpf_map__numa_node(const struct bpf_map *map)
{
	return map->info.numa_node;
}

int bpf_map__set_numa_node(struct bpf_map *map, __u32 numa_node)
{
	return set_field(map, WB_MAP_SET_NUMA_NODE, &map->info.numa_node, numa_node);
}

__u32 bpf_map__key_size(const struct bpf_map *map)
{
	return map->info.key_size;
}

int bpf_map__set_key_size(struct bpf_map *map, __u32 size)
{
	return set_field(map, WB_MAP_SET_KEY_SIZE, &map->info.key_size, size);
}

__u32 bpf_map__value_size(const struct bpf_map *map)
{
	return map->info.value_size;
}

int bpf_map__set_value_size(struct bpf_map *map, __u32 size)
{
	if (map->memory && !wb_map_created(map) && wb_map_has_globals(map))
		return map->info.type == BPF_MAP_TYPE_ARRAY ? wb_map_resize_memory(map, size) : wb_fail(EOPNOTSUPP);
	return set_field(map, WB_MAP_SET_VALUE_SIZE, &map->info.value_size, size);
}

__u32 bpf_map__btf_key_type_id(const struct bpf_map *map)
{
	return map ? map->info.key_type_id : 0;
}

__u32 bpf_map__btf_value_type_id(const struct bpf_map *map)
{
	return map ? map->info.value_type_id : 0;
}

__u32 bpf_map__ifindex(const struct bpf_map *map)
{
	return map->info.ifindex;
}

int bpf_map__set_ifindex(struct bpf_map *map, __u32 ifindex)
{
	return set_field(map, WB_MAP_SET_IFINDEX, &map->info.ifindex, ifindex);
}

__u64 bpf_map__map_extra(const struct bpf_map *map)
{
	return map->info.map_extra;
}

int bpf_map__set_map_extra(struct bpf_map *map, __u64 map_extra)
{
	return set(map, WB_MAP_SET_EXTRA, map_extra) ?: (map->info.map_extra = map_extra, 0);
}

struct bpf_map *bpf_map__inner_map(struct bpf_map *map)
{
	if (map->info.type != BPF_MAP_TYPE_ARRAY_OF_MAPS && map->info.type != BPF_MAP_TYPE_HASH_OF_MAPS)
		return wb_null(EINVAL);
	/* It is what the inner maps are like: no longer needed when the map is there. */
	return map->info.inner_map && !map->inner_set && map->obj->state < WB_PREPARED ?
		       &map->obj->maps[map->info.inner_map - 1] :
		       NULL;
}

int bpf_map__set_inner_map_fd(struct bpf_map *map, int fd)
{
	int error;

	if (map->info.type != BPF_MAP_TYPE_ARRAY_OF_MAPS && map->info.type != BPF_MAP_TYPE_HASH_OF_MAPS) {
		wb_warn("error: unsupported map type\n");
		return wb_fail(EINVAL);
	}
	if (map->inner_set || map->obj->state >= WB_PREPARED) {
		wb_warn("error: inner_map_fd already specified\n");
		return wb_fail(EINVAL);
	}
	error = wb_result(wb_map_set_fd(map->obj->handle, map->index, WB_MAP_FD_INNER, fd));
	map->inner_set = !error;
	return error;
}
