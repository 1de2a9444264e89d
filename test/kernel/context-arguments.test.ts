import assert from "node:assert/strict";
import { test } from "node:test";
import { BpfObject } from "../../src/ebpf/index.ts";
import { haveContextArgumentTag } from "../../src/kernel/index.ts";
import { getSys, type Sys, setSys } from "../../src/sys/index.ts";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import { BPF_PROG_LOAD } from "../../src/uapi/bpf.ts";
import { EINVAL } from "../../src/uapi/errno.ts";
import { compileBpf } from "../support/compile-bpf.ts";

failOnLeaks();

const TAGGED = compileBpf(`
#define __ctx __attribute__((btf_decl_tag("arg:ctx")))
__attribute__((noinline)) int length(void *ctx __ctx, int add)
{
	struct __sk_buff *skb = ctx;
	return skb->len + add;
}
__attribute__((noinline)) int twice(int x, void *ctx __ctx, struct __sk_buff *skb __ctx)
{
	return length(ctx, x) + skb->len;
}
SEC("socket") int first(struct __sk_buff *skb) { return twice(1, skb, skb); }
SEC("tc") int second(struct __sk_buff *skb) { return length(skb, 3); }
SEC("raw_tp/sys_enter") int third(struct bpf_raw_tracepoint_args *ctx) { return 5; }
`);

function check(): void {
  using object = BpfObject.open(TAGGED);
  object.load();
  const data = new Uint8Array(64);
  assert.equal(
    object.program("first").testRun({ data }).returnValue,
    50 + 1 + 50,
    "without the Ethernet header",
  );
  assert.equal(object.program("second").testRun({ data }).returnValue, 64 + 3);
}

test("arguments that are tagged as contexts are contexts", () => {
  check();
});

test("also on kernels that do not know the tag", (context) => {
  if (!haveContextArgumentTag()) {
    context.diagnostic("this kernel does not know it anyway");
    return;
  }
  const real = getSys();
  // What the probe loads has 4 instructions.
  const bpf: Sys["bpf"] = (command, attr) =>
    command === BPF_PROG_LOAD && attr.u32At(4) === 4 ? -EINVAL : real.bpf(command, attr);
  setSys({ ...real, bpf });
  try {
    assert.equal(haveContextArgumentTag(), false);
    check();
  } finally {
    setSys(real);
  }
});
