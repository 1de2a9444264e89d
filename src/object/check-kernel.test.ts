import assert from "node:assert/strict";
import { test } from "node:test";
import { int } from "../../test/support/btf-sample.ts";
import {
  BPF_JEQ,
  BPF_W,
  encodeInstructions,
  exit,
  type Instruction,
  jumpImm,
  loadMem,
  mov64Imm,
  R0,
  R1,
  R2,
} from "../asm/index.ts";
import { Btf, BtfBuilder } from "../btf/index.ts";
import { BPF_CORE_FIELD_BYTE_OFFSET, BPF_CORE_FIELD_EXISTS } from "../uapi/bpf.ts";
import { checkKernel } from "./check-kernel.ts";
import { matchSection } from "./section-kinds.ts";
import type { ObjectSpec, ProgramSpec } from "./spec.ts";

const INT = int("int", 4);

/** Types: 1 int, 2 a pointer, 3 struct task with these members of type int (or pointer, for names with a star). */
function types(...members: string[]): Btf {
  const builder = new BtfBuilder();
  builder.add(INT);
  builder.add({ kind: "ptr", type: 0 });
  builder.add({
    kind: "struct",
    name: "task",
    sizeBytes: members.length * 8,
    members: members.map((name, i) => ({
      name: name.replace("*", ""),
      type: name.startsWith("*") ? 2 : 1,
      offsetBits: i * 64,
      bitfieldBits: 0,
    })),
  });
  return Btf.parse(builder.toBytes());
}

function spec(
  section: string,
  instructions: readonly Instruction[],
  coreRelocations: ProgramSpec["coreRelocations"],
  references: ProgramSpec["references"] = [],
): ObjectSpec {
  const program: ProgramSpec = {
    name: "program",
    sectionName: section,
    section: matchSection(section),
    autoload: true,
    autoattach: true,
    layout: [],
    instructions: encodeInstructions(instructions, true),
    references,
    functions: [],
    lines: [],
    coreRelocations,
  };
  const btf = types("pid", "state");
  const externs = [
    { name: "weak_call", kind: "kfunc" as const, typeId: 0, weak: true, sizeBytes: 0 },
    { name: "call", kind: "kfunc" as const, typeId: 0, weak: false, sizeBytes: 0 },
  ];
  return {
    name: "test",
    license: "GPL",
    kernelVersion: 0,
    littleEndian: true,
    btf,
    btfExt: undefined,
    programs: [program],
    maps: [],
    externs,
  };
}

const read = [loadMem(BPF_W, R0, R1, 8), exit()];
const field = { instructionIndex: 0, typeId: 3, accessString: "0:1", kind: BPF_CORE_FIELD_BYTE_OFFSET };

function answers(object: ObjectSpec, kernel: Btf): string[] {
  const [check] = checkKernel(object, kernel);
  assert.equal(
    check?.ok,
    check?.needs.every(({ answer }) => answer !== "missing"),
  );
  return (check?.needs ?? []).map(({ answer, detail }) => `${answer} ${detail}`.trim());
}

test("a field is as it was, has moved, is not there, or is of another kind", () => {
  const object = spec("tp/x/y", read, [field]);
  assert.deepEqual(answers(object, types("pid", "state")), ["ok"]);
  assert.deepEqual(answers(object, types("a", "b", "state")), ["moved 16 instead of 8"]);
  assert.deepEqual(answers(object, types("pid", "__state")), [
    "missing the kernel's struct task has no member state",
  ]);
  assert.deepEqual(answers(object, types("pid", "*state")), [
    "missing the kernel's struct task has a member state of another kind: ptr, not int",
  ]);
  assert.deepEqual(answers(object, Btf.parse(new BtfBuilder().toBytes())), [
    "missing the kernel has no struct task",
  ]);
});

test("what a failed existence check keeps from running is no fault", () => {
  const guarded = [
    mov64Imm(R2, 1),
    jumpImm(BPF_JEQ, R2, 0, 1),
    loadMem(BPF_W, R0, R1, 8),
    mov64Imm(R0, 0),
    exit(),
  ];
  const object = spec("tp/x/y", guarded, [
    { ...field, kind: BPF_CORE_FIELD_EXISTS },
    { ...field, instructionIndex: 2 },
  ]);
  assert.deepEqual(answers(object, types("pid", "state")), ["ok", "ok"]);
  assert.deepEqual(answers(object, types("pid")), [
    "absent",
    "unreachable the kernel's struct task has no member state",
  ]);
});

test("targets and kernel functions are looked for where the BTF has functions", () => {
  const kernel = (...functions: string[]): Btf => {
    const builder = new BtfBuilder();
    const prototype = builder.add({ kind: "func_proto", returnType: 0, parameters: [] });
    for (const name of functions) builder.add({ kind: "func", name, type: prototype, linkage: "static" });
    return Btf.parse(builder.toBytes());
  };
  const calls = ["call", "weak_call"].map((extern) => ({
    instructionIndex: 0,
    kind: "kfunc" as const,
    extern,
  }));
  const object = spec("fentry/do_it", read, [], calls);
  assert.deepEqual(answers(object, kernel("do_it", "call", "weak_call")), ["ok", "ok", "ok"]);
  assert.deepEqual(answers(object, kernel("other")), [
    "missing the kernel has no function do_it",
    "missing the kernel has no function call; a module may have it",
    "absent the kernel has no function weak_call; a module may have it",
  ]);
  assert.deepEqual(answers(object, types("pid")), []);
  assert.deepEqual(answers(spec("lsm/file_open", read, []), kernel("bpf_lsm_file_open")), ["ok"]);
  assert.deepEqual(answers(spec("tp_btf/sched_switch", read, []), kernel("x")), [
    "missing the kernel has no tracepoint sched_switch",
  ]);
});

test("a relocation that makes no sense is told, too", () => {
  const object = spec("tp/x/y", read, [{ ...field, accessString: "0:9" }]);
  assert.match(
    answers(object, types("pid"))[0] ?? "",
    /^missing Cannot relocate program "program".*no member 9/,
  );
});
