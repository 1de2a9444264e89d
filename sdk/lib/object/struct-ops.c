#include "object-internal.h"

struct bpf_link *bpf_map__attach_struct_ops(const struct bpf_map *map)
{
	struct wb_link_attach req = { .hook = WB_HOOK_STRUCT_OPS };
	struct bpf_link *link;

	if (!wb_map_is_struct_ops(map)) {
		wb_warn("map '%s': can't attach non-struct_ops map\n", map->name);
		return wb_null(EINVAL);
	}
	if (wb_map_descriptor(map) < 0) {
		wb_warn("map '%s': can't attach BPF map without FD (was it created?)\n", map->name);
		return wb_null(EINVAL);
	}
	link = wb_link_attach_new(map->obj, map->index, &req);
	if (link)
		link->registration = !(map->info.map_flags & BPF_F_LINK);
	return link;
}
