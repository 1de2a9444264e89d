import assert from "node:assert/strict";
import { mkdirSync, rmdirSync } from "node:fs";
import { test } from "node:test";
import { kernelVersion, versionCode } from "../../src/kernel/index.ts";
import { mountBpfFileSystem } from "../support/bpf-file-system.ts";
import { BothWays, source } from "./both-ways.ts";

test("functions that are seldom called do what they do in libbpf 1.8", (context) => {
  if (kernelVersion() < versionCode(6, 10, 0)) {
    context.skip("links of sockmaps need Linux 6.10");
    return;
  }
  mountBpfFileSystem();
  const folder = `/sys/fs/bpf/wasm-bpf-rest-${process.pid}`;
  mkdirSync(folder);
  try {
    const { stdout, stderr } = BothWays.guestOnly("rest").run([folder]);
    assert.equal(stderr, "");
    // What the same program prints that is linked with libbpf 1.8 itself.
    assert.deepEqual(stdout.split("\n"), source("rest.expected").split("\n"));
  } finally {
    // NB: fails when something is left in it.
    rmdirSync(folder);
  }
});
