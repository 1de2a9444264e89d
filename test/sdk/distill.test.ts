import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { findClang } from "../support/compile-bpf.ts";
import { BothWays, directory, source } from "./both-ways.ts";

// What the same program prints that is linked with libbpf 1.8 itself is in the `.expected` files.
const program = BothWays.guestOnly("distill");

function printed(...args: string[]): string[] {
  const { stdout, stderr, status } = program.run(args);
  assert.equal(stderr, "");
  assert.equal(status, 0);
  return stdout.split("\n");
}

test("a base is distilled for split types, which are then put on another base", () => {
  assert.deepEqual(printed(), source("distill.expected").split("\n"));
});

/** An object with the types and the distilled base that are in files of these names. */
function objectOf(name: string, types: string, base: string): string {
  const object = join(directory, name);
  printed(directory, "write");
  writeFileSync(join(directory, "empty.c"), "int empty;\n");
  execFileSync(findClang(), ["-c", "empty.c", "-o", "empty.o"], { cwd: directory });
  const sections = ["--add-section", `.BTF=${types}`, "--add-section", `.BTF.base=${base}`];
  execFileSync("objcopy", [...sections, "empty.o", object], { cwd: directory });
  return object;
}

test("types of a file with a distilled base are put on the base that is given", () => {
  const object = objectOf("both.o", "split.btf", "distilled.btf");
  assert.deepEqual(printed(object), source("distill-file.expected").split("\n"));
});

test("a distilled base that is damaged is not one that is missing", () => {
  writeFileSync(join(directory, "damaged.btf"), "no types");
  // The types themselves need no base.
  const { stdout, status } = program.run([objectOf("damaged.o", "distilled.btf", "damaged.btf")]);
  assert.deepEqual([stdout, status], ["refused: Invalid argument\n", 1]);
});
