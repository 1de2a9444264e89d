import assert from "node:assert/strict";
import { test } from "node:test";
import { MalformedInputError } from "./errors.ts";
import {
  appendWasmCustomSection,
  readWasmSections,
  wasmCustomSections,
  wasmDataSegments,
} from "./wasm-binary.ts";

const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

test("a custom section that was appended is read back, beside others", () => {
  const payload = new Uint8Array(300).fill(7);
  const once = appendWasmCustomSection(Uint8Array.from(HEADER), "wasm-bpf.test", payload);
  const twice = appendWasmCustomSection(once, "other", Uint8Array.of(1, 2));
  assert.deepEqual(wasmCustomSections(twice, "wasm-bpf.test"), [payload]);
  assert.deepEqual(
    readWasmSections(twice).map(({ id, name, payload }) => [id, name, payload.length]),
    [
      [0, "wasm-bpf.test", 300],
      [0, "other", 2],
    ],
  );
});

test("data segments have the address that their expression gives", () => {
  const segments = [
    ...[0, 0x41, 0x80, 0x08, 0x0b, 2, 1, 2], // i32.const 1024
    ...[0, 0x42, 0x80, 0x80, 0x04, 0x0b, 1, 3], // i64.const 65536
    ...[0, 0x41, 0x7f, 0x0b, 1, 4], // i32.const -1
    ...[0, 0x23, 0, 0x0b, 1, 5], // global.get 0
    ...[0, 0x23, 0, 0x41, 8, 0x6a, 0x0b, 1, 6], // global.get 0, i32.const 8, i32.add
    ...[1, 1, 7], // passive
    ...[2, 0, 0x41, 4, 0x0b, 1, 8], // memory 0, i32.const 4
  ];
  const module = Uint8Array.from([...HEADER, 11, segments.length + 1, 7, ...segments]);
  assert.deepEqual(
    wasmDataSegments(module).map(({ address, bytes }) => [address, ...bytes]),
    [
      [1024, 1, 2],
      [65536, 3],
      [0xffffffff, 4],
      [undefined, 5],
      [undefined, 6],
      [undefined, 7],
      [4, 8],
    ],
  );
});

test("damaged modules are malformed input", () => {
  const damaged: number[][] = [
    [],
    [...HEADER.slice(0, 7)],
    [...HEADER, 0],
    [...HEADER, 0, 5, 1],
    [...HEADER, 0, 1, 9],
    [...HEADER, 0, 0xff, 0xff, 0xff, 0xff, 0x7f],
    [...HEADER, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
    [...HEADER, 11, 2, 1, 3],
    [...HEADER, 11, 1, 200],
    [...HEADER, 11, 3, 1, 0, 0x41],
  ];
  for (const bytes of damaged) {
    assert.throws(() => wasmDataSegments(Uint8Array.from(bytes)), MalformedInputError, `${bytes}`);
  }
});
