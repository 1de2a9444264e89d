import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { dirname } from "node:path";
import { test } from "node:test";
import { buildExample, compileForker, RunningExample } from "./running-example.ts";

const module = buildExample("execve");

test("each execve is shown with pid, caller and file, one that fails as well", async () => {
  await using example = new RunningExample(module);
  await example.until("attached programs", () => (example.stderr.includes("Hit Ctrl-C") ? true : undefined));
  // The shell becomes `true` without a fork, so the pid and the caller's name are known.
  const script = "/nonexistent/program; exec /bin/true";
  const child = spawn("/bin/sh", ["-c", script], { stdio: "ignore" });
  await once(child, "exit");
  const last = `[${child.pid}] sh -> /bin/true`;
  await example.until(last, () => (example.lines.includes(last) ? true : undefined));
  assert.ok(example.lines.some((line) => line.startsWith(`[${child.pid}] `) && line.endsWith(" -> /bin/sh")));
  assert.ok(example.lines.some((line) => /^\[\d+\] sh -> \/nonexistent\/program$/.test(line)));
  const { status, stderr } = await example.interrupt();
  assert.equal(status, 0);
  assert.equal(stderr, "Tracing execve()... Hit Ctrl-C to end.\n");
});

test("calls that found the ring buffer full are counted and told", async () => {
  await using example = new RunningExample(module);
  await example.until("attached programs", () => (example.stderr.includes("Hit Ctrl-C") ? true : undefined));
  // 5,000 calls of 280 bytes each are more than the megabyte of the buffer.
  await example.halted(() => {
    execFileSync(compileForker(dirname(module)), ["5000"], { stdio: "ignore" });
  });
  await example.line(/ -> \/bin\/true$/);
  const { status, stderr } = await example.interrupt();
  assert.equal(status, 0);
  assert.match(stderr, /^[1-9]\d* events lost: the ring buffer was full$/m);
});
