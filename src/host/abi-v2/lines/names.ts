import type { BpfMap } from "../../../ebpf/index.ts";
import { type ElfFile, type ElfSymbol, SHT_SYMTAB, STT_FUNC } from "../../../elf/index.ts";

/** The name that libbpf knows a map by: `bootstra.rodata`, but `.rodata.custom`. */
export function mapName({ name, spec }: BpfMap): string {
  return spec.internal === undefined ? name : spec.kernelName;
}

/** Takes a line of debug level. */
export type Say = (text: string) => void;

/** The functions of an object's file: each is whole in its section. */
export function functionsOf(file: ElfFile): readonly ElfSymbol[] {
  return file
    .symbols()
    .filter(
      ({ type, sectionIndex, value, size }) =>
        type === STT_FUNC && value + size <= (file.sections[sectionIndex]?.data.length ?? 0),
    );
}

/** Where libbpf keeps an internal map: values of the configuration are in no section, but among the symbols. */
export function sectionOf(file: ElfFile, name: string): number {
  return (file.section(name) ?? file.sections.find(({ type }) => type === SHT_SYMTAB))?.index ?? 0;
}
