import { existsSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { WasmBpfError } from "../internal/index.ts";
import { type Lp64Compiler, missing } from "./compilers.ts";
import { findLlvms, llvmTool } from "./llvm.ts";
import { packageRoot } from "./package-files.ts";

/** Oldest clang whose guests fit the C library. */
const OLDEST_FOR_LP64 = 16;
const PROPOSED = 19;

/** Where a clone builds the C library, and where a published package carries it. */
const SYSROOTS: readonly string[] = [".cache/sysroot/current", "dist/sysroot"];

/** setjmp() by exceptions of WebAssembly, which only functions that call it get. */
const JUMPS: readonly string[] = ["-mllvm", "-wasm-enable-sjlj"];

/**
 * The compiler of LP64 guests: `long`, `size_t` and pointers have 64 bits, as on the BPF side. What it links is
 * lowered to 32-bit memory, which every engine has.
 *
 * @throws {WasmBpfError} that says what to install when something is missing.
 */
export async function findLp64Compiler(environment: NodeJS.ProcessEnv): Promise<Lp64Compiler> {
  const sysroot = findSysroot();
  const llvms = (await findLlvms(environment)).filter(({ version }) => version >= OLDEST_FOR_LP64);
  const llvm = llvms.find((found) => llvmTool(found, "wasm-ld", environment) !== undefined);
  if (llvm === undefined) throw noCompiler(llvms[0]?.version, environment.CLANG);
  const archives = ["libwasm-bpf.a", "libz.a", "libc.a", "libclang_rt.builtins.a"].map((name) =>
    join(sysroot, "lib/wasm64-wasi", name),
  );
  return {
    abi: 2,
    clang: llvm.clang,
    target: ["--target=wasm64-wasi", `--sysroot=${sysroot}`],
    // NB: numbers and layouts are those of x86-64, and programs have tables that they choose by this name.
    options: [
      "-nostdlibinc",
      "-isystem",
      join(sysroot, "include"),
      "-mbulk-memory",
      "-D__x86_64__",
      ...JUMPS,
    ],
    // NB: clang's own functions may not be installed for wasm64; the C library brings those it was built with.
    libraries: ["-nodefaultlibs", ...archives],
    archives,
    lower: [
      ...findWasmOpt(),
      "--enable-memory64",
      "--enable-bulk-memory",
      "--enable-exception-handling",
      "--memory64-lowering",
      "-Os",
      "-g",
    ],
  };
}

/** @param version of a clang that has no linker; `undefined` when there is no clang that is new enough */
function noCompiler(version: number | undefined, chosen: string | undefined): WasmBpfError {
  if (version !== undefined) {
    return missing(`the linker for WebAssembly of clang ${version}`, [`lld-${version}`]);
  }
  if (chosen !== undefined && chosen !== "") {
    return new WasmBpfError(
      "TOOLCHAIN",
      `CLANG is "${chosen}", which is too old for guests: they need clang ${OLDEST_FOR_LP64} or newer. Unset it, or build for version 1 of the guest interface with --wasm32`,
    );
  }
  return missing(`clang ${OLDEST_FOR_LP64} or newer`, [`clang-${PROPOSED}`, `lld-${PROPOSED}`]);
}

/** NB: not through the link `current`: another library is another command, and everything is compiled again. */
function findSysroot(): string {
  for (const place of SYSROOTS) {
    const path = join(packageRoot(), place);
    if (existsSync(join(path, "lib/wasm64-wasi/libwasm-bpf.a"))) return realpathSync(path);
  }
  throw new WasmBpfError("TOOLCHAIN", "the C library of guests is not built. Run: npm run sysroot");
}

/** `wasm-opt` of the npm package binaryen, with the engine that runs it. */
function findWasmOpt(): string[] {
  try {
    const manifest = createRequire(import.meta.url).resolve("binaryen/package.json");
    // NB: it is a large module that runs for a second or two: compiling it well takes longer than it runs.
    return [process.execPath, "--liftoff-only", join(dirname(manifest), "bin/wasm-opt")];
  } catch (error) {
    throw new WasmBpfError("TOOLCHAIN", "binaryen is not installed. Run: npm install binaryen@132", {
      cause: error,
    });
  }
}
