/** Names of a build's products, and the commands that make them; all run in the project's directory. */
import { join } from "node:path";
import { BUILD_DIRECTORY } from "./build-options.ts";
import type { BpfCompiler, GuestCompiler } from "./compilers.ts";
import { bpfHeaders, guestHeaders } from "./package-files.ts";
import type { Application } from "./project.ts";
import type { CompileCommand } from "./type-probe.ts";

/** Stack of the guest; it lies below all data, so that an overflow is a trap and not a silent overwrite. */
const STACK_BYTES = { wasm32: 256 * 1024, lp64: 1024 * 1024 } as const;

/** Pieces of WASI's C library of wasm32 that a program has to ask for; they cost nothing unless they are used. */
const EMULATIONS: readonly string[] = ["signal", "process-clocks", "mman", "getpid"];

export function moduleFile({ name }: Application): string {
  return `${name}.wasm`;
}

export function objectFile(name: string): string {
  return join(BUILD_DIRECTORY, `${name}.bpf.o`);
}

/** Object file of a guest's source; those of version 1 have a name of their own, as a helper may be in both. */
export function guestObject(source: string, { abi }: GuestCompiler): string {
  const name = source.slice(0, -".c".length).replaceAll("/", "_");
  return join(BUILD_DIRECTORY, abi === 1 ? `${name}.wasm32.o` : `${name}.o`);
}

/** How a BPF object's source is compiled, without warnings and output. */
export function bpfCommand(
  name: string,
  { clang, options }: BpfCompiler,
  directory: string,
  environment: NodeJS.ProcessEnv,
): CompileCommand {
  const include = ["-I", BUILD_DIRECTORY, "-I", ".", "-I", bpfHeaders()];
  // What a project's Makefile adds for one program, such as -mcpu=v3.
  include.push(...(environment.BPF_CFLAGS ?? "").split(/\s+/).filter((word) => word !== ""));
  return { clang, options: [...options, ...include], source: `./${name}.bpf.c`, directory };
}

/** How a guest's source is compiled, without warnings and output. */
export function guestCommand(source: string, compiler: GuestCompiler, directory: string): CompileCommand {
  const own = ["-I", BUILD_DIRECTORY, "-I", "."];
  const options = [...compiler.target, ...compiler.options];
  if (compiler.abi === 1) {
    options.push(
      ...EMULATIONS.map((name) => `-D_WASI_EMULATED_${name.toUpperCase().replaceAll("-", "_")}`),
      ...[...own, "-I", guestHeaders()],
    );
  } else {
    options.push(...own, "-idirafter", guestHeaders());
  }
  return { clang: compiler.clang, options, source: `./${source}`, directory };
}

/** Links a guest to `file`. @param shared objects that are taken only where something of them is used */
export function linkCommand(
  compiler: GuestCompiler,
  objects: readonly string[],
  shared: readonly string[],
  file: string,
): string[] {
  return [
    compiler.clang,
    ...compiler.target,
    ...objects,
    ...(shared.length === 0 ? [] : ["-Wl,--start-lib", ...shared, "-Wl,--end-lib"]),
    ...(compiler.abi === 1
      ? // The host calls back through the table.
        [...EMULATIONS.map((emulation) => `-lwasi-emulated-${emulation}`), "-Wl,--export-table"]
      : compiler.libraries),
    // Names of functions stay, for the messages of traps.
    ...["-Wl,--strip-debug", "-Wl,--stack-first"],
    `-Wl,-z,stack-size=${compiler.abi === 1 ? STACK_BYTES.wasm32 : STACK_BYTES.lp64}`,
    // NB: the linker writes this name into the module.
    ...["-o", file],
  ];
}

/** The command that lowers a linked module in place, empty when it is a module as it is. */
export function lowering(compiler: GuestCompiler, file: string): string[] {
  return compiler.abi === 1 ? [] : [...compiler.lower, file, "-o", file];
}

/** Archives that modules are linked with, whose change is another module. */
export function libraryFiles(compiler: GuestCompiler): readonly string[] {
  return compiler.abi === 1 ? [] : compiler.archives;
}
