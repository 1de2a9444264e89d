import { accessSync, constants, readdirSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { WasmBpfError } from "../internal/index.ts";
import { runTool, textOf } from "./run-tool.ts";

/** Clang versions that are looked for by name, best first. */
const NEWEST = 22;
export const OLDEST = 14;

/** An installed clang and the directory with the other tools of the same LLVM. */
export interface Llvm {
  readonly clang: string;
  /** Major version. */
  readonly version: number;
  /** Installation root: `/usr/lib/llvm-19`. */
  readonly root: string;
}

/** Looks for a program in PATH; `undefined` when it is not there. */
export function findProgram(name: string, environment: NodeJS.ProcessEnv): string | undefined {
  for (const directory of (environment.PATH ?? "").split(":")) {
    const path = join(directory === "" ? "." : directory, name);
    if (isExecutable(path)) return path;
  }
  return undefined;
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** All usable clangs in PATH, newest first; only the one that the variable CLANG names, when it is set. */
export async function findLlvms(environment: NodeJS.ProcessEnv): Promise<Llvm[]> {
  const { CLANG: chosen } = environment;
  if (chosen !== undefined && chosen !== "") {
    const clang = chosen.includes("/") ? chosen : findProgram(chosen, environment);
    const llvm = clang !== undefined && isExecutable(clang) ? await describeClang(clang) : undefined;
    if (llvm === undefined) throw new WasmBpfError("TOOLCHAIN", `CLANG is "${chosen}", which is no clang`);
    return [llvm];
  }
  const names = ["clang"];
  for (let version = NEWEST; version >= OLDEST; version--) names.push(`clang-${version}`);
  const found: Llvm[] = [];
  const seen = new Set<string>();
  for (const name of names) {
    const clang = findProgram(name, environment);
    if (clang === undefined) continue;
    const real = realpathSync(clang);
    if (seen.has(real)) continue;
    seen.add(real);
    const llvm = await describeClang(clang);
    if (llvm !== undefined && llvm.version >= OLDEST) found.push(llvm);
  }
  return found.sort((a, b) => b.version - a.version);
}

/** Version and root of a clang; `undefined` when it does not say its version. */
export async function describeClang(clang: string): Promise<Llvm | undefined> {
  const real = realpathSync(clang);
  const root = dirname(dirname(real));
  const named = /^clang-(\d+)$/.exec(basename(real)) ?? /^llvm-(\d+)$/.exec(basename(root));
  if (named !== null) return { clang, version: Number(named[1]), root };
  const { stdout } = await runTool(clang, ["--version"], "/");
  const printed = /clang version (\d+)\./.exec(textOf(stdout));
  return printed === null ? undefined : { clang, version: Number(printed[1]), root };
}

/** A tool of this LLVM, such as `llvm-strip`. */
export function llvmTool(llvm: Llvm, tool: string, environment: NodeJS.ProcessEnv): string | undefined {
  const own = join(llvm.root, "bin", tool);
  if (isExecutable(own)) return own;
  return findProgram(`${tool}-${llvm.version}`, environment) ?? findProgram(tool, environment);
}

/** Whether this LLVM has the compiler's run-time functions for a kind of WebAssembly. */
export function hasBuiltins(llvm: Llvm, machine: "wasm32" | "wasm64"): boolean {
  const versions = listDirectory(join(llvm.root, "lib/clang"));
  const targets = ["wasi", `${machine}-unknown-wasi`, `${machine}-unknown-wasip1`];
  return versions.some((version) =>
    targets.some((target) => {
      const files = listDirectory(join(llvm.root, "lib/clang", version, "lib", target));
      // Without a kind in its name, the file of a directory for all kinds is wasm32's.
      const plain = machine === "wasm32" || target !== "wasi";
      return (
        files.includes(`libclang_rt.builtins-${machine}.a`) ||
        (plain && files.includes("libclang_rt.builtins.a"))
      );
    }),
  );
}

function listDirectory(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
