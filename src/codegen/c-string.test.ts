import assert from "node:assert/strict";
import { test } from "node:test";
import { cStringLiterals } from "./c-string.ts";

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

test("text stays readable, other bytes are octal escapes", () => {
  assert.equal(cStringLiterals(bytes(0x7f, 0x45, 0x4c, 0x46, 0, 10, 200), ""), '"\\177ELF\\0\\n\\310"');
});

test("an escape before a digit has all three digits", () => {
  assert.equal(cStringLiterals(bytes(0, 0x37), ""), '"\\0007"');
  assert.equal(cStringLiterals(bytes(0, 0x38), ""), '"\\08"');
});

test("quotes, backslashes and trigraphs are harmless", () => {
  assert.equal(cStringLiterals(new TextEncoder().encode('"\\??='), ""), '"\\"\\\\?\\?="');
});

test("long input is cut into lines, and the lines are indented", () => {
  const lines = cStringLiterals(new Uint8Array(1000), "\t").split("\n");
  assert.ok(lines.length > 10);
  assert.ok(lines.every((line) => line.startsWith('\t"') && line.endsWith('"') && line.length <= 113));
});

test("no bytes are an empty literal", () => {
  assert.equal(cStringLiterals(bytes(), ""), '""');
});
