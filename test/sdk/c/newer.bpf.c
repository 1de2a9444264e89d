/* What the machine's libbpf has not got. */
int runs;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, int);
	__type(value, int);
} values SEC(".maps");

SEC("socket")
int count(void *context)
{
	int key = 0, value = 11;

	bpf_map_update_elem(&values, &key, &value, 0);
	return ++runs;
}

SEC("?tc")
int packet(struct __sk_buff *skb)
{
	runs += 100;
	return -1;
}
