import type { Btf } from "../btf/index.ts";
import { type ElfSection, type ElfSymbol, STB_LOCAL, STB_WEAK, STT_OBJECT } from "../elf/index.ts";
import { MalformedInputError } from "../internal/index.ts";
import { BPF_F_MMAPABLE, BPF_F_RDONLY_PROG, BPF_MAP_TYPE_ARENA, BPF_MAP_TYPE_ARRAY } from "../uapi/bpf.ts";
import { internalMapName } from "./names.ts";
import type { DataSection, ObjectSections } from "./sections.ts";
import type { ArenaVariables, ExternSpec, InternalMap, MapSpec, VariableSpec } from "./spec.ts";

/**
 * Largest section of global variables that is accepted: the kernel takes no larger map value. It also keeps a
 * damaged size of a `.bss` from allocating gigabytes.
 */
const MAX_VALUE_SIZE = 0x4000_0000;

/** Blueprint of the map of one section of global variables, as libbpf 1.8 makes it. */
export function globalDataMap(
  { section, kind }: DataSection,
  objectName: string,
  btf: Btf | undefined,
  sections: ObjectSections,
): MapSpec {
  if (section.size > MAX_VALUE_SIZE) {
    throw new MalformedInputError(`${section.size} bytes of variables, the kernel takes at most 1 GiB`, {
      section: section.name,
    });
  }
  const contents = kind === "bss" ? new Uint8Array(section.size) : section.data.slice();
  return internalMap(objectName, { kind, ...variablesOf(section, contents, btf, sections) });
}

/**
 * Gives the object's arena the variables that are declared to lie in it.
 *
 * @throws {MalformedInputError} when there are such variables and no arena.
 */
export function withArenaVariables(
  maps: readonly MapSpec[],
  btf: Btf | undefined,
  sections: ObjectSections,
): MapSpec[] {
  const section = sections.arena;
  if (section === undefined) return [...maps];
  const arena = maps.find(({ type }) => type === BPF_MAP_TYPE_ARENA);
  if (arena === undefined) {
    throw new MalformedInputError("variables in an arena, but the object declares no arena map", {
      section: section.name,
    });
  }
  const variables = variablesOf(section, section.data.slice(), btf, sections);
  return maps.map((map) => (map === arena ? { ...map, arena: variables } : map));
}

function variablesOf(
  section: ElfSection,
  contents: Uint8Array,
  btf: Btf | undefined,
  sections: ObjectSections,
): ArenaVariables {
  const datasecTypeId = btf?.find(section.name, "datasec");
  const symbols = sections.symbols.filter(
    ({ sectionIndex, type }) => sectionIndex === section.index && type === STT_OBJECT,
  );
  const variables =
    btf === undefined || datasecTypeId === undefined
      ? symbols.map((symbol) => variableOfSymbol(symbol))
      : variablesOfDatasec(btf, datasecTypeId, symbols);
  for (const { name, offsetBytes, sizeBytes } of variables) {
    if (offsetBytes + sizeBytes > contents.length) {
      throw new MalformedInputError(`variable "${name}" leaves its section`, {
        section: section.name,
        offsetBytes,
      });
    }
  }
  return { section: section.name, contents, datasecTypeId, variables };
}

/** Blueprint of the map with the values of the kernel's configuration; contents are filled in at load. */
export function kconfigMap(
  externs: readonly ExternSpec[],
  objectName: string,
  btf: Btf,
): MapSpec | undefined {
  const variables = externs
    .filter(({ kind }) => kind === "kconfig")
    .map(
      ({ name, typeId, offsetBytes, sizeBytes, weak }): VariableSpec => ({
        name,
        typeId,
        offsetBytes: offsetBytes ?? 0,
        sizeBytes,
        global: true,
        weak,
      }),
    );
  const last = variables.at(-1);
  if (last === undefined) return undefined;
  return internalMap(objectName, {
    section: ".kconfig",
    kind: "kconfig",
    contents: new Uint8Array(last.offsetBytes + last.sizeBytes),
    datasecTypeId: btf.find(".kconfig", "datasec"),
    variables,
  });
}

function internalMap(objectName: string, internal: InternalMap): MapSpec {
  const readOnly = internal.kind === "rodata" || internal.kind === "kconfig";
  // Only what user space shall see is worth a mapping; section sizes with hidden variables only stay private.
  const visible = internal.datasecTypeId !== undefined && internal.variables.some(({ global }) => global);
  return {
    name: internal.section,
    kernelName: internalMapName(objectName, internal.section),
    type: BPF_MAP_TYPE_ARRAY,
    keySizeBytes: 4,
    valueSizeBytes: internal.contents.length,
    maxEntries: 1,
    flags: (readOnly ? BPF_F_RDONLY_PROG : 0) | (visible ? BPF_F_MMAPABLE : 0),
    numaNode: undefined,
    mapExtra: 0n,
    pinning: "none",
    keyTypeId: 0,
    valueTypeId: internal.datasecTypeId ?? 0,
    internal,
  };
}

function variablesOfDatasec(btf: Btf, datasecTypeId: number, symbols: readonly ElfSymbol[]): VariableSpec[] {
  const datasec = btf.type(datasecTypeId);
  if (datasec.kind !== "datasec") return [];
  return datasec.variables.map(({ type, offsetBytes, sizeBytes }) => {
    const variable = btf.type(type);
    if (variable.kind !== "var") {
      throw new MalformedInputError(`type ${type} is a ${variable.kind}, expected a variable`, {
        section: datasec.name,
      });
    }
    const { name, linkage } = variable;
    const weak = symbols.some((symbol) => symbol.name === name && symbol.binding === STB_WEAK);
    return { name, typeId: variable.type, offsetBytes, sizeBytes, global: linkage === "global", weak };
  });
}

function variableOfSymbol({ name, value, size, binding }: ElfSymbol): VariableSpec {
  return {
    name,
    typeId: 0,
    offsetBytes: value,
    sizeBytes: size,
    global: binding !== STB_LOCAL,
    weak: binding === STB_WEAK,
  };
}
