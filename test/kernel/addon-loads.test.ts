import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { addonPath } from "../../src/sys/native.ts";

const root = resolve(import.meta.dirname, "../../..");

/** Test files that use every function of the addon, in the main thread and in workers. */
const files = [
  "sys.test.js",
  "signals.test.js",
  "ring-buffer.test.js",
  "perf-buffer.test.js",
  "event-loop.test.js",
];

for (const major of [24, 26]) {
  test(`the addon works on Node ${major}`, () => {
    const node = execFileSync("sh", ["scripts/fetch-node.sh", `${major}`], { cwd: root, encoding: "utf8" });
    // Without this, the started files would report to this test run.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    for (const file of files) {
      const args = ["--test-reporter=tap", join(import.meta.dirname, file)];
      const result = spawnSync(node.trim(), args, { encoding: "utf8", env });
      assert.equal(result.status, 0, result.stdout + result.stderr);
      assert.match(result.stdout, /^# pass [1-9]/m);
    }
  });
}

test("the addon needs no library and no symbol version", () => {
  const headers = execFileSync("objdump", ["-p", addonPath()], { encoding: "utf8" });
  assert.match(headers, /Dynamic Section/);
  assert.doesNotMatch(headers, /NEEDED|Version References/);
});

test("musl's loader loads the addon and its functions run", () => {
  const folder = mkdtempSync(join(tmpdir(), "wasm-bpf-musl-"));
  try {
    const program = join(folder, "load");
    const source = join(root, "test/kernel/load-addon.c");
    // musl-gcc hides every header but musl's.
    const headers = join(root, "node_modules/node-api-headers/include");
    execFileSync("musl-gcc", [
      "-std=c11",
      "-Wall",
      "-Werror",
      "-rdynamic",
      "-isystem",
      headers,
      "-o",
      program,
      source,
    ]);
    assert.match(execFileSync("objdump", ["-p", program], { encoding: "utf8" }), /NEEDED +libc\.so\n/);
    const output = execFileSync(program, [addonPath()], { encoding: "utf8" });
    assert.match(output, /^page size \d{4,}$/m);
    assert.match(output, /^\d\d functions$/m);
    assert.match(output, /^eventfd: [1-9]\d*$/m);
    assert.match(output, /^sleep: 0$/m);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
