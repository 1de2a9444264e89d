import assert from "node:assert/strict";
import { test } from "node:test";
import { SharedPosition } from "./mapped-ring.ts";

test("a position is kept whole, also when its high half changes", () => {
  const memory = new ArrayBuffer(16);
  const position = new SharedPosition(memory, 8);
  const values = [0, 8, 2 ** 31 - 8, 2 ** 31, 2 ** 32 - 8, 2 ** 32, 2 ** 32 + 8, 2 ** 33 + 16, 2 ** 52];
  for (let i = 1; i < values.length; i++) {
    const value = values[i] as number;
    position.store(value, values[i - 1] as number);
    assert.equal(position.load(), value);
    assert.equal(position.loadLow(), value | 0);
  }
  assert.equal(new DataView(memory).getBigUint64(0, true), 0n);
});
