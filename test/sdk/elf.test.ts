import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { findClang } from "../support/compile-bpf.ts";
import { BothWays, directory, run } from "./both-ways.ts";

const SOURCE = `int counter;
int twice(int x) { return 2 * x; }
int main(void) { return twice(counter); }
`;

test("libelf finds in files what the machine's libelf finds", () => {
  const path = (name: string): string => join(directory, name);
  writeFileSync(path("sample.c"), SOURCE);
  run("cc", ["-g", path("sample.c"), "-o", path("executable")]);
  run("cc", ["-c", path("sample.c"), "-o", path("object.o")]);
  run(findClang(), ["--target=i386-linux-gnu", "-c", path("sample.c"), "-o", path("narrow.o")]);
  run("ar", ["rc", path("archive.a"), path("object.o")]);
  writeFileSync(path("text"), "no ELF file\n");
  writeFileSync(path("empty"), "");
  writeFileSync(path("cut"), readFileSync(path("executable")).subarray(0, 100));
  const files = ["executable", "object.o", "narrow.o", "archive.a", "text", "empty", "cut", "nothing"].map(
    path,
  );
  const program = new BothWays("elf");
  const native = program.native(...files);
  assert.equal(native.status, 0, native.stderr);
  const guest = program.run(files);
  assert.equal(guest.stderr, "");
  assert.deepEqual(guest.stdout.split("\n"), native.stdout.split("\n"));
  assert.equal(guest.status, 0);
  assert.match(guest.stdout, /^ {2}twice 0x?\w+ \d+ 2 1 \d+$/m);
});
