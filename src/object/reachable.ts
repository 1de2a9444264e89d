import {
  BPF_ADD,
  BPF_ALU,
  BPF_ALU64,
  BPF_AND,
  BPF_ATOMIC,
  BPF_CALL,
  BPF_EXIT,
  BPF_JA,
  BPF_JCOND,
  BPF_JEQ,
  BPF_JGE,
  BPF_JGT,
  BPF_JLE,
  BPF_JLT,
  BPF_JMP,
  BPF_JMP32,
  BPF_JNE,
  BPF_JSET,
  BPF_JSGE,
  BPF_JSGT,
  BPF_JSLE,
  BPF_JSLT,
  BPF_LDX,
  BPF_LSH,
  BPF_MOV,
  BPF_MUL,
  BPF_OR,
  BPF_RSH,
  BPF_STX,
  BPF_SUB,
  BPF_X,
  BPF_XOR,
  decodeInstructions,
  type Instruction,
  OP_LDIMM64,
  slotCount,
} from "../asm/index.ts";
import { BPF_PSEUDO_CALL, BPF_PSEUDO_FUNC } from "../uapi/bpf.ts";

const CLASS = 0x07;
const OPERATION = 0xf0;
const MODE = 0xe0;

/** Values of the registers where they are known. */
type Registers = readonly (bigint | undefined)[];

const U = undefined;
/** Damaged programs can name 16 registers. */
const UNKNOWN: Registers = [U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U];

/**
 * Finds the instructions that can run, given the constants in the program: a branch on a known value is followed one
 * way only, as the verifier does with what CO-RE relocations have decided.
 *
 * @param instructions a linked program; subprograms are reached through calls
 * @returns by slot, 1 where an instruction can run.
 */
export function reachableSlots(instructions: Uint8Array, littleEndian: boolean): Uint8Array {
  const bySlot = new Map<number, Instruction>();
  let slots = 0;
  for (const instruction of decodeInstructions(instructions, littleEndian)) {
    bySlot.set(slots, instruction);
    slots += slotCount(instruction);
  }
  const states = new Map<number, Registers>();
  const work: number[] = [];
  const reach = (slot: number, registers: Registers): void => {
    const before = states.get(slot);
    const merged = before === undefined ? registers : merge(before, registers);
    if (merged === before || !bySlot.has(slot)) return;
    states.set(slot, merged);
    work.push(slot);
  };
  reach(0, UNKNOWN);
  for (let slot = work.pop(); slot !== undefined; slot = work.pop()) {
    const instruction = bySlot.get(slot);
    const registers = states.get(slot);
    if (instruction !== undefined && registers !== undefined) step(slot, instruction, registers, reach);
  }
  return Uint8Array.from({ length: slots }, (_, slot) => (states.has(slot) ? 1 : 0));
}

/** @returns `a` itself when `b` knows nothing less. */
function merge(a: Registers, b: Registers): Registers {
  return a.every((value, i) => value === undefined || value === b[i])
    ? a
    : a.map((value, i) => (value === b[i] ? value : undefined));
}

/** Goes on to everything that can follow. */
function step(
  slot: number,
  instruction: Instruction,
  registers: Registers,
  reach: (slot: number, registers: Registers) => void,
): void {
  const { opcode, src, imm, offset } = instruction;
  const next = slot + slotCount(instruction);
  const kind = opcode & CLASS;
  if (kind !== BPF_JMP && kind !== BPF_JMP32) {
    if (opcode === OP_LDIMM64 && src === BPF_PSEUDO_FUNC) reach(next - 1 + imm, UNKNOWN);
    reach(next, written(instruction, registers));
    return;
  }
  switch (opcode & OPERATION) {
    case BPF_EXIT:
      return;
    case BPF_CALL:
      if (src === BPF_PSEUDO_CALL) reach(next + imm, UNKNOWN);
      reach(
        next,
        registers.map((value, i) => (i <= 5 ? undefined : value)),
      );
      return;
    case BPF_JA:
      reach(next + (kind === BPF_JMP32 ? imm : offset), registers);
      return;
    default: {
      const taken = branch(instruction, registers);
      if (taken !== false) reach(next + offset, registers);
      if (taken !== true) reach(next, registers);
    }
  }
}

function written(instruction: Instruction, registers: Registers): Registers {
  const { opcode, dst, src, imm } = instruction;
  const kind = opcode & CLASS;
  const set = (register: number, value: bigint | undefined): Registers => registers.with(register, value);
  if (opcode === OP_LDIMM64) {
    const high = BigInt(instruction.immHigh ?? 0) << 32n;
    return set(dst, src === 0 ? BigInt.asUintN(64, high | BigInt(imm >>> 0)) : undefined);
  }
  if (kind === BPF_ALU || kind === BPF_ALU64) return set(dst, computed(instruction, registers));
  if (kind === BPF_LDX) return set(dst, undefined);
  if (kind === BPF_STX && (opcode & MODE) === BPF_ATOMIC) return set(src, undefined).with(0, undefined);
  // Packet loads of the old kind write R0 and forget the rest; stores write no register.
  return kind === 0 ? registers.map((value, i) => (i <= 5 ? undefined : value)) : registers;
}

function operand({ opcode, src, imm }: Instruction, registers: Registers): bigint | undefined {
  return (opcode & BPF_X) !== 0 ? registers[src] : BigInt.asUintN(64, BigInt(imm));
}

function computed(instruction: Instruction, registers: Registers): bigint | undefined {
  const { opcode, dst, offset } = instruction;
  const wide = (opcode & CLASS) === BPF_ALU64;
  const bits = wide ? 64 : 32;
  const right = operand(instruction, registers);
  const operation = opcode & OPERATION;
  // A non-zero offset makes it a sign extension or an address space cast.
  if (right === undefined || offset !== 0) return undefined;
  if (operation === BPF_MOV) return BigInt.asUintN(bits, right);
  const left = registers[dst];
  if (left === undefined) return undefined;
  const value = arithmetic(
    operation,
    BigInt.asUintN(bits, left),
    BigInt.asUintN(bits, right),
    BigInt(bits - 1),
  );
  return value === undefined ? undefined : BigInt.asUintN(bits, value);
}

function arithmetic(operation: number, a: bigint, b: bigint, shiftMask: bigint): bigint | undefined {
  switch (operation) {
    case BPF_ADD:
      return a + b;
    case BPF_SUB:
      return a - b;
    case BPF_MUL:
      return a * b;
    case BPF_AND:
      return a & b;
    case BPF_OR:
      return a | b;
    case BPF_XOR:
      return a ^ b;
    case BPF_LSH:
      return a << (b & shiftMask);
    case BPF_RSH:
      return a >> (b & shiftMask);
    default:
      return undefined;
  }
}

/** Whether a conditional jump is taken; `undefined` when that is not known. */
function branch(instruction: Instruction, registers: Registers): boolean | undefined {
  const left = registers[instruction.dst];
  const right = operand(instruction, registers);
  const operation = instruction.opcode & OPERATION;
  if (left === undefined || right === undefined || operation === BPF_JCOND) return undefined;
  const bits = (instruction.opcode & CLASS) === BPF_JMP32 ? 32 : 64;
  const [a, b] = [BigInt.asUintN(bits, left), BigInt.asUintN(bits, right)];
  const [signedA, signedB] = [BigInt.asIntN(bits, a), BigInt.asIntN(bits, b)];
  switch (operation) {
    case BPF_JEQ:
      return a === b;
    case BPF_JNE:
      return a !== b;
    case BPF_JGT:
      return a > b;
    case BPF_JGE:
      return a >= b;
    case BPF_JLT:
      return a < b;
    case BPF_JLE:
      return a <= b;
    case BPF_JSET:
      return (a & b) !== 0n;
    case BPF_JSGT:
      return signedA > signedB;
    case BPF_JSGE:
      return signedA >= signedB;
    case BPF_JSLT:
      return signedA < signedB;
    case BPF_JSLE:
      return signedA <= signedB;
    default:
      return undefined;
  }
}
