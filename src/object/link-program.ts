import { INSTRUCTION_SIZE } from "../asm/index.ts";
import type { Btf, BtfExt } from "../btf/index.ts";
import { BPF_PSEUDO_FUNC } from "../uapi/bpf.ts";
import { type CodeFunction, inRange } from "./code.ts";
import { resolveSites, type Site, type SymbolTargets } from "./resolve.ts";
import type { CoreRelocation, FunctionInfo, LineInfo, ProgramSpec, Reference } from "./spec.ts";

/** What is needed to link the programs of one object. */
export interface LinkInput {
  readonly targets: SymbolTargets;
  readonly btf: Btf | undefined;
  readonly btfExt: BtfExt | undefined;
}

type LinkedProgram = Pick<
  ProgramSpec,
  "instructions" | "layout" | "references" | "functions" | "lines" | "coreRelocations"
>;

/** A function at its place in the linked program. */
interface PlacedCode {
  readonly code: CodeFunction;
  /** First slot in the linked program. */
  readonly start: number;
  readonly sites: readonly Site[];
}

/** Links programs of one object; functions that several programs reach are resolved once. */
export class Linker {
  readonly #input: LinkInput;
  readonly #sites = new Map<CodeFunction, Site[]>();

  constructor(input: LinkInput) {
    this.#input = input;
  }

  /**
   * Puts a program together: its function, then each subprogram that it reaches, in the order in which they
   * are first called (as libbpf does), then `extra` functions that nothing calls, such as an exception callback.
   *
   * @throws {MalformedInputError} when a function refers to something that is not in the object.
   */
  link(main: CodeFunction, extra: readonly CodeFunction[] = []): LinkedProgram {
    const placed = this.#place([main, ...extra]);
    const { littleEndian } = this.#input.targets.sections.file;
    const slots = [...placed.values()].reduce((sum, { code }) => sum + code.slots, 0);
    const instructions = new Uint8Array(slots * INSTRUCTION_SIZE);
    const view = new DataView(instructions.buffer);
    const references: Reference[] = [];
    for (const { code, start, sites } of placed.values()) {
      const from = code.slot * INSTRUCTION_SIZE;
      instructions.set(
        code.section.data.subarray(from, from + code.slots * INSTRUCTION_SIZE),
        start * INSTRUCTION_SIZE,
      );
      for (const site of sites) {
        const instructionIndex = start + site.slot;
        if (!("target" in site)) {
          references.push(reference(site, instructionIndex));
          continue;
        }
        const at = instructionIndex * INSTRUCTION_SIZE;
        const distance = (placed.get(site.target)?.start ?? 0) - instructionIndex - 1;
        view.setInt32(at + 4, distance, littleEndian);
        if (site.kind === "address") {
          const registers = view.getUint8(at + 1);
          const destination = littleEndian ? registers & 0x0f : registers & 0xf0;
          view.setUint8(at + 1, destination | (littleEndian ? BPF_PSEUDO_FUNC << 4 : BPF_PSEUDO_FUNC));
          view.setInt32(at + INSTRUCTION_SIZE + 4, 0, littleEndian);
        }
      }
    }
    const layout = [...placed.values()].map(({ code, start }) => {
      const { name, section, slot, slots } = code;
      return { name, sectionIndex: section.index, slot, start, slots };
    });
    return { instructions, layout, references, ...this.#debugInfo([...placed.values()]) };
  }

  /** Depth first: a subprogram stands behind what was placed before its first call. No recursion, the depth is the input's. */
  #place(roots: readonly CodeFunction[]): Map<CodeFunction, PlacedCode> {
    const placed = new Map<CodeFunction, PlacedCode>();
    let end = 0;
    const stack: { sites: readonly Site[]; next: number }[] = [];
    const place = (code: CodeFunction): void => {
      if (placed.has(code)) return;
      const sites = this.#sitesOf(code);
      placed.set(code, { code, start: end, sites });
      end += code.slots;
      stack.push({ sites, next: 0 });
    };
    for (const root of roots) {
      place(root);
      for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
        const site = top.sites[top.next++];
        if (site === undefined) stack.pop();
        else if ("target" in site) place(site.target);
      }
    }
    return placed;
  }

  #sitesOf(code: CodeFunction): Site[] {
    let sites = this.#sites.get(code);
    if (sites === undefined) {
      sites = resolveSites(code, this.#input.targets);
      this.#sites.set(code, sites);
    }
    return sites;
  }

  /**
   * The kernel wants func and line info for every function or for none, so one function without drops them all.
   */
  #debugInfo(placed: readonly PlacedCode[]): Pick<LinkedProgram, "functions" | "lines" | "coreRelocations"> {
    const { btf, btfExt } = this.#input;
    const functions: FunctionInfo[] = [];
    const lines: LineInfo[] = [];
    const coreRelocations: CoreRelocation[] = [];
    if (btf === undefined || btfExt === undefined) return { functions, lines, coreRelocations };
    let [hasFunctions, hasLines] = [true, true];
    for (const { code, start } of placed) {
      const { name } = code.section;
      const indexOf = (record: { offsetBytes: number }): number =>
        Math.floor(record.offsetBytes / INSTRUCTION_SIZE) - code.slot + start;
      const own = <T extends { readonly offsetBytes: number }>(records: readonly T[] | undefined): T[] =>
        inRange(records ?? [], (record) => record.offsetBytes, code);
      const [ownFunctions, ownLines] = [own(btfExt.functionInfos.get(name)), own(btfExt.lineInfos.get(name))];
      hasFunctions &&= ownFunctions.length > 0;
      hasLines &&= ownLines.length > 0;
      for (const info of ownFunctions) {
        functions.push({ instructionIndex: indexOf(info), name: btf.name(info.typeId), typeId: info.typeId });
      }
      for (const { fileNameOffset, lineOffset, lineColumn, offsetBytes } of ownLines) {
        lines.push({ instructionIndex: indexOf({ offsetBytes }), fileNameOffset, lineOffset, lineColumn });
      }
      for (const { offsetBytes, typeId, accessString, kind } of own(btfExt.coreRelocations.get(name))) {
        coreRelocations.push({ instructionIndex: indexOf({ offsetBytes }), typeId, accessString, kind });
      }
    }
    return {
      functions: hasFunctions ? functions : [],
      lines: hasFunctions && hasLines ? lines : [],
      coreRelocations,
    };
  }
}

function reference(site: Exclude<Site, { kind: "call" | "address" }>, instructionIndex: number): Reference {
  switch (site.kind) {
    case "map":
      return { instructionIndex, kind: "map", map: site.map };
    case "value":
      return { instructionIndex, kind: "map", map: site.map, valueOffset: site.valueOffset };
    case "extern-call":
      return { instructionIndex, kind: "kfunc", extern: site.extern.name };
    case "extern":
      return {
        instructionIndex,
        kind: site.extern.kind === "kconfig" ? "kconfig" : "ksym",
        extern: site.extern.name,
      };
  }
}
