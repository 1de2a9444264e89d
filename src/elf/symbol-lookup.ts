import { encodeText } from "../internal/index.ts";
import {
  PT_LOAD,
  SHN_UNDEF,
  STB_GLOBAL,
  STB_WEAK,
  STT_FUNC,
  STT_GNU_IFUNC,
  STT_OBJECT,
} from "./constants.ts";
import type { ElfFile, ElfSymbol } from "./elf-file.ts";

/**
 * Translates a virtual address of an executable or library into a byte offset in its file, which is
 * what uprobes are placed by.
 *
 * @returns `undefined` when no loaded segment's file part contains the address.
 */
export function fileOffsetOfAddress(file: ElfFile, address: number): number | undefined {
  for (const segment of file.segments) {
    if (segment.type !== PT_LOAD) continue;
    const start = Number(segment.virtualAddress);
    if (address >= start && address < start + segment.fileSize) return address - start + segment.offset;
  }
  return undefined;
}

/**
 * Finds the file offset of a function by name, in the dynamic and then the static symbol table. A global
 * symbol wins over a weak one and that over a local one. `name` may carry a symbol version
 * (`name@VERSION` or `name@@VERSION`), which is ignored.
 *
 * @returns `undefined` when no function of that name is defined in the file.
 * @throws {MalformedInputError} when a symbol table is damaged.
 */
export function functionFileOffset(file: ElfFile, name: string): number | undefined {
  const wanted = encodeText(withoutVersion(name));
  if (wanted.length === 0) return undefined;
  for (const dynamic of [true, false]) {
    let best: ElfSymbol | undefined;
    for (const symbol of file.symbolsNamed(wanted, dynamic)) {
      if (symbol.sectionIndex === SHN_UNDEF) continue;
      if (symbol.type !== STT_FUNC && symbol.type !== STT_GNU_IFUNC) continue;
      if (best === undefined || rank(symbol) > rank(best)) best = symbol;
    }
    if (best !== undefined) return fileOffsetOfAddress(file, best.value);
  }
  return undefined;
}

/**
 * File offsets of all functions whose name, without a version, is wanted; each offset once, ascending.
 *
 * @throws {MalformedInputError} when a symbol table is damaged.
 */
export function functionFileOffsets(file: ElfFile, wanted: (name: string) => boolean): number[] {
  const offsets = new Set<number>();
  for (const symbol of [...file.dynamicSymbols(), ...file.symbols()]) {
    if (symbol.sectionIndex === SHN_UNDEF || symbol.type !== STT_FUNC) continue;
    if (!wanted(withoutVersion(symbol.name))) continue;
    const offset = fileOffsetOfAddress(file, symbol.value);
    if (offset !== undefined) offsets.add(offset);
  }
  return [...offsets].sort((a, b) => a - b);
}

/**
 * Virtual address of a variable by name.
 *
 * @returns `undefined` when the file defines none, or several of that name.
 * @throws {MalformedInputError} when a symbol table is damaged.
 */
export function variableAddress(file: ElfFile, name: string): number | undefined {
  const wanted = encodeText(withoutVersion(name));
  const found = new Set<number>();
  for (const dynamic of [true, false]) {
    for (const symbol of file.symbolsNamed(wanted, dynamic)) {
      if (symbol.sectionIndex !== SHN_UNDEF && symbol.type === STT_OBJECT) found.add(symbol.value);
    }
  }
  const [address] = found;
  return found.size === 1 ? address : undefined;
}

function rank(symbol: ElfSymbol): number {
  if (symbol.binding === STB_GLOBAL) return 2;
  return symbol.binding === STB_WEAK ? 1 : 0;
}

function withoutVersion(name: string): string {
  const at = name.indexOf("@");
  return at > 0 ? name.slice(0, at) : name;
}
