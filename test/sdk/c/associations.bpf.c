struct sock;
struct tcp_congestion_ops {
	unsigned int (*ssthresh)(struct sock *sk);
	void (*cong_avoid)(struct sock *sk, unsigned int ack, unsigned int acked);
	unsigned int (*undo_cwnd)(struct sock *sk);
	char name[16];
};

int seen;

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

SEC(".struct_ops.link")
struct tcp_congestion_ops control = {
	.ssthresh = (void *)ssthresh,
	.cong_avoid = (void *)cong_avoid,
	.undo_cwnd = (void *)undo_cwnd,
	.name = "sdk_control",
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, int);
	__type(value, int);
} private SEC(".maps");

static __attribute__((noinline)) int *find(void)
{
	int key = 0;

	return bpf_map_lookup_elem(&private, &key);
}

SEC("raw_tp")
int owner(void *ctx)
{
	int *value = find();

	if (value)
		*value += 1;
	seen++;
	return 0;
}

SEC("?raw_tp")
int stranger(void *ctx)
{
	int *value = find();

	return value ? *value : 0;
}
