import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { release } from "node:os";
import { describe, it } from "node:test";

describe("the virtual machine", () => {
  it("runs the kernel it was booted with, with BTF", () => {
    assert.match(release(), /^6\.(1|12)\./);
    assert.ok(statSync("/sys/kernel/btf/vmlinux").size > 1_000_000);
  });

  it("has neither tracefs nor bpffs mounted", () => {
    assert.doesNotMatch(readFileSync("/proc/mounts", "utf8"), /tracefs|debugfs|\bbpf\b/);
  });
});
