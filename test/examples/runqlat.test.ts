import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { buildExample, RunningExample } from "./running-example.ts";

const module = buildExample("runqlat");

interface Slot {
  readonly low: number;
  readonly high: number;
  readonly count: number;
  readonly stars: number;
}

/** The slots of each histogram that was printed. */
function histograms(text: string): Slot[][] {
  const found: Slot[][] = [];
  for (const line of text.split("\n")) {
    if (/^ {5}[um]secs {14} : count {4}distribution$/.test(line)) found.push([]);
    const slot = /^ *(\d+) -> (\d+) +: (\d+) +\|(\** *)\|$/.exec(line);
    if (slot === null) continue;
    const [, low, high, count, bar = ""] = slot;
    assert.equal(bar.length, 40, line);
    const stars = bar.trimEnd().length;
    found.at(-1)?.push({ low: Number(low), high: Number(high), count: Number(count), stars });
  }
  return found;
}

test("interval and count: so many histograms of powers of two, then the end", async () => {
  await using example = new RunningExample(module, ["1", "2"]);
  const { status, stdout, stderr } = await example.ended();
  assert.equal(status, 0, stderr);
  assert.equal(stderr, "");
  assert.ok(stdout.startsWith("Tracing run queue latency... Hit Ctrl-C to end.\n\n     usecs "), stdout);
  const found = histograms(stdout);
  // Node's own threads wake up all the time.
  assert.equal(found.length, 2);
  for (const slots of found) {
    slots.forEach(({ low, high }, index) => {
      assert.deepEqual([low, high], [index === 0 ? 0 : 2 ** index, 2 ** (index + 1) - 1]);
    });
    assert.notEqual(slots.at(-1)?.count, 0);
    const most = Math.max(...slots.map(({ count }) => count));
    for (const { count, stars } of slots) assert.equal(stars, Math.floor((count * 40) / most));
  }
});

test("-P and -T: a histogram for each process under the time", async () => {
  await using example = new RunningExample(module, ["-PT", "1", "1"]);
  const { status, stdout } = await example.ended();
  assert.equal(status, 0);
  assert.match(stdout, /^Tracing .*\n\n\d\d:\d\d:\d\d\n\npid = \d+ .+\n {5}usecs /);
});

test("-p: only that process", async () => {
  // Wakes up once a millisecond.
  const busy = spawn(process.execPath, ["-e", "setInterval(() => {}, 1)"], { stdio: "ignore" });
  try {
    assert.ok(busy.pid !== undefined);
    await using example = new RunningExample(module, ["-P", "-p", String(busy.pid), "1"]);
    await example.line(new RegExp(`^pid = ${busy.pid} `));
    const { status, stdout } = await example.interrupt();
    assert.equal(status, 0);
    assert.deepEqual([...new Set(stdout.match(/^pid = \d+/gm))], [`pid = ${busy.pid}`]);
  } finally {
    busy.kill("SIGKILL");
  }
});

test("-m counts milliseconds", async () => {
  await using example = new RunningExample(module, ["-m", "1", "1"]);
  assert.match((await example.ended()).stdout, /^ {5}msecs {15}: count {4}distribution$/m);
});

test("wrong arguments are refused", async () => {
  for (const args of [["x"], ["1", "0"], ["1", "1", "1"], ["-p", "x"], ["-P", "-L"], ["-x"]]) {
    await using example = new RunningExample(module, args);
    const { status, stdout, stderr } = await example.ended();
    assert.equal(status, 1, args.join(" "));
    assert.equal(stdout, "");
    assert.notEqual(stderr, "");
  }
  await using help = new RunningExample(module, ["-h"]);
  const { status, stdout } = await help.ended();
  assert.equal(status, 0);
  assert.match(stdout, /^Summarize run queue \(scheduler\) latency as a histogram\.\n\nUSAGE: runqlat /);
});
