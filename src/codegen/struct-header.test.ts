import assert from "node:assert/strict";
import { test } from "node:test";
import { Btf, BtfBuilder } from "../btf/index.ts";
import { MalformedInputError } from "../internal/index.ts";
import { structHeader } from "./struct-header.ts";

const int = (name: string, sizeBytes: number, signed = false) =>
  ({
    kind: "int",
    name,
    sizeBytes,
    signed,
    char: false,
    bool: false,
    offsetBits: 0,
    bits: sizeBytes * 8,
  }) as const;

const member = (name: string, type: number, offsetBits: number, bitfieldBits = 0) => ({
  name,
  type,
  offsetBits,
  bitfieldBits,
});

/** The definitions in the header, without what surrounds them. */
function definitions(builder: BtfBuilder, rootIds?: number[]): string {
  const text = structHeader(Btf.parse(builder.toBytes()), rootIds === undefined ? {} : { rootIds });
  return text.slice(text.indexOf("#endif\n\n") + 8, text.lastIndexOf("#if defined(__GNUC__)"));
}

test("padding, pointers and long integers are explicit", () => {
  const builder = new BtfBuilder();
  const char = builder.add(int("char", 1, true));
  const long = builder.add(int("unsigned long", 8));
  const pointer = builder.add({ kind: "ptr", type: 0 });
  const array = builder.add({ kind: "array", elementType: char, indexType: long, length: 3 });
  builder.add({
    kind: "struct",
    name: "event",
    sizeBytes: 32,
    members: [
      member("c", char, 0),
      member("n", long, 64),
      member("p", pointer, 128),
      member("name", array, 192),
    ],
  });
  assert.equal(
    definitions(builder),
    `struct event {
	char c;
	char __pad0[7];
	unsigned long long n;
	unsigned long long p; /* pointer */
	char name[3];
	char __pad1[5];
} __attribute__((packed, aligned(8)));
WASM_BPF_TYPE_ASSERT(sizeof(struct event) == 32, "size of struct event");

`,
  );
});

test("a struct comes after what it contains, and only that is written for a root", () => {
  const builder = new BtfBuilder();
  const number = builder.add(int("int", 4, true));
  const outer = builder.add({ kind: "struct", name: "outer", sizeBytes: 4, members: [member("in", 3, 0)] });
  builder.add({ kind: "struct", name: "inner", sizeBytes: 4, members: [member("x", number, 0)] });
  builder.add({ kind: "struct", name: "other", sizeBytes: 4, members: [member("x", number, 0)] });
  const text = definitions(builder, [outer]);
  assert.ok(
    text.indexOf("struct inner {") >= 0 && text.indexOf("struct inner {") < text.indexOf("struct outer {"),
  );
  assert.ok(!text.includes("struct other"));
});

test("bit-fields keep their places", () => {
  const builder = new BtfBuilder();
  const number = builder.add(int("unsigned int", 4));
  builder.add({
    kind: "struct",
    name: "flags",
    sizeBytes: 4,
    members: [member("a", number, 1, 3), member("b", number, 12, 5)],
  });
  assert.match(
    definitions(builder),
    /\tunsigned int : 1;\n\tunsigned int a : 3;\n\tunsigned int : 4;\n\tunsigned int : 4;\n\tunsigned int b : 5;\n\tunsigned int : 7;\n\tchar __pad0\[1\];\n/,
  );
});

test("typedefs name anonymous types once, equal names are told apart", () => {
  const builder = new BtfBuilder();
  const number = builder.add(int("int", 4, true));
  const anonymous = builder.add({
    kind: "struct",
    name: "",
    sizeBytes: 4,
    members: [member("x", number, 0)],
  });
  const first = builder.add({ kind: "typedef", name: "first_t", type: anonymous });
  builder.add({ kind: "typedef", name: "second_t", type: first });
  builder.add({ kind: "struct", name: "twin", sizeBytes: 4, members: [member("x", first, 0)] });
  builder.add({ kind: "struct", name: "twin", sizeBytes: 4, members: [member("y", number, 0)] });
  const text = definitions(builder);
  assert.equal(text.match(/typedef struct \{/g)?.length, 1);
  assert.match(text, /typedef first_t second_t;/);
  assert.match(text, /struct twin \{\n\tfirst_t x;/);
  assert.match(text, /struct twin___2 \{\n\tint y;/);
});

test("names that are no identifiers cannot leave their place", () => {
  const builder = new BtfBuilder();
  const number = builder.add(int("int", 4, true));
  builder.add({
    kind: "struct",
    name: "x{}; int evil",
    sizeBytes: 4,
    members: [member("a; int b", number, 0)],
  });
  const text = definitions(builder);
  assert.match(text, /struct x____int_evil \{\n\tint a__int_b;/);
});

test("a struct that contains itself is malformed input", () => {
  const builder = new BtfBuilder();
  builder.add({ kind: "struct", name: "loop", sizeBytes: 8, members: [member("self", 1, 0)] });
  assert.throws(() => definitions(builder), MalformedInputError);
});

test("anonymous types that double at each level are malformed input, soon", () => {
  const builder = new BtfBuilder();
  let inner = builder.add(int("int", 4, true));
  for (let level = 0; level < 50; level++) {
    inner = builder.add({
      kind: "union",
      name: level === 49 ? "bomb" : "",
      sizeBytes: 4,
      members: [member("", inner, 0), member("", inner, 0)],
    });
  }
  assert.throws(() => definitions(builder), MalformedInputError);
});

test("overlapping members are malformed input", () => {
  const builder = new BtfBuilder();
  const number = builder.add(int("int", 4, true));
  builder.add({
    kind: "struct",
    name: "bad",
    sizeBytes: 8,
    members: [member("a", number, 0), member("b", number, 16)],
  });
  assert.throws(() => definitions(builder), /overlaps/);
});
