import assert from "node:assert/strict";
import { test } from "node:test";
import { withBpfFileSystem } from "../support/bpf-file-system.ts";
import { TestCgroup } from "../support/cgroup.ts";
import { BothWays } from "./both-ways.ts";

test("the kernel's commands answer as with the machine's libbpf", () => {
  const program = new BothWays("commands");
  const group = new TestCgroup("sdk-commands");
  try {
    withBpfFileSystem((root) => {
      const native = program.native(root, group.path);
      assert.equal(native.status, 0, native.stdout + native.stderr);
      const guest = program.run([root, group.path], ["--allow-all", "--dir", root]);
      assert.equal(guest.stderr, "");
      assert.deepEqual(guest.stdout.split("\n"), native.stdout.split("\n"));
      assert.ok(guest.stdout.split("\n").length > 100);
      assert.equal(guest.status, 0);
    });
  } finally {
    group.remove();
  }
});
