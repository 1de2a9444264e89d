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

test("types of a file with a distilled base are put on the base that is given", () => {
  const object = join(directory, "both.o");
  printed(directory, "write");
  writeFileSync(join(directory, "empty.c"), "int empty;\n");
  execFileSync(findClang(), ["-c", "empty.c", "-o", "empty.o"], { cwd: directory });
  const sections = ["--add-section", ".BTF=split.btf", "--add-section", ".BTF.base=distilled.btf"];
  execFileSync("objcopy", [...sections, "empty.o", object], { cwd: directory });
  assert.deepEqual(printed(object), source("distill-file.expected").split("\n"));
});
