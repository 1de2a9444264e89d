int count;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4);
	__type(key, int);
	__type(value, int);
} values SEC(".maps");

/* Only who may look at the kernel's memory can load it. */
SEC("raw_tp")
int program(unsigned long long *ctx)
{
	int key = 1, value = 2, pid = 0;

	bpf_probe_read_kernel(&pid, sizeof(pid), (void *)ctx[0]);
	bpf_map_update_elem(&values, &key, &value, BPF_ANY);
	return ++count;
}

SEC("xdp")
int frame(void *ctx)
{
	return 2;
}
