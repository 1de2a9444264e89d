import assert from "node:assert/strict";
import { test } from "node:test";
import { Btf } from "./btf.ts";
import { BtfBuilder } from "./builder.ts";
import { findBtfProblem } from "./problem.ts";

const HEADER_BYTES = 24;

function built(): Uint8Array {
  const builder = new BtfBuilder({ littleEndian: true });
  builder.add({ kind: "ptr", type: 0 });
  builder.add({ kind: "const", type: 1 });
  return builder.toBytes();
}

/** The bytes with one 32-bit word of the types changed. */
function changed(at: number, word: number): Uint8Array {
  const bytes = built();
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(HEADER_BYTES + at, word, true);
  return bytes;
}

test("well-formed types have no problem, in either order of bytes", () => {
  assert.equal(findBtfProblem(built(), true), undefined);
  const big = new BtfBuilder({ littleEndian: false });
  big.add({ kind: "ptr", type: 0 });
  assert.equal(findBtfProblem(big.toBytes(), true), undefined);
});

test("a problem says which type it is in, and where that leads, also where parsing leaves it for later", () => {
  const bytes = changed(20, 77);
  assert.deepEqual(findBtfProblem(bytes, true), { kind: "reference", typeId: 2, target: 77 });
  assert.equal(Btf.parse(bytes).typeCount, 3);
  assert.deepEqual(findBtfProblem(changed(0, 999), true), {
    kind: "name",
    typeId: 1,
    of: "type",
    offset: 999,
  });
  assert.deepEqual(findBtfProblem(changed(4, 0x1f000000), true), { kind: "unknown kind", typeKind: 31 });
  assert.deepEqual(findBtfProblem(built().subarray(0, 20), true), { kind: "no header" });
});

test("types on top of others may refer to these, and to no more", () => {
  const base = Btf.parse(built());
  const split = new BtfBuilder({ littleEndian: true, base });
  split.add({ kind: "ptr", type: 2 });
  const bytes = split.toBytes();
  assert.equal(findBtfProblem(bytes, true, base), undefined);
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(HEADER_BYTES + 8, 4, true);
  assert.deepEqual(findBtfProblem(bytes, true, base), { kind: "reference", typeId: 3, target: 4 });
});
