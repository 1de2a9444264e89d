import { WasmBpfError } from "../../internal/index.ts";
import { BPF_CORE_TYPE_ID_LOCAL } from "../../uapi/bpf.ts";
import type { Btf } from "../btf.ts";
import { essentialName } from "../strings.ts";
import { type AccessSpec, describeAccess, parseAccessSpec } from "./access-spec.ts";
import { kindsAreCompatible } from "./compatible.ts";
import { type CoreCandidate, explainMismatch } from "./explain.ts";
import { coreKind } from "./kinds.ts";
import { InstructionPatcher } from "./patch.ts";
import { matchTarget } from "./target-spec.ts";
import { type CoreResult, coreResult } from "./value.ts";

/** One relocation as `.BTF.ext` describes it, in terms of the linked program. */
export interface CoreRelocation {
  readonly instructionIndex: number;
  /** Type of the program's BTF. */
  readonly typeId: number;
  /** For example `0:1:2`. */
  readonly accessString: string;
  /** `BPF_CORE_*`. */
  readonly kind: number;
}

/** Candidates found so far, by type id of one program BTF; share it among the programs of an object. */
export type CoreCandidateCache = Map<number, readonly CoreCandidate[]>;

/** A program and what it is adapted to, for {@link relocateCore}. */
export interface CoreInput {
  readonly programName: string;
  /** Changed in place. */
  readonly instructions: Uint8Array;
  readonly relocations: readonly CoreRelocation[];
  /** The program's own BTF. */
  readonly local: Btf;
  /** The kernel's BTF first, then its modules'; each is asked for only when the ones before have no candidate. */
  readonly targets: readonly (() => Btf)[];
  readonly littleEndian: boolean;
  readonly candidates?: CoreCandidateCache;
  /** Told what becomes of each relocation. */
  readonly observe?: (outcome: CoreOutcome) => void;
}

/** What became of one relocation. */
export interface CoreOutcome {
  readonly instructionIndex: number;
  readonly relocationIndex: number;
  /** `BPF_CORE_*` */
  readonly kind: number;
  /** For example `byte offset of struct task_struct::recent_used_cpu (0:24)`. */
  readonly description: string;
  /** Value for the program's own types. */
  readonly original: bigint;
  /** Value for the target; `undefined` when the target does not have it. */
  readonly replacement: bigint | undefined;
  /** Why the instruction was made invalid. */
  readonly failure: string | undefined;
}

/** A relocation that the target cannot satisfy; its instruction is invalid now, which only matters if it is reached. */
export interface CoreFailure {
  readonly instructionIndex: number;
  readonly relocationIndex: number;
  /** For example `byte offset of struct task_struct::recent_used_cpu (0:24)`. */
  readonly description: string;
  readonly reason: string;
}

/** A relocation that makes no sense or has several answers; the program cannot be loaded. */
export class RelocationError extends WasmBpfError {
  readonly program: string;
  readonly relocationIndex: number;
  readonly instructionIndex: number;
  readonly field: string;
  constructor(
    place: { program: string; relocationIndex: number; instructionIndex: number; field: string },
    reason: string,
    options?: ErrorOptions,
  ) {
    const { program, relocationIndex, instructionIndex, field } = place;
    super(
      "RELOCATION",
      `Cannot relocate program "${program}": CO-RE relocation ${relocationIndex} ` +
        `at instruction ${instructionIndex} (${field}): ${reason}`,
      options,
    );
    this.program = program;
    this.relocationIndex = relocationIndex;
    this.instructionIndex = instructionIndex;
    this.field = field;
  }
}

/**
 * Adapts a program to the types of the kernel it is going to run on, by the rules of libbpf 1.8
 * (`relo_core.c`).
 *
 * @returns The relocations that could not be satisfied.
 * @throws {RelocationError} when a relocation is malformed or ambiguous.
 */
export function relocateCore(input: CoreInput): { failures: CoreFailure[] } {
  const failures: CoreFailure[] = [];
  const patcher = new InstructionPatcher(input.instructions, input.littleEndian);
  const cache: CoreCandidateCache = input.candidates ?? new Map();
  for (const [relocationIndex, relocation] of input.relocations.entries()) {
    const { instructionIndex } = relocation;
    let field = describeRelocation(relocation, undefined);
    try {
      const local = parseAccessSpec(input.local, relocation.typeId, relocation.accessString, relocation.kind);
      field = describeRelocation(relocation, local);
      const { result, tried } = resolve(input, relocation, local, cache);
      const refusal = patcher.patch(instructionIndex, result);
      const absent = refusal !== undefined && result.replacement === undefined;
      const reason = absent ? explainMismatch(local, relocation.kind, tried) : refusal;
      if (reason !== undefined) {
        failures.push({ instructionIndex, relocationIndex, description: field, reason });
      }
      input.observe?.({
        instructionIndex,
        relocationIndex,
        kind: relocation.kind,
        description: field,
        original: result.original,
        replacement: result.replacement,
        failure: reason,
      });
    } catch (error) {
      if (!(error instanceof WasmBpfError)) throw error;
      const place = { program: input.programName, relocationIndex, instructionIndex, field };
      throw new RelocationError(place, error.message, { cause: error });
    }
  }
  return { failures };
}

/** What of {@link CoreInput} it takes to look a relocation up. */
export type CoreScope = Pick<CoreInput, "local" | "targets" | "littleEndian">;

/** Answer of the target to one relocation. */
export interface CoreAnswer {
  readonly result: CoreResult;
  /** The access in the target's types; `undefined` when it does not have it, and for local type ids. */
  readonly target: AccessSpec | undefined;
  /** The types of the right name that were considered. */
  readonly tried: readonly CoreCandidate[];
}

/** Looks one relocation up in the targets. @throws {WasmBpfError} when it is malformed or ambiguous. */
export function resolve(
  input: CoreScope,
  relocation: CoreRelocation,
  local: AccessSpec,
  cache: CoreCandidateCache,
): CoreAnswer {
  const { kind, typeId } = relocation;
  if (coreKind(kind) === undefined)
    throw new WasmBpfError("RELOCATION", `relocation kind ${kind} is not known`);
  if (kind === BPF_CORE_TYPE_ID_LOCAL) {
    const value = BigInt(typeId);
    return { result: { ...FIXED, original: value, replacement: value }, target: undefined, tried: [] };
  }
  const candidates = findCandidates(input, typeId, cache);
  const matching: CoreCandidate[] = [];
  let first: { spec: AccessSpec; result: CoreResult } | undefined;
  for (const candidate of candidates) {
    const spec = matchTarget(local, candidate.btf, candidate.id, kind);
    if (spec === undefined) continue;
    const result = coreResult(kind, local, spec, input.littleEndian);
    if (first === undefined) {
      first = { spec, result };
    } else if (spec.bitOffset !== first.spec.bitOffset || result.replacement !== first.result.replacement) {
      throw new WasmBpfError(
        "RELOCATION",
        `ambiguous: ${describeAccess(first.spec)} (type ${first.spec.rootTypeId}) gives ` +
          `${first.result.replacement} at bit ${first.spec.bitOffset}, ${describeAccess(spec)} ` +
          `(type ${spec.rootTypeId}) gives ${result.replacement} at bit ${spec.bitOffset}`,
      );
    }
    matching.push(candidate);
  }
  if (first === undefined) {
    const result = coreResult(kind, local, undefined, input.littleEndian);
    return { result, target: undefined, tried: candidates };
  }
  // Later relocations of this type only consider the candidates that had everything so far.
  cache.set(typeId, matching);
  return { result: first.result, target: first.spec, tried: candidates };
}

const FIXED: Omit<CoreResult, "original" | "replacement"> = {
  validate: false,
  originalBytes: 0,
  replacementBytes: 0,
  resizable: true,
};

/**
 * Types of the same name, flavors ignored: those of the kernel, or if it has none those of all modules.
 *
 * @throws {WasmBpfError} when the type has no name.
 */
export function findCandidates(
  input: CoreScope,
  typeId: number,
  cache: CoreCandidateCache,
): readonly CoreCandidate[] {
  const known = cache.get(typeId);
  if (known !== undefined) return known;
  const name = essentialName(input.local.name(typeId));
  if (name === "") throw new WasmBpfError("RELOCATION", "the type has no name to search for");
  const localKind = input.local.kind(typeId);
  const kinds = localKind === "enum" || localKind === "enum64" ? (["enum", "enum64"] as const) : [localKind];
  const found: CoreCandidate[] = [];
  for (const [i, target] of input.targets.entries()) {
    const btf = target();
    for (const id of btf.candidates(name, kinds)) {
      if (kindsAreCompatible(localKind, btf.kind(id))) found.push({ btf, id, targetIndex: i });
    }
    if (i === 0 && found.length > 0) break;
  }
  cache.set(typeId, found);
  return found;
}

/** For example `byte offset of struct task_struct::recent_used_cpu (0:24)`. */
export function describeRelocation(relocation: CoreRelocation, local: AccessSpec | undefined): string {
  const phrase = coreKind(relocation.kind)?.phrase ?? `kind ${relocation.kind}`;
  return `${phrase} of ${local === undefined ? `type ${relocation.typeId} (${relocation.accessString})` : describeAccess(local)}`;
}
