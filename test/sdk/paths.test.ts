import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { cli } from "../support/guest.ts";
import { BothWays, directory } from "./both-ways.ts";

const program = new BothWays("paths");
const work = join(realpathSync(directory), "work");
mkdirSync(join(work, "sub"), { recursive: true });
writeFileSync(join(work, "file"), "in work");
writeFileSync(join(work, "sub/file"), "in sub");
symlinkSync("sub/file", join(work, "link"));

function lines(command: readonly string[]): string[] {
  const [program = "", ...args] = command;
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: work, encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return stdout.trimEnd().split("\n");
}

function guest(options: readonly string[], ...args: string[]): string[] {
  return lines([process.execPath, cli, "run", ...options, program.guest, ...args]);
}

const names = [
  "file",
  "./file",
  ".//sub/../file",
  "../work/file",
  "sub/file",
  "link",
  `${work}/file`,
  "/proc/sys/kernel/ostype",
];
const moving = [
  "cd",
  "sub",
  "file",
  "../file",
  "cd",
  "..",
  "file",
  "cd",
  "/proc/sys",
  "kernel/ostype",
  "cd",
  "absent",
];

for (const options of [
  ["--allow-read"],
  ["-A"],
  ["--allow-read", "--dir", "."],
  ["--dir", "sub", "-A"],
  ["--dir", work, "-A"],
]) {
  test(`names mean what they mean natively: ${options.join(" ")}`, () => {
    const { native } = program.commands(...names, ...moving);
    assert.deepEqual(guest(options, ...names, ...moving), lines(native));
  });
}

test("with --dir only, relative names are in the directory that is given as .", () => {
  const found = guest(["--dir", "."], "file", "./sub/file", "cd", "sub", "file", "/proc/sys/kernel/ostype");
  assert.deepEqual(found, ["/", "in work", "in sub", "/sub", "in sub", "No such file or directory"]);
  assert.deepEqual(guest(["--dir", ".::/data"], "/data/file", "data/sub/file"), ["/", "in work", "in sub"]);
});
