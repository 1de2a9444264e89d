import assert from "node:assert/strict";
import { test } from "node:test";
import { BothWays, source } from "./both-ways.ts";

test("a program's own section handlers are asked when it opens, loads and attaches, as libbpf 1.8 does", () => {
  // What the same program prints that is linked with libbpf 1.8 itself.
  const expected = source("handlers.expected");
  const { stdout, stderr, status } = BothWays.guestOnly("handlers").run();
  assert.equal(stderr, "");
  assert.deepEqual(stdout.split("\n"), expected.split("\n"));
  assert.equal(status, 0);
});
