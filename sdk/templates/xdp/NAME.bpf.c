/* The kernel half: counts the packets that arrive, before anything else sees them. */
#include "vmlinux.h"
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "NAME.h"

#define ETH_P_IP 0x0800

/* Many helpers of the kernel are for GPL programs only. */
char LICENSE[] SEC("license") = "GPL";

/* Read by NAME.c. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, COUNTERS);
	__type(key, u32);
	__type(value, u64);
} packets SEC(".maps");

/* The counter of a packet. */
static u32 counter_of(struct xdp_md *ctx)
{
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *ethernet = (void *)(long)ctx->data;
	struct iphdr *ip = (void *)(ethernet + 1);

	/* The verifier insists: nothing is read past the packet's end. */
	if ((void *)(ip + 1) > end || ethernet->h_proto != bpf_htons(ETH_P_IP))
		return OTHER;
	return ip->protocol;
}

SEC("xdp")
int on_packet(struct xdp_md *ctx)
{
	u32 key = counter_of(ctx);
	u64 *count = bpf_map_lookup_elem(&packets, &key);

	if (count)
		__sync_fetch_and_add(count, 1);
	return XDP_PASS; /* XDP_DROP would throw it away */
}
