/* What the kernel has, and what names stand for. */
#include <bpf/libbpf.h>
#include <string.h>
#include "object-internal.h"

static int probe(int kind, int first, int second, const void *opts)
{
	return opts ? wb_fail(EINVAL) : wb_result(wb_system_probe(kind, first, second));
}

int libbpf_probe_bpf_prog_type(enum bpf_prog_type prog_type, const void *opts)
{
	return probe(WB_PROBE_PROGRAM_TYPE, prog_type, 0, opts);
}

int libbpf_probe_bpf_map_type(enum bpf_map_type map_type, const void *opts)
{
	return probe(WB_PROBE_MAP_TYPE, map_type, 0, opts);
}

int libbpf_probe_bpf_helper(enum bpf_prog_type prog_type, enum bpf_func_id helper_id, const void *opts)
{
	return probe(WB_PROBE_HELPER, prog_type, helper_id, opts);
}

/* The names that libbpf knows, in its order; those with a mark attach by the type that is asked for. */
static const char names[] =
	" socket @sk_reuseport/migrate @sk_reuseport kprobe+ uprobe+ uprobe.s+ kretprobe+ uretprobe+"
	" uretprobe.s+ kprobe.multi+ kretprobe.multi+ kprobe.session+ uprobe.multi+ uretprobe.multi+"
	" uprobe.session+ uprobe.multi.s+ uretprobe.multi.s+ uprobe.session.s+ ksyscall+ kretsyscall+"
	" usdt+ usdt.s+ tc/ingress tc/egress tcx/ingress tcx/egress tc classifier action netkit/primary"
	" netkit/peer tracepoint+ tp+ tracepoint.s+ tp.s+ raw_tracepoint+ raw_tp+ raw_tracepoint.s+"
	" raw_tp.s+ raw_tracepoint.w+ raw_tp.w+ tp_btf+ tp_btf.s+ fentry+ fmod_ret+ fexit+ fentry.s+"
	" fmod_ret.s+ fexit.s+ fsession+ fsession.s+ fsession.multi+ fsession.multi.s+ fentry.multi+"
	" fexit.multi+ fentry.multi.s+ fexit.multi.s+ freplace+ lsm+ lsm.s+ lsm_cgroup+ iter+ iter.s+"
	" syscall xdp.frags/devmap @xdp/devmap xdp.frags/cpumap @xdp/cpumap xdp.frags @xdp perf_event"
	" lwt_in lwt_out lwt_xmit lwt_seg6local @sockops @sk_skb/stream_parser @sk_skb/stream_verdict"
	" @sk_skb/verdict sk_skb @sk_msg @lirc_mode2 @flow_dissector @cgroup_skb/ingress"
	" @cgroup_skb/egress cgroup/skb @cgroup/sock_create @cgroup/sock_release @cgroup/sock"
	" @cgroup/post_bind4 @cgroup/post_bind6 @cgroup/bind4 @cgroup/bind6 @cgroup/connect4"
	" @cgroup/connect6 @cgroup/connect_unix @cgroup/sendmsg4 @cgroup/sendmsg6 @cgroup/sendmsg_unix"
	" @cgroup/recvmsg4 @cgroup/recvmsg6 @cgroup/recvmsg_unix @cgroup/getpeername4"
	" @cgroup/getpeername6 @cgroup/getpeername_unix @cgroup/getsockname4 @cgroup/getsockname6"
	" @cgroup/getsockname_unix @cgroup/sysctl @cgroup/getsockopt @cgroup/setsockopt @cgroup/dev"
	" struct_ops+ struct_ops.s+ @sk_lookup netfilter";

/* Lists the names, all or those with a mark. */
static void list(const char *what, bool attachable)
{
	char text[sizeof(names)], *end = text;

	for (const char *at = names; *at;) {
		size_t length = strcspn(at + 1, " ") + 1;
		bool marked = at[1] == '@';

		if (marked || !attachable) {
			*end++ = ' ';
			memcpy(end, at + 1 + marked, length - 1 - marked);
			end += length - 1 - marked;
		}
		at += length;
	}
	*end = 0;
	wb_debug("%s section(type) names are:%s\n", what, text);
}

/* What a section's name stands for; a handler of the program's own attaches by itself. 0 or -errno. */
static int find_section(const char *name, struct wb_section *section)
{
	const struct wb_handler *handler = wb_handling ? wb_handling->find(name, false) : NULL;
	int error = 0;

	/* NB: the host takes names as they are in objects, where a mark may say that a program is not loaded. */
	if (!handler)
		error = *name == '?' ? -EINVAL : wb_program_section(wb_address(name), wb_address(section));

	if (error < 0 && wb_handling)
		handler = wb_handling->find(name, true);
	if (!handler)
		return error;
	*section = (struct wb_section){ .type = handler->type, .expected_attach_type = handler->attach_type };
	return 0;
}

int libbpf_prog_type_by_name(const char *name, enum bpf_prog_type *prog_type,
			     enum bpf_attach_type *expected_attach_type)
{
	struct wb_section section;

	if (!name)
		return wb_fail(EINVAL);
	if (find_section(name, &section) < 0) {
		wb_debug("failed to guess program type from ELF section '%s'\n", name);
		list("supported", false);
		return wb_fail(ESRCH);
	}
	*prog_type = section.type;
	*expected_attach_type = section.expected_attach_type;
	return 0;
}

int libbpf_attach_type_by_name(const char *name, enum bpf_attach_type *attach_type)
{
	struct wb_section section;

	if (!name)
		return wb_fail(EINVAL);
	if (find_section(name, &section) < 0) {
		wb_debug("failed to guess attach type based on ELF section name '%s'\n", name);
		list("attachable", true);
		return wb_fail(EINVAL);
	}
	if (!section.attaches)
		return wb_fail(EINVAL);
	*attach_type = section.expected_attach_type;
	return 0;
}

int libbpf_find_vmlinux_btf_id(const char *name, enum bpf_attach_type attach_type)
{
	return wb_result(wb_btf_kernel_id(wb_address(name ? name : "(null)"), attach_type));
}
