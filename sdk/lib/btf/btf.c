/* Opening, asking and freeing types. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "btf-internal.h"
#include "opts.h"

struct btf *wb_btf_new(struct btf *base)
{
	struct btf *btf = calloc(1, sizeof(*btf));

	if (!btf)
		return wb_null(ENOMEM);
	btf->base = base;
	btf->fd = -1;
	btf->first_id = base ? base->first_id + base->count : 1;
	btf->first_string = base ? base->first_string + base->string_size : 0;
	return btf;
}

/* The same, and `base` is what the handle goes on from. */
static struct btf *of_handle(int handle, struct btf *base)
{
	struct wb_btf_info info;
	struct btf *btf = NULL;
	int result = wb_result(handle);

	if (result >= 0)
		result = wb_result(wb_btf_info(handle, wb_address(&info)));
	if (result >= 0) {
		btf = wb_btf_new(base);
		result = btf ? 0 : -ENOMEM;
	}
	if (result < 0) {
		if (handle >= 0)
			wb_btf_close(handle);
		return wb_null(result);
	}
	btf->handle = handle;
	btf->count = info.type_count - btf->first_id;
	btf->string_size = info.string_size;
	btf->pointer_size = info.pointer_size;
	btf->big_endian = info.big_endian;
	btf->based = info.first_id > btf->first_id;
	if (btf->based)
		btf->string_size = UINT32_MAX;
	/* NB: records that are fetched one by one would have the other order of bytes. */
	result = btf->big_endian ? wb_btf_fetch_all(btf) : 0;
	if (result) {
		btf__free(btf);
		return wb_null(result);
	}
	return btf;
}

struct btf *wb_btf_of_handle(int handle)
{
	return of_handle(handle, NULL);
}

void btf__free(struct btf *btf)
{
	/* NB: programs that were written before libbpf 1.0 may pass an error in a pointer. */
	if (!btf || (unsigned long)btf >= (unsigned long)-4095L)
		return;
	if (btf->handle > 0)
		wb_btf_close(btf->handle);
	if (btf->fd >= 0)
		close(btf->fd);
	wb_btf_cache_free(btf->cache);
	if (btf->types_room)
		free(btf->types);
	if (btf->strings_room)
		free(btf->strings);
	free(btf->offsets);
	free(btf->string_index);
	free(btf->raw);
	free(btf->old_raw);
	if (btf->owns_base)
		btf__free(btf->base);
	free(btf);
}

int wb_btf_handle(struct btf *btf)
{
	int base = 0, handle;
	const void *raw;
	__u32 size;

	if (btf->handle)
		return btf->handle;
	if (btf->base) {
		base = wb_btf_handle(btf->base);
		if (base < 0)
			return base;
	}
	raw = btf__raw_data(btf, &size);
	if (!raw)
		return -errno;
	handle = wb_result(wb_btf_open(WB_BTF_BYTES, 0, base, wb_address(raw), size));
	if (handle >= 0)
		btf->handle = handle;
	return handle;
}

struct btf *wb_btf_open_types(int kind, const char *name, struct btf *base, uint32_t id)
{
	int handle = base ? wb_btf_handle(base) : 0;

	if (handle < 0)
		return wb_null(handle);
	return of_handle(wb_btf_open(kind, wb_address(name), handle, 0, id), base);
}

struct btf *btf__new_split(const void *data, __u32 size, struct btf *base_btf)
{
	struct btf *btf = wb_btf_new(base_btf);
	char *raw = malloc(size ? size : 1);
	int result = btf && raw ? 0 : -ENOMEM;

	if (!result && size)
		memcpy(raw, data, size);
	/* The host looks through all of it, and says what is wrong. */
	if (!result && base_btf)
		result = wb_btf_handle(base_btf);
	if (result >= 0)
		result = wb_result(wb_btf_open(WB_BTF_BYTES, 0, result, wb_address(raw), size));
	if (result >= 0) {
		btf->handle = result;
		result = wb_btf_take_raw(btf, raw, size);
		raw = NULL;
	}
	if (result) {
		free(raw);
		btf__free(btf);
		return wb_null(result);
	}
	return btf;
}

struct btf *btf__new(const void *data, __u32 size)
{
	return btf__new_split(data, size, NULL);
}

struct btf *btf__parse_raw_split(const char *path, struct btf *base_btf)
{
	return wb_btf_open_types(WB_BTF_FILE, path, base_btf, WB_BTF_FILE_RAW);
}

struct btf *btf__parse_raw(const char *path)
{
	return wb_btf_open_types(WB_BTF_FILE, path, NULL, WB_BTF_FILE_RAW);
}

struct btf *btf__load_vmlinux_btf(void)
{
	return wb_btf_open_types(WB_BTF_KERNEL, NULL, NULL, 0);
}

struct btf *btf__load_module_btf(const char *module_name, struct btf *vmlinux_btf)
{
	return wb_btf_open_types(WB_BTF_MODULE, module_name, vmlinux_btf, 0);
}

struct btf *btf__load_from_kernel_by_id_split(__u32 id, struct btf *base_btf)
{
	return wb_btf_open_types(WB_BTF_ID, NULL, base_btf, id);
}

struct btf *btf__load_from_kernel_by_id(__u32 id)
{
	return wb_btf_open_types(WB_BTF_ID, NULL, NULL, id);
}

__u32 btf__type_cnt(const struct btf *btf)
{
	return btf->first_id + btf->count;
}

const struct btf *btf__base_btf(const struct btf *btf)
{
	return btf->base;
}

const struct btf_type *btf__type_by_id(const struct btf *btf, __u32 id)
{
	static const struct btf_type void_type;

	if (!id)
		return &void_type;
	while (id < btf->first_id)
		btf = btf->base;
	if (id - btf->first_id >= btf->count)
		return wb_null(EINVAL);
	if (btf->offsets)
		return (const void *)(btf->types + btf->offsets[id - btf->first_id]);
	return wb_btf_cached_type((struct btf *)btf, id);
}

const char *btf__str_by_offset(const struct btf *btf, __u32 offset)
{
	while (offset < btf->first_string)
		btf = btf->base;
	if (offset - btf->first_string >= btf->string_size)
		return wb_null(EINVAL);
	if (btf->offsets)
		return btf->strings + offset - btf->first_string;
	return wb_btf_cached_string((struct btf *)btf, offset);
}

const char *btf__name_by_offset(const struct btf *btf, __u32 offset)
{
	return btf__str_by_offset(btf, offset);
}

/* The id of a type in memory; kind 0 is any. */
static __s32 find_own(const struct btf *btf, const char *name, __u32 kind)
{
	for (uint32_t i = 0; i < btf->count; i++) {
		const struct btf_type *type = (const void *)(btf->types + btf->offsets[i]);
		const char *own;

		if (kind && btf_kind(type) != kind)
			continue;
		own = btf__name_by_offset(btf, type->name_off);
		if (own && !strcmp(own, name))
			return btf->first_id + i;
	}
	return -ENOENT;
}

static __s32 find(const struct btf *btf, const char *name, __u32 kind)
{
	__s32 id;

	/* NB: the host looks in the base, too. */
	if (btf->handle && !btf->offsets)
		return wb_result(wb_btf_find(btf->handle, wb_address(name), kind));
	if (btf->base) {
		id = find(btf->base, name, kind);
		if (id != -ENOENT)
			return id;
	}
	id = find_own(btf, name, kind);
	return id < 0 ? wb_fail(-id) : id;
}

__s32 btf__find_by_name(const struct btf *btf, const char *type_name)
{
	return strcmp(type_name, "void") ? find(btf, type_name, 0) : 0;
}

__s32 btf__find_by_name_kind(const struct btf *btf, const char *type_name, __u32 kind)
{
	return kind == BTF_KIND_UNKN || !strcmp(type_name, "void") ? 0 : find(btf, type_name, kind);
}

enum btf_endianness btf__endianness(const struct btf *btf)
{
	return btf->big_endian ? BTF_BIG_ENDIAN : BTF_LITTLE_ENDIAN;
}

int btf__set_endianness(struct btf *btf, enum btf_endianness endian)
{
	int result;

	if (endian != BTF_LITTLE_ENDIAN && endian != BTF_BIG_ENDIAN)
		return wb_fail(EINVAL);
	if (endian == btf__endianness(btf))
		return 0;
	result = wb_btf_begin_write(btf);
	if (result)
		return wb_fail(-result);
	btf->big_endian = endian == BTF_BIG_ENDIAN;
	return 0;
}

int btf__fd(const struct btf *btf)
{
	return btf->fd;
}

void btf__set_fd(struct btf *btf, int fd)
{
	btf->fd = fd;
}
