import { ByteReader, MalformedInputError } from "../internal/index.ts";
import { type DecodeContext, decodeType } from "./decode.ts";
import { Layout } from "./layout.ts";
import { StringTable } from "./strings.ts";
import { indexTypes } from "./type-index.ts";
import {
  BTF_KIND_CONST,
  BTF_KIND_NAMES,
  BTF_KIND_RESTRICT,
  BTF_KIND_TYPE_TAG,
  BTF_KIND_TYPEDEF,
  BTF_KIND_VOLATILE,
  type BtfKind,
  type BtfType,
} from "./types.ts";

const MAGIC = 0xeb9f;
const HEADER_BYTES = 24;

/** Longest chain of qualifiers and typedefs that is followed before it counts as a cycle. */
const MAX_CHAIN = 128;

const MODIFIER_KINDS: readonly number[] = [
  BTF_KIND_CONST,
  BTF_KIND_VOLATILE,
  BTF_KIND_RESTRICT,
  BTF_KIND_TYPE_TAG,
];

/** Options of {@link Btf.parse}. */
export interface BtfParseOptions {
  /** The BTF this one extends (a module's base is the kernel's BTF): ids and string offsets continue there. */
  readonly base?: Btf;
  /** Name of the input for messages; default `.BTF`. */
  readonly section?: string;
}

/**
 * Type information of an object or a kernel. Parsing makes an index only; types are decoded when asked for.
 * Ids start at 1; id 0 is `void`.
 */
export class Btf {
  /** The blob it was parsed from. */
  readonly raw: Uint8Array;
  readonly littleEndian: boolean;
  readonly base: Btf | undefined;
  /** Number of ids, `void` and the base's types included: the first id that does not exist. */
  readonly typeCount: number;
  /** First id that belongs to this blob and not to its base. */
  readonly firstId: number;
  readonly #strings: StringTable;
  readonly #stringsStart: number;
  readonly #words: Uint32Array;
  /** Byte offset of the type section in {@link raw}. */
  readonly #typesAt: number;
  readonly #starts: Uint32Array;
  readonly #names: Uint32Array;
  readonly #context: DecodeContext;
  readonly #cache = new Map<number, BtfType>();
  #layout: Layout | undefined;
  /** What was searched for by name without flavor. */
  readonly #flavors = new Map<string, readonly number[]>();

  private constructor(bytes: Uint8Array, options: BtfParseOptions) {
    const { base } = options;
    const section = options.section ?? ".BTF";
    const header = parseHeader(bytes, section, base !== undefined);
    this.raw = bytes;
    this.base = base;
    this.littleEndian = header.littleEndian;
    this.#strings = new StringTable(header.strings);
    this.#stringsStart = base === undefined ? 0 : base.stringsEnd;
    this.#words = header.words;
    this.#typesAt = header.typesAt;
    const index = indexTypes(header.words, this.#stringsStart + header.strings.length, section);
    this.#starts = index.starts;
    this.#names = index.names;
    this.firstId = base === undefined ? 1 : base.typeCount;
    this.typeCount = this.firstId + this.#starts.length;
    this.#context = {
      words: header.words,
      typeCount: this.typeCount,
      section,
      string: (offset) => this.string(offset),
    };
  }

  /**
   * Indexes a BTF blob of either byte order. The bytes are kept, not copied.
   *
   * @throws {MalformedInputError} when the header, the sections or a type record is not well-formed. What is
   * inside a record (member types, names) is checked when the type is decoded.
   */
  static parse(bytes: Uint8Array, options: BtfParseOptions = {}): Btf {
    return new Btf(bytes, options);
  }

  /** First string offset past the string table, counting the base's. */
  get stringsEnd(): number {
    return this.#stringsStart + this.#strings.bytes.length;
  }

  /** The bytes of this blob's own string table. */
  get stringBytes(): Uint8Array {
    return this.#strings.bytes;
  }

  /** String at an offset; a split BTF's offsets continue those of its base. */
  string(offset: number): string {
    if (offset < this.#stringsStart && this.base !== undefined) return this.base.string(offset);
    return this.#strings.at(offset - this.#stringsStart);
  }

  /** Lowest offset of a string in this blob's own table; `undefined` when it is not there. */
  stringOffset(text: string): number | undefined {
    const own = this.#strings.find(text)[0];
    return own === undefined ? undefined : own + this.#stringsStart;
  }

  /** Where in {@link raw} the record of one of this blob's own types is. */
  recordRange(id: number): { readonly offsetBytes: number; readonly sizeBytes: number } {
    const start = this.#start(id);
    const end = this.#starts[id + 1 - this.firstId] ?? this.#words.length;
    return { offsetBytes: this.#typesAt + start * 4, sizeBytes: (end - start) * 4 };
  }

  /** The type with this id. @throws {MalformedInputError} when there is none or its record is not well-formed. */
  type(id: number): BtfType {
    if (id < this.firstId) {
      if (id === 0) return { id: 0, kind: "void" };
      if (this.base !== undefined) return this.base.type(id);
    }
    const cached = this.#cache.get(id);
    if (cached !== undefined) return cached;
    const type = decodeType(this.#context, id, this.#start(id));
    this.#cache.set(id, type);
    return type;
  }

  /** Kind of a type, without decoding it. */
  kind(id: number): BtfKind {
    return BTF_KIND_NAMES[this.kindNumber(id)] as BtfKind;
  }

  /** `BTF_KIND_*` number of a type, without decoding it; 0 for `void`. */
  kindNumber(id: number): number {
    if (id < this.firstId) return id === 0 || this.base === undefined ? 0 : this.base.kindNumber(id);
    return ((this.#words[this.#start(id) + 1] as number) >>> 24) & 0x1f;
  }

  /** Name of a type, without decoding it; empty when it has none. */
  name(id: number): string {
    if (id < this.firstId) return id === 0 || this.base === undefined ? "" : this.base.name(id);
    return this.string(this.#words[this.#start(id)] as number);
  }

  /** All types of this blob (not of its base), decoded one by one. */
  *types(): Generator<BtfType> {
    for (let id = this.firstId; id < this.typeCount; id++) yield this.type(id);
  }

  /** Id of a type with exactly this name, of any kind or of one, the lowest where names are stored once; or `undefined`. */
  find(name: string, kind?: BtfKind | number): number | undefined {
    const number = typeof kind === "string" ? BTF_KIND_NAMES.indexOf(kind) : kind;
    const inBase = this.base?.find(name, number);
    if (inBase !== undefined) return inBase;
    const wanted = (id: number): boolean => number === undefined || this.kindNumber(id) === number;
    if (this.base === undefined) {
      const first = this.#strings.findFirst(name);
      if (first === undefined) return undefined;
      const found = this.#named([first]).find(wanted);
      if (found !== undefined) return found;
    }
    // A table may have a name more than once, and names of its base.
    return this.#named(this.#nameOffsets(name, false)).find(wanted);
  }

  /** Ids of all types with exactly this name, ascending, those of the base included. */
  findAll(name: string): number[] {
    return [...(this.base?.findAll(name) ?? []), ...this.#named(this.#nameOffsets(name, false))];
  }

  /**
   * Ids of this blob's own types whose name without flavor is `essential` (`x` and `x___any`) and whose kind
   * is one of `kinds`, ascending.
   */
  candidates(essential: string, kinds: readonly BtfKind[]): number[] {
    let ids = this.#flavors.get(essential);
    if (ids === undefined) {
      ids = this.#named(this.#nameOffsets(essential, true));
      this.#flavors.set(essential, ids);
    }
    return ids.filter((id) => kinds.includes(this.kind(id)));
  }

  /** Follows const, volatile, restrict and type tags. @throws {MalformedInputError} on a cycle. */
  skipModifiers(id: number): number {
    return this.#follow(id, false);
  }

  /** Follows const, volatile, restrict, type tags and typedefs. @throws {MalformedInputError} on a cycle. */
  resolve(id: number): number {
    return this.#follow(id, true);
  }

  /** Size in bytes, through qualifiers and typedefs; pointers have 8. */
  sizeOf(id: number): number {
    this.#layout ??= new Layout(this);
    return this.#layout.sizeOf(id);
  }

  /** Natural alignment in bytes, through qualifiers and typedefs; a packed struct has 1. */
  alignOf(id: number): number {
    this.#layout ??= new Layout(this);
    return this.#layout.alignOf(id);
  }

  #start(id: number): number {
    const start = this.#starts[id - this.firstId];
    if (start === undefined) throw new MalformedInputError(`type id ${id} is out of range`);
    return start;
  }

  #follow(id: number, typedefs: boolean): number {
    let at = id;
    for (let step = 0; step < MAX_CHAIN; step++) {
      const next = this.#modified(at, typedefs);
      if (next === undefined) return at;
      at = next;
    }
    throw new MalformedInputError(`type ${id} is a cycle of qualifiers and typedefs`);
  }

  #modified(id: number, typedefs: boolean): number | undefined {
    if (id < this.firstId) {
      return id === 0 || this.base === undefined ? undefined : this.base.#modified(id, typedefs);
    }
    const start = this.#start(id);
    const kind = ((this.#words[start + 1] as number) >>> 24) & 0x1f;
    if (!(MODIFIER_KINDS.includes(kind) || (typedefs && kind === BTF_KIND_TYPEDEF))) return undefined;
    const target = this.#words[start + 2] as number;
    if (target >= this.typeCount) throw new MalformedInputError(`type id ${target} is out of range`);
    return target;
  }

  /** Offsets, in this blob's numbering, of the strings that are `name`, or flavors of it. */
  #nameOffsets(name: string, flavors: boolean): number[] {
    const inBase = this.base === undefined ? [] : this.base.#nameOffsets(name, flavors);
    const own = flavors ? this.#strings.findFlavors(name) : this.#strings.find(name);
    return [...inBase, ...own.map((offset) => offset + this.#stringsStart)];
  }

  /** Own types whose name is at one of these string offsets, ascending. */
  #named(nameOffsets: readonly number[]): number[] {
    const names = this.#names;
    const ids: number[] = [];
    for (const offset of nameOffsets) {
      for (let at = names.indexOf(offset); at >= 0; at = names.indexOf(offset, at + 1)) {
        ids.push(this.firstId + at);
      }
    }
    return ids.sort((a, b) => a - b);
  }
}

interface BtfHeader {
  readonly littleEndian: boolean;
  readonly words: Uint32Array;
  readonly typesAt: number;
  readonly strings: Uint8Array;
}

/** Header layout: magic u16, version u8, flags u8, header length u32, then offset and length of types and strings. */
function parseHeader(bytes: Uint8Array, section: string, split: boolean): BtfHeader {
  const littleEndian = new ByteReader(bytes, true, section).u16(0, "BTF magic") === MAGIC;
  const reader = new ByteReader(bytes, littleEndian, section);
  const fail = (message: string, offsetBytes: number): never => {
    throw new MalformedInputError(message, { section, offsetBytes });
  };
  if (reader.u16(0) !== MAGIC) fail("not BTF: wrong magic", 0);
  if (reader.u8(2, "BTF version") !== 1) fail(`BTF version ${reader.u8(2)} is not known`, 2);
  if (reader.u8(3, "BTF flags") !== 0) fail(`BTF flags ${reader.u8(3)} are not known`, 3);
  const headerBytes = reader.u32(4, "BTF header length");
  if (headerBytes < HEADER_BYTES) fail(`BTF header of ${headerBytes} bytes is too short`, 4);
  reader.need(0, headerBytes, "BTF header");
  const typesAt = headerBytes + reader.u32(8, "BTF header");
  const typesBytes = reader.u32(12, "BTF header");
  const stringsAt = headerBytes + reader.u32(16, "BTF header");
  const stringsBytes = reader.u32(20, "BTF header");
  if (typesAt % 4 !== 0 || typesBytes % 4 !== 0) fail("BTF type section is not aligned to 4 bytes", 8);
  if (
    typesBytes > 0 &&
    stringsBytes > 0 &&
    typesAt < stringsAt + stringsBytes &&
    stringsAt < typesAt + typesBytes
  ) {
    fail("BTF type and string sections overlap", 16);
  }
  const types = reader.slice(typesAt, typesBytes, "BTF type section");
  const strings = reader.slice(stringsAt, stringsBytes, "BTF string section");
  if (strings.length === 0 ? !split : strings[strings.length - 1] !== 0 || (!split && strings[0] !== 0)) {
    fail("BTF string section does not start and end with a NUL byte", stringsAt);
  }
  return { littleEndian, words: wordsOf(types, littleEndian), typesAt, strings };
}

/** The bytes as 32-bit words in host byte order: a view where possible, else a copy. */
function wordsOf(bytes: Uint8Array, littleEndian: boolean): Uint32Array {
  const count = bytes.length / 4;
  const hostIsLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
  if (littleEndian === hostIsLittleEndian && bytes.byteOffset % 4 === 0) {
    return new Uint32Array(bytes.buffer, bytes.byteOffset, count);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const words = new Uint32Array(count);
  for (let i = 0; i < count; i++) words[i] = view.getUint32(i * 4, littleEndian);
  return words;
}
