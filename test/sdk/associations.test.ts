import assert from "node:assert/strict";
import { test } from "node:test";
import { kernelVersion, versionCode } from "../../src/kernel/index.ts";
import { BothWays, source } from "./both-ways.ts";

test("maps are for one program, and programs belong to struct_ops maps, as with libbpf 1.8", (context) => {
  if (kernelVersion() < versionCode(6, 18, 0)) {
    context.skip("maps for one program need Linux 6.18");
    return;
  }
  // What the same program prints that is linked with libbpf 1.8 itself, on a kernel without associations.
  const expected = source("associations.expected");
  const { stdout, stderr, status } = BothWays.guestOnly("associations").run();
  assert.equal(stderr, "");
  assert.deepEqual(stdout.split("\n"), expected.split("\n"));
  assert.equal(status, 0);
});
