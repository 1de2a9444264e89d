/* Pins of maps and programs. What is said about them is libbpf's. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "object-internal.h"

/* A path below `directory`; file systems of BPF allow no dots in names. 0 or -errno. */
static int path_below(char path[PATH_MAX], const char *directory, const char *name, bool of_map)
{
	int length = snprintf(path, PATH_MAX, "%s/%s", directory, name);

	if (length < 0)
		return wb_fail(EINVAL);
	if (length >= PATH_MAX)
		return wb_fail(ENAMETOOLONG);
	/* NB: libbpf replaces dots of the directory, too. */
	for (char *at = path; of_map && *at; at++)
		if (*at == '.')
			*at = '_';
	return 0;
}

/* Whether the host has said what is wrong with the place of a pin. */
static bool explained(int error)
{
	return error == -ENOENT || error == -ENOTDIR || error == -EINVAL;
}

int bpf_program__pin(struct bpf_program *prog, const char *path)
{
	int error;

	if (bpf_program__fd(prog) < 0) {
		wb_warn("prog '%s': can't pin program that wasn't loaded\n", prog->name);
		return wb_fail(EINVAL);
	}
	if (!path)
		return wb_fail(EINVAL);
	error = wb_pin(prog->fd, path);
	if (error && !explained(error))
		wb_warn("prog '%s': failed to pin at '%s': %s\n", prog->name, path, wb_error_name(error));
	if (!error)
		wb_debug("prog '%s': pinned at '%s'\n", prog->name, path);
	return error;
}

int bpf_program__unpin(struct bpf_program *prog, const char *path)
{
	int error;

	if (bpf_program__fd(prog) < 0) {
		wb_warn("prog '%s': can't unpin program that wasn't loaded\n", prog->name);
		return wb_fail(EINVAL);
	}
	error = path ? wb_unpin(path) : wb_fail(EINVAL);
	if (!error)
		wb_debug("prog '%s': unpinned from '%s'\n", prog->name, path);
	return error;
}

/* Whether `path`, which may be NULL, is where the map is to be pinned. */
static bool agrees(const struct bpf_map *map, const char *path)
{
	if (!path || !strcmp(path, map->pin_path))
		return true;
	wb_warn("map '%s' already has pin path '%s' different from '%s'\n", map->name, map->pin_path, path);
	return false;
}

int bpf_map__pin(struct bpf_map *map, const char *path)
{
	int error;

	if (!map) {
		wb_warn("invalid map pointer\n");
		return wb_fail(EINVAL);
	}
	if (map->pin_path) {
		if (!agrees(map, path))
			return wb_fail(EINVAL);
		if (map->pinned) {
			wb_debug("map '%s' already pinned at '%s'; not re-pinning\n", map->name, map->pin_path);
			return 0;
		}
	} else {
		if (!path) {
			wb_warn("missing a path to pin map '%s' at\n", map->name);
			return wb_fail(EINVAL);
		}
		if (map->pinned) {
			wb_warn("map '%s' already pinned\n", map->name);
			return wb_fail(EEXIST);
		}
		map->pin_path = strdup(path);
		if (!map->pin_path)
			return wb_fail(ENOMEM);
	}
	error = wb_pin(wb_map_descriptor(map), map->pin_path);
	if (error) {
		/* NB: libbpf has a descriptor before the map is created, which cannot be pinned. */
		bool missing = error == -EBADF;

		if (missing || !explained(error))
			wb_warn("failed to pin map: %s\n", wb_error_name(missing ? EINVAL : error));
		return missing ? wb_fail(EINVAL) : error;
	}
	map->pinned = true;
	wb_debug("pinned map '%s'\n", map->pin_path);
	return 0;
}

int bpf_map__unpin(struct bpf_map *map, const char *path)
{
	int error;

	if (!map) {
		wb_warn("invalid map pointer\n");
		return wb_fail(EINVAL);
	}
	if (map->pin_path) {
		if (!agrees(map, path))
			return wb_fail(EINVAL);
		path = map->pin_path;
	} else if (!path) {
		wb_warn("no path to unpin map '%s' from\n", map->name);
		return wb_fail(EINVAL);
	}
	error = wb_unpin(path);
	if (error)
		return error;
	map->pinned = false;
	wb_debug("unpinned map '%s' from '%s'\n", map->name, path);
	return 0;
}

int bpf_map__set_pin_path(struct bpf_map *map, const char *path)
{
	char *copy = path ? strdup(path) : NULL;

	if (path && !copy)
		return wb_fail(ENOMEM);
	if (!wb_map_created(map))
		wb_map_set_name(map->obj->handle, map->index, WB_MAP_NAME_PIN_PATH, wb_address(path));
	free(map->pin_path);
	map->pin_path = copy;
	return 0;
}

const char *bpf_map__pin_path(const struct bpf_map *map)
{
	return map->pin_path;
}

const char *bpf_map__get_pin_path(const struct bpf_map *map)
{
	return bpf_map__pin_path(map);
}

bool bpf_map__is_pinned(const struct bpf_map *map)
{
	return map->pinned;
}

/* --- All of an object --- */

static int not_loaded(void)
{
	wb_warn("object not yet loaded; load it first\n");
	return wb_fail(ENOENT);
}

int bpf_object__pin_maps(struct bpf_object *obj, const char *path)
{
	char buffer[PATH_MAX];
	struct bpf_map *map;

	if (!obj)
		return wb_fail(ENOENT);
	if (obj->state < WB_PREPARED)
		return not_loaded();
	bpf_object__for_each_map(map, obj) {
		int error;

		if (!bpf_map__autocreate(map) || (!path && !map->pin_path))
			continue;
		error = path ? path_below(buffer, path, map->name, true) : 0;
		error = error ?: bpf_map__pin(map, path ? buffer : NULL);
		if (!error)
			continue;
		while ((map = bpf_object__prev_map(obj, map)))
			if (map->pin_path)
				bpf_map__unpin(map, NULL);
		return wb_fail(-error);
	}
	return 0;
}

int bpf_object__unpin_maps(struct bpf_object *obj, const char *path)
{
	char buffer[PATH_MAX];
	struct bpf_map *map;

	if (!obj)
		return wb_fail(ENOENT);
	bpf_object__for_each_map(map, obj) {
		int error;

		if (!path && !map->pin_path)
			continue;
		error = path ? path_below(buffer, path, map->name, true) : 0;
		error = error ?: bpf_map__unpin(map, path ? buffer : NULL);
		if (error)
			return error;
	}
	return 0;
}

int bpf_object__pin_programs(struct bpf_object *obj, const char *path)
{
	char buffer[PATH_MAX];
	struct bpf_program *prog;

	if (!obj)
		return wb_fail(ENOENT);
	if (obj->state < WB_LOADED)
		return not_loaded();
	bpf_object__for_each_program(prog, obj) {
		int error = path_below(buffer, path, prog->name, false) ?: bpf_program__pin(prog, buffer);

		if (!error)
			continue;
		while ((prog = bpf_object__prev_program(obj, prog)))
			if (!path_below(buffer, path, prog->name, false))
				bpf_program__unpin(prog, buffer);
		return wb_fail(-error);
	}
	return 0;
}

int bpf_object__unpin_programs(struct bpf_object *obj, const char *path)
{
	char buffer[PATH_MAX];
	struct bpf_program *prog;

	if (!obj)
		return wb_fail(ENOENT);
	bpf_object__for_each_program(prog, obj) {
		int error = path_below(buffer, path, prog->name, false) ?: bpf_program__unpin(prog, buffer);

		if (error)
			return error;
	}
	return 0;
}

int bpf_object__pin(struct bpf_object *object, const char *path)
{
	int error = bpf_object__pin_maps(object, path);

	if (error)
		return error;
	error = bpf_object__pin_programs(object, path);
	if (!error)
		return 0;
	bpf_object__unpin_maps(object, path);
	return wb_fail(-error);
}

int bpf_object__unpin(struct bpf_object *object, const char *path)
{
	return bpf_object__unpin_programs(object, path) ?: bpf_object__unpin_maps(object, path);
}
