#include <bpf/bpf.h>
#include <stdlib.h>
#include <string.h>
#include "object-internal.h"

int bpf_map__reuse_fd(struct bpf_map *map, int fd)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);
	size_t length;
	char *name;
	int error;

	error = bpf_map_get_info_by_fd(fd, &info, &size);
	if (error < 0)
		return error;
	/* The kernel keeps 15 characters of a name. */
	length = strlen(info.name);
	name = strdup(length == BPF_OBJ_NAME_LEN - 1 && !strncmp(map->name, info.name, length) ? map->name : info.name);
	if (!name)
		return wb_fail(ENOMEM);
	error = wb_result(wb_map_set_fd(map->obj->handle, map->index, WB_MAP_FD_REUSE, fd));
	if (error) {
		free(name);
		return error;
	}
	free(map->name);
	map->name = name;
	map->fd = -1;
	map->info.type = info.type;
	map->info.key_size = info.key_size;
	map->info.value_size = info.value_size;
	map->info.max_entries = info.max_entries;
	map->info.map_flags = info.map_flags;
	map->info.key_type_id = info.btf_key_type_id;
	map->info.value_type_id = info.btf_value_type_id;
	map->info.map_extra = info.map_extra;
	map->reused = true;
	return 0;
}
