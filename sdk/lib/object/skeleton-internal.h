/* What skeletons and subskeletons share. */
#ifndef WASM_BPF_SKELETON_INTERNAL_H
#define WASM_BPF_SKELETON_INTERNAL_H

#include <bpf/libbpf.h>

/** Entry of an array whose entries have a size of its own. */
static inline void *wb_entry(void *entries, int index, int size)
{
	return (char *)entries + (size_t)index * (size_t)size;
}

/** Whether the entries of maps have a `link`: those of older bpftools have not. */
static inline bool wb_has_map_links(const struct bpf_object_skeleton *s)
{
	return s->map_skel_sz >= (int)sizeof(struct bpf_map_skeleton);
}

/** 0, or -ESRCH with a line. */
int wb_skeleton_find_maps(const struct bpf_object *obj, struct bpf_map_skeleton *maps, int count, int size);
int wb_skeleton_find_programs(const struct bpf_object *obj, struct bpf_prog_skeleton *progs, int count, int size);

#endif
