import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { WasmBpfError } from "../internal/index.ts";

/** One module to build. */
export interface Application {
  /** `bootstrap` gives `bootstrap.wasm`. */
  readonly name: string;
  /** Names of the BPF objects that it is about. */
  readonly objects: readonly string[];
  /** C sources of the guest, relative to the project. */
  readonly sources: readonly string[];
  /** Further sources, of which only what the others use is linked: functions that programs of a directory share. */
  readonly helpers: readonly string[];
  /** Written for version 1 of the guest interface: it includes `libbpf-wasm.h` or bindings, `NAME.wasm.h`. */
  readonly wasm32: boolean;
}

/** What a directory holds, by file names alone, or what was named of it. */
export interface Project {
  /** Absolute. */
  readonly directory: string;
  /** Names of the BPF objects without `.bpf.c`. */
  readonly objects: readonly string[];
  readonly applications: readonly Application[];
  /** Header files of the directory itself. */
  readonly headers: readonly string[];
  /** A source includes `vmlinux.h` and the project has none of its own. */
  readonly needsVmlinux: boolean;
  /** A source includes a header of libbpf. */
  readonly needsBpfHeaders: boolean;
}

const BPF_SUFFIX = ".bpf.c";

/**
 * Finds what to build: in a directory, for one `NAME.bpf.c` of it, or of a list of C files.
 *
 * In a directory every `NAME.bpf.c` with a `NAME.c` beside it is an application; other C files are helpers of each of
 * them, unless they are programs of their own. Without such a pair all C files are one application, called like its
 * only BPF source or like the directory. Of a list all files are one application, in the directory of the first.
 */
export function findProject(paths: string | readonly string[]): Project {
  const list = typeof paths === "string" ? [paths] : paths;
  const [first = ""] = list;
  if (list.length > 1) return listedFiles(list);
  const { directory, only } = locate(resolve(first), first);
  const files = readdirSync(directory).sort();
  const allObjects = files.filter((file) => file.endsWith(BPF_SUFFIX)).map(objectName);
  const guests = files.filter((file) => file.endsWith(".c") && !file.endsWith(BPF_SUFFIX));
  if (allObjects.length === 0) {
    throw new WasmBpfError("NOT_FOUND", `nothing to build in "${first}": it has no file NAME.bpf.c`);
  }
  const pairs = allObjects.filter((name) => guests.includes(`${name}.c`));
  let applications: ApplicationFiles[];
  if (pairs.length > 0) {
    const helpers = guests.filter(
      (file) => !pairs.includes(file.slice(0, -2)) && !hasMain(join(directory, file)),
    );
    applications = pairs.map((name) => ({ name, objects: [name], sources: [`${name}.c`], helpers }));
  } else {
    const name = allObjects.length === 1 ? (allObjects[0] as string) : basename(directory);
    applications = guests.length === 0 ? [] : [{ name, objects: allObjects, sources: guests, helpers: [] }];
  }
  if (only !== undefined) applications = applications.filter(({ name }) => name === only);
  return describe(directory, only === undefined ? allObjects : [only], applications);
}

type ApplicationFiles = Omit<Application, "wasm32">;

function listedFiles(paths: readonly string[]): Project {
  const directory = dirname(resolve(paths[0] ?? ""));
  const files = paths.map((path) => {
    if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true || !path.endsWith(".c")) {
      throw new WasmBpfError("NOT_FOUND", `cannot build "${path}": there is no such C file`);
    }
    return relative(directory, resolve(path));
  });
  const bpf = files.filter((file) => file.endsWith(BPF_SUFFIX));
  const sources = files.filter((file) => !file.endsWith(BPF_SUFFIX));
  const elsewhere = bpf.find((file) => file.includes("/"));
  if (elsewhere !== undefined) {
    throw new WasmBpfError("NOT_FOUND", `cannot build "${elsewhere}": it is not in ${directory}`);
  }
  const objects = bpf.map(objectName);
  const name = objects.find((object) => sources.includes(`${object}.c`)) ?? objects[0];
  if (name === undefined) {
    throw new WasmBpfError(
      "NOT_FOUND",
      `nothing to build of "${paths.join(" ")}": there is no file NAME.bpf.c`,
    );
  }
  return describe(directory, objects, [{ name, objects, sources, helpers: [] }]);
}

function describe(
  directory: string,
  objects: readonly string[],
  applications: readonly ApplicationFiles[],
): Project {
  const headers = readdirSync(directory)
    .filter((file) => file.endsWith(".h"))
    .sort();
  const texts = new Texts(directory);
  const bpf = [...objects.map((name) => `${name}${BPF_SUFFIX}`), ...headers];
  return {
    directory,
    objects,
    applications: applications.map((application) => ({
      ...application,
      wasm32: texts.include(
        [...application.sources, ...application.helpers],
        /^(?:libbpf-wasm\.h|.*\.wasm\.h)$/,
      ),
    })),
    headers,
    needsVmlinux: !headers.includes("vmlinux.h") && texts.include(bpf, /^vmlinux\.h$/),
    needsBpfHeaders: !existsSync(join(directory, "bpf")) && texts.include(bpf, /^bpf\//),
  };
}

/** What the files of a directory include, by their text. */
class Texts {
  readonly #directory: string;
  readonly #includes = new Map<string, readonly string[]>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Whether one of the files, or a file of the directory that they include, includes a header. */
  include(files: readonly string[], header: RegExp): boolean {
    const seen = new Set(files);
    for (const file of seen) {
      for (const included of this.#includesOf(file)) {
        if (header.test(included)) return true;
        seen.add(join(dirname(file), included));
      }
    }
    return false;
  }

  #includesOf(file: string): readonly string[] {
    let includes = this.#includes.get(file);
    if (includes === undefined) {
      const path = join(this.#directory, file);
      const text = existsSync(path) ? readFileSync(path, "utf8") : "";
      includes = [...text.matchAll(/^[ \t]*#[ \t]*include[ \t]*[<"]([^>"\n]+)[>"]/gm)].map(
        ([, name = ""]) => name,
      );
      this.#includes.set(file, includes);
    }
    return includes;
  }
}

function objectName(file: string): string {
  return file.slice(0, -BPF_SUFFIX.length);
}

function locate(absolute: string, path: string): { directory: string; only: string | undefined } {
  const stat = statSync(absolute, { throwIfNoEntry: false });
  if (stat === undefined)
    throw new WasmBpfError("NOT_FOUND", `cannot build "${path}": there is no such directory`);
  if (stat.isDirectory()) return { directory: absolute, only: undefined };
  if (!absolute.endsWith(BPF_SUFFIX)) {
    throw new WasmBpfError("NOT_FOUND", `cannot build "${path}": give a directory or a file NAME.bpf.c`);
  }
  return { directory: dirname(absolute), only: objectName(basename(absolute)) };
}

/** Whether a source defines `main` by its text: then it cannot be a part of another program. */
function hasMain(path: string): boolean {
  return /^(?:[A-Za-z_][^;]*\s)?main\s*\(/m.test(readFileSync(path, "utf8"));
}
