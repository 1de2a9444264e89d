/* Filters of traffic control. What a query finds is written to the options. */
#include "internal.h"
#include "opts.h"
#include <bpf/libbpf.h>

static int request(int operation, const struct bpf_tc_hook *hook, struct bpf_tc_opts *opts)
{
	struct wb_tc req = {
		.size = sizeof(req),
		.interface = WB_OPTS_GET(hook, ifindex, 0),
		.attach_point = WB_OPTS_GET(hook, attach_point, 0),
		.parent = WB_OPTS_GET(hook, parent, 0),
		.qdisc_at = wb_address(WB_OPTS_GET(hook, qdisc, NULL)),
		.handle = opts ? WB_OPTS_GET(opts, handle, 0) : WB_OPTS_GET(hook, handle, 0),
		.priority = WB_OPTS_GET(opts, priority, 0),
		.fd = WB_OPTS_GET(opts, prog_fd, 0),
		.flags = WB_OPTS_GET(opts, flags, 0),
	};
	int error;

	if (req.interface <= 0 || req.priority > UINT16_MAX)
		return wb_fail(EINVAL);
	error = wb_result(wb_tc(operation, wb_address(&req)));
	if (!error && (operation == WB_TC_ATTACH || operation == WB_TC_QUERY)) {
		WB_OPTS_SET(opts, prog_id, req.program_id);
		WB_OPTS_SET(opts, handle, req.handle);
		WB_OPTS_SET(opts, priority, req.priority);
	}
	return error;
}

int bpf_tc_hook_create(struct bpf_tc_hook *hook)
{
	return hook && WB_OPTS_VALID(hook, bpf_tc_hook) ? request(WB_TC_CREATE, hook, NULL) : wb_fail(EINVAL);
}

int bpf_tc_hook_destroy(struct bpf_tc_hook *hook)
{
	return hook && WB_OPTS_VALID(hook, bpf_tc_hook) ? request(WB_TC_DESTROY, hook, NULL) : wb_fail(EINVAL);
}

static bool valid(const struct bpf_tc_hook *hook, const struct bpf_tc_opts *opts)
{
	return hook && opts && WB_OPTS_VALID(hook, bpf_tc_hook) && WB_OPTS_VALID(opts, bpf_tc_opts) &&
	       !WB_OPTS_GET(opts, prog_id, 0);
}

int bpf_tc_attach(const struct bpf_tc_hook *hook, struct bpf_tc_opts *opts)
{
	if (!valid(hook, opts) || !WB_OPTS_GET(opts, prog_fd, 0) || (WB_OPTS_GET(opts, flags, 0) & ~BPF_TC_F_REPLACE))
		return wb_fail(EINVAL);
	return request(WB_TC_ATTACH, hook, opts);
}

/* A filter is found by handle and priority. */
static bool names_filter(const struct bpf_tc_opts *opts)
{
	return WB_OPTS_GET(opts, handle, 0) && WB_OPTS_GET(opts, priority, 0) && !WB_OPTS_GET(opts, prog_fd, 0) &&
	       !WB_OPTS_GET(opts, flags, 0);
}

int bpf_tc_detach(const struct bpf_tc_hook *hook, const struct bpf_tc_opts *opts)
{
	if (!valid(hook, opts) || !names_filter(opts))
		return wb_fail(EINVAL);
	return request(WB_TC_DETACH, hook, (struct bpf_tc_opts *)opts);
}

int bpf_tc_query(const struct bpf_tc_hook *hook, struct bpf_tc_opts *opts)
{
	return valid(hook, opts) && names_filter(opts) ? request(WB_TC_QUERY, hook, opts) : wb_fail(EINVAL);
}
