#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

const volatile unsigned long long limit = 10;
int sizes[4] = { 1, 2, 3, 4 };
unsigned long long drained = 0;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} table SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(key_size, sizeof(__u32));
} unused SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_USER_RINGBUF);
	__uint(max_entries, 4096);
} commands SEC(".maps");

static long take(struct bpf_dynptr *dynptr, void *context)
{
	unsigned long *number = bpf_dynptr_data(dynptr, 0, sizeof(*number));

	if (number)
		drained += *number;
	return 0;
}

SEC("tp/syscalls/sys_enter_getpgid")
int drain(void *ctx)
{
	bpf_user_ringbuf_drain(&commands, take, NULL, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
