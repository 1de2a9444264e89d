import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { withDirectory } from "../support/compile.ts";
import { buildExample, compileForker, RunningExample } from "./running-example.ts";

/** The same program over libbpf's API, and over version 1 of the guest interface. */
const variants = { bootstrap: buildExample("bootstrap"), "bootstrap-v1": buildExample("bootstrap-v1") };
const usage = `BPF bootstrap demo application.
It traces process start and exits and shows associated information (filename, process duration, PID and PPID, etc).
USAGE: ./bootstrap [-d <min-duration-ms>] -v
`;
const header = "TIME     EVENT COMM             PID     PPID    FILENAME/EXIT CODE";

const project: string = fileURLToPath(new URL("../../..", import.meta.url));

/** Makes the native program, `bootstrap`, of the sources of the guest. */
function compileNative(directory: string): void {
  for (const file of ["Makefile", "bootstrap.bpf.c", "bootstrap.c", "bootstrap.h"]) {
    cpSync(join(project, "examples/bootstrap", file), join(directory, file));
  }
  execFileSync("make", ["native", `ROOT=${project}`], {
    cwd: directory,
    stdio: ["ignore", "ignore", "inherit"],
  });
}

/** A row of the table. */
interface Row {
  readonly time: string;
  readonly event: string;
  readonly comm: string;
  readonly pid: number;
  readonly ppid: number;
  readonly rest: string;
}

/** NB: a name may have spaces, so the columns are told apart by their width. */
function parseRow(line: string): Row | undefined {
  const match = /^(\d\d:\d\d:\d\d) (EXEC |EXIT ) (.{16}) (\d+) +(\d+) +(.*)$/.exec(line);
  if (match === null) return undefined;
  const [, time = "", event = "", comm = "", pid, ppid, rest = ""] = match;
  return { time, event: event.trim(), comm: comm.trimEnd(), pid: Number(pid), ppid: Number(ppid), rest };
}

function rows(example: RunningExample): Row[] {
  return example.lines.map(parseRow).filter((row) => row !== undefined);
}

/** Starts a program and waits for its end; its pid, and the time all of that took. */
async function run(
  file: string,
  args: readonly string[] = [],
): Promise<{ pid: number; status: number; elapsedMs: number }> {
  const started = performance.now();
  const child = spawn(file, args, { stdio: "ignore" });
  const [status] = (await once(child, "exit")) as [number];
  assert.ok(child.pid !== undefined);
  return { pid: child.pid, status, elapsedMs: performance.now() - started };
}

async function start(
  module: string,
  args: readonly string[] = [],
  environment = {},
): Promise<RunningExample> {
  const example = new RunningExample(module, args, environment);
  await example.line(new RegExp(`^${header}$`));
  return example;
}

function exitOf(example: RunningExample, pid: number): Promise<Row> {
  return example.until(`exit of ${pid}`, () =>
    rows(example).find((row) => row.event === "EXIT" && row.pid === pid),
  );
}

for (const [name, module] of Object.entries(variants)) {
  test(`${name} is at most 90 KB`, () => {
    assert.ok(statSync(module).size <= 90_000, `${statSync(module).size} bytes`);
  });
}

test("usage, version and wrong arguments are those of the native program", async () => {
  await withDirectory(async (directory) => {
    compileNative(directory);
    const lines = [
      ["-h"],
      ["--help"],
      ["-?"],
      ["--usage"],
      ["-V"],
      ["--version"],
      ["-x"],
      ["--nothing"],
      ["-d"],
      ["word"],
      ...["x", "-1", "1x", "", "99999999999999999999999"].map((duration) => ["-d", duration]),
    ];
    for (const args of lines) {
      await using example = new RunningExample(variants.bootstrap, args);
      const { status, stdout, stderr } = await example.ended();
      // Called alike: lines are broken by the length of the name, too.
      const native = spawnSync(join(directory, "bootstrap"), args, {
        cwd: directory,
        encoding: "utf8",
        argv0: variants.bootstrap,
      });
      assert.ifError(native.error);
      assert.notEqual(stdout + stderr, "", args.join(" "));
      assert.deepEqual(
        [status, stdout, stderr],
        [native.status, native.stdout, native.stderr],
        args.join(" "),
      );
    }
  });
});

test("both have the same kernel half", () => {
  for (const file of ["bootstrap.bpf.c", "bootstrap.h"]) {
    const [one, other] = Object.keys(variants).map((name) =>
      readFileSync(join(project, "examples", name, file), "utf8"),
    );
    assert.equal(one, other, file);
  }
});

test("-h prints the usage and ends with 0", async () => {
  for (const [variant, option] of [
    ["bootstrap", "-h"],
    ["bootstrap-v1", "-h"],
    ["bootstrap-v1", "--help"],
  ] as const) {
    await using example = new RunningExample(variants[variant], [option]);
    assert.deepEqual(await example.ended(), { status: 0, signal: null, stdout: usage, stderr: "" });
  }
});

test("a wrong argument of bootstrap-v1 prints the usage on standard error and ends with 1", async () => {
  for (const args of [["-x"], ["--nothing"], ["-d"], ["word"]]) {
    await using example = new RunningExample(variants["bootstrap-v1"], args);
    const { status, stdout, stderr } = await example.ended();
    assert.equal(status, 1, args.join(" "));
    assert.equal(stdout, "");
    assert.ok(stderr.endsWith(usage), stderr);
  }
  for (const duration of ["x", "-1", "1x", "", "99999999999999999999999"]) {
    await using example = new RunningExample(variants["bootstrap-v1"], ["-d", duration]);
    const { status, stderr } = await example.ended();
    assert.equal(status, 1, duration);
    assert.equal(stderr, `Invalid duration: ${duration}\n`);
  }
});

for (const [name, module] of Object.entries(variants)) {
  describe(name, () => {
    test("known processes are shown with pid, parent, file, exit code and duration", async () => {
      await using example = await start(module);
      const known = [
        { file: "/bin/true", args: [], comm: "true", status: 0, leastMs: 0 },
        { file: "/bin/false", args: [], comm: "false", status: 1, leastMs: 0 },
        { file: "/bin/sh", args: ["-c", "exit 113"], comm: "sh", status: 113, leastMs: 0 },
        { file: "/bin/sleep", args: ["0.3"], comm: "sleep", status: 0, leastMs: 300 },
      ];
      for (const { file, args, comm, status, leastMs } of known) {
        const process_ = await run(file, args);
        assert.equal(process_.status, status);
        await exitOf(example, process_.pid);
        const own = rows(example).filter((row) => row.pid === process_.pid);
        assert.deepEqual(
          own.map((row) => [row.event, row.comm, row.ppid]),
          [
            ["EXEC", comm, process.pid],
            ["EXIT", comm, process.pid],
          ],
        );
        assert.equal(own[0]?.rest, file);
        const [, code, durationMs] = /^\[(\d+)\] \((\d+)ms\)$/.exec(own[1]?.rest ?? "") ?? [];
        assert.equal(Number(code), status);
        assert.ok(Number(durationMs) >= leastMs, `${durationMs} ms`);
        assert.ok(Number(durationMs) <= process_.elapsedMs, `${durationMs} of ${process_.elapsedMs} ms`);
      }
      const ending = await example.interrupt();
      assert.equal(ending.status, 0);
      assert.equal(ending.stderr, "");
    });

    test("-d shows only exits of processes that lived so long", async () => {
      await using example = await start(module, ["-d", "200"]);
      let short = await run("/bin/true");
      // A busy machine may keep even this one waiting.
      while (short.elapsedMs >= 200) short = await run("/bin/true");
      const long = await run("/bin/sleep", ["0.25"]);
      const row = await exitOf(example, long.pid);
      assert.match(row.rest, /^\[0\] \(\d+ms\)$/);
      assert.ok(rows(example).every(({ event, pid }) => event === "EXIT" && pid !== short.pid));
      for (const { rest } of rows(example)) {
        assert.ok(Number(/\((\d+)ms\)$/.exec(rest)?.[1]) >= 200, rest);
      }
    });

    test("a process that started before the trace has no duration", async () => {
      const child = spawn("/bin/cat", { stdio: ["pipe", "ignore", "ignore"] });
      try {
        await once(child, "spawn");
        await using example = await start(module);
        child.stdin.end();
        await once(child, "exit");
        assert.equal((await exitOf(example, child.pid ?? -1)).rest, "[0]");
      } finally {
        child.kill("SIGKILL");
      }
    });

    test("threads are not processes", async () => {
      await using example = await start(module);
      const { pid } = await run(process.execPath, [
        "-e",
        "new (require('worker_threads').Worker)('', {eval: true})",
      ]);
      await exitOf(example, pid);
      const own = rows(example).filter((row) => row.pid === pid);
      assert.deepEqual(
        own.map((row) => row.event),
        ["EXEC", "EXIT"],
      );
    });

    test("times are local", async () => {
      const timeZone = "Asia/Kolkata";
      await using example = await start(module, [], { TZ: timeZone });
      const before = Date.now();
      const { pid } = await run("/bin/true");
      const { time } = await exitOf(example, pid);
      const possible = [];
      for (let at = before; at <= Date.now() + 999; at += 1000) {
        possible.push(new Date(at).toLocaleTimeString("en-GB", { timeZone, hourCycle: "h23" }));
      }
      assert.ok(possible.includes(time), `${time}, not ${possible}`);
    });

    test("-v counts events on standard error", async () => {
      await using example = await start(module, ["-v"]);
      await exitOf(example, (await run("/bin/true")).pid);
      const { status, stderr } = await example.interrupt();
      assert.equal(status, 0);
      assert.match(stderr, /^[1-9]\d* events shown, 0 lost\n$/m);
    });

    test("5,000 short processes: each is shown once as EXEC and once as EXIT, none is lost", async () => {
      await withDirectory(async (directory) => {
        const count = 5000;
        const forker = compileForker(directory);
        await using example = await start(module);
        const pids = execFileSync(forker, [String(count)], { encoding: "utf8", maxBuffer: 1 << 20 })
          .trim()
          .split("\n")
          .map(Number);
        assert.equal(new Set(pids).size, count);
        const own = new Set(pids);
        const exits = (): number =>
          rows(example).filter((row) => row.event === "EXIT" && own.has(row.pid)).length;
        await example.until("end of the burst", () => (exits() >= count ? true : undefined));
        const ending = await example.interrupt();
        assert.equal(ending.stderr, "");
        const seenBy = new Map(pids.map((pid) => [pid, { EXEC: 0, EXIT: 0 }]));
        for (const { pid, event } of rows(example)) {
          const counts = seenBy.get(pid);
          if (counts !== undefined && (event === "EXEC" || event === "EXIT")) counts[event]++;
        }
        const wrong = [...seenBy].filter(([, { EXEC, EXIT }]) => EXEC !== 1 || EXIT !== 1);
        assert.deepEqual(wrong, []);
      });
    });
  });
}
