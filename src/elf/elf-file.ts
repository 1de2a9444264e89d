import { ByteReader, MalformedInputError } from "../internal/index.ts";
import {
  SHN_LORESERVE,
  SHN_XINDEX,
  SHT_DYNSYM,
  SHT_NOBITS,
  SHT_NULL,
  SHT_REL,
  SHT_RELA,
  SHT_SYMTAB,
  SHT_SYMTAB_SHNDX,
} from "./constants.ts";

const HEADER_SIZE = 64;
const SECTION_HEADER_SIZE = 64;
const PROGRAM_HEADER_SIZE = 56;
const SYMBOL_SIZE = 24;
const REL_SIZE = 16;
const RELA_SIZE = 24;
const PN_XNUM = 0xffff;
const EMPTY = new Uint8Array(0);

/** One section. `data` is a view into the file, empty for sections without bytes (`SHT_NOBITS`). */
export interface ElfSection {
  readonly index: number;
  readonly name: string;
  /** SHT_* */
  readonly type: number;
  /** SHF_*, low 32 bits. */
  readonly flags: number;
  readonly addr: bigint;
  /** Byte offset in the file. */
  readonly offset: number;
  /** Size in bytes, also of a `SHT_NOBITS` section. */
  readonly size: number;
  readonly link: number;
  readonly info: number;
  /** In bytes; 0 and 1 mean none. */
  readonly alignment: number;
  readonly entrySize: number;
  readonly data: Uint8Array;
}

/** One symbol of the static or the dynamic symbol table. */
export interface ElfSymbol {
  readonly index: number;
  readonly name: string;
  /** Place of the name in its string table. */
  readonly nameOffset: number;
  readonly value: number;
  readonly size: number;
  /** STT_* */
  readonly type: number;
  /** STB_* */
  readonly binding: number;
  /** STV_* */
  readonly visibility: number;
  /** Index of the section that defines it, or SHN_UNDEF, SHN_ABS, ... */
  readonly sectionIndex: number;
}

/** One relocation. `addend` is there only for `SHT_RELA` sections. */
export interface ElfRelocation {
  /** Byte offset in the section that is relocated. */
  readonly offset: number;
  readonly type: number;
  readonly symbolIndex: number;
  readonly addend?: bigint;
}

/** One program header (segment). */
export interface ElfSegment {
  /** PT_* */
  readonly type: number;
  /** PF_* */
  readonly flags: number;
  readonly offset: number;
  readonly virtualAddress: bigint;
  readonly fileSize: number;
  readonly memorySize: number;
}

/** A 64-bit ELF file of either byte order. Made by {@link parseElf}; nothing is copied. */
export class ElfFile {
  readonly bytes: Uint8Array;
  readonly littleEndian: boolean;
  /** ET_* */
  readonly type: number;
  /** EM_* */
  readonly machine: number;
  readonly sections: readonly ElfSection[];
  readonly segments: readonly ElfSegment[];
  #symbols: readonly ElfSymbol[] | undefined;
  #dynamicSymbols: readonly ElfSymbol[] | undefined;

  constructor(
    bytes: Uint8Array,
    littleEndian: boolean,
    type: number,
    machine: number,
    sections: readonly ElfSection[],
    segments: readonly ElfSegment[],
  ) {
    this.bytes = bytes;
    this.littleEndian = littleEndian;
    this.type = type;
    this.machine = machine;
    this.sections = sections;
    this.segments = segments;
  }

  /** The first section of that name. */
  section(name: string): ElfSection | undefined {
    return this.sections.find((section) => section.name === name && section.type !== SHT_NULL);
  }

  /**
   * Symbols of the static symbol table in file order, the null symbol at index 0 included.
   *
   * @returns an empty list when the file is stripped.
   * @throws {MalformedInputError} when the table or its string table is damaged.
   */
  symbols(): readonly ElfSymbol[] {
    this.#symbols ??= this.#readSymbols(SHT_SYMTAB);
    return this.#symbols;
  }

  /**
   * Symbols of the dynamic symbol table (`.dynsym`), what is left in a stripped library.
   *
   * @throws {MalformedInputError} when the table or its string table is damaged.
   */
  dynamicSymbols(): readonly ElfSymbol[] {
    this.#dynamicSymbols ??= this.#readSymbols(SHT_DYNSYM);
    return this.#dynamicSymbols;
  }

  /**
   * Symbols with that name, with or without a version after `@`. Only these are decoded, so it is fast
   * on executables with 100,000 symbols.
   *
   * @throws {MalformedInputError} when the table or its string table is damaged.
   */
  symbolsNamed(name: Uint8Array, dynamic: boolean): ElfSymbol[] {
    const table = this.#symbolTable(dynamic ? SHT_DYNSYM : SHT_SYMTAB);
    if (table === undefined) return [];
    const offsets = stringOffsets(table.names.bytes, name);
    const result: ElfSymbol[] = [];
    if (offsets.size === 0) return result;
    for (let index = 0; index < table.count; index++) {
      if (offsets.has(table.reader.u32(index * SYMBOL_SIZE))) result.push(this.#symbol(table, index));
    }
    return result;
  }

  /**
   * Relocations in a `SHT_REL` or `SHT_RELA` section.
   *
   * @throws {MalformedInputError} when it is not a relocation section or its size does not fit.
   */
  relocations(section: ElfSection): ElfRelocation[] {
    const withAddend = section.type === SHT_RELA;
    if (!withAddend && section.type !== SHT_REL) {
      throw new MalformedInputError(`section type ${section.type} holds no relocations`, {
        section: section.name,
      });
    }
    const size = withAddend ? RELA_SIZE : REL_SIZE;
    const reader = this.#table(section, size);
    const result: ElfRelocation[] = [];
    for (let at = 0; at + size <= reader.length; at += size) {
      const offset = reader.size64(at, "relocation offset");
      const [low, high] = [reader.u32(at + 8), reader.u32(at + 12)];
      const [type, symbolIndex] = this.littleEndian ? [low, high] : [high, low];
      result.push(
        withAddend
          ? { offset, type, symbolIndex, addend: BigInt.asIntN(64, reader.u64(at + 16)) }
          : { offset, type, symbolIndex },
      );
    }
    return result;
  }

  #table(section: ElfSection, entrySize: number): ByteReader {
    if (section.entrySize !== entrySize || section.data.length % entrySize !== 0) {
      throw new MalformedInputError(
        `table of ${section.data.length} bytes with entries of ${section.entrySize} bytes, expected ${entrySize}`,
        { section: section.name },
      );
    }
    return new ByteReader(section.data, this.littleEndian, section.name);
  }

  #symbolTable(type: number): SymbolTable | undefined {
    const tables = this.sections.filter((section) => section.type === type);
    const table = tables[0];
    if (table === undefined) return undefined;
    if (tables.length > 1) throw new MalformedInputError("several symbol tables", { section: table.name });
    const reader = this.#table(table, SYMBOL_SIZE);
    const strings = this.sections[table.link];
    if (strings === undefined || strings === table) {
      throw new MalformedInputError(`string table ${table.link} does not exist`, { section: table.name });
    }
    const extended = this.sections.find(
      (section) => section.type === SHT_SYMTAB_SHNDX && section.link === table.index,
    );
    return {
      reader,
      count: Math.floor(reader.length / SYMBOL_SIZE),
      names: new ByteReader(strings.data, this.littleEndian, strings.name),
      extendedIndexes:
        extended === undefined ? undefined : new ByteReader(extended.data, this.littleEndian, extended.name),
    };
  }

  #symbol(table: SymbolTable, index: number): ElfSymbol {
    const { reader, names, extendedIndexes } = table;
    const at = index * SYMBOL_SIZE;
    const nameOffset = reader.u32(at);
    const info = reader.u8(at + 4);
    let sectionIndex = reader.u16(at + 6);
    if (sectionIndex === SHN_XINDEX && extendedIndexes !== undefined) {
      sectionIndex = extendedIndexes.u32(index * 4, "extended section index");
    } else if (sectionIndex < SHN_LORESERVE && sectionIndex >= this.sections.length) {
      throw new MalformedInputError(
        `symbol ${index} is in section ${sectionIndex}, there are ${this.sections.length}`,
        reader.at(at),
      );
    }
    return {
      index,
      name: nameOffset === 0 ? "" : names.cstring(nameOffset, "symbol name"),
      nameOffset,
      value: clampedNumber(reader.u64(at + 8)),
      size: clampedNumber(reader.u64(at + 16)),
      type: info & 15,
      binding: info >> 4,
      visibility: reader.u8(at + 5) & 3,
      sectionIndex,
    };
  }

  #readSymbols(type: number): readonly ElfSymbol[] {
    const table = this.#symbolTable(type);
    if (table === undefined) return [];
    return Array.from({ length: table.count }, (_, index) => this.#symbol(table, index));
  }
}

interface SymbolTable {
  readonly reader: ByteReader;
  readonly count: number;
  readonly names: ByteReader;
  readonly extendedIndexes: ByteReader | undefined;
}

/** Offsets in a string table at which `name` ends at a NUL or a version. Strings may share their tails. */
function stringOffsets(strings: Uint8Array, name: Uint8Array): Set<number> {
  const offsets = new Set<number>();
  const first = name[0];
  if (first === undefined) return offsets;
  for (let at = strings.indexOf(first); at >= 0; at = strings.indexOf(first, at + 1)) {
    const after = strings[at + name.length];
    if (after !== 0 && after !== 0x40) continue;
    let same = 1;
    while (same < name.length && strings[at + same] === name[same]) same++;
    if (same === name.length) offsets.add(at);
  }
  return offsets;
}

/**
 * Reads the headers of a 64-bit ELF file.
 *
 * @param bytes the whole file; the result keeps views into it.
 * @throws {MalformedInputError} when it is no 64-bit ELF file or its tables leave the file.
 */
export function parseElf(bytes: Uint8Array): ElfFile {
  if (bytes.length < 16 || bytes[0] !== 0x7f || bytes[1] !== 0x45 || bytes[2] !== 0x4c || bytes[3] !== 0x46) {
    throw new MalformedInputError("not an ELF file: it does not start with the ELF magic", {
      offsetBytes: 0,
    });
  }
  if (bytes[4] !== 2) throw new MalformedInputError("not a 64-bit ELF file", { offsetBytes: 4 });
  const order = bytes[5];
  if (order !== 1 && order !== 2) {
    throw new MalformedInputError(`unknown byte order ${order}`, { offsetBytes: 5 });
  }
  const reader = new ByteReader(bytes, order === 1);
  reader.need(0, HEADER_SIZE, "ELF header");
  const { sections, segmentCount } = readSections(reader);
  return new ElfFile(
    bytes,
    reader.littleEndian,
    reader.u16(16),
    reader.u16(18),
    sections,
    readSegments(reader, segmentCount),
  );
}

function readSections(reader: ByteReader): { sections: ElfSection[]; segmentCount: number } {
  const tableOffset = reader.size64(40, "section header offset");
  const entrySize = reader.u16(58);
  let count = reader.u16(60);
  let namesIndex = reader.u16(62);
  let segmentCount = reader.u16(56);
  if (tableOffset === 0) return { sections: [], segmentCount };
  if (entrySize !== SECTION_HEADER_SIZE) {
    throw new MalformedInputError(`section headers of ${entrySize} bytes`, { offsetBytes: 58 });
  }
  // Counts that do not fit into the header are in the first section header.
  if (count === 0) count = reader.size64(tableOffset + 32, "section count");
  if (namesIndex === SHN_XINDEX) namesIndex = reader.u32(tableOffset + 40, "section name table index");
  if (segmentCount === PN_XNUM) segmentCount = reader.u32(tableOffset + 44, "segment count");
  reader.need(tableOffset, count * SECTION_HEADER_SIZE, "section header table");

  const namesAt = tableOffset + namesIndex * SECTION_HEADER_SIZE;
  const hasNames = namesIndex !== 0;
  if (namesIndex >= count) {
    throw new MalformedInputError(`section name table ${namesIndex} does not exist`, { offsetBytes: 62 });
  }
  const names = hasNames
    ? new ByteReader(
        reader.slice(
          reader.size64(namesAt + 24, "section name table offset"),
          reader.size64(namesAt + 32, "section name table size"),
          "section name table",
        ),
        reader.littleEndian,
        "section names",
      )
    : undefined;

  const sections: ElfSection[] = [];
  for (let index = 0; index < count; index++) {
    const at = tableOffset + index * SECTION_HEADER_SIZE;
    const type = reader.u32(at + 4);
    const hasData = type !== SHT_NULL && type !== SHT_NOBITS;
    // The first header's size field may hold the section count.
    const offset = type === SHT_NULL ? 0 : reader.size64(at + 24, "section offset");
    const size = type === SHT_NULL ? 0 : reader.size64(at + 32, "section size");
    sections.push({
      index,
      name: names?.cstring(reader.u32(at), "section name") ?? "",
      type,
      flags: reader.u32(at + (reader.littleEndian ? 8 : 12)),
      addr: reader.u64(at + 16),
      offset,
      size,
      link: reader.u32(at + 40),
      info: reader.u32(at + 44),
      alignment: clampedNumber(reader.u64(at + 48)),
      entrySize: clampedNumber(reader.u64(at + 56)),
      data: hasData ? reader.slice(offset, size, "section data") : EMPTY,
    });
  }
  return { sections, segmentCount };
}

function readSegments(reader: ByteReader, count: number): ElfSegment[] {
  const tableOffset = reader.size64(32, "program header offset");
  if (tableOffset === 0 || count === 0) return [];
  const entrySize = reader.u16(54);
  if (entrySize !== PROGRAM_HEADER_SIZE) {
    throw new MalformedInputError(`program headers of ${entrySize} bytes`, { offsetBytes: 54 });
  }
  reader.need(tableOffset, count * PROGRAM_HEADER_SIZE, "program header table");
  const segments: ElfSegment[] = [];
  for (let index = 0; index < count; index++) {
    const at = tableOffset + index * PROGRAM_HEADER_SIZE;
    segments.push({
      type: reader.u32(at),
      flags: reader.u32(at + 4),
      offset: clampedNumber(reader.u64(at + 8)),
      virtualAddress: reader.u64(at + 16),
      fileSize: clampedNumber(reader.u64(at + 32)),
      memorySize: clampedNumber(reader.u64(at + 40)),
    });
  }
  return segments;
}

/** Addresses near the top of the address space do not occur where they matter here. */
function clampedNumber(value: bigint): number {
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(value);
}
