import { WasmBpfError } from "../../internal/index.ts";
import type { CoreResult } from "./value.ts";

export const CLASS_MASK = 0x07;
export const BPF_LD = 0x00;
export const BPF_LDX = 0x01;
export const BPF_ST = 0x02;
export const BPF_STX = 0x03;
export const BPF_ALU = 0x04;
export const BPF_ALU64 = 0x07;
export const BPF_X = 0x08;
const SIZE_MASK = 0x18;
export const LDIMM64 = 0x18;
const CALL = 0x85;

/** Number of the helper that does not exist: reads "bad relo" in hexadecimal. */
export const POISON_HELPER = 0xbad2310;

/** Bytes of a load by the size bits of its opcode, and back. */
const SIZE_BYTES: Readonly<Record<number, number>> = { 0: 4, 8: 2, 16: 1, 24: 8 };
const SIZE_BITS: Readonly<Record<number, number>> = { 4: 0x00, 2: 0x08, 1: 0x10, 8: 0x18 };

/** Bytes that a load or store moves. */
export function bytesOfAccess(opcode: number): number {
  return SIZE_BYTES[opcode & SIZE_MASK] ?? 0;
}

/** Size bits of a load or store; `undefined` when none moves so many bytes. */
export function sizeBitsOf(bytes: number): number | undefined {
  return SIZE_BITS[bytes];
}

const SIGNED_16_MAX = 0x7fffn;

/** Instructions of a program as bytes that can be changed. */
export class InstructionPatcher {
  readonly #view: DataView;
  readonly #littleEndian: boolean;

  constructor(instructions: Uint8Array, littleEndian: boolean) {
    this.#view = new DataView(instructions.buffer, instructions.byteOffset, instructions.byteLength);
    this.#littleEndian = littleEndian;
  }

  /**
   * Writes a relocation's result into an instruction.
   *
   * @returns `undefined`, or why the instruction was made invalid instead.
   * @throws {WasmBpfError} when the instruction is none that can be relocated, or does not hold the value
   * that the compiler's record says.
   */
  patch(index: number, result: CoreResult): string | undefined {
    const at = index * 8;
    if (!(index >= 0 && at + 8 <= this.#view.byteLength)) throw unfit("there is no such instruction");
    if (result.replacement === undefined) {
      this.poison(index);
      return "the target does not have it";
    }
    const opcode = this.#view.getUint8(at);
    switch (opcode & CLASS_MASK) {
      case BPF_ALU:
      case BPF_ALU64:
        if ((opcode & BPF_X) !== 0) throw unfit("the instruction has no immediate operand");
        this.#check(result, BigInt(this.#immediate(at)), 32);
        this.#setImmediate(at, result.replacement);
        return undefined;
      case BPF_LDX:
      case BPF_ST:
      case BPF_STX:
        return this.#patchAccess(index, opcode, result, result.replacement);
      case BPF_LD:
        this.#patchWide(at, opcode, result, result.replacement);
        return undefined;
      default:
        throw unfit(`opcode 0x${opcode.toString(16)} cannot be relocated`);
    }
  }

  /** Replaces an instruction by a call that the verifier refuses when it can be reached. */
  poison(index: number): void {
    const at = index * 8;
    const wide = this.#view.getUint8(at) === LDIMM64 && at + 16 <= this.#view.byteLength;
    for (const slot of wide ? [at, at + 8] : [at]) {
      this.#view.setUint8(slot, CALL);
      this.#view.setUint8(slot + 1, 0);
      this.#view.setInt16(slot + 2, 0, this.#littleEndian);
      this.#view.setInt32(slot + 4, POISON_HELPER, this.#littleEndian);
    }
  }

  #patchAccess(index: number, opcode: number, result: CoreResult, offset: bigint): string | undefined {
    const at = index * 8;
    const view = this.#view;
    this.#check(result, BigInt(view.getInt16(at + 2, this.#littleEndian)), 64);
    if (offset > SIGNED_16_MAX) throw unfit(`offset ${offset} does not fit a load or store`);
    if (!result.resizable) {
      this.poison(index);
      return (
        `a load or store of ${result.originalBytes} bytes cannot become one of ${result.replacementBytes}; ` +
        "only pointers and unsigned integers can change size"
      );
    }
    if (result.originalBytes !== result.replacementBytes) {
      const bytes = bytesOfAccess(opcode);
      if (bytes !== result.originalBytes) {
        throw unfit(`it moves ${bytes} bytes, but the field has ${result.originalBytes}`);
      }
      const size = sizeBitsOf(result.replacementBytes);
      if (size === undefined) throw unfit(`no load or store moves ${result.replacementBytes} bytes`);
      view.setUint8(at, (opcode & ~SIZE_MASK) | size);
    }
    view.setInt16(at + 2, Number(offset), this.#littleEndian);
    return undefined;
  }

  #patchWide(at: number, opcode: number, result: CoreResult, value: bigint): void {
    const view = this.#view;
    const registers = view.getUint8(at + 1);
    const source = this.#littleEndian ? registers >> 4 : registers & 0xf;
    const whole =
      opcode === LDIMM64 &&
      at + 16 <= view.byteLength &&
      source === 0 &&
      view.getInt16(at + 2, this.#littleEndian) === 0 &&
      view.getInt32(at + 8, this.#littleEndian) === 0;
    if (!whole) throw unfit("it is no plain 64-bit load of an immediate");
    const low = BigInt.asUintN(32, BigInt(this.#immediate(at)));
    const high = BigInt.asUintN(32, BigInt(this.#immediate(at + 8)));
    this.#check(result, (high << 32n) | low, 64);
    this.#setImmediate(at, value);
    this.#setImmediate(at + 8, value >> 32n);
  }

  #check(result: CoreResult, found: bigint, bits: number): void {
    if (!result.validate) return;
    if (BigInt.asUintN(bits, found) !== BigInt.asUintN(bits, result.original)) {
      throw unfit(`it holds ${found}, but ${result.original} was expected`);
    }
  }

  #immediate(at: number): number {
    return this.#view.getInt32(at + 4, this.#littleEndian);
  }

  #setImmediate(at: number, value: bigint): void {
    this.#view.setInt32(at + 4, Number(BigInt.asIntN(32, value)), this.#littleEndian);
  }
}

function unfit(reason: string): WasmBpfError {
  return new WasmBpfError("RELOCATION", reason);
}
