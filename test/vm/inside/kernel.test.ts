import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { kernelBtf, moduleBtf } from "../../../src/kernel/index.ts";

describe("the kernel's types", () => {
  it("vmlinux has task_struct with a pid", () => {
    const btf = kernelBtf();
    const id = btf.find("task_struct");
    assert.ok(id !== undefined);
    const type = btf.type(id);
    assert.ok(type.kind === "struct" && type.members.some(({ name }) => name === "pid"));
  });

  it("a loaded module's types stand on those of vmlinux", () => {
    assert.match(readFileSync("/proc/modules", "utf8"), /^veth /m);
    const btf = moduleBtf("veth");
    assert.ok(btf !== undefined);
    const id = btf.find("veth_priv");
    assert.ok(id !== undefined && id >= kernelBtf().typeCount);
  });
});
