/* A program that the verifier refuses, one that it takes, and a map that cannot be created. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, int);
	__type(value, int);
} values SEC(".maps");

SEC("socket")
int good(void *context)
{
	return 0;
}

SEC("?socket")
int bad(void *context)
{
	int key = 0;
	int *value = bpf_map_lookup_elem(&values, &key);

	return *value;
}
