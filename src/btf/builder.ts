import { ByteWriter, encodeText, WasmBpfError } from "../internal/index.ts";
import type { Btf } from "./btf.ts";
import { encodeType } from "./encode.ts";
import { mapTypeIds } from "./map-ids.ts";
import type { NewBtfType } from "./types.ts";

const MAGIC = 0xeb9f;
const HEADER_BYTES = 24;

/** Options of a {@link BtfBuilder}. */
export interface BtfBuilderOptions {
  /** Byte order of the result; default little-endian. */
  readonly littleEndian?: boolean;
  /** Makes a split BTF: ids and string offsets continue those of `base`, and its strings are reused. */
  readonly base?: Btf;
  /** String table to start with, so that strings keep their offsets. */
  readonly strings?: Uint8Array;
}

/** Writes BTF: types get ids in the order in which they are added, equal strings are stored once. */
export class BtfBuilder {
  readonly littleEndian: boolean;
  readonly #firstId: number;
  readonly #stringsStart: number;
  readonly #types: NewBtfType[] = [];
  readonly #stringOffsets = new Map<string, number>();
  readonly #strings: ByteWriter;

  constructor(options: BtfBuilderOptions = {}) {
    const { base } = options;
    this.littleEndian = options.littleEndian ?? true;
    this.#firstId = base === undefined ? 1 : base.typeCount;
    this.#stringsStart = base === undefined ? 0 : base.stringsEnd;
    this.#strings = new ByteWriter(true, 256 + (options.strings?.length ?? 0));
    if (base !== undefined) this.#learnBase(base);
    if (options.strings !== undefined) {
      this.#learn(options.strings, this.#stringsStart);
      this.#strings.bytes(options.strings);
    } else if (base === undefined) {
      this.#strings.u8(0);
    }
    this.#stringOffsets.set("", 0);
  }

  /** The id that the next added type gets. */
  get nextId(): number {
    return this.#firstId + this.#types.length;
  }

  /** Adds a type, which may refer to types that are not there yet. @returns its id. */
  add(type: NewBtfType): number {
    this.#types.push(type);
    return this.nextId - 1;
  }

  /** The type that was added under this id. */
  get(id: number): NewBtfType | undefined {
    return this.#types[id - this.#firstId];
  }

  /** Replaces a type that was added before; what refers to it stays valid. */
  replace(id: number, type: NewBtfType): void {
    if (this.get(id) === undefined) {
      throw new WasmBpfError("INVALID_ARGUMENT", `Cannot replace BTF type ${id}: it was not added here`);
    }
    this.#types[id - this.#firstId] = type;
  }

  /**
   * Appends all types of another BTF (not those of its base) without looking for equal ones.
   *
   * @returns What to add to the ids of `other` to get the ids here; 0 stays 0.
   */
  append(other: Btf): number {
    if (other.base !== undefined) {
      throw new WasmBpfError("INVALID_ARGUMENT", "Cannot append a split BTF: its base would be missing");
    }
    const shift = this.nextId - 1;
    for (const type of other.types()) {
      if (type.kind === "void") continue;
      this.add(shift === 0 ? type : mapTypeIds(type, (id) => (id === 0 ? 0 : id + shift)));
    }
    return shift;
  }

  /** Offset of a string in the table, which gets it if it is not there yet. */
  addString(text: string): number {
    const known = this.#stringOffsets.get(text);
    if (known !== undefined) return known;
    if (text.includes("\0")) {
      throw new WasmBpfError("INVALID_ARGUMENT", "Cannot store a string with a NUL character in BTF");
    }
    const offset = this.#stringsStart + this.#strings.length;
    this.#strings.bytes(encodeText(text)).u8(0);
    this.#stringOffsets.set(text, offset);
    return offset;
  }

  /** The BTF blob. */
  toBytes(): Uint8Array {
    const types = new ByteWriter(this.littleEndian, 32 * this.#types.length + 64);
    for (const type of this.#types) encodeType(types, type, (text) => this.addString(text));
    const blob = new ByteWriter(this.littleEndian, HEADER_BYTES + types.length + this.#strings.length);
    blob.u16(MAGIC).u8(1).u8(0).u32(HEADER_BYTES);
    blob.u32(0).u32(types.length).u32(types.length).u32(this.#strings.length);
    return blob.bytes(types.finish()).bytes(this.#strings.finish()).finish();
  }

  #learnBase(base: Btf): void {
    if (base.base !== undefined) this.#learnBase(base.base);
    this.#learn(base.stringBytes, base.stringsEnd - base.stringBytes.length);
  }

  #learn(table: Uint8Array, start: number): void {
    const decoder = new TextDecoder("utf-8");
    for (let at = 0; at < table.length; ) {
      const end = table.indexOf(0, at);
      const text = decoder.decode(table.subarray(at, end));
      if (!this.#stringOffsets.has(text)) this.#stringOffsets.set(text, start + at);
      at = end + 1;
    }
  }
}
