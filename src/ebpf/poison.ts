import { INSTRUCTION_SIZE, OP_CALL, OP_LDIMM64 } from "../asm/index.ts";
import { POISON_HELPER } from "../btf/index.ts";

// What cannot be relocated becomes a call of a helper that does not exist: dead code passes the verifier, and
// where the code is reached the number in the log tells what was missing. The numbers are those of libbpf 1.3 to
// 1.8, so that the kernel gives programs the same tags.

/** Plus the map's place in the object: a map that was not created. */
const POISON_MAP = 2001000000;
/** Plus the extern's place in the object: a kernel function that was not found. */
const POISON_KFUNC = 2002000000;
const POISON_RANGE = 1000000;

/** Replaces a call or a 64-bit load by the call of a helper that does not exist. */
function poison(instructions: Uint8Array, instructionIndex: number, helper: number): void {
  const at = instructionIndex * INSTRUCTION_SIZE;
  const slots = instructions[at] === OP_LDIMM64 ? 2 : 1;
  for (let slot = 0; slot < slots; slot++) {
    const bytes = instructions.subarray(at + slot * INSTRUCTION_SIZE, at + (slot + 1) * INSTRUCTION_SIZE);
    bytes.fill(0);
    bytes[0] = OP_CALL;
    new DataView(bytes.buffer, bytes.byteOffset, bytes.length).setInt32(4, helper, true);
  }
}

/** @param place of the map among the object's */
export function poisonMap(instructions: Uint8Array, instructionIndex: number, place: number): void {
  poison(instructions, instructionIndex, POISON_MAP + place);
}

/** @param place of the extern among the object's */
export function poisonKfunc(instructions: Uint8Array, instructionIndex: number, place: number): void {
  poison(instructions, instructionIndex, POISON_KFUNC + place);
}

/** A poisoned instruction: a CO-RE relocation, or a reference to a map or an extern. */
export interface Poisoned {
  readonly kind: "core" | "reference";
  readonly instructionIndex: number;
}

/** The poisoned instruction that the verifier stopped at, when that is why it did. */
export function findPoison(log: string): Poisoned | undefined {
  const match = /^(\d+): \(85\) call unknown#(\d+)$/m.exec(log);
  if (match === null || !log.includes(`invalid func unknown#${match[2]}`)) return undefined;
  const instructionIndex = Number(match[1]);
  const helper = Number(match[2]);
  if (helper === POISON_HELPER) return { kind: "core", instructionIndex };
  const isReference = [POISON_MAP, POISON_KFUNC].some(
    (base) => helper >= base && helper < base + POISON_RANGE,
  );
  return isReference ? { kind: "reference", instructionIndex } : undefined;
}
