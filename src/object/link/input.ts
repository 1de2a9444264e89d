import { Btf, type BtfExt, parseBtfExt } from "../../btf/index.ts";
import {
  type ElfFile,
  type ElfSection,
  type ElfSymbol,
  EM_BPF,
  EM_NONE,
  ET_REL,
  parseElf,
  SHN_ABS,
  SHN_LORESERVE,
  SHT_LLVM_ADDRSIG,
  SHT_NOBITS,
  SHT_NULL,
  SHT_PROGBITS,
  SHT_REL,
  SHT_STRTAB,
  SHT_SYMTAB,
  STB_GLOBAL,
  STB_LOCAL,
  STB_WEAK,
  STV_DEFAULT,
  STV_HIDDEN,
} from "../../elf/index.ts";
import { MalformedInputError, WasmBpfError } from "../../internal/index.ts";

/** Largest alignment of a section that is believed, in bytes. */
const MAX_ALIGNMENT = 1 << 16;

/** A compiled BPF object on its way into the linker. */
export interface LinkInput {
  /** For messages, for example the path. */
  readonly name: string;
  /** ELF file made by `clang -target bpf -g -c`. */
  readonly bytes: Uint8Array;
}

/** What BTF says about a global symbol. */
export interface GlobalType {
  /** Id of the VAR or FUNC. */
  readonly id: number;
  /** Name of the DATASEC it is in; `undefined` for functions that are in none. */
  readonly section: string | undefined;
}

/** An input, read and checked. */
export interface InputObject {
  readonly name: string;
  readonly file: ElfFile;
  readonly symbols: readonly ElfSymbol[];
  /** Sections with program text or data, in file order. */
  readonly sections: readonly ElfSection[];
  readonly relocations: readonly ElfSection[];
  readonly btf: Btf | undefined;
  readonly ext: BtfExt | undefined;
  /** VARs and FUNCs that are not static, by name. */
  readonly globalTypes: ReadonlyMap<string, GlobalType>;
}

/** Reads an input. @throws {WasmBpfError} whose message starts with the input's name. */
export function readInput({ name, bytes }: LinkInput): InputObject {
  try {
    return read(name, bytes);
  } catch (error) {
    if (!(error instanceof WasmBpfError)) throw error;
    throw new WasmBpfError(error.code, `${name}: ${error.message}`, { cause: error });
  }
}

function read(name: string, bytes: Uint8Array): InputObject {
  const file = parseElf(bytes);
  if (file.type !== ET_REL || (file.machine !== EM_BPF && file.machine !== EM_NONE)) {
    throw new MalformedInputError(`not a BPF object: ELF type ${file.type}, machine ${file.machine}`);
  }
  if (!file.sections.some(({ type }) => type === SHT_SYMTAB)) {
    throw new MalformedInputError("no symbol table, the object is stripped; use llvm-strip -g instead");
  }
  const symbols = file.symbols();
  for (const symbol of symbols) checkSymbol(symbol);
  const sections: ElfSection[] = [];
  const relocations: ElfSection[] = [];
  for (const section of file.sections) {
    if (isIgnored(section)) continue;
    if (section.type === SHT_REL) relocations.push(section);
    else sections.push(checkedSection(section));
  }
  const btfSection = file.section(".BTF");
  const extSection = file.section(".BTF.ext");
  const btf = btfSection === undefined ? undefined : Btf.parse(btfSection.data, { section: ".BTF" });
  const ext = btf === undefined || extSection === undefined ? undefined : parseBtfExt(extSection.data, btf);
  const globalTypes = btf === undefined ? new Map<string, GlobalType>() : findGlobalTypes(btf);
  return { name, file, symbols, sections, relocations, btf, ext, globalTypes };
}

/** String and symbol tables, DWARF and its relocations, types (they are merged apart), empty program text. */
function isIgnored({ name, type, size }: ElfSection): boolean {
  if ([SHT_NULL, SHT_STRTAB, SHT_SYMTAB, SHT_LLVM_ADDRSIG].includes(type)) return true;
  const subject = type === SHT_REL ? name.replace(/^\.rel/, "") : name;
  if (subject.startsWith(".debug_") || subject === ".BTF" || subject === ".BTF.ext") return true;
  return type === SHT_PROGBITS && size === 0 && name === ".text";
}

function checkedSection(section: ElfSection): ElfSection {
  const { name, type, alignment } = section;
  if (type !== SHT_PROGBITS && type !== SHT_NOBITS) {
    throw new WasmBpfError("NOT_SUPPORTED", `section "${name}" of ELF type ${type} cannot be linked`);
  }
  if (alignment > MAX_ALIGNMENT || (alignment & (alignment - 1)) !== 0) {
    throw new MalformedInputError(`alignment ${alignment} is no power of two up to ${MAX_ALIGNMENT}`, {
      section: name,
    });
  }
  return section;
}

function checkSymbol({ name, binding, visibility, sectionIndex }: ElfSymbol): void {
  if (![STB_LOCAL, STB_GLOBAL, STB_WEAK].includes(binding)) {
    throw new MalformedInputError(`symbol "${name}" has binding ${binding}, which is not known`);
  }
  if (visibility !== STV_DEFAULT && visibility !== STV_HIDDEN) {
    throw new WasmBpfError(
      "NOT_SUPPORTED",
      `symbol "${name}" has visibility ${visibility}; use default or hidden`,
    );
  }
  if (sectionIndex >= SHN_LORESERVE && sectionIndex !== SHN_ABS) {
    throw new WasmBpfError("NOT_SUPPORTED", `symbol "${name}" is in special section ${sectionIndex}`);
  }
}

function findGlobalTypes(btf: Btf): Map<string, GlobalType> {
  const found = new Map<string, GlobalType>();
  for (const type of btf.types()) {
    if ((type.kind === "var" || type.kind === "func") && type.linkage !== "static" && !found.has(type.name)) {
      found.set(type.name, { id: type.id, section: undefined });
    }
  }
  for (const section of btf.types()) {
    if (section.kind !== "datasec") continue;
    for (const variable of section.variables) {
      const type = btf.type(variable.type);
      if ((type.kind === "var" || type.kind === "func") && type.linkage !== "static") {
        found.set(type.name, { id: type.id, section: section.name });
      }
    }
  }
  return found;
}

/** Error about linking. */
export function cannotLink(reason: string): WasmBpfError {
  return new WasmBpfError("INVALID_ARGUMENT", `Cannot link: ${reason}`);
}
