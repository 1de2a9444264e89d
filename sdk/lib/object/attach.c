/* Attaching programs: one request to the host for each hook. */
#include <bpf/bpf.h>
#include <stdlib.h>
#include "object-internal.h"

/* What libbpf says of a program that was not loaded depends on the hook. */
static const char without_fd[] = "libbpf: prog '%s': can't attach BPF program without FD (was it loaded?)\n";
static const char before_load[] = "libbpf: prog '%s': can't attach before loaded\n";

static bool loaded(const struct bpf_program *prog, const char *not_loaded)
{
	if (bpf_program__fd(prog) >= 0)
		return true;
	wb_print(LIBBPF_WARN, not_loaded, prog->name);
	return false;
}

/* To what needs no event: that is made before anybody looks at the program, see attach_event(). */
static struct bpf_link *attach(const struct bpf_program *prog, const char *not_loaded, struct wb_link_attach *req)
{
	return loaded(prog, not_loaded) ? wb_link_attach_new(prog->obj, prog->index, req) : wb_null(EINVAL);
}

static struct bpf_link *attach_event(const struct bpf_program *prog, struct wb_link_attach *req)
{
	return wb_link_attach_new(prog->obj, prog->index, req);
}

struct bpf_link *bpf_program__attach(const struct bpf_program *prog)
{
	struct wb_link_attach req = { .hook = WB_HOOK_SECTION };
	struct bpf_link *link = NULL;
	int error;

	if (!prog->handler) {
		/* NB: without the flag, the host still tells a program that was not loaded from one that has no place. */
		return prog->retyped ? wb_null(EOPNOTSUPP) : wb_link_attach_new(prog->obj, prog->index, &req);
	}
	if (!prog->handler->attach)
		return wb_null(EOPNOTSUPP);
	if (!loaded(prog, without_fd))
		return wb_null(EINVAL);
	error = prog->handler->attach(prog, prog->handler->cookie, &link);
	return error ? wb_null(error) : link ? link : wb_null(EOPNOTSUPP);
}

/* --- Tracepoints --- */

struct bpf_link *bpf_program__attach_tracepoint_opts(const struct bpf_program *prog, const char *tp_category,
						     const char *tp_name, const struct bpf_tracepoint_opts *opts)
{
	struct wb_link_attach req = {
		.hook = WB_HOOK_TRACEPOINT,
		.name1_at = wb_address(tp_category),
		.name2_at = wb_address(tp_name),
		.cookie = WB_OPTS_GET(opts, bpf_cookie, 0),
	};

	return WB_OPTS_VALID(opts, bpf_tracepoint_opts) ? attach_event(prog, &req) : wb_null(EINVAL);
}

struct bpf_link *bpf_program__attach_tracepoint(const struct bpf_program *prog, const char *tp_category,
						const char *tp_name)
{
	return bpf_program__attach_tracepoint_opts(prog, tp_category, tp_name, NULL);
}

struct bpf_link *bpf_program__attach_raw_tracepoint_opts(const struct bpf_program *prog, const char *tp_name,
							 struct bpf_raw_tracepoint_opts *opts)
{
	struct wb_link_attach req = {
		.hook = WB_HOOK_RAW_TRACEPOINT,
		.name1_at = wb_address(tp_name),
		.cookie = WB_OPTS_GET(opts, cookie, 0),
	};

	return WB_OPTS_VALID(opts, bpf_raw_tracepoint_opts) ? attach(prog, before_load, &req) : wb_null(EINVAL);
}

struct bpf_link *bpf_program__attach_raw_tracepoint(const struct bpf_program *prog, const char *tp_name)
{
	return bpf_program__attach_raw_tracepoint_opts(prog, tp_name, NULL);
}

/* --- Kernel functions --- */

struct bpf_link *bpf_program__attach_kprobe_opts(const struct bpf_program *prog, const char *func_name,
						 const struct bpf_kprobe_opts *opts)
{
	struct wb_link_attach req = {
		.hook = WB_HOOK_KPROBE,
		.flags = WB_OPTS_GET(opts, retprobe, false) ? WB_LINK_RETURN : 0,
		.name1_at = wb_address(func_name),
		.offset = WB_OPTS_GET(opts, offset, 0),
		.cookie = WB_OPTS_GET(opts, bpf_cookie, 0),
		.attach_mode = WB_OPTS_GET(opts, attach_mode, PROBE_ATTACH_MODE_DEFAULT),
	};

	return WB_OPTS_VALID(opts, bpf_kprobe_opts) ? attach_event(prog, &req) : wb_null(EINVAL);
}

struct bpf_link *bpf_program__attach_kprobe(const struct bpf_program *prog, bool retprobe, const char *func_name)
{
	LIBBPF_OPTS(bpf_kprobe_opts, opts, .retprobe = retprobe);

	return bpf_program__attach_kprobe_opts(prog, func_name, &opts);
}

struct bpf_link *bpf_program__attach_ksyscall(const struct bpf_program *prog, const char *syscall_name,
					      const struct bpf_ksyscall_opts *opts)
{
	struct wb_link_attach req = {
		.hook = WB_HOOK_SYSCALL,
		.flags = WB_OPTS_GET(opts, retprobe, false) ? WB_LINK_RETURN : 0,
		.name1_at = wb_address(syscall_name),
		.cookie = WB_OPTS_GET(opts, bpf_cookie, 0),
	};

	return WB_OPTS_VALID(opts, bpf_ksyscall_opts) ? attach_event(prog, &req) : wb_null(EINVAL);
}

struct bpf_link *bpf_program__attach_trace_opts(const struct bpf_program *prog, const struct bpf_trace_opts *opts)
{
	struct wb_link_attach req = { .hook = WB_HOOK_TRACE, .cookie = WB_OPTS_GET(opts, cookie, 0) };

	return WB_OPTS_VALID(opts, bpf_trace_opts) ? attach(prog, before_load, &req) : wb_null(EINVAL);
}

struct bpf_link *bpf_program__attach_trace(const struct bpf_program *prog)
{
	return bpf_program__attach_trace_opts(prog, NULL);
}

struct bpf_link *bpf_program__attach_lsm(const struct bpf_program *prog)
{
	struct wb_link_attach req = { .hook = WB_HOOK_LSM };

	return attach(prog, before_load, &req);
}

/* --- Functions of programs in user space --- */

/* pid 0 is this process, which in a guest is the host's; -1 is all, for many functions every negative one. */
static void set_process(struct wb_link_attach *req, pid_t pid)
{
	req->target = pid;
	if (pid == -1)
		req->flags |= WB_LINK_ALL_PROCESSES;
}

struct bpf_link *bpf_program__attach_uprobe_opts(const struct bpf_program *prog, pid_t pid, const char *binary_path,
						 size_t func_offset, const struct bpf_uprobe_opts *opts)
{
	struct wb_link_attach req = {
		.hook = WB_HOOK_UPROBE,
		.flags = WB_OPTS_GET(opts, retprobe, false) ? WB_LINK_RETURN : 0,
		.name1_at = wb_address(binary_path),
		.name2_at = wb_address(WB_OPTS_GET(opts, func_name, NULL)),
		.offset = func_offset,
		.reference_counter = WB_OPTS_GET(opts, ref_ctr_offset, 0),
		.cookie = WB_OPTS_GET(opts, bpf_cookie, 0),
		.attach_mode = WB_OPTS_GET(opts, attach_mode, PROBE_ATTACH_MODE_DEFAULT),
	};

	if (!WB_OPTS_VALID(opts, bpf_uprobe_opts) || !binary_path)
		return wb_null(EINVAL);
	set_process(&req, pid);
	return attach_event(prog, &req);
}

struct bpf_link *bpf_program__attach_uprobe(const struct bpf_program *prog, bool retprobe, pid_t pid,
					    const char *binary_path, size_t func_offset)
{
	LIBBPF_OPTS(bpf_uprobe_opts, opts, .retprobe = retprobe);

	return bpf_program__attach_uprobe_opts(prog, pid, binary_path, func_offset, &opts);
}

struct bpf_link *bpf_program__attach_usdt(const struct bpf_program *prog, pid_t pid, const char *binary_path,
					  const char *usdt_provider, const char *usdt_name,
					  const struct bpf_usdt_opts *opts)
{
	struct wb_link_attach req = {
		.hook = WB_HOOK_USDT,
		.name1_at = wb_address(binary_path),
		.name2_at = wb_address(usdt_provider),
		.name3_at = wb_address(usdt_name),
		.cookie = WB_OPTS_GET(opts, usdt_cookie, 0),
	};

	/* NB: libbpf takes the options for those of another function. */
	if (!WB_OPTS_VALID(opts, bpf_uprobe_opts) || !loaded(prog, without_fd) || !binary_path)
		return wb_null(EINVAL);
	set_process(&req, pid);
	return attach_event(prog, &req);
}

/* --- Many functions at once --- */

/* Attaches with names for the host: pointers have 32 bits there. */
static struct bpf_link *attach_symbols(const struct bpf_program *prog, const char **symbols, size_t count,
				       struct wb_link_attach *req)
{
	struct bpf_link *link;
	uint32_t *addresses = NULL;
	int error;

	req->count = count;
	if (symbols) {
		addresses = count <= 1 << 20 ? malloc(count * sizeof(*addresses) + 1) : NULL;
		if (!addresses)
			return wb_null(ENOMEM);
		for (size_t i = 0; i < count; i++)
			addresses[i] = wb_address(symbols[i]);
		req->symbols_at = wb_address(addresses);
	}
	link = wb_link_attach_new(prog->obj, prog->index, req);
	error = errno;
	free(addresses);
	errno = error;
	return link;
}

struct bpf_link *bpf_program__attach_kprobe_multi_opts(const struct bpf_program *prog, const char *pattern,
						       const struct bpf_kprobe_multi_opts *opts)
{
	const char **symbols = WB_OPTS_GET(opts, syms, NULL);
	const unsigned long *addresses = WB_OPTS_GET(opts, addrs, NULL);
	const __u64 *cookies = WB_OPTS_GET(opts, cookies, NULL);
	size_t count = WB_OPTS_GET(opts, cnt, 0);
	bool retprobe = WB_OPTS_GET(opts, retprobe, false), session = WB_OPTS_GET(opts, session, false);
	bool unique = WB_OPTS_GET(opts, unique_match, false);
	struct wb_link_attach req = {
		.hook = WB_HOOK_KPROBE_MULTI,
		.flags = (retprobe ? WB_LINK_RETURN : 0) | (session ? WB_LINK_SESSION : 0) |
			 (unique ? WB_LINK_UNIQUE : 0),
		.name1_at = wb_address(pattern),
		.addresses_at = wb_address(addresses),
		.cookies_at = wb_address(cookies),
	};

	/* NB: for a pattern the host looks at `retprobe` and `session`, after it has looked for functions. */
	if (!WB_OPTS_VALID(opts, bpf_kprobe_multi_opts) || !loaded(prog, without_fd) ||
	    (!pattern && retprobe && session) ||
	    (pattern ? addresses || symbols || cookies || count : !addresses == !symbols || !count || unique))
		return wb_null(EINVAL);
	return attach_symbols(prog, symbols, count, &req);
}

struct bpf_link *bpf_program__attach_uprobe_multi(const struct bpf_program *prog, pid_t pid, const char *binary_path,
						  const char *func_pattern, const struct bpf_uprobe_multi_opts *opts)
{
	const char **symbols = WB_OPTS_GET(opts, syms, NULL);
	const unsigned long *offsets = WB_OPTS_GET(opts, offsets, NULL);
	const unsigned long *counters = WB_OPTS_GET(opts, ref_ctr_offsets, NULL);
	const __u64 *cookies = WB_OPTS_GET(opts, cookies, NULL);
	size_t count = WB_OPTS_GET(opts, cnt, 0);
	bool retprobe = WB_OPTS_GET(opts, retprobe, false), session = WB_OPTS_GET(opts, session, false);
	struct wb_link_attach req = {
		.hook = WB_HOOK_UPROBE_MULTI,
		.flags = (retprobe ? WB_LINK_RETURN : 0) | (session ? WB_LINK_SESSION : 0),
		.name1_at = wb_address(binary_path),
		.name2_at = wb_address(func_pattern),
		.offsets_at = wb_address(offsets),
		.counters_at = wb_address(counters),
		.cookies_at = wb_address(cookies),
	};

	if (!WB_OPTS_VALID(opts, bpf_uprobe_multi_opts) || !loaded(prog, without_fd) || !binary_path || (retprobe && session) ||
	    (func_pattern ? symbols || offsets || counters || cookies || count : !symbols == !offsets || !count))
		return wb_null(EINVAL);
	set_process(&req, pid);
	return attach_symbols(prog, symbols, count, &req);
}

struct bpf_link *bpf_program__attach_tracing_multi(const struct bpf_program *prog, const char *pattern,
						   const struct bpf_tracing_multi_opts *opts)
{
	const __u32 *ids = WB_OPTS_GET(opts, ids, NULL);
	const __u64 *cookies = WB_OPTS_GET(opts, cookies, NULL);
	size_t count = WB_OPTS_GET(opts, cnt, 0);
	struct wb_link_attach req = {
		.hook = WB_HOOK_TRACING_MULTI,
		.name1_at = wb_address(pattern),
		.count = count,
		.symbols_at = wb_address(ids),
		.cookies_at = wb_address(cookies),
	};

	if (!WB_OPTS_VALID(opts, bpf_tracing_multi_opts) || !loaded(prog, without_fd) ||
	    (pattern ? ids || cookies || count : !ids || !count))
		return wb_null(EINVAL);
	return wb_link_attach_new(prog->obj, prog->index, &req);
}

/* --- Perf events --- */

struct bpf_link *bpf_program__attach_perf_event_opts(const struct bpf_program *prog, int pfd,
						     const struct bpf_perf_event_opts *opts)
{
	struct bpf_link *link;
	struct wb_link_attach req = {
		.hook = WB_HOOK_PERF_EVENT,
		.flags = (WB_OPTS_GET(opts, force_ioctl_attach, false) ? WB_LINK_LEGACY : 0) |
			 (WB_OPTS_GET(opts, dont_enable, false) ? WB_LINK_DISABLED : 0),
		.target = pfd,
		.cookie = WB_OPTS_GET(opts, bpf_cookie, 0),
	};

	if (!WB_OPTS_VALID(opts, bpf_perf_event_opts))
		return wb_null(EINVAL);
	if (pfd < 0) {
		wb_warn("prog '%s': invalid perf event FD %d\n", prog->name, pfd);
		return wb_null(EINVAL);
	}
	link = attach(prog, without_fd, &req);
	if (link && link->fd != pfd)
		link->event_fd = pfd;
	return link;
}

struct bpf_link *bpf_program__attach_perf_event(const struct bpf_program *prog, int pfd)
{
	return bpf_program__attach_perf_event_opts(prog, pfd, NULL);
}

/* --- Groups, namespaces, sockets, interfaces --- */

static struct bpf_link *attach_to(const struct bpf_program *prog, uint32_t hook, int target)
{
	struct wb_link_attach req = { .hook = hook, .target = target };

	return attach(prog, before_load, &req);
}

struct bpf_link *bpf_program__attach_cgroup(const struct bpf_program *prog, int cgroup_fd)
{
	return attach_to(prog, WB_HOOK_CGROUP, cgroup_fd);
}

struct bpf_link *bpf_program__attach_netns(const struct bpf_program *prog, int netns_fd)
{
	return attach_to(prog, WB_HOOK_NETNS, netns_fd);
}

struct bpf_link *bpf_program__attach_sockmap(const struct bpf_program *prog, int map_fd)
{
	return attach_to(prog, WB_HOOK_SOCKMAP, map_fd);
}

struct bpf_link *bpf_program__attach_xdp(const struct bpf_program *prog, int ifindex)
{
	return attach_to(prog, WB_HOOK_XDP, ifindex);
}

/* Attaches to what has several programs in an order. */
static struct bpf_link *attach_in_order(const struct bpf_program *prog, struct wb_link_attach *req)
{
	if (!req->target && req->hook != WB_HOOK_CGROUP) {
		wb_warn("prog '%s': target netdevice ifindex cannot be zero\n", prog->name);
		return wb_null(EINVAL);
	}
	if (req->relative_fd && req->relative_id) {
		wb_warn("prog '%s': relative_fd and relative_id cannot be set at the same time\n", prog->name);
		return wb_null(EINVAL);
	}
	return attach(prog, before_load, req);
}

#define ORDERED(HOOK, TARGET, opts)                                              \
	{                                                                        \
		.hook = HOOK, .target = TARGET,                                  \
		.kernel_flags = WB_OPTS_GET(opts, flags, 0),                     \
		.relative_fd = WB_OPTS_GET(opts, relative_fd, 0),                \
		.relative_id = WB_OPTS_GET(opts, relative_id, 0),                \
		.expected_revision = WB_OPTS_GET(opts, expected_revision, 0),    \
	}

struct bpf_link *bpf_program__attach_cgroup_opts(const struct bpf_program *prog, int cgroup_fd,
						 const struct bpf_cgroup_opts *opts)
{
	struct wb_link_attach req = ORDERED(WB_HOOK_CGROUP, cgroup_fd, opts);

	return WB_OPTS_VALID(opts, bpf_cgroup_opts) ? attach_in_order(prog, &req) : wb_null(EINVAL);
}

struct bpf_link *bpf_program__attach_tcx(const struct bpf_program *prog, int ifindex, const struct bpf_tcx_opts *opts)
{
	struct wb_link_attach req = ORDERED(WB_HOOK_TCX, ifindex, opts);

	return WB_OPTS_VALID(opts, bpf_tcx_opts) ? attach_in_order(prog, &req) : wb_null(EINVAL);
}

struct bpf_link *bpf_program__attach_netkit(const struct bpf_program *prog, int ifindex,
					    const struct bpf_netkit_opts *opts)
{
	struct wb_link_attach req = ORDERED(WB_HOOK_NETKIT, ifindex, opts);

	return WB_OPTS_VALID(opts, bpf_netkit_opts) ? attach_in_order(prog, &req) : wb_null(EINVAL);
}

struct bpf_link *bpf_program__attach_netfilter(const struct bpf_program *prog, const struct bpf_netfilter_opts *opts)
{
	struct wb_link_attach req = {
		.hook = WB_HOOK_NETFILTER,
		.family = WB_OPTS_GET(opts, pf, 0),
		.hook_number = WB_OPTS_GET(opts, hooknum, 0),
		.priority = WB_OPTS_GET(opts, priority, 0),
		.kernel_flags = WB_OPTS_GET(opts, flags, 0),
	};

	return WB_OPTS_VALID(opts, bpf_netfilter_opts) ? attach(prog, before_load, &req) : wb_null(EINVAL);
}

/* --- Programs, iterators --- */

struct bpf_link *bpf_program__attach_freplace(const struct bpf_program *prog, int target_fd,
					      const char *attach_func_name)
{
	struct wb_link_attach req = {
		.hook = WB_HOOK_FREPLACE,
		.target = target_fd,
		.name1_at = wb_address(attach_func_name),
	};

	if (!target_fd != !attach_func_name) {
		wb_warn("prog '%s': supply none or both of target_fd and attach_func_name\n", prog->name);
		return wb_null(EINVAL);
	}
	if (prog->info.type != BPF_PROG_TYPE_EXT) {
		wb_warn("prog '%s': only BPF_PROG_TYPE_EXT can attach as freplace\n", prog->name);
		return wb_null(EINVAL);
	}
	return target_fd ? attach(prog, before_load, &req) : bpf_program__attach_trace(prog);
}

struct bpf_link *bpf_program__attach_iter(const struct bpf_program *prog, const struct bpf_iter_attach_opts *opts)
{
	struct wb_link_attach req = {
		.hook = WB_HOOK_ITERATOR,
		.iterator_at = wb_address(WB_OPTS_GET(opts, link_info, NULL)),
		.iterator_size = WB_OPTS_GET(opts, link_info_len, 0),
	};

	if (!WB_OPTS_VALID(opts, bpf_iter_attach_opts) || !loaded(prog, before_load))
		return wb_null(EINVAL);
	if (!req.iterator_at != !req.iterator_size) {
		wb_warn("prog '%s': failed to attach to iterator: %s\n", prog->name, wb_error_name(EINVAL));
		return wb_null(EINVAL);
	}
	return wb_link_attach_new(prog->obj, prog->index, &req);
}
