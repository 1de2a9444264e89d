import { type InputLocation, MalformedInputError } from "./errors.ts";

const decoder = new TextDecoder("utf-8");
const encoder = new TextEncoder();

/** Encodes text as UTF-8, without a terminating NUL. */
export function encodeText(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Encodes text as UTF-8 with a terminating NUL byte. */
export function encodeCString(text: string): Uint8Array {
  return encoder.encode(`${text}\0`);
}

/** Decodes UTF-8 up to the first NUL byte or the end of `bytes`. */
export function decodeCString(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return decoder.decode(end < 0 ? bytes : bytes.subarray(0, end));
}

/** Rounds `value` up to a multiple of `alignment` (any positive integer). */
export function alignUp(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}

/**
 * Bounds-checked reader over bytes from outside. Every read that leaves the range throws
 * {@link MalformedInputError} with the section name and the offset, never a bare `RangeError`.
 */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly littleEndian: boolean;
  readonly section: string | undefined;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, littleEndian: boolean, section?: string) {
    this.bytes = bytes;
    this.littleEndian = littleEndian;
    this.section = section;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get length(): number {
    return this.bytes.length;
  }

  /** Throws unless `[offset, offset + size)` lies in the input. `what` names the thing in the message. */
  need(offset: number, size: number, what: string): void {
    if (!(offset >= 0 && size >= 0 && offset + size <= this.bytes.length)) {
      throw new MalformedInputError(
        `${what} needs ${size} bytes, the input has ${Math.max(0, this.bytes.length - offset)}`,
        this.at(offset),
      );
    }
  }

  at(offsetBytes: number): InputLocation {
    return this.section === undefined ? { offsetBytes } : { section: this.section, offsetBytes };
  }

  u8(offset: number, what = "byte"): number {
    this.need(offset, 1, what);
    return this.#view.getUint8(offset);
  }

  u16(offset: number, what = "16-bit field"): number {
    this.need(offset, 2, what);
    return this.#view.getUint16(offset, this.littleEndian);
  }

  u32(offset: number, what = "32-bit field"): number {
    this.need(offset, 4, what);
    return this.#view.getUint32(offset, this.littleEndian);
  }

  i32(offset: number, what = "32-bit field"): number {
    this.need(offset, 4, what);
    return this.#view.getInt32(offset, this.littleEndian);
  }

  u64(offset: number, what = "64-bit field"): bigint {
    this.need(offset, 8, what);
    return this.#view.getBigUint64(offset, this.littleEndian);
  }

  /** A 64-bit offset or size as a number; a value above 2^53 is malformed input. */
  size64(offset: number, what = "64-bit size"): number {
    const value = this.u64(offset, what);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw new MalformedInputError(`${what} ${value} is too large`, this.at(offset));
    }
    return Number(value);
  }

  /** View (not a copy) of `size` bytes. */
  slice(offset: number, size: number, what = "range"): Uint8Array {
    this.need(offset, size, what);
    return this.bytes.subarray(offset, offset + size);
  }

  /** NUL-terminated string; a missing terminator is malformed input. */
  cstring(offset: number, what = "string"): string {
    this.need(offset, 1, what);
    const end = this.bytes.indexOf(0, offset);
    if (end < 0) throw new MalformedInputError(`${what} has no terminating NUL`, this.at(offset));
    return decoder.decode(this.bytes.subarray(offset, end));
  }
}

/** Growing byte buffer with explicit byte order, for output formats. */
export class ByteWriter {
  readonly littleEndian: boolean;
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(littleEndian: boolean, capacity = 256) {
    this.littleEndian = littleEndian;
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.#length;
  }

  #reserve(size: number): number {
    const offset = this.#length;
    if (offset + size > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(offset + size, this.#bytes.length * 2));
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    this.#length = offset + size;
    return offset;
  }

  u8(value: number): this {
    const offset = this.#reserve(1);
    this.#view.setUint8(offset, value);
    return this;
  }

  u16(value: number): this {
    const offset = this.#reserve(2);
    this.#view.setUint16(offset, value, this.littleEndian);
    return this;
  }

  u32(value: number): this {
    const offset = this.#reserve(4);
    this.#view.setUint32(offset, value >>> 0, this.littleEndian);
    return this;
  }

  u64(value: bigint): this {
    const offset = this.#reserve(8);
    this.#view.setBigUint64(offset, BigInt.asUintN(64, value), this.littleEndian);
    return this;
  }

  bytes(value: Uint8Array): this {
    const offset = this.#reserve(value.length);
    this.#bytes.set(value, offset);
    return this;
  }

  zeros(count: number): this {
    this.#reserve(count);
    return this;
  }

  /** Overwrites 4 bytes written earlier. */
  patchU32(offset: number, value: number): void {
    if (offset + 4 > this.#length) throw new RangeError(`patch at ${offset} is past the end`);
    this.#view.setUint32(offset, value >>> 0, this.littleEndian);
  }

  /** Copy of everything written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}
