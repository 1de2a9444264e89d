import assert from "node:assert/strict";
import { test } from "node:test";
import { BothWays, source } from "./both-ways.ts";

test("wrong use is answered with the results, errors and lines of libbpf 1.8, at every level", () => {
  // What the same program prints that is linked with libbpf 1.8 itself.
  const expected = source("misuse.expected");
  const { stdout, stderr, status } = BothWays.guestOnly("misuse").run();
  assert.equal(stderr, "");
  assert.deepEqual(stdout.split("\n"), expected.split("\n"));
  assert.equal(status, 0);
});
