import assert from "node:assert/strict";
import { test } from "node:test";
import { BothWays } from "./both-ways.ts";

test("callbacks of the library can be left by longjmp", () => {
  const program = new BothWays("leaving");
  const native = program.native();
  assert.equal(native.status, 0, native.stdout + native.stderr);
  assert.match(native.stdout, /^print left with 3$/m);
  assert.deepEqual(program.run(), native);
});

test("what a child of fork does to maps and buffers is undone, but for memory that is shared", () => {
  const program = new BothWays("forked");
  const native = program.native();
  assert.equal(native.status, 0, native.stdout + native.stderr);
  assert.match(native.stdout, /^status 2, shared 22, own 1$/m);
  assert.deepEqual(program.run(), native);
});
