import assert from "node:assert/strict";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { compiledBpfPath } from "../support/compile-bpf.ts";
import { BothWays, directory, source } from "./both-ways.ts";

/** What a program that is not loaded needs: a macro of the BPF source each. */
const NEEDS = ["NOTHING", "KFUNC", "WEAK_KFUNC", "TYPED", "ADDRESS", "SETTING", "VIRTUAL"];

test("programs that are not loaded, or have another type than their section says, are as with libbpf 1.8", () => {
  const objects = NEEDS.map((need) => {
    const object = join(directory, `${need}.o`);
    copyFileSync(compiledBpfPath(source("unloaded.bpf.c"), [`-D${need}`]), object);
    return object;
  });
  const { stdout, stderr, status } = BothWays.guestOnly("unloaded").run(objects);
  assert.equal(stderr, "");
  // What the same program prints that is linked with libbpf 1.8 itself.
  assert.deepEqual(stdout.split("\n"), source("unloaded.expected").split("\n"));
  assert.equal(status, 0);
});
