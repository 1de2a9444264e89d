import { decodeInstructions, OP_CALL } from "../../asm/index.ts";
import { type Btf, describeCoreRelocation, typeText } from "../../btf/index.ts";
import { parseObject } from "../parse.ts";
import type { MapSpec, ObjectSpec, ProgramSpec, VariableSpec } from "../spec.ts";
import { type Ability, neededCapabilities, programAbilities } from "./abilities.ts";
import { helperName, mapFlagNames, mapTypeName, programTypeName } from "./names.ts";

/** What is in a BPF object and what it can do, found without loading it. */
export interface ObjectReport {
  readonly sizeBytes: number;
  readonly license: string;
  readonly littleEndian: boolean;
  /** Types in its BTF, 0 without BTF. */
  readonly btfTypes: number;
  readonly programs: readonly ProgramReport[];
  readonly maps: readonly MapReport[];
  readonly globals: readonly GlobalReport[];
  /** Kernel options and symbols that it asks for. */
  readonly externs: readonly { readonly name: string; readonly kind: string; readonly weak: boolean }[];
  /** What it can change outside its own maps. */
  readonly abilities: readonly Ability[];
  /** Linux capabilities that loading and attaching it needs. */
  readonly capabilities: readonly string[];
}

/** A program of an object: where it runs and what it uses. */
export interface ProgramReport {
  readonly name: string;
  readonly section: string;
  /** Program type in the kernel's spelling without its prefix, such as `tracing`. */
  readonly type: string;
  /** Kind of hook, such as `tracepoint`; "" when the section does not say. */
  readonly hook: string;
  /** What it is attached to, such as `sched/sched_process_exec`; `undefined` when the guest says. */
  readonly target?: string;
  readonly autoload: boolean;
  readonly sleepable: boolean;
  readonly instructions: number;
  readonly helpers: readonly string[];
  readonly kfuncs: readonly string[];
  readonly maps: readonly string[];
  /** What it asks of the kernel's types, such as `byte offset of struct task_struct::pid (0:24)`. */
  readonly coreRelocations: readonly string[];
  readonly abilities: readonly Ability[];
}

/** A map of an object, with the kernel's names for type and flags. */
export interface MapReport {
  readonly name: string;
  readonly type: string;
  readonly keySizeBytes: number;
  readonly valueSizeBytes: number;
  /** 0 when it is settled when the object is loaded, such as the number of CPUs. */
  readonly maxEntries: number;
  readonly flags: readonly string[];
  readonly pinned: boolean;
  readonly keyType?: string;
  readonly valueType?: string;
}

/** A global variable of an object. */
export interface GlobalReport {
  readonly name: string;
  readonly section: string;
  readonly type: string;
  readonly sizeBytes: number;
  /** Constant once the object is loaded. */
  readonly constant: boolean;
}

/**
 * Describes a BPF object.
 *
 * @throws {MalformedInputError} when the file is damaged.
 * @throws {WasmBpfError} code `NOT_SUPPORTED` when it cannot be loaded anyway.
 */
export function inspectObject(bytes: Uint8Array): ObjectReport {
  const spec = parseObject(bytes);
  const programs = spec.programs.map((program) => inspectProgram(spec, program));
  const capabilities = spec.programs.flatMap(({ section }, i) =>
    neededCapabilities(section.programType, programs[i]?.helpers ?? []),
  );
  return {
    sizeBytes: bytes.length,
    license: spec.license,
    littleEndian: spec.littleEndian,
    btfTypes: spec.btf === undefined ? 0 : spec.btf.typeCount - 1,
    programs,
    maps: spec.maps.map((map) => inspectMap(spec.btf, map)),
    globals: spec.maps.flatMap((map) => inspectGlobals(spec.btf, map)),
    externs: spec.externs.map(({ name, kind, weak }) => ({ name, kind, weak })),
    abilities: distinct(programs.flatMap(({ abilities }) => abilities)),
    capabilities: [...new Set(["CAP_BPF", ...capabilities])],
  };
}

function inspectProgram(spec: ObjectSpec, program: ProgramSpec): ProgramReport {
  const { section } = program;
  const helpers = new Set<string>();
  const instructions = decodeInstructions(program.instructions, spec.littleEndian);
  for (const { opcode, src, imm } of instructions) {
    if (opcode === OP_CALL && src === 0) helpers.add(helperName(imm) ?? `helper ${imm}`);
  }
  const kfuncs = program.references.flatMap((reference) =>
    reference.kind === "kfunc" ? [reference.extern] : [],
  );
  const maps = program.references.flatMap((reference) => (reference.kind === "map" ? [reference.map] : []));
  const relocations = program.coreRelocations.map((relocation) =>
    spec.btf === undefined ? "" : describeCoreRelocation(spec.btf, relocation),
  );
  const used = { helpers: [...helpers], kfuncs: [...new Set(kfuncs)] };
  const type = programTypeName(section.programType);
  return {
    name: program.name,
    section: program.sectionName,
    type,
    hook: section.attachHook,
    ...(section.target === undefined ? {} : { target: section.target }),
    autoload: program.autoload,
    sleepable: section.sleepable,
    instructions: program.instructions.length / 8,
    ...used,
    maps: [...new Set(maps)],
    coreRelocations: [...new Set(relocations)],
    abilities: programAbilities({
      ...used,
      type: section.programType,
      typeName: type,
      attachType: section.expectedAttachType,
    }),
  };
}

function inspectMap(btf: Btf | undefined, map: MapSpec): MapReport {
  const typed = (id: number): string | undefined =>
    btf === undefined || id === 0 ? undefined : typeText(btf, id);
  const keyType = typed(map.keyTypeId);
  const valueType = map.internal === undefined ? typed(map.valueTypeId) : undefined;
  return {
    name: map.name,
    type: mapTypeName(map.type),
    keySizeBytes: map.keySizeBytes,
    valueSizeBytes: map.valueSizeBytes,
    maxEntries: map.maxEntries,
    flags: mapFlagNames(map.flags),
    pinned: map.pinning !== "none",
    ...(keyType === undefined ? {} : { keyType }),
    ...(valueType === undefined ? {} : { valueType }),
  };
}

function inspectGlobals(btf: Btf | undefined, map: MapSpec): GlobalReport[] {
  const global = ({ name, typeId, sizeBytes }: VariableSpec): GlobalReport => ({
    name,
    section: map.internal?.section ?? map.arena?.section ?? "",
    type: btf === undefined || typeId === 0 ? "" : typeText(btf, typeId),
    sizeBytes,
    constant: map.internal?.kind === "rodata" || map.internal?.kind === "kconfig",
  });
  return (map.internal ?? map.arena)?.variables.map(global) ?? [];
}

/** Abilities that several programs share are one. */
function distinct(abilities: readonly Ability[]): Ability[] {
  const byText = new Map(abilities.map((ability) => [`${ability.what} ${ability.by}`, ability]));
  return [...byText.values()];
}
