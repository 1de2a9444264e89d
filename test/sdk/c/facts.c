/* What the library knows without an object: names, errors, probes, sections. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "answers.h"

static const char *const sections[] = {
	"socket", "sk_reuseport/migrate", "sk_reuseport", "kprobe", "kprobe/x", "uprobe/a:b", "uprobe.s", "kretprobe/x",
	"uretprobe", "kprobe.multi/x*", "ksyscall/open", "kretsyscall/open", "usdt", "usdt/a:b:c", "tc", "classifier",
	"action", "tracepoint/a/b", "tp/a/b", "raw_tracepoint/x", "raw_tp/x", "raw_tracepoint.w/x", "raw_tp.w",
	"tp_btf/x", "fentry/x", "fmod_ret/x", "fexit/x", "fentry.s/x", "freplace/x", "lsm/x", "lsm.s/x", "lsm_cgroup/x",
	"iter/task", "iter.s/task", "syscall", "xdp.frags/devmap", "xdp/devmap", "xdp/cpumap", "xdp.frags", "xdp",
	"perf_event", "lwt_in", "lwt_out", "lwt_xmit", "lwt_seg6local", "sockops", "sk_skb/stream_parser",
	"sk_skb/stream_verdict", "sk_skb", "sk_msg", "lirc_mode2", "flow_dissector", "cgroup_skb/ingress",
	"cgroup_skb/egress", "cgroup/skb", "cgroup/sock_create", "cgroup/sock_release", "cgroup/sock",
	"cgroup/post_bind4", "cgroup/post_bind6", "cgroup/bind4", "cgroup/bind6", "cgroup/connect4", "cgroup/connect6",
	"cgroup/sendmsg4", "cgroup/sendmsg6", "cgroup/recvmsg4", "cgroup/recvmsg6", "cgroup/getpeername4",
	"cgroup/getpeername6", "cgroup/getsockname4", "cgroup/getsockname6", "cgroup/sysctl", "cgroup/getsockopt",
	"cgroup/setsockopt", "cgroup/dev", "struct_ops", "sk_lookup", "", "nonsense", "xdpx", "tcx",
	"kprobes/x",
};

static const char *shown(const char *text)
{
	return text ? text : "(none)";
}

static void names(void)
{
	for (int i = 0; i <= 43; i++)
		printf("attach type %d: %s\n", i, shown(libbpf_bpf_attach_type_str(i)));
	for (int i = 0; i <= 9; i++)
		printf("link type %d: %s\n", i, shown(libbpf_bpf_link_type_str(i)));
	for (int i = 0; i <= 32; i++)
		printf("map type %d: %s\n", i, shown(libbpf_bpf_map_type_str(i)));
	for (int i = 0; i <= 31; i++)
		printf("program type %d: %s\n", i, shown(libbpf_bpf_prog_type_str(i)));
	printf("none: %s %s\n", shown(libbpf_bpf_map_type_str(1000)), shown(libbpf_bpf_attach_type_str(-1)));
}

static void errors(void)
{
	static const int numbers[] = { 0, 1, -2, 22, 95, 110, 133, 4000, -4001, 4003, 4007, -4013, 4014, 5000 };
	char text[64];

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		int result = libbpf_strerror(numbers[i], text, sizeof(text));

		printf("error %d: %d %s\n", numbers[i], result, text);
	}
	printf("short: %d", libbpf_strerror(-4013, text, 8));
	printf(" %s\n", text);
	printf("no buffer: %d %d\n", libbpf_strerror(1, NULL, 8), libbpf_strerror(1, text, 0));
	errno = EBUSY;
	printf("get_error: %ld", libbpf_get_error(NULL));
	printf(" %ld", libbpf_get_error(text));
	printf(" %ld", libbpf_get_error((void *)-5L));
	printf(", errno: %d\n", errno);
}

static void kinds(void)
{
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		enum bpf_prog_type type = -1;
		enum bpf_attach_type expected = -1, attach = -1;
		int first = libbpf_prog_type_by_name(sections[i], &type, &expected);
		int second = libbpf_attach_type_by_name(sections[i], &attach);

		printf("section %s: %d %d %d, %d %d\n", sections[i], first, type, expected, second, attach);
	}
	printf("no name: %d\n", libbpf_attach_type_by_name(NULL, NULL));
}

static int helper(enum bpf_prog_type type, int id)
{
	return libbpf_probe_bpf_helper(type, id, NULL);
}

/* NB: not of tracing programs, which need a trampoline here and none in the host's probe. */
static void probes(void)
{
	for (int i = 1; i <= 31; i++)
		if (i != BPF_PROG_TYPE_TRACING)
			printf("program type %d: %d\n", i, libbpf_probe_bpf_prog_type(i, NULL));
	for (int i = 1; i <= 32; i++)
		printf("map type %d: %d\n", i, libbpf_probe_bpf_map_type(i, NULL));
	printf("a helper of all: %d %d\n", helper(BPF_PROG_TYPE_TRACEPOINT, BPF_FUNC_map_lookup_elem),
	       helper(BPF_PROG_TYPE_XDP, BPF_FUNC_map_lookup_elem));
	printf("a helper of one: %d\n", helper(BPF_PROG_TYPE_XDP, BPF_FUNC_redirect));
	printf("no helper: %d %d\n", helper(BPF_PROG_TYPE_XDP, 10000), helper(BPF_PROG_TYPE_TRACING, 1));
	printf("options: %d\n", libbpf_probe_bpf_prog_type(1, "x"));
	printf("unknown: %d %d\n", libbpf_probe_bpf_prog_type(10000, NULL), libbpf_probe_bpf_map_type(10000, NULL));
	printf("CPUs: %d\n", libbpf_num_possible_cpus());
	printf("id: %d\n", libbpf_find_vmlinux_btf_id("task_struct", BPF_TRACE_ITER));
	printf("id: %d\n", libbpf_find_vmlinux_btf_id("bpf_prog_put", BPF_TRACE_FENTRY));
	printf("id: %d\n", libbpf_find_vmlinux_btf_id("sched_switch", BPF_TRACE_RAW_TP));
}

int main(int count, char **arguments)
{
	const char *what = count > 1 ? arguments[1] : "";

	libbpf_set_print(quiet);
	if (!strcmp(what, "names"))
		names();
	else if (!strcmp(what, "errors"))
		errors();
	else if (!strcmp(what, "kinds"))
		kinds();
	else if (!strcmp(what, "probes"))
		probes();
	else if (!strcmp(what, "refused"))
		printf("%d %d\n", helper(BPF_PROG_TYPE_TRACEPOINT, BPF_FUNC_redirect),
		       helper(BPF_PROG_TYPE_SOCKET_FILTER, BPF_FUNC_skb_store_bytes));
	return 0;
}
