import { accessSync, constants, readFileSync, statSync } from "node:fs";
import { type ElfFile, parseElf } from "../elf/index.ts";
import { WasmBpfError } from "../internal/index.ts";
import { checkedCall, getSys } from "../sys/index.ts";
import { MAP_PRIVATE, O_RDONLY, PROT_READ } from "../uapi/linux.ts";
import { type AttachRequest, attachAction, attachError } from "./request.ts";

const LIBRARY_DIRECTORIES = ["/lib64", "/usr/lib64", "/lib", "/usr/lib"];
const PROGRAM_DIRECTORIES = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"];
const TRIPLETS: Readonly<Record<string, string>> = {
  x64: "x86_64-linux-gnu",
  arm64: "aarch64-linux-gnu",
  riscv64: "riscv64-linux-gnu",
  s390x: "s390x-linux-gnu",
  ppc64: "powerpc64le-linux-gnu",
};

/**
 * Path of a program or shared library. A name with a slash is a path already. A library (`libc.so.6`, also just
 * `libc` or `c`) is looked up in LD_LIBRARY_PATH, the cache of the dynamic linker and the usual directories;
 * a program in PATH and the usual directories.
 *
 * @throws {WasmBpfError} code `NOT_FOUND` when there is none.
 */
export function findBinary(request: AttachRequest, name: string): string {
  if (name.includes("/")) return name;
  if (/\.so(\.|$)/.test(name)) {
    const library = findLibrary(name);
    if (library !== undefined) return library;
  } else {
    const directories = [...pathList(process.env.PATH), ...PROGRAM_DIRECTORIES];
    const program = directories.map((directory) => `${directory}/${name}`).find(isExecutable);
    const library = program ?? findLibrary(`lib${name.replace(/^lib/, "")}.so`, true);
    if (library !== undefined) return library;
  }
  throw attachError(
    request,
    "NOT_FOUND",
    `there is no program or library ${name} in the usual directories; give its path`,
  );
}

/** @param anyVersion `libc.so` finds `libc.so.6`, too; the bare name is only there where headers are installed */
function findLibrary(name: string, anyVersion = false): string | undefined {
  const triplet = TRIPLETS[process.arch];
  const multiarch = triplet === undefined ? [] : [`/lib/${triplet}`, `/usr/lib/${triplet}`];
  const directories = [...pathList(process.env.LD_LIBRARY_PATH), ...multiarch, ...LIBRARY_DIRECTORIES];
  const inDirectory = directories.map((directory) => `${directory}/${name}`).find(isElfFile);
  return (
    inDirectory ??
    cachedLibraries().find((path) => {
      const base = path.slice(path.lastIndexOf("/") + 1);
      return (base === name || (anyVersion && base.startsWith(`${name}.`))) && isElfFile(path);
    })
  );
}

/**
 * Paths in the cache of the dynamic linker. They are the NUL-terminated strings at its end that start with a slash,
 * the same in all versions of the format.
 */
function cachedLibraries(): string[] {
  let cache: string;
  try {
    cache = readFileSync("/etc/ld.so.cache", "latin1");
  } catch {
    return [];
  }
  return cache.split("\0").filter((text) => text.startsWith("/"));
}

function pathList(value: string | undefined): string[] {
  return (value ?? "").split(":").filter((directory) => directory !== "");
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** A `libc.so` may be a script for the linker. */
function isElfFile(path: string): boolean {
  const sys = getSys();
  const fd = sys.open(path, O_RDONLY);
  if (fd < 0) return false;
  const magic = new Uint8Array(4);
  const length = sys.read(fd, magic);
  sys.close(fd);
  return length === 4 && magic[0] === 0x7f && magic[1] === 0x45 && magic[2] === 0x4c && magic[3] === 0x46;
}

/**
 * Reads an ELF file, mapped for as long as `use` runs: executables have hundreds of megabytes and only tables matter.
 *
 * @throws {SystemCallError} when the file cannot be opened or mapped.
 * @throws {MalformedInputError} when it is no ELF file.
 */
export function withElfFile<T>(request: AttachRequest, path: string, use: (file: ElfFile) => T): T {
  return readElfFile(path, `${attachAction(request)}: cannot read ${path}`, use);
}

/** As {@link withElfFile}. @param action for errors */
export function readElfFile<T>(path: string, action: string, use: (file: ElfFile) => T): T {
  const sys = getSys();
  const fd = checkedCall(sys.open(path, O_RDONLY), "open", action);
  try {
    const { size } = statSync(`/proc/self/fd/${fd}`);
    const mapping = sys.mmap(size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (typeof mapping === "number") {
      checkedCall(mapping, "mmap", action);
      throw new WasmBpfError("INVALID_ARGUMENT", `${action}: it cannot be mapped`);
    }
    try {
      return use(parseElf(new Uint8Array(mapping, 0, size)));
    } finally {
      sys.munmap(mapping);
    }
  } finally {
    sys.close(fd);
  }
}
