import { test } from "node:test";
import { compiledBpfPath } from "../support/compile-bpf.ts";
import { runInNamespace } from "../support/namespace-child.ts";

const PROGRAMS = compiledBpfPath(`
long count;
static int counted(int result) { __sync_fetch_and_add(&count, 1); return result; }
SEC("tc") int on_tc(struct __sk_buff *skb) { return counted(-1); }
SEC("xdp") int on_xdp(struct xdp_md *ctx) { return counted(XDP_PASS); }
SEC("xdp") int other_xdp(struct xdp_md *ctx) { return XDP_PASS; }
SEC("tcx/egress") int on_tcx(struct __sk_buff *skb) { return counted(-1); }
SEC("tcx/egress") int drops(struct __sk_buff *skb) { return 2; }
SEC("netfilter") int on_netfilter(void *ctx) { return counted(1); }
SEC("sk_lookup") int on_lookup(struct bpf_sk_lookup *ctx) { return counted(1); }
`);

test("programs of network interfaces", (t) => {
  runInNamespace(t, "../host/abi-v2-network-child.js", PROGRAMS);
});
