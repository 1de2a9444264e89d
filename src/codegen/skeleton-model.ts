import type { MapSpec, ObjectSpec, VariableSpec } from "../object/index.ts";
import { BPF_F_MMAPABLE, BPF_MAP_TYPE_ARENA, BPF_MAP_TYPE_STRUCT_OPS } from "../uapi/bpf.ts";
import { skeletonName, toIdentifier } from "./identifier.ts";

/** A map as a member of the skeleton. */
export interface SkeletonMap {
  /** Member name in C: `rodata` for the map `.rodata`. */
  readonly identifier: string;
  /** {@link MapSpec.name} */
  readonly name: string;
  readonly spec: MapSpec;
  /** Its values are globals that the skeleton gives access to. */
  readonly section: SkeletonSection | undefined;
  readonly structOps: boolean;
}

/** A program as a member of the skeleton. */
export interface SkeletonProgram {
  readonly identifier: string;
  readonly name: string;
  readonly sectionName: string;
}

/** Globals of one section, in the order of their offsets. */
export interface SkeletonSection {
  readonly identifier: string;
  readonly kind: "rodata" | "data" | "bss" | "kconfig";
  readonly sizeBytes: number;
  readonly variables: readonly SkeletonVariable[];
}

/** A global variable as a member of the skeleton. */
export interface SkeletonVariable extends VariableSpec {
  readonly identifier: string;
}

/** What a skeleton offers, in whatever language it is written: members and order are bpftool's. */
export interface SkeletonModel {
  readonly name: string;
  readonly maps: readonly SkeletonMap[];
  readonly programs: readonly SkeletonProgram[];
}

const SECTION_PREFIXES: readonly string[] = [".data", ".rodata", ".bss", ".kconfig"];

/** Describes the skeleton of an object. */
export function skeletonModel(spec: ObjectSpec, name: string): SkeletonModel {
  const maps: SkeletonMap[] = [];
  for (const map of spec.maps) {
    const identifier = mapIdentifier(map);
    if (identifier === undefined) continue;
    maps.push({
      identifier,
      name: map.name,
      spec: map,
      section: skeletonSection(map, identifier),
      structOps: map.type === BPF_MAP_TYPE_STRUCT_OPS,
    });
  }
  const programs = spec.programs.map((program) => ({
    identifier: toIdentifier(program.name),
    name: program.name,
    sectionName: program.sectionName,
  }));
  return { name: skeletonName(name), maps, programs };
}

/** Member name of a map; `undefined` for a section of globals that skeletons do not show. */
function mapIdentifier(map: MapSpec): string | undefined {
  if (map.internal === undefined) return toIdentifier(map.name);
  const { section } = map.internal;
  return SECTION_PREFIXES.some((prefix) => section.startsWith(prefix))
    ? toIdentifier(section.slice(1))
    : undefined;
}

function skeletonSection(map: MapSpec, identifier: string): SkeletonSection | undefined {
  const { internal } = map;
  if (internal === undefined || map.type === BPF_MAP_TYPE_ARENA || (map.flags & BPF_F_MMAPABLE) === 0) {
    return undefined;
  }
  const variables = internal.variables
    .filter((variable) => variable.global && variable.typeId !== 0)
    .map((variable) => ({ ...variable, identifier: toIdentifier(variable.name) }))
    .sort((a, b) => a.offsetBytes - b.offsetBytes);
  return { identifier, kind: internal.kind, sizeBytes: internal.contents.length, variables };
}
