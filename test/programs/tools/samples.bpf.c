#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

const volatile int only_pid = 0;
unsigned long long samples = 0;
int stack = 0;

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, 16 * sizeof(__u64));
	__uint(max_entries, 64);
} stacks SEC(".maps");

SEC("perf_event")
int on_sample(struct bpf_perf_event_data *ctx)
{
	int id;

	if (bpf_get_current_pid_tgid() >> 32 != only_pid)
		return 0;
	samples++;
	id = bpf_get_stackid(ctx, &stacks, BPF_F_USER_STACK);
	if (id >= 0)
		stack = id;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
