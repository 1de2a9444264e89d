import assert from "node:assert/strict";
import { test } from "node:test";
import { int } from "../../test/support/btf-sample.ts";
import { dedupTypes } from "./dedup.ts";
import type { NewBtfType } from "./types.ts";

const INT = int("int", 4);

const ptr = (type: number): NewBtfType => ({ kind: "ptr", type });
const fwd = (name: string): NewBtfType => ({ kind: "fwd", name, union: false });
const struct = (name: string, ...members: [name: string, type: number][]): NewBtfType => ({
  kind: "struct",
  name,
  sizeBytes: members.length * 8,
  members: members.map(([member, type], i) => ({ name: member, type, offsetBits: i * 64, bitfieldBits: 0 })),
});

/** Kinds and names of the types that are left. */
function left(types: readonly NewBtfType[]): string[] {
  return types.map((type) => ("name" in type ? `${type.kind} ${type.name}` : type.kind));
}

test("equal types are merged through cycles of structs", () => {
  // struct a { struct b *b; int n; }; struct b { struct a *a; }; twice
  const copy = (first: number): NewBtfType[] => [
    struct("a", ["b", first + 1], ["n", first + 3]),
    ptr(first + 2),
    struct("b", ["a", first + 4]),
    INT,
    ptr(first),
  ];
  const { types, newIds } = dedupTypes([...copy(1), ...copy(6)]);
  assert.deepEqual(left(types), ["struct a", "ptr", "struct b", "int int", "ptr"]);
  assert.deepEqual(newIds, [0, 1, 2, 3, 4, 5, 1, 2, 3, 4, 5]);
});

test("types that differ far away stay apart", () => {
  const copy = (first: number, name: string): NewBtfType[] => [
    struct("a", ["b", first + 1]),
    ptr(first + 2),
    struct("b", ["c", first + 3]),
    ptr(first + 4),
    struct("c", [name, first + 5]),
    INT,
  ];
  const { types } = dedupTypes([...copy(1, "x"), ...copy(7, "y")]);
  assert.equal(types.filter((type) => type.kind === "struct" && type.name === "a").length, 2);
  assert.equal(types.length, 11);
});

test("forward declarations become the full type, also where each object has only one half", () => {
  // a.o: struct foo { struct bar *bar; } with bar declared; b.o: struct bar { struct foo *foo; } with foo declared;
  // c.o has both in full.
  const { types } = dedupTypes([
    struct("foo", ["bar", 2]),
    ptr(3),
    fwd("bar"),
    struct("bar", ["foo", 5]),
    ptr(6),
    fwd("foo"),
    struct("foo", ["bar", 8]),
    ptr(9),
    struct("bar", ["foo", 10]),
    ptr(7),
  ]);
  assert.deepEqual(left(types), ["struct foo", "ptr", "struct bar", "ptr"]);
});

test("a forward declaration of a name with two different types stays", () => {
  const { types } = dedupTypes([fwd("x"), ptr(1), struct("x", ["a", 2]), struct("x", ["b", 2]), fwd("x")]);
  assert.deepEqual(left(types), ["fwd x", "ptr", "struct x", "struct x"]);
});

test("an enum without values is the one with values", () => {
  const empty: NewBtfType = { kind: "enum", name: "e", sizeBytes: 4, signed: false, values: [] };
  const full: NewBtfType = { ...empty, values: [{ name: "E", value: 1n }] };
  const { types, newIds } = dedupTypes([empty, full, ptr(1), ptr(2)]);
  assert.deepEqual(left(types), ["enum e", "ptr"]);
  assert.deepEqual(newIds, [0, 1, 1, 2, 2]);
  assert.equal(
    dedupTypes([
      { ...empty, name: "" },
      { ...full, name: "" },
    ]).types.length,
    2,
  );
});

test("variables and sections are never merged", () => {
  const variable: NewBtfType = { kind: "var", name: "v", type: 1, linkage: "static" };
  const { types } = dedupTypes([INT, variable, variable, INT]);
  assert.deepEqual(left(types), ["int int", "var v", "var v"]);
});
