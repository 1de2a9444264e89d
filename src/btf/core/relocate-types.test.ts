import assert from "node:assert/strict";
import test from "node:test";
import { btfOf, enumeration, member, struct } from "../../../test/support/btf-sample.ts";
import {
  btf,
  INT,
  LDIMM64,
  LOCAL,
  LONG,
  type Outcome,
  POINTER,
  RECORD,
  relocate,
  TARGET,
  UNSIGNED,
} from "../../../test/support/core-relocation.ts";
import {
  BPF_CORE_ENUMVAL_EXISTS,
  BPF_CORE_ENUMVAL_VALUE,
  BPF_CORE_TYPE_EXISTS,
  BPF_CORE_TYPE_ID_LOCAL,
  BPF_CORE_TYPE_ID_TARGET,
  BPF_CORE_TYPE_MATCHES,
  BPF_CORE_TYPE_SIZE,
} from "../../uapi/bpf.ts";
import { type Btf, type NewBtfType, relocateCore } from "../index.ts";

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
