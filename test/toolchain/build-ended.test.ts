import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { BuildError, buildProject } from "../../src/toolchain/index.ts";
import { clang, withDirectory } from "../support/compile.ts";
import { CliProcess, runCli } from "../support/guest.ts";
import { until } from "../support/until.ts";

/** The part of the engine's interface used here; Node's types for version 20 do not declare it. */
const { WebAssembly } = globalThis as unknown as {
  readonly WebAssembly: { validate(bytes: Uint8Array): boolean };
};

const BPF = `#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
int count;
SEC("raw_tp/sys_enter") int enter(void *ctx) { count++; return 0; }
char LICENSE[] SEC("license") = "GPL";
`;

function writeProject(directory: string): void {
  writeFileSync(join(directory, "app.bpf.c"), BPF);
  writeFileSync(join(directory, "app.c"), '#include "app.skel.h"\nint main(void) { return 0; }\n');
}

/** A compiler that is the real one, with something before or after it. */
function compiler(directory: string, before: string, after: string): string {
  const path = join(directory, "compiler");
  writeFileSync(
    path,
    `#!/bin/sh
case "$*" in *--version*) exec ${clang} "$@";; esac
${before}
${clang} "$@"
status=$?
${after}
exit $status
`,
  );
  chmodSync(path, 0o755);
  return path;
}

function intermediates(directory: string): string[] {
  return readdirSync(join(directory, ".build")).sort();
}

test("builds of one project at the same time give whole modules and leave nothing else", async () => {
  await withDirectory(async (directory) => {
    writeProject(directory);
    const builds = await Promise.all([1, 2, 3].map(() => buildProject(directory)));
    assert.deepEqual(builds, [["app.wasm"], ["app.wasm"], ["app.wasm"]]);
    assert.ok(WebAssembly.validate(readFileSync(join(directory, "app.wasm"))));
    const files = [".gitignore", "app.bpf.o", "app.o", "app.skel.h", "state.json"];
    assert.deepEqual(intermediates(directory), files);
  });
});

for (const [name, status] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const) {
  test(`${name} ends the build and its compiler; what is left is whole, and the next build goes on`, async () => {
    await withDirectory(async (directory) => {
      const project = join(directory, "project");
      mkdirSync(project);
      writeProject(project);
      const started = join(directory, "started");
      // The guest's compilation starts to write, and does not end.
      const hang = `case "$*" in *" -o "*app.o*) for out; do case "$out" in */app.o) echo half > "$out";; esac; done; echo $$ > "${started}.new"; mv "${started}.new" "${started}"; exec sleep 1000;; esac`;
      const run = new CliProcess(["build", project], {
        env: { ...process.env, CLANG: compiler(directory, hang, "") },
      });
      await until("the compilation", () => existsSync(started) || run.child.exitCode !== null);
      assert.equal(run.child.exitCode, null, run.stderr);
      const pid = Number(readFileSync(started, "utf8"));
      run.child.kill(name);
      assert.equal(await run.ended(), status);
      assert.match(run.stderr, new RegExp(`\\nwasm-bpf: interrupted by ${name}; [^\\n]+\\n$`));
      assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
      assert.deepEqual(intermediates(project), [".gitignore", "app.bpf.o", "app.skel.h", "state.json"]);
      assert.ok(!existsSync(join(project, "app.wasm")));
      const { status: next, stderr } = await runCli(["build", project]);
      assert.equal(next, 0, stderr);
      assert.ok(WebAssembly.validate(readFileSync(join(project, "app.wasm"))));
    });
  });
}

test("a source that is changed while it is compiled is compiled again", async () => {
  await withDirectory(async (directory) => {
    const project = join(directory, "project");
    mkdirSync(project);
    const source = join(project, "app.bpf.c");
    writeFileSync(source, BPF);
    const changed = join(directory, "changed");
    const change = `[ -e "${changed}" ] || { echo "int more;" >> "${source}"; touch "${changed}"; }`;
    const environment = { ...process.env, CLANG: compiler(directory, "", change) };
    const built: string[] = [];
    const observer = {
      step: (step: { product: string; built: boolean }) => void (step.built && built.push(step.product)),
    };
    await buildProject(project, { environment }, observer);
    assert.ok(existsSync(changed));
    assert.deepEqual(built.splice(0), [".build/app.bpf.o", ".build/app.skel.h"]);
    await buildProject(project, { environment }, observer);
    assert.deepEqual(built.splice(0), [".build/app.bpf.o", ".build/app.skel.h"], "it has another variable");
    await buildProject(project, { environment }, observer);
    assert.deepEqual(built, []);
  });
});

test("what the file system refuses is one line that names the file", async () => {
  await withDirectory(async (directory) => {
    writeProject(directory);
    const place = join(directory, ".build");
    const explained = async (refuse: () => void, line: RegExp): Promise<void> => {
      refuse();
      const { status, stdout, stderr } = await runCli(["build", directory]);
      assert.deepEqual([status, stdout], [1, ""], stderr);
      assert.match(stderr.split("\n").slice(-2).join("\n"), line);
      assert.doesNotMatch(stderr, /^ +at /m, "no stack");
      rmSync(place, { recursive: true });
    };
    await explained(
      () => writeFileSync(place, ""),
      /^wasm-bpf: cannot open ".*\/\.build\/\.gitignore": ENOTDIR: not a directory\n$/,
    );
    await explained(
      () => mkdirSync(join(place, "state.json"), { recursive: true }),
      /^wasm-bpf: cannot rename ".*state\.json": EISDIR: [^\n]+\n$/,
    );
    await explained(
      () => mkdirSync(join(place, "app.bpf.o"), { recursive: true }),
      /^wasm-bpf: cannot rename ".*app\.bpf\.o": EISDIR: [^\n]+\n$/,
    );
  });
});

test("an aborted build fails with the reason and compiles nothing", async () => {
  await withDirectory(async (directory) => {
    writeProject(directory);
    const reason = new Error("no more");
    const build = buildProject(directory, { signal: AbortSignal.abort(reason) });
    await assert.rejects(build, (error) => error === reason && !(error instanceof BuildError));
    assert.deepEqual(intermediates(directory), [".gitignore", "state.json"]);
  });
});
