import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { BothWays, directory } from "./both-ways.ts";

const cases = new BothWays("signal-cases");

/** What comes from outside once a case is ready, and the signal that should end it, if any. */
const OUTSIDE: readonly (readonly [string, (child: ChildProcess) => void])[] = [
  ["nanosleep", (child) => child.kill("SIGINT")],
  ["sleep", (child) => child.kill("SIGTERM")],
  ["poll", (child) => child.kill("SIGINT")],
  ["select", (child) => child.kill("SIGINT")],
  ["epoll", (child) => child.kill("SIGINT")],
  ["read", (child) => child.kill("SIGINT")],
  ["pause", (child) => child.kill("SIGUSR2")],
  ["sigsuspend", (child) => child.kill("SIGINT")],
  ["sigwait", (child) => child.kill("SIGUSR1")],
  ["summary", (child) => child.kill("SIGINT")],
  ["default", (child) => child.kill("SIGTERM")],
  ["ignored", (child) => child.kill("SIGINT") && child.stdin?.end("\n")],
  ["blocked", (child) => child.kill("SIGTERM") && child.stdin?.end("\n")],
  ["restart", (child) => child.kill("SIGUSR1") && child.stdin?.end("a line\n")],
  ["alarms", () => {}],
  ["alone", () => {}],
];

/**
 * Waits until a process sleeps in the kernel, and goes on to: a signal that comes before is handled, and then it waits for
 * ever.
 */
async function asleep(pid: number): Promise<void> {
  for (let seen = 0; seen < 5; ) {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    // Threads of one process wait for each other, for long on a busy machine: that is not what is meant.
    const threads = readFileSync(`/proc/${pid}/wchan`, "latin1").includes("futex");
    seen = /^State:\s+S/m.test(status) && !threads ? seen + 1 : 0;
    await setTimeout(10);
  }
}

async function run(
  command: readonly string[],
  whenReady: (child: ChildProcess) => void,
): Promise<{ output: string; status: number | null }> {
  const [program = "", ...args] = command;
  const child = spawn(program, args, {
    cwd: directory,
    stdio: ["pipe", "pipe", "pipe"],
    timeout: 600_000,
    killSignal: "SIGKILL",
  });
  let output = "";
  let isReady = false;
  const gather = (text: string) => {
    output += text;
    if (isReady || !/^ready$/m.test(output)) return;
    isReady = true;
    // One that has ended needs no signal.
    void asleep(child.pid ?? 0).then(
      () => whenReady(child),
      () => {},
    );
  };
  child.stdout.setEncoding("utf8").on("data", gather);
  child.stderr.setEncoding("utf8").on("data", gather);
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  // A shell's way to say what ended a program, which is the host's.
  return { output, status: code ?? (signal === "SIGTERM" ? 143 : -1) };
}

for (const [name, whenReady] of OUTSIDE) {
  test(`signals of the case "${name}" do what they do to the native program`, async () => {
    const { native, guest } = cases.commands(name);
    const expected = await run(native, whenReady);
    assert.deepEqual(await run(guest, whenReady), expected);
  });
}
