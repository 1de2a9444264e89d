/* Objects of the kernel by path and id, and what it says about them. */
#include <bpf/bpf.h>

#include "internal.h"
#include "opts.h"

int bpf_obj_pin_opts(int fd, const char *pathname, const struct bpf_obj_pin_opts *opts)
{
	if (!WB_OPTS_VALID(opts, bpf_obj_pin_opts))
		return wb_result(-EINVAL);
	return wb_result(wb_kernel_pin(fd, wb_address(pathname), WB_OPTS_GET(opts, file_flags, 0),
				       WB_OPTS_GET(opts, path_fd, 0)));
}

int bpf_obj_pin(int fd, const char *pathname)
{
	return bpf_obj_pin_opts(fd, pathname, NULL);
}

int bpf_obj_get_opts(const char *pathname, const struct bpf_obj_get_opts *opts)
{
	if (!WB_OPTS_VALID(opts, bpf_obj_get_opts))
		return wb_result(-EINVAL);
	return wb_result(wb_kernel_get(wb_address(pathname), WB_OPTS_GET(opts, file_flags, 0),
				       WB_OPTS_GET(opts, path_fd, 0)));
}

int bpf_obj_get(const char *pathname)
{
	return bpf_obj_get_opts(pathname, NULL);
}

int bpf_prog_get_next_id(__u32 start_id, __u32 *next_id)
{
	return wb_result(wb_kernel_next_id(WB_KERNEL_PROGRAM, start_id, wb_address(next_id)));
}

int bpf_map_get_next_id(__u32 start_id, __u32 *next_id)
{
	return wb_result(wb_kernel_next_id(WB_KERNEL_MAP, start_id, wb_address(next_id)));
}

int bpf_btf_get_next_id(__u32 start_id, __u32 *next_id)
{
	return wb_result(wb_kernel_next_id(WB_KERNEL_BTF, start_id, wb_address(next_id)));
}

int bpf_link_get_next_id(__u32 start_id, __u32 *next_id)
{
	return wb_result(wb_kernel_next_id(WB_KERNEL_LINK, start_id, wb_address(next_id)));
}

static int open_id(int kind, __u32 id, const struct bpf_get_fd_by_id_opts *opts)
{
	if (!WB_OPTS_VALID(opts, bpf_get_fd_by_id_opts))
		return wb_result(-EINVAL);
	return wb_result(wb_kernel_open_id(kind, id, WB_OPTS_GET(opts, open_flags, 0)));
}

int bpf_prog_get_fd_by_id_opts(__u32 id, const struct bpf_get_fd_by_id_opts *opts)
{
	return open_id(WB_KERNEL_PROGRAM, id, opts);
}

int bpf_prog_get_fd_by_id(__u32 id)
{
	return open_id(WB_KERNEL_PROGRAM, id, NULL);
}

int bpf_map_get_fd_by_id_opts(__u32 id, const struct bpf_get_fd_by_id_opts *opts)
{
	return open_id(WB_KERNEL_MAP, id, opts);
}

int bpf_map_get_fd_by_id(__u32 id)
{
	return open_id(WB_KERNEL_MAP, id, NULL);
}

int bpf_btf_get_fd_by_id_opts(__u32 id, const struct bpf_get_fd_by_id_opts *opts)
{
	return open_id(WB_KERNEL_BTF, id, opts);
}

int bpf_btf_get_fd_by_id(__u32 id)
{
	return open_id(WB_KERNEL_BTF, id, NULL);
}

int bpf_link_get_fd_by_id_opts(__u32 id, const struct bpf_get_fd_by_id_opts *opts)
{
	return open_id(WB_KERNEL_LINK, id, opts);
}

int bpf_link_get_fd_by_id(__u32 id)
{
	return open_id(WB_KERNEL_LINK, id, NULL);
}

int bpf_obj_get_info_by_fd(int bpf_fd, void *info, __u32 *info_len)
{
	int result = wb_result(wb_kernel_info(bpf_fd, wb_address(info), *info_len));

	if (result < 0)
		return result;
	*info_len = result;
	return 0;
}

int bpf_prog_get_info_by_fd(int prog_fd, struct bpf_prog_info *info, __u32 *info_len)
{
	return bpf_obj_get_info_by_fd(prog_fd, info, info_len);
}

int bpf_map_get_info_by_fd(int map_fd, struct bpf_map_info *info, __u32 *info_len)
{
	return bpf_obj_get_info_by_fd(map_fd, info, info_len);
}

int bpf_btf_get_info_by_fd(int btf_fd, struct bpf_btf_info *info, __u32 *info_len)
{
	return bpf_obj_get_info_by_fd(btf_fd, info, info_len);
}

int bpf_link_get_info_by_fd(int link_fd, struct bpf_link_info *info, __u32 *info_len)
{
	return bpf_obj_get_info_by_fd(link_fd, info, info_len);
}

int bpf_task_fd_query(int pid, int fd, __u32 flags, char *buf, __u32 *buf_len, __u32 *prog_id, __u32 *fd_type,
		      __u64 *probe_offset, __u64 *probe_addr)
{
	struct wb_task_query query = { 0 };
	__u32 room = *buf_len;
	int result;

	if (flags)
		return wb_result(-EINVAL);
	result = wb_kernel_task_query(pid, fd, wb_address(&query), wb_address(buf), room);
	*prog_id = query.program_id;
	*fd_type = query.type;
	*probe_offset = query.offset;
	*probe_addr = query.address;
	if (result < 0)
		return wb_result(result);
	*buf_len = result;
	/* The kernel wants room for the NUL, too, which it does not count. */
	return room && room <= (__u32)result ? wb_result(-ENOSPC) : 0;
}

int bpf_enable_stats(enum bpf_stats_type type)
{
	return wb_result(wb_kernel_stats(type));
}

int bpf_token_create(int bpffs_fd, struct bpf_token_create_opts *opts)
{
	if (!WB_OPTS_VALID(opts, bpf_token_create_opts))
		return wb_result(-EINVAL);
	return wb_result(wb_kernel_token(bpffs_fd, WB_OPTS_GET(opts, flags, 0)));
}
