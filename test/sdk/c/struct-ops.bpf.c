/* TCP congestion controls: two for links, one without. */
struct sock;
struct tcp_congestion_ops {
	unsigned int (*ssthresh)(struct sock *sk);
	void (*cong_avoid)(struct sock *sk, unsigned int ack, unsigned int acked);
	unsigned int (*undo_cwnd)(struct sock *sk);
	void (*init)(struct sock *sk);
	unsigned int flags;
	char name[16];
};

long first_count, second_count;

SEC("struct_ops/ssthresh")
unsigned int ssthresh(unsigned long long *ctx)
{
	return 2;
}

SEC("struct_ops/cong_avoid")
void cong_avoid(unsigned long long *ctx)
{
}

SEC("struct_ops/undo_cwnd")
unsigned int undo_cwnd(unsigned long long *ctx)
{
	return 3;
}

SEC("struct_ops/init")
void init(unsigned long long *ctx)
{
	__sync_fetch_and_add(&first_count, 1);
}

SEC("struct_ops/init")
void other_init(unsigned long long *ctx)
{
	__sync_fetch_and_add(&second_count, 1);
}

#define FUNCTIONS \
	.ssthresh = (void *)ssthresh, .cong_avoid = (void *)cong_avoid, .undo_cwnd = (void *)undo_cwnd

SEC(".struct_ops.link")
struct tcp_congestion_ops first = { FUNCTIONS, .init = (void *)init, .name = "sdk_first" };

SEC(".struct_ops.link")
struct tcp_congestion_ops second = { FUNCTIONS, .init = (void *)other_init, .name = "sdk_first" };

SEC(".struct_ops")
struct tcp_congestion_ops unlinked = { FUNCTIONS, .init = (void *)init, .name = "sdk_unlinked" };
