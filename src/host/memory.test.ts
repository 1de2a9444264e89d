import assert from "node:assert/strict";
import { test } from "node:test";
import { GuestMemory } from "./memory.ts";

const PAGE = 65536;

function memoryOf(sizeBytes: number): { memory: GuestMemory; grow: (sizeBytes: number) => void } {
  const grow = (newSize: number): void => {
    source.buffer = structuredClone(source.buffer, { transfer: [source.buffer] });
    const grown = new ArrayBuffer(newSize);
    new Uint8Array(grown).set(new Uint8Array(source.buffer));
    source.buffer = grown;
  };
  const source = {
    buffer: new ArrayBuffer(sizeBytes),
    grow: (pages: number): number => {
      const before = source.buffer.byteLength;
      grow(before + pages * PAGE);
      return before / PAGE;
    },
  };
  const memory = new GuestMemory();
  memory.bind(source);
  return { memory, grow };
}

test("ranges inside are views, all others are undefined", () => {
  const { memory } = memoryOf(PAGE);
  assert.equal(memory.range(0, PAGE)?.length, PAGE);
  assert.equal(memory.range(PAGE, 0)?.length, 0);
  for (const [pointer, length] of [
    [PAGE, 1],
    [PAGE - 1, 2],
    [-1, 1],
    [-1, 0xffffffff],
    [0, 2 ** 40],
    [0x80000000, 0],
    [1, PAGE],
  ] as const) {
    assert.equal(memory.range(pointer, length), undefined, `${pointer} ${length}`);
    assert.equal(memory.copy(pointer, length), undefined);
  }
});

test("numbers at the edge are refused and nothing is written", () => {
  const { memory } = memoryOf(PAGE);
  assert.equal(memory.setU32(PAGE - 4, 0xdeadbeef), true);
  assert.equal(memory.u32(PAGE - 4), 0xdeadbeef);
  for (const at of [PAGE - 3, -4, -1, PAGE]) {
    assert.equal(memory.setU32(at, 1), false);
    assert.equal(memory.setU64(at, 1n), false);
    assert.equal(memory.u32(at), undefined);
    assert.equal(memory.u64(at), undefined);
  }
  assert.equal(memory.u32(PAGE - 4), 0xdeadbeef);
  assert.equal(memory.write(PAGE - 1, new Uint8Array(2)), false);
});

test("strings end with NUL inside the memory", () => {
  const { memory } = memoryOf(PAGE);
  memory.write(8, new TextEncoder().encode("näme\0"));
  assert.equal(memory.cstring(8), "näme");
  assert.equal(memory.cstring(0), "");
  memory.write(PAGE - 2, new TextEncoder().encode("xy"));
  for (const at of [PAGE - 2, PAGE, -1]) assert.equal(memory.cstring(at), undefined);
});

test("the memory may grow", () => {
  const { memory, grow } = memoryOf(PAGE);
  memory.setU8(7, 42);
  assert.equal(memory.range(PAGE, 1), undefined);
  grow(2 * PAGE);
  assert.equal(memory.u8(7), 42);
  assert.equal(memory.range(PAGE, PAGE)?.length, PAGE);
});

test("without a memory every range is outside", () => {
  const memory = new GuestMemory();
  assert.equal(memory.range(0, 1), undefined);
  assert.equal(memory.cstring(0), undefined);
  assert.equal(memory.setU8(0, 1), false);
});
