import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { BothWays } from "./both-ways.ts";

const object = fileURLToPath(new URL("../../../testdata/core.bpf.o", import.meta.url));

test("types are made, read, dumped and loaded as with the machine's libbpf", () => {
  const program = new BothWays("types", ["-Wno-unused"]);
  const native = program.native(object);
  assert.equal(native.status, 0, native.stdout + native.stderr);
  const guest = program.run([object]);
  assert.equal(guest.stderr, "");
  assert.deepEqual(guest.stdout.split("\n"), native.stdout.split("\n"));
  assert.ok(guest.stdout.split("\n").length > 400);
  assert.equal(guest.status, 0);
});
