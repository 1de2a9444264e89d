import assert from "node:assert/strict";
import { test } from "node:test";
import { MalformedInputError, WasmBpfError } from "../internal/index.ts";
import { adapt, type FunctionImport, formatSignature, functionImports } from "./signature.ts";

const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const text = (value: string): number[] => [value.length, ...new TextEncoder().encode(value)];

function section(id: number, body: readonly number[]): number[] {
  return [id, body.length, ...body];
}

test("reads function imports between others", () => {
  const types = [3, 0x60, 2, 0x7f, 0x7e, 1, 0x7f, 0x60, 0, 0, 0x60, 1, 0x7d, 1, 0x70];
  const imports = [
    ...[6],
    ...[...text("a"), ...text("memory"), 2, 1, 1, 2],
    ...[...text("a"), ...text("f"), 0, 0],
    ...[...text("a"), ...text("table"), 1, 0x70, 0, 1],
    ...[...text("b"), ...text("g"), 0, 1],
    ...[...text("b"), ...text("global"), 3, 0x7f, 0],
    ...[...text("b"), ...text("h"), 0, 2],
  ];
  const module = Uint8Array.from([
    ...HEADER,
    ...section(0, text("name")),
    ...section(1, types),
    ...section(2, imports),
  ]);
  assert.deepEqual(functionImports(module), [
    { module: "a", name: "f", signature: { parameters: "iI", result: "i" } },
    { module: "b", name: "g", signature: { parameters: "", result: "" } },
    { module: "b", name: "h", signature: { parameters: "?", result: "?" } },
  ]);
  assert.deepEqual(functionImports(Uint8Array.from(HEADER)), []);
});

test("a module that ends early is malformed input", () => {
  const module = Uint8Array.from([...HEADER, ...section(1, [1, 0x60, 2, 0x7f])]);
  assert.throws(() => functionImports(module), MalformedInputError);
});

function declared(parameters: string, result: string): FunctionImport {
  return { module: "m", name: "f", signature: { parameters, result } };
}

test("integers are converted where the guest declares another width", () => {
  const seen: unknown[] = [];
  const host = (...values: unknown[]): number => seen.push(...values);
  const call = adapt(host, { parameters: "iI", result: "i" }, declared("Ii", "I"));
  assert.equal(call(0x8000_0000n, -5), 2n);
  assert.equal(call(1n << 40n, 7), 4n);
  assert.equal(call(-1n, 7), 6n);
  assert.deepEqual(seen, [-0x8000_0000, -5n, -1, 7n, -1, 7n]);
});

test("the same types need no conversion", () => {
  const host = (): number => 0;
  assert.equal(adapt(host, { parameters: "i", result: "i" }, declared("i", "i")), host);
});

test("another number of parameters or another kind of type is refused by name", () => {
  const host = (): number => 0;
  for (const [parameters, result] of [
    ["i", "i"],
    ["iii", "i"],
    ["ii", ""],
    ["i?", "i"],
    ["ii", "?"],
  ] as const) {
    assert.throws(
      () => adapt(host, { parameters: "ii", result: "i" }, declared(parameters, result)),
      (error) =>
        error instanceof WasmBpfError && error.code === "ABI_MISMATCH" && /m\.f as \(/.test(error.message),
    );
  }
  assert.equal(formatSignature({ parameters: "iI", result: "" }), "(i32, i64) -> nothing");
});
