import { INSTRUCTION_SIZE, OP_CALL, OP_LDIMM64 } from "../asm/index.ts";
import {
  type ElfRelocation,
  type ElfSymbol,
  SHN_LORESERVE,
  SHN_UNDEF,
  STB_LOCAL,
  STT_NOTYPE,
  STT_SECTION,
} from "../elf/index.ts";
import { ByteReader, MalformedInputError } from "../internal/index.ts";
import { BPF_PSEUDO_CALL } from "../uapi/bpf.ts";
import type { Code, CodeFunction } from "./code.ts";
import type { ObjectSections } from "./sections.ts";
import type { ExternSpec } from "./spec.ts";

/** What a place in a function refers to. Slots are relative to the function's start. */
export type Site =
  | { readonly slot: number; readonly kind: "call" | "address"; readonly target: CodeFunction }
  | { readonly slot: number; readonly kind: "map"; readonly map: string }
  | { readonly slot: number; readonly kind: "value"; readonly map: string; readonly valueOffset: number }
  | { readonly slot: number; readonly kind: "extern-call" | "extern"; readonly extern: ExternSpec };

/** What symbols can refer to besides functions. */
export interface SymbolTargets {
  readonly sections: ObjectSections;
  readonly code: Code;
  /** By index in the symbol table. */
  readonly externs: ReadonlyMap<number, ExternSpec>;
  /** Names of the maps in `.maps` by their byte offset there. */
  readonly mapsByOffset: ReadonlyMap<number, string>;
  /** Names of the internal maps by section index. */
  readonly dataMaps: ReadonlyMap<number, string>;
}

/**
 * Finds everything in a function that refers to another function, a map, a variable or an extern.
 *
 * @returns the sites, ascending by slot.
 * @throws {MalformedInputError} when something refers to what is not there.
 */
export function resolveSites(code: CodeFunction, targets: SymbolTargets): Site[] {
  const start = code.slot * INSTRUCTION_SIZE;
  const bytes = code.section.data.subarray(start, start + code.slots * INSTRUCTION_SIZE);
  const reader = new ByteReader(bytes, targets.sections.file.littleEndian, code.section.name);
  const sites: Site[] = [];
  const relocated = new Set<number>();
  for (const relocation of targets.code.relocationsOf(code)) {
    const slot = relocation.offset / INSTRUCTION_SIZE - code.slot;
    if (relocated.has(slot)) throw fault(code, slot, "has two relocations");
    relocated.add(slot);
    sites.push(resolveRelocation(code, slot, relocation, reader, targets));
  }
  for (let slot = 0; slot < code.slots; slot++) {
    const opcode = bytes[slot * INSTRUCTION_SIZE];
    if (opcode === OP_LDIMM64) {
      slot++;
    } else if (opcode === OP_CALL && !relocated.has(slot) && isSubprogramCall(reader, slot)) {
      const at = code.slot + slot + reader.i32(slot * INSTRUCTION_SIZE + 4) + 1;
      sites.push({ slot, kind: "call", target: functionAt(code, slot, code.section.index, at, targets) });
    }
  }
  return sites.sort((a, b) => a.slot - b.slot);
}

/** Registers and offset of a call within the object: source 1, everything else 0. */
function isSubprogramCall(reader: ByteReader, slot: number): boolean {
  const at = slot * INSTRUCTION_SIZE;
  const source = reader.littleEndian ? BPF_PSEUDO_CALL << 4 : BPF_PSEUDO_CALL;
  return reader.u8(at + 1) === source && reader.u16(at + 2) === 0;
}

function resolveRelocation(
  code: CodeFunction,
  slot: number,
  relocation: ElfRelocation,
  reader: ByteReader,
  targets: SymbolTargets,
): Site {
  const symbol = targets.sections.symbols[relocation.symbolIndex];
  if (symbol === undefined)
    throw fault(code, slot, `refers to symbol ${relocation.symbolIndex}, which is not there`);
  const at = slot * INSTRUCTION_SIZE;
  const opcode = reader.u8(at);
  const imm = reader.i32(at + 4);
  const isLoad = opcode === OP_LDIMM64;
  if (!isLoad && opcode !== OP_CALL) {
    throw fault(code, slot, `refers to ${quoted(symbol, targets)}, but is neither a call nor a 64-bit load`);
  }
  if (isLoad && slot + 1 >= code.slots) throw fault(code, slot, "is a 64-bit load without its second half");
  if (isExtern(symbol)) {
    const extern = targets.externs.get(symbol.index);
    if (extern === undefined) throw fault(code, slot, `refers to unknown extern "${symbol.name}"`);
    return { slot, kind: isLoad ? "extern" : "extern-call", extern };
  }
  if (!isLoad) {
    if (!isSubprogramCall(reader, slot))
      throw fault(code, slot, "is a relocated call, but no call in the object");
    const target = symbol.value / INSTRUCTION_SIZE + imm + 1;
    return {
      slot,
      kind: "call",
      target: functionAt(code, slot, symbol.sectionIndex, target, targets, symbol),
    };
  }
  return resolveLoad(code, slot, symbol, imm, targets);
}

function resolveLoad(
  code: CodeFunction,
  slot: number,
  symbol: ElfSymbol,
  imm: number,
  targets: SymbolTargets,
): Site {
  const { sectionIndex } = symbol;
  if (sectionIndex === SHN_UNDEF || sectionIndex >= SHN_LORESERVE) {
    throw fault(
      code,
      slot,
      `refers to "${symbol.name}" in special section 0x${sectionIndex.toString(16)}; forgot to initialize a global variable?`,
    );
  }
  const { sections } = targets;
  if (sections.code.some(({ index }) => index === sectionIndex)) {
    const at = (symbol.value + imm) / INSTRUCTION_SIZE;
    return { slot, kind: "address", target: functionAt(code, slot, sectionIndex, at, targets, symbol) };
  }
  if (sectionIndex === sections.maps?.index) {
    const map = targets.mapsByOffset.get(symbol.value);
    if (map === undefined)
      throw fault(code, slot, `refers to ${quoted(symbol, targets)}, where no map is defined`);
    return { slot, kind: "map", map };
  }
  const map = targets.dataMaps.get(sectionIndex);
  if (map === undefined) {
    const section = sections.file.sections[sectionIndex]?.name ?? "";
    throw fault(
      code,
      slot,
      `refers to ${quoted(symbol, targets)} in section "${section}", which holds neither maps nor variables`,
    );
  }
  return { slot, kind: "value", map, valueOffset: (symbol.value + imm) >>> 0 };
}

/** Externs have no section and no type. */
export function isExtern(symbol: ElfSymbol): boolean {
  return symbol.sectionIndex === SHN_UNDEF && symbol.type === STT_NOTYPE && symbol.binding !== STB_LOCAL;
}

function functionAt(
  code: CodeFunction,
  slot: number,
  sectionIndex: number,
  target: number,
  targets: SymbolTargets,
  symbol?: ElfSymbol,
): CodeFunction {
  const found = targets.code.find(sectionIndex, target);
  // A call goes to the start of a function; anything else would break when the function is moved.
  if (found === undefined || found.slot !== target) {
    const what = symbol === undefined ? `instruction ${target}` : quoted(symbol, targets);
    throw fault(code, slot, `refers to ${what}, where no function starts`);
  }
  return found;
}

function quoted(symbol: ElfSymbol, targets: SymbolTargets): string {
  const name =
    symbol.type === STT_SECTION && symbol.name === ""
      ? targets.sections.file.sections[symbol.sectionIndex]?.name
      : symbol.name;
  return `"${name ?? ""}"`;
}

function fault(code: CodeFunction, slot: number, message: string): MalformedInputError {
  return new MalformedInputError(`instruction ${slot} of "${code.name}" ${message}`, {
    section: code.section.name,
    offsetBytes: (code.slot + slot) * INSTRUCTION_SIZE,
  });
}
