import {
  type ElfRelocation,
  type ElfSection,
  EM_BPF,
  ET_REL,
  type NewElfSection,
  R_BPF_64_32,
  R_BPF_64_64,
  R_BPF_64_ABS32,
  R_BPF_64_ABS64,
  SHF_EXECINSTR,
  SHT_PROGBITS,
  STT_SECTION,
  writeElf,
} from "../../elf/index.ts";
import { MalformedInputError, WasmBpfError } from "../../internal/index.ts";
import { cannotLink, type InputObject, type LinkInput, readInput } from "./input.ts";
import { assemble, Layout, type OutputSection } from "./layout.ts";
import { type ResolvedSymbols, resolveSymbols } from "./symbols.ts";
import { linkTypes } from "./types.ts";

const KNOWN_RELOCATIONS: readonly number[] = [R_BPF_64_64, R_BPF_64_32, R_BPF_64_ABS64, R_BPF_64_ABS32];
const CALL = 0x85;
const INSTRUCTION_SIZE = 8;

/**
 * Links BPF objects statically into one, by the rules of libbpf 1.8 (`linker.c`): sections of one name are put
 * one after the other, externs are resolved, a strong definition replaces weak ones, and types are merged.
 *
 * @param inputs at least one object; all of one byte order
 * @returns the ELF file of the linked object.
 * @throws {MalformedInputError} when an input is damaged; the message names it.
 * @throws {WasmBpfError} code `INVALID_ARGUMENT` when inputs contradict each other; the message names both.
 */
export function linkObjects(inputs: readonly LinkInput[]): Uint8Array {
  const objects = inputs.map(readInput);
  const [first] = objects;
  if (first === undefined) throw cannotLink("there are no objects");
  const { littleEndian } = first.file;
  for (const { name, file } of objects) {
    if (file.littleEndian !== littleEndian) {
      throw cannotLink(`${first.name} and ${name} have different byte orders`);
    }
  }
  const layout = new Layout(objects);
  const symbols = resolveSymbols(objects, layout);
  const contents = layout.sections.map(assemble);
  const relocations = layout.sections.map((): ElfRelocation[] => []);
  for (const input of objects) {
    for (const section of input.relocations) {
      const placement = layout.placement(input, section.info);
      if (placement === undefined) continue;
      const index = placement.output.index - 1;
      const target = {
        output: placement.output,
        offset: placement.offset,
        contents: contents[index] ?? new Uint8Array(0),
        size: input.file.sections[section.info]?.size ?? 0,
      };
      relocations[index]?.push(...relocate(input, section, target, layout, symbols));
    }
  }
  const sections: NewElfSection[] = layout.sections.map((section, i) => ({
    name: section.name,
    type: section.type,
    flags: section.flags,
    alignment: section.alignment,
    entrySize: section.entrySize,
    size: section.size,
    data: contents[i] ?? new Uint8Array(0),
    relocations: relocations[i] ?? [],
  }));
  const types = linkTypes(objects, layout, symbols, littleEndian);
  if (types !== undefined) sections.push(plainSection(".BTF", types.btf));
  if (types?.ext !== undefined) sections.push(plainSection(".BTF.ext", types.ext));
  return writeElf({ littleEndian, type: ET_REL, machine: EM_BPF, sections, symbols: symbols.symbols });
}

function plainSection(name: string, data: Uint8Array): NewElfSection {
  return {
    name,
    type: SHT_PROGBITS,
    flags: 0,
    alignment: 8,
    entrySize: 0,
    size: data.length,
    data,
    relocations: [],
  };
}

/** The part of an output section that is relocated. */
interface Target {
  readonly output: OutputSection;
  /** Where the input's section starts in it. */
  readonly offset: number;
  readonly size: number;
  /** Of the whole output section; changed in place. */
  readonly contents: Uint8Array;
}

function relocate(
  input: InputObject,
  section: ElfSection,
  target: Target,
  layout: Layout,
  symbols: ResolvedSymbols,
): ElfRelocation[] {
  const fail = (reason: string, offset: number): never => {
    throw new MalformedInputError(`${input.name}: ${reason}`, { section: section.name, offsetBytes: offset });
  };
  const isCode = (target.output.flags & SHF_EXECINSTR) !== 0;
  const width = (type: number): number => (isCode || type === R_BPF_64_ABS64 ? INSTRUCTION_SIZE : 4);
  return input.file.relocations(section).map(({ offset, type, symbolIndex }) => {
    if (!KNOWN_RELOCATIONS.includes(type)) fail(`relocation type ${type} is not known`, offset);
    if (offset + width(type) > target.size || (isCode && offset % INSTRUCTION_SIZE !== 0)) {
      fail(`relocation of "${target.output.name}" at ${offset} is misplaced`, offset);
    }
    const symbol = input.symbols[symbolIndex];
    const index = symbols.indexOf(input, symbolIndex);
    if (symbol === undefined || symbolIndex === 0) return fail(`there is no symbol ${symbolIndex}`, offset);
    if (index === undefined) {
      throw new WasmBpfError(
        "NOT_SUPPORTED",
        `${input.name}: section "${target.output.name}" refers to "${symbol.name}", which is left out of the result`,
      );
    }
    const place = target.offset + offset;
    if (symbol.type === STT_SECTION) {
      const moved = layout.placement(input, symbol.sectionIndex)?.offset ?? 0;
      addInPlace(
        target.contents,
        place,
        { isCode, wide: type === R_BPF_64_ABS64 },
        moved,
        input.file.littleEndian,
      );
    }
    return { offset: place, type, symbolIndex: index };
  });
}

/** A relocation against a section holds the distance from its start in place, which has grown by `moved` bytes. */
function addInPlace(
  contents: Uint8Array,
  offset: number,
  { isCode, wide }: { isCode: boolean; wide: boolean },
  moved: number,
  littleEndian: boolean,
): void {
  const view = new DataView(contents.buffer, contents.byteOffset, contents.byteLength);
  if (isCode) {
    const step = contents[offset] === CALL ? moved / INSTRUCTION_SIZE : moved;
    view.setInt32(offset + 4, view.getInt32(offset + 4, littleEndian) + step, littleEndian);
  } else if (wide) {
    view.setBigUint64(offset, view.getBigUint64(offset, littleEndian) + BigInt(moved), littleEndian);
  } else {
    view.setUint32(offset, view.getUint32(offset, littleEndian) + moved, littleEndian);
  }
}
