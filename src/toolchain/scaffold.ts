import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { skeletonName } from "../codegen/index.ts";
import { WasmBpfError } from "../internal/index.ts";
import { packageRoot } from "./package-files.ts";

/** In a template's files and their names: what the project is called. `NAME_` starts C identifiers. */
const PLACEHOLDER = /(?<![A-Za-z0-9_])NAME(?=(_[a-z])|\b)/g;

const IGNORED_BY_GIT = "/*.wasm\n";

/** Names of the templates for new projects. */
export function templateNames(): string[] {
  return readdirSync(templatesDirectory()).sort();
}

/** What {@link createProject} is told. */
export interface NewProject {
  /** Name of the application: letters, digits, `-` and `_`, a letter first. */
  readonly name: string;
  /** One of {@link templateNames}. */
  readonly template: string;
  /** Where the files go; it is made when it does not exist. */
  readonly directory: string;
}

/**
 * Writes a project that can be built and run at once. Nothing is overwritten: when one of its files exists, none is
 * written.
 *
 * @returns names of the files, in `directory`
 * @throws {WasmBpfError} code `INVALID_ARGUMENT` for a name that cannot be one, `NOT_FOUND` without such a template,
 * `TOOLCHAIN` when it would overwrite or the directory cannot be written
 */
export function createProject({ name, template, directory }: NewProject): string[] {
  if (!/^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(name)) {
    throw new WasmBpfError(
      "INVALID_ARGUMENT",
      `"${name.length > 80 ? `${name.slice(0, 80)}...` : name}" cannot be a project's name: give it letters, digits, - and _, at most 64, a letter first`,
    );
  }
  const source = join(templatesDirectory(), template);
  if (!templateNames().includes(template)) {
    throw new WasmBpfError(
      "NOT_FOUND",
      `there is no template "${template}", only ${templateNames().join(", ")}`,
    );
  }
  // As the build names the skeleton's struct.
  const identifier = skeletonName(`${name}.bpf.o`).slice(0, -"_bpf".length);
  const named = (text: string): string =>
    text.replace(PLACEHOLDER, (_, start: string | undefined) => (start === undefined ? name : identifier));
  const files = new Map(
    readdirSync(source)
      .sort()
      .map((file) => [named(file), named(readFileSync(join(source, file), "utf8"))]),
  );
  files.set(".gitignore", IGNORED_BY_GIT);
  const taken = [...files.keys()].filter((file) => isThere(join(directory, file)));
  if (taken.length > 0) {
    throw new WasmBpfError(
      "TOOLCHAIN",
      `cannot make "${directory}": ${taken.join(", ")} ${taken.length === 1 ? "exists" : "exist"}, nothing was written`,
    );
  }
  try {
    makeDirectory(directory);
    for (const [file, text] of files) writeFileSync(join(directory, file), text, { flag: "wx" });
  } catch (error) {
    const reason = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw new WasmBpfError("TOOLCHAIN", `cannot write to "${directory}": ${reason}`, { cause: error });
  }
  return [...files.keys()];
}

function templatesDirectory(): string {
  const directory = join(packageRoot(), "sdk/templates");
  if (existsSync(directory)) return directory;
  throw new WasmBpfError(
    "NOT_FOUND",
    "the package wasm-bpf is incomplete: it has no directory sdk/templates",
  );
}

/** NB: with `recursive`, Node tries for ever where a file system takes no directories, as `/proc` does. */
function makeDirectory(path: string): void {
  if (existsSync(path)) return;
  makeDirectory(dirname(path));
  mkdirSync(path);
}

/** A link that leads nowhere is there, too. */
function isThere(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
