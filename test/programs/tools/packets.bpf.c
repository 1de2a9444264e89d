#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

int ingress = 0, frames = 0, filtered = 0, bytes = 0;

SEC("tc")
int on_ingress(struct __sk_buff *skb)
{
	ingress++;
	return 0; /* TC_ACT_OK */
}

SEC("xdp")
int on_frame(struct xdp_md *ctx)
{
	frames++;
	bytes += (long)ctx->data_end - (long)ctx->data;
	return XDP_PASS;
}

SEC("socket")
int on_socket(struct __sk_buff *skb)
{
	filtered++;
	return skb->len;
}

char LICENSE[] SEC("license") = "GPL";
