/** Programs in the style of libbpf's tools: a native program and a guest of one source print the same. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { TestCgroup } from "../support/cgroup.ts";
import { cli } from "../support/guest.ts";
import { mapIteratorRefusal } from "../support/map-iterator.ts";
import { type Printed, Programs, Running } from "./both-ways.ts";

const programs = new Programs();
const tested = new Set<string>();

/** How a program is run and what happens meanwhile. */
interface Workload {
  /** Arguments of the program; TARGET is the pid of the program that is observed. */
  readonly args?: readonly string[];
  /** Arguments that are not the same for both. */
  readonly ownArgs?: (kind: "native" | "guest") => readonly string[];
  /** Permissions of the guest. */
  readonly options?: readonly string[];
  /** Instead of the target's work. */
  readonly work?: (target: Running) => Promise<void> | void;
  /** One after the other: for what only one program can have at a time. */
  readonly inTurn?: boolean;
}

/** Runs both on the same workload; what they print, pids of their own replaced. */
async function run(name: string, workload: Workload): Promise<{ native: Printed; guest: Printed }> {
  tested.add(name);
  const kinds = ["native", "guest"] as const;
  const results = new Map<string, Printed>();
  for (const turn of workload.inTurn === true ? kinds.map((kind) => [kind]) : [kinds]) {
    // On one processor, so that its events have an order in buffers of each, too.
    await using target = new Running("taskset", ["-c", "0", programs.target]);
    await target.line("started");
    const args = (workload.args ?? []).map((word) => word.replace("TARGET", target.pid));
    await using native = turn.includes("native")
      ? programs.native(name, [...args, ...(workload.ownArgs?.("native") ?? [])])
      : undefined;
    await using guest = turn.includes("guest")
      ? programs.guest(name, [...args, ...(workload.ownArgs?.("guest") ?? [])], workload.options ?? [])
      : undefined;
    const both = [native, guest].filter((process) => process !== undefined);
    for (const process of both) await process.line("ready");
    if (workload.work === undefined) {
      target.say("go");
      await target.line("done 28");
    } else await workload.work(target);
    for (const process of both) process.interrupt();
    if (native !== undefined) results.set("native", await native.ended());
    if (guest !== undefined) results.set("guest", await guest.ended());
  }
  const [native, guest] = kinds.map((kind) => results.get(kind));
  assert.ok(native !== undefined && guest !== undefined);
  return { native, guest };
}

/** libbpf names errors in words before version 1.6, and with their symbols since. */
function withoutErrorNames(text: string): string {
  return text.replaceAll(/(libbpf: .*): (?:-E[A-Z0-9]+|-\d+|[A-Z][a-z]+(?: [a-z]+)*)$/gm, "$1: ERROR");
}

/** Compares, and gives the lines that both printed. */
async function same(name: string, workload: Workload = {}): Promise<string[]> {
  const { native, guest } = await run(name, workload);
  assert.equal(withoutErrorNames(guest.stdout), withoutErrorNames(native.stdout), guest.stderr);
  assert.equal(withoutErrorNames(guest.stderr), withoutErrorNames(native.stderr));
  assert.equal(guest.status, native.status);
  return native.stdout.trimEnd().split("\n");
}

describe("a native program and a guest print the same", () => {
  test("execs: ring buffer, autoload, live globals, a summary after Ctrl-C", async () => {
    const lines = await same("execs", { args: ["-p", "TARGET"] });
    assert.match(lines[2] ?? "", /^\d+ +true +\/bin\/true$/);
    assert.equal(lines.at(-1), "signal 2, 4 seen, 4 shown, 1 succeeded, 1 failed");
    const starts = await same("execs", { args: ["-n", "-t", "--parent=TARGET"] });
    assert.equal(starts.at(-1), "signal 2, 2 seen, 2 shown, 0 succeeded, 0 failed");
  });

  test("execs: usage, version and errors of argp", () => {
    for (const args of [
      ["--help"],
      ["--usage"],
      ["-V"],
      ["-h"],
      ["-p", "x"],
      ["--par"],
      ["--unknown"],
      ["-z"],
    ]) {
      const guest = spawnSync(process.execPath, [cli, "execs.wasm", ...args], {
        cwd: programs.directory,
        encoding: "utf8",
      });
      // Called alike: lines are broken by the length of the name, too.
      const native = spawnSync(join(programs.directory, "execs"), args, {
        cwd: programs.directory,
        encoding: "utf8",
        argv0: "execs.wasm",
      });
      assert.equal(guest.stdout, native.stdout, args.join(" "));
      assert.equal(guest.stderr, native.stderr, args.join(" "));
      assert.equal(guest.status, native.status, args.join(" "));
      assert.notEqual(native.stdout + native.stderr, "");
    }
  });

  test("opens: perf buffer, an alarm that ends waits, an eventfd beside it, error numbers", async () => {
    const lines = await same("opens", { args: ["TARGET"] });
    assert.deepEqual(lines.slice(0, 3), ["-4: 1 alarm", "woken by 3", "ready"]);
    assert.ok(lines.includes("target /nonexistent/file 0: No such file or directory (2)"));
    assert.equal(lines.at(-1), "2 opened, waited");
  });

  test("calls: iteration, batches, values of each CPU, timers", async () => {
    const lines = await same("calls", { args: ["TARGET"] });
    assert.ok(lines.includes("ticked") && lines.includes("call 257: 2"), lines.join());
  });

  test("probes: functions by offset and by name, static probes, libelf", async () => {
    const options = [`--allow-read=${programs.target}`];
    const lines = await same("probes", { args: ["TARGET", programs.target], options });
    assert.equal(lines.at(-1), "3 calls, arguments 6, results 12, steps 60 (sixteen letters), cookies 300");
  });

  test("samples: perf_event_open by syscall(), stacks", async () => {
    const lines = await same("samples", { work: () => {} });
    assert.deepEqual(lines.slice(-2), ["enough samples", "0, with a stack"]);
  });

  test("types: the kernel's types, typed data, types that a program writes, compressed ones", async () => {
    const lines = await same("types", { options: ["--dir", "."], work: () => {} });
    assert.ok(lines.includes("no such type: -2, errno 2"), lines.join("\n"));
    assert.ok(lines.includes("again: 1 1, crc 1"), lines.join("\n"));
  });

  test("features: probes by hand and by libbpf, what the machine is, a jump out of a wait", async () => {
    const lines = await same("features", { work: () => {} });
    assert.deepEqual(lines.slice(-3), ["left by itself", "left by the limit", "left by the limit"]);
    assert.ok(lines.includes("none: -2 No such file or directory"), lines.join("\n"));
  });

  test("tasks: an iterator over tasks", async () => {
    const lines = await same("tasks", { args: ["TARGET"], work: () => {} });
    assert.match(lines[0] ?? "", /^24: \d+ \d+ target$/);
  });

  test("tasks: an iterator over a map", { skip: mapIteratorRefusal() }, async () => {
    const lines = await same("tasks", { args: ["TARGET", "numbers"], work: () => {} });
    assert.ok(lines.includes("18 bytes: 1=100 2=200 3=300"), lines.join("\n"));
  });

  test("settings: maps before load, pins, a map used again, records for the kernel", async () => {
    // The file system is in both programs' sight.
    const root = join(programs.directory, "pins");
    mkdirSync(root);
    execFileSync("mount", ["-t", "bpf", "bpf", root]);
    after(() => execFileSync("umount", [root]));
    for (const kind of ["native", "guest"]) mkdirSync(join(root, kind));
    const lines = await same("settings", {
      ownArgs: (kind) => [join(root, kind)],
      options: ["--allow-kernel"],
    });
    assert.equal(lines.at(-1), "drained");
  });

  test("plain: an object without its skeleton, a refused program, other programs, fork and exec", async () => {
    const lines = await same("plain", { args: ["TARGET"], options: ["--allow-run"] });
    assert.ok(lines.includes('status 768, "some words", 0'), lines.join("\n"));
    assert.ok(lines.includes('1, 1, status 4, "other words"'), lines.join("\n"));
    assert.ok(lines.includes("refused: Permission denied"), lines.join("\n"));
    assert.ok(
      lines.some((line) => /invalid mem access 'map_value_or_null'/.test(line)),
      lines.join("\n"),
    );
    assert.equal(lines.at(-1), "counted");
  });

  test("groups: a control group's programs with and without a link", async () => {
    const group = new TestCgroup("programs");
    try {
      const bind = `const { createSocket } = require("node:dgram");
for (const port of [4243, 4244]) {
  const socket = createSocket("udp4").on("error", () => socket.close());
  socket.bind(port, "127.0.0.1", () => socket.close());
}`;
      const script = 'echo $$ >"$1" && exec "$2" -e "$3"';
      const args = [script, "sh", join(group.path, "cgroup.procs"), process.execPath, bind];
      const lines = await same("groups", {
        args: [group.path],
        options: ["--dir", group.path],
        inTurn: true,
        work: () => void spawnSync("sh", ["-c", ...args]),
      });
      assert.ok(lines.includes("1 allowed, 1 denied"), lines.join("\n"));
    } finally {
      group.remove();
    }
  });

  test("packets: tc, XDP, a socket filter, test runs, in a network namespace", () => {
    tested.add("packets");
    const script = 'ip link set lo up && exec "$@"';
    const inNamespace = (command: readonly string[]): string => {
      const { status, stdout, stderr } = spawnSync("unshare", ["-n", "sh", "-c", script, "sh", ...command], {
        cwd: programs.directory,
        encoding: "utf8",
      });
      return `${withoutErrorNames(stderr)}${stdout}status ${status}`;
    };
    const native = inNamespace(["./packets"]);
    const guest = inNamespace([process.execPath, cli, "run", "--allow-net", "packets.wasm"]);
    assert.equal(guest, native);
    assert.match(native, /^3 ingress, \d+ frames, \d+ bytes, 3 filtered$/m);
  });

  test("there is no other program, and each is compared", () => {
    assert.deepEqual([...tested].sort(), programs.names);
    assert.equal(tested.size, 12);
  });
});

test("without permission a guest starts no programs, and the option is named", async () => {
  await using plain = programs.guest("plain", ["1"], []);
  const { status, stderr } = await plain.ended();
  assert.equal(status, 1);
  assert.match(stderr, /--allow-run/);
  assert.match(stderr, /^failed to run a program: /m);
});
