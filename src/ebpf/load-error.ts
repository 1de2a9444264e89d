import type { Btf } from "../btf/index.ts";
import type { WasmBpfError } from "../internal/index.ts";
import { haveProgramType, missingFeature } from "../kernel/index.ts";
import { SystemCallError } from "../sys/index.ts";
import {
  BPF_MODIFY_RETURN,
  BPF_PROG_TYPE_EXT,
  BPF_PROG_TYPE_LSM,
  BPF_PROG_TYPE_STRUCT_OPS,
  BPF_PROG_TYPE_TRACING,
  BPF_TRACE_FENTRY,
  BPF_TRACE_FEXIT,
} from "../uapi/bpf.ts";
import { E2BIG, EINVAL, EPERM, errnoName } from "../uapi/errno.ts";
import { findPoison } from "./poison.ts";
import type { BpfProgram } from "./program.ts";
import { VerifierError } from "./verifier-error.ts";
import { saysNothing, sourceLineOf, summarizeLog } from "./verifier-log.ts";

/** A CO-RE relocation that this kernel cannot satisfy. */
export interface FailedCore {
  readonly instructionIndex: number;
  /** For example `byte offset of struct task_struct::pid (0:5)`. */
  readonly description: string;
  readonly reason: string;
}

/** What is known about a refused load. */
export interface RefusedLoad {
  readonly program: BpfProgram;
  readonly btf: Btf | undefined;
  readonly failedCore: readonly FailedCore[];
}

const CALL = "bpf(BPF_PROG_LOAD)";

/** Whether programs of this kind are entered through a trampoline that the kernel generates. */
export function needsTrampoline(type: number, attachType: number): boolean {
  switch (type) {
    case BPF_PROG_TYPE_TRACING:
      return [BPF_TRACE_FENTRY, BPF_TRACE_FEXIT, BPF_MODIFY_RETURN].includes(attachType);
    case BPF_PROG_TYPE_LSM:
    case BPF_PROG_TYPE_EXT:
    case BPF_PROG_TYPE_STRUCT_OPS:
      return true;
    default:
      return false;
  }
}

/** The error for a load that the kernel refused. @param log the whole verifier log, "" when it wrote none */
export function loadError(refused: RefusedLoad, errno: number, log: string): WasmBpfError {
  const missing = errno === EINVAL ? whatIsMissing(refused.program) : undefined;
  return saysNothing(log) || missing !== undefined
    ? refusedEarly(refused, errno, missing)
    : refusedByVerifier(refused, errno, log);
}

/** The type or attach type, when this kernel does not know it. */
function whatIsMissing({ type, expectedAttachType }: BpfProgram): string | undefined {
  const missing = missingFeature("program type", type, haveProgramType(type));
  if (missing !== undefined || expectedAttachType === 0) return missing;
  return missingFeature("attach type", expectedAttachType);
}

function refusedEarly({ program }: RefusedLoad, errno: number, missing: string | undefined): SystemCallError {
  const action = `Cannot load program "${program.name}"`;
  const count = program.instructions.length / 8;
  let why = "";
  if (
    errno === EPERM &&
    process.geteuid?.() === 0 &&
    needsTrampoline(program.type, program.expectedAttachType)
  ) {
    why = ": this kernel refuses programs that need a BPF trampoline (fentry, fexit, fmod_ret, LSM)";
  } else if (errno === EINVAL) {
    why =
      missing !== undefined
        ? `: ${missing}`
        : `: this kernel does not know its type (${program.section.name || program.type}), its attach type or one of its load options`;
  } else if (errno === E2BIG && count > 4096) {
    why = `: it has ${count} instructions, more than this kernel allows here`;
  }
  return new SystemCallError(errno, CALL, action + why);
}

function refusedByVerifier(refused: RefusedLoad, errno: number, log: string): VerifierError {
  const { program, btf } = refused;
  const summary = summarizeLog(log);
  const poison = findPoison(log);
  const explained = poison === undefined ? undefined : explainPoison(refused, poison);
  const source = sourceLineOf(btf, program.spec.lines, poison?.instructionIndex ?? summary.instructionIndex);
  const lines = [
    `Cannot load program "${program.name}": ${explained ?? `the verifier refused it with ${errnoName(errno)}: ${summary.reason}`}`,
  ];
  if (source !== undefined) lines.push(`  at ${source.file}:${source.line}:${source.column}: ${source.text}`);
  if (explained === undefined && summary.lastLines.length > 1) {
    lines.push("  the verifier's last lines:", ...summary.lastLines.map((line) => `    ${line}`));
  }
  return new VerifierError(lines.join("\n"), {
    program: program.name,
    errno,
    log,
    lastLines: summary.lastLines,
    source,
  });
}

function explainPoison(
  { program, failedCore }: RefusedLoad,
  poison: NonNullable<ReturnType<typeof findPoison>>,
): string {
  if (poison.kind === "core") {
    const failed = failedCore.find(({ instructionIndex }) => instructionIndex === poison.instructionIndex);
    return failed === undefined
      ? "it reaches a CO-RE relocation that this kernel cannot satisfy"
      : `it reaches a CO-RE relocation that this kernel cannot satisfy: ${failed.description}: ${failed.reason}`;
  }
  const reference = program.spec.references.find(
    ({ instructionIndex }) => instructionIndex === poison.instructionIndex,
  );
  if (reference?.kind === "map") return `it uses map "${reference.map}", which was not created`;
  if (reference === undefined) return "it uses something that was not created";
  return `it uses ${reference.kind} "${reference.extern}", which this kernel does not have`;
}
