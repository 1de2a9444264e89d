/* For functions that are seldom called. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4);
	__type(key, int);
	__type(value, int);
} table SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SOCKMAP);
	__uint(max_entries, 2);
	__type(key, int);
	__type(value, int);
} sockets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_BLOOM_FILTER);
	__uint(max_entries, 100);
	__uint(map_extra, 3);
	__type(value, int);
} filter SEC(".maps");

int hits;
long long cookies;

static __noinline int twice(int number)
{
	asm volatile("" : "+r"(number));
	return number * 2;
}

SEC("socket")
int emit(void *context)
{
	int value = twice(21);

	bpf_map_update_elem(&table, &value, &value, 0);
	bpf_ringbuf_output(&ring, &value, sizeof(value), BPF_RB_NO_WAKEUP);
	return value;
}

SEC("tp_btf/sched_switch")
int on_switch(unsigned long long *ctx)
{
	hits = 1;
	return 0;
}

SEC("raw_tp")
int on_raw(void *ctx)
{
	cookies = bpf_get_attach_cookie(ctx);
	return 0;
}

SEC("sk_skb/stream_verdict")
int on_message(struct __sk_buff *skb)
{
	return bpf_sk_redirect_map(skb, &sockets, 0, 0);
}

SEC("socket")
int simple(void *context)
{
	return 1;
}
