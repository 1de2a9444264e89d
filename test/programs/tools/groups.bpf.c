#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

int allowed = 0, denied = 0;

SEC("cgroup/bind4")
int on_bind(struct bpf_sock_addr *ctx)
{
	/* Port 4243 is not for this group. */
	if (ctx->user_port == __builtin_bswap16(4243)) {
		denied++;
		return 0;
	}
	allowed++;
	return 1;
}

SEC("cgroup_skb/egress")
int on_egress(struct __sk_buff *skb)
{
	return 1;
}

char LICENSE[] SEC("license") = "GPL";
