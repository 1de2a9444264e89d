import assert from "node:assert/strict";
import { test } from "node:test";
import { BpfObject } from "../../src/ebpf/index.ts";
import { BpfAttr, setSys } from "../../src/sys/index.ts";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import { scriptedSys } from "../../src/sys/scripted.ts";
import { BPF_LINK_CREATE, BPF_TRACE_KPROBE_MULTI, BPF_TRACE_KPROBE_SESSION } from "../../src/uapi/bpf.ts";
import { AbiGuest } from "../support/abi-v2.ts";
import { compileBpf } from "../support/compile-bpf.ts";
import { type Fields, KPROBE_MULTI, NETFILTER, UPROBE_MULTI } from "../support/link-fixture.ts";

failOnLeaks();

/** What a link is made with, on a kernel that takes everything. */
function creation(
  program: string,
  attach: (guest: AbiGuest, hook: (hook: number, fields: Fields) => number) => number,
): { attr: DataView; pointers: BpfAttr["pointers"] } {
  const sys = scriptedSys();
  setSys(sys);
  try {
    const object = BpfObject.open(MANY);
    for (const one of object.programs.values()) one.autoload = one.name === program;
    object.load();
    const guest = new AbiGuest();
    const handle = guest.object(object);
    const index = [...object.programs.keys()].indexOf(program);
    const hook = (number: number, fields: Fields): number =>
      guest.call("link_attach", handle, index, guest.block(112, { 4: number, ...fields }));
    const link = attach(guest, hook);
    assert.ok(link >= 0, guest.lines);
    const call = sys.bpfCalls(BPF_LINK_CREATE).at(-1);
    const [, attr] = call?.args ?? [];
    assert.ok(attr instanceof BpfAttr && call?.attr !== undefined);
    guest.close();
    assert.deepEqual([...sys.openFds], [], "everything is closed");
    return { attr: new DataView(call.attr.buffer), pointers: attr.pointers };
  } finally {
    setSys(undefined);
  }
}

const MANY = compileBpf(`
SEC("kprobe.multi") int probes(void *ctx) { return 0; }
SEC("kprobe.session/do_*") int session(void *ctx) { return 0; }
SEC("uprobe.multi") int uprobes(void *ctx) { return 0; }
SEC("netfilter") int filter(void *ctx) { return 0; }
`);

function bytesAt(pointers: BpfAttr["pointers"], offset: number): Uint8Array | undefined {
  return pointers.find((pointer) => pointer.offset === offset)?.bytes;
}

test("what the kernel is asked for: kernel probes by name and by address, at return, with cookies", () => {
  const named = creation("probes", (guest, attach) => {
    const names = new Uint32Array([guest.text("first"), guest.text("second")]);
    const cookies = guest.put(new Uint8Array(new BigUint64Array([7n, 8n]).buffer));
    return attach(KPROBE_MULTI, { 8: 1, 56: 2, 60: guest.put(new Uint8Array(names.buffer)), 76: cookies });
  });
  assert.equal(named.attr.getUint32(8, true), BPF_TRACE_KPROBE_MULTI);
  assert.equal(named.attr.getUint32(16, true), 1, "at return");
  assert.equal(named.attr.getUint32(20, true), 2);
  const table = named.pointers.find(({ offset }) => offset === 24)?.table ?? [];
  assert.deepEqual(
    table.map((name) => new TextDecoder().decode(name)),
    ["first\0", "second\0"],
  );
  assert.equal(
    named.pointers.find(({ offset }) => offset === 32),
    undefined,
  );
  assert.deepEqual(bytesAt(named.pointers, 40), new Uint8Array(new BigUint64Array([7n, 8n]).buffer));

  const address = new Uint8Array(new BigUint64Array([0xffffffff81000000n]).buffer);
  const placed = creation("session", (guest, attach) =>
    attach(KPROBE_MULTI, { 8: 2, 56: 1, 64: guest.put(address) }),
  );
  assert.equal(placed.attr.getUint32(8, true), BPF_TRACE_KPROBE_SESSION);
  assert.equal(placed.attr.getUint32(16, true), 0);
  assert.deepEqual(bytesAt(placed.pointers, 32), address);
});

test("what the kernel is asked for: user probes at offsets, with counters, of one process", () => {
  const places = new Uint8Array(new BigUint64Array([64n, 128n]).buffer);
  const { attr, pointers } = creation("uprobes", (guest, attach) => {
    const at = guest.put(places);
    return attach(UPROBE_MULTI, { 12: 77, 16: guest.text("/bin/sh"), 56: 2, 68: at, 72: at });
  });
  assert.equal(new TextDecoder().decode(bytesAt(pointers, 16)), "/bin/sh\0");
  assert.deepEqual([bytesAt(pointers, 24), bytesAt(pointers, 32)], [places, places]);
  assert.deepEqual([attr.getUint32(48, true), attr.getUint32(52, true), attr.getInt32(56, true)], [2, 0, 77]);
});

test("what the kernel is asked for: a netfilter hook", () => {
  const { attr } = creation("filter", (_guest, attach) =>
    attach(NETFILTER, { 28: 1, 96: 10, 100: 2, 104: -5 }),
  );
  assert.deepEqual(
    [16, 20, 28].map((at) => attr.getUint32(at, true)),
    [10, 2, 1],
  );
  assert.equal(attr.getInt32(24, true), -5);
});
