#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} hits SEC(".maps");

const volatile int only_pid = 0;

SEC("tp/syscalls/sys_enter_write")
int good(void *ctx)
{
	__u32 zero = 0;
	__u64 *count = bpf_map_lookup_elem(&hits, &zero);

	if (count && bpf_get_current_pid_tgid() >> 32 == only_pid)
		__sync_fetch_and_add(count, 1);
	return 0;
}

/* The verifier does not take this one. */
SEC("?tp/syscalls/sys_enter_read")
int bad(void *ctx)
{
	__u32 key = bpf_get_prandom_u32();
	__u64 *count = bpf_map_lookup_elem(&hits, &key);

	return *count;
}

char LICENSE[] SEC("license") = "GPL";
