/* Objects, programs, maps and links as the sources of the library see them. */
#ifndef WASM_BPF_OBJECT_INTERNAL_H
#define WASM_BPF_OBJECT_INTERNAL_H

#include <bpf/libbpf.h>
#include "internal.h"
#include "opts.h"

enum wb_state { WB_OPEN, WB_PREPARED, WB_LOADED };

/* What libbpf_register_prog_handler() was given. */
struct wb_handler {
	struct wb_handler *next;
	int id;
	const char *section; /* NULL: what nobody else handles */
	enum bpf_prog_type type;
	enum bpf_attach_type attach_type;
	long cookie;
	libbpf_prog_setup_fn_t setup;
	libbpf_prog_prepare_load_fn_t prepare;
	libbpf_prog_attach_fn_t attach;
};

/* How handlers take part. NULL until there is one, so that the code is linked only where it is used. */
struct wb_handling {
	/** The handler of a section's name, or with `fallback` that of all others; NULL. */
	const struct wb_handler *(*find)(const char *section, bool fallback);
	/** Finds the handlers of an object that was opened, and sets its programs up. 0 or -errno. */
	int (*open)(struct bpf_object *obj);
	/** wb_object_load(), with handlers asked before each program. 0 or -errno, with errno. */
	int (*load)(struct bpf_object *obj);
};
extern const struct wb_handling *wb_handling;

struct bpf_program {
	struct bpf_object *obj;
	int index; /* in the host's description */
	int fd; /* -1 until asked for */
	const char *name; /* this and the next: in the description */
	const char *section_name;
	struct wb_program_record info; /* changed by the setters */
	struct bpf_insn *insns; /* NULL until asked for */
	char *log_buf; /* the program's, or NULL */
	size_t log_size;
	char *target_name; /* of bpf_program__set_attach_target() */
	int attach_prog_fd;
	__u32 ifindex;
	bool retyped; /* the section, which says how to attach, is of another type */
	const struct wb_handler *handler; /* in the section's place, or NULL */
	struct bpf_func_info *functions; /* this and the next: NULL until asked for */
	struct bpf_line_info *lines;
};

struct bpf_map {
	struct bpf_object *obj;
	int index;
	int fd; /* -1 until asked for */
	char *name; /* as libbpf names it */
	const char *section_name; /* of maps of globals, else NULL; in the description */
	char *pin_path;
	struct wb_map_record info;
	void *memory; /* contents of globals, or of a struct_ops map */
	size_t memory_size; /* multiple of a page for globals */
	bool bound; /* the memory is the host's to overlay */
	bool reused;
	bool pinned;
	bool inner_set;
	struct bpf_program *exclusive; /* the only one that may use it, or NULL */
};

struct bpf_object {
	int handle;
	enum wb_state state;
	char *description; /* of the host: strings and records */
	const char *name;
	const char *license;
	unsigned int kernel_version;
	size_t program_count;
	struct bpf_program *programs;
	size_t map_count;
	size_t map_records; /* with the inner maps of maps of maps, which follow */
	struct bpf_map *maps;
	struct btf *btf; /* NULL until asked for */
	void (*free_btf)(struct btf *btf);
	char *log_buf; /* for programs without their own; the program's, or NULL */
	size_t log_size;
};

struct bpf_link {
	int fd;
	int event_fd; /* perf event that is closed with the link, or -1 */
	char *pin_path;
	bool disconnected;
	bool registration; /* of a struct_ops map that has no kernel link: cannot be updated */
};

/** The maps exist, and instructions are adapted to this kernel. */
void wb_object_mark_prepared(struct bpf_object *obj);

/** Opens an object. `name` is used when the options have none. NULL with errno. */
struct bpf_object *wb_object_new(const char *path, const void *data, size_t size, const char *name,
				 const struct bpf_object_open_opts *opts);

/** Before load: gets the map's contents where the guest can see them. 0 or -errno. */
int wb_map_open_memory(struct bpf_map *map);
/** Gives to the host what is not in memory that it overlays. 0 or -errno. */
int wb_map_send_memory(struct bpf_map *map);
/** bpf_map__set_value_size() of a map of globals. 0 or -errno, with errno. */
int wb_map_resize_memory(struct bpf_map *map, __u32 size);
/** After the object was closed. */
void wb_map_free_memory(struct bpf_map *map);

/** Whether the map was created, or will not be since another one is used. */
static inline bool wb_map_created(const struct bpf_map *map)
{
	return map->obj->state >= WB_PREPARED || map->reused;
}

static inline bool wb_map_is_struct_ops(const struct bpf_map *map)
{
	return map->info.content == WB_CONTENT_STRUCT_OPS;
}

static inline bool wb_map_has_globals(const struct bpf_map *map)
{
	return map->info.content >= WB_CONTENT_DATA && map->info.content <= WB_CONTENT_KCONFIG;
}

/** The map's descriptor, -1 when it has none. Unlike bpf_map__fd() no errno. */
int wb_map_descriptor(const struct bpf_map *map);

/** A link of a descriptor, which is closed when there is no memory. NULL with errno. */
struct bpf_link *wb_link_new(int fd);

/**
 * Attaches program or map `index` of an object. NULL with errno.
 */
struct bpf_link *wb_link_attach_new(const struct bpf_object *obj, int index, struct wb_link_attach *req);

/** Pins a descriptor as libbpf pins maps, programs and links: the path's directory is made. 0 or -errno. */
static inline int wb_pin(int fd, const char *path)
{
	return wb_result(wb_kernel_pin(fd, wb_address(path), WB_PIN_MAKE_DIRECTORY, 0));
}

static inline int wb_unpin(const char *path)
{
	return wb_result(wb_kernel_unpin(wb_address(path)));
}

#endif
