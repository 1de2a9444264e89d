import { ByteReader, decodeCString, encodeText } from "./bytes.ts";
import { MalformedInputError } from "./errors.ts";

const CUSTOM = 0;
const DATA = 11;
const I32_CONST = 0x41;
const I64_CONST = 0x42;
const END = 0x0b;

/** A section of a WebAssembly module; `payload` is a view into the module. */
export interface WasmSection {
  /** 0 for a custom section. */
  readonly id: number;
  /** Name of a custom section, else "". */
  readonly name: string;
  /** What follows the name in a custom section, else the whole content. */
  readonly payload: Uint8Array;
}

/** Initial content of a part of a guest's memory; `bytes` is a view into the module. */
export interface WasmDataSegment {
  /** Address in memory; `undefined` when it is not known before the module runs. */
  readonly address: number | undefined;
  readonly bytes: Uint8Array;
}

/** Whether the bytes start like a core module of version 1. */
export function isWasmModule(bytes: Uint8Array): boolean {
  return [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0].every((byte, index) => bytes[index] === byte);
}

/**
 * Splits a module into its sections.
 *
 * @throws {MalformedInputError} when it is no module or a section leaves the file.
 */
export function readWasmSections(bytes: Uint8Array): WasmSection[] {
  if (!isWasmModule(bytes)) throw new MalformedInputError("not a WebAssembly module", { offsetBytes: 0 });
  const reader = new WasmReader(bytes, "WebAssembly module", 8);
  const sections: WasmSection[] = [];
  while (!reader.atEnd) {
    const id = reader.byte("section id");
    const content = reader.take(reader.u32("section size"), "section");
    if (id !== CUSTOM) {
      sections.push({ id, name: "", payload: content });
      continue;
    }
    const inner = new WasmReader(content, "custom section");
    const name = decodeCString(inner.take(inner.u32("name length"), "section name"));
    sections.push({ id, name, payload: inner.rest() });
  }
  return sections;
}

/** Contents of all custom sections of one name, in the order of the module. */
export function wasmCustomSections(bytes: Uint8Array, name: string): Uint8Array[] {
  return readWasmSections(bytes)
    .filter((section) => section.id === CUSTOM && section.name === name)
    .map((section) => section.payload);
}

/** The module with one more custom section at its end. */
export function appendWasmCustomSection(module: Uint8Array, name: string, payload: Uint8Array): Uint8Array {
  const nameBytes = encodeText(name);
  const nameLength = encodeU32(nameBytes.length);
  const head = [CUSTOM, ...encodeU32(nameLength.length + nameBytes.length + payload.length), ...nameLength];
  const result = new Uint8Array(module.length + head.length + nameBytes.length + payload.length);
  result.set(module);
  result.set(head, module.length);
  result.set(nameBytes, module.length + head.length);
  result.set(payload, module.length + head.length + nameBytes.length);
  return result;
}

/**
 * The data segments of a module.
 *
 * @throws {MalformedInputError} when the module or its data section is damaged.
 */
export function wasmDataSegments(bytes: Uint8Array): WasmDataSegment[] {
  const section = readWasmSections(bytes).find(({ id }) => id === DATA);
  if (section === undefined) return [];
  const reader = new WasmReader(section.payload, "data section");
  const count = reader.u32("segment count");
  const segments: WasmDataSegment[] = [];
  for (let i = 0; i < count; i++) {
    const mode = reader.u32("segment mode");
    if (mode > 2)
      throw new MalformedInputError(`data segment ${i} has mode ${mode}`, { section: "data section" });
    if (mode === 2) reader.u32("memory index");
    const address = mode === 1 ? undefined : reader.constantExpression();
    segments.push({ address, bytes: reader.take(reader.u32("segment size"), "data segment") });
  }
  return segments;
}

/** Reads the variable-length integers of the format. */
export class WasmReader {
  readonly #reader: ByteReader;
  #at: number;

  constructor(bytes: Uint8Array, section: string, start = 0) {
    this.#reader = new ByteReader(bytes, true, section);
    this.#at = start;
  }

  get atEnd(): boolean {
    return this.#at >= this.#reader.length;
  }

  byte(what: string): number {
    return this.#reader.u8(this.#at++, what);
  }

  u32(what: string): number {
    const start = this.#at;
    const value = this.#variable(5, what);
    if (value > 0xffffffffn) {
      throw new MalformedInputError(`${what} does not fit into 32 bits`, this.#reader.at(start));
    }
    return Number(value);
  }

  /** A name: its length in bytes and its UTF-8. */
  text(what: string): string {
    return decodeCString(this.take(this.u32(`length of ${what}`), what));
  }

  /** Skips an integer of up to 64 bits. */
  skip(what: string): void {
    this.#variable(10, what);
  }

  take(size: number, what: string): Uint8Array {
    const view = this.#reader.slice(this.#at, size, what);
    this.#at += size;
    return view;
  }

  rest(): Uint8Array {
    return this.take(this.#reader.length - this.#at, "rest");
  }

  /** Value of a constant expression; `undefined` for anything but one constant, which is skipped. */
  constantExpression(): number | undefined {
    const opcode = this.byte("expression");
    let value: number | undefined;
    if (opcode === I32_CONST) value = Number(BigInt.asUintN(32, this.#signed(5)));
    else if (opcode === I64_CONST) value = Number(BigInt.asUintN(64, this.#signed(10)));
    else if (opcode === END) return undefined;
    else this.#variable(10, "operand");
    // Extended constant expressions go on: constants, global.get and arithmetic without operands.
    for (let next = this.byte("expression"); next !== END; next = this.byte("expression")) {
      value = undefined;
      if (next === I32_CONST || next === I64_CONST || next === 0x23) this.#variable(10, "operand");
    }
    return value;
  }

  #signed(maximum: number): bigint {
    const start = this.#at;
    const value = this.#variable(maximum, "constant");
    return BigInt.asIntN(7 * (this.#at - start), value);
  }

  #variable(maximum: number, what: string): bigint {
    const start = this.#at;
    let value = 0n;
    for (let i = 0; i < maximum; i++) {
      const byte = this.byte(what);
      value |= BigInt(byte & 0x7f) << BigInt(7 * i);
      if (byte < 0x80) return value;
    }
    throw new MalformedInputError(`${what} is longer than ${maximum} bytes`, this.#reader.at(start));
  }
}

function encodeU32(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return bytes;
}
