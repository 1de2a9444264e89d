import {
  type ElfFile,
  type ElfSection,
  type ElfSymbol,
  EM_BPF,
  EM_NONE,
  ET_REL,
  SHF_EXECINSTR,
  SHT_NOBITS,
  SHT_PROGBITS,
  SHT_REL,
  SHT_SYMTAB,
} from "../elf/index.ts";
import { ByteReader, decodeCString, MalformedInputError, WasmBpfError } from "../internal/index.ts";

/** Section of global variables and the kind of internal map that it becomes. */
export interface DataSection {
  readonly section: ElfSection;
  readonly kind: "rodata" | "data" | "bss";
}

/** The sections of a BPF object by what they are for. */
export interface ObjectSections {
  readonly file: ElfFile;
  readonly symbols: readonly ElfSymbol[];
  readonly license: string;
  readonly kernelVersion: number;
  readonly btf: ElfSection | undefined;
  readonly btfExt: ElfSection | undefined;
  /** Executable sections that are not empty. */
  readonly code: readonly ElfSection[];
  readonly data: readonly DataSection[];
  readonly maps: ElfSection | undefined;
  readonly structOps: readonly ElfSection[];
  readonly arena: ElfSection | undefined;
  /** Relocation sections by the index of the section that they relocate. */
  readonly relocations: ReadonlyMap<number, readonly ElfSection[]>;
}

const STRUCT_OPS_SECTIONS = [".struct_ops", ".struct_ops.link", "?.struct_ops", "?.struct_ops.link"];

/** @throws {MalformedInputError} when an ELF file is no BPF object, a program of the machine for example. */
export function checkBpfObject(file: ElfFile): void {
  if (file.type !== ET_REL || (file.machine !== EM_BPF && file.machine !== EM_NONE)) {
    throw new MalformedInputError(
      `not a BPF object (clang --target=bpf -c makes one): ELF type ${file.type}, machine ${file.machine}`,
      { offsetBytes: 16 },
    );
  }
}

/** Sorts the sections as libbpf 1.8 does. */
export function collectSections(file: ElfFile): ObjectSections {
  checkBpfObject(file);
  if (!file.sections.some((section) => section.type === SHT_SYMTAB)) {
    throw new MalformedInputError("no symbol table, the object is stripped; use llvm-strip -g instead");
  }
  const code: ElfSection[] = [];
  const data: DataSection[] = [];
  const structOps: ElfSection[] = [];
  const relocations = new Map<number, ElfSection[]>();
  let license = "";
  let kernelVersion = 0;
  let [btf, btfExt, maps, arena]: (ElfSection | undefined)[] = [];
  for (const section of file.sections) {
    const { name, type } = section;
    if (type === SHT_REL) {
      const others = relocations.get(section.info);
      if (others === undefined) relocations.set(section.info, [section]);
      else others.push(section);
    } else if (type === SHT_NOBITS) {
      if (section.size > 0 && isNamed(name, ".bss")) data.push({ section, kind: "bss" });
    } else if (type !== SHT_PROGBITS) {
      // Other kinds of sections hold nothing for the loader.
    } else if (name === "license") {
      license = decodeCString(section.data);
    } else if (name === "version") {
      kernelVersion = new ByteReader(section.data, file.littleEndian, name).u32(0, "kernel version");
    } else if (name === "maps") {
      throw new WasmBpfError(
        "NOT_SUPPORTED",
        'Cannot read the maps of the object: it defines them in the legacy section "maps". Define them in SEC(".maps") with BTF (__uint, __type).',
      );
    } else if (name === ".maps") {
      maps = section;
    } else if (name === ".BTF") {
      btf = section;
    } else if (name === ".BTF.ext") {
      btfExt = section;
    } else if (section.size > 0) {
      if ((section.flags & SHF_EXECINSTR) !== 0) code.push(section);
      else if (isNamed(name, ".data")) data.push({ section, kind: "data" });
      else if (isNamed(name, ".rodata")) data.push({ section, kind: "rodata" });
      else if (STRUCT_OPS_SECTIONS.includes(name)) structOps.push(section);
      else if (name === ".addr_space.1") arena = section;
    }
  }
  return {
    file,
    symbols: file.symbols(),
    license,
    kernelVersion,
    btf,
    btfExt,
    code,
    data,
    maps,
    structOps,
    arena,
    relocations,
  };
}

function isNamed(name: string, base: string): boolean {
  return name === base || name.startsWith(`${base}.`);
}
