import { type ChildProcess, execFileSync, type SpawnOptions, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type GuestOptions, runModule } from "../../src/host/index.ts";
import { clang, targets } from "./compile.ts";

/** The command-line program of this build. */
export const cli: string = fileURLToPath(new URL("../../../bin/wasm-bpf", import.meta.url));

/** Declarations of ABI version 1 as plain integers, and what C guests of the tests often need. */
const PROLOGUE = `#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))
#define EXPORT(name) __attribute__((export_name(name)))
typedef uint32_t ptr;
IMPORT("wasm_bpf", "wasm_load_bpf_object") uint64_t load(ptr buf, uint32_t size);
IMPORT("wasm_bpf", "wasm_close_bpf_object") int close_object(uint64_t obj);
IMPORT("wasm_bpf", "wasm_attach_bpf_program") int attach(uint64_t obj, ptr name, ptr target);
IMPORT("wasm_bpf", "wasm_attach_bpf_program_fd") int attach_fd(uint64_t obj, ptr name, int fd);
IMPORT("wasm_bpf", "wasm_bpf_buffer_poll")
int poll_buffer(uint64_t obj, int fd, uint32_t callback, uint32_t ctx, ptr data, int max_size, int timeout_ms);
IMPORT("wasm_bpf", "wasm_bpf_map_fd_by_name") int map_fd(uint64_t obj, ptr name);
IMPORT("wasm_bpf", "wasm_bpf_map_operate")
int map_operate(int fd, int cmd, ptr key, ptr value, ptr next_key, uint64_t flags);
#define PTR(p) ((ptr)(uintptr_t)(p))
`;

/** Compiles a C guest. `object` are the bytes of a BPF object, which the guest finds as `object`, `object_size`. */
export function compileGuest(
  source: string,
  object?: Uint8Array,
  options: readonly string[] = [],
): Uint8Array {
  const directory = mkdtempSync(join(tmpdir(), "compile-guest-"));
  try {
    const embedded =
      object === undefined
        ? ""
        : `static const unsigned char object[] = {${object.join()}};\nenum { object_size = ${object.length} };\n`;
    writeFileSync(join(directory, "prologue.h"), PROLOGUE + embedded);
    writeFileSync(join(directory, "guest.c"), source);
    const target = [
      ...targets.wasm32,
      "--sysroot=/usr",
      "-O1",
      "-include",
      "prologue.h",
      "-Wl,--export-table",
    ];
    execFileSync(clang, [...target, ...options, "guest.c", "-o", "guest.wasm"], {
      cwd: directory,
      stdio: ["ignore", "ignore", "pipe"],
      // Clang runs the wasm-opt that npm puts on the path, which takes the functions' names away.
      env: { ...process.env, PATH: "/usr/local/bin:/usr/bin:/bin" },
    });
    return new Uint8Array(readFileSync(join(directory, "guest.wasm")));
  } catch (error) {
    const output = (error as { stderr?: Uint8Array }).stderr;
    throw output === undefined ? error : new Error(new TextDecoder().decode(output), { cause: error });
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** What came of a guest. */
export interface GuestRun {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a module on this thread and collects its output. */
export function runGuest(module: Uint8Array, options: GuestOptions = {}): GuestRun {
  const output = { stdout: "", stderr: "" };
  const decoder = new TextDecoder("latin1");
  const status = runModule(module, {
    stdin: () => 0,
    stdout: (bytes) => {
      output.stdout += decoder.decode(bytes);
    },
    stderr: (bytes) => {
      output.stderr += decoder.decode(bytes);
    },
    ...options,
  });
  return { status, ...output };
}

/** The command-line program as a process, whose output can be waited for. */
export class CliProcess {
  readonly child: ChildProcess;
  stdout = "";
  stderr = "";
  readonly #ended: Promise<number>;
  #wake: () => void = () => {};

  constructor(args: readonly string[], options: SpawnOptions = {}) {
    this.child = spawn(process.execPath, [cli, ...args], options);
    this.child.stdout?.on("data", (chunk) => {
      this.stdout += String(chunk);
      this.#wake();
    });
    this.child.stderr?.on("data", (chunk) => {
      this.stderr += String(chunk);
      this.#wake();
    });
    this.#ended = new Promise((resolve, reject) => {
      this.child.on("error", reject);
      this.child.on("close", (status, signal) => {
        this.#wake();
        resolve(status ?? (signal === null ? -1 : -2));
      });
    });
  }

  /** Resolves when the output so far satisfies `condition`. Rejects when the process ends before. */
  async until(condition: (stdout: string, stderr: string) => boolean): Promise<void> {
    let ended = false;
    void this.#ended.then(() => {
      ended = true;
    });
    while (!condition(this.stdout, this.stderr)) {
      if (ended) throw new Error(`the process ended: ${this.stdout}\n${this.stderr}`);
      await Promise.race([
        this.#ended,
        new Promise<void>((resolve) => {
          this.#wake = resolve;
        }),
      ]);
    }
  }

  /** Exit status; -2 when a signal killed the process. */
  ended(): Promise<number> {
    return this.#ended;
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }
}

/** Runs the command-line program to its end. */
export async function runCli(
  args: readonly string[],
  input: string | Uint8Array = "",
  options: SpawnOptions = {},
): Promise<GuestRun> {
  const run = new CliProcess(args, options);
  run.child.stdin?.on("error", () => {}); // the program may end without reading
  run.child.stdin?.end(input);
  const status = await run.ended();
  return { status, stdout: run.stdout, stderr: run.stderr };
}

/** Runs the command-line program into a pipe whose reader goes away after a line. */
export async function runWithoutReader(args: readonly string[]): Promise<GuestRun> {
  // A pipe of Node.js is a socket, which is reset when it is closed with data in it.
  const script = '"$@" | head -n 1; exit $PIPESTATUS';
  const child = spawn("bash", ["-c", script, "bash", process.execPath, cli, ...args], {
    // Bash complains about a locale that is not there.
    env: { ...process.env, LC_ALL: "C" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const run = { status: -1, stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => {
    run.stdout += String(chunk);
  });
  child.stderr.on("data", (chunk) => {
    run.stderr += String(chunk);
  });
  run.status = await new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => resolve(status ?? -2));
  });
  return run;
}
