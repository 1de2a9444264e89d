import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { buildExample, RunningExample } from "./running-example.ts";

const module = buildExample("minimal");

test("counts the write() calls of a process", async () => {
  const cat = spawn("/bin/cat", { stdio: ["pipe", "pipe", "ignore"] });
  try {
    await once(cat, "spawn");
    await using example = new RunningExample(module, [String(cat.pid)]);
    await example.line(/^0 writes$/);
    for (let i = 0; i < 7; i++) {
      const echo = once(cat.stdout, "data");
      cat.stdin.write("x");
      await echo;
    }
    await example.line(/^7 writes$/);
    const { status, stderr } = await example.interrupt();
    assert.equal(status, 0);
    assert.equal(stderr, "");
  } finally {
    cat.kill("SIGKILL");
  }
});

test("counts those of all processes without an argument", async () => {
  await using example = new RunningExample(module);
  // The example's own output is counted, if nothing else.
  await example.line(/^[1-9]\d* writes$/);
});
