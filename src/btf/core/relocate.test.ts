import assert from "node:assert/strict";
import test from "node:test";
import { btfOf, enumeration, int, member, struct } from "../../../test/support/btf-sample.ts";
import {
  BPF_CORE_ENUMVAL_EXISTS,
  BPF_CORE_ENUMVAL_VALUE,
  BPF_CORE_FIELD_BYTE_OFFSET,
  BPF_CORE_FIELD_BYTE_SIZE,
  BPF_CORE_FIELD_EXISTS,
  BPF_CORE_FIELD_LSHIFT_U64,
  BPF_CORE_FIELD_RSHIFT_U64,
  BPF_CORE_FIELD_SIGNED,
  BPF_CORE_TYPE_EXISTS,
  BPF_CORE_TYPE_ID_LOCAL,
  BPF_CORE_TYPE_ID_TARGET,
  BPF_CORE_TYPE_MATCHES,
  BPF_CORE_TYPE_SIZE,
} from "../../uapi/bpf.ts";
import {
  type Btf,
  type CoreFailure,
  type NewBtfType,
  POISON_HELPER,
  RelocationError,
  relocateCore,
} from "../index.ts";

const LDX_W = 0x61;
const LDX_DW = 0x79;
const MOV64_K = 0xb7;
const MOV64_X = 0xbf;
const LDIMM64 = 0x18;

interface Outcome {
  readonly opcode: number;
  readonly offset: number;
  readonly immediate: number;
  /** Immediate of both halves. */
  readonly wide: bigint;
  readonly failures: CoreFailure[];
}

interface Case {
  readonly local: Btf;
  readonly target?: Btf;
  readonly modules?: readonly Btf[];
  readonly typeId: number;
  readonly access?: string;
  readonly kind: number;
  readonly opcode?: number;
  readonly offset?: number;
  readonly immediate?: number;
  readonly littleEndian?: boolean;
}

/** Relocates one instruction that holds `offset` and `immediate`. */
function relocate(input: Case): Outcome {
  const { local, target = local, typeId, access = "0", kind, opcode = MOV64_K } = input;
  const littleEndian = input.littleEndian ?? true;
  const instructions = new Uint8Array(16);
  const view = new DataView(instructions.buffer);
  view.setUint8(0, opcode);
  view.setInt16(2, input.offset ?? 0, littleEndian);
  view.setInt32(4, input.immediate ?? 0, littleEndian);
  const { failures } = relocateCore({
    programName: "test",
    instructions,
    relocations: [{ instructionIndex: 0, typeId, accessString: access, kind }],
    local,
    targets: [target, ...(input.modules ?? [])].map((btf) => () => btf),
    littleEndian,
  });
  return {
    opcode: view.getUint8(0),
    offset: view.getInt16(2, littleEndian),
    immediate: view.getInt32(4, littleEndian),
    wide: (BigInt(view.getUint32(12, littleEndian)) << 32n) | BigInt(view.getUint32(4, littleEndian)),
    failures,
  };
}

const INT = 1;
const LONG = 2;
const CHAR = 3;
const UNSIGNED = 4;
const ARRAY = 5;
const FLEXIBLE = 6;
const POINTER = 7;
const BASE: readonly NewBtfType[] = [
  int("int", 4),
  int("long", 8, false),
  int("char", 1),
  int("unsigned int", 4, false),
  { kind: "array", elementType: 1, indexType: 1, length: 4 },
  { kind: "array", elementType: 2, indexType: 1, length: 0 },
  { kind: "ptr", type: 0 },
];
const RECORD = BASE.length + 1;

/** Types of BASE, then `types` from id 8 on. */
function btf(...types: readonly NewBtfType[]): Btf {
  return btfOf([...BASE, ...types]);
}

const LOCAL = btf(
  struct("record___mine", 32, [
    member("a", INT, 0),
    member("b", LONG, 64),
    member("list", ARRAY, 128),
    member("", RECORD + 1, 256),
    member("tail", FLEXIBLE, 320),
  ]),
  { kind: "union", name: "", sizeBytes: 8, members: [member("u", INT, 0), member("v", POINTER, 0)] },
);

const TARGET = btf(
  struct("record", 80, [
    member("pad", LONG, 0),
    member("", RECORD + 1, 64),
    member("a", INT, 128),
    member("b", LONG, 192),
    member("list", ARRAY, 256),
    member("more", LONG, 384),
    member("tail", FLEXIBLE, 448),
  ]),
  { kind: "union", name: "", sizeBytes: 8, members: [member("", RECORD + 2, 0)] },
  struct("", 8, [member("u", INT, 32), member("v", POINTER, 0)]),
);

test("the byte offset of members, array elements and members of anonymous members is the target's", () => {
  const offset = (access: string, from: number): number => {
    const outcome = relocate({
      local: LOCAL,
      target: TARGET,
      typeId: RECORD,
      access,
      kind: BPF_CORE_FIELD_BYTE_OFFSET,
      immediate: from,
    });
    assert.deepEqual(outcome.failures, []);
    return outcome.immediate;
  };
  assert.equal(offset("0:0", 0), 16);
  assert.equal(offset("0:1", 8), 24);
  assert.equal(offset("0:2:3", 28), 44);
  assert.equal(offset("0:3:0", 32), 12);
  assert.equal(offset("0:3:1", 32), 8);
  assert.equal(offset("0:4:2", 56), 72, "elements of a flexible array");
  assert.equal(offset("2:0", 64), 176, "element 2 of an array of the struct");
  assert.equal(offset("0", 0), 0);
});

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
  assert.deepEqual(
    [...instructions],
    [
      0x85,
      0,
      0,
      0,
      0x10,
      0x23,
      0xad,
      0xb,
      0x85,
      0,
      0,
      0,
      0x10,
      0x23,
      0xad,
      0xb,
      MOV64_K,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
    ],
  );
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

test("existence of fields is 1 or 0 and never a failure", () => {
  const exists = (access: string): Outcome =>
    relocate({
      local: btf(
        struct("record", 8, [member("a", INT, 0), member("gone", INT, 32), member("list", POINTER, 64)]),
      ),
      target: TARGET,
      typeId: RECORD,
      access,
      kind: BPF_CORE_FIELD_EXISTS,
      immediate: 1,
    });
  assert.equal(exists("0:0").immediate, 1);
  assert.equal(exists("0:1").immediate, 0);
  assert.equal(exists("0:2").immediate, 0, "a field of an incompatible type does not count");
  assert.deepEqual(exists("0:1").failures, []);
});

test("size and signedness of fields", () => {
  const ask = (kind: number, access: string, immediate: number): number =>
    relocate({ local: LOCAL, target: TARGET, typeId: RECORD, access, kind, immediate }).immediate;
  assert.equal(ask(BPF_CORE_FIELD_BYTE_SIZE, "0:2", 16), 16);
  assert.equal(ask(BPF_CORE_FIELD_BYTE_SIZE, "0:2:0", 4), 4);
  assert.equal(ask(BPF_CORE_FIELD_SIGNED, "0:0", 1), 1);
  assert.equal(ask(BPF_CORE_FIELD_SIGNED, "0:1", 0), 0);
});

for (const littleEndian of [true, false]) {
  test(`bitfields: smallest load and shifts, ${littleEndian ? "little" : "big"}-endian`, () => {
    const local = btf(struct("flags", 8, [member("x", UNSIGNED, 0, 3), member("y", UNSIGNED, 3, 7)]));
    const target = btf(struct("flags", 16, [member("w", LONG, 0), member("y", UNSIGNED, 92, 7)]));
    const ask = (kind: number, immediate: number): number =>
      relocate({ local, target, typeId: RECORD, access: "0:1", kind, immediate, littleEndian }).immediate;
    // Bits 92..98 do not fit an aligned 32-bit load, so it takes a 64-bit one at byte 8.
    assert.equal(ask(BPF_CORE_FIELD_BYTE_OFFSET, 0), 8);
    assert.equal(ask(BPF_CORE_FIELD_BYTE_SIZE, 4), 8);
    assert.equal(ask(BPF_CORE_FIELD_LSHIFT_U64, 0), littleEndian ? 29 : 28);
    assert.equal(ask(BPF_CORE_FIELD_RSHIFT_U64, 57), 57);
    assert.equal(ask(BPF_CORE_FIELD_SIGNED, 0), 0);
  });
}

test("a bitfield that no 64-bit load can read is an error", () => {
  const local = btf(struct("flags", 8, [member("x", LONG, 0, 40)]));
  const target = btf(struct("flags", 16, [member("x", LONG, 60, 40)]));
  assert.throws(
    () => relocate({ local, target, typeId: RECORD, access: "0:0", kind: BPF_CORE_FIELD_BYTE_SIZE }),
    /no 64-bit load can read this bitfield/,
  );
});

test("types: ids, existence, size", () => {
  const ask = (kind: number, target: Btf, immediate: number): Outcome =>
    relocate({ local: LOCAL, target, typeId: RECORD, kind, immediate });
  assert.equal(ask(BPF_CORE_TYPE_ID_LOCAL, TARGET, 77).immediate, RECORD);
  const shifted = btf({ kind: "fwd", name: "record", union: false }, struct("record", 4, []));
  assert.equal(ask(BPF_CORE_TYPE_ID_TARGET, shifted, 77).immediate, RECORD + 1);
  assert.equal(ask(BPF_CORE_TYPE_ID_TARGET, btf(), 77).immediate, 0);
  assert.equal(ask(BPF_CORE_TYPE_EXISTS, TARGET, 1).immediate, 1);
  assert.equal(ask(BPF_CORE_TYPE_EXISTS, btf(), 1).immediate, 0);
  assert.equal(ask(BPF_CORE_TYPE_SIZE, TARGET, 32).immediate, 80);
  assert.equal(ask(BPF_CORE_TYPE_SIZE, btf(), 32).immediate, 0);
  for (const kind of [BPF_CORE_TYPE_ID_TARGET, BPF_CORE_TYPE_EXISTS, BPF_CORE_TYPE_SIZE]) {
    assert.deepEqual(ask(kind, btf(), kind === BPF_CORE_TYPE_SIZE ? 32 : 1).failures, []);
  }
});

test("type existence compares prototypes behind typedefs, not the members of structs", () => {
  const hook = (parameters: number[]): Btf =>
    btf(
      { kind: "func_proto", returnType: INT, parameters: parameters.map((type) => ({ name: "", type })) },
      { kind: "ptr", type: RECORD },
      { kind: "typedef", name: "hook_t", type: RECORD + 1 },
    );
  const exists = (target: Btf): number =>
    relocate({
      local: hook([INT, POINTER]),
      target,
      typeId: RECORD + 2,
      kind: BPF_CORE_TYPE_EXISTS,
      immediate: 1,
    }).immediate;
  assert.equal(exists(hook([LONG, POINTER])), 1, "integers are compatible");
  assert.equal(exists(hook([POINTER, POINTER])), 0);
  assert.equal(exists(hook([INT])), 0);
});

test("type match wants every member, of the same size and sign", () => {
  const matches = (local: NewBtfType[], target: NewBtfType[]): number =>
    relocate({
      local: btf(...local),
      target: btf(...target),
      typeId: RECORD,
      kind: BPF_CORE_TYPE_MATCHES,
      immediate: 1,
    }).immediate;
  const plain = struct("s", 4, [member("a", INT, 0)]);
  assert.equal(matches([plain], [struct("s", 8, [member("b", INT, 0), member("a", INT, 32)])]), 1);
  assert.equal(matches([plain], [struct("s", 8, [member("a", UNSIGNED, 0)])]), 0);
  assert.equal(matches([plain], [struct("s", 8, [])]), 0);
  assert.equal(matches([struct("s___x", 4, [member("a", INT, 0)])], [plain]), 1);
  const pointing = (name: string): NewBtfType[] => [
    struct("s", 8, [member("next", RECORD + 1, 0)]),
    { kind: "ptr", type: RECORD + 2 },
    struct(name, 4, [member("a", INT, 0)]),
  ];
  assert.equal(matches(pointing("t"), pointing("t")), 1);
  assert.equal(matches(pointing("t"), pointing("u")), 0);
  const announced: NewBtfType[] = [...pointing("t").slice(0, 2), { kind: "fwd", name: "t", union: false }];
  assert.equal(matches(pointing("t"), announced), 1, "behind a pointer a forward declaration is enough");
  const values = (names: Record<string, bigint>): NewBtfType[] => [enumeration("e", names)];
  assert.equal(matches(values({ A: 1n }), values({ B: 0n, A: 7n })), 1);
  assert.equal(matches(values({ A: 1n, C: 2n }), values({ B: 0n, A: 7n })), 0);
});

test("enumerators are found by name without flavor, across both enum kinds", () => {
  const local = btfOf([enumeration("e___mine", { A___old: 1n, GONE: 2n })]);
  const target = btfOf([
    { kind: "enum64", name: "e", sizeBytes: 8, signed: false, values: [{ name: "A", value: 1n << 40n }] },
  ]);
  const ask = (kind: number, access: string, immediate: number): Outcome =>
    relocate({ local, target, typeId: 1, access, kind, opcode: LDIMM64, immediate });
  assert.equal(ask(BPF_CORE_ENUMVAL_VALUE, "0", 1).wide, 1n << 40n);
  assert.equal(ask(BPF_CORE_ENUMVAL_EXISTS, "0", 1).wide, 1n);
  assert.equal(ask(BPF_CORE_ENUMVAL_EXISTS, "1", 1).wide, 0n);
  assert.equal(ask(BPF_CORE_ENUMVAL_VALUE, "1", 2).failures.length, 1);
});

test("negative enumerators keep their sign in wide loads", () => {
  const local = btfOf([enumeration("e", { A: -2n }, true)]);
  const outcome = (signed: boolean): bigint => {
    const instructions = new Uint8Array(16);
    const view = new DataView(instructions.buffer);
    view.setUint8(0, LDIMM64);
    view.setInt32(4, -2, true);
    view.setInt32(12, -1, true);
    relocateCore({
      programName: "test",
      instructions,
      relocations: [{ instructionIndex: 0, typeId: 1, accessString: "0", kind: BPF_CORE_ENUMVAL_VALUE }],
      local,
      targets: [() => btfOf([enumeration("e", { A: signed ? -3n : 0xfffffffdn }, signed)])],
      littleEndian: true,
    });
    return (BigInt(view.getInt32(12, true)) << 32n) | BigInt(view.getUint32(4, true));
  };
  assert.equal(outcome(true), -3n);
  assert.equal(outcome(false), -3n, "kernels before 6.0 do not say that an enum is signed");
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
