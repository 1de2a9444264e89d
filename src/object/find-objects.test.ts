import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { findObjects } from "./find-objects.ts";

const testdata = new URL("../../../testdata/", import.meta.url);
const object = new Uint8Array(readFileSync(new URL("maps.bpf.o", testdata)));
const bigEndian = new Uint8Array(readFileSync(new URL("maps.be.bpf.o", testdata)));

/** A module with these segments; an address of -1 makes a passive one. */
function moduleWith(segments: readonly (readonly [address: number, bytes: Uint8Array])[]): Uint8Array {
  const u32 = (value: number): number[] => [0, 7, 14, 21].map((s) => ((value >>> s) & 0x7f) | 0x80).concat(0);
  const content = [...u32(segments.length)];
  for (const [address, bytes] of segments) {
    if (address < 0) content.push(1);
    else content.push(0, 0x41, ...u32(address), 0x0b);
    content.push(...u32(bytes.length), ...bytes);
  }
  return Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 11, ...u32(content.length), ...content]);
}

/** Tools leave zeros out and split the segment there. */
function splitAtZeros(bytes: Uint8Array, address: number): [number, Uint8Array][] {
  const parts: [number, Uint8Array][] = [];
  for (let at = 0; at < bytes.length; ) {
    let end = at;
    while (end < bytes.length && bytes.subarray(end, end + 16).some((byte) => byte !== 0)) end++;
    if (end > at) parts.push([address + at, bytes.subarray(at, end)]);
    at = end;
    while (at < bytes.length && bytes[at] === 0) at++;
  }
  return parts;
}

test("objects are found at any place, whole or split at zeros, in active and passive segments", () => {
  const around = Uint8Array.from([
    0x7f,
    1,
    2,
    0x7f,
    0x45,
    0x4c,
    0x46,
    ...object,
    0x7f,
    9,
    9,
    ...bigEndian,
    1,
  ]);
  const split = splitAtZeros(object, 100_000);
  assert.ok(split.length > 3);
  const module = moduleWith([[1024, around], ...split, [-1, object]]);
  assert.deepEqual(
    findObjects(module).map(({ address, bytes }) => [address, bytes.length]),
    [
      [undefined, object.length],
      [1031, object.length],
      [1031 + object.length + 3, bigEndian.length],
      [100_000, object.length],
    ],
  );
  assert.ok(findObjects(module).some(({ bytes }) => Buffer.compare(bytes, object) === 0));
});

test("an object with a large empty variable is found, though the zeros are left out", () => {
  // The section headers, which an object ends with, move away from what is before them.
  const at = Number(new DataView(object.buffer).getBigUint64(40, true));
  const gap = 200_000;
  const wide = new Uint8Array(object.length + gap);
  wide.set(object.subarray(0, at));
  wide.set(object.subarray(at), at + gap);
  new DataView(wide.buffer).setBigUint64(40, BigInt(at + gap), true);
  const found = findObjects(moduleWith(splitAtZeros(wide, 5000)));
  assert.deepEqual(
    found.map(({ address, bytes }) => [address, bytes.length]),
    [[5000, wide.length]],
  );
});

test("other ELF files and pieces of objects are not taken for objects", () => {
  const executable = object.slice();
  executable[16] = 2;
  const module = moduleWith([
    [0, executable],
    [60_000, object.subarray(0, object.length - 200)],
    [4_000_000, Uint8Array.of(0x7f, 0x45, 0x4c, 0x46)],
  ]);
  assert.deepEqual(findObjects(module), []);
  assert.deepEqual(findObjects(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)), []);
});
