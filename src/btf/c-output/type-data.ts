import { MalformedInputError } from "../../internal/index.ts";
import type { Btf } from "../btf.ts";
import { POINTER_BYTES } from "../layout.ts";
import type {
  BtfArray,
  BtfComposite,
  BtfDatasec,
  BtfEnum,
  BtfFloat,
  BtfInt,
  BtfType,
  BtfVariable,
} from "../types.ts";
import { formatDouble, formatExtended } from "./float-text.ts";
import type { LibbpfText } from "./libbpf-text.ts";

const MAX_NESTING = 64;
const MIN_STEPS = 1_000_000;
const STEPS_PER_BYTE = 16;
const LARGEST_SIZE = 0x7fffffff;

/** How data is shown, as libbpf's `btf_dump_type_data_opts`. */
export interface TypeDataOptions {
  readonly indentLevel?: number;
  /** Default is a tab. */
  readonly indent?: string;
  /** All on one line. */
  readonly compact?: boolean;
  /** Values only. */
  readonly skipNames?: boolean;
  /** Members that are zero, too. */
  readonly emitZeroes?: boolean;
  /** Arrays of characters that end in NUL as strings. */
  readonly emitStrings?: boolean;
  /** Address of the data in the program that shows it: pointers that are not aligned are written differently. */
  readonly address?: number;
}

/** Why data cannot be shown, or not to its end. */
export type TypeDataProblem = "too short" | "invalid" | "not supported";

/** What {@link dumpTypeData} has shown, and why not more. */
export interface TypeDataText {
  /** What could be shown. */
  readonly text: string;
  readonly problem: TypeDataProblem | undefined;
}

/** Leaves the walk; what was written stays. */
class Problem {
  readonly what: TypeDataProblem;
  constructor(what: TypeDataProblem) {
    this.what = what;
  }
}

/**
 * Shows bytes as a value of a type, in C's notation and libbpf's text (`btf_dump__dump_type_data`), of which some is
 * not what one would expect: a structure counts as zero when its first member is, after the first array of characters
 * every byte is shown as one, and numbers of a signed enum have no comma. Enums at odd places are read rightly here.
 *
 * @param data may be shorter than the type: what is there is shown
 */
export function dumpTypeData(
  btf: Btf,
  writer: LibbpfText,
  id: number,
  data: Uint8Array,
  options: TypeDataOptions = {},
): TypeDataText {
  const walk = new DataWalk(btf, writer, data, options);
  try {
    walk.show(undefined, id, 0, 0, 0);
    return { text: walk.text, problem: undefined };
  } catch (error) {
    if (error instanceof Problem) return { text: walk.text, problem: error.what };
    if (error instanceof MalformedInputError) return { text: walk.text, problem: "invalid" };
    throw error;
  }
}

class DataWalk {
  readonly #btf: Btf;
  readonly #writer: LibbpfText;
  readonly #data: Uint8Array;
  readonly #view: DataView;
  readonly #options: TypeDataOptions;
  readonly #out: string[] = [];
  #steps: number;
  #depth = 0;
  #inArray = false;
  /** NB: stays set, as in libbpf. */
  #characters = false;
  /** The end of a string was shown. */
  #terminated = false;

  constructor(btf: Btf, writer: LibbpfText, data: Uint8Array, options: TypeDataOptions) {
    this.#btf = btf;
    this.#writer = writer;
    this.#data = data;
    this.#view = new DataView(data.buffer, data.byteOffset, data.length);
    this.#options = options;
    this.#steps = MIN_STEPS + STEPS_PER_BYTE * data.length;
  }

  get text(): string {
    return this.#out.join("");
  }

  /**
   * Shows what is at byte `at`, for a bitfield from bit `bitOffset` of it on.
   *
   * @param bits width of a bitfield, 0 for none
   */
  show(name: string | undefined, id: number, at: number, bitOffset: number, bits: number): void {
    this.#step();
    this.#checkSize(id, at, bitOffset, bits);
    if (this.#isZero(id, at, bitOffset, bits)) return;
    this.#indent();
    if (!this.#options.skipNames) {
      if (name !== undefined && name !== "") this.#out.push(`.${name} = `);
      if (this.#hasCast(id)) this.#out.push(`(${this.#cast(id)})`);
    }
    const type = this.#btf.type(this.#btf.resolve(id));
    switch (type.kind) {
      case "int":
        if (bits === 0) this.#integer(type, at);
        else this.#value(`0x${this.#bitfield(type, at, bitOffset, bits).toString(16)}`);
        break;
      case "float":
        this.#float(type, at);
        break;
      case "ptr":
        this.#pointer(at);
        break;
      case "array":
        this.#array(type, at);
        break;
      case "struct":
      case "union":
        this.#struct(type, at);
        break;
      case "enum":
      case "enum64":
        if (bits === 0) this.#enum(type, ofSize(type, this.#unsigned(at, type.sizeBytes)));
        else this.#enum(type, ofSize(type, this.#bitfield(type, at, bitOffset, bits)));
        break;
      case "var":
        this.#variable(type, at);
        break;
      case "datasec":
        this.#section(type, at);
        break;
      default:
        this.#out.push(`<unsupported kind:${this.#btf.kindNumber(type.id)}>`);
        throw new Problem("not supported");
    }
  }

  /** Numbers have to be there as a whole; of larger things a part can be shown. */
  #checkSize(id: number, at: number, bitOffset: number, bits: number): void {
    if (bits !== 0) {
      this.#need(at, (bitOffset + bits + 7) >> 3);
      return;
    }
    const size = this.#btf.sizeOf(id);
    if (size >= LARGEST_SIZE) throw new Problem("invalid");
    switch (this.#btf.kind(this.#btf.resolve(id))) {
      case "int":
      case "float":
      case "ptr":
      case "enum":
      case "enum64":
        this.#need(at + (bitOffset >> 3), size);
        break;
      default:
        break;
    }
  }

  #need(at: number, size: number): void {
    if (!this.#has(at, size)) throw new Problem("too short");
  }

  #has(at: number, size: number): boolean {
    return at + size <= this.#data.length;
  }

  /** What is not there is not zero: it is looked at, and found to be missing. */
  #isZero(id: number, at: number, bitOffset: number, bits: number): boolean {
    if (this.#options.emitZeroes || this.#depth === 0 || (this.#inArray && !this.#characters)) return false;
    this.#step();
    const type = this.#btf.type(this.#btf.resolve(id));
    switch (type.kind) {
      case "int":
        if (bits === 0) return this.#areZero(at, type.sizeBytes);
        return this.#has(at, (bitOffset + bits + 7) >> 3) && this.#bitfield(type, at, bitOffset, bits) === 0n;
      case "float":
        return this.#areZero(at, type.sizeBytes);
      case "ptr":
        return this.#areZero(at, POINTER_BYTES);
      case "array":
        return this.#isZeroArray(type, at, bitOffset);
      case "struct":
      case "union": {
        const [first] = type.members;
        if (first === undefined) return true;
        const { offsetBits } = first;
        return this.#isZero(first.type, at + (offsetBits >>> 3), offsetBits & 7, first.bitfieldBits);
      }
      case "enum":
      case "enum64":
        return this.#areZero(at, type.sizeBytes);
      default:
        return false;
    }
  }

  #areZero(at: number, size: number): boolean {
    if (size < 1 || size > 16) throw new Problem("invalid");
    return this.#has(at, size) && this.#data.subarray(at, at + size).every((byte) => byte === 0);
  }

  /** A string is zero when it is empty, whatever follows its end. */
  #isZeroArray(type: BtfArray, at: number, bitOffset: number): boolean {
    const size = this.#btf.sizeOf(type.elementType);
    const isText = size === 1 && this.#isInteger(type.elementType);
    if (isText && type.length > 0 && this.#data[at] === 0) return true;
    for (let i = 0; i < type.length; i++) {
      if (!this.#isZero(type.elementType, at + i * size, bitOffset, 0)) return false;
    }
    return true;
  }

  #isInteger(id: number): boolean {
    return this.#btf.kind(this.#btf.resolve(id)) === "int";
  }

  #integer(type: BtfInt, at: number): void {
    const { sizeBytes, signed } = type;
    switch (sizeBytes) {
      case 16: {
        const low = this.#view.getBigUint64(at, true);
        const high = this.#view.getBigUint64(at + 8, true);
        this.#value(`0x${((high << 64n) | low).toString(16)}`);
        break;
      }
      case 8:
        this.#value(String(signed ? this.#view.getBigInt64(at, true) : this.#view.getBigUint64(at, true)));
        break;
      case 4:
        this.#value(String(signed ? this.#view.getInt32(at, true) : this.#view.getUint32(at, true)));
        break;
      case 2:
        this.#value(String(signed ? this.#view.getInt16(at, true) : this.#view.getUint16(at, true)));
        break;
      case 1:
        this.#byte(this.#data[at] ?? 0, signed);
        break;
      default:
        throw new Problem("invalid");
    }
  }

  #byte(byte: number, signed: boolean): void {
    if (this.#characters) {
      if (this.#terminated) return;
      if (byte === 0) {
        this.#value("'\\0'");
        this.#terminated = true;
        return;
      }
      if (isPrintable(byte)) {
        this.#value(`'${String.fromCharCode(byte)}'`);
        return;
      }
    }
    this.#value(String(signed ? (byte << 24) >> 24 : byte));
  }

  #float({ sizeBytes }: BtfFloat, at: number): void {
    switch (sizeBytes) {
      case 16:
        this.#value(formatExtended(this.#view.getBigUint64(at, true), this.#view.getUint16(at + 8, true)));
        break;
      case 8:
        this.#value(formatDouble(this.#view.getFloat64(at, true)));
        break;
      case 4:
        this.#value(formatDouble(this.#view.getFloat32(at, true)));
        break;
      default:
        throw new Problem("invalid");
    }
  }

  #pointer(at: number): void {
    const value = this.#view.getBigUint64(at, true);
    this.#value(value === 0n && this.#isAligned(at, POINTER_BYTES) ? "(nil)" : `0x${value.toString(16)}`);
  }

  #isAligned(at: number, alignment: number): boolean {
    return ((this.#options.address ?? 0) + at) % alignment === 0;
  }

  #bitfield(type: BtfInt | BtfEnum, at: number, bitOffset: number, bits: number): bigint {
    this.#need(at, ((bitOffset & 7) + bits + 7) >> 3);
    if (type.sizeBytes > 8) throw new Problem("invalid");
    const number = this.#unsigned(at, type.sizeBytes);
    const shifted = BigInt.asUintN(64, number << BigInt((64 - bits - bitOffset) & 63));
    return shifted >> BigInt((64 - bits) & 63);
  }

  /** Bytes past the end of the data are zero. */
  #unsigned(at: number, sizeBytes: number): bigint {
    let number = 0n;
    for (let i = sizeBytes - 1; i >= 0; i--) number = (number << 8n) | BigInt(this.#data[at + i] ?? 0);
    return number;
  }

  #enum(type: BtfEnum, value: bigint): void {
    const wide = type.kind === "enum64";
    // As the 32 bits are kept: large values without a sign have no name.
    const bits = wide ? 64 : 32;
    const found = type.values.find((one) => BigInt.asIntN(bits, one.value) === value);
    if (found !== undefined) {
      this.#value(found.name);
      return;
    }
    // libbpf forgets what follows a number with a sign.
    if (type.signed) this.#out.push(`${BigInt.asIntN(bits, value)}${wide ? "LL" : ""}`);
    else this.#value(`${BigInt.asUintN(bits, value)}${wide ? "ULL" : ""}`);
  }

  #array(type: BtfArray, at: number): void {
    const size = this.#btf.sizeOf(type.elementType);
    if (size <= 0) throw new Problem("invalid");
    if (size === 1 && this.#isInteger(type.elementType)) {
      if (this.#options.emitStrings && this.#string(type, at)) return;
      this.#characters = true;
    }
    this.#depth++;
    this.#out.push(`[${this.#newline()}`);
    const { inArray, terminated } = { inArray: this.#inArray, terminated: this.#terminated };
    this.#inArray = true;
    this.#terminated = false;
    const depth = this.#depth;
    for (let i = 0; i < type.length && !this.#terminated; i++) {
      const start = at + i * size;
      if (start >= this.#data.length) break;
      try {
        this.show(undefined, type.elementType, start, 0, 0);
      } catch (error) {
        // The rest of the array is shown all the same.
        if (!(error instanceof Problem)) throw error;
        this.#depth = depth;
      }
    }
    this.#inArray = inArray;
    this.#terminated = terminated;
    this.#depth--;
    this.#indent();
    this.#value("]");
  }

  /** @returns false when it has no end, and is shown as an array */
  #string(type: BtfArray, at: number): boolean {
    const bytes = this.#data.subarray(at, at + type.length);
    const end = bytes.indexOf(0);
    if (end < 0) return false;
    const shown = Array.from(bytes.subarray(0, end), (byte) =>
      isPrintable(byte) ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`,
    );
    this.#indent();
    this.#out.push(`"${shown.join("")}"`);
    return true;
  }

  #struct(type: BtfComposite, at: number): void {
    this.#depth++;
    this.#out.push(`{${this.#newline()}`);
    for (const { name, type: id, offsetBits, bitfieldBits } of type.members) {
      this.show(name, id, at + (offsetBits >>> 3), offsetBits & 7, bitfieldBits);
    }
    this.#depth--;
    this.#indent();
    this.#value("}");
  }

  #variable({ name, type, linkage }: BtfVariable, at: number): void {
    const cast = this.#hasCast(type) ? this.#cast(type) : "";
    this.#out.push(`${linkage === "global" ? "" : `${linkage} `}${cast} ${name} = `);
    this.show(undefined, type, at, 0, 0);
  }

  #section({ name, variables }: BtfDatasec, at: number): void {
    this.#value(`SEC("${name}") `);
    for (const { type, offsetBytes } of variables) {
      this.show(undefined, type, at + offsetBytes, 0, 0);
      this.#out.push(";");
    }
  }

  /** Elements of arrays have the array's. */
  #hasCast(id: number): boolean {
    const { kind }: BtfType = this.#btf.type(id);
    return !this.#inArray && kind !== "var" && kind !== "datasec";
  }

  #cast(id: number): string {
    return this.#writer.declare(id, "", { stripModifiers: true, terse: true });
  }

  #indent(): void {
    const { compact, indent = "\t", indentLevel = 0 } = this.#options;
    if (!compact) this.#out.push(indent.repeat(indentLevel + this.#depth));
  }

  #newline(): string {
    return this.#options.compact || this.#depth === 0 ? "" : "\n";
  }

  #value(text: string): void {
    this.#out.push(`${text}${this.#depth === 0 ? "" : ","}${this.#newline()}`);
  }

  #step(): void {
    if (this.#depth > MAX_NESTING || this.#steps-- <= 0) throw new Problem("invalid");
  }
}

function isPrintable(byte: number): boolean {
  return byte >= 0x20 && byte < 0x7f;
}

/** A number as a variable of the enum's size has it. */
function ofSize({ sizeBytes, signed }: BtfEnum, number: bigint): bigint {
  switch (sizeBytes) {
    case 8:
      return BigInt.asIntN(64, number);
    case 4:
    case 2:
    case 1: {
      const bits = 8 * sizeBytes;
      return signed ? BigInt.asIntN(bits, number) : BigInt.asUintN(bits, number);
    }
    default:
      throw new Problem("invalid");
  }
}
