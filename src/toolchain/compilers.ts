import { existsSync } from "node:fs";
import { join } from "node:path";
import { WasmBpfError } from "../internal/index.ts";
import { describeClang, findLlvms, hasBuiltins, isExecutable, type Llvm, llvmTool, OLDEST } from "./llvm.ts";

/** Compiler of the kernel half. */
export interface BpfCompiler {
  readonly clang: string;
  /** `llvm-strip`, which packages of clang and lld do not bring; without it the build takes debug information out. */
  readonly strip: string | undefined;
  /** Options that every compilation gets: target, architecture, headers. */
  readonly options: readonly string[];
}

/** Compiler and linker of the user-space half. */
interface ClangForGuests {
  readonly clang: string;
  /** Options of compilation and linking: target and C library. */
  readonly target: readonly string[];
  /** Options of compilation only. */
  readonly options: readonly string[];
}

/** Makes guests with a 32-bit `long`, for version 1 of the guest interface. */
export interface Wasm32Compiler extends ClangForGuests {
  readonly abi: 1;
}

/** Makes guests with a 64-bit `long`, as on the BPF side, for version 2 of the guest interface. */
export interface Lp64Compiler extends ClangForGuests {
  readonly abi: 2;
  /** Options of linking only, after the objects. */
  readonly libraries: readonly string[];
  /** Files among the libraries. */
  readonly archives: readonly string[];
  /** Command that turns what was linked into the module, without `INPUT -o OUTPUT`. */
  readonly lower: readonly string[];
}

export type GuestCompiler = Wasm32Compiler | Lp64Compiler;

/** Version that is proposed when none is installed. */
const PROPOSED = 19;

const WASI_SDK = "/opt/wasi-sdk";

/** What the architectures are called by Node.js, in BPF headers, and in Debian's directories. */
const ARCHITECTURES: Readonly<Record<string, { readonly bpf: string; readonly multiarch: string }>> = {
  x64: { bpf: "x86", multiarch: "x86_64-linux-gnu" },
  arm64: { bpf: "arm64", multiarch: "aarch64-linux-gnu" },
};

/** @throws {WasmBpfError} that says what to install when something is missing. */
export async function findBpfCompiler(environment: NodeJS.ProcessEnv): Promise<BpfCompiler> {
  const [llvm] = await findLlvms(environment);
  if (llvm === undefined) throw noClang();
  return { clang: llvm.clang, strip: llvmTool(llvm, "llvm-strip", environment), options: bpfOptions() };
}

/** @throws {WasmBpfError} that says what to install when something is missing. */
export async function findGuestCompiler(environment: NodeJS.ProcessEnv): Promise<Wasm32Compiler> {
  const sdk = environment.WASI_SDK_PATH;
  if (sdk !== undefined && sdk !== "") {
    const compiler = await wasiSdk(sdk);
    if (compiler === undefined) {
      throw new WasmBpfError(
        "TOOLCHAIN",
        `WASI_SDK_PATH is "${sdk}", which holds no bin/clang and no sysroot`,
      );
    }
    return compiler;
  }
  const llvms = await findLlvms(environment);
  const libc = existsSync("/usr/include/wasm32-wasi/stdio.h") && existsSync("/usr/lib/wasm32-wasi/libc.a");
  const linked = llvms.filter((llvm) => llvmTool(llvm, "wasm-ld", environment) !== undefined);
  const complete = linked.find((llvm) => hasBuiltins(llvm, "wasm32"));
  if (libc && complete !== undefined) return debianCompiler(complete);
  const installedSdk = await wasiSdk(WASI_SDK);
  if (installedSdk !== undefined) return installedSdk;
  const version = (complete ?? linked[0] ?? llvms[0])?.version;
  if (version === undefined) throw noClang();
  const packages: string[] = [];
  if (linked.length === 0) packages.push(`lld-${version}`);
  if (!libc) packages.push("wasi-libc");
  if (complete === undefined) packages.push(`libclang-rt-${version}-dev-wasm32`);
  throw missing(`a part of the WebAssembly toolchain for clang ${version}`, packages);
}

/**
 * Debian keeps the C library of wasm32 beside the machine's own headers, which clang would search as well:
 * a program could silently get glibc's.
 */
function debianCompiler(llvm: Llvm): Wasm32Compiler {
  return {
    abi: 1,
    clang: llvm.clang,
    target: ["--target=wasm32-wasi", "--sysroot=/usr"],
    options: ["-nostdlibinc", "-isystem", "/usr/include/wasm32-wasi"],
  };
}

async function wasiSdk(path: string): Promise<Wasm32Compiler | undefined> {
  const clang = join(path, "bin/clang");
  const sysroot = join(path, "share/wasi-sysroot");
  if (!isExecutable(clang) || !existsSync(sysroot)) return undefined;
  if ((await describeClang(clang)) === undefined) return undefined;
  return { abi: 1, clang, target: ["--target=wasm32-wasi", `--sysroot=${sysroot}`], options: [] };
}

function bpfOptions(): string[] {
  const architecture = ARCHITECTURES[process.arch];
  if (architecture === undefined) {
    throw new WasmBpfError(
      "NOT_SUPPORTED",
      `BPF programs cannot be compiled for ${process.arch} here, only for x64 and arm64`,
    );
  }
  // NB: headers such as asm/types.h live in a directory that clang only searches for the machine's own target.
  return [
    "--target=bpf",
    `-D__TARGET_ARCH_${architecture.bpf}`,
    "-idirafter",
    `/usr/include/${architecture.multiarch}`,
  ];
}

function noClang(): WasmBpfError {
  return missing(`clang ${OLDEST} or newer`, [`clang-${PROPOSED}`, `lld-${PROPOSED}`, "libbpf-dev"]);
}

/** The error for something that is not installed, with the command that installs it. */
export function missing(what: string, packages: readonly string[]): WasmBpfError {
  return new WasmBpfError(
    "TOOLCHAIN",
    `${what} is not installed. Run: sudo apt-get install ${packages.join(" ")}`,
  );
}
