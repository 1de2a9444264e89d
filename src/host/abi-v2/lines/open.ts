import { Btf, findBtfProblem } from "../../../btf/index.ts";
import {
  type ElfFile,
  type ElfSection,
  type ElfSymbol,
  parseElf,
  SHF_EXECINSTR,
  SHN_UNDEF,
  SHT_LLVM_ADDRSIG,
  SHT_NOBITS,
  SHT_PROGBITS,
  SHT_REL,
  SHT_STRTAB,
  SHT_SYMTAB,
} from "../../../elf/index.ts";
import { decodeCString, MalformedInputError, WasmBpfError } from "../../../internal/index.ts";
import { machineIsLittleEndian } from "../../../kernel/index.ts";
import { DeclarationError, type DeclarationProblem, type ExternSpec } from "../../../object/index.ts";
import { BPF_PROG_TYPE_UNSPEC } from "../../../uapi/bpf.ts";
import { EINVAL, ENOENT, EOPNOTSUPP } from "../../../uapi/errno.ts";
import type { GuestObject } from "../guest-object.ts";
import type { GuestLog } from "../log.ts";
import { LOG_DEBUG, LOG_INFO, LOG_WARNING } from "../log.ts";
import { sayBtfExtProblem, sayBtfProblem } from "./btf.ts";
import { errorText } from "./error-text.ts";
import { sayMaps } from "./map.ts";
import { functionsOf, type Say } from "./names.ts";
import { sayRelocations } from "./relocation.ts";

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
  const types = error instanceof MalformedInputError ? sayNoTypes(log, bytes, shownAs, error) : undefined;
  if (types !== undefined) return types;
  if (log.wants(LOG_DEBUG)) sayContents(log, bytes, shownAs, true);
  if (error instanceof WasmBpfError && error.code === "NOT_SUPPORTED") {
    if (elfOf(bytes)?.section("maps") !== undefined) {
      warn("legacy map definitions in 'maps' section are not supported by libbpf v1.0+");
    }
    return EOPNOTSUPP;
  }
  if (!(error instanceof MalformedInputError)) throw error;
  const refused = error instanceof DeclarationError ? sayRefused(log, bytes, error.problem) : undefined;
  if (refused !== undefined) return refused;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < ELF_HEADER_BYTES || view.getUint32(0, false) !== ELF_MAGIC) {
    warn(`'${shownAs}' is not a proper ELF object`);
  } else if (bytes[4] !== ELFCLASS64) {
    warn(`'${shownAs}' is not a 64-bit ELF object`);
  } else {
    const littleEndian = bytes[5] === 1;
    const [type, machine] = [view.getUint16(16, littleEndian), view.getUint16(18, littleEndian)];
    if (!isBpf({ type, machine })) warn(`${shownAs} is not a valid eBPF object file`);
    else if (elfOf(bytes) !== undefined) warn(`${shownAs}: ${error.message}`);
    else warn(`failed to get section names strings from ${shownAs}: invalid \`Elf' handle`);
  }
  return LIBBPF_ERRNO_FORMAT;
}

/** An object without symbols or types. @returns errno as libbpf gives it, `undefined` when both are there */
function sayNoTypes(
  log: GuestLog,
  bytes: Uint8Array,
  shownAs: string,
  error: MalformedInputError,
): number | undefined {
  const missing = error instanceof DeclarationError && error.problem.kind === "maps without types";
  const file = elfOf(bytes);
  if (file === undefined || !isBpf(file)) return undefined;
  if (!file.sections.some(({ type }) => type === SHT_SYMTAB)) {
    log.write(LOG_WARNING, `elf: couldn't find symbol table in ${shownAs}, stripped object file?`);
    return ENOENT;
  }
  if (error.section === ".BTF" || error.section === ".BTF.ext") {
    return sayDamagedTypes(log, bytes, shownAs, file);
  }
  if (!missing) return undefined;
  if (log.wants(LOG_DEBUG)) sayContents(log, bytes, shownAs, false);
  if (file.section(".BTF.ext") !== undefined) {
    const why = "because its depending ELF section .BTF is not found.";
    log.write(LOG_DEBUG, `Ignore ELF section .BTF.ext ${why}`);
  }
  log.write(LOG_WARNING, "BTF is required, but is missing or corrupted.");
  return ENOENT;
}

/** An object whose types, or what is beside them, are refused. @returns errno as libbpf gives it */
function sayDamagedTypes(log: GuestLog, bytes: Uint8Array, shownAs: string, file: ElfFile): number {
  if (log.wants(LOG_DEBUG)) sayContents(log, bytes, shownAs, false);
  let errno = EINVAL;
  if (sayBtfProblem(log, file.section(".BTF")?.data ?? NOTHING)) {
    log.write(LOG_WARNING, `Error loading ELF section .BTF: ${errorText(errno)}.`);
  } else {
    errno = sayBtfExtProblem(log, file.section(".BTF.ext")?.data ?? NOTHING) ?? errno;
    log.write(LOG_WARNING, `Error loading ELF section .BTF.ext: ${errorText(errno)}. Ignored and continue.`);
  }
  log.write(LOG_WARNING, "BTF is required, but is missing or corrupted.");
  return errno;
}

/**
 * Types that are refused although no program, map or variable of the object needs what is wrong with them.
 *
 * @returns errno as libbpf gives it, `undefined` when libbpf takes them, or does without
 */
export function sayUnusedDamage(
  log: GuestLog,
  bytes: Uint8Array,
  file: ElfFile,
  shownAs: string,
): number | undefined {
  const types = file.section(".BTF")?.data;
  if (types === undefined || findBtfProblem(types, machineIsLittleEndian()) === undefined) return undefined;
  const needed = file.section(".maps") !== undefined || file.symbols().some(isExtern);
  return needed ? sayDamagedTypes(log, bytes, shownAs, file) : undefined;
}

/** A map or an extern that makes no sense. @returns errno as libbpf gives it, `undefined` for another problem */
function sayRefused(log: GuestLog, bytes: Uint8Array, problem: DeclarationProblem): number | undefined {
  const refuseMap = (map: string, text: string, errno: number): number => {
    sayMapPlace(log, bytes, map);
    log.write(LOG_WARNING, `map '${map}': ${text}.`);
    return errno;
  };
  switch (problem.kind) {
    case "unknown map field":
      return refuseMap(problem.map, `unknown field '${problem.field}'`, EOPNOTSUPP);
    case "map without type":
      return refuseMap(problem.map, "map type isn't specified", EINVAL);
    case "two map sizes":
      return refuseMap(problem.map, `conflicting ${problem.of} size ${problem.sizes.join(" != ")}`, EINVAL);
    case "unmarked extern": {
      const id = externTypeId(bytes, problem.extern);
      log.write(LOG_WARNING, `failed to find BTF for extern '${problem.extern}' [${id}] section: -2`);
      return ENOENT;
    }
    case "maps without types":
      return undefined;
  }
}

function sayMapPlace(log: GuestLog, bytes: Uint8Array, map: string): void {
  if (!log.wants(LOG_DEBUG)) return;
  const file = parseElf(bytes);
  const symbol = file.symbols().find(({ name }) => name === map);
  log.write(LOG_DEBUG, `collected ${file.symbols().filter(isExtern).length} externs total`);
  log.write(LOG_DEBUG, `map '${map}': at sec_idx ${symbol?.sectionIndex}, offset ${symbol?.value}.`);
}

/** Externs have no section, and a name. */
function isExtern({ sectionIndex, name }: ElfSymbol): boolean {
  return sectionIndex === SHN_UNDEF && name !== "";
}

function externTypeId(bytes: Uint8Array, name: string): number {
  const types = parseElf(bytes).section(".BTF")?.data;
  const btf = types === undefined ? undefined : Btf.parse(types, { section: ".BTF" });
  return btf?.find(name, "func") ?? btf?.find(name, "var") ?? 0;
}

/** The sections of what could not be opened, as far as libbpf comes. */
function sayContents(log: GuestLog, bytes: Uint8Array, shownAs: string, externs: boolean): void {
  const file = elfOf(bytes);
  if (file === undefined || !isBpf(file)) return;
  const legacy = file.section("maps")?.index ?? file.sections.length;
  const textOf = (name: string): string => decodeCString(file.section(name)?.data ?? new Uint8Array(0));
  const sections = file.sections.filter(({ index }) => index <= legacy);
  saySections(log, file, sections, { shownAs, license: textOf("license") });
  if (!externs || legacy < file.sections.length) return;
  log.write(LOG_DEBUG, `looking for externs among ${file.symbols().length} symbols...`);
}

function elfOf(bytes: Uint8Array): ElfFile | undefined {
  try {
    return parseElf(bytes);
  } catch {
    return undefined;
  }
}

function isBpf({ type, machine }: Pick<ElfFile, "type" | "machine">): boolean {
  return type === ET_REL && (machine === 0 || machine === EM_BPF);
}

const NOTHING = new Uint8Array(0);
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
  if (!log.wants(LOG_INFO)) return;
  const say = (text: string): void => log.write(LOG_DEBUG, text);
  const file = elf();
  const { license, littleEndian, externs } = object.spec;
  saySections(log, file, file.sections, { shownAs, license });
  if (!log.wants(LOG_DEBUG)) return;
  if (littleEndian !== machineIsLittleEndian()) {
    say(`converted ${functionsOf(file).length} BPF programs to native byte order`);
  }
  sayExterns(say, file, externs);
  sayMaps(say, object, file);
  for (const { name, spec, type } of object.programs.values()) {
    const section = spec.sectionName.replace(/^\?/, "");
    if (type === BPF_PROG_TYPE_UNSPEC && !ownSections)
      say(`prog '${name}': unrecognized ELF section name '${section}'`);
  }
  sayRelocations(say, object, file);
}

interface ObjectFacts {
  readonly shownAs: string;
  readonly license: string;
}

function saySections(
  log: GuestLog,
  file: ElfFile,
  sections: readonly ElfSection[],
  facts: ObjectFacts,
): void {
  const say = (text: string): void => log.write(LOG_DEBUG, text);
  const functions = log.wants(LOG_DEBUG) ? functionsOf(file) : [];
  for (const section of sections.filter(isLookedAt)) {
    const { index, name, type, flags, link, size } = section;
    say(
      `elf: section(${index}) ${name}, size ${size}, link ${link}, flags ${flags.toString(16)}, type=${type}`,
    );
    for (const { name: program, value, size: bytes } of functions.filter((at) => at.sectionIndex === index)) {
      say(
        `sec '${name}': found program '${program}' at insn offset ${value / 8} (${value} bytes), code size ${bytes / 8} insns (${bytes} bytes)`,
      );
    }
    if (name === "license") say(`license of ${facts.shownAs} is ${facts.license}`);
    if (name === "version" && section.data.length >= 4) {
      // NB: libbpf reads it in the byte order of this machine.
      const { buffer, byteOffset } = section.data;
      const version = new DataView(buffer, byteOffset).getUint32(0, machineIsLittleEndian());
      say(`kernel version of ${facts.shownAs} is ${version.toString(16)}`);
    }
    const skipped = whatIsSkipped(section, file.sections[section.info]);
    if (skipped !== undefined) log.write(LOG_INFO, `elf: skipping ${skipped}`);
  }
}

/** Sections that libbpf does not pass over in silence. */
function isLookedAt({ index, name, type, size }: ElfSection): boolean {
  const about = name.startsWith(".rel") ? name.slice(4) : name;
  return (
    index > 0 &&
    type !== SHT_STRTAB &&
    type !== SHT_LLVM_ADDRSIG &&
    !(type === SHT_PROGBITS && name === ".text" && size === 0) &&
    !about.startsWith(".debug_") &&
    !(about !== name && (about === ".BTF" || about === ".BTF.ext"))
  );
}

const KNOWN = new Set(["license", "version", "maps", ".maps", ".BTF", ".BTF.ext"]);
const DATA = /^(\.data|\.rodata)(\..*)?$|^\??\.struct_ops(\.link)?$|^\.addr_space\.1$|^\.jumptables$/;

/** Sections that libbpf mentions and leaves aside. @param target what a section of relocations is about */
function whatIsSkipped(
  { index, name, type, flags, size }: ElfSection,
  target: ElfSection | undefined,
): string | undefined {
  if (KNOWN.has(name) || type === SHT_SYMTAB) return undefined;
  if (type === SHT_PROGBITS && size > 0) {
    const known = (flags & SHF_EXECINSTR) !== 0 || DATA.test(name);
    return known ? undefined : `unrecognized data section(${index}) ${name}`;
  }
  if (type === SHT_REL && target !== undefined) {
    const known =
      (target.flags & SHF_EXECINSTR) !== 0 || /^\.rel(\.maps|\??\.struct_ops(\.link)?)$/.test(name);
    return known ? undefined : `relo section(${index}) ${name} for section(${target.index}) ${target.name}`;
  }
  if (type === SHT_NOBITS && /^\.bss(\..*)?$/.test(name)) return undefined;
  return `section(${index}) ${name} (size ${size})`;
}

function sayExterns(say: Say, file: ElfFile, externs: readonly ExternSpec[]): void {
  const symbols = file.symbols();
  say(`looking for externs among ${symbols.length} symbols...`);
  say(`collected ${externs.length} externs total`);
  const symbolOf = (name: string): number => symbols.find((one) => one.name === name)?.index ?? 0;
  const numbered = [...externs.entries()];
  for (const [number, { name, kind }] of numbered) {
    if (kind !== "kconfig") say(`extern (ksym) #${number}: symbol ${symbolOf(name)}, name ${name}`);
  }
  for (const [number, { name, kind, offsetBytes = 0 }] of numbered) {
    if (kind !== "kconfig") continue;
    say(`extern (kcfg) #${number}: symbol ${symbolOf(name)}, off ${offsetBytes}, name ${name}`);
  }
}
