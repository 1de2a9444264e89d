import type { Btf, BtfComposite } from "../../../btf/index.ts";
import type { BpfMap, BpfObject } from "../../../ebpf/index.ts";
import type { ElfFile } from "../../../elf/index.ts";
import type { MapSpec } from "../../../object/index.ts";
import { type Say, sectionOf } from "./names.ts";

/** What libbpf says of the maps that an object defines. */
export function sayMaps(say: Say, { maps, spec }: BpfObject, file: ElfFile): void {
  for (const [number, map] of [...maps.values()].entries()) {
    const { name, spec: blueprint } = map;
    const place = placeOf(file, map);
    if (blueprint.internal !== undefined) {
      const flags = blueprint.flags.toString(16);
      say(
        `map '${blueprint.kernelName}' (global data): at sec_idx ${place.section}, offset 0, flags ${flags}.`,
      );
      say(`map ${number} is "${blueprint.kernelName}"`);
    } else if (blueprint.structOps !== undefined) {
      const { typeName, typeId } = blueprint.structOps;
      say(`struct_ops init: struct ${typeName}(type_id=${typeId}) ${name} found at offset ${place.offset}`);
    } else {
      say(`map '${name}': at sec_idx ${place.section}, offset ${place.offset}.`);
      sayDefinition(say, name, blueprint, spec.btf, definitionOf(spec.btf, name));
    }
  }
}

/** Where in the file a map is defined. */
export function placeOf(file: ElfFile, { name, spec }: BpfMap): { section: number; offset: number } {
  if (spec.internal !== undefined) return { section: sectionOf(file, name), offset: 0 };
  const section = file.section(spec.structOps?.section ?? ".maps")?.index ?? 0;
  const symbol = file.symbols().find((one) => one.name === name && one.sectionIndex === section);
  return { section, offset: symbol?.value ?? 0 };
}

/** The struct that defines a map. */
function definitionOf(btf: Btf | undefined, name: string): BtfComposite | undefined {
  const id = btf?.find(name, "var");
  const variable = id === undefined ? undefined : btf?.type(id);
  return variable?.kind === "var" ? structOf(btf, variable.type) : undefined;
}

function structOf(btf: Btf | undefined, id: number): BtfComposite | undefined {
  const type = btf?.type(btf.resolve(id));
  return type?.kind === "struct" ? type : undefined;
}

/** What the definition says; numbers that it does not have are not shown. */
function sayDefinition(
  say: Say,
  name: string,
  spec: MapSpec,
  btf: Btf | undefined,
  definition: BtfComposite | undefined,
): void {
  const members = new Map(definition?.members.map((member) => [member.name, member.type]));
  const found = (text: string): void => say(`map '${name}': found ${text}.`);
  if (members.has("type")) found(`type = ${spec.type}`);
  if (members.has("key")) found(`key [${spec.keyTypeId}], sz = ${spec.keySizeBytes}`);
  else if (members.has("key_size")) found(`key_size = ${spec.keySizeBytes}`);
  if (members.has("value")) found(`value [${spec.valueTypeId}], sz = ${spec.valueSizeBytes}`);
  else if (members.has("value_size")) found(`value_size = ${spec.valueSizeBytes}`);
  if (members.has("max_entries")) found(`max_entries = ${spec.maxEntries}`);
  if (members.has("map_flags")) found(`map_flags = 0x${spec.flags.toString(16)}`);
  if (members.has("map_extra")) found(`map_extra = 0x${spec.mapExtra.toString(16)}`);
  if (members.has("pinning")) found(`pinning = ${spec.pinning === "by-name" ? 1 : 0}`);
  if (members.has("numa_node")) found(`numa_node = ${spec.numaNode ?? 0}`);
  if (spec.innerMap === undefined) return;
  found("inner map definition");
  const values = btf?.type(members.get("values") ?? 0);
  const pointer = values?.kind === "array" ? btf?.type(btf.resolve(values.elementType)) : undefined;
  const inner = pointer?.kind === "ptr" ? structOf(btf, pointer.type) : undefined;
  sayDefinition(say, `${name}.inner`, spec.innerMap, btf, inner);
}
