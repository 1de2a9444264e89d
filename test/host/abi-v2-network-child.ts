// Runs in a network namespace of its own with only a loopback interface. Argument: the object.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { FILETYPE_UNKNOWN } from "../../src/host/wasi/constants.ts";
import { Descriptor } from "../../src/host/wasi/descriptor.ts";
import { haveLinkType, haveProgramType } from "../../src/kernel/index.ts";
import { getSys } from "../../src/sys/index.ts";
import { BPF_LINK_TYPE_NETFILTER, BPF_LINK_TYPE_TCX, BPF_PROG_TYPE_SK_LOOKUP } from "../../src/uapi/bpf.ts";
import { EBADF, EBUSY, EEXIST, EINVAL, ENODEV, ENOENT } from "../../src/uapi/errno.ts";
import { XDP_FLAGS_SKB_MODE, XDP_FLAGS_UPDATE_IF_NOEXIST } from "../../src/uapi/linux.ts";
import { AbiGuest } from "../support/abi-v2.ts";
import { type Case, runCase, runCaseIf } from "../support/child-cases.ts";
import { UdpReceiver } from "../support/udp.ts";

const bytes = new Uint8Array(readFileSync(process.argv[2] ?? ""));
const lo = getSys().ifNameToIndex("lo");
const receiver = new UdpReceiver();
const sender = createSocket("udp4");
sender.connect(receiver.port, "127.0.0.1");
await once(sender, "connect");

/** Sends a datagram over the loopback interface, and waits until it is there unless it is to be dropped. */
async function sendDatagram(arrives: boolean): Promise<void> {
  await new Promise<void>((resolve) => sender.send("x", () => resolve()));
  if (arrives) assert.equal(receiver.receive(), 1);
}

/** Operations of `tc` and `xdp`. */
const CREATE = 1;
const DESTROY = 2;
const TC = { attach: 3, detach: 4, query: 5 };
const XDP = { attach: 1, detach: 2, query: 3 };
const INGRESS = 1;
const EGRESS = 2;
const QDISC = 8;

function setUp(one: Case, ...programs: string[]) {
  const test = one.load(...programs);
  const guest = new AbiGuest();
  one.after(() => guest.close());
  const fd = (name: string): number => guest.programFd(test.object.program(name));
  /** Whether the program runs when a datagram passes. */
  const runs = async (arrives = true): Promise<boolean> => {
    const before = test.get("count");
    await sendDatagram(arrives);
    return test.get("count") > before;
  };
  const handle = guest.object(test.object);
  const attach = (name: string, hook: number, fields: { [offset: number]: number }): number => {
    const index = [...test.object.programs.keys()].indexOf(name);
    return guest.call("link_attach", handle, index, guest.block(112, { 4: hook, ...fields }));
  };
  return { test, guest, fd, runs, attach };
}

await runCase(bytes, "tc: a discipline, filters, their numbers", async (one) => {
  const { guest, fd, runs, test } = setUp(one, "on_tc");
  const tc = (operation: number, fields: { [offset: number]: number }): [number, number] => {
    const block = guest.block(48, { 4: lo, ...fields });
    return [guest.call("tc", operation, block), block];
  };
  assert.equal(tc(CREATE, { 8: INGRESS })[0], 0);
  assert.equal(tc(CREATE, { 8: INGRESS })[0], -EEXIST);
  assert.match(guest.lines, /^libbpf: Kernel error message: .*\n$/);
  const [attached, block] = tc(TC.attach, { 8: INGRESS, 16: fd("on_tc"), 28: 7, 32: 3 });
  assert.equal(attached, 0);
  const view = guest.view(block, 48);
  const { id } = test.object.program("on_tc").info();
  assert.deepEqual(
    [24, 28, 32].map((at) => view.getUint32(at, true)),
    [id, 7, 3],
  );
  assert.equal(await runs(), true);
  assert.equal(tc(TC.attach, { 8: INGRESS, 16: fd("on_tc"), 28: 7, 32: 3 })[0], -EEXIST);
  assert.equal(tc(TC.attach, { 8: INGRESS, 16: fd("on_tc"), 20: 1, 28: 7, 32: 3 })[0], 0);
  const [queried, found] = tc(TC.query, { 8: INGRESS, 28: 7, 32: 3 });
  assert.deepEqual([queried, guest.view(found, 48).getUint32(24, true)], [0, id]);
  assert.equal(tc(TC.query, { 8: INGRESS, 28: 8, 32: 3 })[0], -ENOENT);
  assert.equal(tc(TC.detach, { 8: INGRESS, 28: 7, 32: 3 })[0], 0);
  assert.equal(await runs(), false);
  // The kernel chooses the numbers.
  const [, chosen] = tc(TC.attach, { 8: EGRESS, 16: fd("on_tc") });
  assert.ok(guest.view(chosen, 48).getUint32(28, true) > 0 && guest.view(chosen, 48).getUint32(32, true) > 0);
  assert.equal(await runs(), true);
  assert.equal(tc(DESTROY, { 8: EGRESS })[0], 0);
  assert.equal(await runs(), false);
  assert.equal(tc(DESTROY, { 8: INGRESS | EGRESS })[0], 0);
  assert.ok(tc(TC.attach, { 8: INGRESS, 16: fd("on_tc") })[0] < 0);
  const wrong = (operation: number, fields: { [offset: number]: number }): number => tc(operation, fields)[0];
  assert.equal(wrong(CREATE, { 4: 0, 8: INGRESS }), -EINVAL);
  assert.equal(wrong(CREATE, { 4: 0x7fffffff, 8: INGRESS }), -ENODEV);
  assert.equal(wrong(CREATE, { 8: 0 }), -EINVAL);
  assert.equal(wrong(CREATE, { 8: QDISC }), -EINVAL);
  assert.equal(wrong(CREATE, { 8: INGRESS, 12: 1 }), -EINVAL);
  assert.equal(wrong(TC.attach, { 8: INGRESS }), -EINVAL);
  assert.equal(wrong(TC.attach, { 8: INGRESS, 16: 999 }), -EBADF);
  assert.equal(wrong(TC.query, { 8: INGRESS }), -EINVAL);
  assert.equal(wrong(TC.detach, { 8: INGRESS, 28: 1, 32: 0x10000 }), -EINVAL);
  assert.equal(wrong(0, { 8: INGRESS }), -EINVAL);
});

await runCase(bytes, "xdp: attach, replace, query, detach", async (one) => {
  const { guest, fd, runs, test } = setUp(one, "on_xdp", "other_xdp");
  const xdp = (operation: number, fields: { [offset: number]: number }): [number, number] => {
    const block = guest.block(48, { 4: lo, 8: -1, 12: XDP_FLAGS_SKB_MODE, 16: -1, ...fields });
    return [guest.call("xdp", operation, block), block];
  };
  const programs = (): number[] => {
    const [result, block] = xdp(XDP.query, {});
    assert.equal(result, 0);
    return [20, 24, 28, 32, 36].map((at) => guest.view(block, 48).getUint32(at, true));
  };
  assert.deepEqual(programs(), [0, 0, 0, 0, 0]);
  assert.equal(xdp(XDP.attach, { 8: fd("on_xdp") })[0], 0);
  const { id } = test.object.program("on_xdp").info();
  assert.deepEqual(programs(), [id, 0, 0, id, 2]);
  assert.equal(await runs(), true);
  const only = XDP_FLAGS_SKB_MODE | XDP_FLAGS_UPDATE_IF_NOEXIST;
  assert.equal(xdp(XDP.attach, { 8: fd("other_xdp"), 12: only })[0], -EBUSY);
  const replace = XDP_FLAGS_SKB_MODE | 16;
  assert.equal(xdp(XDP.attach, { 8: fd("other_xdp"), 12: replace, 16: fd("other_xdp") })[0], -EEXIST);
  assert.equal(xdp(XDP.attach, { 8: fd("other_xdp"), 12: replace, 16: fd("on_xdp") })[0], 0);
  assert.equal(await runs(), false);
  assert.equal(xdp(XDP.detach, { 12: replace, 16: fd("other_xdp") })[0], 0);
  assert.deepEqual(programs(), [0, 0, 0, 0, 0]);
  assert.equal(xdp(XDP.attach, { 8: 999 })[0], -EBADF);
  assert.equal(xdp(XDP.attach, { 4: 0x7fffffff, 8: fd("on_xdp") })[0], -ENODEV);
  assert.equal(xdp(0, {})[0], -EINVAL);
});

const NETNS = 13;
const XDP_HOOK = 15;
const NETFILTER = 17;
const TCX = 18;

await runCase(bytes, "an XDP link, which another link cannot share", async (one) => {
  const { guest, runs, attach } = setUp(one, "on_xdp", "other_xdp");
  const link = attach("on_xdp", XDP_HOOK, { 12: lo, 28: XDP_FLAGS_SKB_MODE });
  assert.ok(link >= 0, guest.lines);
  assert.equal(await runs(), true);
  assert.equal(attach("other_xdp", XDP_HOOK, { 12: lo, 28: XDP_FLAGS_SKB_MODE }), -EBUSY);
  assert.equal(guest.lines, "libbpf: prog 'other_xdp': failed to attach to xdp: -EBUSY\n");
  guest.context.fds.close(link);
  assert.equal(await runs(), false);
});

const missingTcx = haveLinkType(BPF_LINK_TYPE_TCX) ? undefined : "this kernel has no tcx links";
await runCaseIf(missingTcx, bytes, "tcx links, one before the other", async (one) => {
  const { guest, runs, attach, fd } = setUp(one, "on_tcx", "drops");
  const link = attach("on_tcx", TCX, { 12: lo });
  assert.ok(link >= 0, guest.lines);
  assert.equal(await runs(), true);
  // BPF_F_BEFORE: what is dropped does not get to the other.
  const first = attach("drops", TCX, { 12: lo, 28: 8, 80: fd("on_tcx") });
  assert.ok(first >= 0, guest.lines);
  assert.equal(await runs(false), false);
  guest.context.fds.close(first);
  assert.equal(attach("drops", TCX, { 12: lo, 28: 8, 80: 999 }), -EBADF);
  assert.equal(attach("drops", TCX, { 12: 0 }), -EINVAL);
  guest.context.fds.close(link);
  assert.equal(await runs(), false);
});

const missingNetfilter = haveLinkType(BPF_LINK_TYPE_NETFILTER)
  ? undefined
  : "this kernel has no netfilter links";
await runCaseIf(missingNetfilter, bytes, "a netfilter link", async (one) => {
  const { guest, runs, attach } = setUp(one, "on_netfilter");
  // IPv4, before the packet leaves.
  const link = attach("on_netfilter", NETFILTER, { 96: 2, 100: 3, 104: -100 });
  assert.ok(link >= 0, guest.lines);
  assert.equal(await runs(), true);
  guest.context.fds.close(link);
  assert.equal(await runs(), false);
  assert.ok(attach("on_netfilter", NETFILTER, { 96: 99, 100: 3 }) < 0);
});

/** A file that the guest has open. */
class OpenFile extends Descriptor {
  readonly #fd: number;
  constructor(path: string) {
    super(FILETYPE_UNKNOWN, 0n, 0n);
    this.#fd = getSys().open(path, 0);
  }
  override get fileFd(): number {
    return this.#fd;
  }
  override close(): void {
    getSys().close(this.#fd);
  }
}

const missingLookup = haveProgramType(BPF_PROG_TYPE_SK_LOOKUP)
  ? undefined
  : "this kernel has no socket lookups";
await runCaseIf(missingLookup, bytes, "a network namespace, by its open file", async (one) => {
  const { guest, runs, attach } = setUp(one, "on_lookup");
  const file = guest.context.fds.add(new OpenFile("/proc/self/ns/net"));
  const link = attach("on_lookup", NETNS, { 12: file });
  assert.ok(link >= 0, guest.lines);
  assert.equal(await runs(), true);
  guest.context.fds.close(link);
  assert.equal(await runs(), false);
  assert.equal(attach("on_lookup", NETNS, { 12: 999 }), -EBADF);
});

sender.close();
receiver[Symbol.dispose]();
console.log("done");
