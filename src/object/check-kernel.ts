import {
  BTF_KIND_FUNC,
  type Btf,
  type CoreCandidateCache,
  type CoreOutcome,
  relocateCore,
} from "../btf/index.ts";
import { WasmBpfError } from "../internal/index.ts";
import { BPF_CORE_FIELD_BYTE_OFFSET, BPF_PROG_TYPE_EXT } from "../uapi/bpf.ts";
import { attachName } from "./attach-name.ts";
import { reachableSlots } from "./reachable.ts";
import type { ObjectSpec, ProgramSpec } from "./spec.ts";

/**
 * What a kernel says to something that a program needs of it:
 * - `ok`: it is there as the program was compiled
 * - `moved`: it is there and has another offset, size or value, which CO-RE puts in
 * - `absent`: it is not there, and the program asks whether it is
 * - `unreachable`: it is not there, and what uses it cannot run on this kernel
 * - `missing`: it is not there or of another kind; the program does not load
 */
export type KernelAnswer = "ok" | "moved" | "absent" | "unreachable" | "missing";

/** One thing a program needs of a kernel. */
export interface KernelNeed {
  /** A CO-RE relocation, the function or tracepoint that the program is attached to, or a kernel function it calls. */
  readonly kind: "relocation" | "target" | "kfunc";
  /** For example `byte offset of struct task_struct::tgid (0:1)`. */
  readonly description: string;
  /** Of a relocation, in the linked program. */
  readonly instructionIndex?: number;
  readonly answer: KernelAnswer;
  /** What differs or is missing, for people; "" when there is nothing to say. */
  readonly detail: string;
}

/** What a kernel says to one program. */
export interface ProgramCheck {
  readonly program: string;
  /** No answer is `missing`. */
  readonly ok: boolean;
  readonly needs: readonly KernelNeed[];
}

/**
 * Tells whether an object's programs find on a kernel what they need: types and fields for their CO-RE relocations,
 * what they are attached to, and the kernel functions that they call. Nothing is loaded.
 *
 * @param kernel BTF of the kernel; a reduced one has no functions, then those are not looked for
 */
export function checkKernel(spec: ObjectSpec, kernel: Btf): ProgramCheck[] {
  const candidates: CoreCandidateCache = new Map();
  const hasFunctions = hasFunction(kernel);
  return spec.programs.map((program) => {
    const needs = [
      ...(hasFunctions ? targetNeeds(program, kernel) : []),
      ...(hasFunctions ? functionNeeds(program, spec, kernel) : []),
      ...relocationNeeds(program, spec, kernel, candidates),
    ];
    return { program: program.name, ok: needs.every(({ answer }) => answer !== "missing"), needs };
  });
}

function hasFunction(btf: Btf): boolean {
  for (let id = btf.typeCount - 1; id > 0; id--) if (btf.kind(id) === "func") return true;
  return false;
}

function targetNeeds({ section }: ProgramSpec, kernel: Btf): KernelNeed[] {
  const { target, needsAttachBtf, programType, expectedAttachType } = section;
  // Functions of modules are in the modules' own BTF.
  if (!needsAttachBtf || target === undefined || programType === BPF_PROG_TYPE_EXT || target.includes(":"))
    return [];
  const { prefix, kind, what } = attachName(expectedAttachType);
  const found = kernel.find(prefix + target, kind) !== undefined;
  return [
    {
      kind: "target",
      description: `${what} ${target}`,
      answer: found ? "ok" : "missing",
      detail: found ? "" : `the kernel has no ${what} ${target}`,
    },
  ];
}

function functionNeeds(program: ProgramSpec, spec: ObjectSpec, kernel: Btf): KernelNeed[] {
  const names = new Set(
    program.references.flatMap((reference) => (reference.kind === "kfunc" ? [reference.extern] : [])),
  );
  return [...names].map((name): KernelNeed => {
    const found = kernel.find(name, BTF_KIND_FUNC) !== undefined;
    const weak = spec.externs.find((extern) => extern.name === name)?.weak === true;
    return {
      kind: "kfunc",
      description: `kernel function ${name}`,
      answer: found ? "ok" : weak ? "absent" : "missing",
      detail: found ? "" : `the kernel has no function ${name}; a module may have it`,
    };
  });
}

function relocationNeeds(
  program: ProgramSpec,
  spec: ObjectSpec,
  kernel: Btf,
  candidates: CoreCandidateCache,
): KernelNeed[] {
  if (spec.btf === undefined || program.coreRelocations.length === 0) return [];
  const instructions = program.instructions.slice();
  const outcomes: CoreOutcome[] = [];
  let failure: KernelNeed | undefined;
  try {
    relocateCore({
      programName: program.name,
      instructions,
      relocations: program.coreRelocations,
      local: spec.btf,
      targets: [() => kernel],
      littleEndian: spec.littleEndian,
      candidates,
      observe: (outcome) => outcomes.push(outcome),
    });
  } catch (error) {
    if (!(error instanceof WasmBpfError)) throw error;
    const description = `relocation ${outcomes.length}`;
    failure = { kind: "relocation", description, answer: "missing", detail: error.message };
  }
  const reachable = outcomes.some((outcome) => outcome.failure !== undefined)
    ? reachableSlots(instructions, spec.littleEndian)
    : undefined;
  const needs = outcomes.map((outcome): KernelNeed => {
    const { description, instructionIndex } = outcome;
    const runs = reachable?.[instructionIndex] !== 0;
    return { kind: "relocation", description, instructionIndex, ...answerOf(outcome, runs) };
  });
  return failure === undefined ? needs : [...needs, failure];
}

function answerOf(outcome: CoreOutcome, runs: boolean): Pick<KernelNeed, "answer" | "detail"> {
  const { failure, original, replacement, kind } = outcome;
  if (failure !== undefined) return { answer: runs ? "missing" : "unreachable", detail: failure };
  if (replacement === original) return { answer: "ok", detail: "" };
  if (replacement === 0n && kind !== BPF_CORE_FIELD_BYTE_OFFSET) return { answer: "absent", detail: "" };
  return { answer: "moved", detail: `${replacement} instead of ${original}` };
}
