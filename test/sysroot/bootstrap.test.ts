import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { buildExample, RunningExample } from "../examples/running-example.ts";

const wasm32 = buildExample("bootstrap-v1");
const lp64 = buildExample("bootstrap");

/** Programs that are started, one after the other, and how each ends. */
const WORKLOAD = [
  ["/bin/true", 0],
  ["/bin/false", 1],
  ["/bin/sh", 23, "-c", "exit 23"],
  ["/bin/echo", 0, "some words"],
] as const;

/** Runs the workload; the pids. */
async function work(): Promise<number[]> {
  const pids: number[] = [];
  for (const [file, status, ...args] of WORKLOAD) {
    const child = spawn(file, args, { stdio: "ignore" });
    assert.deepEqual(await once(child, "exit"), [status, null]);
    assert.ok(child.pid !== undefined);
    pids.push(child.pid);
  }
  return pids;
}

/** What was printed about these processes, without the times; pids as places in the workload. */
function about(example: RunningExample, pids: readonly number[]): string[] {
  return example.lines.flatMap((line) => {
    const [, event = "", comm = "", pid = "", ppid = "", rest = ""] =
      /^\d\d:\d\d:\d\d (EXEC |EXIT ) (.{16}) (\d+) +(\d+) +(.*)$/.exec(line) ?? [];
    const place = pids.indexOf(Number(pid));
    if (place < 0 || Number(ppid) !== process.pid) return [];
    return [`${place} ${event.trim()} ${comm.trim()} ${rest.replace(/\d+ms/, "ms")}`];
  });
}

test("bootstrap prints the same about the same processes, over both versions of the guest interface", async () => {
  await using first = new RunningExample(wasm32);
  await using second = new RunningExample(lp64);
  for (const example of [first, second]) await example.line(/^TIME /);
  const pids = await work();
  const printed: string[][] = [];
  for (const example of [first, second]) {
    const all = () => {
      const lines = about(example, pids);
      return lines.length >= 2 * WORKLOAD.length ? lines : undefined;
    };
    printed.push(await example.until("all processes", all));
  }
  assert.deepEqual(printed[1], printed[0]);
  assert.deepEqual(
    printed[1]?.filter((line) => line.startsWith("2 ")),
    ["2 EXEC sh /bin/sh", "2 EXIT sh [23] (ms)"],
  );
  const endings = [await first.interrupt(), await second.interrupt()].map(
    ({ status, signal, stderr }) => `${status} ${signal} ${stderr}`,
  );
  assert.equal(endings[1], endings[0]);
});
