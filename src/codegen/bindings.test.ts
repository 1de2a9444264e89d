import assert from "node:assert/strict";
import { test } from "node:test";
import { Btf, BtfBuilder, type NewBtfType } from "../btf/index.ts";
import { MalformedInputError, WasmBpfError } from "../internal/index.ts";
import { toBase64 } from "./base64.ts";
import { cBindings } from "./bindings-c.ts";
import { jsonSchema } from "./bindings-schema.ts";
import { typescriptBindings } from "./bindings-ts.ts";

const INT: NewBtfType = {
  kind: "int",
  name: "int",
  sizeBytes: 4,
  signed: true,
  char: false,
  bool: false,
  offsetBits: 0,
  bits: 32,
};

/** A BTF of an int (type 1) and these types. */
function btfOf(types: readonly NewBtfType[], littleEndian = true): Btf {
  const builder = new BtfBuilder({ littleEndian });
  for (const type of [INT, ...types]) builder.add(type);
  return Btf.parse(builder.toBytes());
}

function struct(
  name: string,
  members: readonly (readonly [string, number, number])[],
  sizeBytes = 4,
): NewBtfType {
  return {
    kind: "struct",
    name,
    sizeBytes,
    members: members.map(([member, type, offsetBits]) => ({
      name: member,
      type,
      offsetBits,
      bitfieldBits: 0,
    })),
  };
}

test("names of the language and of the helpers are not taken", () => {
  const names = ["string", "class", "Codec", "list", "DataView", "x", "x"];
  const text = typescriptBindings(btfOf(names.map((name) => struct(name, [["value", 1, 0]]))));
  const declared = [...text.matchAll(/^export interface (\S+) \{/gm)].map(([, name]) => name);
  for (const name of ["string___2", "class___2", "Codec___2", "list___2", "DataView___2", "x", "x___2"]) {
    assert.ok(declared.includes(name), name);
  }
});

test("names that are no identifiers cannot leave their place", () => {
  const hostile = 'a"; process.exit(); /* */ `$(x)`\n';
  const btf = btfOf([
    struct(hostile, [[hostile, 1, 0]]),
    { kind: "enum", name: hostile, sizeBytes: 4, signed: false, values: [{ name: hostile, value: 1n }] },
  ]);
  for (const text of [
    typescriptBindings(btf, { json: true }),
    cBindings(btf, { json: true }),
    jsonSchema(btf),
  ]) {
    assert.ok(!text.includes("process.exit()") && !text.includes("$(x)"));
  }
});

test("a member called __proto__ is a member", () => {
  const text = typescriptBindings(btfOf([struct("s", [["__proto__", 1, 0]])]), { json: true });
  assert.match(text, /\["__proto__"\]: view\.getInt32\(at, true\)/);
  assert.doesNotMatch(text, /[{\s]__proto__:/);
  const { properties } = JSON.parse(jsonSchema(btfOf([struct("s", [["__proto__", 1, 0]])]))).$defs.s;
  assert.deepEqual(Object.keys(properties), ["__proto__"]);
});

test("only the helpers that are used are written", () => {
  const plain = typescriptBindings(btfOf([struct("s", [["value", 1, 0]])]));
  for (const helper of ["getBits", "setList", "get128", "jsonCodec", "text"]) {
    assert.doesNotMatch(plain, new RegExp(`function ${helper}\\b`));
  }
  assert.match(
    typescriptBindings(btfOf([struct("s", [["value", 1, 0]])]), { json: true }),
    /function jsonCodec</,
  );
});

test("types that contain themselves, or members outside of their struct, are malformed input", () => {
  for (const types of [
    [struct("s", [["inner", 2, 0]])],
    [struct("a", [["b", 3, 0]]), struct("b", [["a", 2, 0]])],
    [struct("s", [["value", 1, 32]])],
    [struct("s", [["value", 1, 3]], 8)],
    [struct("s", [["", 2, 0]])],
  ]) {
    for (const generate of [typescriptBindings, jsonSchema]) {
      assert.throws(() => generate(btfOf(types)), MalformedInputError);
    }
  }
});

test("big-endian types are refused", () => {
  const btf = btfOf([struct("s", [["value", 1, 0]])], false);
  for (const generate of [typescriptBindings, cBindings, jsonSchema]) {
    assert.throws(
      () => generate(btf),
      (error) => error instanceof WasmBpfError && error.code === "NOT_SUPPORTED",
    );
  }
});

test("base64 of every length", () => {
  for (let length = 0; length < 10; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => 250 - 31 * i);
    const decoded = Uint8Array.from(atob(toBase64(bytes)), (digit) => digit.charCodeAt(0));
    assert.deepEqual(decoded, bytes);
  }
});
