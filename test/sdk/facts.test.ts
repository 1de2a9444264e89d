import assert from "node:assert/strict";
import { test } from "node:test";
import { BothWays } from "./both-ways.ts";

const program = new BothWays("facts");

/** Both print the same, and something. */
function compare(what: string): void {
  const native = program.native(what);
  const guest = program.run([what]);
  assert.equal(native.status, 0, native.stderr);
  assert.equal(guest.stderr, "");
  assert.deepEqual(guest.stdout.split("\n"), native.stdout.split("\n"));
  assert.ok(native.stdout.split("\n").length > 10);
}

test("names of types are those of the machine's libbpf", () => compare("names"));
test("texts of errors are those of the machine's libbpf", () => compare("errors"));
test("section names stand for the same types as with the machine's libbpf", () => compare("kinds"));
test("probes find what the machine's libbpf finds", () => compare("probes"));

test("probes: a helper that programs of that type may not call", () => {
  // Not compared: libbpf 1.1 does not know the words of newer kernels.
  assert.equal(program.run(["refused"]).stdout, "0 0\n");
});
