/* Names of the kernel's numbers, in their order. */
#include <bpf/libbpf.h>

/* The string of that number in a row of strings; NULL past the last, whose successor is empty. */
static const char *name_of(const char *names, unsigned int number)
{
	for (; number && *names; number--)
		names += strlen(names) + 1;
	return *names ? names : NULL;
}

const char *libbpf_bpf_attach_type_str(enum bpf_attach_type t)
{
	static const char names[] =
		"cgroup_inet_ingress\0cgroup_inet_egress\0cgroup_inet_sock_create\0cgroup_sock_ops\0sk_skb_stream_parser\0"
		"sk_skb_stream_verdict\0cgroup_device\0sk_msg_verdict\0cgroup_inet4_bind\0cgroup_inet6_bind\0"
		"cgroup_inet4_connect\0cgroup_inet6_connect\0cgroup_inet4_post_bind\0cgroup_inet6_post_bind\0"
		"cgroup_udp4_sendmsg\0cgroup_udp6_sendmsg\0lirc_mode2\0flow_dissector\0cgroup_sysctl\0cgroup_udp4_recvmsg\0"
		"cgroup_udp6_recvmsg\0cgroup_getsockopt\0cgroup_setsockopt\0trace_raw_tp\0trace_fentry\0trace_fexit\0"
		"modify_return\0lsm_mac\0trace_iter\0cgroup_inet4_getpeername\0cgroup_inet6_getpeername\0"
		"cgroup_inet4_getsockname\0cgroup_inet6_getsockname\0xdp_devmap\0cgroup_inet_sock_release\0xdp_cpumap\0"
		"sk_lookup\0xdp\0sk_skb_verdict\0sk_reuseport_select\0sk_reuseport_select_or_migrate\0perf_event\0"
		"trace_kprobe_multi\0lsm_cgroup\0struct_ops\0netfilter\0tcx_ingress\0tcx_egress\0trace_uprobe_multi\0"
		"cgroup_unix_connect\0cgroup_unix_sendmsg\0cgroup_unix_recvmsg\0cgroup_unix_getpeername\0"
		"cgroup_unix_getsockname\0netkit_primary\0netkit_peer\0trace_kprobe_session\0trace_uprobe_session\0"
		"trace_fsession\0trace_fentry_multi\0trace_fexit_multi\0trace_fsession_multi\0";

	return name_of(names, t);
}

const char *libbpf_bpf_link_type_str(enum bpf_link_type t)
{
	static const char names[] =
		"unspec\0raw_tracepoint\0tracing\0cgroup\0iter\0netns\0xdp\0perf_event\0kprobe_multi\0struct_ops\0netfilter\0"
		"tcx\0uprobe_multi\0netkit\0sockmap\0tracing_multi\0";

	return name_of(names, t);
}

const char *libbpf_bpf_map_type_str(enum bpf_map_type t)
{
	static const char names[] =
		"unspec\0hash\0array\0prog_array\0perf_event_array\0percpu_hash\0percpu_array\0stack_trace\0cgroup_array\0"
		"lru_hash\0lru_percpu_hash\0lpm_trie\0array_of_maps\0hash_of_maps\0devmap\0sockmap\0cpumap\0xskmap\0"
		"sockhash\0cgroup_storage\0reuseport_sockarray\0percpu_cgroup_storage\0queue\0stack\0sk_storage\0"
		"devmap_hash\0struct_ops\0ringbuf\0inode_storage\0task_storage\0bloom_filter\0user_ringbuf\0cgrp_storage\0"
		"arena\0insn_array\0rhash\0";

	return name_of(names, t);
}

const char *libbpf_bpf_prog_type_str(enum bpf_prog_type t)
{
	static const char names[] =
		"unspec\0socket_filter\0kprobe\0sched_cls\0sched_act\0tracepoint\0xdp\0perf_event\0cgroup_skb\0cgroup_sock\0"
		"lwt_in\0lwt_out\0lwt_xmit\0sock_ops\0sk_skb\0cgroup_device\0sk_msg\0raw_tracepoint\0cgroup_sock_addr\0"
		"lwt_seg6local\0lirc_mode2\0sk_reuseport\0flow_dissector\0cgroup_sysctl\0raw_tracepoint_writable\0"
		"cgroup_sockopt\0tracing\0struct_ops\0ext\0lsm\0sk_lookup\0syscall\0netfilter\0";

	return name_of(names, t);
}
