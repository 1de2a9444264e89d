import type { BpfMap } from "../../ebpf/index.ts";
import type { ElfFile, ElfSection } from "../../elf/index.ts";
import { MalformedInputError, WasmBpfError } from "../../internal/index.ts";
import type { ExternSpec } from "../../object/index.ts";
import { BPF_PROG_TYPE_UNSPEC } from "../../uapi/bpf.ts";
import { EOPNOTSUPP } from "../../uapi/errno.ts";
import type { GuestObject } from "./guest-object.ts";
import { functionsOf } from "./line-names.ts";
import type { GuestLog } from "./log.ts";
import { LOG_DEBUG, LOG_WARNING } from "./log.ts";

// What libbpf 1.8 prints while it opens an object: same texts, same levels.

/** @param shownAs the object's name, or the path of its file */
export function sayOpening(log: GuestLog, shownAs: string, fromFile: boolean): void {
  log.write(
    LOG_DEBUG,
    fromFile ? `loading object from ${shownAs}` : `loading object '${shownAs}' from buffer`,
  );
}

/**
 * What was to be opened is no object.
 *
 * @returns errno as libbpf gives it
 */
export function sayNotOpened(log: GuestLog, bytes: Uint8Array, shownAs: string, error: unknown): number {
  const warn = (text: string): void => log.write(LOG_WARNING, `elf: ${text}`);
  if (error instanceof WasmBpfError && error.code === "NOT_SUPPORTED") {
    if (/legacy section "maps"/.test(error.message)) {
      warn("legacy map definitions in 'maps' section are not supported by libbpf v1.0+");
    }
    return EOPNOTSUPP;
  }
  if (!(error instanceof MalformedInputError)) throw error;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < ELF_HEADER_BYTES || view.getUint32(0, false) !== ELF_MAGIC) {
    warn(`'${shownAs}' is not a proper ELF object`);
  } else if (bytes[4] !== ELFCLASS64) {
    warn(`'${shownAs}' is not a 64-bit ELF object`);
  } else {
    const littleEndian = bytes[5] === 1;
    const [type, machine] = [view.getUint16(16, littleEndian), view.getUint16(18, littleEndian)];
    const isBpf = type === ET_REL && (machine === 0 || machine === EM_BPF);
    warn(isBpf ? `${shownAs}: ${error.message}` : `${shownAs} is not a valid eBPF object file`);
  }
  return LIBBPF_ERRNO_FORMAT;
}

const ELF_HEADER_BYTES = 64;
const ELF_MAGIC = 0x7f454c46;
const ELFCLASS64 = 2;
const ET_REL = 1;
const EM_BPF = 247;
/** The format of an object is not one that libbpf knows. */
const LIBBPF_ERRNO_FORMAT = 4001;

/**
 * What an object contains.
 *
 * @param elf its file
 * @param ownSections whether the guest may know sections that are not known here: it says which are not
 */
export function sayOpened(
  log: GuestLog,
  { object }: GuestObject,
  elf: () => ElfFile,
  shownAs: string,
  ownSections: boolean,
): void {
  if (!log.wants(LOG_DEBUG)) return;
  const say = (text: string): void => log.write(LOG_DEBUG, text);
  const file = elf();
  saySections(say, file, `license of ${shownAs} is ${object.spec.license}`);
  const maps = [...object.maps.values()];
  const { btf } = object.spec;
  if (btf !== undefined) sayExterns(say, file, object.spec.externs);
  for (const map of maps) sayMap(say, file, map, maps.indexOf(map));
  for (const { name, spec, type } of object.programs.values()) {
    const section = spec.sectionName.replace(/^\?/, "");
    if (type === BPF_PROG_TYPE_UNSPEC && !ownSections)
      say(`prog '${name}': unrecognized ELF section name '${section}'`);
  }
  for (const section of file.sections) sayRelocations(say, file, section, maps, object.spec.externs);
}

type Say = (text: string) => void;

const STT_SECTION = 3;
const SHT_SYMTAB = 2;
const SHT_STRTAB = 3;
const SHT_REL = 9;
const SHT_LLVM_ADDRSIG = 0x6fff4c03;
const SHF_EXECINSTR = 4;

function saySections(say: Say, file: ElfFile, license: string): void {
  const functions = functionsOf(file);
  for (const { index, name, type, flags, link, size } of file.sections.filter(isLookedAt)) {
    say(
      `elf: section(${index}) ${name}, size ${size}, link ${link}, flags ${flags.toString(16)}, type=${type}`,
    );
    for (const { name: program, value, size: bytes } of functions.filter((at) => at.sectionIndex === index)) {
      say(
        `sec '${name}': found program '${program}' at insn offset ${value / 8} (${value} bytes), code size ${bytes / 8} insns (${bytes} bytes)`,
      );
    }
    if (name === "license") say(license);
  }
}

/** Sections that libbpf does not pass over in silence. */
function isLookedAt({ index, name, type, size }: ElfSection): boolean {
  const about = name.startsWith(".rel") ? name.slice(4) : name;
  return (
    index > 0 &&
    type !== SHT_STRTAB &&
    type !== SHT_LLVM_ADDRSIG &&
    !(name === ".text" && size === 0) &&
    !about.startsWith(".debug_") &&
    !(about !== name && (about === ".BTF" || about === ".BTF.ext"))
  );
}

function sayExterns(say: Say, file: ElfFile, externs: readonly ExternSpec[]): void {
  const symbols = file.symbols();
  say(`looking for externs among ${symbols.length} symbols...`);
  say(`collected ${externs.length} externs total`);
  for (const [number, { name, kind, offsetBytes = 0 }] of externs.entries()) {
    const symbol = symbols.find((candidate) => candidate.name === name)?.index ?? 0;
    if (kind === "kconfig") {
      say(`extern (kcfg) #${number}: symbol ${symbol}, off ${offsetBytes}, name ${name}`);
    } else {
      say(`extern (ksym) #${number}: symbol ${symbol}, name ${name}`);
    }
  }
}

function sayMap(say: Say, file: ElfFile, map: BpfMap, number: number): void {
  const { name, spec } = map;
  const place = placeOf(file, map);
  if (spec.internal !== undefined) {
    const flags = spec.flags.toString(16);
    say(`map '${spec.kernelName}' (global data): at sec_idx ${place.section}, offset 0, flags ${flags}.`);
    say(`map ${number} is "${spec.kernelName}"`);
    return;
  }
  if (spec.structOps !== undefined) return;
  const found = (text: string): void => say(`map '${name}': found ${text}.`);
  say(`map '${name}': at sec_idx ${place.section}, offset ${place.offset}.`);
  found(`type = ${spec.type}`);
  if (spec.keyTypeId !== 0) found(`key [${spec.keyTypeId}], sz = ${spec.keySizeBytes}`);
  else if (spec.keySizeBytes !== 0) found(`key_size = ${spec.keySizeBytes}`);
  if (spec.valueTypeId !== 0) found(`value [${spec.valueTypeId}], sz = ${spec.valueSizeBytes}`);
  else if (spec.valueSizeBytes !== 0) found(`value_size = ${spec.valueSizeBytes}`);
  if (spec.maxEntries !== 0) found(`max_entries = ${spec.maxEntries}`);
  if (spec.flags !== 0) found(`map_flags = 0x${spec.flags.toString(16)}`);
  if (spec.mapExtra !== 0n) found(`map_extra = 0x${spec.mapExtra.toString(16)}`);
  if (spec.pinning === "by-name") found("pinning = 1");
  if (spec.innerMap !== undefined) found("inner map definition");
}

/** Where in the file a map is defined; values of the configuration are in no section, but among the symbols. */
function placeOf(file: ElfFile, { name, spec }: BpfMap): { section: number; offset: number } {
  if (spec.internal !== undefined) {
    const section = file.sections.find((candidate) => candidate.name === name);
    const symbols = file.sections.find(({ type }) => type === SHT_SYMTAB);
    return { section: (section ?? symbols)?.index ?? 0, offset: 0 };
  }
  const section = file.section(".maps")?.index ?? 0;
  const symbol = file.symbols().find((one) => one.name === name && one.sectionIndex === section);
  return { section, offset: symbol?.value ?? 0 };
}

function sayRelocations(
  say: Say,
  file: ElfFile,
  section: ElfSection,
  maps: readonly BpfMap[],
  externs: readonly ExternSpec[],
): void {
  const target = file.sections[section.info];
  if (section.type !== SHT_REL || target === undefined || (target.flags & SHF_EXECINSTR) === 0) return;
  say(`sec '${section.name}': collecting relocation for section(${target.index}) '${target.name}'`);
  const symbols = file.symbols();
  const functions = functionsOf(file).filter(({ sectionIndex }) => sectionIndex === target.index);
  const dataMap = (index: number): number =>
    maps.findIndex(({ name, spec }) => spec.internal !== undefined && file.sections[index]?.name === name);
  for (const [number, { offset, symbolIndex }] of file.relocations(section).entries()) {
    const symbol = symbols[symbolIndex];
    if (symbol === undefined) continue;
    const isSection = symbol.type === STT_SECTION && symbol.name === "";
    const against = isSection ? (file.sections[symbol.sectionIndex]?.name ?? "") : symbol.name;
    say(`sec '${section.name}': relo #${number}: insn #${offset / 8} against '${against}'`);
    const program = functions.find(({ value, size }) => offset >= value && offset < value + size);
    if (program === undefined) continue;
    const instruction = (offset - program.value) / 8;
    const extern = externs.findIndex(({ name }) => name === symbol.name);
    const map = maps.findIndex(({ name, spec }) => spec.internal === undefined && name === symbol.name);
    const data = dataMap(symbol.sectionIndex);
    const found = (text: string): void => say(`prog '${program.name}': found ${text}`);
    if (extern >= 0) {
      found(`extern #${extern} '${symbol.name}' (sym ${symbolIndex}) for insn #${instruction}`);
    } else if (map >= 0) {
      const at = placeOf(file, maps[map] as BpfMap);
      found(`map ${map} (${symbol.name}, sec ${at.section}, off ${at.offset}) for insn #${instruction}`);
    } else if (data >= 0) {
      const name = maps[data]?.spec.kernelName;
      found(`data map ${data} (${name}, sec ${symbol.sectionIndex}, off 0) for insn ${instruction}`);
    }
  }
}
