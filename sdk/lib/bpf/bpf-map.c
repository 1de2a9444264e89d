/* Maps and their elements by descriptor. */
#include <bpf/bpf.h>
#include <string.h>

#include "internal.h"
#include "names.h"
#include "opts.h"

int bpf_map_create(enum bpf_map_type map_type, const char *map_name, __u32 key_size, __u32 value_size,
		   __u32 max_entries, const struct bpf_map_create_opts *opts)
{
	struct bpf_log_opts *log;
	char name[BPF_OBJ_NAME_LEN];
	struct wb_map_create req = {
		.size = sizeof(req),
		.type = map_type,
		.name_at = wb_kernel_name(name, map_name),
		.key_size = key_size,
		.value_size = value_size,
		.max_entries = max_entries,
	};

	if (!WB_OPTS_VALID(opts, bpf_map_create_opts))
		return wb_result(-EINVAL);
	log = WB_OPTS_GET(opts, log_opts, NULL);
	if (!WB_OPTS_VALID(log, bpf_log_opts))
		return wb_result(-EINVAL);

	req.btf_fd = WB_OPTS_GET(opts, btf_fd, 0);
	req.key_type_id = WB_OPTS_GET(opts, btf_key_type_id, 0);
	req.value_type_id = WB_OPTS_GET(opts, btf_value_type_id, 0);
	req.vmlinux_value_type_id = WB_OPTS_GET(opts, btf_vmlinux_value_type_id, 0);
	req.value_type_btf_fd = WB_OPTS_GET(opts, value_type_btf_obj_fd, 0);
	req.inner_map_fd = WB_OPTS_GET(opts, inner_map_fd, 0);
	req.map_flags = WB_OPTS_GET(opts, map_flags, 0);
	req.map_extra = WB_OPTS_GET(opts, map_extra, 0);
	req.numa_node = WB_OPTS_GET(opts, numa_node, 0);
	req.ifindex = WB_OPTS_GET(opts, map_ifindex, 0);
	req.token_fd = WB_OPTS_GET(opts, token_fd, 0);
	req.exclusive_hash_at = wb_address(WB_OPTS_GET(opts, excl_prog_hash, NULL));
	req.exclusive_hash_size = WB_OPTS_GET(opts, excl_prog_hash_size, 0);
	WB_OPTS_SET(log, true_size, 0); /* as with kernels that have no log for maps */
	return wb_result(wb_map_create(wb_address(&req)));
}

int bpf_map_update_elem(int fd, const void *key, const void *value, __u64 flags)
{
	return wb_result(wb_map_update(fd, wb_address(key), wb_address(value), wb_low(flags), wb_high(flags)));
}

int bpf_map_lookup_elem(int fd, const void *key, void *value)
{
	return wb_result(wb_map_lookup(fd, wb_address(key), wb_address(value), 0, 0));
}

int bpf_map_lookup_elem_flags(int fd, const void *key, void *value, __u64 flags)
{
	return wb_result(wb_map_lookup(fd, wb_address(key), wb_address(value), wb_low(flags), wb_high(flags)));
}

int bpf_map_lookup_and_delete_elem(int fd, const void *key, void *value)
{
	return wb_result(wb_map_take(fd, wb_address(key), wb_address(value), 0, 0));
}

int bpf_map_lookup_and_delete_elem_flags(int fd, const void *key, void *value, __u64 flags)
{
	return wb_result(wb_map_take(fd, wb_address(key), wb_address(value), wb_low(flags), wb_high(flags)));
}

int bpf_map_delete_elem(int fd, const void *key)
{
	return wb_result(wb_map_delete(fd, wb_address(key), 0, 0));
}

int bpf_map_delete_elem_flags(int fd, const void *key, __u64 flags)
{
	return wb_result(wb_map_delete(fd, wb_address(key), wb_low(flags), wb_high(flags)));
}

int bpf_map_get_next_key(int fd, const void *key, void *next_key)
{
	return wb_result(wb_map_next_key(fd, wb_address(key), wb_address(next_key)));
}

int bpf_map_freeze(int fd)
{
	return wb_result(wb_map_freeze(fd));
}
