import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Btf } from "../btf/index.ts";
import * as bpf from "./bpf.ts";
import { EPERM, errnoName } from "./errno.ts";
import * as perf from "./perf.ts";

const numbers: [string, number | bigint][] = [...Object.entries(bpf), ...Object.entries(perf)];

test("every constant has the value that the running kernel's BTF gives it", () => {
  const kernel = new Map<string, bigint[]>();
  const btf = Btf.parse(readFileSync("/sys/kernel/btf/vmlinux"));
  for (let id = 1; id < btf.typeCount; id++) {
    const kind = btf.kind(id);
    if (kind !== "enum" && kind !== "enum64") continue;
    const type = btf.type(id);
    if (type.kind !== "enum" && type.kind !== "enum64") continue;
    for (const { name, value } of type.values) kernel.set(name, [...(kernel.get(name) ?? []), value]);
  }
  const known = numbers.filter(([name]) => kernel.has(name));
  assert.ok(known.length > 600, `only ${known.length} names are in the kernel's BTF`);
  const wrong = known.filter(([name, value]) => !kernel.get(name)?.includes(BigInt(value)));
  assert.deepEqual(wrong, []);
});

test("errno values have names", () => {
  assert.equal(errnoName(EPERM), "EPERM");
  assert.equal(errnoName(11), "EAGAIN");
  assert.equal(errnoName(524), "ENOTSUPP");
  assert.equal(errnoName(4000), "errno 4000");
});
