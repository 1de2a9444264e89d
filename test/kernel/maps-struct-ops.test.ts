import assert from "node:assert/strict";
import { test } from "node:test";
import { BpfObject } from "../../src/ebpf/index.ts";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import { BPF_MAP_TYPE_STRUCT_OPS } from "../../src/uapi/bpf.ts";
import { compileBpf } from "../support/compile-bpf.ts";
import { testdata } from "../support/testdata.ts";

failOnLeaks();

/** An object with one congestion control of `members`, whose functions are all `SEC("struct_ops")` ones. */
function control(declaration: string, initializer: string, more = ""): BpfObject {
  return BpfObject.open(
    compileBpf(`
struct sock;
struct tcp_congestion_ops {
	unsigned int (*ssthresh)(struct sock *sk);
	void (*cong_avoid)(struct sock *sk, unsigned int ack, unsigned int acked);
	unsigned int (*undo_cwnd)(struct sock *sk);
	char name[16];
	${declaration}
};
SEC("struct_ops/ssthresh") unsigned int ssthresh(__u64 *ctx) { return 2; }
SEC("struct_ops/avoid") void avoid(__u64 *ctx) { }
SEC("struct_ops/undo") unsigned int undo(__u64 *ctx) { return 3; }
${more}
SEC(".struct_ops") struct tcp_congestion_ops ops = {
	.ssthresh = (void *)ssthresh, .cong_avoid = (void *)avoid, .undo_cwnd = (void *)undo, .name = "bpf_layout",
	${initializer}
};`),
  );
}

test("maps of one type share programs; the value has the kernel's layout with the programs' descriptors", () => {
  using object = BpfObject.open(testdata("struct-ops-callbacks.bpf.o"));
  const [one, two] = [object.map("one"), object.map("two")];
  const name = new TextEncoder().encode("bpf_three");
  const contents = one.initialValue;
  assert.ok(contents !== undefined);
  contents.fill(0, contents.length - 16).set(name, 28);
  assert.equal(object.map("one").structOpsValue, undefined, "unknown before load");
  object.load();
  const info = one.info();
  assert.equal(info.type, BPF_MAP_TYPE_STRUCT_OPS);
  const [first, second] = [one.structOpsValue, two.structOpsValue];
  assert.ok(first !== undefined && second !== undefined);
  assert.equal(first.length, info.valueSizeBytes);
  const text = new TextDecoder("latin1");
  assert.ok(text.decode(first).includes("bpf_three\0"));
  assert.ok(text.decode(second).includes("bpf_two\0"));
  const has = (value: Uint8Array, program: string): boolean =>
    new BigUint64Array(value.slice().buffer).includes(BigInt(object.program(program).fd));
  assert.ok(has(first, "undo") && !has(first, "undo_other"));
  assert.ok(has(second, "undo_other") && !has(second, "undo"));
  assert.ok(has(first, "threshold") && has(second, "threshold"));
});

test("a map that is left out takes the programs along that only it uses", () => {
  using object = BpfObject.open(testdata("struct-ops-callbacks.bpf.o"));
  object.map("two").configure({ autocreate: false });
  object.load();
  assert.equal(object.program("undo_other").loaded, false);
  assert.equal(object.program("threshold").loaded, true);
  assert.equal(object.map("two").loaded, false);
});

test("members that this kernel lacks are skipped while they are zero, and their programs are not loaded", () => {
  using object = control(
    "int not_there; int (*no_callback)(struct sock *sk);",
    ".no_callback = (void *)nothing,",
    'SEC("struct_ops/nothing") int nothing(__u64 *ctx) { return 0; }',
  );
  object.load();
  assert.equal(object.program("nothing").loaded, false);
  assert.equal(object.program("undo").loaded, true);
});

test("what does not fit the kernel's struct is refused with the member's name", () => {
  const cases: readonly (readonly [declaration: string, initializer: string, message: RegExp])[] = [
    ["int not_there;", ".not_there = 1,", /has no member "not_there", which is set/],
    [
      "unsigned long long flags;",
      ".flags = 1,",
      /member "flags" .* has 4 bytes in this kernel, 8 in the object/,
    ],
    ["struct { int x; } key;", "", /member "key" .* is int in this kernel, struct in the object/],
    ["unsigned int flags : 3;", "", /member "flags" .* is a bitfield/],
  ];
  for (const [declaration, initializer, message] of cases) {
    const object = control(declaration, initializer);
    assert.throws(() => object.load(), { code: "NOT_SUPPORTED", message });
  }
});

test("a type that the kernel does not know, and a program that no map uses, are named", () => {
  const unknown = BpfObject.open(
    compileBpf(`
struct no_such_ops { int (*call)(void); };
SEC("struct_ops/call") int call(__u64 *ctx) { return 0; }
SEC(".struct_ops") struct no_such_ops ops = { .call = (void *)call };`),
  );
  assert.throws(() => unknown.load(), {
    code: "NOT_SUPPORTED",
    message: /Cannot create struct_ops map "ops": this kernel has no struct_ops type "no_such_ops"/,
  });
  const unused = control("", "", 'SEC("struct_ops/unused") int unused(__u64 *ctx) { return 0; }');
  assert.throws(() => unused.load(), {
    code: "INVALID_ARGUMENT",
    message: /Cannot load program "unused": no struct_ops map that is created uses it/,
  });
});
