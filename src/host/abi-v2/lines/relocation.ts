import type { BpfMap, BpfObject } from "../../../ebpf/index.ts";
import { type ElfFile, type ElfSection, SHF_EXECINSTR, SHT_REL, STT_SECTION } from "../../../elf/index.ts";
import { placeOf } from "./map.ts";
import { functionsOf, mapName, type Say } from "./names.ts";

/** What libbpf says of the relocations that it collects from an object's file. */
export function sayRelocations(say: Say, object: BpfObject, file: ElfFile): void {
  const maps = [...object.maps.values()];
  for (const section of file.sections) {
    const target = section.type === SHT_REL ? file.sections[section.info] : undefined;
    if (target === undefined) continue;
    if ((target.flags & SHF_EXECINSTR) !== 0) sayOfCode(say, object, file, section, target);
    else if (target.name === ".maps") sayOfMaps(say, maps, file, section);
    else if (maps.some(({ spec }) => spec.structOps?.section === target.name))
      sayOfStructOps(say, maps, file, section);
  }
}

function sayOfCode(
  say: Say,
  { maps: byName, spec }: BpfObject,
  file: ElfFile,
  section: ElfSection,
  target: ElfSection,
): void {
  say(`sec '${section.name}': collecting relocation for section(${target.index}) '${target.name}'`);
  const maps = [...byName.values()];
  const symbols = file.symbols();
  const functions = functionsOf(file).filter(({ sectionIndex }) => sectionIndex === target.index);
  const arena = maps.findIndex((map) => map.spec.arena !== undefined);
  for (const [number, { offset, symbolIndex }] of file.relocations(section).entries()) {
    const symbol = symbols[symbolIndex];
    if (symbol === undefined) continue;
    const isSection = symbol.type === STT_SECTION && symbol.name === "";
    const against = isSection ? (file.sections[symbol.sectionIndex]?.name ?? "") : symbol.name;
    const head = `sec '${section.name}': relo #${number}:`;
    say(`${head} insn #${offset / 8} against '${against}'`);
    const code = functions.find(({ value, size }) => offset >= value && offset < value + size);
    if (code === undefined) {
      const where = `in section '${target.name}' for insn #${offset / 8}`;
      say(`${head} couldn't find program ${where}, probably overridden weak function, skipping...`);
      continue;
    }
    const instruction = (offset - code.value) / 8;
    const found = (text: string): void => say(`prog '${code.name}': found ${text}`);
    const extern = spec.externs.findIndex(({ name }) => name === symbol.name);
    const map = maps.findIndex((one) => one.spec.internal === undefined && one.name === symbol.name);
    const data = maps.findIndex(
      (one) => one.spec.internal !== undefined && file.sections[symbol.sectionIndex]?.name === one.name,
    );
    const mapText = (index: number): string => {
      const at = placeOf(file, maps[index] as BpfMap);
      return `${index} (${mapName(maps[index] as BpfMap)}, sec ${at.section}, off ${at.offset})`;
    };
    if (extern >= 0) {
      found(`extern #${extern} '${symbol.name}' (sym ${symbolIndex}) for insn #${instruction}`);
    } else if (map >= 0) {
      found(`map ${mapText(map)} for insn #${instruction}`);
    } else if (data >= 0) {
      found(`data map ${mapText(data)} for insn ${instruction}`);
    } else if (arena >= 0 && file.sections[symbol.sectionIndex]?.name === maps[arena]?.spec.arena?.section) {
      found(`arena map ${mapText(arena)} for insn ${instruction}`);
    }
  }
}

/** Entries of arrays of maps and of programs. */
function sayOfMaps(say: Say, maps: readonly BpfMap[], file: ElfFile, section: ElfSection): void {
  const symbols = file.symbols();
  const places = maps
    .filter(({ spec }) => spec.internal === undefined && spec.structOps === undefined)
    .map((map) => ({ map, offset: placeOf(file, map).offset }))
    .sort((a, b) => b.offset - a.offset);
  const taken = new Map<BpfMap, number>();
  for (const [number, { offset, symbolIndex }] of file.relocations(section).entries()) {
    const symbol = symbols[symbolIndex];
    const map = places.find((place) => place.offset <= offset)?.map;
    if (symbol === undefined || map === undefined) continue;
    const { value, nameOffset, name } = symbol;
    const head = `.maps relo #${number}:`;
    say(`${head} for ${symbolIndex} value ${value} rel->r_offset ${offset} name ${nameOffset} ('${name}')`);
    const place = taken.get(map) ?? 0;
    taken.set(map, place + 1);
    const filled = map.spec.values?.[place];
    if (filled === undefined) continue;
    const what = `${filled.kind === "map" ? "map" : "prog"} '${filled.name}'`;
    say(`${head} map '${map.name}' slot [${filled.slot}] points to ${what}`);
  }
}

function sayOfStructOps(say: Say, maps: readonly BpfMap[], file: ElfFile, section: ElfSection): void {
  const symbols = file.symbols();
  const places = maps
    .map((map) => ({ map, ...placeOf(file, map) }))
    .filter((place) => place.section === section.info)
    .sort((a, b) => b.offset - a.offset);
  for (const { offset, symbolIndex } of file.relocations(section)) {
    const symbol = symbols[symbolIndex];
    const place = places.find((candidate) => candidate.offset <= offset);
    if (symbol === undefined || place === undefined) continue;
    const { value, sectionIndex, nameOffset, name } = symbol;
    const from = `for ${symbolIndex} value ${value} shdr_idx ${sectionIndex}`;
    const to = `rel->r_offset ${offset} map->sec_offset ${place.offset}`;
    say(`struct_ops reloc ${place.map.name}: ${from} ${to} name ${nameOffset} ('${name}')`);
  }
}
