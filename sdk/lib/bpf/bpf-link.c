/* Links by descriptor. */
#include <bpf/bpf.h>
#include <stdlib.h>

#include "addresses.h"
#include "internal.h"
#include "opts.h"

/* The members of `opts` for hooks that have an order among programs; -EINVAL when they contradict each other. */
#define RELATIVE(req, opts, KIND) \
	({ \
		(req)->relative_fd = WB_OPTS_GET(opts, KIND.relative_fd, 0); \
		(req)->relative_id = WB_OPTS_GET(opts, KIND.relative_id, 0); \
		(req)->expected_revision = WB_OPTS_GET(opts, KIND.expected_revision, 0); \
		if ((req)->relative_id) \
			(req)->kernel_flags |= BPF_F_ID; \
		(req)->relative_fd && (req)->relative_id ? -EINVAL : ends_with(opts, KIND); \
	})

#define ends_with(opts, FIELD) (WB_OPTS_ENDS_WITH(opts, FIELD) ? 0 : -EINVAL)

/* Fills the request with what `opts` has for this type of hook. */
static int request(struct wb_link_attach *req, enum bpf_attach_type type, const struct bpf_link_create_opts *opts)
{
	switch (type) {
	case BPF_TRACE_ITER:
		req->iterator_at = wb_address(WB_OPTS_GET(opts, iter_info, NULL));
		req->iterator_size = WB_OPTS_GET(opts, iter_info_len, 0);
		return 0;
	case BPF_PERF_EVENT:
		req->cookie = WB_OPTS_GET(opts, perf_event.bpf_cookie, 0);
		return ends_with(opts, perf_event);
	case BPF_TRACE_KPROBE_MULTI:
	case BPF_TRACE_KPROBE_SESSION:
		req->flags = WB_OPTS_GET(opts, kprobe_multi.flags, 0);
		req->count = WB_OPTS_GET(opts, kprobe_multi.cnt, 0);
		req->addresses_at = wb_address(WB_OPTS_GET(opts, kprobe_multi.addrs, NULL));
		req->cookies_at = wb_address(WB_OPTS_GET(opts, kprobe_multi.cookies, NULL));
		return ends_with(opts, kprobe_multi);
	case BPF_TRACE_UPROBE_MULTI:
	case BPF_TRACE_UPROBE_SESSION:
		req->flags = WB_OPTS_GET(opts, uprobe_multi.flags, 0);
		req->count = WB_OPTS_GET(opts, uprobe_multi.cnt, 0);
		req->name1_at = wb_address(WB_OPTS_GET(opts, uprobe_multi.path, NULL));
		req->offsets_at = wb_address(WB_OPTS_GET(opts, uprobe_multi.offsets, NULL));
		req->counters_at = wb_address(WB_OPTS_GET(opts, uprobe_multi.ref_ctr_offsets, NULL));
		req->cookies_at = wb_address(WB_OPTS_GET(opts, uprobe_multi.cookies, NULL));
		req->target = WB_OPTS_GET(opts, uprobe_multi.pid, 0);
		req->relative_fd = WB_OPTS_GET(opts, uprobe_multi.path_fd, 0);
		return ends_with(opts, uprobe_multi);
	case BPF_TRACE_FENTRY_MULTI:
	case BPF_TRACE_FEXIT_MULTI:
	case BPF_TRACE_FSESSION_MULTI:
		req->symbols_at = wb_address(WB_OPTS_GET(opts, tracing_multi.ids, NULL));
		req->cookies_at = wb_address(WB_OPTS_GET(opts, tracing_multi.cookies, NULL));
		req->count = WB_OPTS_GET(opts, tracing_multi.cnt, 0);
		return ends_with(opts, tracing_multi);
	case BPF_TRACE_RAW_TP:
	case BPF_TRACE_FENTRY:
	case BPF_TRACE_FEXIT:
	case BPF_MODIFY_RETURN:
	case BPF_TRACE_FSESSION:
	case BPF_LSM_MAC:
		req->cookie = WB_OPTS_GET(opts, tracing.cookie, 0);
		return ends_with(opts, tracing);
	case BPF_NETFILTER:
		req->family = WB_OPTS_GET(opts, netfilter.pf, 0);
		req->hook_number = WB_OPTS_GET(opts, netfilter.hooknum, 0);
		req->priority = WB_OPTS_GET(opts, netfilter.priority, 0);
		req->flags = WB_OPTS_GET(opts, netfilter.flags, 0);
		return ends_with(opts, netfilter);
	case BPF_TCX_INGRESS:
	case BPF_TCX_EGRESS:
		return RELATIVE(req, opts, tcx);
	case BPF_NETKIT_PRIMARY:
	case BPF_NETKIT_PEER:
		return RELATIVE(req, opts, netkit);
	case BPF_CGROUP_INET_INGRESS:
	case BPF_CGROUP_INET_EGRESS:
	case BPF_CGROUP_INET_SOCK_CREATE:
	case BPF_CGROUP_INET_SOCK_RELEASE:
	case BPF_CGROUP_INET4_BIND:
	case BPF_CGROUP_INET6_BIND:
	case BPF_CGROUP_INET4_POST_BIND:
	case BPF_CGROUP_INET6_POST_BIND:
	case BPF_CGROUP_INET4_CONNECT:
	case BPF_CGROUP_INET6_CONNECT:
	case BPF_CGROUP_UNIX_CONNECT:
	case BPF_CGROUP_INET4_GETPEERNAME:
	case BPF_CGROUP_INET6_GETPEERNAME:
	case BPF_CGROUP_UNIX_GETPEERNAME:
	case BPF_CGROUP_INET4_GETSOCKNAME:
	case BPF_CGROUP_INET6_GETSOCKNAME:
	case BPF_CGROUP_UNIX_GETSOCKNAME:
	case BPF_CGROUP_UDP4_SENDMSG:
	case BPF_CGROUP_UDP6_SENDMSG:
	case BPF_CGROUP_UNIX_SENDMSG:
	case BPF_CGROUP_UDP4_RECVMSG:
	case BPF_CGROUP_UDP6_RECVMSG:
	case BPF_CGROUP_UNIX_RECVMSG:
	case BPF_CGROUP_SOCK_OPS:
	case BPF_CGROUP_DEVICE:
	case BPF_CGROUP_SYSCTL:
	case BPF_CGROUP_GETSOCKOPT:
	case BPF_CGROUP_SETSOCKOPT:
	case BPF_LSM_CGROUP:
		return RELATIVE(req, opts, cgroup);
	default:
		return ends_with(opts, flags);
	}
}

int bpf_link_create(int prog_fd, int target_fd, enum bpf_attach_type attach_type,
		    const struct bpf_link_create_opts *opts)
{
	struct wb_link_attach req = { .size = sizeof(req) };
	const char **symbols = NULL;
	uint32_t *names = NULL;
	__u32 target_btf_id, iter_info_len;
	int result;

	if (!WB_OPTS_VALID(opts, bpf_link_create_opts))
		return wb_result(-EINVAL);
	target_btf_id = WB_OPTS_GET(opts, target_btf_id, 0);
	iter_info_len = WB_OPTS_GET(opts, iter_info_len, 0);
	if (iter_info_len && target_btf_id)
		return wb_result(-EINVAL);
	if ((iter_info_len || target_btf_id) && !WB_OPTS_ENDS_WITH(opts, target_btf_id))
		return wb_result(-EINVAL);

	req.kernel_flags = WB_OPTS_GET(opts, flags, 0);
	if (target_btf_id) {
		req.target = target_btf_id;
	} else {
		result = request(&req, attach_type, opts);
		if (result)
			return wb_result(result);
		if (attach_type == BPF_TRACE_KPROBE_MULTI || attach_type == BPF_TRACE_KPROBE_SESSION)
			symbols = WB_OPTS_GET(opts, kprobe_multi.syms, NULL);
	}
	if (symbols) {
		names = wb_addresses((const void *const *)symbols, req.count);
		if (!names)
			return wb_result(-ENOMEM);
		req.symbols_at = wb_address(names);
	}
	result = wb_link_create(prog_fd, target_fd, attach_type, wb_address(&req));
	free(names);
	if (result != -EINVAL || target_fd || !WB_OPTS_ENDS_WITH(opts, sz))
		return wb_result(result);

	/* Kernels whose links cannot do this attach such programs as raw tracepoints. */
	switch (attach_type) {
	case BPF_TRACE_RAW_TP:
	case BPF_LSM_MAC:
	case BPF_TRACE_FENTRY:
	case BPF_TRACE_FEXIT:
	case BPF_MODIFY_RETURN:
		return bpf_raw_tracepoint_open(NULL, prog_fd);
	default:
		return wb_result(result);
	}
}

int bpf_link_detach(int link_fd)
{
	return wb_result(wb_link_detach(link_fd));
}

int bpf_link_update(int link_fd, int new_prog_fd, const struct bpf_link_update_opts *opts)
{
	__u32 old_prog, old_map;

	if (!WB_OPTS_VALID(opts, bpf_link_update_opts))
		return wb_result(-EINVAL);
	old_prog = WB_OPTS_GET(opts, old_prog_fd, 0);
	old_map = WB_OPTS_GET(opts, old_map_fd, 0);
	if (old_prog && old_map)
		return wb_result(-EINVAL);
	return wb_result(wb_link_update(link_fd, new_prog_fd, old_prog ? old_prog : old_map,
					WB_OPTS_GET(opts, flags, 0)));
}

int bpf_iter_create(int link_fd)
{
	return wb_result(wb_iter_create(link_fd));
}

int bpf_raw_tracepoint_open_opts(int prog_fd, struct bpf_raw_tp_opts *opts)
{
	struct wb_link_attach req = { .size = sizeof(req), .hook = WB_HOOK_RAW_TRACEPOINT };

	if (!WB_OPTS_VALID(opts, bpf_raw_tp_opts))
		return wb_result(-EINVAL);
	req.name1_at = wb_address(WB_OPTS_GET(opts, tp_name, NULL));
	req.cookie = WB_OPTS_GET(opts, cookie, 0);
	return wb_result(wb_link_create(prog_fd, 0, 0, wb_address(&req)));
}

int bpf_raw_tracepoint_open(const char *name, int prog_fd)
{
	LIBBPF_OPTS(bpf_raw_tp_opts, opts, .tp_name = name);

	return bpf_raw_tracepoint_open_opts(prog_fd, &opts);
}
