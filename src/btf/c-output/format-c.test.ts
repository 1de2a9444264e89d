import assert from "node:assert/strict";
import test from "node:test";
import { btfOf, enumeration, int, member, struct } from "../../../test/support/btf-sample.ts";
import { MalformedInputError } from "../../internal/index.ts";
import { type BtfMember, formatC, type NewBtfType } from "../index.ts";

/** The definitions without the frame around them. */
function definitions(types: readonly NewBtfType[], ids?: readonly number[]): string {
  const text = formatC(btfOf(types), { kernelFunctions: false, ...(ids === undefined ? {} : { ids }) });
  const start = text.lastIndexOf("#endif\n\n", text.indexOf("#pragma clang attribute pop")) + 8;
  const end = text.lastIndexOf("#ifndef BPF_NO_PRESERVE_ACCESS_INDEX");
  return text.slice(start, end).trim();
}

const INT = int("int", 4);
const LONG = int("long", 8);
const CHAR = int("char", 1);

/** A struct `s` of `members`, after the types int (1), long (2), char (3). */
function layout(sizeBytes: number, members: readonly BtfMember[]): string {
  return definitions([INT, LONG, CHAR, struct("s", sizeBytes, members)]);
}

test("the frame makes accesses relocatable and can be included twice", () => {
  const text = formatC(btfOf([struct("s", 0, [])]), { guard: "TYPES_H" });
  assert.match(text, /^#ifndef TYPES_H\n#define TYPES_H\n/);
  assert.match(
    text,
    /#pragma clang attribute push \(__attribute__\(\(preserve_access_index\)\), apply_to = record\)/,
  );
  assert.match(text, /#pragma clang attribute pop\n#endif\n\n#endif \/\* TYPES_H \*\/\n$/);
  assert.match(text, /#ifndef BPF_NO_KFUNC_PROTOTYPES/);
});

test("declarators: pointers, arrays, functions and their qualifiers", () => {
  const types: NewBtfType[] = [
    INT,
    { kind: "ptr", type: 1 },
    { kind: "array", elementType: 2, indexType: 1, length: 3 },
    { kind: "ptr", type: 3 },
    {
      kind: "func_proto",
      returnType: 2,
      parameters: [
        { name: "a", type: 1 },
        { name: "", type: 0 },
      ],
    },
    { kind: "ptr", type: 5 },
    { kind: "array", elementType: 6, indexType: 1, length: 2 },
    { kind: "const", type: 1 },
    { kind: "ptr", type: 8 },
    { kind: "const", type: 9 },
    { kind: "volatile", type: 10 },
    { kind: "func_proto", returnType: 6, parameters: [] },
    { kind: "ptr", type: 12 },
    { kind: "array", elementType: 3, indexType: 1, length: 4 },
    { kind: "type_tag", name: "user", type: 1, attribute: false },
    { kind: "ptr", type: 15 },
    { kind: "ptr", type: 0 },
    { kind: "restrict", type: 17 },
  ];
  const first = types.length + 1;
  const typedef = (name: string, type: number): NewBtfType => ({ kind: "typedef", name, type });
  const aliases = [2, 3, 4, 6, 7, 9, 11, 13, 14, 16, 18].map((type) => typedef(`t${type}`, type));
  const text = definitions(
    [...types, ...aliases],
    aliases.map((_, i) => first + i),
  );
  assert.deepEqual(text.split("\n\n"), [
    "typedef int *t2;",
    "typedef int *t3[3];",
    "typedef int *(*t4)[3];",
    "typedef int *(*t6)(int a, ...);",
    "typedef int *(*t7[2])(int a, ...);",
    "typedef const int *t9;",
    "typedef const int * volatile const t11;",
    "typedef int *(*(*t13)(void))(int a, ...);",
    "typedef int *t14[4][3];",
    'typedef __attribute__((btf_type_tag("user"))) int *t16;',
    "typedef void * restrict t18;",
  ]);
});

test("what is embedded comes first, what is pointed to is announced", () => {
  const text = definitions(
    [
      struct("outer", 16, [member("inner", 2, 0), member("peer", 3, 64)]),
      struct("inner", 8, [member("outer", 4, 0)]),
      { kind: "ptr", type: 5 },
      { kind: "ptr", type: 1 },
      struct("peer", 8, [member("self", 3, 0)]),
    ],
    [1, 5],
  );
  assert.equal(
    text,
    "struct outer;\n\nstruct inner {\n\tstruct outer *outer;\n};\n\nstruct peer;\n\n" +
      "struct outer {\n\tstruct inner inner;\n\tstruct peer *peer;\n};\n\nstruct peer {\n\tstruct peer *self;\n};",
  );
});

test("a typedef of a struct that refers back to the typedef", () => {
  const text = definitions([
    { kind: "typedef", name: "node_t", type: 2 },
    struct("node", 8, [member("next", 3, 0)]),
    { kind: "ptr", type: 1 },
  ]);
  assert.equal(text, "struct node;\n\ntypedef struct node node_t;\n\nstruct node {\n\tnode_t *next;\n};");
});

test("anonymous types are written where they are used", () => {
  const text = definitions([
    INT,
    struct("s", 8, [member("", 3, 0), member("e", 4, 32)]),
    { kind: "union", name: "", sizeBytes: 4, members: [member("a", 1, 0), member("b", 1, 0)] },
    enumeration("", { X: 0n }),
    enumeration("", { ALONE: 4294967295n }),
  ]);
  assert.equal(
    text,
    "enum {\n\tALONE = 4294967295,\n};\n\n" +
      "struct s {\n\tunion {\n\t\tint a;\n\t\tint b;\n\t};\n\tenum {\n\t\tX = 0,\n\t} e;\n};",
  );
});

test("different types of one name get the suffix of a flavor", () => {
  const text = definitions([
    INT,
    struct("s", 4, [member("a", 1, 0)]),
    struct("s", 4, [member("b", 1, 0)]),
    { kind: "fwd", name: "s", union: false },
    { kind: "fwd", name: "s", union: true },
    { kind: "typedef", name: "t", type: 1 },
    { kind: "typedef", name: "t", type: 3 },
    enumeration("e", { t: 0n, u: 1n }),
    enumeration("f", { u: 2n }),
  ]);
  assert.match(text, /struct s \{\n\tint a;/);
  assert.match(text, /struct s___2 \{\n\tint b;/);
  assert.match(text, /union s___3;/);
  assert.match(text, /typedef int t;/);
  assert.match(text, /typedef struct s___2 t___2;/);
  assert.match(text, /t___3 = 0,\n\tu = 1,/);
  assert.match(text, /u___2 = 2,/);
});

test("gaps the compiler would not leave are filled", () => {
  assert.equal(layout(16, [member("a", 1, 0), member("b", 2, 64)]), "struct s {\n\tint a;\n\tlong b;\n};");
  assert.equal(
    layout(24, [member("a", 1, 0), member("b", 1, 128)]),
    "struct s {\n\tint a;\n\tint: 32;\n\tlong: 64;\n\tint b;\n\tint: 32;\n};",
  );
  assert.equal(
    layout(8, [member("a", 3, 0), member("b", 3, 24)]),
    "struct s {\n\tchar a;\n\tint: 16;\n\tchar b;\n\tint: 32;\n};",
  );
  assert.equal(
    layout(12, [member("a", 1, 0), member("b", 2, 32)]),
    "struct s {\n\tint a;\n\tlong b;\n} __attribute__((packed));",
  );
  assert.match(layout(1 << 20, [member("a", 1, 0)]), /char __pad_at_4\[1048572\];/);
});

test("bitfields keep their places", () => {
  assert.equal(
    layout(8, [member("a", 1, 0, 3), member("b", 1, 3, 5), member("c", 1, 32, 4), member("d", 1, 40, 8)]),
    "struct s {\n\tint a: 3;\n\tint b: 5;\n\tint: 24;\n\tint c: 4;\n\tchar: 4;\n\tint d: 8;\n};",
  );
});

test("enums of unusual size", () => {
  const enums: NewBtfType[] = [
    { kind: "enum", name: "tiny", sizeBytes: 1, signed: false, values: [{ name: "A", value: 1n }] },
    { kind: "enum", name: "word", sizeBytes: 8, signed: true, values: [{ name: "B", value: -1n }] },
    { kind: "enum64", name: "large", sizeBytes: 8, signed: false, values: [{ name: "C", value: 1n << 63n }] },
    { kind: "enum64", name: "low", sizeBytes: 8, signed: true, values: [{ name: "D", value: -(1n << 63n) }] },
  ];
  assert.deepEqual(definitions(enums).split("\n\n").sort(), [
    "enum large {\n\tC = 9223372036854775808ULL,\n};",
    "enum low {\n\tD = (-9223372036854775807LL - 1),\n};",
    "enum tiny {\n\tA = 1,\n} __attribute__((mode(byte)));",
    "enum word {\n\tB = -1,\n} __attribute__((mode(word)));",
  ]);
});

test("functions that the kernel offers to programs are declared by name", () => {
  const tag = (type: number, name: string): NewBtfType => ({
    kind: "decl_tag",
    name,
    type,
    componentIndex: -1,
    attribute: false,
  });
  const text = formatC(
    btfOf([
      INT,
      { kind: "func_proto", returnType: 1, parameters: [{ name: "s", type: 6 }] },
      { kind: "func", name: "bpf_z", type: 2, linkage: "static" },
      { kind: "func", name: "bpf_a", type: 2, linkage: "static" },
      { kind: "func", name: "other", type: 2, linkage: "static" },
      { kind: "ptr", type: 7 },
      struct("s", 0, []),
      tag(3, "bpf_kfunc"),
      tag(4, "bpf_kfunc"),
      tag(4, "bpf_fastcall"),
      tag(5, "unrelated"),
    ]),
  );
  const lines = text.split("\n").filter((line) => line.startsWith("extern"));
  assert.deepEqual(lines, [
    "extern __bpf_fastcall int bpf_a(struct s *s) __weak __ksym;",
    "extern int bpf_z(struct s *s) __weak __ksym;",
  ]);
});

test("the compiler's own names are not defined again", () => {
  const text = definitions([
    { kind: "typedef", name: "__builtin_va_list", type: 2 },
    { kind: "ptr", type: 0 },
    { kind: "typedef", name: "va_list", type: 1 },
    int("__Poly8_t", 1, false),
    { kind: "typedef", name: "poly8_t", type: 4 },
  ]);
  assert.equal(
    text,
    "typedef unsigned char __Poly8_t;\n\ntypedef __Poly8_t poly8_t;\n\ntypedef __builtin_va_list va_list;",
  );
});

test("layouts that C does not have are malformed input", () => {
  const bad: Record<string, NewBtfType[]> = {
    "members overlap": [INT, struct("s", 8, [member("a", 1, 0), member("b", 1, 16)])],
    "members past the end": [INT, struct("s", 2, [member("a", 1, 0)])],
    "a struct in itself": [struct("s", 4, [member("s", 1, 0)])],
    "a struct in its member": [struct("a", 4, [member("b", 2, 0)]), struct("b", 4, [member("a", 1, 0)])],
    "a member without size": [struct("s", 4, [member("a", 0, 0)])],
  };
  for (const [what, types] of Object.entries(bad)) {
    assert.throws(() => formatC(btfOf(types)), MalformedInputError, what);
  }
});
