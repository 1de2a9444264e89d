import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { cli } from "../support/guest.ts";
import { BothWays, directory } from "./both-ways.ts";

const program = new BothWays("files", ["-Wno-unused-result"]);
const root = realpathSync(directory);

/** A new directory for each, since the cases make files. */
function workDirectory(name: string): string {
  const path = join(root, name);
  mkdirSync(path);
  return path;
}

type Way = "native" | "guest";

function commandOf(way: Way, work: string, args: readonly string[]): readonly string[] {
  if (way === "native") return program.commands(...args).native;
  return [process.execPath, cli, "run", "--dir", work, "--allow-all", program.guest, ...args];
}

function outcome(way: Way, name: string): { status: number | null; output: string } {
  const work = workDirectory(`${name}.${way}`);
  const [file = "", ...args] = commandOf(way, work, [name]);
  const { status, stdout, stderr } = spawnSync(file, args, { cwd: work, encoding: "utf8" });
  return { status, output: stdout + stderr };
}

for (const [name, what] of [
  ["locks", "locks of files"],
  ["permissions", "permissions, and files without a name,"],
  ["parts", "parts of files, pipes and copies"],
  ["changes", "changes of files that a program hears of"],
  ["itself", "what a program asks about itself and the machine"],
] as const) {
  test(`${what} are what they are natively`, () => {
    const native = outcome("native", name);
    assert.equal(native.status, 0, native.output);
    assert.ok(native.output.split("\n").length > 15, native.output);
    assert.deepEqual(outcome("guest", name), native);
  });
}

/** Starts one that says `ready` in between. */
function start(way: Way, work: string, name: string): { child: ChildProcess; output: () => string } {
  const [file = "", ...args] = commandOf(way, work, [name]);
  const child = spawn(file, args, { cwd: work, stdio: ["pipe", "pipe", "inherit"] });
  let output = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  return { child, output: () => output };
}

async function isReady({ child, output }: ReturnType<typeof start>): Promise<void> {
  while (!/^ready$/m.test(output())) {
    if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}: ${output()}`);
    await Promise.race([once(child.stdout as NodeJS.ReadableStream, "data"), once(child, "close")]);
  }
}

/** What one is told while the other holds locks, and then does not any more. */
async function contention(holder: Way, contender: Way): Promise<string> {
  const work = workDirectory(`${holder}-${contender}`);
  const holding = start(holder, work, "hold");
  await isReady(holding);
  const contending = start(contender, work, "contend");
  await isReady(contending);
  holding.child.stdin?.end("\n");
  await Promise.all([once(contending.child, "close"), once(holding.child, "close")]);
  assert.equal(holding.child.exitCode, 0);
  assert.equal(contending.child.exitCode, 0);
  return holding.output() + contending.output();
}

test("locks keep out programs of either kind", async () => {
  const expected = await contention("native", "native");
  assert.match(expected, /flock\(fd, LOCK_EX\): Interrupted system call\n/);
  assert.equal(await contention("guest", "native"), expected);
  assert.equal(await contention("native", "guest"), expected);
});

test("what may only be read is not locked, and one line says what that takes", () => {
  const work = workDirectory("read-only");
  writeFileSync(join(work, "locked"), "");
  const args = [cli, "run", "--allow-read", program.guest, "contend"];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: work, encoding: "utf8" });
  assert.match(stdout, /^open\("locked", O_RDWR\): Read-only file system\n/);
  assert.match(stdout, /^may only read 6: Operation not permitted\n/m);
  assert.equal(stderr.match(/wants to lock a file, which needs --dir for its directory\n/g)?.length, 1);
});

test("what may only be read is watched, and what may not be read is not", () => {
  const work = workDirectory("watched");
  const run = (...options: string[]): string =>
    spawnSync(process.execPath, [cli, "run", ...options, program.guest, "watched"], {
      cwd: work,
      encoding: "utf8",
    }).stdout;
  const watches = (output: string): string | undefined =>
    /^inotify_add_watch\(fd, "\."[^:]*: (.*)$/m.exec(output)?.[1];
  assert.equal(watches(run("--allow-read")), "1");
  assert.equal(watches(run()), "Permission denied");
});
