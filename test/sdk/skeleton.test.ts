import assert from "node:assert/strict";
import { test } from "node:test";
import { BothWays } from "./both-ways.ts";

test("skeleton: opened, set, loaded, live globals, attached and destroyed as with the machine's libbpf", () => {
  const program = new BothWays("skeleton");
  const native = program.native();
  assert.equal(native.status, 0, native.stdout + native.stderr);
  const guest = program.run();
  assert.equal(guest.stderr, "");
  assert.deepEqual(guest.stdout.split("\n"), native.stdout.split("\n"));
  assert.equal(guest.status, 0);
});
