import { BPF_LD } from "../../asm/index.ts";
import { type CoreOutcome, libbpfRelocationText } from "../../btf/index.ts";
import type { BpfObject, BpfProgram } from "../../ebpf/index.ts";

/** What libbpf says of a CO-RE relocation that is done, but for the candidates it looked at. */
export function coreLines(object: BpfObject, program: BpfProgram, outcome: CoreOutcome): string[] {
  const { instructionIndex, relocationIndex, original, replacement, failure } = outcome;
  const relocation = program.spec.coreRelocations[relocationIndex];
  const { btf } = object.spec;
  if (relocation === undefined || btf === undefined) return [];
  const head = `prog '${program.name}': relo #${relocationIndex}:`;
  const lines = [`${head} ${libbpfRelocationText(btf, relocation)}`];
  if (replacement === undefined) lines.push(`${head} no matching targets found`);
  if (failure !== undefined) {
    lines.push(`${head} substituting insn #${instructionIndex} w/ invalid insn`);
  } else if (replacement !== undefined) {
    const place = patchedPlace(program, instructionIndex);
    lines.push(`${head} patched insn #${instructionIndex} ${place} ${original} -> ${replacement}`);
  }
  return lines;
}

/** The part of an instruction that a relocation changes. */
function patchedPlace({ spec }: BpfProgram, instructionIndex: number): string {
  const kind = (spec.instructions[instructionIndex * 8] ?? 0) & 7;
  if (kind === BPF_LD) return "(LDIMM64) imm64";
  return kind <= 3 ? "(LDX/ST/STX) off" : "(ALU/ALU64) imm";
}
