struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1024);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, __u64);
} table SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u64);
} hash SEC(".maps");

SEC("socket")
int count(struct __sk_buff *skb)
{
	__u32 key = 1000;
	__u64 *value = bpf_map_lookup_elem(&table, &key);

	if (value)
		*value += 1;
	return 0;
}
