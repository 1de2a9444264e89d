import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { cli } from "../support/guest.ts";
import { BothWays, directory, run, source, sourceFile } from "./both-ways.ts";

/** Status of the launcher when there is no user namespace, or no delegation (before Linux 6.9). */
const CANNOT = 77;

const launcher = join(directory, "delegated");
run("cc", ["-Wall", sourceFile("delegated.c"), "-o", launcher]);
const program = BothWays.guestOnly("token");
const mountPoint = join(directory, "bpffs");
mkdirSync(mountPoint);

/** What the guest prints in a user namespace of its own. @param place of the file system that delegates, or "-" */
function inNamespace(
  context: TestContext,
  place: string,
  ...hostOptions: string[]
): { stdout: string; stderr: string } | undefined {
  const guest = [process.execPath, cli, "run", ...hostOptions, program.guest, place];
  const { stdout, stderr, status } = spawnSync(launcher, [place, ...guest], {
    encoding: "utf8",
    cwd: directory,
    env: { PATH: process.env.PATH, LC_ALL: "C" },
  });
  if (status === CANNOT) {
    context.skip(stderr.trim());
    return undefined;
  }
  assert.equal(status, 0, stderr);
  return { stdout, stderr };
}

test("who may load nothing loads with a token, as with libbpf 1.8", (context) => {
  // What the same program prints that is linked with libbpf 1.8 itself.
  const expected = source("token.expected");
  const result = inNamespace(context, mountPoint, "--allow-all");
  if (result === undefined) return;
  assert.equal(result.stderr, "");
  assert.deepEqual(result.stdout.split("\n"), expected.split("\n"));
});

test("without a file system that delegates, it is as if there were no tokens", (context) => {
  const lines = inNamespace(context, "-", "--allow-all")?.stdout.split("\n");
  if (lines === undefined) return;
  assert.equal(
    lines[2],
    "  2 libbpf: object 'token': failed (-1) to create BPF token from '/sys/fs/bpf', skipping optional step...",
  );
  assert.ok(lines.includes("token__load(skel) = -1, Operation not permitted"), lines.join("\n"));
});

test("a directory of the guest's choice needs a permission", (context) => {
  const result = inNamespace(context, mountPoint);
  if (result === undefined) return;
  assert.match(result.stdout, /^token__load\(skel\) = -1, Operation not permitted$/m);
  assert.match(result.stderr, /load BPF objects with a token, which needs --allow-kernel/);
});
