/* Maps that only one program may use. */
#include "object-internal.h"

int bpf_map__set_exclusive_program(struct bpf_map *map, struct bpf_program *prog)
{
	int error;

	if (wb_map_created(map)) {
		wb_warn("exclusive programs must be set before map creation\n");
		return wb_fail(EINVAL);
	}
	if (map->obj != prog->obj) {
		wb_warn("excl_prog and map must be from the same bpf object\n");
		return wb_fail(EINVAL);
	}
	error = wb_result(wb_map_set(map->obj->handle, map->index, WB_MAP_SET_EXCLUSIVE, prog->index, 0));
	if (!error)
		map->exclusive = prog;
	return error;
}

struct bpf_program *bpf_map__exclusive_program(struct bpf_map *map)
{
	return map->exclusive;
}
