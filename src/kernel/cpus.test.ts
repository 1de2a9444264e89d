import assert from "node:assert/strict";
import { test } from "node:test";
import { onlineCpus, parseCpuList, possibleCpuCount } from "./cpus.ts";

test("CPU lists", () => {
  assert.deepEqual(parseCpuList("0\n"), [0]);
  assert.deepEqual(parseCpuList("0-3,8,10-11\n"), [0, 1, 2, 3, 8, 10, 11]);
  for (const text of ["", "0-", "a", "3-1", "0,,1", "0-99999999"]) {
    assert.throws(() => parseCpuList(text), { code: "MALFORMED_INPUT" }, text);
  }
});

test("this machine's CPUs", () => {
  assert.ok(possibleCpuCount() >= onlineCpus().length && onlineCpus().length >= 1);
});
