import { accessSync, constants } from "node:fs";
import {
  type ElfFile,
  type ElfSymbol,
  ET_DYN,
  fileOffsetOfAddress,
  SHN_UNDEF,
  SHT_DYNSYM,
  SHT_SYMTAB,
  STB_WEAK,
  STT_FUNC,
} from "../../../elf/index.ts";
import { encodeText, MalformedInputError } from "../../../internal/index.ts";
import { readElfFile } from "../../../link/index.ts";
import { SystemCallError } from "../../../sys/index.ts";
import { EINVAL, EISDIR, ENODEV, ENOENT } from "../../../uapi/errno.ts";
import type { AbiV2Context } from "../context.ts";
import { errorText } from "../lines/error-text.ts";
import { refuse } from "./target.ts";

/** libbpf's own error number for a file that is no ELF file, or says two things. */
const LIBBPF_ERRNO_FORMAT = 4001;
const LIBRARY_PATH: Readonly<Record<string, string>> = {
  x64: "/lib/x86_64-linux-gnu",
  arm64: "/lib/aarch64-linux-gnu",
};

/**
 * Path of a program or library that was named without a directory, found where libbpf looks.
 *
 * @param line what is said when it is not there, up to the error
 * @throws {Refusal} ENOENT
 */
export function binaryPath(context: AbiV2Context, name: string, line: string): string {
  if (name.includes("/")) return name;
  const isLibrary = name.endsWith(".so") || name.includes(".so.");
  const lists = isLibrary
    ? [process.env.LD_LIBRARY_PATH, "/usr/lib64:/usr/lib", LIBRARY_PATH[process.arch]]
    : [process.env.PATH, "/usr/bin:/usr/sbin"];
  const mode = isLibrary ? constants.R_OK : constants.R_OK | constants.X_OK;
  for (const directory of lists.flatMap((list) => (list ?? "").split(":"))) {
    const path = `${directory}/${name}`;
    if (directory === "" || !isAccessible(path, mode)) continue;
    context.log.write(2, `resolved '${name}' to '${path}'`);
    return path;
  }
  return refuse(context, ENOENT, `${line} '${name}': ${errorText(ENOENT)}`);
}

function isAccessible(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

/**
 * Reads a file that is to be probed.
 *
 * @param malformed the error of a file that is no ELF file
 * @throws {Refusal} after libbpf's line
 */
export function withBinary<T>(
  context: AbiV2Context,
  path: string,
  use: (file: ElfFile) => T,
  malformed: number = LIBBPF_ERRNO_FORMAT,
): T {
  try {
    return readElfFile(path, `Cannot read ${path}`, use);
  } catch (error) {
    if (error instanceof MalformedInputError) {
      return refuse(context, malformed, `elf: failed to get ehdr from ${path}: invalid \`Elf' handle`);
    }
    if (error instanceof SystemCallError && (error.errno === ENODEV || error.errno === EISDIR)) {
      return refuse(
        context,
        LIBBPF_ERRNO_FORMAT,
        `elf: could not read elf from ${path}: invalid file descriptor`,
      );
    }
    if (error instanceof SystemCallError) {
      return refuse(context, error.errno, `elf: failed to open ${path}: ${errorText(error.errno)}`);
    }
    throw error;
  }
}

/**
 * File offset of a function, of the dynamic symbol table before the other, of a strong symbol before a weak one.
 *
 * @throws {Refusal} ENOENT, or libbpf's own number when several functions have the name
 */
export function functionOffset(context: AbiV2Context, file: ElfFile, path: string, name: string): number {
  const wanted = encodeText(name.replace(/@.*$/, ""));
  let isUndefined = false;
  for (const dynamic of [true, false]) {
    saySymbolTable(context, file, path, dynamic);
    const symbols = wanted.length === 0 ? [] : file.symbolsNamed(wanted, dynamic);
    const found = strongest(file, symbols);
    if (found === undefined) {
      // Symbols of another file have no version here.
      isUndefined ||=
        !name.includes("@") &&
        symbols.some(({ type, sectionIndex }) => type === STT_FUNC && sectionIndex === SHN_UNDEF);
      continue;
    }
    if (found === "ambiguous") {
      return refuse(
        context,
        LIBBPF_ERRNO_FORMAT,
        `elf: ambiguous match for '${name}', '${name}' in '${path}'`,
      );
    }
    context.log.write(2, `elf: symbol address match for '${name}' in '${path}': 0x${found.toString(16)}`);
    return found;
  }
  if (!isUndefined) refuse(context, ENOENT, `elf: failed to find symbol '${name}' in '${path}'`);
  const remedy =
    file.type === ET_DYN ? "should not be 0 in a shared library" : "try using shared library path instead";
  return refuse(context, ENOENT, `elf: '${name}' is 0 in symtab for '${path}': ${remedy}`);
}

function saySymbolTable(context: AbiV2Context, file: ElfFile, path: string, dynamic: boolean): void {
  const wanted = dynamic ? SHT_DYNSYM : SHT_SYMTAB;
  if (file.sections.some(({ type }) => type === wanted)) return;
  context.log.write(2, `elf: failed to find symbol table ELF sections in '${path}'`);
}

function strongest(file: ElfFile, symbols: readonly ElfSymbol[]): number | "ambiguous" | undefined {
  let [best, bestIsWeak]: [number | undefined, boolean] = [undefined, true];
  for (const { type, sectionIndex, value, binding } of symbols) {
    if (type !== STT_FUNC || sectionIndex === SHN_UNDEF) continue;
    const offset = fileOffsetOfAddress(file, value);
    const isWeak = binding === STB_WEAK;
    if (offset === undefined || offset === best || (best !== undefined && isWeak)) continue;
    if (best !== undefined && !bestIsWeak) return "ambiguous";
    [best, bestIsWeak] = [offset, isWeak];
  }
  return best;
}

/** File offsets of functions by name, in the order of the names. @throws {Refusal} ENOENT unless all are there */
export function functionOffsets(context: AbiV2Context, path: string, names: readonly string[]): bigint[] {
  const find = (file: ElfFile, name: string): bigint => {
    for (const dynamic of name === "" ? [] : [true, false]) {
      const found = strongest(file, file.symbolsNamed(encodeText(name), dynamic));
      if (typeof found === "number") return BigInt(found);
    }
    return refuse(context, ENOENT);
  };
  const findAll = (file: ElfFile): bigint[] => {
    for (const dynamic of [true, false]) saySymbolTable(context, file, path, dynamic);
    return names.map((name) => find(file, name));
  };
  return withBinary(context, path, findAll, EINVAL);
}

/**
 * File offsets of the functions that match: of the whole symbol table, or where a file has none, of the dynamic one.
 *
 * @throws {Refusal} ENOENT when there is none
 */
export function matchingOffsets(context: AbiV2Context, path: string, pattern: RegExp): bigint[] {
  const find = (file: ElfFile): bigint[] => {
    for (const dynamic of [false, true]) {
      saySymbolTable(context, file, path, dynamic);
      const symbols = dynamic ? file.dynamicSymbols() : file.symbols();
      const offsets = new Set<number>();
      for (const symbol of symbols) {
        if (symbol.type !== STT_FUNC || symbol.sectionIndex === SHN_UNDEF || !pattern.test(symbol.name))
          continue;
        const offset = fileOffsetOfAddress(file, symbol.value);
        if (offset !== undefined) offsets.add(offset);
      }
      if (offsets.size > 0) return [...offsets].map(BigInt);
    }
    return refuse(context, ENOENT);
  };
  return withBinary(context, path, find, EINVAL);
}
