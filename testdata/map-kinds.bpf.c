// A map of every type that a program can declare here, and programs that use them with the helpers for it.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define MAP(name, kind, key_type, value_type, entries) \
	struct { \
		__uint(type, BPF_MAP_TYPE_##kind); \
		__uint(max_entries, entries); \
		__type(key, key_type); \
		__type(value, value_type); \
	} name SEC(".maps")

/* Maps of things in the kernel have no types. */
#define SIZED_MAP(name, kind, key_bytes, value_bytes, entries) \
	struct { \
		__uint(type, BPF_MAP_TYPE_##kind); \
		__uint(max_entries, entries); \
		__uint(key_size, key_bytes); \
		__uint(value_size, value_bytes); \
	} name SEC(".maps")

#define STORAGE_MAP(name, kind) \
	struct { \
		__uint(type, kind); \
		__uint(map_flags, BPF_F_NO_PREALLOC); \
		__type(key, int); \
		__type(value, struct counted); \
	} name SEC(".maps")

struct counted {
	__u64 count;
	__u32 last;
};

struct prefix {
	__u32 bits;
	__u8 address[4];
};

MAP(hash, HASH, __u32, struct counted, 8);
MAP(array, ARRAY, __u32, struct counted, 8);
MAP(percpu_hash, PERCPU_HASH, __u32, struct counted, 8);
MAP(percpu_array, PERCPU_ARRAY, __u32, struct counted, 8);
MAP(lru_hash, LRU_HASH, __u32, struct counted, 8);
MAP(lru_percpu_hash, LRU_PERCPU_HASH, __u32, struct counted, 8);
SIZED_MAP(stack_traces, STACK_TRACE, 4, 8 * 16, 8);
SIZED_MAP(perf_events, PERF_EVENT_ARRAY, 4, 4, 0);
SIZED_MAP(cgroups, CGROUP_ARRAY, 4, 4, 2);
SIZED_MAP(programs, PROG_ARRAY, 4, 4, 2);
SIZED_MAP(queue, QUEUE, 0, 4, 4);
SIZED_MAP(stack, STACK, 0, 4, 4);
SIZED_MAP(bloom_filter, BLOOM_FILTER, 0, 4, 64);
SIZED_MAP(devices, DEVMAP, 4, 4, 4);
SIZED_MAP(device_hash, DEVMAP_HASH, 4, 8, 4);
SIZED_MAP(cpus, CPUMAP, 4, 4, 2);
SIZED_MAP(af_xdp, XSKMAP, 4, 4, 2);
SIZED_MAP(sockets, SOCKMAP, 4, 8, 4);
SIZED_MAP(socket_hash, SOCKHASH, 8, 4, 4);
SIZED_MAP(listeners, REUSEPORT_SOCKARRAY, 4, 8, 2);
STORAGE_MAP(socket_storage, BPF_MAP_TYPE_SK_STORAGE);
STORAGE_MAP(inode_storage, BPF_MAP_TYPE_INODE_STORAGE);
STORAGE_MAP(task_storage, BPF_MAP_TYPE_TASK_STORAGE);
STORAGE_MAP(cgroup_storage, 32); /* BPF_MAP_TYPE_CGRP_STORAGE, newer than some headers */

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 8);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct prefix);
	__type(value, struct counted);
} trie SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_STORAGE);
	__type(key, struct bpf_cgroup_storage_key);
	__type(value, struct counted);
} old_cgroup_storage SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE);
	__type(key, struct bpf_cgroup_storage_key);
	__type(value, struct counted);
} old_percpu_cgroup_storage SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 5000); /* rounded up */
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_USER_RINGBUF);
	__uint(max_entries, 4096);
} user_ring SEC(".maps");

struct inner {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, struct counted);
} inner SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(values, struct inner);
} array_of_maps SEC(".maps") = { .values = { [1] = &inner } };

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(values, struct inner);
} hash_of_maps SEC(".maps") = { .values = { [1] = &inner } };

static __always_inline int count(void *map, const void *key, __u32 last)
{
	struct counted *value = bpf_map_lookup_elem(map, key);
	struct counted fresh = { .count = 1, .last = last };

	if (value) {
		value->count++;
		value->last = last;
		return value->count;
	}
	bpf_map_update_elem(map, key, &fresh, BPF_ANY);
	return 1;
}

SEC("socket")
int use_values(struct __sk_buff *skb)
{
	__u32 key = 1, length = skb->len, popped = 0, peeked = 0;
	struct prefix prefix = { .bits = 32, .address = { 10, 1, 2, 3 } };
	void *map;
	int sum = 0;

	sum += count(&hash, &key, length);
	sum += count(&array, &key, length);
	sum += count(&percpu_hash, &key, length);
	sum += count(&percpu_array, &key, length);
	sum += count(&lru_hash, &key, length);
	sum += count(&lru_percpu_hash, &key, length);
	sum += count(&trie, &prefix, length);
	map = bpf_map_lookup_elem(&array_of_maps, &key);
	if (map)
		sum += count(map, &key, length);
	map = bpf_map_lookup_elem(&hash_of_maps, &key);
	if (map)
		sum += count(map, &key, length);

	bpf_map_push_elem(&queue, &length, BPF_EXIST);
	bpf_map_push_elem(&stack, &length, BPF_EXIST);
	bpf_map_push_elem(&bloom_filter, &length, BPF_ANY);
	if (!bpf_map_pop_elem(&queue, &popped))
		sum += popped;
	if (!bpf_map_peek_elem(&stack, &peeked))
		sum += peeked;
	if (!bpf_map_peek_elem(&bloom_filter, &length))
		sum += 1000;
	return sum;
}

SEC("raw_tp/sys_enter")
int use_events(void *ctx)
{
	__u32 event = 7;

	bpf_ringbuf_output(&ring, &event, sizeof(event), 0);
	bpf_perf_event_output(ctx, &perf_events, BPF_F_CURRENT_CPU, &event, sizeof(event));
	return bpf_get_stackid(ctx, &stack_traces, 0) < 0;
}

static long drained(struct bpf_dynptr *record, void *ctx)
{
	return 0;
}

SEC("socket")
int use_user_ring(struct __sk_buff *skb)
{
	return bpf_user_ringbuf_drain(&user_ring, drained, 0, 0);
}

SEC("socket")
int use_programs(struct __sk_buff *skb)
{
	bpf_tail_call(skb, &programs, 0);
	return 5;
}

SEC("xdp")
int use_redirects(struct xdp_md *xdp)
{
	switch (xdp->rx_queue_index) {
	case 1:
		return bpf_redirect_map(&devices, 0, XDP_PASS);
	case 2:
		return bpf_redirect_map(&device_hash, 0, XDP_PASS);
	case 3:
		return bpf_redirect_map(&cpus, 0, XDP_PASS);
	default:
		return bpf_redirect_map(&af_xdp, 0, XDP_PASS);
	}
}

SEC("sk_skb/stream_verdict")
int use_sockets(struct __sk_buff *skb)
{
	__u64 key = skb->local_port;

	if (skb->remote_port == 0)
		return bpf_sk_redirect_hash(skb, &socket_hash, &key, 0);
	return bpf_sk_redirect_map(skb, &sockets, 0, 0);
}

SEC("sk_reuseport")
int use_listeners(struct sk_reuseport_md *md)
{
	__u32 index = 0;

	return bpf_sk_select_reuseport(md, &listeners, &index, 0) ? SK_DROP : SK_PASS;
}

SEC("tc")
int use_cgroups(struct __sk_buff *skb)
{
	return bpf_skb_under_cgroup(skb, &cgroups, 0);
}

SEC("cgroup_skb/egress")
int use_storage(struct __sk_buff *skb)
{
	struct counted *local = bpf_get_local_storage(&old_cgroup_storage, 0);
	struct counted *percpu = bpf_get_local_storage(&old_percpu_cgroup_storage, 0);
	struct bpf_sock *sk = skb->sk;
	struct counted *value;

	local->count++;
	percpu->count++;
	sk = sk ? bpf_sk_fullsock(sk) : 0;
	value = sk ? bpf_sk_storage_get(&socket_storage, sk, 0, BPF_SK_STORAGE_GET_F_CREATE) : 0;
	if (value)
		value->count++;
	return 1;
}

char LICENSE[] SEC("license") = "GPL";
