import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDepfile } from "./depfile.ts";

test("names over several lines", () => {
  assert.deepEqual(parseDepfile("product: ./a.c \\\n  b.h /usr/include/c.h\n"), [
    "./a.c",
    "b.h",
    "/usr/include/c.h",
  ]);
});

test("spaces, hashes and dollars in names", () => {
  assert.deepEqual(parseDepfile("product: ./my\\ app.c x\\#y.h $$(z).h\n"), [
    "./my app.c",
    "x#y.h",
    "$(z).h",
  ]);
});

test("no rule, no files", () => {
  assert.deepEqual(parseDepfile(""), []);
});
