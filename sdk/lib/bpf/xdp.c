/* Programs of interfaces without a link. */
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include "internal.h"
#include "opts.h"

static int attach(int operation, int ifindex, int fd, __u32 flags, const struct bpf_xdp_attach_opts *opts)
{
	int old_fd = WB_OPTS_GET(opts, old_prog_fd, 0);
	struct wb_xdp req = {
		.size = sizeof(req),
		.interface = ifindex,
		.fd = fd,
		.flags = flags | (old_fd ? XDP_FLAGS_REPLACE : 0),
		.old_fd = old_fd ? old_fd : -1,
	};

	if (!WB_OPTS_VALID(opts, bpf_xdp_attach_opts))
		return wb_fail(EINVAL);
	return wb_result(wb_xdp(operation, wb_address(&req)));
}

int bpf_xdp_attach(int ifindex, int prog_fd, __u32 flags, const struct bpf_xdp_attach_opts *opts)
{
	return attach(WB_XDP_ATTACH, ifindex, prog_fd, flags, opts);
}

int bpf_xdp_detach(int ifindex, __u32 flags, const struct bpf_xdp_attach_opts *opts)
{
	return attach(WB_XDP_DETACH, ifindex, -1, flags, opts);
}

int bpf_xdp_query(int ifindex, int flags, struct bpf_xdp_query_opts *opts)
{
	struct wb_xdp req = { .size = sizeof(req), .interface = ifindex, .fd = -1, .old_fd = -1, .flags = flags };
	int modes = flags & XDP_FLAGS_MODES, error;

	if (!WB_OPTS_VALID(opts, bpf_xdp_query_opts) || (flags & ~XDP_FLAGS_MASK) || (modes & (modes - 1)))
		return wb_fail(EINVAL);
	error = wb_result(wb_xdp(WB_XDP_QUERY, wb_address(&req)));
	if (error)
		return error;
	WB_OPTS_SET(opts, prog_id, req.program_id);
	WB_OPTS_SET(opts, drv_prog_id, req.drv_id);
	WB_OPTS_SET(opts, hw_prog_id, req.hw_id);
	WB_OPTS_SET(opts, skb_prog_id, req.skb_id);
	WB_OPTS_SET(opts, attach_mode, req.attach_mode);
	WB_OPTS_SET(opts, feature_flags, req.feature_flags);
	return 0;
}

int bpf_xdp_query_id(int ifindex, int flags, __u32 *prog_id)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, opts);
	int error = bpf_xdp_query(ifindex, flags, &opts);

	if (error)
		return error;
	flags &= XDP_FLAGS_MODES;
	if (opts.attach_mode != XDP_ATTACHED_MULTI && !flags)
		*prog_id = opts.prog_id;
	else if (flags & XDP_FLAGS_DRV_MODE)
		*prog_id = opts.drv_prog_id;
	else if (flags & XDP_FLAGS_HW_MODE)
		*prog_id = opts.hw_prog_id;
	else
		*prog_id = flags & XDP_FLAGS_SKB_MODE ? opts.skb_prog_id : 0;
	return 0;
}
