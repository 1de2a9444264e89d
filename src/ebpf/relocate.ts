import { BPF_CALL, BPF_JMP, INSTRUCTION_SIZE, OP_LDIMM64 } from "../asm/index.ts";
import { haveProbeReadKernel } from "../kernel/index.ts";
import type { ExternSpec, ProgramSpec } from "../object/index.ts";
import {
  BPF_FUNC_probe_read,
  BPF_FUNC_probe_read_kernel,
  BPF_FUNC_probe_read_kernel_str,
  BPF_FUNC_probe_read_str,
  BPF_FUNC_probe_read_user,
  BPF_FUNC_probe_read_user_str,
  BPF_PSEUDO_BTF_ID,
  BPF_PSEUDO_KFUNC_CALL,
  BPF_PSEUDO_MAP_FD,
  BPF_PSEUDO_MAP_VALUE,
} from "../uapi/bpf.ts";
import type { ResolvedKsym } from "./ksyms.ts";
import type { BpfMap } from "./map.ts";
import { poisonKfunc, poisonMap } from "./poison.ts";

/** What references are resolved with. */
export interface RelocationTargets {
  readonly maps: ReadonlyMap<string, BpfMap>;
  readonly externs: ReadonlyMap<string, ExternSpec>;
  ksym(name: string): ResolvedKsym;
  /** Maps are not created yet: those that will be have descriptor 0. */
  readonly beforeMaps?: boolean;
}

/** No descriptor at all. */
const NO_FD = -1;

/**
 * Takes descriptors out of instructions as an object file has them: they are numbers of this process, which whoever made
 * the file cannot know. Changes `instructions` in place.
 */
export function clearDescriptors(instructions: Uint8Array): void {
  const view = new DataView(instructions.buffer, instructions.byteOffset, instructions.length);
  for (let at = 0; at + 2 * INSTRUCTION_SIZE <= instructions.length; at += INSTRUCTION_SIZE) {
    if (view.getUint8(at) !== OP_LDIMM64) continue;
    const pseudo = view.getUint8(at + 1) >> 4;
    if (pseudo === BPF_PSEUDO_MAP_FD || pseudo === BPF_PSEUDO_MAP_VALUE) view.setInt32(at + 4, NO_FD, true);
    at += INSTRUCTION_SIZE;
    // 0 is the kernel itself.
    const isModule = pseudo === BPF_PSEUDO_BTF_ID && view.getInt32(at + 4, true) !== 0;
    if (isModule) view.setInt32(at + 4, NO_FD, true);
  }
}

/** Name of the map that kconfig variables live in. */
export const KCONFIG_MAP = ".kconfig";

/** Fills in maps, variables, kconfig values, kernel symbols and kernel functions. Changes `instructions` in place. */
export function relocateReferences(
  instructions: Uint8Array,
  references: ProgramSpec["references"],
  targets: RelocationTargets,
): void {
  const view = new DataView(instructions.buffer, instructions.byteOffset, instructions.length);
  const load = (at: number, pseudo: number, low: number, high: number): void => {
    setSource(instructions, at, pseudo);
    view.setInt32(at + 4, low, true);
    view.setInt32(at + INSTRUCTION_SIZE + 4, high, true);
  };
  const fdOf = (map: BpfMap): number => (targets.beforeMaps ? 0 : map.fd);
  references.forEach((reference) => {
    const { instructionIndex } = reference;
    const at = instructionIndex * INSTRUCTION_SIZE;
    if (reference.kind === "map" || reference.kind === "kconfig") {
      const name = reference.kind === "map" ? reference.map : KCONFIG_MAP;
      const map = targets.maps.get(name);
      const offset =
        reference.kind === "map"
          ? reference.valueOffset
          : (targets.externs.get(reference.extern)?.offsetBytes ?? 0);
      if (map === undefined || !(targets.beforeMaps ? map.autocreate : map.loaded))
        poisonMap(instructions, instructionIndex, place(targets.maps, name));
      else if (offset === undefined) load(at, BPF_PSEUDO_MAP_FD, fdOf(map), 0);
      else load(at, BPF_PSEUDO_MAP_VALUE, fdOf(map), (map.variablesOffsetBytes + offset) | 0);
      return;
    }
    const symbol = targets.ksym(reference.extern);
    if (reference.kind === "kfunc") {
      setSource(instructions, at, BPF_PSEUDO_KFUNC_CALL);
      if (symbol.kind !== "btf") {
        poisonKfunc(instructions, instructionIndex, place(targets.externs, reference.extern));
        return;
      }
      view.setInt16(at + 2, symbol.fdArrayIndex, true);
      view.setInt32(at + 4, symbol.typeId, true);
      return;
    }
    if (symbol.kind === "btf") {
      load(at, BPF_PSEUDO_BTF_ID, symbol.typeId, symbol.btfFd);
      return;
    }
    const address = symbol.kind === "address" ? symbol.address : 0n;
    load(at, 0, Number(BigInt.asIntN(32, address)), Number(BigInt.asIntN(32, address >> 32n)));
  });
}

/** Place of a name among the object's. */
function place(names: ReadonlyMap<string, unknown>, name: string): number {
  return [...names.keys()].indexOf(name);
}

/** Source register or pseudo kind: the high nibble of the register byte. */
function setSource(instructions: Uint8Array, at: number, source: number): void {
  instructions[at + 1] = ((instructions[at + 1] ?? 0) & 0x0f) | (source << 4);
}

const PROBE_READ_FALLBACKS: ReadonlyMap<number, number> = new Map([
  [BPF_FUNC_probe_read_kernel, BPF_FUNC_probe_read],
  [BPF_FUNC_probe_read_user, BPF_FUNC_probe_read],
  [BPF_FUNC_probe_read_kernel_str, BPF_FUNC_probe_read_str],
  [BPF_FUNC_probe_read_user_str, BPF_FUNC_probe_read_str],
]);

/**
 * On kernels without the helpers that tell kernel and user memory apart (before 5.5) calls the older ones, which
 * read both. Changes `instructions` in place.
 */
export function replaceProbeReads(instructions: Uint8Array): void {
  const view = new DataView(instructions.buffer, instructions.byteOffset, instructions.length);
  for (let at = 0; at < instructions.length; at += INSTRUCTION_SIZE) {
    if (instructions[at] !== (BPF_JMP | BPF_CALL) || instructions[at + 1] !== 0) continue;
    const fallback = PROBE_READ_FALLBACKS.get(view.getInt32(at + 4, true));
    if (fallback === undefined) continue;
    if (haveProbeReadKernel()) return;
    view.setInt32(at + 4, fallback, true);
  }
}
