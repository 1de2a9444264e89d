import { MalformedInputError } from "../internal/index.ts";
import type { Btf } from "./btf.ts";
import { replaceTypes } from "./replace-types.ts";
import type { BtfDatasec, NewBtfType } from "./types.ts";

/** What the object file knows about its sections and variables. */
export interface DatasecSource {
  /** Size in bytes of the section with this name; `undefined` when the file has none. */
  sectionSizeBytes(name: string): number | undefined;
  /** The symbol of a global variable. `hidden`: visibility hidden or internal. */
  variableSymbol(name: string): { readonly offsetBytes: number; readonly hidden: boolean } | undefined;
}

/** Sections of externs: their sizes and offsets come from the loader, not from the file. */
const EXTERN_SECTIONS: readonly string[] = [".kconfig", ".ksyms"];

/**
 * Completes the `datasec` types that clang leaves without size and offsets, sorts their variables by offset,
 * and makes hidden variables static, as libbpf 1.8 does when it opens an object.
 *
 * @returns A new BTF with the same ids and string offsets; `btf` itself when there was nothing to do.
 * @throws {MalformedInputError} when a section or variable is not in the file.
 */
export function fixupDatasecs(btf: Btf, source: DatasecSource): Btf {
  const replacements = new Map<number, NewBtfType>();
  for (let id = btf.firstId; id < btf.typeCount; id++) {
    if (btf.kind(id) !== "datasec") continue;
    const type = btf.type(id);
    if (type.kind === "datasec") fixup(btf, type, source, replacements);
  }
  return replaceTypes(btf, replacements);
}

function fixup(
  btf: Btf,
  type: BtfDatasec,
  source: DatasecSource,
  replacements: Map<number, NewBtfType>,
): void {
  let { sizeBytes } = type;
  let variables = [...type.variables];
  if (!EXTERN_SECTIONS.includes(type.name)) {
    const incomplete = sizeBytes === 0;
    if (incomplete) sizeBytes = source.sectionSizeBytes(type.name) ?? 0;
    if (sizeBytes === 0) {
      throw new MalformedInputError(`Section "${type.name}" has BTF variables but no contents`);
    }
    variables = variables.map((variable) => {
      const target = btf.type(variable.type);
      if (target.kind !== "var") {
        throw new MalformedInputError(`Section "${type.name}" holds a ${target.kind} in BTF, not a variable`);
      }
      if (target.linkage !== "global") return variable;
      const symbol = source.variableSymbol(target.name);
      if (symbol === undefined) {
        throw new MalformedInputError(`Variable "${target.name}" of section "${type.name}" has no symbol`);
      }
      if (symbol.hidden) replacements.set(target.id, { ...target, linkage: "static" });
      return incomplete ? { ...variable, offsetBytes: symbol.offsetBytes } : variable;
    });
  }
  variables.sort((a, b) => a.offsetBytes - b.offsetBytes);
  const same =
    sizeBytes === type.sizeBytes &&
    variables.every(
      (variable, i) =>
        variable.type === type.variables[i]?.type && variable.offsetBytes === type.variables[i]?.offsetBytes,
    );
  if (!same) replacements.set(type.id, { ...type, sizeBytes, variables });
}
