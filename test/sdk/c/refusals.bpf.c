/* One program for each way of attaching that is refused. */
SEC("raw_tp") int raw(void *ctx) { return 0; }
SEC("tp") int trace(void *ctx) { return 0; }
SEC("kprobe") int probe(void *ctx) { return 0; }
SEC("kprobe.multi") int many(void *ctx) { return 0; }
SEC("uprobe") int user(void *ctx) { return 0; }
SEC("uprobe.multi") int users(void *ctx) { return 0; }
SEC("perf_event") int sample(void *ctx) { return 0; }
SEC("cgroup_skb/egress") int group(void *ctx) { return 1; }
SEC("xdp") int frame(void *ctx) { return 2; }
SEC("tc") int packet(void *ctx) { return 0; }
SEC("sk_lookup") int lookup(void *ctx) { return 1; }
SEC("netfilter") int filter(void *ctx) { return 1; }
SEC("?uprobe") int unloaded(void *ctx) { return 0; }

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, int);
	__type(value, int);
} values SEC(".maps");
