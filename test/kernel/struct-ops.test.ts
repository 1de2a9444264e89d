import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { BpfObject } from "../../src/ebpf/index.ts";
import { kernelVersion, versionCode } from "../../src/kernel/index.ts";
import { attachObject } from "../../src/link/index.ts";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import { testdata } from "../support/testdata.ts";

failOnLeaks();

const available = (): string[] =>
  readFileSync("/proc/sys/net/ipv4/tcp_available_congestion_control", "utf8").trim().split(" ");

test("a struct_ops map is registered until its link is closed", (context) => {
  if (kernelVersion() < versionCode(6, 4, 0)) {
    context.skip("links of struct_ops maps need Linux 6.4");
    return;
  }
  const object = BpfObject.open(testdata("struct-ops.bpf.o"));
  context.after(() => object.close());
  object.load();
  assert.ok(!available().includes("bpf_simple"));
  for (let round = 0; round < 2; round++) {
    const [link, ...others] = attachObject(object);
    assert.ok(link !== undefined && others.length === 0);
    assert.equal(link.kind, "struct_ops");
    assert.ok(available().includes("bpf_simple"));
    link.close();
    assert.ok(!available().includes("bpf_simple"));
  }
});
