import { encodeInstructions, exit, type Instruction, mov64Imm, R0 } from "../asm/index.ts";
import { loadProgram, type ProgramLoadArguments } from "./load-program.ts";
import { machineIsLittleEndian } from "./machine.ts";

/** `return 0`: what most probes load. */
export const TRIVIAL_PROGRAM: readonly Instruction[] = [mov64Imm(R0, 0), exit()];

/** Loads a small program. @returns its fd or -errno. */
export function loadProbeProgram(
  type: number,
  instructions: readonly Instruction[],
  rest: Partial<ProgramLoadArguments> = {},
): number {
  const bytes = encodeInstructions(instructions, machineIsLittleEndian());
  return loadProgram({ type, license: "GPL", instructions: bytes, ...rest }).result;
}
