import assert from "node:assert/strict";
import { test } from "node:test";
import { btfOf, EVERY_KIND, enumeration, int, member, struct } from "../../../test/support/btf-sample.ts";
import type { Btf } from "../btf.ts";
import { diffBtf } from "./diff.ts";
import { typeText } from "./type-text.ts";

const INT = int("int", 4);
const LONG = int("long", 8);

test("a type is written as C writes it", () => {
  const btf = btfOf([
    ...EVERY_KIND,
    { kind: "ptr", type: 13 }, // 20
    { kind: "array", elementType: 20, indexType: 1, length: 3 },
    { kind: "ptr", type: 3 },
    { kind: "const", type: 2 },
    { kind: "ptr", type: 23 },
  ]);
  const texts: Readonly<Record<number, string>> = {
    0: "void",
    2: "struct record *",
    3: "char[16]",
    5: "union { struct record *next; char text[16]; }",
    7: "union elsewhere",
    10: "const volatile record_t",
    11: "struct record *restrict",
    18: "char",
    19: "enum wide",
    20: "void (*)(struct record *, ...)",
    21: "void (*[3])(struct record *, ...)",
    22: "char (*)[16]",
    24: "struct record *const *",
  };
  for (const [id, text] of Object.entries(texts)) assert.equal(typeText(btf, Number(id)), text, id);
});

test("equal types are no difference, whatever their ids", () => {
  const before = btfOf([INT, struct("a", 4, [member("x", 1, 0)]), struct("b", 4, [member("y", 1, 0)])]);
  const after = btfOf([LONG, struct("b", 4, [member("y", 3, 0)]), INT, struct("a", 4, [member("x", 3, 0)])]);
  assert.deepEqual(diffBtf(before, after), []);
});

test("fields are added, removed, moved and get other types, those of anonymous members included", () => {
  const base = (size: number, ...members: ReturnType<typeof member>[]): Btf =>
    btfOf([
      INT,
      LONG,
      { kind: "union", name: "", sizeBytes: 8, members: [member("low", 1, 0), member("wide", 2, 0)] },
      struct("s", size, members),
    ]);
  const before = base(
    32,
    member("gone", 1, 0),
    member("", 3, 64),
    member("bits", 1, 128, 3),
    member("inner", 3, 192),
  );
  const after = base(
    40,
    member("", 3, 0),
    member("bits", 1, 128, 4),
    member("new", 2, 192),
    member("inner", 3, 256),
  );
  const place = (type: string, offsetBits: number, bitfieldBits = 0): object => ({
    type,
    offsetBits,
    bitfieldBits,
  });
  assert.deepEqual(diffBtf(before, after), [
    {
      kind: "struct",
      name: "s",
      change: "changed",
      sizeBytes: { before: 32, after: 40 },
      fields: [
        { name: "low", before: place("int", 64), after: place("int", 0) },
        { name: "wide", before: place("long", 64), after: place("long", 0) },
        { name: "bits", before: place("int", 128, 3), after: place("int", 128, 4) },
        { name: "new", after: place("long", 192) },
        { name: "inner", before: place("union", 192), after: place("union", 256) },
        { name: "inner.low", before: place("int", 192), after: place("int", 256) },
        { name: "inner.wide", before: place("long", 192), after: place("long", 256) },
        { name: "gone", before: place("int", 0) },
      ],
      values: [],
    },
  ]);
});

test("enumerators, typedefs and, when asked for, functions", () => {
  const types = (value: bigint, target: number): Btf =>
    btfOf([
      INT,
      LONG,
      enumeration("color", { RED: 1n, GREEN: value }),
      enumeration("", { LOOSE: value }),
      { kind: "typedef", name: "number", type: target },
      { kind: "func_proto", returnType: target, parameters: [] },
      { kind: "func", name: "get", type: 6, linkage: "static" },
    ]);
  const before = types(2n, 1);
  const after = types(3n, 2);
  const same = { change: "changed", fields: [], values: [] };
  const values = (name: string): object[] => [{ name, before: 2n, after: 3n }];
  const expected = [
    { ...same, kind: "enum", name: "color", values: values("GREEN") },
    { ...same, kind: "typedef", name: "number", type: { before: "int", after: "long" } },
    { ...same, kind: "enum", name: "", values: values("LOOSE") },
  ];
  assert.deepEqual(diffBtf(before, after), expected);
  const get = { ...same, kind: "func", name: "get", type: { before: "int (void)", after: "long (void)" } };
  assert.deepEqual(diffBtf(before, after, { functions: true, names: ["get"] }), [get]);
});

test("what is added has a size only if its kind has one", () => {
  const added = diffBtf(
    btfOf([INT]),
    btfOf([
      INT,
      struct("s", 8, []),
      { kind: "typedef", name: "number", type: 1 },
      enumeration("", { LOOSE: 1n }),
    ]),
  );
  assert.deepEqual(
    added.map(({ name, change, sizeBytes }) => [name, change, sizeBytes]),
    [
      ["number", "added", undefined],
      ["s", "added", { after: 8 }],
      ["", "added", undefined],
    ],
  );
});

test("of types with one name the equal ones are paired", () => {
  const before = btfOf([INT, struct("s", 4, [member("a", 1, 0)]), struct("s", 4, [member("b", 1, 0)])]);
  const after = btfOf([INT, struct("s", 4, [member("b", 1, 0)]), struct("t", 0, [])]);
  assert.deepEqual(
    diffBtf(before, after).map(({ name, change, fields }) => [
      name,
      change,
      fields.map((field) => field.name),
    ]),
    [
      ["s", "removed", ["a"]],
      ["t", "added", []],
    ],
  );
});

test("types that contain themselves come to an end", () => {
  const loop = btfOf([
    INT,
    struct("", 8, [member("x", 2, 0), member("y", 2, 0)]),
    struct("s", 8, [member("a", 2, 0)]),
  ]);
  assert.deepEqual(diffBtf(loop, loop), []);
  assert.ok(typeText(loop, 2).length < 100_000);
});
