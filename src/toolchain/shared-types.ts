import { relative, resolve } from "node:path";
import { cBindings } from "../codegen/index.ts";
import { WasmBpfError } from "../internal/index.ts";
import { keptMacros } from "./header-types.ts";
import { findLayoutDifferences } from "./shared-structs.ts";
import { type CompileCommand, type ProbedTypes, preprocess, probeBpfTypes } from "./type-probe.ts";

/** What the BPF half defines in headers of the project. */
export interface SharedTypes {
  readonly types: ProbedTypes;
  /** C with the BPF side's layout on every machine, macros of the headers included. */
  readonly header: string;
}

/** Whether a file that a compiler has read is a header of the project, and not one that the build makes. */
export function isProjectHeader(file: string, directory: string): boolean {
  const path = relative(directory, resolve(directory, file));
  return path.endsWith(".h") && !path.startsWith("..") && !path.startsWith(".build/") && path !== "vmlinux.h";
}

/**
 * Finds what a BPF source defines in headers of its project.
 *
 * @returns `undefined` when that is nothing
 */
export async function sharedTypes(command: CompileCommand): Promise<SharedTypes | undefined> {
  const source = await preprocess(command, undefined, (file) => isProjectHeader(file, command.directory));
  if (source === undefined || source.definitions.length === 0) return undefined;
  const { definitions, macros } = source;
  const types = await probeBpfTypes(command, source, definitions);
  if (types === undefined) return undefined;
  const rootIds = [...types.ids.values()];
  const bindings = cBindings(types.btf, { rootIds, generator: "wasm-bpf build" });
  return { types, header: `${bindings}${keptMacros(macros)}` };
}

/**
 * Checks that a source of the guest lays out the structs of the shared headers as BPF does.
 *
 * @param instead name of the generated header
 * @returns the files that the source has read
 * @throws {WasmBpfError} `TOOLCHAIN` that names the struct, the field and both offsets.
 */
export async function checkSharedTypes(
  shared: SharedTypes,
  guest: CompileCommand,
  instead: string,
): Promise<readonly string[]> {
  const source = await preprocess(guest, undefined, (file) => isProjectHeader(file, guest.directory));
  // The state never takes a file that is not there for current.
  if (source === undefined) return [guest.source, "wasm-bpf: not preprocessed"];
  const [first, ...others] = await findLayoutDifferences(shared.types, guest, source);
  if (first === undefined) return source.files;
  const more =
    others.length === 0 ? "" : ` (also ${others.map(({ declaration }) => declaration).join(", ")})`;
  throw new WasmBpfError(
    "TOOLCHAIN",
    `${first.declaration} of ${first.header} is another one in the guest: ${first.what}${more}. Include "${instead}", which this build has made, instead of "${first.header}" in ${relative(guest.directory, resolve(guest.directory, guest.source))}, or use only types of a fixed width`,
  );
}
