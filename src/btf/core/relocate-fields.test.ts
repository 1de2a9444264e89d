import assert from "node:assert/strict";
import test from "node:test";
import { member, struct } from "../../../test/support/btf-sample.ts";
import {
  btf,
  INT,
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
  BPF_CORE_FIELD_BYTE_OFFSET,
  BPF_CORE_FIELD_BYTE_SIZE,
  BPF_CORE_FIELD_EXISTS,
  BPF_CORE_FIELD_LSHIFT_U64,
  BPF_CORE_FIELD_RSHIFT_U64,
  BPF_CORE_FIELD_SIGNED,
} from "../../uapi/bpf.ts";

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
