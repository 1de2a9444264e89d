import assert from "node:assert/strict";
import { test } from "node:test";
import { Btf } from "../btf.ts";
import { BtfBuilder } from "../builder.ts";
import { formatDouble, formatExtended } from "./float-text.ts";
import { dumpTypeData, type TypeDataOptions } from "./type-data.ts";
import { TypeDump } from "./type-dump.ts";

test("numbers are printed as C's %f does", () => {
  for (const [value, text] of [
    [0, "0.000000"],
    [-0, "-0.000000"],
    [1.5, "1.500000"],
    [-2.25, "-2.250000"],
    // Halves go to the even digit.
    [1 / 128, "0.007812"],
    [3 / 128, "0.023438"],
    [0.1 + 0.2, "0.300000"],
    [1e23, "99999999999999991611392.000000"],
    [5e-324, "0.000000"],
    [Number.POSITIVE_INFINITY, "inf"],
    [Number.NEGATIVE_INFINITY, "-inf"],
    [Number.NaN, "nan"],
  ] as const) {
    assert.equal(formatDouble(value), text);
  }
});

test("numbers of 80 bits", () => {
  assert.equal(formatExtended(1n << 63n, 16383), "1.000000");
  assert.equal(formatExtended(3n << 62n, 0x8000 | 16383), "-1.500000");
  assert.equal(formatExtended(1n << 63n, 0x7fff), "inf");
  assert.equal(formatExtended(3n << 62n, 0xffff), "-nan");
  assert.equal(formatExtended(0n, 0), "0.000000");
});

const builder = new BtfBuilder();
const int = builder.add({
  kind: "int",
  name: "int",
  sizeBytes: 4,
  signed: true,
  char: false,
  bool: false,
  offsetBits: 0,
  bits: 32,
});
const char = builder.add({
  kind: "int",
  name: "char",
  sizeBytes: 1,
  signed: true,
  char: false,
  bool: false,
  offsetBits: 0,
  bits: 8,
});
const text = builder.add({ kind: "array", elementType: char, indexType: int, length: 8 });
const numbers = builder.add({ kind: "array", elementType: int, indexType: int, length: 3 });
const signedEnum = builder.add({
  kind: "enum",
  name: "level",
  sizeBytes: 4,
  signed: true,
  values: [{ name: "LOW", value: -1n }],
});
const pointer = builder.add({ kind: "ptr", type: int });
const record = builder.add({
  kind: "struct",
  name: "record",
  sizeBytes: 32,
  members: [
    { name: "text", type: text, offsetBits: 0, bitfieldBits: 0 },
    { name: "numbers", type: numbers, offsetBits: 64, bitfieldBits: 0 },
    { name: "level", type: signedEnum, offsetBits: 160, bitfieldBits: 0 },
    { name: "next", type: pointer, offsetBits: 192, bitfieldBits: 0 },
  ],
});
const btf = Btf.parse(builder.toBytes());

function show(id: number, data: Uint8Array, options: TypeDataOptions = {}): string {
  const result = dumpTypeData(btf, new TypeDump(btf).writer, id, data, { compact: true, ...options });
  return `${result.text}${result.problem === undefined ? "" : `!${result.problem}`}`;
}

function recordBytes(content: string, level: number, ...values: number[]): Uint8Array {
  const bytes = new Uint8Array(32);
  bytes.set(new TextEncoder().encode(content));
  const view = new DataView(bytes.buffer);
  values.forEach((value, index) => {
    view.setInt32(8 + 4 * index, value, true);
  });
  view.setInt32(20, level, true);
  return bytes;
}

test("strings are arrays of characters unless they are wanted as strings", () => {
  const bytes = recordBytes("hi\x01", -1);
  assert.equal(
    show(record, bytes),
    "(struct record){.text = (char[8])['h','i',1,],.level = (enum level)LOW,}",
  );
  assert.equal(show(text, bytes.subarray(0, 8), { emitStrings: true }), '(char[8])"hi\\x01"');
  // Without an end it is no string.
  const endless = new Uint8Array(8).fill(0x61);
  assert.match(show(text, endless, { emitStrings: true }), /^\(char\[8\]\)\['a',/);
});

test("zeroes of an array are left out once there were characters", () => {
  assert.equal(show(numbers, recordBytes("", 0, 0, 5, 0).subarray(8, 20)), "(int[3])[0,5,0,]");
  assert.equal(
    show(record, recordBytes("a", 0, 0, 5, 0)),
    "(struct record){.text = (char[8])['a',],.numbers = (int[3])[5,],}",
  );
});

test("a number of a signed enum has no comma", () => {
  assert.equal(show(record, recordBytes("", 7)), "(struct record){.level = (enum level)7}");
});

test("null pointers, where they are aligned and where they are not", () => {
  assert.equal(show(pointer, new Uint8Array(8)), "(int *)(nil)");
  assert.equal(show(pointer, new Uint8Array(8), { address: 4 }), "(int *)0x0");
});

test("data that is cut off is shown as far as it goes", () => {
  const bytes = recordBytes("a", 0, 1, 2, 3);
  assert.equal(show(int, bytes.subarray(0, 3)), "!too short");
  assert.equal(
    show(record, bytes.subarray(0, 22)),
    "(struct record){.text = (char[8])['a',],.numbers = (int[3])[1,2,3,],!too short",
  );
  assert.equal(show(0, bytes), "!invalid");
});
