import assert from "node:assert/strict";
import { test } from "node:test";
import { Copier } from "./copy.ts";

test("every size and alignment copies exactly the bytes asked for", () => {
  const source = Uint8Array.from({ length: 2048 }, (_, i) => (i * 7 + 1) & 255);
  const copier = new Copier(source);
  for (const size of [0, 1, 3, 4, 5, 8, 127, 128, 511, 512, 513, 1000]) {
    for (let offset = 0; offset < 9; offset++) {
      const memory = new Uint8Array(1100).fill(0xee);
      const target = memory.subarray(offset & 1);
      copier.copy(8, target, offset, size);
      assert.deepEqual(target.subarray(offset, offset + size), source.subarray(8, 8 + size));
      assert.ok(target.subarray(0, offset).every((byte) => byte === 0xee));
      assert.ok(target.subarray(offset + size).every((byte) => byte === 0xee));
    }
  }
});

test("a target that is too short gets nothing past its end, even if its buffer goes on", () => {
  const copier = new Copier(new Uint8Array(64).fill(1));
  const memory = new Uint8Array(64);
  assert.throws(() => copier.copy(0, memory.subarray(0, 16), 0, 32), RangeError);
  assert.ok(memory.every((byte) => byte === 0));
});
