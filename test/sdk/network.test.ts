import assert from "node:assert/strict";
import { test } from "node:test";
import { TestCgroup } from "../support/cgroup.ts";
import { BothWays, run } from "./both-ways.ts";

test("XDP, tc, control groups and network namespaces: as with the machine's libbpf", () => {
  const cgroup = new TestCgroup("sdk-network");
  try {
    const { native, guest } = new BothWays("network").commands(cgroup.path);
    // Each in a network namespace of its own, whose only interface is the loopback one.
    const expected = run("unshare", ["-n", ...native]);
    assert.match(expected, /^bpf_tc_query\(&hook, &query\): 0$/m);
    assert.deepEqual(run("unshare", ["-n", ...guest]).split("\n"), expected.split("\n"));
  } finally {
    cgroup.remove();
  }
});
