import { type Btf, type CoreCandidateCache, relocateCore } from "../btf/index.ts";
import { WasmBpfError } from "../internal/index.ts";
import {
  haveProgramBindMap,
  kernelBtf,
  kernelVersion,
  ModuleBtfs,
  machineIsLittleEndian,
  moduleBtf,
  moduleNames,
} from "../kernel/index.ts";
import { loadableBtf, type ObjectSpec, type ProgramSpec } from "../object/index.ts";
import { BpfAttr, getSys } from "../sys/index.ts";
import {
  BPF_PROG_BIND_MAP,
  BPF_PROG_TYPE_EXT,
  BPF_PROG_TYPE_KPROBE,
  BPF_PROG_TYPE_STRUCT_OPS,
} from "../uapi/bpf.ts";
import { type AttachBtf, findKernelTarget, findProgramTarget } from "./attach-target.ts";
import { adaptContexts } from "./context-arguments.ts";
import { createMaps, fillProgramArrays, fillStructOps, type NewPins } from "./create-maps.ts";
import { fillKconfig } from "./kconfig-externs.ts";
import { KsymResolver } from "./ksyms.ts";
import type { FailedCore } from "./load-error.ts";
import type { LoadObserver } from "./load-observer.ts";
import { type DebugRecords, debugRecords, loadOneProgram, type ProgramOverrides } from "./load-program.ts";
import type { BpfMap } from "./map.ts";
import type { BpfObject } from "./object.ts";
import { loadObjectBtf } from "./object-btf.ts";
import type { BpfProgram } from "./program.ts";
import { programDigest } from "./program-digest.ts";
import { KCONFIG_MAP, type RelocationTargets, relocateReferences, replaceProbeReads } from "./relocate.ts";
import { prepareStructOps } from "./struct-ops.ts";

/** A program whose types are adapted to the kernel. */
interface AdaptedProgram {
  readonly program: BpfProgram;
  readonly failedCore: readonly FailedCore[];
}

/** An object between the two steps of its load: its maps exist, and its programs are adapted to this kernel. */
export interface PreparedObject extends Disposable {
  /** The object's BTF, -1 when the kernel has not got it. The caller closes it. */
  readonly btfFd: number;
  /**
   * Loads one program, before the others are.
   *
   * @throws {WasmBpfError} on any failure; what was loaded is the caller's to close.
   */
  loadProgram(program: BpfProgram, overrides: ProgramOverrides | undefined): void;
  /** Func info and line info of a program; `undefined` when it is none of those that are adapted. */
  debugRecords(program: BpfProgram): DebugRecords | undefined;
  /**
   * Loads the programs that still have `autoload` and are not loaded yet.
   *
   * @throws {WasmBpfError} on any failure; programs loaded before are the caller's to close.
   */
  loadPrograms(): void;
  /** Removes the pins that were made. */
  unpin(): void;
}

/**
 * Creates the maps of an object, and resolves what its programs refer to.
 *
 * @throws {WasmBpfError} on any failure; pins and BTF made here are gone then, maps are the caller's to close.
 */
export function prepareObject(object: BpfObject): PreparedObject {
  const { spec } = object;
  if (spec.littleEndian !== machineIsLittleEndian()) {
    throw new WasmBpfError(
      "NOT_SUPPORTED",
      `Object "${object.name}" is ${spec.littleEndian ? "little" : "big"}-endian and this machine is not`,
    );
  }
  const pins: NewPins = [];
  const modules = new ModuleBtfs();
  let btfFd = -1;
  try {
    const { observer } = object.options;
    const structOps = prepareStructOps(object.maps, object.programs, spec.btf, modules, observer);
    const programs = [...object.programs.values()].filter(({ autoload }) => autoload);
    const externs = new Map(spec.externs.map((extern) => [extern.name, extern]));
    fillKconfigMap(object);
    const symbols = resolveSymbols(spec, modules, observer);
    const adapted = adaptPrograms(object, programs);
    const loadable = loadableBtf(spec);
    const contexts = loadable === undefined ? undefined : adaptContexts(loadable, programs);
    const functionTypes = contexts?.functionTypes;
    if (contexts !== undefined) btfFd = loadObjectBtf(contexts.btf).fd;
    const targets: RelocationTargets = {
      maps: object.maps,
      externs,
      ksym: (name) => symbols?.get(name) ?? { kind: "missing" },
    };
    digestExclusivePrograms(object, programs, targets);
    createMaps(object.maps, btfFd, pins, observer);
    for (const { program } of adapted) {
      if (program.replaced) continue;
      relocateReferences(program.instructions, program.spec.references, targets);
      replaceProbeReads(program.instructions);
    }
    const load = ({ program, failedCore }: AdaptedProgram, overrides?: ProgramOverrides): void => {
      observer?.programLoading?.(program);
      loadOneProgram({
        program,
        attach: structOps.get(program) ?? findAttach(program, modules),
        license: spec.license,
        // Only kernels before 5.0 look at it, and only for this type.
        kernelVersion: spec.kernelVersion || (program.type === BPF_PROG_TYPE_KPROBE ? kernelVersion() : 0),
        btf: spec.btf,
        functionTypes: functionTypes?.get(program),
        btfFd,
        fdArray: symbols?.fdArray,
        logLevel: object.options.kernelLogLevel ?? 0,
        failedCore,
        observer,
        overrides,
      });
    };
    return {
      btfFd,
      loadProgram(program, overrides) {
        const found = adapted.find((candidate) => candidate.program === program);
        if (found === undefined) throw notAdapted(program);
        load(found, overrides);
      },
      debugRecords: (program) =>
        programs.includes(program) ? debugRecords(program.spec, functionTypes?.get(program)) : undefined,
      loadPrograms() {
        const loadable = adapted.filter(({ program }) => program.autoload);
        for (const each of loadable) {
          if (!each.program.loaded) load(each);
        }
        observer?.programsLoaded?.();
        bindReadOnlyData(
          object,
          loadable.map(({ program }) => program),
        );
        fillProgramArrays(object.maps, object.programs, observer);
        fillStructOps(object.maps, object.programs);
      },
      unpin() {
        for (const map of pins.splice(0)) unpinAgain(map, observer);
      },
      [Symbol.dispose]: () => modules.close(),
    };
  } catch (error) {
    for (const map of pins) unpinAgain(map, object.options.observer);
    if (btfFd >= 0) getSys().close(btfFd);
    modules.close();
    throw error;
  }
}

/** Maps that are for one program only are created with its digest, which does not depend on them. */
function digestExclusivePrograms(
  { maps }: BpfObject,
  adapted: readonly BpfProgram[],
  targets: RelocationTargets,
): void {
  for (const map of maps.values()) {
    const program = map.exclusiveProgram;
    if (program === undefined) continue;
    const instructions = program.instructions.slice();
    if (adapted.includes(program) && !program.replaced) {
      relocateReferences(instructions, program.spec.references, { ...targets, beforeMaps: true });
    }
    map.exclusiveHash = programDigest(instructions);
  }
}

function notAdapted({ name }: BpfProgram): WasmBpfError {
  return new WasmBpfError(
    "INVALID_ARGUMENT",
    `Cannot load program "${name}": it was left out when its object was prepared`,
  );
}

function unpinAgain(map: BpfMap, observer: LoadObserver | undefined): void {
  map.unpin();
  observer?.mapUnpinned?.(map);
}

/** Finds the kernel symbols that the object names, also those that only programs use that are not loaded, as libbpf. */
function resolveSymbols(
  { btf, externs }: ObjectSpec,
  modules: ModuleBtfs,
  observer: LoadObserver | undefined,
): KsymResolver | undefined {
  const symbols = externs.filter(({ kind }) => kind !== "kconfig");
  if (symbols.length === 0 || btf === undefined) return undefined;
  const resolver = new KsymResolver(btf, modules, observer);
  resolver.resolve(symbols);
  return resolver;
}

function fillKconfigMap({ spec, maps, options }: BpfObject): void {
  const contents = maps.get(KCONFIG_MAP)?.initialValue;
  if (contents === undefined || spec.btf === undefined) return;
  fillKconfig(spec.btf, spec.externs, contents, options.kconfig, options.observer);
}

/** Gives each program its own instructions and applies its CO-RE relocations. */
function adaptPrograms(object: BpfObject, programs: readonly BpfProgram[]): AdaptedProgram[] {
  const candidates: CoreCandidateCache = new Map();
  const targets = coreTargets(object.options.kernelBtf);
  const local = object.spec.btf;
  object.options.observer?.adapting?.(targets);
  return programs.map((program) => {
    const relocations: ProgramSpec["coreRelocations"] = program.spec.coreRelocations;
    if (program.replaced) return { program, failedCore: [] };
    const instructions = program.copyInstructions();
    if (local === undefined || relocations.length === 0) return { program, failedCore: [] };
    const { failures } = relocateCore({
      programName: program.name,
      instructions,
      relocations,
      local,
      targets,
      littleEndian: object.spec.littleEndian,
      candidates,
    });
    return { program, failedCore: failures };
  });
}

function coreTargets(instead: Btf | (() => Btf) | undefined): (() => Btf)[] {
  if (instead !== undefined) return [typeof instead === "function" ? instead : () => instead];
  const parsed = new Map<string, Btf>();
  const modules = moduleNames().map((name) => (): Btf => {
    // A module that was unloaded meanwhile has nothing that the kernel has not.
    const btf = parsed.get(name) ?? moduleBtf(name) ?? kernelBtf();
    parsed.set(name, btf);
    return btf;
  });
  return [kernelBtf, ...modules];
}

function findAttach(program: BpfProgram, modules: ModuleBtfs): AttachBtf {
  const { section, attachTarget } = program;
  if (program.type === BPF_PROG_TYPE_STRUCT_OPS) {
    throw new WasmBpfError(
      "INVALID_ARGUMENT",
      `Cannot load program "${program.name}": no struct_ops map that is created uses it`,
    );
  }
  if (!section.needsAttachBtf && attachTarget.functionName === undefined) return { typeId: 0, fd: 0 };
  const target = attachTarget.functionName ?? section.target;
  if (target === undefined || target === "") {
    throw new WasmBpfError(
      "INVALID_ARGUMENT",
      `Cannot load program "${program.name}": section "${program.spec.sectionName}" names no target; set one with setAttachTarget()`,
    );
  }
  if (attachTarget.programFd !== undefined)
    return findProgramTarget(program.name, target, attachTarget.programFd);
  if (program.type === BPF_PROG_TYPE_EXT) {
    throw new WasmBpfError(
      "INVALID_ARGUMENT",
      `Cannot load program "${program.name}": it replaces a function of a BPF program; set that with setAttachTarget({ programFd })`,
    );
  }
  return findKernelTarget(program.name, target, program.expectedAttachType, modules);
}

/** Keeps read-only data alive with programs that do not use it, as tools read metadata from there. */
function bindReadOnlyData(object: BpfObject, programs: readonly BpfProgram[]): void {
  for (const map of object.maps.values()) {
    if (map.spec.internal?.kind !== "rodata" || !map.loaded) continue;
    for (const program of programs) {
      const uses = program.spec.references.some(
        (reference) => reference.kind === "map" && reference.map === map.name,
      );
      if (uses || !haveProgramBindMap()) continue;
      getSys().bpf(BPF_PROG_BIND_MAP, new BpfAttr(12).u32(0, program.fd).u32(4, map.fd));
    }
  }
}
