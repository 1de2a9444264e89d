// The other file: a function of the same name as a static one there, a weak one that loses, the same map.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

int library_calls;

extern struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u32);
} shared SEC(".maps");

__weak __noinline int pick(int x)
{
	return x * 1000 + library_calls;
}

static __noinline int local(int x)
{
	return x + 10;
}

__noinline int library_sum(int a, int b)
{
	__u32 key = 1, *value = bpf_map_lookup_elem(&shared, &key);

	library_calls++;
	if (value)
		*value += a;
	return local(a) + b;
}

SEC("socket")
int library_program(struct __sk_buff *skb)
{
	library_calls = 0;
	return pick(1) + library_sum(1, 2);
}

char LICENSE[] SEC("license") = "GPL";
