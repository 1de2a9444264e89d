import assert from "node:assert/strict";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { compiledBpfPath } from "../support/compile-bpf.ts";
import { BothWays, directory, source } from "./both-ways.ts";

/** Compiles for a machine of this byte order. */
function object(target: string): string {
  const path = join(directory, `${target}.o`);
  copyFileSync(compiledBpfPath(source("byte-order.bpf.c"), ["-target", target]), path);
  return path;
}

test("types of either byte order are read, written and turned, as with libbpf 1.8", () => {
  const { stdout, stderr, status } = BothWays.guestOnly("byte-order").run([object("bpfeb"), object("bpfel")]);
  assert.equal(stderr, "");
  // What the same program prints that is linked with libbpf 1.8 itself.
  assert.deepEqual(stdout.split("\n"), source("byte-order.expected").split("\n"));
  assert.equal(status, 0);
});
