import assert from "node:assert/strict";
import { test } from "node:test";
import { BothWays, run } from "./both-ways.ts";

test("loops of a program's own around buffers, and edges and nesting of epoll, are the kernel's", () => {
  // The rings of a perf buffer belong to CPUs.
  run("taskset", ["-apc", "0", String(process.pid)]);
  const program = new BothWays("loops", ["-Wno-unused-result"]);
  const native = program.native();
  assert.equal(native.status, 0, native.stdout + native.stderr);
  assert.ok(native.stdout.split("\n").length > 120, native.stdout);
  const guest = program.run();
  assert.equal(guest.stderr, "");
  assert.deepEqual(guest.stdout.split("\n"), native.stdout.split("\n"));
  assert.equal(guest.status, 0);
});
