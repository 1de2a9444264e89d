import assert from "node:assert/strict";
import { test } from "node:test";
import { BpfAttr } from "./attr.ts";

test("fields are little-endian and can be set again", () => {
  const attr = new BpfAttr(32)
    .u32(0, 0x01020304)
    .i32(4, -1)
    .u64(8, 2n ** 64n - 2n)
    .u64(16, -1)
    .u32(0, 5);
  assert.deepEqual([...attr.bytes.subarray(0, 8)], [5, 0, 0, 0, 255, 255, 255, 255]);
  assert.equal(attr.u32At(0), 5);
  assert.equal(attr.i32At(4), -1);
  assert.equal(attr.u64At(8), 2n ** 64n - 2n);
  assert.equal(attr.u64At(16), 2n ** 64n - 1n);
});

test("a pointer replaces the one at the same offset, NULL removes it", () => {
  const [one, two] = [new Uint8Array(1), new Uint8Array(2)];
  const attr = new BpfAttr(32).pointer(8, one).pointer(16, one).pointer(8, two);
  assert.equal(attr.pointerAt(8), two);
  assert.equal(attr.pointers.length, 2);
  attr.pointer(8, undefined).pointer(16, new Uint8Array(0));
  assert.equal(attr.pointers.length, 0);
  assert.equal(attr.u64At(8), 0n);
});

test("text in place is cut and always ends with a NUL", () => {
  const attr = new BpfAttr(32).text(4, "a-name-longer-than-sixteen", 16);
  assert.equal(new TextDecoder().decode(attr.bytes.subarray(4, 19)), "a-name-longer-t");
  assert.equal(attr.bytes[19], 0);
  attr.text(4, "ab", 16);
  assert.deepEqual([...attr.bytes.subarray(4, 8)], [97, 98, 0, 0]);
});
