/* Skeletons of a library's part of an object: its variables are found by name in the object's types. */
#include <bpf/btf.h>
#include <stdlib.h>
#include "object-internal.h"
#include "skeleton-internal.h"

/* The address of a variable in a map of globals, or NULL. */
static int find_variable(const struct btf *btf, const struct bpf_var_skeleton *wanted)
{
	const struct bpf_map *map = *wanted->map;
	const struct btf_type *section = btf__type_by_id(btf, map->info.value_type_id);
	const struct btf_var_secinfo *variable;

	if (!section || btf_kind(section) != BTF_KIND_DATASEC) {
		wb_warn("type for map '%s' is not a datasec\n", map->name);
		return -EINVAL;
	}
	variable = btf_var_secinfos(section);
	for (unsigned int i = 0; i < btf_vlen(section); i++, variable++) {
		const struct btf_type *type = btf__type_by_id(btf, variable->type);

		if (strcmp(btf__name_by_offset(btf, type->name_off), wanted->name))
			continue;
		*wanted->addr = (char *)map->memory + variable->offset;
		break;
	}
	return 0;
}

int bpf_object__open_subskeleton(struct bpf_object_subskeleton *s)
{
	const struct btf *btf;
	int error;

	if (!s->obj)
		return wb_fail(EINVAL);
	btf = bpf_object__btf(s->obj);
	if (!btf) {
		wb_warn("subskeletons require BTF at runtime (object %s)\n", bpf_object__name(s->obj));
		return wb_fail(ENOENT);
	}
	error = wb_skeleton_find_maps(s->obj, s->maps, s->map_cnt, s->map_skel_sz);
	if (!error)
		error = wb_skeleton_find_programs(s->obj, s->progs, s->prog_cnt, s->prog_skel_sz);
	if (error)
		wb_warn("failed to populate subskeleton maps: %s\n", wb_error_name(error));
	for (int i = 0; i < s->var_cnt && !error; i++)
		error = find_variable(btf, wb_entry(s->vars, i, s->var_skel_sz));
	return error ? wb_fail(-error) : 0;
}

void bpf_object__destroy_subskeleton(struct bpf_object_subskeleton *s)
{
	if (!s)
		return;
	free(s->maps);
	free(s->progs);
	free(s->vars);
	free(s);
}
