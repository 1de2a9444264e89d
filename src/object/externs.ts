import type { Btf, BtfFunction, BtfVariable } from "../btf/index.ts";
import { type ElfSymbol, STB_WEAK } from "../elf/index.ts";
import { alignUp, MalformedInputError } from "../internal/index.ts";
import { DeclarationError } from "./declaration-error.ts";
import { isExtern } from "./resolve.ts";
import type { ExternSpec } from "./spec.ts";

interface Draft {
  readonly symbol: ElfSymbol;
  readonly spec: ExternSpec;
  readonly alignment: number;
}

/** Externs of an object, in libbpf's order, and by the index of their symbol. */
export interface Externs {
  readonly specs: readonly ExternSpec[];
  readonly bySymbol: ReadonlyMap<number, ExternSpec>;
}

/** No value of a kernel option is longer than a line of the configuration file. */
const MAX_KCONFIG_SIZE = 65536;

/**
 * Collects what the object expects from the kernel: `__kconfig` and `__ksym` externs.
 *
 * @throws {MalformedInputError} when the BTF does not describe an extern.
 */
export function collectExterns(symbols: readonly ElfSymbol[], btf: Btf | undefined): Externs {
  const undefinedSymbols = symbols.filter((symbol) => symbol.name !== "" && isExtern(symbol));
  if (undefinedSymbols.length === 0) return { specs: [], bySymbol: new Map() };
  if (btf === undefined) {
    throw new MalformedInputError(
      `extern "${undefinedSymbols[0]?.name}" has no type because the object has no BTF; compile with -g`,
    );
  }
  const sectionOf = externSections(btf);
  const drafts = undefinedSymbols.map((symbol) => draftOf(symbol, btf, sectionOf)).sort(inMapOrder);
  let end = 0;
  const bySymbol = new Map<number, ExternSpec>();
  const specs = drafts.map(({ symbol, spec, alignment }) => {
    let placed = spec;
    if (spec.kind === "kconfig") {
      const offsetBytes = alignUp(end, alignment);
      end = offsetBytes + spec.sizeBytes;
      placed = { ...spec, offsetBytes };
    }
    bySymbol.set(symbol.index, placed);
    return placed;
  });
  return { specs, bySymbol };
}

/** Sections of the externs by the id of their VAR or FUNC. */
function externSections(btf: Btf): Map<number, string> {
  const sectionOf = new Map<number, string>();
  for (const name of [".kconfig", ".ksyms"]) {
    const id = btf.find(name, "datasec");
    const datasec = id === undefined ? undefined : btf.type(id);
    if (datasec?.kind !== "datasec") continue;
    for (const { type } of datasec.variables) sectionOf.set(type, name);
  }
  return sectionOf;
}

function draftOf(symbol: ElfSymbol, btf: Btf, sectionOf: ReadonlyMap<number, string>): Draft {
  const { name } = symbol;
  const type = declaration(btf, name);
  if (type === undefined || type.linkage !== "extern") {
    throw new MalformedInputError(
      `symbol "${name}" is not defined in the object, and no BTF declares it as an extern`,
    );
  }
  const weak = symbol.binding === STB_WEAK;
  switch (sectionOf.get(type.id)) {
    case ".ksyms":
      if (type.kind === "func") {
        return { symbol, alignment: 1, spec: { name, kind: "kfunc", typeId: type.id, weak, sizeBytes: 0 } };
      }
      return { symbol, alignment: 1, spec: { name, kind: "ksym", typeId: type.type, weak, sizeBytes: 0 } };
    case ".kconfig": {
      if (type.kind === "func") throw new MalformedInputError(`extern function "${name}" is in .kconfig`);
      const sizeBytes = btf.sizeOf(type.type);
      if (sizeBytes === 0 || sizeBytes > MAX_KCONFIG_SIZE) {
        throw new MalformedInputError(
          `extern "${name}" has ${sizeBytes} bytes, kernel options have 1 to 65536`,
        );
      }
      return {
        symbol,
        alignment: Math.max(1, btf.alignOf(type.type)),
        spec: { name, kind: "kconfig", typeId: type.type, weak, sizeBytes },
      };
    }
    default:
      throw new DeclarationError(
        { kind: "unmarked extern", extern: name },
        `extern "${name}" is marked neither __ksym nor __kconfig`,
      );
  }
}

function declaration(btf: Btf, name: string): BtfFunction | BtfVariable | undefined {
  for (const id of btf.findAll(name)) {
    const type = btf.type(id);
    if (type.kind === "var" || type.kind === "func") return type;
  }
  return undefined;
}

/** Kconfig values first, by descending alignment, then size, so that they pack; then by name. */
function inMapOrder(a: Draft, b: Draft): number {
  return (
    Number(b.spec.kind === "kconfig") - Number(a.spec.kind === "kconfig") ||
    (a.spec.kind === "kconfig" ? b.alignment - a.alignment || a.spec.sizeBytes - b.spec.sizeBytes : 0) ||
    (a.spec.name < b.spec.name ? -1 : a.spec.name > b.spec.name ? 1 : 0)
  );
}
