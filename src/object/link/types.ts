import {
  type Btf,
  BtfBuilder,
  type BtfExt,
  type BtfSectionVariable,
  dedupTypes,
  encodeBtfExt,
  mapTypeIds,
  type NewBtfType,
} from "../../btf/index.ts";
import { MalformedInputError } from "../../internal/index.ts";
import { cannotLink, type InputObject } from "./input.ts";
import type { Layout } from "./layout.ts";
import type { GlobalSymbol, ResolvedSymbols } from "./symbols.ts";

const MAX_SECTION_BYTES = 0xffffffff;

/** The `.BTF` and `.BTF.ext` sections of the result. */
export interface LinkedTypes {
  readonly btf: Uint8Array;
  readonly ext: Uint8Array | undefined;
}

/**
 * Merges the type information of the inputs: each global symbol has the VAR or FUNC of the definition that won,
 * each section one DATASEC, and equal types are there once.
 */
export function linkTypes(
  inputs: readonly InputObject[],
  layout: Layout,
  symbols: ResolvedSymbols,
  littleEndian: boolean,
): LinkedTypes | undefined {
  const merger = new TypeMerger(layout, symbols.globals);
  for (const input of inputs) merger.number(input);
  for (const input of inputs) merger.append(input);
  for (const input of inputs) merger.collectSections(input);
  merger.appendSections();
  if (merger.types.length === 0) return undefined;

  const { types, newIds } = dedupTypes(merger.types);
  const builder = new BtfBuilder({ littleEndian });
  for (const type of types) builder.add(type);
  const ext = mergeExt(inputs, layout, builder, (input, id) => newIds[merger.newId(input, id)] ?? 0);
  const hasExt = [ext.functionInfos, ext.lineInfos, ext.coreRelocations].some(({ size }) => size > 0);
  const extBytes = hasExt ? encodeBtfExt(ext, littleEndian, (text) => builder.addString(text)) : undefined;
  return { btf: builder.toBytes(), ext: extBytes };
}

/** DATASEC under construction. */
interface Section {
  readonly sizeBytes: number;
  readonly variables: BtfSectionVariable[];
  /** Global symbols that are in it already. */
  readonly seen: Set<string>;
}

class TypeMerger {
  /** Types of all inputs, the first with id 1; references are to ids here. */
  readonly types: NewBtfType[] = [];
  readonly #layout: Layout;
  readonly #globals: ReadonlyMap<string, GlobalSymbol>;
  /** Ids here by id in the input; 0 for types that are left out, or are another input's. */
  readonly #ids = new Map<InputObject, number[]>();
  readonly #sections = new Map<string, Section>();
  #next = 1;

  constructor(layout: Layout, globals: ReadonlyMap<string, GlobalSymbol>) {
    this.#layout = layout;
    this.#globals = globals;
  }

  /** Gives ids to the input's types. */
  number(input: InputObject): void {
    const ids = [0];
    this.#ids.set(input, ids);
    const { btf } = input;
    if (btf === undefined) return;
    const losers = new Set<number>();
    for (let id = 1; id < btf.typeCount; id++) {
      const global = globalOf(btf, id);
      if (global !== undefined && !this.#isWinner(input, id, global)) losers.add(id);
    }
    const prototypes = prototypesOnlyOf(btf, losers);
    for (let id = 1; id < btf.typeCount; id++) {
      const kept = !losers.has(id) && !prototypes.has(id) && this.#isKept(btf, id);
      ids.push(kept ? this.#next++ : 0);
    }
  }

  /** Adds the input's types, once all inputs have ids. */
  append(input: InputObject): void {
    for (const type of input.btf?.types() ?? []) {
      if (type.kind === "void" || (this.#ids.get(input)?.[type.id] ?? 0) === 0) continue;
      this.types.push(mapTypeIds(type, (id) => this.newId(input, id)));
    }
  }

  /** Id here of an input's type; of a global VAR or FUNC that lost, the winner's. */
  newId(input: InputObject, id: number): number {
    const own = this.#ids.get(input)?.[id] ?? 0;
    if (own !== 0 || id === 0 || input.btf === undefined) return own;
    const site = this.#globals.get(globalOf(input.btf, id) ?? "")?.site;
    const winner = site?.input.globalTypes.get(site.symbol.name)?.id ?? 0;
    return site === undefined ? 0 : (this.#ids.get(site.input)?.[winner] ?? 0);
  }

  collectSections(input: InputObject): void {
    if (input.btf === undefined) return;
    for (const type of input.btf.types()) {
      if (type.kind !== "datasec") continue;
      const placement = this.#layout.placementOf(input, type.name);
      const isLeftOut = placement === undefined && input.sections.some(({ name }) => name === type.name);
      if (!isLeftOut) this.#collect(input, type.name, type.variables, placement?.offset ?? 0);
    }
  }

  appendSections(): void {
    for (const [name, { sizeBytes, variables }] of this.#sections) {
      if (name === ".extern" && variables.length === 0) continue;
      const sorted = [...variables].sort((a, b) => a.offsetBytes - b.offsetBytes);
      this.types.push({ kind: "datasec", name, sizeBytes, variables: sorted });
    }
  }

  #collect(input: InputObject, name: string, variables: readonly BtfSectionVariable[], start: number): void {
    let section = this.#sections.get(name);
    if (section === undefined) {
      const sizeBytes = this.#layout.section(name)?.size ?? 0;
      if (sizeBytes > MAX_SECTION_BYTES) throw cannotLink(`section "${name}" would have ${sizeBytes} bytes`);
      section = { sizeBytes, variables: [], seen: new Set() };
      this.#sections.set(name, section);
    }
    for (const variable of variables) {
      const type = this.newId(input, variable.type);
      const global = input.btf === undefined ? undefined : globalOf(input.btf, variable.type);
      if (global === undefined) {
        section.variables.push({ ...variable, type, offsetBytes: variable.offsetBytes + start });
        continue;
      }
      const offsetBytes = this.#offsetOf(input, global, start);
      if (offsetBytes === undefined || section.seen.has(global)) continue;
      section.seen.add(global);
      section.variables.push({ ...variable, type, offsetBytes });
    }
  }

  /** Place of a global variable in its section; `undefined` when it is defined elsewhere. */
  #offsetOf(input: InputObject, name: string, start: number): number | undefined {
    const global = this.#globals.get(name);
    if (global === undefined) return undefined;
    if (!global.defined) return 0;
    return global.site.input === input ? start + global.site.symbol.value : undefined;
  }

  #isWinner(input: InputObject, id: number, name: string): boolean {
    return this.#globals.get(name)?.site.input === input && input.globalTypes.get(name)?.id === id;
  }

  /** Sections are made anew; a tag of a symbol that is left out goes with it. */
  #isKept(btf: Btf, id: number): boolean {
    const kind = btf.kind(id);
    if (kind === "datasec") return false;
    if (kind !== "decl_tag") return true;
    const tag = btf.type(id);
    const global = tag.kind === "decl_tag" ? globalOf(btf, tag.type) : undefined;
    return global === undefined || this.#globals.has(global);
  }
}

/** Prototypes of FUNCs that are left out, which lack names of parameters: what nothing else uses goes with them. */
function prototypesOnlyOf(btf: Btf, losers: ReadonlySet<number>): ReadonlySet<number> {
  const prototypes = new Set<number>();
  for (const id of losers) {
    const type = btf.type(id);
    if (type.kind === "func") prototypes.add(type.type);
  }
  if (prototypes.size === 0) return prototypes;
  for (const type of btf.types()) {
    if (type.kind === "void" || losers.has(type.id)) continue;
    mapTypeIds(type, (id) => {
      prototypes.delete(id);
      return id;
    });
  }
  return prototypes;
}

/** Name of a VAR or FUNC that is not static. */
function globalOf(btf: Btf, id: number): string | undefined {
  const kind = btf.kind(id);
  if (kind !== "var" && kind !== "func") return undefined;
  const type = btf.type(id);
  return (type.kind === "var" || type.kind === "func") && type.linkage !== "static" ? type.name : undefined;
}

function mergeExt(
  inputs: readonly InputObject[],
  layout: Layout,
  builder: BtfBuilder,
  newId: (input: InputObject, id: number) => number,
): BtfExt {
  const functionInfos: MutableGroups<BtfExt["functionInfos"]> = new Map();
  const lineInfos: MutableGroups<BtfExt["lineInfos"]> = new Map();
  const coreRelocations: MutableGroups<BtfExt["coreRelocations"]> = new Map();
  for (const input of inputs) {
    const { btf, ext } = input;
    if (btf === undefined || ext === undefined) continue;
    const string = (offset: number): number => builder.addString(btf.string(offset));
    mergeGroups(input, layout, ext.functionInfos, functionInfos, (info) => ({
      ...info,
      typeId: newId(input, info.typeId),
    }));
    mergeGroups(input, layout, ext.lineInfos, lineInfos, (line) => ({
      ...line,
      fileNameOffset: string(line.fileNameOffset),
      lineOffset: string(line.lineOffset),
    }));
    mergeGroups(input, layout, ext.coreRelocations, coreRelocations, (core) => ({
      ...core,
      typeId: newId(input, core.typeId),
    }));
  }
  return { functionInfos, lineInfos, coreRelocations };
}

type MutableGroups<T> = T extends ReadonlyMap<string, readonly (infer R)[]> ? Map<string, R[]> : never;

function mergeGroups<T extends { readonly offsetBytes: number }>(
  input: InputObject,
  layout: Layout,
  from: ReadonlyMap<string, readonly T[]>,
  to: Map<string, T[]>,
  translate: (record: T) => T,
): void {
  for (const [name, records] of from) {
    const placement = layout.placementOf(input, name);
    if (placement === undefined) {
      throw new MalformedInputError(`${input.name}: .BTF.ext is about section "${name}", which is not there`);
    }
    const merged = to.get(name) ?? [];
    to.set(name, merged);
    for (const record of records) {
      const translated = translate(record);
      merged.push({ ...translated, offsetBytes: record.offsetBytes + placement.offset });
    }
  }
}
