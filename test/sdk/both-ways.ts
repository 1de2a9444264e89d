import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { findLp64Compiler } from "../../src/toolchain/lp64.ts";
import { compiledBpfPath, findClang } from "../support/compile-bpf.ts";
import { cli } from "../support/guest.ts";

const compiler = await findLp64Compiler(process.env);

/** Where everything is compiled; gone at the end of the test file. */
export const directory: string = mkdtempSync(join(tmpdir(), "sdk-"));
after(() => rmSync(directory, { recursive: true, force: true }));

export function sourceFile(name: string): string {
  return join(import.meta.dirname, "../../../test/sdk/c", name);
}

/** Reads a file of `test/sdk/c`. */
export function source(name: string): string {
  return readFileSync(sourceFile(name), "utf8");
}

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** One program for libbpf: compiled by the machine's compiler against the machine's libbpf, and as a guest. */
export class BothWays {
  readonly #native: string;
  readonly guest: string;

  /**
   * Compiles `NAME.c` of `test/sdk/c`, which finds the headers there and, where there is `NAME.bpf.c`, what bpftool makes
   * of that, `NAME.skel.h`.
   *
   * @param options for both compilers
   */
  constructor(
    name: string,
    options: readonly string[] = [],
    guestOnly = false,
    text: string = source(`${name}.c`),
  ) {
    const path = join(directory, `${name}.c`);
    writeFileSync(path, text);
    if (existsSync(sourceFile(`${name}.bpf.c`))) bpfObject(name);
    this.#native = join(directory, `${name}.native`);
    this.guest = join(directory, `${name}.wasm`);
    const headers = ["-I", sourceFile("")];
    if (!guestOnly) {
      run("cc", ["-g", "-O1", "-Wall", ...headers, ...options, path, "-lbpf", "-lelf", "-o", this.#native]);
    }
    compileGuest([...headers, ...options, path], this.guest);
  }

  /** A program of what the machine's libbpf has not got. */
  static guestOnly(name: string): BothWays {
    return new BothWays(name, [], true);
  }

  /** A guest of the test's own text. */
  static ofText(name: string, text: string): BothWays {
    return new BothWays(name, [], true, text);
  }

  /** Both commands with these arguments: program and its arguments, to be started. */
  commands(...args: string[]): Record<"native" | "guest", readonly string[]> {
    return {
      native: [this.#native, ...args],
      guest: [process.execPath, cli, "run", "--dir", directory, "--allow-all", this.guest, ...args],
    };
  }

  native(...args: string[]): Outcome {
    return outcome(this.#native, args);
  }

  /** @param hostOptions of `wasm-bpf run`; those of files and permissions are given */
  run(args: readonly string[] = [], hostOptions: readonly string[] = ["--allow-all"]): Outcome {
    return outcome(process.execPath, [cli, "run", "--dir", directory, ...hostOptions, this.guest, ...args]);
  }
}

/**
 * Runs a program that says `ready` and then waits for a line.
 *
 * @param whenReady what happens in between
 * @returns what it printed, after it has ended by itself
 */
export async function interact(command: readonly string[], whenReady: () => void): Promise<string> {
  const [program = "", ...args] = command;
  const child = spawn(program, args, { cwd: directory, stdio: ["pipe", "pipe", "inherit"] });
  let output = "";
  let answered = false;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    if (answered || !/^ready$/m.test(output)) return;
    answered = true;
    whenReady();
    child.stdin.end("\n");
  });
  const [status] = (await once(child, "close")) as [number | null];
  if (status !== 0) throw new Error(`${program} ended with ${status}: ${output}`);
  return output;
}

/** Compiles `NAME.bpf.c` of `test/sdk/c` to `NAME.bpf.o` and `NAME.skel.h`. */
function bpfObject(name: string): void {
  const object = join(directory, `${name}.bpf.o`);
  copyFileSync(compiledBpfPath(source(`${name}.bpf.c`)), object);
  const skeleton = execFileSync("bpftool", ["gen", "skeleton", object, "name", name], {
    encoding: "utf8",
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
    maxBuffer: 1 << 26,
  });
  writeFileSync(join(directory, `${name}.skel.h`), skeleton);
}

/** Compiles, links and lowers a guest as `wasm-bpf build` does. */
function compileGuest(args: readonly string[], module: string): void {
  run(compiler.clang, [
    ...compiler.target,
    ...compiler.options,
    ...["-std=gnu11", "-O2", "-Wall", "-Wno-unknown-warning-option", ...args, "-o", module],
    ...compiler.libraries,
    ...["-Wl,--export-table", "-Wl,--stack-first", "-Wl,-z,stack-size=262144"],
  ]);
  const [program = "", ...lower] = compiler.lower;
  run(program, [...lower, module, "-o", module]);
}

/** Declarations of headers as clang understands them, for the machine or for guests. */
export function declarations(text: string, target: "native" | "guest"): AstNode {
  const path = join(directory, "declarations.c");
  writeFileSync(path, text);
  const args = ["-fsyntax-only", "-w", "-Xclang", "-ast-dump=json", path];
  const output =
    target === "native"
      ? execFileSync(findClang(), args, { encoding: "utf8", maxBuffer: 1 << 28 })
      : execFileSync(compiler.clang, [...compiler.target, ...compiler.options, ...args], {
          encoding: "utf8",
          maxBuffer: 1 << 28,
        });
  return JSON.parse(output) as AstNode;
}

/** Compiles for guests without output; throws what the compiler says. */
export function checkGuest(text: string, options: readonly string[] = []): void {
  const path = join(directory, "check.c");
  writeFileSync(path, text);
  run(compiler.clang, [...compiler.target, ...compiler.options, "-fsyntax-only", "-w", ...options, path]);
}

/** A node of clang's tree, as far as the tests look. */
export interface AstNode {
  readonly kind: string;
  readonly name?: string;
  readonly tagUsed?: string;
  readonly completeDefinition?: boolean;
  readonly type?: { readonly qualType: string };
  readonly inner?: readonly AstNode[];
}

function outcome(program: string, args: readonly string[]): Outcome {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: "utf8",
    env: { PATH: process.env.PATH, LC_ALL: "C" },
    cwd: directory,
    maxBuffer: 1 << 26,
  });
  if (error !== undefined) throw error;
  return { status, stdout, stderr };
}

/** Runs a program that has to succeed; throws what it says. */
export function run(program: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: "utf8", cwd: directory });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}\n${stderr}`);
  return stdout;
}
