import { type ElfSection, SHT_NOBITS } from "../../elf/index.ts";
import { alignUp, decodeCString } from "../../internal/index.ts";
import { cannotLink, type InputObject } from "./input.ts";

/** Sections that an object has once, whatever it is linked from. */
const SINGLE_SECTIONS: readonly string[] = ["license", "version"];

/** A section of the result. */
export interface OutputSection {
  readonly name: string;
  /** In the result; the first has index 1. */
  readonly index: number;
  readonly type: number;
  readonly flags: number;
  readonly entrySize: number;
  alignment: number;
  size: number;
  /** What it is made of, in order. */
  readonly parts: { readonly input: InputObject; readonly section: ElfSection; readonly offset: number }[];
}

/** Where a section of an input has gone. */
export interface Placement {
  readonly output: OutputSection;
  readonly offset: number;
}

/** Sections of the result, and where those of the inputs are in them. */
export class Layout {
  readonly sections: readonly OutputSection[];
  readonly #byName = new Map<string, OutputSection>();
  readonly #placements = new Map<ElfSection, Placement>();

  constructor(inputs: readonly InputObject[]) {
    for (const input of inputs) {
      for (const section of input.sections) this.#append(input, section);
    }
    this.sections = [...this.#byName.values()];
  }

  section(name: string): OutputSection | undefined {
    return this.#byName.get(name);
  }

  /** `undefined` for a section that is left out. */
  placement(input: InputObject, sectionIndex: number): Placement | undefined {
    const section = input.file.sections[sectionIndex];
    return section === undefined ? undefined : this.#placements.get(section);
  }

  /** Place of the input's section of that name. */
  placementOf(input: InputObject, name: string): Placement | undefined {
    const section = input.sections.find((candidate) => candidate.name === name);
    return section === undefined ? undefined : this.#placements.get(section);
  }

  #append(input: InputObject, section: ElfSection): void {
    let output = this.#byName.get(section.name);
    if (output === undefined) {
      const { name, type, flags, entrySize } = section;
      output = {
        name,
        index: this.#byName.size + 1,
        type,
        flags,
        entrySize,
        alignment: 1,
        size: 0,
        parts: [],
      };
      this.#byName.set(name, output);
    } else {
      checkSame(output, input, section);
      if (SINGLE_SECTIONS.includes(section.name)) return;
    }
    output.alignment = Math.max(output.alignment, section.alignment);
    const offset = alignUp(output.size, output.alignment);
    output.size = offset + section.size;
    output.parts.push({ input, section, offset });
    this.#placements.set(section, { output, offset });
  }
}

function checkSame(output: OutputSection, input: InputObject, section: ElfSection): void {
  const { name } = section;
  const first = output.parts[0];
  const other = first?.input.name;
  for (const field of ["type", "flags", "entrySize"] as const) {
    if (output[field] === section[field]) continue;
    throw cannotLink(
      `section "${name}" has ${field} ${output[field]} in ${other} and ${section[field]} in ${input.name}`,
    );
  }
  if (!SINGLE_SECTIONS.includes(name) || first === undefined) return;
  const [a, b] = [first.section.data, section.data];
  if (a.length === b.length && a.every((byte, i) => byte === b[i])) return;
  const values = name === "license" ? ` ("${decodeCString(a)}" and "${decodeCString(b)}")` : "";
  throw cannotLink(`${other} and ${input.name} differ in their ${name}${values}`);
}

/** Content of a section; gaps between its parts are zeros. */
export function assemble(output: OutputSection): Uint8Array {
  if (output.type === SHT_NOBITS) return new Uint8Array(0);
  const bytes = new Uint8Array(output.size);
  for (const { section, offset } of output.parts) bytes.set(section.data, offset);
  return bytes;
}
