/* Programs that belong to a struct_ops map. */
#include <bpf/bpf.h>
#include "object-internal.h"

int bpf_program__assoc_struct_ops(struct bpf_program *prog, struct bpf_map *map,
				  struct bpf_prog_assoc_struct_ops_opts *opts)
{
	int prog_fd = bpf_program__fd(prog), map_fd;

	if (prog_fd < 0) {
		wb_warn("prog '%s': can't associate BPF program without FD (was it loaded?)\n", prog->name);
		return wb_fail(EINVAL);
	}
	if (prog->info.type == BPF_PROG_TYPE_STRUCT_OPS) {
		wb_warn("prog '%s': can't associate struct_ops program\n", prog->name);
		return wb_fail(EINVAL);
	}
	map_fd = bpf_map__fd(map);
	if (map_fd < 0) {
		wb_warn("map '%s': can't associate BPF map without FD (was it created?)\n", map->name);
		return wb_fail(EINVAL);
	}
	if (!wb_map_is_struct_ops(map)) {
		wb_warn("map '%s': can't associate non-struct_ops map\n", map->name);
		return wb_fail(EINVAL);
	}
	return bpf_prog_assoc_struct_ops(prog_fd, map_fd, opts);
}
