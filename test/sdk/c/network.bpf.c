/* Programs of interfaces, groups and namespaces. */
int egress;
int ingress;
int frames;
int skbs;

SEC("cgroup_skb/egress")
int on_egress(struct __sk_buff *skb)
{
	egress++;
	return 1;
}

SEC("cgroup_skb/egress")
int on_egress_too(struct __sk_buff *skb)
{
	egress += 100;
	return 1;
}

SEC("xdp")
int on_frame(struct xdp_md *ctx)
{
	frames++;
	return XDP_PASS;
}

SEC("xdp")
int on_frame_too(struct xdp_md *ctx)
{
	frames += 100;
	return XDP_PASS;
}

SEC("tc")
int on_packet(struct __sk_buff *skb)
{
	skbs++;
	return 0;
}

SEC("sk_lookup")
int on_lookup(struct bpf_sk_lookup *ctx)
{
	ingress++;
	return SK_PASS;
}
