/* SPDX-License-Identifier: MIT */
/*
 * libbpf-wasm.h: the user-space side of an eBPF application, as a guest.
 *
 * One header, no library. It offers the part of libbpf's C API that version 1
 * of the guest ABI (import module "wasm_bpf") can carry, under libbpf's names.
 *
 * Return values follow libbpf: functions that return int give a negative error
 * number and set errno, functions that return a pointer give NULL and set errno.
 * The host answers with Linux's error numbers; they are translated to those of
 * the guest's own C library, so `err == -EINTR` is right in a guest.
 * Nothing is ever printed.
 *
 * What a skeleton header (`wasm-bpf gen skeleton`, or `bpftool gen skeleton`)
 * has to fill in before bpf_object__open_skeleton():
 *
 *   struct bpf_object_skeleton *s = calloc(1, sizeof(*s));
 *   s->sz = sizeof(*s);
 *   s->name = "bootstrap_bpf";        informative
 *   s->data, s->data_sz               the bytes of the BPF ELF object; may be
 *                                     const: the header works on its own copy
 *   s->obj = &skel->obj;              struct bpf_object *, set by open
 *   s->map_cnt, s->map_skel_sz = sizeof(*s->maps)
 *   s->maps = calloc(map_cnt, map_skel_sz), for each map:
 *     .name    "rb"; maps of globals by section, ".rodata", or by libbpf's
 *              name, "bootstra.rodata"
 *     .map     &skel->maps.rb;        struct bpf_map *, set by open
 *     .mmaped  (void **)&skel->rodata of a map of globals, otherwise NULL.
 *              Set by open to a zero-padded buffer that holds the section's
 *              initial contents and lives until the object is destroyed
 *   s->prog_cnt, s->prog_skel_sz = sizeof(*s->progs)
 *   s->progs = calloc(prog_cnt, prog_skel_sz), for each program:
 *     .name    the C function's name
 *     .prog    &skel->progs.handle_exec;  struct bpf_program *, set by open
 *     .link    &skel->links.handle_exec;  struct bpf_link *, set by attach;
 *              a link that is set already is left alone
 *
 * s->maps, s->progs and s itself come from malloc: destroy frees them.
 *
 * Globals. Before load, what is stored through skel->rodata, skel->data and
 * skel->bss are the programs' initial values. ABI version 1 cannot map guest
 * memory, so after load these structs are copies:
 * wasm_bpf_object__read_globals() fetches the kernel's values of .data and
 * .bss, wasm_bpf_object__write_globals() stores the guest's.
 */
#ifndef LIBBPF_WASM_H
#define LIBBPF_WASM_H

#ifdef WASM_BPF_LIBBPF_H
#error "libbpf-wasm.h is for version 1 of the guest interface: include it or bpf/libbpf.h, not both"
#endif

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------- */
/* Host imports, ABI version 1                                               */
/* ------------------------------------------------------------------------- */

/* Called once for each record; a negative result ends the batch. */
typedef int (*bpf_buffer_sample_fn)(void *ctx, void *data, size_t size);

#ifdef __wasm__
#define WASM_BPF_IMPORT(name) \
	__attribute__((import_module("wasm_bpf"), import_name(#name)))
#else
#define WASM_BPF_IMPORT(name)
#endif

/* Detaches everything of the object and closes it. */
WASM_BPF_IMPORT(wasm_close_bpf_object)
int wasm_close_bpf_object(uint64_t obj);

#if !defined(__LP64__) || !defined(__wasm__)

/* Loads an object from its ELF bytes; the handle, or 0. */
WASM_BPF_IMPORT(wasm_load_bpf_object)
uint64_t wasm_load_bpf_object(const void *obj_buf, int obj_buf_sz);

/* Attaches a program; attach_target NULL or "" means: by its section name. */
WASM_BPF_IMPORT(wasm_attach_bpf_program)
int wasm_attach_bpf_program(uint64_t obj, const char *name,
			    const char *attach_target);

/* Attaches a program to an open directory (a cgroup) of the guest. */
WASM_BPF_IMPORT(wasm_attach_bpf_program_fd)
int wasm_attach_bpf_program_fd(uint64_t obj, const char *name, int target_fd);

/* Delivers every waiting record of a ring or perf buffer; their number. */
WASM_BPF_IMPORT(wasm_bpf_buffer_poll)
int wasm_bpf_buffer_poll(uint64_t obj, int fd, bpf_buffer_sample_fn sample_func,
			 void *ctx, void *data, int max_size, int timeout_ms);

/* The guest's number for a map of the object. */
WASM_BPF_IMPORT(wasm_bpf_map_fd_by_name)
int wasm_bpf_map_fd_by_name(uint64_t obj, const char *name);

/* One operation on a map: cmd is WASM_BPF_MAP_LOOKUP, ... */
WASM_BPF_IMPORT(wasm_bpf_map_operate)
int wasm_bpf_map_operate(int fd, int cmd, const void *key, void *value,
			 void *next_key, uint64_t flags);

#else

/*
 * LP64 guests: the host's interface stays 32-bit. All addresses are below
 * 4 GiB, so the functions of the same names hand them over as numbers.
 */
typedef int32_t wasm_bpf_address;

static inline wasm_bpf_address wasm_bpf_at(const void *pointer)
{
	return (wasm_bpf_address)(uintptr_t)pointer;
}

WASM_BPF_IMPORT(wasm_load_bpf_object) uint64_t
wasm_bpf_host_load(wasm_bpf_address obj_buf, int obj_buf_sz);

WASM_BPF_IMPORT(wasm_attach_bpf_program) int
wasm_bpf_host_attach(uint64_t obj, wasm_bpf_address name,
		     wasm_bpf_address attach_target);

WASM_BPF_IMPORT(wasm_attach_bpf_program_fd) int
wasm_bpf_host_attach_fd(uint64_t obj, wasm_bpf_address name, int target_fd);

WASM_BPF_IMPORT(wasm_bpf_buffer_poll) int
wasm_bpf_host_poll(uint64_t obj, int fd, int32_t sample_func,
		   wasm_bpf_address ctx, wasm_bpf_address data, int max_size,
		   int timeout_ms);

WASM_BPF_IMPORT(wasm_bpf_map_fd_by_name) int
wasm_bpf_host_map_fd(uint64_t obj, wasm_bpf_address name);

WASM_BPF_IMPORT(wasm_bpf_map_operate) int
wasm_bpf_host_operate(int fd, int cmd, wasm_bpf_address key,
		      wasm_bpf_address value, wasm_bpf_address next_key,
		      uint64_t flags);

static inline uint64_t wasm_load_bpf_object(const void *obj_buf, int obj_buf_sz)
{
	return wasm_bpf_host_load(wasm_bpf_at(obj_buf), obj_buf_sz);
}

static inline int wasm_attach_bpf_program(uint64_t obj, const char *name,
					  const char *attach_target)
{
	return wasm_bpf_host_attach(obj, wasm_bpf_at(name),
				    wasm_bpf_at(attach_target));
}

static inline int wasm_attach_bpf_program_fd(uint64_t obj, const char *name,
					     int target_fd)
{
	return wasm_bpf_host_attach_fd(obj, wasm_bpf_at(name), target_fd);
}

/* The host calls with 32-bit numbers; this has the signature it expects. */
struct wasm_bpf_sample_call {
	bpf_buffer_sample_fn function;
	void *ctx;
};

static inline int wasm_bpf_sample(wasm_bpf_address call, wasm_bpf_address data,
				  int32_t size)
{
	const struct wasm_bpf_sample_call *sample =
		(const struct wasm_bpf_sample_call *)(uintptr_t)(uint32_t)call;

	return sample->function(sample->ctx, (void *)(uintptr_t)(uint32_t)data,
				(uint32_t)size);
}

static inline int wasm_bpf_buffer_poll(uint64_t obj, int fd,
				       bpf_buffer_sample_fn sample_func,
				       void *ctx, void *data, int max_size,
				       int timeout_ms)
{
	struct wasm_bpf_sample_call call = { sample_func, ctx };
	int (*function)(wasm_bpf_address, wasm_bpf_address, int32_t) =
		wasm_bpf_sample;

	return wasm_bpf_host_poll(obj, fd, (int32_t)(uintptr_t)function,
				  wasm_bpf_at(&call), wasm_bpf_at(data),
				  max_size, timeout_ms);
}

static inline int wasm_bpf_map_fd_by_name(uint64_t obj, const char *name)
{
	return wasm_bpf_host_map_fd(obj, wasm_bpf_at(name));
}

static inline int wasm_bpf_map_operate(int fd, int cmd, const void *key,
				       void *value, void *next_key,
				       uint64_t flags)
{
	return wasm_bpf_host_operate(fd, cmd, wasm_bpf_at(key),
				     wasm_bpf_at(value), wasm_bpf_at(next_key),
				     flags);
}

#endif /* LP64 guest */

#define WASM_BPF_MAP_LOOKUP 1
#define WASM_BPF_MAP_UPDATE 2
#define WASM_BPF_MAP_DELETE 3
#define WASM_BPF_MAP_GET_NEXT_KEY 4

/* Flags of bpf_map_update_elem(), where no kernel header has given them. */
#ifndef BPF_ANY
#define BPF_ANY 0
#endif
#ifndef BPF_NOEXIST
#define BPF_NOEXIST 1
#endif
#ifndef BPF_EXIST
#define BPF_EXIST 2
#endif
#ifndef BPF_F_LOCK
#define BPF_F_LOCK 4
#endif

/* ------------------------------------------------------------------------- */
/* Types                                                                     */
/* ------------------------------------------------------------------------- */

struct bpf_object;

struct bpf_map {
	struct bpf_object *obj;
	const char *name; /* in the object's image; a section for globals */
	int fd; /* -1 until asked for after load */
	uint32_t section; /* index in the ELF file; 0: not a map of globals */
	size_t globals_size;
	void *globals; /* initial values before load, a copy after it */
};

struct bpf_program {
	struct bpf_object *obj;
	const char *name; /* in the object's image */
	const char *section_name; /* in the object's image */
	uint32_t section;
	size_t symbol_offset; /* of its symbol in the image */
	char *attach_target; /* NULL: by section name */
	bool autoload;
	bool autoattach;
};

struct bpf_link {
	struct bpf_program *prog;
	struct bpf_link *next;
};

struct bpf_object {
	uint64_t handle; /* 0: not loaded */
	unsigned char *image; /* private copy of the ELF file */
	size_t image_size;
	char *name;
	struct bpf_map *maps;
	size_t map_count;
	struct bpf_program *programs;
	size_t program_count;
	struct bpf_link *links;
	bool loaded; /* stays true after the host object was closed */
};

/* Accepted for source compatibility; only object_name is looked at. */
struct bpf_object_open_opts {
	size_t sz;
	const char *object_name;
};

struct bpf_map_skeleton {
	const char *name;
	struct bpf_map **map;
	void **mmaped;
	struct bpf_link **link; /* struct_ops only: not in ABI version 1 */
};

struct bpf_prog_skeleton {
	const char *name;
	struct bpf_program **prog;
	struct bpf_link **link;
};

struct bpf_object_skeleton {
	size_t sz;
	const char *name;
	const void *data;
	size_t data_sz;
	struct bpf_object **obj;
	int map_cnt;
	int map_skel_sz;
	struct bpf_map_skeleton *maps;
	int prog_cnt;
	int prog_skel_sz;
	struct bpf_prog_skeleton *progs;
};

/* ------------------------------------------------------------------------- */
/* Errors                                                                    */
/* ------------------------------------------------------------------------- */

/* Sets errno; the negative number, for `return wasm_bpf_fail(ENOENT)`. */
static inline int wasm_bpf_fail(int error)
{
	errno = error;
	return -error;
}

/* The guest libc's error number for one of Linux's. */
static inline int wasm_bpf_errno_from_linux(int number)
{
	switch (number) {
	case 1: return EPERM;
	case 2: return ENOENT;
	case 3: return ESRCH;
	case 4: return EINTR;
	case 5: return EIO;
	case 6: return ENXIO;
	case 7: return E2BIG;
	case 8: return ENOEXEC;
	case 9: return EBADF;
	case 10: return ECHILD;
	case 11: return EAGAIN;
	case 12: return ENOMEM;
	case 13: return EACCES;
	case 14: return EFAULT;
	case 16: return EBUSY;
	case 17: return EEXIST;
	case 18: return EXDEV;
	case 19: return ENODEV;
	case 20: return ENOTDIR;
	case 21: return EISDIR;
	case 22: return EINVAL;
	case 23: return ENFILE;
	case 24: return EMFILE;
	case 25: return ENOTTY;
	case 26: return ETXTBSY;
	case 27: return EFBIG;
	case 28: return ENOSPC;
	case 29: return ESPIPE;
	case 30: return EROFS;
	case 31: return EMLINK;
	case 32: return EPIPE;
	case 33: return EDOM;
	case 34: return ERANGE;
	case 35: return EDEADLK;
	case 36: return ENAMETOOLONG;
	case 37: return ENOLCK;
	case 38: return ENOSYS;
	case 39: return ENOTEMPTY;
	case 40: return ELOOP;
	case 42: return ENOMSG;
	case 71: return EPROTO;
	case 74: return EBADMSG;
	case 75: return EOVERFLOW;
	case 84: return EILSEQ;
	case 90: return EMSGSIZE;
	case 93: return EPROTONOSUPPORT;
	case 95: return ENOTSUP;
	case 98: return EADDRINUSE;
	case 100: return ENETDOWN;
	case 105: return ENOBUFS;
	case 110: return ETIMEDOUT;
	case 114: return EALREADY;
	case 116: return ESTALE;
	case 122: return EDQUOT;
	case 125: return ECANCELED;
	case 524: return ENOTSUP; /* the kernel's internal ENOTSUPP */
	default: return EIO;
	}
}

/* strdup(), which -std=c11 hides. */
static inline char *wasm_bpf_copy_string(const char *string)
{
	size_t size = strlen(string) + 1;
	char *copy = (char *)malloc(size);

	return copy ? (char *)memcpy(copy, string, size) : NULL;
}

/* What a host import returned, in libbpf's form. */
static inline int wasm_bpf_result(int result)
{
	return result < 0 ? wasm_bpf_fail(wasm_bpf_errno_from_linux(-result)) :
			    result;
}

/* 0 for a pointer, the error for a failure, as in libbpf 1.x. */
static inline long libbpf_get_error(const void *ptr)
{
	return ptr ? 0 : -errno;
}

static inline int libbpf_strerror(int err, char *buf, size_t size)
{
	if (!buf || !size)
		return wasm_bpf_fail(EINVAL);
	snprintf(buf, size, "%s", strerror(err < 0 ? -err : err));
	return 0;
}

/* ------------------------------------------------------------------------- */
/* The object's ELF file: 64-bit, little-endian, every offset checked        */
/* ------------------------------------------------------------------------- */

struct wasm_bpf_elf {
	const unsigned char *bytes;
	size_t size;
	size_t section_table;
	uint32_t section_count;
	uint32_t name_table; /* section index of the section names */
};

struct wasm_bpf_elf_section {
	const char *name; /* "" where the file has none */
	size_t header; /* offset of the section's header in the file */
	uint32_t type;
	uint64_t flags;
	uint64_t offset;
	uint64_t size;
	uint32_t link;
};

#define WASM_BPF_SHT_PROGBITS 1u
#define WASM_BPF_SHT_SYMTAB 2u
#define WASM_BPF_SHT_NOBITS 8u
#define WASM_BPF_SHF_EXECINSTR 4u
#define WASM_BPF_STT_OBJECT 1u
#define WASM_BPF_STT_FUNC 2u
#define WASM_BPF_SYMBOL_SIZE 24u

static inline uint64_t wasm_bpf_read_le(const unsigned char *at, unsigned width)
{
	uint64_t value = 0;

	while (width-- > 0)
		value = value << 8 | at[width];
	return value;
}

static inline bool wasm_bpf_elf_has(const struct wasm_bpf_elf *elf,
				    uint64_t offset, uint64_t size)
{
	return offset <= elf->size && size <= elf->size - offset;
}

/* A string of a table that ends inside that table, otherwise "". */
static inline const char *
wasm_bpf_elf_string(const struct wasm_bpf_elf *elf,
		    const struct wasm_bpf_elf_section *table, uint64_t at)
{
	if (table->type == WASM_BPF_SHT_NOBITS ||
	    !wasm_bpf_elf_has(elf, table->offset, table->size) ||
	    at >= table->size ||
	    !memchr(elf->bytes + table->offset + at, 0, (size_t)(table->size - at)))
		return "";
	return (const char *)(elf->bytes + table->offset + at);
}

/* Section `index` without its name; false past the end of the table. */
static inline bool wasm_bpf_elf_header(const struct wasm_bpf_elf *elf,
				       uint32_t index,
				       struct wasm_bpf_elf_section *out)
{
	const unsigned char *header;

	if (index >= elf->section_count)
		return false;
	out->header = elf->section_table + (size_t)index * 64;
	header = elf->bytes + out->header;
	out->name = "";
	out->type = (uint32_t)wasm_bpf_read_le(header + 4, 4);
	out->flags = wasm_bpf_read_le(header + 8, 8);
	out->offset = wasm_bpf_read_le(header + 24, 8);
	out->size = wasm_bpf_read_le(header + 32, 8);
	out->link = (uint32_t)wasm_bpf_read_le(header + 40, 4);
	return true;
}

static inline bool wasm_bpf_elf_section_at(const struct wasm_bpf_elf *elf,
					   uint32_t index,
					   struct wasm_bpf_elf_section *out)
{
	struct wasm_bpf_elf_section names;

	if (!wasm_bpf_elf_header(elf, index, out))
		return false;
	if (wasm_bpf_elf_header(elf, elf->name_table, &names))
		out->name = wasm_bpf_elf_string(
			elf, &names, wasm_bpf_read_le(elf->bytes + out->header, 4));
	return true;
}

/* 0, or a negative error number where the bytes are no BPF object. */
static inline int wasm_bpf_elf_open(struct wasm_bpf_elf *elf,
				    const unsigned char *bytes, size_t size)
{
	uint64_t table, count;

	/* Magic, 64-bit, little-endian, version 1. */
	if (size < 64 || memcmp(bytes, "\177ELF\2\1\1", 7) != 0 ||
	    wasm_bpf_read_le(bytes + 58, 2) != 64)
		return wasm_bpf_fail(ENOEXEC);
	elf->bytes = bytes;
	elf->size = size;
	table = wasm_bpf_read_le(bytes + 40, 8);
	count = wasm_bpf_read_le(bytes + 60, 2);
	if (table == 0 || !wasm_bpf_elf_has(elf, table, count * 64))
		return wasm_bpf_fail(ENOEXEC);
	elf->section_table = (size_t)table;
	elf->section_count = (uint32_t)count;
	elf->name_table = (uint32_t)wasm_bpf_read_le(bytes + 62, 2);
	return 0;
}

/* Does the name belong to `family`, as ".data" and ".data.x" do to ".data"? */
static inline bool wasm_bpf_section_is(const char *name, const char *family)
{
	size_t length = strlen(family);

	return strncmp(name, family, length) == 0 &&
	       (name[length] == '\0' || name[length] == '.');
}

static inline bool wasm_bpf_is_globals(const struct wasm_bpf_elf_section *s)
{
	if (s->size == 0)
		return false;
	if (s->type == WASM_BPF_SHT_NOBITS)
		return wasm_bpf_section_is(s->name, ".bss");
	return s->type == WASM_BPF_SHT_PROGBITS &&
	       (wasm_bpf_section_is(s->name, ".rodata") ||
		wasm_bpf_section_is(s->name, ".data"));
}

/* ------------------------------------------------------------------------- */
/* Open                                                                      */
/* ------------------------------------------------------------------------- */

static inline void bpf_object__close(struct bpf_object *obj)
{
	size_t i;

	if (!obj)
		return;
	if (obj->handle)
		wasm_close_bpf_object(obj->handle);
	while (obj->links) {
		struct bpf_link *link = obj->links;

		obj->links = link->next;
		free(link);
	}
	for (i = 0; i < obj->map_count; i++)
		free(obj->maps[i].globals);
	for (i = 0; i < obj->program_count; i++)
		free(obj->programs[i].attach_target);
	free(obj->maps);
	free(obj->programs);
	free(obj->name);
	free(obj->image);
	free(obj);
}

/* The buffer behind skel->rodata, ->data, ->bss, with the initial values. */
static inline int wasm_bpf_map_init_globals(struct bpf_map *map,
					    const struct wasm_bpf_elf *elf,
					    const struct wasm_bpf_elf_section *s)
{
	const size_t slack = 64; /* a C struct may end in padding */

	if (s->type != WASM_BPF_SHT_NOBITS &&
	    !wasm_bpf_elf_has(elf, s->offset, s->size))
		return wasm_bpf_fail(ENOEXEC);
	if (s->size > INT32_MAX)
		return wasm_bpf_fail(E2BIG);
	map->globals = calloc(1, (size_t)s->size + slack);
	if (!map->globals)
		return wasm_bpf_fail(ENOMEM);
	map->globals_size = (size_t)s->size;
	if (s->type != WASM_BPF_SHT_NOBITS)
		memcpy(map->globals, elf->bytes + s->offset, (size_t)s->size);
	return 0;
}

/* The string table inside section .BTF. */
static inline bool wasm_bpf_btf_strings(const struct wasm_bpf_elf *elf,
					const struct wasm_bpf_elf_section *btf,
					struct wasm_bpf_elf_section *strings)
{
	const unsigned char *bytes;

	if (btf->type != WASM_BPF_SHT_PROGBITS ||
	    !wasm_bpf_elf_has(elf, btf->offset, btf->size) || btf->size < 24)
		return false;
	bytes = elf->bytes + btf->offset;
	if (wasm_bpf_read_le(bytes, 2) != 0xeb9f)
		return false;
	*strings = *btf;
	strings->offset = btf->offset + wasm_bpf_read_le(bytes + 4, 4) +
			  wasm_bpf_read_le(bytes + 16, 4);
	strings->size = wasm_bpf_read_le(bytes + 20, 4);
	return true;
}

/*
 * The size at most of the map of `extern ... __kconfig` variables, 0 without
 * any. Only BTF knows them: section ".kconfig" lists each one's size, and
 * places are given at load.
 */
static inline size_t wasm_bpf_kconfig_size(const struct wasm_bpf_elf *elf,
					   const struct wasm_bpf_elf_section *btf)
{
	/* What follows a type's 12 bytes: a fixed part, and one per element. */
	static const unsigned char fixed[] = { 0, 4, 0, 12, 0, 0, 0, 0, 0, 0,
					       0, 0, 0, 0,  4, 0, 0, 4, 0, 0 };
	static const unsigned char each[] = { 0, 0, 0, 0, 12, 12, 8, 0, 0,  0,
					      0, 0, 0, 8, 0,  12, 0, 0, 0, 12 };
	struct wasm_bpf_elf_section strings;
	const unsigned char *bytes, *type;
	uint64_t at, end;

	if (!wasm_bpf_btf_strings(elf, btf, &strings))
		return 0;
	bytes = elf->bytes + btf->offset;
	at = wasm_bpf_read_le(bytes + 4, 4);
	at += wasm_bpf_read_le(bytes + 8, 4);
	end = at + wasm_bpf_read_le(bytes + 12, 4);
	if (end > btf->size)
		return 0;
	while (end - at >= 12) {
		uint32_t info, kind, count, i;
		size_t size = 0;

		type = bytes + at;
		info = (uint32_t)wasm_bpf_read_le(type + 4, 4);
		kind = info >> 24 & 0x1f;
		count = info & 0xffff;
		at += 12;
		if (kind >= sizeof(fixed) ||
		    end - at < fixed[kind] + (uint64_t)each[kind] * count)
			return 0;
		at += fixed[kind] + (uint64_t)each[kind] * count;
		if (kind != 15 /* BTF_KIND_DATASEC */ ||
		    strcmp(wasm_bpf_elf_string(elf, &strings,
					       wasm_bpf_read_le(type, 4)),
			   ".kconfig") != 0)
			continue;
		for (i = 0; i < count; i++)
			size += (wasm_bpf_read_le(type + 12 + i * 12 + 8, 4) & 0xffff) + 7;
		return size;
	}
	return 0;
}

/*
 * Finds maps and programs. Called twice: the first pass (obj->maps and
 * obj->programs are NULL) counts, the second fills the arrays.
 */
static inline int wasm_bpf_object_collect(struct bpf_object *obj,
					  const struct wasm_bpf_elf *elf)
{
	struct wasm_bpf_elf_section s, strings, home;
	size_t maps = 0, programs = 0;
	uint32_t i;
	uint64_t at;

	for (i = 1; wasm_bpf_elf_section_at(elf, i, &s); i++) {
		if (wasm_bpf_is_globals(&s)) {
			if (obj->maps) {
				struct bpf_map *map = &obj->maps[maps];
				int err;

				map->obj = obj;
				map->name = s.name;
				map->fd = -1;
				map->section = i;
				err = wasm_bpf_map_init_globals(map, elf, &s);
				if (err)
					return err;
			}
			maps++;
			continue;
		}
		if (strcmp(s.name, ".BTF") == 0) {
			size_t size = wasm_bpf_kconfig_size(elf, &s);

			if (size && obj->maps) {
				struct bpf_map *map = &obj->maps[maps];

				map->obj = obj;
				map->name = ".kconfig";
				map->fd = -1;
				map->globals_size = size;
				map->globals = calloc(1, size);
				if (!map->globals)
					return wasm_bpf_fail(ENOMEM);
			}
			maps += size != 0;
			continue;
		}
		if (s.type != WASM_BPF_SHT_SYMTAB)
			continue;
		if (!wasm_bpf_elf_has(elf, s.offset, s.size) ||
		    !wasm_bpf_elf_header(elf, s.link, &strings))
			return wasm_bpf_fail(ENOEXEC);
		for (at = s.offset; at + WASM_BPF_SYMBOL_SIZE <= s.offset + s.size;
		     at += WASM_BPF_SYMBOL_SIZE) {
			const unsigned char *symbol = elf->bytes + at;
			const char *name = wasm_bpf_elf_string(
				elf, &strings, wasm_bpf_read_le(symbol, 4));
			unsigned type = symbol[4] & 15u, binding = symbol[4] >> 4;
			uint32_t index = (uint32_t)wasm_bpf_read_le(symbol + 6, 2);

			if (!*name || !wasm_bpf_elf_section_at(elf, index, &home))
				continue;
			if (type == WASM_BPF_STT_OBJECT &&
			    (strcmp(home.name, ".maps") == 0 ||
			     wasm_bpf_section_is(home.name, ".struct_ops"))) {
				if (obj->maps) {
					struct bpf_map *map = &obj->maps[maps];

					map->obj = obj;
					map->name = name;
					map->fd = -1;
				}
				maps++;
			} else if (type == WASM_BPF_STT_FUNC && binding != 0 &&
				   home.type == WASM_BPF_SHT_PROGBITS &&
				   (home.flags & WASM_BPF_SHF_EXECINSTR) &&
				   strcmp(home.name, ".text") != 0) {
				if (obj->programs) {
					struct bpf_program *prog =
						&obj->programs[programs];

					prog->obj = obj;
					prog->name = name;
					prog->section_name = home.name;
					prog->section = index;
					prog->symbol_offset = (size_t)at;
					prog->autoload = home.name[0] != '?';
					prog->autoattach = true;
				}
				programs++;
			}
		}
	}
	obj->map_count = maps;
	obj->program_count = programs;
	return 0;
}

static inline struct bpf_object *
bpf_object__open_mem(const void *bytes, size_t size,
		     const struct bpf_object_open_opts *opts)
{
	struct bpf_object *obj;
	struct wasm_bpf_elf elf;
	const char *name = "object";
	int err;

	if (!bytes || size == 0 || size > INT32_MAX) {
		errno = EINVAL;
		return NULL;
	}
	obj = (struct bpf_object *)calloc(1, sizeof(*obj));
	if (!obj) {
		errno = ENOMEM;
		return NULL;
	}
	if (opts && opts->sz >= sizeof(*opts) && opts->object_name)
		name = opts->object_name;
	obj->name = wasm_bpf_copy_string(name);
	/* A zero after the end, so that no damaged table has endless strings. */
	obj->image = (unsigned char *)calloc(1, size + 1);
	if (!obj->name || !obj->image) {
		err = wasm_bpf_fail(ENOMEM);
		goto fail;
	}
	memcpy(obj->image, bytes, size);
	obj->image_size = size;
	err = wasm_bpf_elf_open(&elf, obj->image, size);
	if (!err)
		err = wasm_bpf_object_collect(obj, &elf);
	if (err)
		goto fail;
	/* One more than needed, so that an empty array is not NULL. */
	obj->maps = (struct bpf_map *)calloc(obj->map_count + 1,
					     sizeof(*obj->maps));
	obj->programs = (struct bpf_program *)calloc(obj->program_count + 1,
						     sizeof(*obj->programs));
	if (!obj->maps || !obj->programs) {
		obj->map_count = obj->program_count = 0;
		err = wasm_bpf_fail(ENOMEM);
		goto fail;
	}
	err = wasm_bpf_object_collect(obj, &elf);
	if (err)
		goto fail;
	return obj;
fail:
	if (!obj->maps || !obj->programs)
		obj->map_count = obj->program_count = 0;
	bpf_object__close(obj);
	errno = -err;
	return NULL;
}

/* ------------------------------------------------------------------------- */
/* Objects                                                                   */
/* ------------------------------------------------------------------------- */

static inline const char *bpf_object__name(const struct bpf_object *obj)
{
	return obj->name;
}

/* Maps of globals are found as ".bss" and as "objectna.bss". */
static inline struct bpf_map *
bpf_object__find_map_by_name(const struct bpf_object *obj, const char *name)
{
	const char *suffix = name ? strchr(name, '.') : NULL;
	size_t i;

	for (i = 0; name && i < obj->map_count; i++) {
		struct bpf_map *map = &obj->maps[i];

		if (strcmp(map->name, name) == 0 ||
		    (map->globals && suffix && strcmp(map->name, suffix) == 0))
			return map;
	}
	errno = ENOENT;
	return NULL;
}

static inline struct bpf_program *
bpf_object__find_program_by_name(const struct bpf_object *obj, const char *name)
{
	size_t i;

	for (i = 0; name && i < obj->program_count; i++)
		if (strcmp(obj->programs[i].name, name) == 0)
			return &obj->programs[i];
	errno = ENOENT;
	return NULL;
}

static inline struct bpf_map *
bpf_object__next_map(const struct bpf_object *obj, const struct bpf_map *map)
{
	size_t next = map ? (size_t)(map - obj->maps) + 1 : 0;

	return next < obj->map_count ? &obj->maps[next] : NULL;
}

static inline struct bpf_program *
bpf_object__next_program(const struct bpf_object *obj, struct bpf_program *prog)
{
	size_t next = prog ? (size_t)(prog - obj->programs) + 1 : 0;

	return next < obj->program_count ? &obj->programs[next] : NULL;
}

#define bpf_object__for_each_map(pos, obj)                                   \
	for ((pos) = bpf_object__next_map((obj), NULL); (pos) != NULL;       \
	     (pos) = bpf_object__next_map((obj), (pos)))

#define bpf_object__for_each_program(pos, obj)                               \
	for ((pos) = bpf_object__next_program((obj), NULL); (pos) != NULL;   \
	     (pos) = bpf_object__next_program((obj), (pos)))

static inline int bpf_map__fd(const struct bpf_map *map)
{
	int fd;

	if (!map || !map->obj->handle)
		return wasm_bpf_fail(EBADF);
	if (map->fd >= 0)
		return map->fd;
	fd = wasm_bpf_result(wasm_bpf_map_fd_by_name(map->obj->handle, map->name));
	((struct bpf_map *)(uintptr_t)map)->fd = fd; /* remembered */
	return fd;
}

static inline int bpf_object__find_map_fd_by_name(const struct bpf_object *obj,
						  const char *name)
{
	const struct bpf_map *map = bpf_object__find_map_by_name(obj, name);

	return map ? bpf_map__fd(map) : -errno;
}

static inline void wasm_bpf_increment_le32(unsigned char *at)
{
	int i;

	for (i = 0; i < 4 && ++at[i] == 0; i++)
		;
}

/* .BTF.ext names sections too: there the '?' of `name` goes as well. */
static inline void wasm_bpf_object_rename_in_btf(struct bpf_object *obj,
						 const struct wasm_bpf_elf *elf,
						 const char *name)
{
	struct wasm_bpf_elf_section s, ext, strings;
	uint32_t i, table;

	memset(&ext, 0, sizeof(ext));
	memset(&strings, 0, sizeof(strings));

	for (i = 1; wasm_bpf_elf_section_at(elf, i, &s); i++) {
		if (strcmp(s.name, ".BTF") == 0)
			wasm_bpf_btf_strings(elf, &s, &strings);
		else if (strcmp(s.name, ".BTF.ext") == 0 &&
			 wasm_bpf_elf_has(elf, s.offset, s.size))
			ext = s;
	}
	if (ext.size < 24)
		return;
	/* Function info, line info, CO-RE relocations: offset and length each. */
	for (table = 8; table <= 24; table += 8) {
		unsigned char *bytes = obj->image + ext.offset;
		uint64_t header = wasm_bpf_read_le(bytes + 4, 4), at, end, record;

		if (header > ext.size || table + 8 > header)
			return;
		at = header + wasm_bpf_read_le(bytes + table, 4);
		end = at + wasm_bpf_read_le(bytes + table + 4, 4);
		if (end > ext.size || end - at < 4)
			continue;
		record = wasm_bpf_read_le(bytes + at, 4);
		at += 4;
		while (end - at >= 8) {
			uint64_t data = record * wasm_bpf_read_le(bytes + at + 4, 4);

			if (strcmp(wasm_bpf_elf_string(
					   elf, &strings,
					   wasm_bpf_read_le(bytes + at, 4)),
				   name) == 0)
				wasm_bpf_increment_le32(bytes + at);
			at += 8;
			if (data > end - at)
				break;
			at += data;
		}
	}
}

/*
 * Writes the guest's choices into the image: initial values of .rodata and
 * .data, and which programs are to be loaded. A program that is not wanted
 * loses its symbol's type, so it is no program for the loader any more; one
 * from an optional section ("?kprobe/x") that is wanted loses the '?'.
 */
static inline int wasm_bpf_object_patch(struct bpf_object *obj)
{
	struct wasm_bpf_elf elf;
	struct wasm_bpf_elf_section s;
	size_t i;
	int err = wasm_bpf_elf_open(&elf, obj->image, obj->image_size);

	if (err)
		return err;
	for (i = 0; i < obj->map_count; i++) {
		const struct bpf_map *map = &obj->maps[i];

		if (map->section && wasm_bpf_elf_header(&elf, map->section, &s) &&
		    s.type == WASM_BPF_SHT_PROGBITS)
			memcpy(obj->image + s.offset, map->globals,
			       map->globals_size);
	}
	for (i = 0; i < obj->program_count; i++) {
		const struct bpf_program *prog = &obj->programs[i];

		if (!prog->autoload ||
		    !wasm_bpf_elf_section_at(&elf, prog->section, &s) ||
		    s.name[0] != '?')
			continue; /* not optional, or done for a neighbour */
		wasm_bpf_object_rename_in_btf(obj, &elf, s.name);
		wasm_bpf_increment_le32(obj->image + s.header);
	}
	for (i = 0; i < obj->program_count; i++) {
		const struct bpf_program *prog = &obj->programs[i];

		if (!prog->autoload &&
		    wasm_bpf_elf_section_at(&elf, prog->section, &s) &&
		    s.name[0] != '?')
			obj->image[prog->symbol_offset + 4] &= 0xf0;
	}
	return 0;
}

/* Lookup or update of the one value of a map of globals. */
static inline int wasm_bpf_map_move_globals(const struct bpf_map *map, int cmd)
{
	const uint32_t key = 0;
	int fd = bpf_map__fd(map);

	return fd < 0 ? fd :
			wasm_bpf_result(wasm_bpf_map_operate(
				fd, cmd, &key, map->globals, NULL, BPF_ANY));
}

/*
 * What the file can't carry: .bss has no bytes in it, so initial values go in
 * through the map; the values of .kconfig come from the host.
 */
static inline int wasm_bpf_map_loaded(const struct bpf_map *map)
{
	const char *bytes = (const char *)map->globals;
	size_t used;

	if (!map->globals)
		return 0;
	if (strcmp(map->name, ".kconfig") == 0)
		return wasm_bpf_map_move_globals(map, WASM_BPF_MAP_LOOKUP);
	if (!wasm_bpf_section_is(map->name, ".bss"))
		return 0;
	for (used = 0; used < map->globals_size; used++)
		if (bytes[used])
			return wasm_bpf_map_move_globals(map, WASM_BPF_MAP_UPDATE);
	return 0;
}

/*
 * Loads the object. The host explains a failure to the user; the guest only
 * learns that there was one (-EINVAL), since ABI version 1 carries no more.
 */
static inline int bpf_object__load(struct bpf_object *obj)
{
	size_t i;
	int err;

	if (!obj || obj->loaded)
		return wasm_bpf_fail(EINVAL);
	err = wasm_bpf_object_patch(obj);
	if (err)
		return err;
	obj->loaded = true;
	obj->handle = wasm_load_bpf_object(obj->image, (int)obj->image_size);
	if (!obj->handle)
		return wasm_bpf_fail(EINVAL);
	for (i = 0; i < obj->map_count; i++) {
		err = wasm_bpf_map_loaded(&obj->maps[i]);
		if (err < 0) {
			wasm_close_bpf_object(obj->handle);
			obj->handle = 0;
			return err;
		}
	}
	return 0;
}

/* ------------------------------------------------------------------------- */
/* Maps                                                                      */
/* ------------------------------------------------------------------------- */

static inline const char *bpf_map__name(const struct bpf_map *map)
{
	return map ? map->name : NULL;
}

static inline bool bpf_map__is_internal(const struct bpf_map *map)
{
	return map->globals != NULL;
}

/* The guest's copy of a map of globals; NULL for any other map. */
static inline void *bpf_map__initial_value(const struct bpf_map *map,
					   size_t *size)
{
	if (!map || !map->globals)
		return NULL;
	if (size)
		*size = map->globals_size;
	return map->globals;
}

static inline int bpf_map__set_initial_value(struct bpf_map *map,
					     const void *data, size_t size)
{
	if (!map || !map->globals || size != map->globals_size)
		return wasm_bpf_fail(EINVAL);
	if (map->obj->loaded)
		return wasm_bpf_fail(EBUSY);
	memcpy(map->globals, data, size);
	return 0;
}

static inline int bpf_map_lookup_elem_flags(int fd, const void *key, void *value,
					    uint64_t flags)
{
	return wasm_bpf_result(wasm_bpf_map_operate(
		fd, WASM_BPF_MAP_LOOKUP, key, value, NULL, flags));
}

static inline int bpf_map_lookup_elem(int fd, const void *key, void *value)
{
	return bpf_map_lookup_elem_flags(fd, key, value, 0);
}

static inline int bpf_map_update_elem(int fd, const void *key, const void *value,
				      uint64_t flags)
{
	return wasm_bpf_result(wasm_bpf_map_operate(
		fd, WASM_BPF_MAP_UPDATE, key, (void *)(uintptr_t)value, NULL, flags));
}

static inline int bpf_map_delete_elem_flags(int fd, const void *key,
					    uint64_t flags)
{
	return wasm_bpf_result(wasm_bpf_map_operate(
		fd, WASM_BPF_MAP_DELETE, key, NULL, NULL, flags));
}

static inline int bpf_map_delete_elem(int fd, const void *key)
{
	return bpf_map_delete_elem_flags(fd, key, 0);
}

/* key NULL asks for the first key; -ENOENT after the last. */
static inline int bpf_map_get_next_key(int fd, const void *key, void *next_key)
{
	return wasm_bpf_result(wasm_bpf_map_operate(fd, WASM_BPF_MAP_GET_NEXT_KEY,
						    key, NULL, next_key,
						    0));
}

static inline int wasm_bpf_object_move_globals(const struct bpf_object *obj,
					       int cmd)
{
	size_t i;

	if (!obj || !obj->handle)
		return wasm_bpf_fail(EBADF);
	for (i = 0; i < obj->map_count; i++) {
		const struct bpf_map *map = &obj->maps[i];
		int err;

		/* .rodata and .kconfig are frozen once loaded. */
		if (!map->globals || wasm_bpf_section_is(map->name, ".rodata") ||
		    wasm_bpf_section_is(map->name, ".kconfig"))
			continue;
		err = wasm_bpf_map_move_globals(map, cmd);
		if (err < 0)
			return err;
	}
	return 0;
}

/* Fetches the kernel's .data and .bss into skel->data and skel->bss. */
static inline int wasm_bpf_object__read_globals(const struct bpf_object *obj)
{
	return wasm_bpf_object_move_globals(obj, WASM_BPF_MAP_LOOKUP);
}

/* Stores skel->data and skel->bss in the kernel. */
static inline int wasm_bpf_object__write_globals(const struct bpf_object *obj)
{
	return wasm_bpf_object_move_globals(obj, WASM_BPF_MAP_UPDATE);
}

/* ------------------------------------------------------------------------- */
/* Programs and links                                                        */
/* ------------------------------------------------------------------------- */

static inline const char *bpf_program__name(const struct bpf_program *prog)
{
	return prog->name;
}

static inline const char *
bpf_program__section_name(const struct bpf_program *prog)
{
	return prog->section_name + (prog->section_name[0] == '?');
}

static inline bool bpf_program__autoload(const struct bpf_program *prog)
{
	return prog->autoload;
}

static inline int bpf_program__set_autoload(struct bpf_program *prog,
					    bool autoload)
{
	if (!prog || prog->obj->loaded)
		return wasm_bpf_fail(EINVAL);
	prog->autoload = autoload;
	return 0;
}

static inline bool bpf_program__autoattach(const struct bpf_program *prog)
{
	return prog->autoattach;
}

static inline void bpf_program__set_autoattach(struct bpf_program *prog,
					       bool autoattach)
{
	prog->autoattach = autoattach;
}

/*
 * Where the program is going to be attached: a cgroup's path, an interface,
 * "binary:symbol", a function, "category:name", by the program's type.
 * NULL or "" goes back to the section name.
 */
static inline int bpf_set_prog_attach_target(struct bpf_program *prog,
					     const char *attach_target)
{
	char *copy = NULL;

	if (!prog)
		return wasm_bpf_fail(EINVAL);
	if (attach_target && *attach_target) {
		copy = wasm_bpf_copy_string(attach_target);
		if (!copy)
			return wasm_bpf_fail(ENOMEM);
	}
	free(prog->attach_target);
	prog->attach_target = copy;
	return 0;
}

/* A record of something attached; the host's link belongs to the object. */
static inline struct bpf_link *wasm_bpf_link_new(struct bpf_program *prog)
{
	struct bpf_link *link = (struct bpf_link *)calloc(1, sizeof(*link));

	if (!link) {
		errno = ENOMEM;
		return NULL;
	}
	link->prog = prog;
	link->next = prog->obj->links;
	prog->obj->links = link;
	return link;
}

/* Unlinks and frees the record without touching what is attached. */
static inline void wasm_bpf_link_forget(struct bpf_link *link)
{
	struct bpf_link **at = &link->prog->obj->links;

	while (*at && *at != link)
		at = &(*at)->next;
	if (*at)
		*at = link->next;
	free(link);
}

/*
 * NB: ABI version 1 has no call that detaches one link. The program stays
 * attached until its object is closed; -ENOTSUP says so.
 */
static inline int bpf_link__destroy(struct bpf_link *link)
{
	if (!link)
		return 0;
	wasm_bpf_link_forget(link);
	return wasm_bpf_fail(ENOTSUP);
}

static inline struct bpf_link *
wasm_bpf_program_attach(struct bpf_program *prog, const char *target,
			bool by_fd, int target_fd)
{
	struct bpf_link *link;
	int err;

	if (!prog || !prog->obj->handle || !prog->autoload) {
		errno = EINVAL;
		return NULL;
	}
	link = wasm_bpf_link_new(prog);
	if (!link)
		return NULL;
	err = by_fd ? wasm_attach_bpf_program_fd(prog->obj->handle, prog->name,
						 target_fd) :
		      wasm_attach_bpf_program(prog->obj->handle, prog->name,
					      target);
	if (err < 0) {
		wasm_bpf_link_forget(link);
		errno = wasm_bpf_errno_from_linux(-err);
		return NULL;
	}
	return link;
}

/* By bpf_set_prog_attach_target(), otherwise by section name. */
static inline struct bpf_link *bpf_program__attach(struct bpf_program *prog)
{
	return wasm_bpf_program_attach(prog, prog ? prog->attach_target : NULL,
				       false, -1);
}

/* cgroup_fd is a directory the guest has opened (`--dir`). */
static inline struct bpf_link *
bpf_program__attach_cgroup(struct bpf_program *prog, int cgroup_fd)
{
	if (cgroup_fd < 0) {
		errno = EBADF;
		return NULL;
	}
	return wasm_bpf_program_attach(prog, NULL, true, cgroup_fd);
}

/* Attaches to "first" or "first:second". */
static inline struct bpf_link *
wasm_bpf_program_attach_to(struct bpf_program *prog, const char *first,
			   const char *second)
{
	size_t size = strlen(first) + (second ? strlen(second) + 1 : 0) + 1;
	char *target = (char *)malloc(size);
	struct bpf_link *link;
	int error;

	if (!target) {
		errno = ENOMEM;
		return NULL;
	}
	snprintf(target, size, "%s%s%s", first, second ? ":" : "",
		 second ? second : "");
	link = wasm_bpf_program_attach(prog, target, false, -1);
	error = errno;
	free(target);
	errno = error;
	return link;
}

static inline struct bpf_link *
bpf_program__attach_tracepoint(struct bpf_program *prog, const char *category,
			       const char *name)
{
	return wasm_bpf_program_attach_to(prog, category, name);
}

static inline struct bpf_link *
bpf_program__attach_raw_tracepoint(struct bpf_program *prog, const char *name)
{
	return wasm_bpf_program_attach_to(prog, name, NULL);
}

static inline struct bpf_link *
bpf_program__attach_trace(struct bpf_program *prog)
{
	return bpf_program__attach(prog);
}

static inline struct bpf_link *bpf_program__attach_lsm(struct bpf_program *prog)
{
	return bpf_program__attach(prog);
}

/*
 * Entry or return is decided by the section ("kprobe", "kretprobe"); asking
 * for the other one is refused with ENOTSUP.
 */
static inline bool wasm_bpf_program_is_return(const struct bpf_program *prog)
{
	return strstr(bpf_program__section_name(prog), "ret") ==
	       bpf_program__section_name(prog) + 1;
}

static inline struct bpf_link *
bpf_program__attach_kprobe(struct bpf_program *prog, bool retprobe,
			   const char *func_name)
{
	if (retprobe != wasm_bpf_program_is_return(prog)) {
		errno = ENOTSUP;
		return NULL;
	}
	return wasm_bpf_program_attach_to(prog, func_name, NULL);
}

struct bpf_uprobe_opts {
	size_t sz;
	size_t ref_ctr_offset;
	uint64_t bpf_cookie;
	bool retprobe;
	const char *func_name;
};

/* func_name is required, pid must be -1 (all processes), no reference count. */
static inline struct bpf_link *
bpf_program__attach_uprobe_opts(struct bpf_program *prog, int pid,
				const char *binary_path, size_t func_offset,
				const struct bpf_uprobe_opts *opts)
{
	char offset[2 + 1 + 2 * sizeof(size_t) + 1] = "";
	struct bpf_link *link = NULL;
	char *symbol;
	size_t size;
	int error;

	if (pid != -1 || !opts || !opts->func_name || opts->ref_ctr_offset ||
	    opts->bpf_cookie ||
	    opts->retprobe != wasm_bpf_program_is_return(prog)) {
		errno = ENOTSUP;
		return NULL;
	}
	if (func_offset)
		snprintf(offset, sizeof(offset), "+0x%zx", func_offset);
	size = strlen(opts->func_name) + strlen(offset) + 1;
	symbol = (char *)malloc(size);
	if (!symbol) {
		errno = ENOMEM;
		return NULL;
	}
	snprintf(symbol, size, "%s%s", opts->func_name, offset);
	link = wasm_bpf_program_attach_to(prog, binary_path, symbol);
	error = errno;
	free(symbol);
	errno = error;
	return link;
}

/*
 * Does the section name alone say where to attach? Programs of other kinds
 * (XDP, cgroup, ...) are attached by a skeleton only if they have a target.
 */
static inline bool wasm_bpf_section_attaches(const char *section)
{
	static const char *const kinds[] = {
		"kprobe",     "kretprobe",  "uprobe",	 "uretprobe",
		"ksyscall",   "kretsyscall", "usdt",	 "tracepoint",
		"tp",	      "raw_tracepoint", "raw_tp", "tp_btf",
		"fentry",     "fexit",	    "fmod_ret", "fsession",
		"freplace",   "lsm",	    "iter",
	};
	const char *slash = strchr(section, '/');
	size_t i, length = strcspn(section, "./");

	for (i = 0; slash && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strlen(kinds[i]) == length &&
		    memcmp(kinds[i], section, length) == 0)
			return true;
	return false;
}

/* ------------------------------------------------------------------------- */
/* Skeletons                                                                 */
/* ------------------------------------------------------------------------- */

static inline struct bpf_map_skeleton *
wasm_bpf_skeleton_map(const struct bpf_object_skeleton *s, int i)
{
	return (struct bpf_map_skeleton *)(void *)((char *)s->maps +
						   (size_t)i *
						   (size_t)s->map_skel_sz);
}

static inline struct bpf_prog_skeleton *
wasm_bpf_skeleton_prog(const struct bpf_object_skeleton *s, int i)
{
	return (struct bpf_prog_skeleton *)(void *)((char *)s->progs +
						    (size_t)i *
						    (size_t)s->prog_skel_sz);
}

static inline int
bpf_object__open_skeleton(struct bpf_object_skeleton *s,
			  const struct bpf_object_open_opts *opts)
{
	struct bpf_object_open_opts named = { sizeof(named), s->name };
	struct bpf_object *obj;
	int i;

	obj = bpf_object__open_mem(s->data, s->data_sz,
				   opts && opts->object_name ? opts : &named);
	if (!obj)
		return -errno;
	*s->obj = obj;
	for (i = 0; i < s->map_cnt; i++) {
		struct bpf_map_skeleton *m = wasm_bpf_skeleton_map(s, i);

		*m->map = bpf_object__find_map_by_name(obj, m->name);
		if (!*m->map)
			return wasm_bpf_fail(ESRCH);
		if (m->mmaped)
			*m->mmaped = (*m->map)->globals;
	}
	for (i = 0; i < s->prog_cnt; i++) {
		struct bpf_prog_skeleton *p = wasm_bpf_skeleton_prog(s, i);

		*p->prog = bpf_object__find_program_by_name(obj, p->name);
		if (!*p->prog)
			return wasm_bpf_fail(ESRCH);
	}
	return 0;
}

static inline int bpf_object__load_skeleton(struct bpf_object_skeleton *s)
{
	return bpf_object__load(*s->obj);
}

static inline int bpf_object__attach_skeleton(struct bpf_object_skeleton *s)
{
	int i;

	for (i = 0; i < s->prog_cnt; i++) {
		struct bpf_prog_skeleton *p = wasm_bpf_skeleton_prog(s, i);
		struct bpf_program *prog = *p->prog;
		struct bpf_link *link;

		if (!prog->autoload || !prog->autoattach || (p->link && *p->link))
			continue;
		if (!prog->attach_target &&
		    !wasm_bpf_section_attaches(bpf_program__section_name(prog)))
			continue;
		link = bpf_program__attach(prog);
		if (!link)
			return -errno;
		if (p->link)
			*p->link = link;
	}
	return 0;
}

/*
 * NB: ABI version 1 detaches by closing, so the object's maps are gone after
 * this as well (operations on them give -EBADF).
 */
static inline void bpf_object__detach_skeleton(struct bpf_object_skeleton *s)
{
	struct bpf_object *obj = s->obj ? *s->obj : NULL;
	size_t m;
	int i;

	for (i = 0; i < s->prog_cnt; i++) {
		struct bpf_prog_skeleton *p = wasm_bpf_skeleton_prog(s, i);

		if (p->link)
			*p->link = NULL;
	}
	if (!obj)
		return;
	while (obj->links)
		wasm_bpf_link_forget(obj->links);
	if (obj->handle)
		wasm_close_bpf_object(obj->handle);
	obj->handle = 0;
	for (m = 0; m < obj->map_count; m++)
		obj->maps[m].fd = -1;
}

static inline void bpf_object__destroy_skeleton(struct bpf_object_skeleton *s)
{
	if (!s)
		return;
	bpf_object__detach_skeleton(s);
	if (s->obj) {
		bpf_object__close(*s->obj);
		*s->obj = NULL;
	}
	free(s->maps);
	free(s->progs);
	free(s);
}

/* ------------------------------------------------------------------------- */
/* Ring buffers and perf buffers                                             */
/* ------------------------------------------------------------------------- */

/* Longer records arrive cut off at this size, unless another one is set. */
#ifndef WASM_BPF_RECORD_SIZE
#define WASM_BPF_RECORD_SIZE 65536
#endif

struct bpf_buffer {
	struct bpf_map *map;
	bpf_buffer_sample_fn sample_fn;
	void *ctx;
	void *record;
	size_t record_size;
	bool polling;
	/* What the callback returned to end a poll, 0 when it has not. */
	int stopped;
};

/* Opens the map (ring buffer or perf event array) for bpf_buffer__poll(). */
static inline struct bpf_buffer *bpf_buffer__open(struct bpf_map *events,
						  bpf_buffer_sample_fn sample_cb,
						  void *ctx)
{
	struct bpf_buffer *buffer;
	int fd = bpf_map__fd(events);

	if (fd < 0)
		return NULL;
	if (!sample_cb) {
		errno = EINVAL;
		return NULL;
	}
	buffer = (struct bpf_buffer *)calloc(1, sizeof(*buffer));
	if (!buffer) {
		errno = ENOMEM;
		return NULL;
	}
	buffer->map = events;
	buffer->sample_fn = sample_cb;
	buffer->ctx = ctx;
	buffer->record_size = WASM_BPF_RECORD_SIZE;
	return buffer;
}

/* The largest record that arrives whole, in bytes. */
static inline int wasm_bpf_buffer__set_record_size(struct bpf_buffer *buffer,
						   size_t size)
{
	if (!buffer || size == 0 || size > INT32_MAX)
		return wasm_bpf_fail(EINVAL);
	if (buffer->polling)
		return wasm_bpf_fail(EBUSY);
	free(buffer->record);
	buffer->record = NULL;
	buffer->record_size = size;
	return 0;
}

static inline int wasm_bpf_buffer__on_sample(void *ctx, void *data, size_t size)
{
	struct bpf_buffer *buffer = (struct bpf_buffer *)ctx;
	int result = buffer->sample_fn(buffer->ctx, data, size);

	if (result < 0)
		buffer->stopped = result;
	return result;
}

/*
 * Waits up to timeout_ms for records (0: takes what is there, -1: waits as
 * long as it takes) and calls the sample function for each.
 * Returns the number of records, -EINTR after a signal, or what a sample
 * function returned if that was negative.
 */
static inline int bpf_buffer__poll(struct bpf_buffer *buffer, int timeout_ms)
{
	void *nested = NULL;
	bool outer;
	int fd, result, stopped;

	if (!buffer)
		return wasm_bpf_fail(EINVAL);
	fd = bpf_map__fd(buffer->map);
	if (fd < 0)
		return fd;
	outer = !buffer->polling;
	if (outer && !buffer->record)
		buffer->record = malloc(buffer->record_size);
	/* A poll from inside the callback must not overwrite its record. */
	if (!outer)
		nested = malloc(buffer->record_size);
	if (outer ? !buffer->record : !nested)
		return wasm_bpf_fail(ENOMEM);
	buffer->polling = true;
	result = wasm_bpf_buffer_poll(buffer->map->obj->handle, fd,
				      wasm_bpf_buffer__on_sample, buffer,
				      outer ? buffer->record : nested,
				      (int)buffer->record_size, timeout_ms);
	if (outer)
		buffer->polling = false;
	free(nested);
	stopped = buffer->stopped;
	buffer->stopped = 0;
	/* The callback's own number is no error of the host. */
	return stopped && result == stopped ? wasm_bpf_fail(-result) :
					      wasm_bpf_result(result);
}

/* Free it before the object that its map belongs to. */
static inline void bpf_buffer__free(struct bpf_buffer *buffer)
{
	if (!buffer)
		return;
	free(buffer->record);
	free(buffer);
}

/* ------------------------------------------------------------------------- */
/* Local time                                                                */
/* ------------------------------------------------------------------------- */

/*
 * The guest's C library only knows UTC; the host passes its offset (seconds
 * east of UTC) in the environment.
 */
static inline struct tm wasm_bpf_localtime(time_t when)
{
	const char *offset = getenv("WASM_BPF_UTC_OFFSET");
	struct tm nothing, *result;

	when += offset ? (time_t)strtol(offset, NULL, 10) : 0;
	result = gmtime(&when); /* gmtime_r() is hidden by -std=c11 */
	if (result)
		return *result;
	memset(&nothing, 0, sizeof(nothing));
	return nothing;
}

#ifdef __cplusplus
}
#endif

#endif /* LIBBPF_WASM_H */
