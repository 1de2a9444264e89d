/* Skeletons: what generated headers call. Their arrays may have entries of another size than ours. */
#include <stdlib.h>
#include "object-internal.h"
#include "skeleton-internal.h"

int wb_skeleton_find_maps(const struct bpf_object *obj, struct bpf_map_skeleton *maps, int count, int size)
{
	for (int i = 0; i < count; i++) {
		struct bpf_map_skeleton *entry = wb_entry(maps, i, size);
		struct bpf_map *map = bpf_object__find_map_by_name(obj, entry->name);

		*entry->map = map;
		if (!map) {
			wb_warn("failed to find skeleton map '%s'\n", entry->name);
			return -ESRCH;
		}
		/* Values of the kernel's configuration are not the program's to set. */
		if (entry->mmaped && map->info.content != WB_CONTENT_KCONFIG)
			*entry->mmaped = map->memory;
	}
	return 0;
}

int wb_skeleton_find_programs(const struct bpf_object *obj, struct bpf_prog_skeleton *progs, int count, int size)
{
	for (int i = 0; i < count; i++) {
		struct bpf_prog_skeleton *entry = wb_entry(progs, i, size);

		*entry->prog = bpf_object__find_program_by_name(obj, entry->name);
		if (!*entry->prog) {
			wb_warn("failed to find skeleton program '%s'\n", entry->name);
			return -ESRCH;
		}
	}
	return 0;
}

int bpf_object__open_skeleton(struct bpf_object_skeleton *s, const struct bpf_object_open_opts *opts)
{
	struct bpf_object *obj = wb_object_new(NULL, s->data, s->data_sz, s->name, opts);
	int error;

	if (!obj) {
		error = -errno;
		wb_warn("failed to initialize skeleton BPF object '%s': %s\n", s->name, wb_error_name(error));
		return wb_fail(-error);
	}
	*s->obj = obj;
	error = wb_skeleton_find_maps(obj, s->maps, s->map_cnt, s->map_skel_sz);
	if (error) {
		wb_warn("failed to populate skeleton maps for '%s': %s\n", s->name, wb_error_name(error));
		return wb_fail(-error);
	}
	error = wb_skeleton_find_programs(obj, s->progs, s->prog_cnt, s->prog_skel_sz);
	if (error) {
		wb_warn("failed to populate skeleton progs for '%s': %s\n", s->name, wb_error_name(error));
		return wb_fail(-error);
	}
	return 0;
}

int bpf_object__load_skeleton(struct bpf_object_skeleton *s)
{
	int error = bpf_object__load(*s->obj);

	if (error) {
		wb_warn("failed to load BPF skeleton '%s': %s\n", s->name, wb_error_name(error));
		return wb_fail(-error);
	}
	for (int i = 0; i < s->map_cnt; i++) {
		struct bpf_map_skeleton *entry = wb_entry(s->maps, i, s->map_skel_sz);

		if (entry->mmaped)
			*entry->mmaped = (*entry->map)->memory;
	}
	return 0;
}

/* Attaches where the section or its handler says. A handler may do so without a link. */
static int attach_program(const struct bpf_program *prog, struct bpf_link **link)
{
	struct wb_link_attach req = { .hook = WB_HOOK_SECTION };

	if (prog->handler)
		return prog->handler->attach(prog, prog->handler->cookie, link);
	*link = wb_link_attach_new(prog->obj, prog->index, &req);
	return *link ? 0 : -errno;
}

static int attach_programs(struct bpf_object_skeleton *s)
{
	for (int i = 0; i < s->prog_cnt; i++) {
		struct bpf_prog_skeleton *entry = wb_entry(s->progs, i, s->prog_skel_sz);
		const struct bpf_program *prog = *entry->prog;
		const uint32_t wanted = WB_PROGRAM_AUTOLOAD | WB_PROGRAM_AUTOATTACH;
		bool attaches = prog->handler ? prog->handler->attach != NULL : prog->info.flags & WB_PROGRAM_ATTACHES;
		int error;

		/* NB: a link that the program has made itself is left alone. */
		if ((prog->info.flags & wanted) != wanted || !attaches || *entry->link)
			continue;
		error = attach_program(prog, entry->link);
		if (error) {
			wb_warn("prog '%s': failed to auto-attach: %s\n", prog->name, wb_error_name(error));
			return wb_fail(error < 0 ? -error : error);
		}
	}
	return 0;
}

static int attach_maps(struct bpf_object_skeleton *s)
{
	const uint32_t wanted = WB_MAP_AUTOCREATE | WB_MAP_AUTOATTACH;

	for (int i = 0; i < s->map_cnt; i++) {
		struct bpf_map_skeleton *entry = wb_entry(s->maps, i, s->map_skel_sz);
		const struct bpf_map *map = *entry->map;

		if ((map->info.flags & wanted) != wanted || !wb_map_is_struct_ops(map))
			continue;
		if (!wb_has_map_links(s)) {
			wb_warn("map '%s': BPF skeleton version is old, skipping map auto-attachment...\n", map->name);
			continue;
		}
		if (!entry->link) {
			wb_warn("map '%s': BPF map skeleton link is uninitialized\n", map->name);
			continue;
		}
		if (*entry->link)
			continue;
		*entry->link = bpf_map__attach_struct_ops(map);
		if (!*entry->link) {
			int error = errno;

			wb_warn("map '%s': failed to auto-attach: %s\n", map->name, wb_error_name(error));
			return wb_fail(error);
		}
	}
	return 0;
}

int bpf_object__attach_skeleton(struct bpf_object_skeleton *s)
{
	return attach_programs(s) ?: attach_maps(s);
}

void bpf_object__detach_skeleton(struct bpf_object_skeleton *s)
{
	for (int i = 0; i < s->prog_cnt; i++) {
		struct bpf_prog_skeleton *entry = wb_entry(s->progs, i, s->prog_skel_sz);

		bpf_link__destroy(*entry->link);
		*entry->link = NULL;
	}
	if (!wb_has_map_links(s))
		return;
	for (int i = 0; i < s->map_cnt; i++) {
		struct bpf_map_skeleton *entry = wb_entry(s->maps, i, s->map_skel_sz);

		if (!entry->link)
			continue;
		bpf_link__destroy(*entry->link);
		*entry->link = NULL;
	}
}

void bpf_object__destroy_skeleton(struct bpf_object_skeleton *s)
{
	if (!s)
		return;
	bpf_object__detach_skeleton(s);
	if (s->obj)
		bpf_object__close(*s->obj);
	free(s->maps);
	free(s->progs);
	free(s);
}
