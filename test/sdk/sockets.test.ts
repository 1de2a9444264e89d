import assert from "node:assert/strict";
import { test } from "node:test";
import { BothWays } from "./both-ways.ts";

test("sockets do in guests what they do natively", () => {
  const program = new BothWays("sockets");
  const native = program.native();
  assert.equal(native.status, 0, native.stderr);
  assert.deepEqual(program.run(), native);
});

test("without --allow-net there are none, and one line says so", () => {
  const { stdout, stderr } = new BothWays("sockets").run([], []);
  assert.match(stdout, /Operation not permitted|Bad file descriptor/);
  assert.equal(stderr.match(/which needs --allow-net\n/g)?.length, 1);
});
