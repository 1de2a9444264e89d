import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { BothWays, directory, interact, run, sourceFile } from "./both-ways.ts";

test("probes of a program, USDT, a perf event and an iterator: as with the machine's libbpf", async () => {
  const target = join(directory, "probes-target");
  run("cc", ["-O1", sourceFile("probes-target.c"), "-o", target]);
  const { native, guest } = new BothWays("probes").commands(target);
  const hit = (): void => void run(target, []);
  const expected = await interact(native, hit);
  assert.match(expected, /^entries 3, returns 3, argument 7, cookies 3000$/m);
  assert.match(expected, /^usdt 3, sum 31821$/m);
  assert.deepEqual((await interact(guest, hit)).split("\n"), expected.split("\n"));
});
