import { alignUp, ByteWriter, encodeText, WasmBpfError } from "../internal/index.ts";
import { SHN_LORESERVE, SHT_NOBITS, SHT_REL, SHT_STRTAB, SHT_SYMTAB, STB_LOCAL } from "./constants.ts";
import type { ElfRelocation, ElfSymbol } from "./elf-file.ts";

const HEADER_SIZE = 64;
const SECTION_HEADER_SIZE = 64;
const SYMBOL_SIZE = 24;
const REL_SIZE = 16;

/** A section on its way into a file. */
export interface NewElfSection {
  readonly name: string;
  /** SHT_* */
  readonly type: number;
  /** SHF_* */
  readonly flags: number;
  /** In bytes; 0 and 1 mean none. */
  readonly alignment: number;
  readonly entrySize: number;
  /** Size in bytes; a `SHT_NOBITS` section has no `data`. */
  readonly size: number;
  readonly data: Uint8Array;
  /** Relocations of this section; they go to a section of their own. */
  readonly relocations: readonly ElfRelocation[];
}

/** A symbol on its way into a file. */
export type NewElfSymbol = Omit<ElfSymbol, "index" | "nameOffset">;

/** A file that {@link writeElf} writes. */
export interface NewElfFile {
  readonly littleEndian: boolean;
  /** ET_* */
  readonly type: number;
  /** EM_* */
  readonly machine: number;
  /** The first gets index 1. */
  readonly sections: readonly NewElfSection[];
  /** The first gets index 1. Local symbols come first. */
  readonly symbols: readonly NewElfSymbol[];
}

interface PlacedSection extends Omit<NewElfSection, "relocations"> {
  readonly link: number;
  readonly info: number;
}

/**
 * Writes a relocatable 64-bit ELF file: the sections as given, then their relocations, the symbol table and the
 * string table that all names are in.
 *
 * @throws {WasmBpfError} code `NOT_SUPPORTED` when there are more sections than plain ELF can number.
 */
export function writeElf(file: NewElfFile): Uint8Array {
  const strings = new StringWriter();
  const { littleEndian } = file;
  const relocated = file.sections.flatMap((section, i) => (section.relocations.length > 0 ? [i] : []));
  const symbolTableIndex = 1 + file.sections.length + relocated.length;
  const sections: PlacedSection[] = file.sections.map((section) => ({ ...section, link: 0, info: 0 }));
  for (const i of relocated) {
    const { name, relocations } = file.sections[i] as NewElfSection;
    const data = encodeRelocations(relocations, littleEndian);
    sections.push(
      table({
        name: `.rel${name}`,
        type: SHT_REL,
        data,
        entrySize: REL_SIZE,
        link: symbolTableIndex,
        info: i + 1,
      }),
    );
  }
  const firstGlobal = file.symbols.findIndex(({ binding }) => binding !== STB_LOCAL);
  sections.push(
    table({
      name: ".symtab",
      type: SHT_SYMTAB,
      data: encodeSymbols(file.symbols, strings, littleEndian),
      entrySize: SYMBOL_SIZE,
      link: symbolTableIndex + 1,
      info: firstGlobal < 0 ? file.symbols.length + 1 : firstGlobal + 1,
    }),
  );
  const count = sections.length + 2;
  if (count >= SHN_LORESERVE) {
    throw new WasmBpfError("NOT_SUPPORTED", `Cannot write an ELF file with ${count} sections`);
  }
  const nameOffsets = [...sections, { name: ".strtab" }].map(({ name }) => strings.add(name));
  sections.push(
    table({ name: ".strtab", type: SHT_STRTAB, data: strings.finish(), entrySize: 0, link: 0, info: 0 }),
  );
  return encodeFile(file, sections, nameOffsets);
}

function table(
  section: Pick<PlacedSection, "name" | "type" | "data" | "entrySize" | "link" | "info">,
): PlacedSection {
  return { ...section, flags: 0, alignment: section.entrySize === 0 ? 1 : 8, size: section.data.length };
}

function encodeFile(
  file: NewElfFile,
  sections: readonly PlacedSection[],
  nameOffsets: readonly number[],
): Uint8Array {
  const out = new ByteWriter(file.littleEndian, 4096);
  out.zeros(HEADER_SIZE);
  const offsets = sections.map((section) => {
    out.zeros(alignUp(out.length, Math.max(1, section.alignment)) - out.length);
    const offset = out.length;
    if (section.type !== SHT_NOBITS) out.bytes(section.data);
    return offset;
  });
  out.zeros(alignUp(out.length, 8) - out.length);
  const tableOffset = out.length;
  out.zeros(SECTION_HEADER_SIZE);
  for (const [i, section] of sections.entries()) {
    out
      .u32(nameOffsets[i] ?? 0)
      .u32(section.type)
      .u64(BigInt(section.flags))
      .u64(0n);
    out
      .u64(BigInt(offsets[i] ?? 0))
      .u64(BigInt(section.size))
      .u32(section.link)
      .u32(section.info);
    out.u64(BigInt(section.alignment)).u64(BigInt(section.entrySize));
  }
  const bytes = out.finish();
  const head = new ByteWriter(file.littleEndian, HEADER_SIZE);
  head.bytes(Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 2, file.littleEndian ? 1 : 2, 1)).zeros(9);
  head.u16(file.type).u16(file.machine).u32(1).u64(0n).u64(0n).u64(BigInt(tableOffset));
  head.u32(0).u16(HEADER_SIZE).u16(0).u16(0);
  head
    .u16(SECTION_HEADER_SIZE)
    .u16(sections.length + 1)
    .u16(sections.length);
  bytes.set(head.finish());
  return bytes;
}

function encodeSymbols(
  symbols: readonly NewElfSymbol[],
  strings: StringWriter,
  littleEndian: boolean,
): Uint8Array {
  const out = new ByteWriter(littleEndian, (symbols.length + 1) * SYMBOL_SIZE);
  out.zeros(SYMBOL_SIZE);
  for (const symbol of symbols) {
    out
      .u32(strings.add(symbol.name))
      .u8((symbol.binding << 4) | symbol.type)
      .u8(symbol.visibility);
    out.u16(symbol.sectionIndex).u64(BigInt(symbol.value)).u64(BigInt(symbol.size));
  }
  return out.finish();
}

function encodeRelocations(relocations: readonly ElfRelocation[], littleEndian: boolean): Uint8Array {
  const out = new ByteWriter(littleEndian, relocations.length * REL_SIZE);
  for (const { offset, type, symbolIndex } of relocations) {
    out.u64(BigInt(offset)).u64((BigInt(symbolIndex) << 32n) | BigInt(type));
  }
  return out.finish();
}

/** String table; equal strings are stored once. */
class StringWriter {
  readonly #out = new ByteWriter(true);
  readonly #offsets = new Map<string, number>([["", 0]]);

  constructor() {
    this.#out.u8(0);
  }

  add(text: string): number {
    const known = this.#offsets.get(text);
    if (known !== undefined) return known;
    const offset = this.#out.length;
    this.#out.bytes(encodeText(text)).u8(0);
    this.#offsets.set(text, offset);
    return offset;
  }

  finish(): Uint8Array {
    return this.#out.finish();
  }
}
