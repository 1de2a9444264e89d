/* The kernel half: sorts the sizes of read() calls into powers of two. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "NAME.h"

/* Many helpers of the kernel are for GPL programs only. */
char LICENSE[] SEC("license") = "GPL";

/* Set by NAME.c before load: only this process, or all for 0. */
const volatile int only_pid = 0;

/* Read by NAME.c. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SLOTS);
	__type(key, u32);
	__type(value, u64);
} sizes SEC(".maps");

/* The position of the highest bit that is set; 0 for 0. */
static u32 log2(u32 value)
{
	u32 bits = 0, step;

#pragma unroll
	for (step = 16; step; step /= 2)
		if (value >> step) {
			value >>= step;
			bits += step;
		}
	return bits;
}

SEC("tp/syscalls/sys_exit_read")
int on_read(struct trace_event_raw_sys_exit *ctx)
{
	int pid = bpf_get_current_pid_tgid() >> 32;
	u64 *count;
	u32 slot;

	if (ctx->ret < 0 || (only_pid && pid != only_pid))
		return 0;
	slot = log2(ctx->ret);
	count = bpf_map_lookup_elem(&sizes, &slot);
	if (count)
		__sync_fetch_and_add(count, 1);
	return 0;
}
