import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";

interface Result {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly lines: string[];
}

/** Runs a case of signal-child.ts; sends it the next signal whenever it says that it is ready. */
function run(name: string, ...signals: NodeJS.Signals[]): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, "signal-child.js"), name], {
      stdio: ["ignore", "pipe", "inherit"],
      timeout: 600_000,
      killSignal: "SIGKILL",
    });
    let output = "";
    let sent = 0;
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      for (
        const ready = output.match(/^ready.*$/gm)?.length ?? 0;
        sent < Math.min(ready, signals.length);
        sent++
      ) {
        child.kill(signals[sent]);
      }
    });
    child.once("error", reject);
    child.once("close", (status, signal) => {
      const lines = output.split("\n").filter((line) => line !== "" && !line.startsWith("ready"));
      resolve({ status, signal, lines });
    });
  });
}

const ended = (status: number, ...lines: string[]): Result => ({ status, signal: null, lines });

test("a signal ends a sleep, an epoll wait and a read with EINTR", async () => {
  assert.deepEqual(await run("sleep", "SIGINT"), ended(0, "-4 4"));
  assert.deepEqual(await run("epoll", "SIGTERM"), ended(0, "-4 32768"));
  assert.deepEqual(await run("read", "SIGTERM"), ended(0, "-4 32768"));
});

test("a signal that came before the call ends it as well, until it is taken", async () => {
  assert.deepEqual(await run("before"), ended(0, "-4", "-4", "-4", "-4 1024", "0 0", "0 0"));
});

test("a loop that never looks ends after the grace time with 128 + signal", async () => {
  assert.deepEqual(await run("grace", "SIGINT"), ended(130));
  assert.deepEqual(await run("grace", "SIGTERM"), ended(143));
});

test("the second signal ends the process at once", async () => {
  assert.deepEqual(await run("second", "SIGINT", "SIGTERM"), ended(143));
  assert.deepEqual(await run("second", "SIGINT", "SIGINT"), ended(130));
});

test("the grace time stands still while it is held, and runs on afterwards", async () => {
  assert.deepEqual(await run("held", "SIGINT"), ended(7, "-4 4", "0 0", "0 0"));
  assert.deepEqual(await run("held before", "SIGTERM"), ended(143, "-4 32768", "0 0"));
});

test("release restores the handlers that were there", async () => {
  assert.deepEqual(await run("released"), ended(0, "node's handler"));
});

test("a signal wakes a worker's wait", async () => {
  assert.deepEqual(await run("worker", "SIGINT"), ended(0, "worker -4", "0 4"));
});
