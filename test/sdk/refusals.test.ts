import assert from "node:assert/strict";
import { test } from "node:test";
import { kernelVersion, versionCode } from "../../src/kernel/index.ts";
import { BothWays, source } from "./both-ways.ts";

test("what is refused is refused with the results and lines of libbpf 1.8", (context) => {
  if (kernelVersion() < versionCode(6, 6, 0)) {
    context.skip("probes of many user functions need Linux 6.6");
    return;
  }
  // What the same program prints that is linked with libbpf 1.8 itself.
  const expected = source("refusals.expected");
  const { stdout, stderr, status } = BothWays.guestOnly("refusals").run();
  assert.equal(stderr, "");
  assert.deepEqual(stdout.split("\n"), expected.split("\n"));
  assert.equal(status, 0);
});
