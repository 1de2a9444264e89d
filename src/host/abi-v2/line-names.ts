import type { BpfMap } from "../../ebpf/index.ts";
import { type ElfFile, type ElfSymbol, STT_FUNC } from "../../elf/index.ts";

/** The name that libbpf knows a map by: `bootstra.rodata`, but `.rodata.custom`. */
export function mapName({ name, spec }: BpfMap): string {
  return spec.internal === undefined ? name : spec.kernelName;
}

/** The functions of an object's file. */
export function functionsOf(file: ElfFile): readonly ElfSymbol[] {
  return file.symbols().filter(({ type }) => type === STT_FUNC);
}
