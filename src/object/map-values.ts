import { INSTRUCTION_SIZE } from "../asm/index.ts";
import { MalformedInputError } from "../internal/index.ts";
import { BPF_MAP_TYPE_PROG_ARRAY } from "../uapi/bpf.ts";
import type { Code } from "./code.ts";
import { isMapOfMaps, type MapDefinition } from "./map-definitions.ts";
import type { ObjectSections } from "./sections.ts";
import type { MapSpec, MapValue } from "./spec.ts";

const POINTER_SIZE = 8;

/**
 * Adds the entries that maps of maps and program arrays are declared with (`.values = { &inner, ... }`), which
 * are in the relocations of `.maps`.
 *
 * @throws {MalformedInputError} when a slot refers to something else than a map or a program.
 */
export function addInitialValues(
  definitions: readonly MapDefinition[],
  sections: ObjectSections,
  code: Code,
): MapSpec[] {
  const values = new Map<MapDefinition, MapValue[]>();
  const tables = sections.maps === undefined ? [] : (sections.relocations.get(sections.maps.index) ?? []);
  for (const relocation of tables.flatMap((table) => sections.file.relocations(table))) {
    const symbol = sections.symbols[relocation.symbolIndex];
    const definition = definitions.find(
      ({ offsetBytes, sizeBytes }) =>
        relocation.offset >= offsetBytes && relocation.offset + POINTER_SIZE <= offsetBytes + sizeBytes,
    );
    if (symbol === undefined || definition === undefined) {
      throw fault("relocation outside of every map", relocation.offset);
    }
    const { spec, valuesOffset } = definition;
    const slot = (relocation.offset - definition.offsetBytes - (valuesOffset ?? 0)) / POINTER_SIZE;
    if (valuesOffset === undefined || slot < 0 || !Number.isInteger(slot)) {
      throw fault(`map "${spec.name}" is initialized outside of its "values"`, relocation.offset);
    }
    let value: MapValue | undefined;
    if (isMapOfMaps(spec.type) && symbol.sectionIndex === sections.maps?.index) {
      const inner = definitions.find(({ offsetBytes }) => offsetBytes === symbol.value);
      if (inner !== undefined) value = { slot, kind: "map", name: inner.spec.name };
    } else if (spec.type === BPF_MAP_TYPE_PROG_ARRAY) {
      const target = code.find(symbol.sectionIndex, symbol.value / INSTRUCTION_SIZE);
      if (target?.entry && target.slot * INSTRUCTION_SIZE === symbol.value) {
        value = { slot, kind: "program", name: target.name };
      }
    }
    if (value === undefined) {
      throw fault(
        `slot ${slot} of map "${spec.name}" refers to "${symbol.name}", which is no map or program for it`,
        relocation.offset,
      );
    }
    const all = values.get(definition);
    if (all === undefined) values.set(definition, [value]);
    else all.push(value);
  }
  return definitions.map((definition) => {
    const all = values.get(definition);
    if (all === undefined) return definition.spec;
    return { ...definition.spec, values: all.sort((a, b) => a.slot - b.slot) };
  });
}

function fault(message: string, offsetBytes: number): MalformedInputError {
  return new MalformedInputError(message, { section: ".maps", offsetBytes });
}
