import assert from "node:assert/strict";
import test from "node:test";
import { btfOf, EVERY_KIND, enumeration, int, member, struct } from "../../test/support/btf-sample.ts";
import { MalformedInputError } from "../internal/index.ts";
import { BTF_KIND_NAMES, Btf, BtfBuilder, essentialName } from "./index.ts";

for (const littleEndian of [true, false]) {
  test(`types of every kind come back as they were written, ${littleEndian ? "little" : "big"}-endian`, () => {
    const btf = btfOf(EVERY_KIND, { littleEndian });
    assert.equal(btf.littleEndian, littleEndian);
    assert.equal(btf.typeCount, BTF_KIND_NAMES.length);
    const decoded = [...btf.types()];
    assert.deepEqual(
      decoded,
      EVERY_KIND.map((type, i) => ({ id: i + 1, ...type })),
    );
    for (const [i, kind] of BTF_KIND_NAMES.entries()) {
      assert.equal(btf.kind(i), kind);
      assert.equal(btf.kindNumber(i), i);
    }
  });
}

test("types are found by name and kind", () => {
  const btf = btfOf([int("same", 4), struct("same", 0, []), { kind: "typedef", name: "same_t", type: 2 }]);
  assert.equal(btf.find("same"), 1);
  assert.equal(btf.find("same", "struct"), 2);
  assert.equal(btf.find("same", "union"), undefined);
  assert.deepEqual(btf.findAll("same"), [1, 2]);
  assert.equal(btf.find("sam"), undefined);
  assert.equal(btf.find("ame_t"), undefined);
  assert.equal(btf.find(""), undefined);
  assert.equal(btf.name(3), "same_t");
});

test("names that are not ASCII are found and decoded", () => {
  const btf = btfOf([struct("größe", 0, []), struct("x".repeat(200), 0, [])]);
  assert.equal(btf.find("größe"), 1);
  assert.equal(btf.name(1), "größe");
  assert.equal(btf.name(2), "x".repeat(200));
});

test("candidates share the name without flavor", () => {
  const names = ["task", "task___old", "task____x", "task___", "task___a___b", "task_struct", "___task"];
  const btf = btfOf(names.map((name) => struct(name, 0, [])));
  assert.deepEqual(btf.candidates("task", ["struct"]), [1, 2]);
  assert.deepEqual(btf.candidates("task", ["enum"]), []);
  assert.deepEqual(btf.candidates("task___a", ["struct"]), [5]);
});

test("the essential name ends before the last flavor separator", () => {
  assert.equal(essentialName("task_struct"), "task_struct");
  assert.equal(essentialName("task_struct___old"), "task_struct");
  assert.equal(essentialName("a___b___c"), "a___b");
  assert.equal(essentialName("a____b"), "a____b");
  assert.equal(essentialName("a___"), "a___");
  assert.equal(essentialName("___a"), "___a");
  assert.equal(essentialName(""), "");
});

test("split BTF continues the ids and strings of its base", () => {
  const base = btfOf([int("int", 4), struct("shared", 4, [member("a", 1, 0)])]);
  const split = btfOf([{ kind: "ptr", type: 2 }, struct("own", 8, [member("shared", 3, 0)])], { base });
  assert.equal(split.firstId, 3);
  assert.equal(split.typeCount, 5);
  assert.equal(split.find("shared"), 2);
  assert.equal(split.find("own"), 4);
  assert.equal(split.name(2), "shared");
  assert.equal(split.sizeOf(2), 4);
  assert.deepEqual(split.type(4), { id: 4, ...struct("own", 8, [member("shared", 3, 0)]) });
  assert.deepEqual(
    [...split.types()].map((type) => type.id),
    [3, 4],
  );
  assert.deepEqual(split.candidates("shared", ["struct"]), [], "those of the base are the base's");
});

test("qualifiers and typedefs are followed", () => {
  const btf = btfOf([
    int("int", 4),
    { kind: "typedef", name: "u", type: 1 },
    { kind: "const", type: 2 },
    { kind: "type_tag", name: "rcu", type: 3, attribute: false },
  ]);
  assert.equal(btf.skipModifiers(4), 2);
  assert.equal(btf.resolve(4), 1);
  assert.equal(btf.resolve(0), 0);
});

test("a cycle of qualifiers is malformed input", () => {
  const btf = btfOf([
    { kind: "const", type: 2 },
    { kind: "volatile", type: 1 },
  ]);
  assert.throws(() => btf.resolve(1), MalformedInputError);
});

test("sizes and alignments", () => {
  const btf = btfOf([
    int("int", 4),
    { kind: "ptr", type: 0 },
    { kind: "array", elementType: 1, indexType: 1, length: 3 },
    { kind: "array", elementType: 3, indexType: 1, length: 5 },
    struct("natural", 16, [member("a", 1, 0), member("b", 2, 64)]),
    struct("packed", 12, [member("a", 1, 0), member("b", 2, 32)]),
    { kind: "typedef", name: "t", type: 5 },
    enumeration("e", {}),
    { kind: "var", name: "v", type: 4, linkage: "global" },
    { kind: "func_proto", returnType: 0, parameters: [] },
    int("__int128", 16),
  ]);
  const sizes = [1, 2, 3, 4, 5, 6, 7, 8, 9, 11].map((id) => btf.sizeOf(id));
  assert.deepEqual(sizes, [4, 8, 12, 60, 16, 12, 16, 4, 60, 16]);
  const alignments = [1, 2, 3, 4, 5, 6, 7, 8, 9, 11].map((id) => btf.alignOf(id));
  assert.deepEqual(alignments, [4, 8, 4, 4, 8, 1, 8, 4, 4, 8]);
  assert.throws(() => btf.sizeOf(0), MalformedInputError);
  assert.throws(() => btf.sizeOf(10), MalformedInputError);
  assert.throws(() => btf.alignOf(10), MalformedInputError);
});

test("an array of arrays that is larger than any memory is malformed input", () => {
  const array = (elementType: number) =>
    ({ kind: "array", elementType, indexType: 1, length: 0xffffffff }) as const;
  const btf = btfOf([int("int", 4), array(1), array(2), array(3)]);
  assert.throws(() => btf.sizeOf(4), MalformedInputError);
});

/** A blob with one type record given as words. */
function blob(words: readonly number[], strings = "\0name\0"): Uint8Array {
  const text = new TextEncoder().encode(strings);
  const bytes = new Uint8Array(24 + words.length * 4 + text.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 0xeb9f, true);
  view.setUint8(2, 1);
  const header = [24, 0, words.length * 4, words.length * 4, text.length];
  for (const [i, value] of header.entries()) view.setUint32(4 + i * 4, value, true);
  for (const [i, word] of words.entries()) view.setUint32(24 + i * 4, word, true);
  bytes.set(text, 24 + words.length * 4);
  return bytes;
}

const INT = 1 << 24;

test("blobs that are not well-formed are refused when they are parsed", () => {
  const good = blob([1, INT, 4, 32]);
  assert.equal(Btf.parse(good).name(1), "name");
  const patched = (change: (view: DataView) => void): Uint8Array => {
    const copy = good.slice();
    change(new DataView(copy.buffer));
    return copy;
  };
  const bad: Record<string, Uint8Array> = {
    empty: new Uint8Array(0),
    "wrong magic": patched((view) => view.setUint16(0, 0x1234, true)),
    version: patched((view) => view.setUint8(2, 2)),
    flags: patched((view) => view.setUint8(3, 1)),
    "short header": patched((view) => view.setUint32(4, 20, true)),
    "long header": patched((view) => view.setUint32(4, 1 << 30, true)),
    "types past the end": patched((view) => view.setUint32(12, 4096, true)),
    "types not aligned": patched((view) => view.setUint32(12, 15, true)),
    "strings past the end": patched((view) => view.setUint32(20, 100, true)),
    "sections overlap": patched((view) => view.setUint32(16, 0, true)),
    "no strings": patched((view) => view.setUint32(20, 0, true)),
    "string not terminated": good.subarray(0, good.length - 1),
    "strings without the empty one": blob([1, INT, 4, 32], "name\0"),
    "name past the table": blob([99, INT, 4, 32]),
    "unknown kind": blob([1, 20 << 24, 4, 32]),
    "kind 0": blob([1, 0, 4, 32]),
    "reserved bits": blob([1, INT | 0x10000, 4, 32]),
    "record cut off": blob([1, INT, 4]),
    "gigantic member count": blob([1, (4 << 24) | 0xffff, 4, 1, 0, 0]),
  };
  for (const [what, bytes] of Object.entries(bad)) {
    assert.throws(() => Btf.parse(bytes), MalformedInputError, what);
  }
});

test("records that are not well-formed are refused when they are decoded", () => {
  const bad: Record<string, number[]> = {
    "type id out of range": [0, 2 << 24, 9],
    "member type out of range": [1, (4 << 24) | 1, 4, 1, 9, 0],
    "member name past the table": [1, (4 << 24) | 1, 4, 99, 0, 0],
    "integer wider than its size": [1, INT, 4, 64],
    "unknown function linkage": [1, (12 << 24) | 3, 0],
    "unknown variable linkage": [1, 14 << 24, 0, 7],
  };
  for (const [what, words] of Object.entries(bad)) {
    const btf = Btf.parse(blob(words));
    assert.throws(() => btf.type(1), MalformedInputError, what);
    assert.throws(() => btf.type(2), MalformedInputError);
  }
});

test("a blob at an odd address is read all the same", () => {
  const good = blob([1, INT, 4, 32]);
  const shifted = new Uint8Array(good.length + 1);
  shifted.set(good, 1);
  assert.equal(Btf.parse(shifted.subarray(1)).sizeOf(1), 4);
});

test("the builder merges whole BTFs and stores equal strings once", () => {
  const first = btfOf([int("int", 4), struct("a", 4, [member("x", 1, 0)])]);
  const builder = new BtfBuilder();
  assert.equal(builder.append(first), 0);
  assert.equal(builder.append(first), 2);
  const merged = Btf.parse(builder.toBytes());
  assert.deepEqual(merged.findAll("a"), [2, 4]);
  assert.deepEqual(merged.type(4), { id: 4, ...struct("a", 4, [member("x", 3, 0)]) });
  assert.equal(merged.stringBytes.length, first.stringBytes.length);
});

test("the builder replaces types and refuses what BTF cannot hold", () => {
  const builder = new BtfBuilder();
  const id = builder.add(int("a", 4));
  builder.replace(id, int("b", 8));
  assert.equal(Btf.parse(builder.toBytes()).sizeOf(id), 8);
  assert.throws(() => builder.replace(7, int("b", 8)), { code: "INVALID_ARGUMENT" });
  assert.throws(() => builder.addString("a\0b"), { code: "INVALID_ARGUMENT" });
  builder.add(struct("far", 1 << 22, [member("a", 1, 0x1000000), member("b", 1, 0, 3)]));
  assert.throws(() => builder.toBytes(), { code: "INVALID_ARGUMENT" });
});
