import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { withDirectory } from "../support/compile.ts";
import { CliProcess, runCli } from "../support/guest.ts";

const sources = fileURLToPath(new URL("../../../test/programs/same-event", import.meta.url));

/** Builds one of the two guests in `directory`. */
async function build(kind: "lp64" | "wasm32", directory: string): Promise<string> {
  for (const file of ["sample.h", "sample.bpf.c", "print-sample.h"]) {
    copyFileSync(join(sources, file), join(directory, file));
  }
  copyFileSync(join(sources, kind, "sample.c"), join(directory, "sample.c"));
  const { status, stderr } = await runCli(["build", directory]);
  assert.equal(status, 0, stderr);
  return join(directory, "sample.wasm");
}

test("a guest with the shared header and one with generated bindings read the same event alike", () =>
  withDirectory((lp64) =>
    withDirectory(async (wasm32) => {
      const modules = [await build("lp64", lp64), await build("wasm32", wasm32)];
      const child = spawn("sh", ["-c", "read go && exec /bin/true"], {
        stdio: ["pipe", "ignore", "inherit"],
      });
      const guests = modules.map((module) => new CliProcess([module, String(child.pid)]));
      try {
        for (const guest of guests) await guest.until((stdout) => /^ready$/m.test(stdout));
        child.stdin.end("go\n");
        await once(child, "exit");
        const statuses = await Promise.all(guests.map((guest) => guest.ended()));
        assert.deepEqual(statuses, [0, 0], guests.map(({ stderr }) => stderr).join(""));
      } finally {
        child.kill("SIGKILL");
        for (const guest of guests) guest.child.kill("SIGKILL");
      }
      const [first, second] = guests.map(({ stdout }) => stdout);
      assert.equal(first, second);
      const lines = (first ?? "").split("\n");
      assert.match(lines[1] ?? "", /^size 128 of 128, first a, last z$/);
      assert.equal(lines[2], `negative ${-0x123456789abcdefn}, counts 1 ${1n << 40n} ${(1n << 64n) - 1n}`);
      assert.match(lines[3] ?? "", /^task ffff[0-9a-f]{12}, comm [1-9]\d* bytes further$/);
      assert.equal(lines[4], "nested -2 fedcba9876543210, union 8877665544332211 11 88");
      assert.equal(lines[5], "kind 7ffffff0, bits 5 1abc beef, yes 1");
      assert.match(lines[6] ?? "", new RegExp(`^started [1-9]\\d*, pid ${child.pid}, comm true$`));
    }),
  ));
