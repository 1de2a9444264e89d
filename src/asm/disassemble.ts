import { BPF_PSEUDO_KFUNC_CALL } from "../uapi/bpf.ts";
import { constantOf, decodeInstructions, type Instruction, slotCount } from "./instruction.ts";
import {
  BPF_ABS,
  BPF_ADD,
  BPF_ALU,
  BPF_ALU64,
  BPF_AND,
  BPF_ATOMIC,
  BPF_CALL,
  BPF_CMPXCHG,
  BPF_END,
  BPF_EXIT,
  BPF_FETCH,
  BPF_IND,
  BPF_JA,
  BPF_JCOND,
  BPF_JMP,
  BPF_JMP32,
  BPF_LD,
  BPF_LDX,
  BPF_LOAD_ACQ,
  BPF_MEM,
  BPF_MEMSX,
  BPF_MOV,
  BPF_NEG,
  BPF_OR,
  BPF_ST,
  BPF_STORE_REL,
  BPF_STX,
  BPF_X,
  BPF_XCHG,
  BPF_XOR,
  OP_LDIMM64,
} from "./opcodes.ts";

const ARITHMETIC = ["+", "-", "*", "/", "|", "&", "<<", ">>", "", "%", "^", "", "s>>"];
const COMPARISON = ["", "==", ">", ">=", "&", "!=", "s>", "s>=", "", "", "<", "<=", "s<", "s<="];
const SIZES = ["u32", "u16", "u8", "u64"];
const SIGNED_SIZES = ["s32", "s16", "s8", "s64"];
const ATOMICS: Readonly<Record<number, readonly [string, string]>> = {
  [BPF_ADD]: ["+", "add"],
  [BPF_OR]: ["|", "or"],
  [BPF_AND]: ["&", "and"],
  [BPF_XOR]: ["^", "xor"],
};

/** Notes for places in the listing, by slot index. */
export interface DisassembleOptions {
  /** Name of what a call or a `ldimm64` refers to, appended as `<name>`. */
  readonly symbolAt?: (slot: number) => string | undefined;
}

/** Formats one instruction in the C-like notation of llvm-objdump. */
export function formatInstruction(instruction: Instruction): string {
  const { opcode, src } = instruction;
  switch (opcode & 7) {
    case BPF_ALU:
    case BPF_ALU64:
      return formatArithmetic(instruction);
    case BPF_JMP:
    case BPF_JMP32:
      return formatJump(instruction);
    case BPF_LDX: {
      const mode = opcode & 0xe0;
      const type = mode === BPF_MEMSX ? SIGNED_SIZES[(opcode >> 3) & 3] : SIZES[(opcode >> 3) & 3];
      if (mode !== BPF_MEM && mode !== BPF_MEMSX) break;
      return `${loaded(instruction)} = *(${type} *)(${place(`r${src}`, instruction.offset)})`;
    }
    case BPF_ST:
      if ((opcode & 0xe0) !== BPF_MEM) break;
      return `*(${SIZES[(opcode >> 3) & 3]} *)(${target(instruction)}) = ${hex(instruction.imm)}`;
    case BPF_STX:
      if ((opcode & 0xe0) === BPF_ATOMIC) return formatAtomic(instruction);
      if ((opcode & 0xe0) !== BPF_MEM) break;
      return `*(${SIZES[(opcode >> 3) & 3]} *)(${target(instruction)}) = ${sized(instruction, src)}`;
    case BPF_LD:
      return formatLoad(instruction);
  }
  return unknown(instruction);
}

/**
 * Lists a program, one line per instruction, each with the slot index in front.
 *
 * @throws {MalformedInputError} when the bytes are no whole program.
 */
export function disassemble(
  bytes: Uint8Array,
  littleEndian: boolean,
  options: DisassembleOptions = {},
): string[] {
  const lines: string[] = [];
  let slot = 0;
  for (const instruction of decodeInstructions(bytes, littleEndian)) {
    const symbol = options.symbolAt?.(slot);
    const text = formatInstruction(instruction);
    lines.push(`${String(slot).padStart(8)}: ${text}${symbol === undefined ? "" : ` <${symbol}>`}`);
    slot += slotCount(instruction);
  }
  return lines;
}

function formatArithmetic(instruction: Instruction): string {
  const { opcode, dst, src, offset, imm } = instruction;
  const wide = (opcode & 7) === BPF_ALU64;
  const letter = wide ? "r" : "w";
  const to = `${letter}${dst}`;
  const value = (opcode & BPF_X) !== 0 ? `${letter}${src}` : hex(imm);
  const operation = opcode & 0xf0;
  switch (operation) {
    case BPF_MOV:
      if (offset === 0 || (opcode & BPF_X) === 0) return `${to} = ${value}`;
      return offset === 1
        ? `${to} = addr_space_cast(${value}, ${hex(imm >>> 16)}, ${hex(imm & 0xffff)})`
        : `${to} = (s${offset})${value}`;
    case BPF_NEG:
      return `${to} = -${to}`;
    case BPF_END: {
      const name = wide ? "bswap" : (opcode & BPF_X) !== 0 ? "be" : "le";
      return `r${dst} = ${name}${imm} r${dst}`;
    }
    default: {
      const sign = ARITHMETIC[operation >> 4];
      if (sign === undefined || sign === "") return unknown(instruction);
      // Signed division and modulo are marked by the offset field.
      return `${to} ${offset === 1 && (sign === "/" || sign === "%") ? "s" : ""}${sign}= ${value}`;
    }
  }
}

function formatJump(instruction: Instruction): string {
  const { opcode, dst, src, offset, imm } = instruction;
  const narrow = (opcode & 7) === BPF_JMP32;
  const operation = opcode & 0xf0;
  if (operation === BPF_JA) return narrow ? `gotol ${relative(imm)}` : `goto ${relative(offset)}`;
  if (operation === BPF_JCOND && !narrow) return `may_goto ${relative(offset)}`;
  if (operation === BPF_EXIT) return narrow ? unknown(instruction) : "exit";
  if (operation === BPF_CALL) {
    if (narrow) return unknown(instruction);
    if ((opcode & BPF_X) !== 0) return `callx r${dst}`;

    return src === BPF_PSEUDO_KFUNC_CALL ? `call kfunc ${imm}` : `call ${hex(imm)}`;
  }
  const sign = COMPARISON[operation >> 4];
  if (sign === undefined || sign === "") return unknown(instruction);
  const letter = narrow ? "w" : "r";
  const value = (opcode & BPF_X) !== 0 ? `${letter}${src}` : hex(imm);
  return `if ${letter}${dst} ${sign} ${value} goto ${relative(offset)}`;
}

function formatAtomic(instruction: Instruction): string {
  const { opcode, dst, src, imm, offset } = instruction;
  const wide = ((opcode >> 3) & 3) === 3;
  const type = SIZES[(opcode >> 3) & 3];
  const value = wide ? `r${src}` : `w${src}`;
  if (imm === BPF_LOAD_ACQ) {
    return `${sized(instruction, dst)} = load_acquire((${type} *)(${place(`r${src}`, offset)}))`;
  }
  if (imm === BPF_STORE_REL) {
    return `store_release((${type} *)(${target(instruction)}), ${sized(instruction, src)})`;
  }
  if (imm === BPF_XCHG) return `${value} = xchg${wide ? "_64" : "32_32"}(${target(instruction)}, ${value})`;
  if (imm === BPF_CMPXCHG) {
    const result = wide ? "r0" : "w0";
    return `${result} = cmpxchg${wide ? "_64" : "32_32"}(${target(instruction)}, ${result}, ${value})`;
  }
  const names = ATOMICS[imm & ~BPF_FETCH];
  if (names === undefined) return unknown(instruction);
  if ((imm & BPF_FETCH) !== 0) {
    return `${value} = atomic_fetch_${names[1]}((${type} *)(${target(instruction)}), ${value})`;
  }
  return `lock *(${type} *)(${target(instruction)}) ${names[0]}= ${value}`;
}

function formatLoad(instruction: Instruction): string {
  const { opcode, dst, src, imm } = instruction;
  if (opcode === OP_LDIMM64) return `r${dst} = ${bigHex(BigInt.asIntN(64, constantOf(instruction)))} ll`;
  const type = SIZES[(opcode >> 3) & 3];
  if ((opcode & 0xe0) === BPF_ABS) return `r0 = *(${type} *)skb[${hex(imm)}]`;
  if ((opcode & 0xe0) === BPF_IND) return `r0 = *(${type} *)skb[r${src}]`;
  return unknown(instruction);
}

/** The register that a load writes: narrow loads are shown with the 32-bit name, as LLVM does. */
function loaded(instruction: Instruction): string {
  return (instruction.opcode & 0xe0) === BPF_MEMSX
    ? `r${instruction.dst}`
    : sized(instruction, instruction.dst);
}

function sized(instruction: Instruction, register: number): string {
  return ((instruction.opcode >> 3) & 3) === 3 ? `r${register}` : `w${register}`;
}

function target(instruction: Instruction): string {
  return place(`r${instruction.dst}`, instruction.offset);
}

function place(register: string, offset: number): string {
  return offset < 0 ? `${register} - ${hex(-offset)}` : `${register} + ${hex(offset)}`;
}

function relative(distance: number): string {
  return distance < 0 ? `-${hex(-distance)}` : `+${hex(distance)}`;
}

function hex(value: number): string {
  return value < 0 ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}

function bigHex(value: bigint): string {
  return value < 0n ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}

function unknown({ opcode }: Instruction): string {
  return `unknown opcode 0x${opcode.toString(16).padStart(2, "0")}`;
}
