// A TCP congestion control as a struct_ops map.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct sock;
struct tcp_congestion_ops {
	unsigned int (*ssthresh)(struct sock *sk);
	void (*cong_avoid)(struct sock *sk, unsigned int ack, unsigned int acked);
	unsigned int (*undo_cwnd)(struct sock *sk);
	unsigned int flags;
	char name[16];
};

SEC("struct_ops/threshold")
unsigned int threshold(unsigned long long *ctx)
{
	return 2;
}

SEC("struct_ops/avoid")
void avoid(unsigned long long *ctx)
{
}

SEC("struct_ops/undo")
unsigned int undo(unsigned long long *ctx)
{
	return 3;
}

SEC(".struct_ops.link")
struct tcp_congestion_ops simple = {
	.ssthresh = (void *)threshold,
	.cong_avoid = (void *)avoid,
	.undo_cwnd = (void *)undo,
	.flags = 1,
	.name = "bpf_simple",
};

char LICENSE[] SEC("license") = "GPL";
