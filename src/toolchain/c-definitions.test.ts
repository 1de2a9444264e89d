import assert from "node:assert/strict";
import { test } from "node:test";
import { scanPreprocessed } from "./c-definitions.ts";

/** Declarations found in a header `own.h` with this text. */
function declarations(text: string): string[] {
  return scanPreprocessed(`# 1 "own.h"\n${text}\n`).definitions.map(({ declaration }) => declaration);
}

test("tags, nested tags, and typedefs of types without a tag are definitions", () => {
  assert.deepEqual(declarations("struct a { struct b { int x; } b; union { int y; }; };"), [
    "struct b",
    "struct a",
  ]);
  assert.deepEqual(declarations("typedef struct { int x; } *pointer, array[2], plain;"), ["plain"]);
  assert.deepEqual(declarations("typedef union tagged { int x; } other;"), ["union tagged", "other"]);
  assert.deepEqual(declarations("typedef struct a b; struct a { int x; };"), ["struct a", "b"]);
  assert.deepEqual(
    declarations("typedef struct a *p; typedef struct elsewhere e; struct a { struct a *x; };"),
    ["struct a"],
  );
  assert.deepEqual(declarations("struct größe { int $x; };"), ["struct größe"]);
  assert.deepEqual(declarations("typedef enum { A, B } __attribute__((packed)) small;"), ["small"]);
  assert.deepEqual(
    declarations("struct __attribute__((packed)) p { char c; } __attribute__((aligned(8)));"),
    ["struct p"],
  );
});

test("declarations, function bodies, initializers and text are no definitions", () => {
  assert.deepEqual(declarations("struct a; struct a *f(struct a *p, enum e x);"), []);
  assert.deepEqual(declarations("int f(void) { struct local { int x; } v = { 1 }; return v.x; }"), []);
  assert.deepEqual(declarations("int list[] = { 1, 2 }; struct after { char c; };"), ["struct after"]);
  assert.deepEqual(declarations("const char *s = \"struct x { int y; };\"; char c = '{';"), []);
});

test("an enum without a name gets one, where nothing else has it", () => {
  const { text, definitions } = scanPreprocessed('# 1 "own.h"\nenum { A, B };\nenum { C } variable;\n');
  assert.equal(definitions.length, 1);
  assert.match(text, /enum wasm_bpf_anonymous_0 \{ A, B \};/);
  assert.match(text, /enum \{ C \} variable;/);
});

test("only files outside of the system's directories count, and macros that are still defined", () => {
  const { definitions, macros, text } = scanPreprocessed(
    [
      '# 1 "<built-in>" 1',
      "#define __clang__ 1",
      '# 1 "own.h"',
      "#define KEPT 1",
      "#define GONE 2",
      "#undef GONE",
      '# 1 "/usr/include/sys.h" 1 3',
      "struct system { int x; };",
      "#define SYSTEM 3",
      '# 2 "own.h" 2',
      "struct own { int x; };",
    ].join("\n"),
  );
  assert.deepEqual(
    definitions.map(({ declaration, file }) => [declaration, file]),
    [["struct own", "own.h"]],
  );
  assert.deepEqual(
    macros.map(({ text }) => text),
    ["KEPT 1"],
  );
  assert.doesNotMatch(text, /#define/);
});
