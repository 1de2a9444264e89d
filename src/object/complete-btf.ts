import { type Btf, fixupDatasecs, type NewBtfType, replaceTypes } from "../btf/index.ts";
import { STB_LOCAL, STT_OBJECT, STV_HIDDEN, STV_INTERNAL } from "../elf/index.ts";
import type { Code } from "./code.ts";
import type { ObjectSections } from "./sections.ts";

/**
 * Fills in what the compiler leaves open in the object's BTF: sizes of sections and places of variables, and
 * static linkage of hidden variables and functions. Ids and string offsets stay.
 *
 * @throws {MalformedInputError} when BTF and ELF disagree about the variables.
 */
export function completeBtf(btf: Btf, sections: ObjectSections, code: Code): Btf {
  const symbols = new Map(
    sections.symbols
      .filter(({ type, binding }) => type === STT_OBJECT && binding !== STB_LOCAL)
      .map((symbol) => [symbol.name, symbol]),
  );
  const withPlaces = fixupDatasecs(btf, {
    sectionSizeBytes: (name) => sections.file.section(name)?.size,
    variableSymbol: (name) => {
      const symbol = symbols.get(name);
      if (symbol === undefined) return undefined;
      const { value, visibility } = symbol;
      return { offsetBytes: value, hidden: visibility === STV_HIDDEN || visibility === STV_INTERNAL };
    },
  });
  const replacements = new Map<number, NewBtfType>();
  for (const { name, hidden } of code.functions) {
    const id = hidden ? withPlaces.find(name, "func") : undefined;
    const type = id === undefined ? undefined : withPlaces.type(id);
    if (type?.kind === "func" && type.linkage === "global") {
      replacements.set(type.id, { ...type, linkage: "static" });
    }
  }
  return replaceTypes(withPlaces, replacements);
}
