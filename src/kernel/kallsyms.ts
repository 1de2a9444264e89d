import { WasmBpfError } from "../internal/index.ts";
import { readFileIfAny } from "./files.ts";

/** Address of one kernel symbol; several symbols may share a name. */
export interface KernelSymbol {
  readonly name: string;
  /** All-zero for every symbol when the process may not see kernel addresses. */
  readonly address: bigint;
  /** nm letter: `T`, `t`, `D`, ... */
  readonly type: string;
  /** Module the symbol is in, `undefined` for the kernel itself. */
  readonly module: string | undefined;
}

/**
 * Finds every symbol with one of `names` in the text of /proc/kallsyms, in its order. The compiler's suffix of
 * promoted static data (`name.llvm.123`) does not count as part of the name.
 */
export function findKernelSymbols(kallsyms: string, names: readonly string[]): Map<string, KernelSymbol[]> {
  const found: { name: string; place: number; symbols: KernelSymbol[] }[] = [];
  for (const name of names) {
    const symbols: KernelSymbol[] = [];
    let place = -1;
    const needle = ` ${name}`;
    for (let at = kallsyms.indexOf(needle); at >= 0; at = kallsyms.indexOf(needle, at + 1)) {
      const start = kallsyms.lastIndexOf("\n", at) + 1;
      const end = kallsyms.indexOf("\n", at);
      const line = kallsyms.slice(start, end < 0 ? undefined : end);
      const match = /^([0-9a-f]+) (\S) (\S+)(?:\s+\[(.*)\])?/.exec(line);
      const type = match?.[2] ?? "";
      const symbol = match?.[3];
      if (symbol !== name && !(type === "d" && symbol?.startsWith(`${name}.llvm.`))) continue;
      if (place < 0) place = at;
      symbols.push({ name, address: BigInt(`0x${match?.[1] ?? "0"}`), type, module: match?.[4] });
    }
    if (symbols.length > 0) found.push({ name, place, symbols });
  }
  found.sort((a, b) => a.place - b.place);
  return new Map(found.map(({ name, symbols }) => [name, symbols]));
}

/**
 * Addresses of kernel symbols; names that do not exist are absent from the result.
 *
 * @throws {WasmBpfError} code `NOT_FOUND` when /proc/kallsyms cannot be read.
 */
export function lookupKernelSymbols(names: readonly string[]): Map<string, KernelSymbol[]> {
  if (names.length === 0) return new Map();
  const bytes = readFileIfAny("/proc/kallsyms");
  if (bytes === undefined) {
    throw new WasmBpfError(
      "NOT_FOUND",
      "Cannot read /proc/kallsyms, which has the addresses of kernel symbols",
    );
  }
  return findKernelSymbols(new TextDecoder("latin1").decode(bytes), names);
}
