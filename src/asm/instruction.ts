import { ByteReader, ByteWriter, MalformedInputError } from "../internal/index.ts";
import { INSTRUCTION_SIZE, OP_LDIMM64 } from "./opcodes.ts";

/** One instruction. `ldimm64` is one instruction here although it takes two slots. */
export interface Instruction {
  readonly opcode: number;
  /** Destination register, 0..15. */
  readonly dst: number;
  /** Source register or pseudo kind, 0..15. */
  readonly src: number;
  /** Signed 16-bit offset. */
  readonly offset: number;
  /** Signed 32-bit immediate; the low half in `ldimm64`. */
  readonly imm: number;
  /** High half of the constant, `ldimm64` only; signed like {@link imm}. */
  readonly immHigh?: number;
}

/** Number of 8-byte slots that an instruction takes. */
export function slotCount(instruction: Instruction): number {
  return instruction.opcode === OP_LDIMM64 ? 2 : 1;
}

/** The 64-bit constant of a `ldimm64`, unsigned. */
export function constantOf(instruction: Instruction): bigint {
  return (BigInt((instruction.immHigh ?? 0) >>> 0) << 32n) | BigInt(instruction.imm >>> 0);
}

/**
 * Decodes a program.
 *
 * @param littleEndian byte order of the object that the bytes are from.
 * @throws {MalformedInputError} when the size is no multiple of 8 or the last `ldimm64` lacks its second half.
 */
export function decodeInstructions(bytes: Uint8Array, littleEndian: boolean): Instruction[] {
  const reader = new ByteReader(bytes, littleEndian, "instructions");
  if (bytes.length % INSTRUCTION_SIZE !== 0) {
    throw new MalformedInputError(`${bytes.length} bytes are no whole number of instructions`, reader.at(0));
  }
  const result: Instruction[] = [];
  for (let at = 0; at < bytes.length; at += INSTRUCTION_SIZE) {
    const opcode = reader.u8(at);
    const registers = reader.u8(at + 1);
    const base = {
      opcode,
      dst: littleEndian ? registers & 15 : registers >> 4,
      src: littleEndian ? registers >> 4 : registers & 15,
      offset: (reader.u16(at + 2) << 16) >> 16,
      imm: reader.i32(at + 4),
    };
    if (opcode !== OP_LDIMM64) {
      result.push(base);
      continue;
    }
    at += INSTRUCTION_SIZE;
    result.push({ ...base, immHigh: reader.i32(at + 4, "second half of ldimm64") });
  }
  return result;
}

/** Encodes a program. Kernel interfaces want the machine's own byte order. */
export function encodeInstructions(instructions: readonly Instruction[], littleEndian: boolean): Uint8Array {
  const writer = new ByteWriter(littleEndian, instructions.length * INSTRUCTION_SIZE + INSTRUCTION_SIZE);
  for (const instruction of instructions) {
    const { opcode, dst, src, offset, imm } = instruction;
    writer
      .u8(opcode)
      .u8(littleEndian ? (src << 4) | dst : (dst << 4) | src)
      .u16(offset & 0xffff)
      .u32(imm);
    if (opcode === OP_LDIMM64) writer.zeros(4).u32(instruction.immHigh ?? 0);
  }
  return writer.finish();
}

/** Exchanges the byte order of a program: objects may be of the other order than the machine. */
export function swapInstructionBytes(bytes: Uint8Array): Uint8Array {
  const swapped = new Uint8Array(bytes.length);
  for (let at = 0; at + INSTRUCTION_SIZE <= bytes.length; at += INSTRUCTION_SIZE) {
    const registers = bytes[at + 1] ?? 0;
    swapped[at] = bytes[at] ?? 0;
    swapped[at + 1] = ((registers & 15) << 4) | (registers >> 4);
    swapped[at + 2] = bytes[at + 3] ?? 0;
    swapped[at + 3] = bytes[at + 2] ?? 0;
    for (let byte = 0; byte < 4; byte++) swapped[at + 4 + byte] = bytes[at + 7 - byte] ?? 0;
  }
  return swapped;
}
