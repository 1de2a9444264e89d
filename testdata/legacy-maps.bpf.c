// Maps as they were declared before BTF; refused since libbpf 1.0.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct bpf_map_def {
	unsigned int type, key_size, value_size, max_entries, map_flags;
};

struct bpf_map_def old SEC("maps") = { BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0 };

SEC("socket")
int entry(struct __sk_buff *skb)
{
	int key = 0;

	return bpf_map_lookup_elem(&old, &key) != 0;
}
