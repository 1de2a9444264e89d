import { INSTRUCTION_SIZE } from "../asm/index.ts";
import {
  type ElfRelocation,
  type ElfSection,
  STB_LOCAL,
  STT_FUNC,
  STV_HIDDEN,
  STV_INTERNAL,
} from "../elf/index.ts";
import { MalformedInputError } from "../internal/index.ts";
import type { ObjectSections } from "./sections.ts";

/** One function in an executable section. Slots count instructions of 8 bytes. */
export interface CodeFunction {
  readonly name: string;
  readonly section: ElfSection;
  /** First slot in the section. */
  readonly slot: number;
  readonly slots: number;
  /** Global or weak, not `static`. */
  readonly global: boolean;
  /** Global for the linker only: the verifier shall treat it as static. */
  readonly hidden: boolean;
  /** A program of its own: global and in a section other than `.text`. */
  readonly entry: boolean;
}

/** All functions of an object and the relocations of their sections. */
export interface Code {
  /** Ascending by section and slot. */
  readonly functions: readonly CodeFunction[];
  /** The function that contains a slot; at a slot shared by aliases, the last one. */
  find(sectionIndex: number, slot: number): CodeFunction | undefined;
  /** Relocations inside a function, ascending by offset. */
  relocationsOf(code: CodeFunction): ElfRelocation[];
}

/**
 * Collects the functions of all executable sections.
 *
 * @throws {MalformedInputError} when a function leaves its section or is no whole number of instructions.
 */
export function collectCode(sections: ObjectSections): Code {
  const bySection = new Map<number, CodeFunction[]>(sections.code.map(({ index }) => [index, []]));
  for (const symbol of sections.symbols) {
    const functions = bySection.get(symbol.sectionIndex);
    if (functions === undefined || symbol.type !== STT_FUNC) continue;
    const section = sections.file.sections[symbol.sectionIndex];
    if (section === undefined) continue;
    const { value, size, name } = symbol;
    if (size === 0 || size % INSTRUCTION_SIZE !== 0 || value % INSTRUCTION_SIZE !== 0) {
      throw new MalformedInputError(
        `function "${name}" of ${size} bytes is no whole number of instructions`,
        { section: section.name, offsetBytes: value },
      );
    }
    if (value + size > section.data.length) {
      throw new MalformedInputError(`function "${name}" of ${size} bytes leaves its section`, {
        section: section.name,
        offsetBytes: value,
      });
    }
    const global = symbol.binding !== STB_LOCAL;
    functions.push({
      name,
      section,
      slot: value / INSTRUCTION_SIZE,
      slots: size / INSTRUCTION_SIZE,
      global,
      hidden: global && (symbol.visibility === STV_HIDDEN || symbol.visibility === STV_INTERNAL),
      entry: global && section.name !== ".text",
    });
  }
  for (const functions of bySection.values()) functions.sort((a, b) => a.slot - b.slot);
  const relocationsBySection = new Map<number, ElfRelocation[]>();
  return {
    functions: [...bySection.values()].flat(),
    find(sectionIndex, slot) {
      const functions = bySection.get(sectionIndex);
      if (functions === undefined) return undefined;
      const candidate =
        functions[partition(functions.length, (at) => (functions[at]?.slot ?? 0) <= slot) - 1];
      return candidate !== undefined && slot < candidate.slot + candidate.slots ? candidate : undefined;
    },
    relocationsOf(code) {
      let all = relocationsBySection.get(code.section.index);
      if (all === undefined) {
        all = readRelocations(sections, code.section);
        relocationsBySection.set(code.section.index, all);
      }
      return inRange(all, (relocation) => relocation.offset, code);
    },
  };
}

function readRelocations(sections: ObjectSections, section: ElfSection): ElfRelocation[] {
  const all = (sections.relocations.get(section.index) ?? []).flatMap((table) =>
    sections.file.relocations(table),
  );
  for (const { offset } of all) {
    if (offset % INSTRUCTION_SIZE !== 0 || offset >= section.data.length) {
      throw new MalformedInputError("relocation is not at an instruction", {
        section: section.name,
        offsetBytes: offset,
      });
    }
  }
  return all.sort((a, b) => a.offset - b.offset);
}

/** The records that lie in a function, from a list that ascends by byte offset. */
export function inRange<T>(records: readonly T[], offsetOf: (record: T) => number, code: CodeFunction): T[] {
  const start = code.slot * INSTRUCTION_SIZE;
  const end = start + code.slots * INSTRUCTION_SIZE;
  const indexOf = (offset: number): number =>
    partition(records.length, (at) => {
      const record = records[at];
      return record !== undefined && offsetOf(record) < offset;
    });
  return records.slice(indexOf(start), indexOf(end));
}

/** First index for which `before` is false; `before` must be true up to there and false from there on. */
function partition(length: number, before: (index: number) => boolean): number {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (before(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
