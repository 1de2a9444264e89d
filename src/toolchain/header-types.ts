import { dirname, resolve } from "node:path";
import type { Btf } from "../btf/index.ts";
import { WasmBpfError } from "../internal/index.ts";
import type { CMacro } from "./c-definitions.ts";
import { findBpfCompiler } from "./compilers.ts";
import { bpfHeaders } from "./package-files.ts";
import { compileProbe, preprocess, probeBpfTypes } from "./type-probe.ts";

export interface HeaderOptions {
  /** Directories that the header's own includes are looked for in, besides its own. */
  readonly includePaths?: readonly string[];
  /** Macros, `NAME` or `NAME=VALUE`. */
  readonly defines?: readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
  /** Messages of the compiler as it printed them. */
  readonly diagnostics?: (text: string) => void;
}

/** C that defines macros with a value again, unless they are defined. */
export function keptMacros(macros: readonly CMacro[]): string {
  const blocks = macros
    .filter(({ text }) => /^\w+(\([^)]*\))? \S/.test(text))
    .map(({ name, text }) => `#ifndef ${name}\n#define ${text.replaceAll("\r", "")}\n#endif\n`);
  return blocks.length === 0 ? "" : `\n${blocks.join("")}`;
}

/** What a C header defines. */
export interface HeaderTypes {
  readonly btf: Btf;
  /** Its structs, unions and enums, in the order of their definitions. */
  readonly rootIds: readonly number[];
  /** C that defines its macros, those with a value. */
  readonly macros: string;
}

/**
 * Finds all structs, unions and enums that a C header and the headers beside it define, used or not, with the layout
 * they have on the BPF machine. Headers of the system are read but not among them.
 *
 * @throws {WasmBpfError} `NOT_FOUND` when it defines none, `TOOLCHAIN` when there is no compiler or it refuses the header.
 */
export async function headerTypes(path: string, options: HeaderOptions = {}): Promise<HeaderTypes> {
  const absolute = resolve(path);
  const compiler = await findBpfCompiler(options.environment ?? process.env);
  const paths = [dirname(absolute), ...(options.includePaths ?? []), bpfHeaders()];
  const include = paths.flatMap((entry) => ["-I", entry]);
  const defines = (options.defines ?? []).map((define) => `-D${define}`);
  const command = {
    clang: compiler.clang,
    // NB: the header itself is the source: not every path can stand in an #include.
    options: [...compiler.options, ...include, ...defines, "-Wno-pragma-once-outside-header", "-x", "c"],
    source: absolute,
    directory: process.cwd(),
  };
  const refused = (): WasmBpfError =>
    new WasmBpfError("TOOLCHAIN", `cannot compile "${path}": the messages above say why`);
  const text = await preprocess(command, options.diagnostics);
  if (text === undefined) throw refused();
  const { definitions } = text;
  if (definitions.length === 0) {
    if ((await compileProbe(command, [], text.text, options.diagnostics)) === undefined) throw refused();
    throw new WasmBpfError("NOT_FOUND", `"${path}" defines no struct, union or enum`);
  }
  const probed = await probeBpfTypes(command, text, definitions, options.diagnostics);
  if (probed === undefined) throw refused();
  return { btf: probed.btf, rootIds: [...probed.ids.values()], macros: keptMacros(text.macros) };
}
