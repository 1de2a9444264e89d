#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

const volatile int only_pid = 0;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 512);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} totals SEC(".maps");

SEC("raw_tp/sys_enter")
int on_call(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 number = ctx->args[1], zero = 0;
	__u64 one = 1, *count;

	if (bpf_get_current_pid_tgid() >> 32 != only_pid)
		return 0;
	count = bpf_map_lookup_elem(&counts, &number);
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&counts, &number, &one, BPF_NOEXIST);
	count = bpf_map_lookup_elem(&totals, &zero);
	if (count)
		(*count)++;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
