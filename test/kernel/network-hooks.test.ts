import { test } from "node:test";
import { compiledBpfPath } from "../support/compile-bpf.ts";
import { runInNamespace } from "../support/namespace-child.ts";

/** One program of each kind that belongs to packets, all counting in `count`. */
const PROGRAMS = compiledBpfPath(`
struct { __uint(type, BPF_MAP_TYPE_DEVMAP); __uint(max_entries, 1); __type(key, int); __type(value, struct bpf_devmap_val); }
  devices SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_CPUMAP); __uint(max_entries, 1); __type(key, int); __type(value, struct bpf_cpumap_val); }
  cpus SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_DEVMAP_HASH); __uint(max_entries, 4); __type(key, int); __type(value, int); }
  all_devices SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_XSKMAP); __uint(max_entries, 1); __type(key, int); __type(value, int); }
  queues SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_SOCKMAP); __uint(max_entries, 2); __type(key, int); __type(value, int); }
  sockets SEC(".maps");
struct inner { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u32); };
struct inner first_inner SEC(".maps"), second_inner SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); __uint(max_entries, 1); __type(key, __u32); __array(values, struct inner); }
  outer SEC(".maps") = { .values = { &first_inner } };
long count, second, order;
static int counted(int result) { __sync_fetch_and_add(&count, 1); return result; }

SEC("xdp") int on_xdp(struct xdp_md *ctx) { return counted(XDP_PASS); }
SEC("xdp.frags") int on_xdp_frags(struct xdp_md *ctx) { return counted(XDP_PASS); }
SEC("xdp") int in_inner(struct xdp_md *ctx) {
  __u32 zero = 0, *value;
  void *inner = bpf_map_lookup_elem(&outer, &zero);
  if (inner && (value = bpf_map_lookup_elem(inner, &zero))) __sync_fetch_and_add(value, 1);
  return counted(XDP_PASS);
}
SEC("xdp") int other_xdp(struct xdp_md *ctx) { __sync_fetch_and_add(&second, 1); return XDP_PASS; }
SEC("xdp") int to_device(struct xdp_md *ctx) { return bpf_redirect_map(&devices, 0, 0); }
SEC("xdp") int to_all(struct xdp_md *ctx) { return bpf_redirect_map(&all_devices, 0, BPF_F_BROADCAST); }
SEC("xdp") int to_socket(struct xdp_md *ctx) { return bpf_redirect_map(&queues, ctx->rx_queue_index, XDP_PASS); }
SEC("xdp/devmap") int on_device(struct xdp_md *ctx) { return counted(XDP_PASS); }
SEC("xdp.frags/devmap") int on_device_frags(struct xdp_md *ctx) { return counted(XDP_PASS); }
SEC("xdp") int to_cpu(struct xdp_md *ctx) { return bpf_redirect_map(&cpus, 0, 0); }
SEC("xdp/cpumap") int on_cpu(struct xdp_md *ctx) { return counted(XDP_PASS); }
SEC("xdp.frags") int to_device_frags(struct xdp_md *ctx) { return bpf_redirect_map(&devices, 0, 0); }
SEC("xdp.frags") int to_cpu_frags(struct xdp_md *ctx) { return bpf_redirect_map(&cpus, 0, 0); }
SEC("xdp.frags/cpumap") int on_cpu_frags(struct xdp_md *ctx) { return counted(XDP_PASS); }

SEC("tcx/ingress") int tcx_in(struct __sk_buff *skb) { order = order * 10 + 1; return counted(-1); }
SEC("tcx/ingress") int tcx_in_2(struct __sk_buff *skb) { order = order * 10 + 2; return counted(-1); }
SEC("tcx/ingress") int tcx_in_3(struct __sk_buff *skb) { order = order * 10 + 3; return counted(-1); }
SEC("tcx/egress") int tcx_out(struct __sk_buff *skb) { return counted(-1); }
SEC("tc/ingress") int tc_in(struct __sk_buff *skb) { return counted(-1); }
SEC("tc/egress") int tc_out(struct __sk_buff *skb) { return counted(-1); }
SEC("tc") int on_tc(struct __sk_buff *skb) { order = order * 10 + 1; return counted(-1); }
SEC("tc") int on_tc_2(struct __sk_buff *skb) { order = order * 10 + 2; return counted(-1); }
SEC("classifier") int on_classifier(struct __sk_buff *skb) { return counted(0); }
SEC("action") int on_action(struct __sk_buff *skb) { return counted(0); }
SEC("netkit/primary") int netkit_primary(struct __sk_buff *skb) { return counted(-1); }
SEC("netkit/peer") int netkit_peer(struct __sk_buff *skb) { return counted(-1); }

SEC("netfilter") int on_netfilter(void *ctx) { return counted(1); }
SEC("flow_dissector") int on_flow(struct __sk_buff *skb) { return counted(0x7f /* BPF_FLOW_DISSECTOR_CONTINUE is 129 */); }
SEC("sk_lookup") int on_lookup(struct bpf_sk_lookup *ctx) { return counted(1); }
SEC("socket") int on_frame(struct __sk_buff *skb) { return counted(0); }

SEC("sk_reuseport") int on_reuseport(struct sk_reuseport_md *ctx) { return counted(SK_PASS); }
SEC("sk_reuseport/migrate") int on_migrate(struct sk_reuseport_md *ctx) { return counted(SK_PASS); }
SEC("sk_msg") int on_message(struct sk_msg_md *ctx) { return counted(SK_PASS); }
SEC("sk_skb/stream_parser") int on_parse(struct __sk_buff *skb) { __sync_fetch_and_add(&second, 1); return skb->len; }
SEC("sk_skb/stream_verdict") int on_stream(struct __sk_buff *skb) { return counted(SK_PASS); }
SEC("sk_skb/verdict") int on_verdict(struct __sk_buff *skb) { return counted(SK_PASS); }
SEC("sk_skb") int on_skb(struct __sk_buff *skb) { return counted(SK_PASS); }

SEC("lwt_in") int on_lwt_in(struct __sk_buff *skb) { return counted(0); }
SEC("lwt_out") int on_lwt_out(struct __sk_buff *skb) { return counted(0); }
SEC("lwt_xmit") int on_lwt_xmit(struct __sk_buff *skb) { return counted(0); }
SEC("lwt_seg6local") int on_seg6(struct __sk_buff *skb) { return counted(0); }
`);

test("every hook for packets and sockets is attached, fired and taken off", (context) => {
  runInNamespace(context, "network-hooks-child.js", PROGRAMS);
});
