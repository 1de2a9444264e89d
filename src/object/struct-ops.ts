import { INSTRUCTION_SIZE } from "../asm/index.ts";
import type { Btf } from "../btf/index.ts";
import type { ElfSection } from "../elf/index.ts";
import { MalformedInputError } from "../internal/index.ts";
import { BPF_F_LINK, BPF_MAP_TYPE_STRUCT_OPS } from "../uapi/bpf.ts";
import type { Code } from "./code.ts";
import { kernelMapName } from "./names.ts";
import type { ObjectSections } from "./sections.ts";
import type { MapSpec, StructOps } from "./spec.ts";

/**
 * Blueprints of the maps of a `.struct_ops` section: one per variable, which holds a struct of callbacks.
 *
 * @throws {MalformedInputError} when a variable is no struct or a callback is no program.
 */
export function structOpsMaps(
  section: ElfSection,
  btf: Btf | undefined,
  sections: ObjectSections,
  code: Code,
): MapSpec[] {
  const id = btf?.find(section.name, "datasec");
  const datasec = id === undefined ? undefined : btf?.type(id);
  if (btf === undefined || datasec?.kind !== "datasec") {
    throw new MalformedInputError("the BTF does not describe the section; compile with -g", {
      section: section.name,
    });
  }
  const relocations = (sections.relocations.get(section.index) ?? []).flatMap((table) =>
    sections.file.relocations(table),
  );
  return datasec.variables.map(({ type, offsetBytes }) => {
    const variable = btf.type(type);
    if (variable.kind !== "var") throw fault(section, `a ${variable.kind} is no variable`, offsetBytes);
    const { name } = variable;
    const typeId = btf.resolve(variable.type);
    const struct = btf.type(typeId);
    if (struct.kind !== "struct" || struct.name === "") {
      throw fault(section, `"${name}" is no struct with a name`, offsetBytes);
    }
    const end = offsetBytes + struct.sizeBytes;
    if (end > section.data.length) throw fault(section, `"${name}" leaves its section`, offsetBytes);
    const programs: StructOps["programs"][number][] = [];
    for (const { offset, symbolIndex } of relocations) {
      if (offset < offsetBytes || offset >= end) continue;
      const symbol = sections.symbols[symbolIndex];
      const target =
        symbol === undefined ? undefined : code.find(symbol.sectionIndex, symbol.value / INSTRUCTION_SIZE);
      if (target === undefined || !target.entry) {
        throw fault(section, `"${name}" refers to "${symbol?.name ?? ""}", which is no program`, offset);
      }
      programs.push({ offsetBytes: offset - offsetBytes, program: target.name });
    }
    return {
      name,
      kernelName: kernelMapName(name),
      type: BPF_MAP_TYPE_STRUCT_OPS,
      keySizeBytes: 4,
      valueSizeBytes: struct.sizeBytes,
      maxEntries: 1,
      flags: section.name.endsWith(".link") ? BPF_F_LINK : 0,
      numaNode: undefined,
      mapExtra: 0n,
      pinning: "none",
      keyTypeId: 0,
      valueTypeId: typeId,
      structOps: {
        typeName: struct.name,
        typeId,
        section: section.name,
        contents: section.data.slice(offsetBytes, end),
        programs,
      },
    };
  });
}

function fault(section: ElfSection, message: string, offsetBytes: number): MalformedInputError {
  return new MalformedInputError(message, { section: section.name, offsetBytes });
}
