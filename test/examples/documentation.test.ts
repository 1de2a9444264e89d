import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { cli } from "../support/guest.ts";
import { compileTypeScript } from "../support/typescript.ts";
import { until } from "../support/until.ts";
import { RunningExample } from "./running-example.ts";

const root: string = fileURLToPath(new URL("../../..", import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "documentation-"));
after(() => rmSync(directory, { recursive: true, force: true }));

/** The blocks of code of a page in some languages, in order. */
function blocks(page: string, ...languages: readonly string[]): string[] {
  const text = readFileSync(join(root, page), "utf8");
  return [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)]
    .filter(([, language = ""]) => languages.includes(language))
    .map(([, , code = ""]) => code);
}

/** The programs of a page: a block that imports nothing continues the one before. */
function programs(page: string): string[] {
  const found: string[] = [];
  for (const code of blocks(page, "ts", "js")) {
    if (code.startsWith("import ") || found.length === 0) found.push(code);
    else found[found.length - 1] += code;
  }
  return found;
}

function wasmBpf(...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], {
    cwd: directory,
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  assert.doesNotMatch(stderr, /warning/);
  return stdout;
}

// The application of docs/guest-c.md is what the other pages' code works with.
before(() => {
  mkdirSync(join(directory, "node_modules"));
  symlinkSync(root, join(directory, "node_modules/wasm-bpf"));
  const files = ["app.bpf.c", "app.h", "app.c"];
  const code = blocks("docs/guest-c.md", "c");
  assert.equal(code.length, files.length);
  for (const [i, file] of files.entries()) writeFileSync(join(directory, file), code[i] ?? "");
  wasmBpf("build");
  copyFileSync(join(directory, ".build/app.bpf.o"), join(directory, "app.bpf.o"));
});

test("the application of docs/guest-c.md reports the signal that it is asked for", async () => {
  const caught = (): void => undefined;
  process.on("SIGUSR1", caught);
  await using example = new RunningExample(join(directory, "app.wasm"), [`${constants.signals.SIGUSR1}`]);
  const line = new RegExp(`^\\S+ sends signal ${constants.signals.SIGUSR1} to ${process.pid}$`);
  // What is sent before the program is attached is not seen.
  await example.until("line", () => {
    process.kill(process.pid, 0);
    process.kill(process.pid, "SIGUSR1");
    return example.lines.find((text) => line.test(text));
  });
  process.off("SIGUSR1", caught);
  const { status, stderr } = await example.interrupt();
  assert.deepEqual([status, stderr], [0, ""]);
  assert.equal(example.lines.at(-1), "0 lost");
  assert.ok(!example.lines.some((text) => text.includes("signal 0 ")), "others are left out");
});

test("the code of the documentation is strict TypeScript, and the program of docs/library.md runs", async () => {
  const bootstrap = join(directory, "bootstrap");
  mkdirSync(bootstrap);
  for (const file of ["bootstrap.bpf.c", "bootstrap.h"]) {
    copyFileSync(join(root, "examples/bootstrap", file), join(bootstrap, file));
  }
  wasmBpf("build", "bootstrap");
  const header = "bootstrap/bootstrap.h";
  const object = "bootstrap/.build/bootstrap.bpf.o";
  const files: Record<string, string> = {
    "event.ts": wasmBpf("gen", "header", header, "--lang", "ts"),
    "bootstrap.ts": wasmBpf(
      ...["gen", "skeleton", "--format", "ts", "--types", header, object, "name", "bootstrap"],
    ),
  };
  const pages = readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md"));
  for (const page of ["README.md", ...pages.map((name) => `docs/${name}`)]) {
    for (const [i, code] of programs(page).entries()) files[`${page.replace(/\W/g, "-")}-${i}.ts`] = code;
  }
  assert.ok("docs-library-md-0.ts" in files);
  const options = ["--rewriteRelativeImportExtensions", "--noUnusedLocals", "false"];
  assert.equal(compileTypeScript(directory, files, options), "");

  const program = spawn(process.execPath, ["docs-library-md-0.js"], { cwd: directory });
  try {
    let output = "";
    for (const stream of [program.stdout, program.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    }
    const line = new RegExp(`^signal 0 to ${process.pid}$`, "m");
    await until("line", () => {
      assert.equal(program.exitCode, null, output);
      process.kill(process.pid, 0);
      return line.test(output);
    });
  } finally {
    if (program.exitCode === null) {
      program.kill();
      await once(program, "exit");
    }
  }
});
