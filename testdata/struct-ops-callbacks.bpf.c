// Two struct_ops maps of one type in the section without links, which share a program.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

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

SEC("struct_ops/undo_other")
unsigned int undo_other(unsigned long long *ctx)
{
	return 4;
}

SEC(".struct_ops")
struct tcp_congestion_ops one = {
	.ssthresh = (void *)threshold,
	.cong_avoid = (void *)avoid,
	.undo_cwnd = (void *)undo,
	.name = "bpf_one",
};

SEC(".struct_ops")
struct tcp_congestion_ops two = {
	.ssthresh = (void *)threshold,
	.cong_avoid = (void *)avoid,
	.undo_cwnd = (void *)undo_other,
	.flags = 1,
	.name = "bpf_two",
};

char LICENSE[] SEC("license") = "GPL";
