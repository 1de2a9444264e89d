/* Objects: opened, loaded and closed by the host, described by a copy of its description. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "object-internal.h"

static const char *text_at(const struct bpf_object *obj, uint32_t offset)
{
	return offset ? obj->description + offset : NULL;
}

static int read_program(struct bpf_object *obj, int index, const void *record, size_t size)
{
	struct bpf_program *prog = &obj->programs[index];

	memcpy(&prog->info, record, size < sizeof(prog->info) ? size : sizeof(prog->info));
	prog->obj = obj;
	prog->index = index;
	prog->fd = -1;
	if (obj->log_buf)
		wb_program_set(obj->handle, index, WB_PROGRAM_SET_KEEP_LOG, true);
	prog->name = text_at(obj, prog->info.name);
	prog->section_name = text_at(obj, prog->info.section_name);
	return 0;
}

static int read_map(struct bpf_object *obj, int index, const void *record, size_t size)
{
	struct bpf_map *map = &obj->maps[index];
	const char *name, *pin_path;

	memcpy(&map->info, record, size < sizeof(map->info) ? size : sizeof(map->info));
	map->obj = obj;
	map->index = index;
	map->fd = -1;
	name = text_at(obj, map->info.name);
	if (wb_map_has_globals(map)) {
		map->section_name = name;
		/* NB: further sections of data have only their section's name. */
		if (map->info.content > WB_CONTENT_RODATA || !strcmp(name, ".data") || !strcmp(name, ".rodata"))
			name = text_at(obj, map->info.kernel_name);
	}
	pin_path = text_at(obj, map->info.pin_path);
	map->name = strdup(name ? name : "");
	map->pin_path = pin_path ? strdup(pin_path) : NULL;
	if (!map->name || (pin_path && !map->pin_path))
		return -ENOMEM;
	return map->info.initial_size ? wb_map_open_memory(map) : 0;
}

/* Reads the host's description of what was opened. */
static int describe(struct bpf_object *obj)
{
	const struct wb_object_header *header;
	int size = wb_object_describe(obj->handle, 0, 0), error = 0;
	size_t records;

	if (size < (int)sizeof(*header))
		return size < 0 ? size : -EINVAL;
	obj->description = malloc(size);
	if (!obj->description)
		return -ENOMEM;
	wb_object_describe(obj->handle, wb_address(obj->description), size);
	header = (const void *)obj->description;
	obj->name = text_at(obj, header->name);
	obj->license = text_at(obj, header->license);
	obj->kernel_version = header->kernel_version;
	records = header->map_count;
	for (size_t i = 0; i < header->map_count; i++) {
		const struct wb_map_record *map =
			(const void *)(obj->description + header->maps_at + i * header->map_size);

		if (map->inner_map > records)
			records = map->inner_map;
	}
	/* NB: one more of each, so that an empty array is not NULL. */
	obj->programs = calloc(header->program_count + 1, sizeof(*obj->programs));
	obj->maps = calloc(records + 1, sizeof(*obj->maps));
	if (!obj->programs || !obj->maps)
		return -ENOMEM;
	obj->program_count = header->program_count;
	obj->map_count = header->map_count;
	obj->map_records = records;
	for (size_t i = 0; i < obj->program_count && !error; i++)
		error = read_program(obj, i, obj->description + header->programs_at + i * header->program_size,
				     header->program_size);
	for (size_t i = 0; i < records && !error; i++)
		error = read_map(obj, i, obj->description + header->maps_at + i * header->map_size,
				 header->map_size);
	return error;
}

static bool too_long(const char *path)
{
	return path && strlen(path) >= PATH_MAX;
}

struct bpf_object *wb_object_new(const char *path, const void *data, size_t size, const char *name,
				 const struct bpf_object_open_opts *opts)
{
	const char *wanted = WB_OPTS_GET(opts, object_name, NULL), *token = WB_OPTS_GET(opts, bpf_token_path, NULL);
	struct bpf_object *obj;
	struct wb_object_open req = {
		.size = sizeof(req),
		.data_at = wb_address(data),
		.data_size = size,
		.path_at = wb_address(path),
		.name_at = wb_address(wanted ? wanted : name),
		.flags = (WB_OPTS_GET(opts, relaxed_maps, false) ? WB_OBJECT_RELAXED_MAPS : 0) |
			 (wb_handling ? WB_OBJECT_OWN_SECTIONS : 0),
		.pin_root_at = wb_address(WB_OPTS_GET(opts, pin_root_path, NULL)),
		.btf_path_at = wb_address(WB_OPTS_GET(opts, btf_custom_path, NULL)),
		.kconfig_at = wb_address(WB_OPTS_GET(opts, kconfig, NULL)),
		.log_level = WB_OPTS_GET(opts, kernel_log_level, 0),
		.token_path_at = wb_address(token ? token : getenv("LIBBPF_BPF_TOKEN_PATH")),
	};
	char *log_buf = WB_OPTS_GET(opts, kernel_log_buf, NULL);
	size_t log_size = WB_OPTS_GET(opts, kernel_log_size, 0);
	int error = 0;

	if (!WB_OPTS_VALID(opts, bpf_object_open_opts))
		return wb_null(EINVAL);
	if ((log_size && !log_buf) || log_size > UINT32_MAX)
		error = EINVAL;
	else if (too_long(token) || too_long(WB_OPTS_GET(opts, btf_custom_path, NULL)))
		error = ENAMETOOLONG;
	if (error) {
		if (path)
			wb_debug("loading object from %s\n", path);
		else
			wb_debug("loading object '%s' from buffer\n", wanted ? wanted : name);
		return wb_null(error);
	}
	obj = calloc(1, sizeof(*obj));
	if (!obj)
		return wb_null(ENOMEM);
	obj->log_buf = log_buf;
	obj->log_size = log_size;
	obj->handle = wb_result(wb_object_open(wb_address(&req)));
	if (obj->handle < 0) {
		error = obj->handle;
		free(obj);
		return wb_null(error);
	}
	error = wb_result(describe(obj));
	if (!error && wb_handling)
		error = wb_handling->open(obj);
	if (error) {
		bpf_object__close(obj);
		return wb_null(error);
	}
	return obj;
}

struct bpf_object *bpf_object__open_file(const char *path, const struct bpf_object_open_opts *opts)
{
	return path ? wb_object_new(path, NULL, 0, NULL, opts) : wb_null(EINVAL);
}

struct bpf_object *bpf_object__open(const char *path)
{
	return bpf_object__open_file(path, NULL);
}

struct bpf_object *bpf_object__open_mem(const void *obj_buf, size_t obj_buf_sz, const struct bpf_object_open_opts *opts)
{
	return obj_buf && obj_buf_sz ? wb_object_new(NULL, obj_buf, obj_buf_sz, NULL, opts) : wb_null(EINVAL);
}

static int send_memory(struct bpf_object *obj)
{
	int error = 0;

	for (size_t i = 0; i < obj->map_count && !error; i++)
		if (obj->maps[i].memory)
			error = wb_map_send_memory(&obj->maps[i]);
	return error;
}

/* Those that were fetched are not those of now. */
static void forget_instructions(struct bpf_object *obj)
{
	for (size_t i = 0; i < obj->program_count; i++) {
		free(obj->programs[i].insns);
		obj->programs[i].insns = NULL;
	}
}

void wb_object_mark_prepared(struct bpf_object *obj)
{
	for (size_t i = 0; i < obj->map_count; i++)
		obj->maps[i].pinned = obj->maps[i].pin_path && (obj->maps[i].info.flags & WB_MAP_AUTOCREATE);
	forget_instructions(obj);
	obj->state = WB_PREPARED;
}

int bpf_object__prepare(struct bpf_object *obj)
{
	int error = obj->state == WB_OPEN ? send_memory(obj) : 0;

	error = wb_result(error ? error : wb_object_prepare(obj->handle));
	if (!error)
		wb_object_mark_prepared(obj);
	else if (obj->state == WB_OPEN)
		obj->state = WB_LOADED;
	return error;
}

/* The verifier's logs, where the program asked for them: what a shared buffer keeps is the last one. */
static void take_logs(struct bpf_object *obj)
{
	for (size_t i = 0; i < obj->program_count; i++) {
		struct bpf_program *prog = &obj->programs[i];
		char *log = prog->log_buf ? prog->log_buf : obj->log_buf;
		size_t size = prog->log_buf ? prog->log_size : obj->log_size;
		int length;

		if (!log || !size || !(prog->info.flags & WB_PROGRAM_AUTOLOAD))
			continue;
		length = wb_program_log(obj->handle, i, wb_address(log), size - 1);
		if (length > 0 || prog->log_buf)
			log[length < 0 ? 0 : (size_t)length < size ? (size_t)length : size - 1] = 0;
	}
}

int bpf_object__load(struct bpf_object *obj)
{
	int error;

	if (!obj)
		return wb_fail(EINVAL);
	error = obj->state == WB_OPEN ? send_memory(obj) : 0;
	if (!error && wb_handling && obj->state != WB_LOADED)
		error = wb_handling->load(obj);
	else
		error = wb_result(error ? error : wb_object_load(obj->handle));
	if (obj->state == WB_LOADED)
		return error;
	take_logs(obj);
	if (!error && obj->state == WB_OPEN)
		wb_object_mark_prepared(obj);
	forget_instructions(obj);
	obj->state = WB_LOADED; /* also when it failed */
	return error;
}

void bpf_object__close(struct bpf_object *obj)
{
	int error = errno;

	if (!obj)
		return;
	wb_result(wb_object_close(obj->handle));
	if (obj->btf)
		obj->free_btf(obj->btf);
	for (size_t i = 0; i < obj->program_count; i++) {
		free(obj->programs[i].insns);
		free(obj->programs[i].target_name);
		free(obj->programs[i].functions);
		free(obj->programs[i].lines);
	}
	for (size_t i = 0; i < obj->map_records; i++) {
		wb_map_free_memory(&obj->maps[i]);
		free(obj->maps[i].name);
		free(obj->maps[i].pin_path);
	}
	free(obj->programs);
	free(obj->maps);
	free(obj->description);
	free(obj);
	errno = error;
}
