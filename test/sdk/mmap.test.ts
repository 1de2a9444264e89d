import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { BothWays, directory } from "./both-ways.ts";

test("maps that a program maps itself are the kernel's memory, as natively", () => {
  const file = join(directory, "text");
  writeFileSync(file, "contents of a file\n");
  const program = new BothWays("mmap");
  const native = program.native(file);
  assert.equal(native.status, 0, native.stdout + native.stderr);
  assert.ok(native.stdout.split("\n").length > 12);
  const guest = program.run([file]);
  assert.equal(guest.stderr, "");
  assert.equal(guest.stdout, native.stdout);
});
