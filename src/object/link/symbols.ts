import {
  type ElfSymbol,
  type NewElfSymbol,
  SHN_LORESERVE,
  SHN_UNDEF,
  STB_GLOBAL,
  STB_LOCAL,
  STB_WEAK,
  STT_SECTION,
} from "../../elf/index.ts";
import { cannotLink, type GlobalType, type InputObject } from "./input.ts";
import type { Layout } from "./layout.ts";
import { globalDifference, mapDifference } from "./match.ts";

/** DATASEC of extern variables that neither the kernel nor its configuration provides. */
const PLAIN_EXTERNS = ".extern";
const MAPS = ".maps";

/** A symbol where an input has it. */
export interface SymbolSite {
  readonly input: InputObject;
  readonly symbol: ElfSymbol;
}

/** A symbol that all inputs share, as far as it is resolved. */
export interface GlobalSymbol {
  readonly name: string;
  /** Where it is defined, or where it is declared first. */
  site: SymbolSite;
  defined: boolean;
  binding: number;
  visibility: number;
}

/** Symbols of the result. */
export interface ResolvedSymbols {
  /** The first has index 1; local ones come first. */
  readonly symbols: readonly NewElfSymbol[];
  readonly globals: ReadonlyMap<string, GlobalSymbol>;
  /** Index in the result; `undefined` when the symbol is in a section that is left out. */
  indexOf(input: InputObject, symbolIndex: number): number | undefined;
}

/**
 * Decides which definition each global symbol has: a strong one wins over weak ones, else the first.
 *
 * @throws {WasmBpfError} code `INVALID_ARGUMENT` for two strong definitions and for types that do not fit together.
 */
export function resolveSymbols(inputs: readonly InputObject[], layout: Layout): ResolvedSymbols {
  const locals: NewElfSymbol[] = [];
  const localIndexes = new Map<ElfSymbol, number>();
  const sectionIndexes = new Map<number, number>();
  const globals = new Map<string, GlobalSymbol>();
  for (const input of inputs) {
    for (const symbol of input.symbols.slice(1)) {
      const placed = place({ input, symbol }, layout);
      if (symbol.binding !== STB_LOCAL) {
        if (placed !== undefined) merge(globals, { input, symbol });
        continue;
      }
      if (placed === undefined) continue;
      const known = symbol.type === STT_SECTION ? sectionIndexes.get(placed.sectionIndex) : undefined;
      if (known === undefined) {
        locals.push(symbol.type === STT_SECTION ? { ...placed, value: 0 } : placed);
        if (symbol.type === STT_SECTION) sectionIndexes.set(placed.sectionIndex, locals.length);
      }
      localIndexes.set(symbol, known ?? locals.length);
    }
  }
  const indexes = new Map([...globals.keys()].map((name, i) => [name, locals.length + i + 1]));
  const shared = [...globals.values()].map(({ site, binding, visibility }): NewElfSymbol => {
    const placed = place(site, layout) ?? site.symbol;
    return { ...placed, binding, visibility };
  });
  return {
    symbols: [...locals, ...shared],
    globals,
    indexOf: (input, symbolIndex) => {
      const symbol = input.symbols[symbolIndex];
      if (symbol === undefined) return undefined;
      return symbol.binding === STB_LOCAL ? localIndexes.get(symbol) : indexes.get(symbol.name);
    },
  };
}

/** The symbol in terms of the result; `undefined` when its section is left out. */
function place({ input, symbol }: SymbolSite, layout: Layout): NewElfSymbol | undefined {
  const { sectionIndex } = symbol;
  if (sectionIndex === SHN_UNDEF || sectionIndex >= SHN_LORESERVE) return symbol;
  const placement = layout.placement(input, sectionIndex);
  if (placement === undefined) return undefined;
  return { ...symbol, value: symbol.value + placement.offset, sectionIndex: placement.output.index };
}

function merge(globals: Map<string, GlobalSymbol>, site: SymbolSite): void {
  const { symbol, input } = site;
  const { name, binding, visibility } = symbol;
  const defined = symbol.sectionIndex !== SHN_UNDEF;
  if (!defined && input.btf === undefined) {
    throw cannotLink(`${input.name} refers to "${name}" and has no BTF; compile with -g`);
  }
  const global = globals.get(name);
  if (global === undefined) {
    if (!defined) typeOf(site);
    globals.set(name, { name, site, defined, binding, visibility });
    return;
  }
  const earlier = global.site;
  if (defined && global.defined && binding !== STB_WEAK && earlier.symbol.binding !== STB_WEAK) {
    throw cannotLink(
      `"${name}" is defined in ${earlier.input.name} and in ${input.name}; make one of them extern, __weak or static`,
    );
  }
  checkTypes(name, earlier, site);
  if (binding === STB_GLOBAL) global.binding = STB_GLOBAL;
  global.visibility = Math.max(global.visibility, visibility);
  if (!defined || (global.defined && binding === STB_WEAK)) return;
  global.site = site;
  global.defined = true;
}

function typeOf({ input, symbol }: SymbolSite): GlobalType {
  const type = input.globalTypes.get(symbol.name);
  if (type === undefined) throw cannotLink(`the BTF of ${input.name} has nothing about "${symbol.name}"`);
  return type;
}

function checkTypes(name: string, earlier: SymbolSite, later: SymbolSite): void {
  const [a, b] = [typeOf(earlier), typeOf(later)];
  const [from, to] = [earlier.input.btf, later.input.btf];
  if (from === undefined || to === undefined) return;
  const places = `${earlier.input.name} and ${later.input.name}`;
  const [sectionA, sectionB] = [declaredSection(earlier, a), declaredSection(later, b)];
  if (sectionA !== undefined && sectionB !== undefined && sectionA !== sectionB) {
    throw cannotLink(`"${name}" is in different sections in ${places}: ${sectionA} and ${sectionB}`);
  }
  const isMap = sectionA === MAPS || sectionB === MAPS;
  const difference = (isMap ? mapDifference : globalDifference)(from, a.id, to, b.id);
  if (difference === undefined) return;
  throw cannotLink(
    isMap
      ? `map "${name}" ${difference} (in ${places})`
      : `"${name}" has different types in ${places}: ${difference}`,
  );
}

/** Section that a symbol says it is in: externs only where it matters, functions wherever their program is. */
function declaredSection({ symbol }: SymbolSite, type: GlobalType): string | undefined {
  if (symbol.sectionIndex !== SHN_UNDEF) return type.section;
  return type.section === PLAIN_EXTERNS ? undefined : type.section;
}
