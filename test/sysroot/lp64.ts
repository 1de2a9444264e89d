import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import { findLp64Compiler } from "../../src/toolchain/lp64.ts";
import { cli } from "../support/guest.ts";

const compiler = await findLp64Compiler(process.env);

/** Where programs are compiled; gone at the end of the test file. */
export const directory: string = mkdtempSync(join(tmpdir(), "sysroot-"));
after(() => rmSync(directory, { recursive: true, force: true }));

/** A C file of `test/sysroot/c`. */
export function sourceFile(name: string): string {
  return fileURLToPath(new URL(`../../../test/sysroot/c/${name}`, import.meta.url));
}

/** Writes a C file of the test's own. */
export function writeSource(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

const STRICT = ["-std=gnu11", "-O2", "-Wall", "-Werror=implicit-function-declaration"];

/** One source, compiled by the machine's compiler and as a guest. */
export class BothWays {
  readonly native: string;
  readonly guest: string;

  constructor(source: string, options: readonly string[] = []) {
    const base = join(directory, `${source.replaceAll("/", "_")}`);
    this.native = `${base}.native`;
    this.guest = `${base}.wasm`;
    run("cc", [...STRICT, ...options, source, "-lm", "-lz", "-o", this.native]);
    compileGuest(source, this.guest, options);
  }

  /** What the native program prints and how it ends. */
  runNative(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Outcome {
    return outcome(this.native, args, environment);
  }

  /** The same of the guest, which sees the test's directory. */
  runGuest(
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
    hostOptions: readonly string[] = [],
  ): Outcome {
    return runGuest(process.execPath, this.guest, args, environment, hostOptions);
  }
}

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Compiles, links and lowers a guest as `wasm-bpf build --lp64` does. */
export function compileGuest(source: string, module: string, options: readonly string[] = []): void {
  run(compiler.clang, [
    ...compiler.target,
    ...compiler.options,
    ...[...STRICT, ...options, source, "-o", module],
    ...compiler.libraries,
    ...["-Wl,--export-table", "-Wl,--stack-first", "-Wl,-z,stack-size=262144"],
  ]);
  const [program = "", ...args] = compiler.lower ?? [];
  run(program, [...args, module, "-o", module]);
}

/** Macros that a source has defined after its includes. */
export function macros(source: string, guest: boolean): Map<string, string> {
  const [program, args] = guest ? [compiler.clang, [...compiler.target, ...compiler.options]] : ["cc", []];
  const text = execFileSync(program, [...args, "-std=gnu11", "-E", "-dM", source], { encoding: "utf8" });
  const matches = text.matchAll(/^#define (\w+) (.*)$/gm);
  return new Map([...matches].map(([, name = "", value = ""]) => [name, value]));
}

/** Runs a module under a Node.js binary. */
export function runGuest(
  node: string,
  module: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  hostOptions: readonly string[] = [],
): Outcome {
  const variables = Object.entries(environment).flatMap(([name, value]) => ["--env", `${name}=${value}`]);
  return outcome(node, [cli, "run", "--dir", directory, ...hostOptions, ...variables, module, ...args], {});
}

/** Node.js binaries of `.cache/node`, where a test or a person has put them, and the running one. */
export function nodes(): string[] {
  const cached = ["20", "24", "26"].map((major) =>
    fileURLToPath(new URL(`../../../.cache/node/${major}/bin/node`, import.meta.url)),
  );
  return [process.execPath, ...cached.filter((path) => existsSync(path))];
}

function outcome(
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Outcome {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: "utf8",
    env: { PATH: process.env.PATH, LC_ALL: "C", ...environment },
    cwd: directory,
  });
  if (error !== undefined) throw error;
  return { status, stdout, stderr };
}

function run(program: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(program, args, { encoding: "utf8" });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}\n${stderr}`);
}

/** Bytes of a compiled module. */
export function moduleBytes(module: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(module));
}
