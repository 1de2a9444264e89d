import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { cli } from "../support/guest.ts";
import { BothWays, directory } from "./both-ways.ts";

const program = new BothWays("libc");
const root = realpathSync(directory);
writeFileSync(join(root, "input"), "some input\n");

/** A new directory for each, since the cases make files. */
function workDirectory(name: string): string {
  const path = join(root, name);
  mkdirSync(path);
  return path;
}

interface Outcome {
  readonly status: number | null;
  readonly output: string;
}

/** Runs a command of the shell in `cwd`, in which `"$@"` is the program with its arguments. */
function shell(cwd: string, script: string, command: readonly string[]): Outcome {
  const { status, stdout, stderr } = spawnSync("sh", ["-c", script, "sh", ...command], {
    cwd,
    encoding: "utf8",
    input: "",
  });
  return { status, output: stdout + stderr };
}

function both(name: string, script: string, args: readonly string[]): { native: Outcome; guest: Outcome } {
  const { native } = program.commands(...args);
  const work = workDirectory(`${name}.guest`);
  // tmpfile() is in /tmp.
  const options = ["--dir", work, "--dir", "/tmp", "--allow-all"];
  const guest = [process.execPath, cli, "run", ...options, program.guest, ...args];
  return {
    native: shell(workDirectory(`${name}.native`), script, native),
    guest: shell(work, script, guest),
  };
}

test("files, descriptors, waiting, sockets, programs and time are what they are natively", () => {
  const cases = ["files", "temporary", "numbers", "pipes", "counters", "timers", "interrupted", "signals"];
  const more = ["many", "sockets", "programs", "time"];
  const { native, guest } = both("all", '"$@"', [...cases, ...more]);
  assert.equal(native.status, 0, native.output);
  assert.ok(native.output.split("\n").length > 250, native.output);
  assert.deepEqual(guest, native);
});

for (const [name, script] of [
  ["devices and pipes", '"$@" </dev/null 2>&1 | cat'],
  ["files", '"$@" <../input >out 2>err; cat out err'],
  ["the end of a file", '"$@" <../input >>out 2>>out; cat out'],
  ["a pipe and a device", 'cat ../input | "$@" 2>&1 >/dev/null'],
  ["a terminal", 'script -qec "$*" /dev/null </dev/null | cat'],
] as const) {
  test(`standard streams that are ${name} are that to the program`, () => {
    const { native, guest } = both(`standard.${name.replaceAll(" ", "-")}`, script, ["standard"]);
    assert.match(native.output, /Illegal seek|Success/);
    assert.deepEqual(guest, native);
  });
}

test("standard streams that are files take what files take", () => {
  const script = '"$@" <../input >out 2>err; cat out; stat -c " %a" out; cat err';
  const { native, guest } = both("redirected", script, ["redirected"]);
  assert.match(native.output, /^SOME out 640\n/);
  assert.deepEqual(guest, native);
});

test("what a default ACL takes away stays away", () => {
  const prepare = program.commands("default-acl").native.join(" ");
  const { native, guest } = both("acl", `${prepare} && "$@"`, ["listed"]);
  assert.match(native.output, /^made: 100640 /m);
  assert.match(native.output, /^directory: 40750 /m);
  assert.deepEqual(guest, native);
});

test("output and errors that go to one pipe come in the order of the native program", () => {
  const { native, guest } = both("order", '"$@" 2>&1 | cat', ["order"]);
  assert.match(native.output, /error 1900\n(.*\n)*the end, without flushing\n$/);
  assert.deepEqual(guest, native);
});

test("what touches nothing outside of the guest needs no permission", () => {
  const { native } = program.commands("pipes", "counters", "timers", "signals", "time");
  const args = [cli, "run", program.guest, "pipes", "counters", "timers", "signals", "time"];
  const guest = spawnSync(process.execPath, args, { encoding: "utf8" });
  assert.equal(guest.stderr, "");
  assert.equal(guest.stdout, shell(root, '"$@"', native).output);
});

test("with --allow-read alone, absolute names are read and nothing is made", () => {
  const environment = ["--env", `INPUT=${join(root, "input")}`, "--env", `NEW=${join(root, "new")}`];
  const args = [cli, "run", "--allow-read", ...environment, program.guest, "absolute"];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", cwd: "/" });
  assert.equal(stdout.match(/: Read-only file system\n/g)?.length, 2, stdout);
  assert.match(stdout, /^some input\n(.*\n){2}.*: 1\n$/);
  assert.equal(stderr.match(/which needs --dir for its directory\n/g)?.length, 1);
});
