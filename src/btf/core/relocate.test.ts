import assert from "node:assert/strict";
import test from "node:test";
import { btfOf, enumeration, member, struct } from "../../../test/support/btf-sample.ts";
import {
  btf,
  type Case,
  CHAR,
  INT,
  LDIMM64,
  LDX_DW,
  LDX_W,
  LOCAL,
  LONG,
  MOV64_K,
  MOV64_X,
  type Outcome,
  RECORD,
  relocate,
  TARGET,
  UNSIGNED,
} from "../../../test/support/core-relocation.ts";
import {
  BPF_CORE_ENUMVAL_VALUE,
  BPF_CORE_FIELD_BYTE_OFFSET,
  BPF_CORE_FIELD_BYTE_SIZE,
  BPF_CORE_FIELD_EXISTS,
  BPF_CORE_TYPE_SIZE,
} from "../../uapi/bpf.ts";
import { type Btf, POISON_HELPER, RelocationError, relocateCore } from "../index.ts";

test("loads get the target's offset, and its size where that cannot change the value", () => {
  const local = btf(struct("s", 8, [member("x", UNSIGNED, 32)]));
  const load = (type: number, opcode = LDX_W): Outcome =>
    relocate({
      local,
      target: btf(struct("s", 24, [member("x", type, 128)])),
      typeId: RECORD,
      access: "0:0",
      kind: BPF_CORE_FIELD_BYTE_OFFSET,
      opcode,
      offset: 4,
    });
  assert.equal(load(UNSIGNED).offset, 16);
  assert.equal(load(UNSIGNED).opcode, LDX_W);
  assert.equal(load(LONG).opcode, LDX_DW, "unsigned may grow");
  const signed = load(CHAR);
  assert.equal(signed.immediate, POISON_HELPER);
  assert.match(signed.failures[0]?.reason ?? "", /4 bytes cannot become one of 1/);
  assert.throws(() => load(LONG, LDX_DW), /moves 8 bytes, but the field has 4/);
});

test("what the target does not have makes the instruction invalid and is reported", () => {
  const outcome = relocate({
    local: LOCAL,
    target: btf(struct("record", 4, [member("other", INT, 0)])),
    typeId: RECORD,
    access: "0:2:1",
    kind: BPF_CORE_FIELD_BYTE_OFFSET,
    immediate: 20,
  });
  assert.equal(outcome.opcode, 0x85);
  assert.equal(outcome.immediate, POISON_HELPER);
  assert.deepEqual(outcome.failures, [
    {
      instructionIndex: 0,
      relocationIndex: 0,
      description: "byte offset of struct record___mine::list[1] (0:2:1)",
      reason: "the kernel's struct record has no member list",
    },
  ]);
});

test("both halves of a wide load are made invalid", () => {
  const instructions = new Uint8Array(24);
  instructions[0] = LDIMM64;
  instructions[16] = MOV64_K;
  relocateCore({
    programName: "test",
    instructions,
    relocations: [{ instructionIndex: 0, typeId: 1, accessString: "0", kind: BPF_CORE_ENUMVAL_VALUE }],
    local: btfOf([enumeration("e", { A: 0n })]),
    targets: [() => btfOf([enumeration("f", { A: 0n })])],
    littleEndian: true,
  });
  const invalid = [0x85, 0, 0, 0, 0x10, 0x23, 0xad, 0xb];
  assert.deepEqual([...instructions], [...invalid, ...invalid, MOV64_K, 0, 0, 0, 0, 0, 0, 0]);
});

test("a target without any type of the name says so", () => {
  const { failures } = relocate({
    local: LOCAL,
    target: btf(),
    typeId: RECORD,
    access: "0:0",
    kind: BPF_CORE_FIELD_BYTE_SIZE,
    immediate: 4,
  });
  assert.equal(failures[0]?.reason, "the kernel has no struct record");
});

test("several candidates that agree are one answer, several that differ are an error", () => {
  const target = (offset: number): Btf =>
    btf(
      struct("record", 16, [member("a", INT, 32)]),
      struct("record___2", 16, [member("a", INT, offset)]),
      struct("record___3", 16, [member("z", INT, 0)]),
    );
  const ask = (offset: number): Outcome =>
    relocate({
      local: LOCAL,
      target: target(offset),
      typeId: RECORD,
      access: "0:0",
      kind: BPF_CORE_FIELD_BYTE_OFFSET,
    });
  assert.equal(ask(32).immediate, 4);
  assert.throws(
    () => ask(64),
    (error) => {
      assert.ok(error instanceof RelocationError);
      assert.equal(error.program, "test");
      assert.equal(error.field, "byte offset of struct record___mine::a (0:0)");
      assert.match(error.message, /CO-RE relocation 0 at instruction 0 .*ambiguous: .*gives 4 .*gives 8/);
      return true;
    },
  );
});

test("a candidate that lacked a field is out for the following relocations", () => {
  const target = btf(
    struct("record", 16, [member("a", INT, 32)]),
    struct("record___2", 16, [member("b", LONG, 64)]),
  );
  const instructions = new Uint8Array(16);
  instructions[0] = MOV64_K;
  instructions[8] = MOV64_K;
  instructions[12] = 8;
  const { failures } = relocateCore({
    programName: "test",
    instructions,
    relocations: ["0:0", "0:1"].map((accessString, instructionIndex) => ({
      instructionIndex,
      typeId: RECORD,
      accessString,
      kind: BPF_CORE_FIELD_BYTE_OFFSET,
    })),
    local: LOCAL,
    targets: [() => target],
    littleEndian: true,
  });
  assert.deepEqual(
    failures.map((failure) => failure.relocationIndex),
    [1],
  );
});

test("modules are only asked when the kernel has no candidate", () => {
  const module = btf(struct("record", 16, [member("a", INT, 64)]));
  const ask = (target: Btf): number =>
    relocate({
      local: LOCAL,
      target,
      modules: [btf(), module],
      typeId: RECORD,
      access: "0:0",
      kind: BPF_CORE_FIELD_BYTE_OFFSET,
    }).immediate;
  assert.equal(ask(btf()), 8);
  assert.equal(ask(btf(struct("record", 8, [member("a", INT, 32)]))), 4);
  let asked = false;
  relocateCore({
    programName: "test",
    instructions: Uint8Array.of(MOV64_K, 0, 0, 0, 1, 0, 0, 0),
    relocations: [{ instructionIndex: 0, typeId: RECORD, accessString: "0:0", kind: BPF_CORE_FIELD_EXISTS }],
    local: LOCAL,
    targets: [
      () => TARGET,
      () => {
        asked = true;
        return module;
      },
    ],
    littleEndian: true,
  });
  assert.equal(asked, false);
});

test("malformed relocations name program, relocation and instruction", () => {
  const bad: Record<string, Partial<Case>> = {
    "empty access": { access: "" },
    "no numbers": { access: "0:x" },
    "negative index": { access: "0:-1" },
    "no such member": { access: "0:9" },
    "member of an integer": { access: "0:0:0" },
    "element past an array": { access: "0:2:4" },
    "endless access": { access: Array(70).fill("0").join(":") },
    "type with parts": { access: "0:0", kind: BPF_CORE_TYPE_SIZE },
    "enumerator of a struct": { kind: BPF_CORE_ENUMVAL_VALUE },
    "unknown kind": { kind: 13 },
    "type that does not exist": { typeId: 4000 },
    "type without name": { typeId: RECORD + 1, access: "0:0" },
    "register operand": { access: "0:0", opcode: MOV64_X },
    "value that the compiler did not write": { access: "0:1", immediate: 5 },
    "instruction of another kind": { access: "0:0", opcode: 0x05 },
  };
  for (const [what, change] of Object.entries(bad)) {
    assert.throws(
      () =>
        relocate({
          local: LOCAL,
          target: TARGET,
          typeId: RECORD,
          kind: BPF_CORE_FIELD_BYTE_OFFSET,
          ...change,
        }),
      (error) => {
        assert.ok(error instanceof RelocationError, what);
        assert.match(error.message, /^Cannot relocate program "test": CO-RE relocation 0 at instruction 0 /);
        return true;
      },
      what,
    );
  }
});
