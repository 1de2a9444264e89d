import assert from "node:assert/strict";
import { test } from "node:test";
import { kernelVersion, versionCode } from "../../src/kernel/index.ts";
import { BothWays, source } from "./both-ways.ts";

test("programs are loaded once more, as with libbpf 1.8", (context) => {
  if (kernelVersion() < versionCode(6, 1, 0)) {
    context.skip("iterators that sleep need Linux 6.1");
    return;
  }
  // What the same program prints that is linked with libbpf 1.8 itself.
  const expected = source("clone.expected");
  const { stdout, stderr, status } = BothWays.guestOnly("clone").run();
  assert.equal(stderr, "");
  assert.deepEqual(stdout.split("\n"), expected.split("\n"));
  assert.equal(status, 0);
});
