import assert from "node:assert/strict";
import { test } from "node:test";
import { BothWays, run } from "./both-ways.ts";

test("records reach callbacks as with the machine's libbpf", () => {
  // The rings of a perf buffer belong to CPUs: which records are lost depends on where the program runs.
  run("taskset", ["-apc", "0", String(process.pid)]);
  const program = new BothWays("buffers", ["-Wno-unused"]);
  const native = program.native();
  assert.equal(native.status, 0, native.stdout + native.stderr);
  const guest = program.run();
  assert.equal(guest.stderr, "");
  assert.deepEqual(guest.stdout.split("\n"), native.stdout.split("\n"));
  assert.ok(guest.stdout.split("\n").length > 150);
  assert.equal(guest.status, 0);
});
