import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { withDirectory } from "../support/compile.ts";
import { RunningExample } from "./running-example.ts";

const project: string = fileURLToPath(new URL("../../..", import.meta.url));

for (const example of ["bootstrap", "bootstrap-v1", "runqlat", "execve", "minimal"]) {
  const name = example.replace("-v1", "");
  test(`make builds ${example}, and nothing the second time`, async () => {
    await withDirectory(async (directory) => {
      const source = join(project, "examples", example);
      for (const file of readdirSync(source)) {
        if (/^Makefile$|\.[ch]$/.test(file)) copyFileSync(join(source, file), join(directory, file));
      }
      // Make takes no names with spaces, which the project's own may have.
      symlinkSync(project, join(directory, "project"));
      const make = (...targets: readonly string[]): string =>
        execFileSync("make", ["ROOT=project", ...targets], {
          cwd: directory,
          encoding: "utf8",
          stdio: ["ignore", "pipe", "inherit"],
        });
      const steps = make();
      const target = example === "bootstrap-v1" ? "--target=wasm32-wasi" : "--target=wasm64-wasi";
      for (const step of ["vmlinux.h", "-target bpf", "gen skeleton", target]) {
        assert.ok(steps.includes(step), steps);
      }
      const module = join(directory, `${name}.wasm`);
      assert.equal(readFileSync(module).subarray(0, 4).toString("latin1"), "\0asm");
      assert.match(make(), /is up to date/);
      if (example !== "bootstrap-v1") {
        assert.match(make("native"), / -lbpf -lelf -lz\n$/);
        assert.equal(readFileSync(join(directory, name)).subarray(1, 4).toString("latin1"), "ELF");
      }
      await using running = new RunningExample(module, name === "runqlat" ? ["1", "1"] : []);
      if (name === "runqlat") assert.equal((await running.ended()).status, 0);
      else {
        await running.until("start", () =>
          running.lines.length > 0 || running.stderr !== "" ? true : undefined,
        );
        assert.equal((await running.interrupt()).status, 0);
      }
    });
  });
}
