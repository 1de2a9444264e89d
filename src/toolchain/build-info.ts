import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { appendWasmCustomSection, encodeText } from "../internal/index.ts";
import { parseObject } from "../object/index.ts";
import { packageVersion } from "./package-files.ts";

/** Custom section of a module that says what it was built from; see `docs/module.md`. */
export const BUILD_INFO_SECTION = "wasm-bpf.build";

/** Content of the section {@link BUILD_INFO_SECTION}, as JSON. */
export interface BuildInfo {
  /** Raised when the meaning of a member changes. */
  readonly format: 1;
  readonly name: string;
  /** From the project's `package.json`, when it has one. */
  readonly version?: string;
  /** This package and its version. */
  readonly builder: string;
  /** What the compilers call themselves. */
  readonly compilers: readonly string[];
  /** Files of the project, relative to it, and their SHA-256. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly objects: readonly ObjectInfo[];
}

/** A BPF object in short. */
export interface ObjectInfo {
  readonly name: string;
  readonly sizeBytes: number;
  readonly license: string;
  /** Section by program. */
  readonly programs: Readonly<Record<string, string>>;
  readonly maps: readonly string[];
}

/** What {@link withBuildInfo} describes. */
export interface BuildInfoInput {
  readonly name: string;
  /** Absolute. */
  readonly directory: string;
  /** Paths of files that were read; those outside of the project are left out. */
  readonly files: readonly string[];
  readonly compilers: readonly string[];
  /** Paths of the BPF objects. */
  readonly objects: readonly { readonly name: string; readonly path: string }[];
}

/** The module with a section that says what it was built from. The same inputs give the same section. */
export function withBuildInfo(module: Uint8Array, input: BuildInfoInput): Uint8Array {
  const { name, directory } = input;
  const version = projectVersion(directory);
  const info: BuildInfo = {
    format: 1,
    name,
    ...(version === undefined ? {} : { version }),
    builder: `wasm-bpf ${packageVersion()}`,
    compilers: [...new Set(input.compilers)],
    inputs: digests(directory, input.files),
    objects: input.objects.map((object) => describeObject(object.name, readFileSync(object.path))),
  };
  return appendWasmCustomSection(module, BUILD_INFO_SECTION, encodeText(JSON.stringify(info)));
}

function digests(directory: string, files: readonly string[]): Record<string, string> {
  const own = new Set(files.map((file) => relative(directory, resolve(directory, file))));
  // Hidden directories hold what the build makes.
  const inside = [...own].filter((path) => !path.startsWith(".") && !path.startsWith("/") && path !== "");
  return Object.fromEntries(
    inside.sort().map((path) => {
      const bytes = readFileSync(join(directory, path));
      return [path, createHash("sha256").update(bytes).digest("hex")];
    }),
  );
}

function describeObject(name: string, bytes: Uint8Array): ObjectInfo {
  const { license, programs, maps } = parseObject(bytes);
  return {
    name,
    sizeBytes: bytes.length,
    license,
    programs: Object.fromEntries(programs.map((program) => [program.name, program.sectionName])),
    maps: maps.map((map) => map.name),
  };
}

function projectVersion(directory: string): string | undefined {
  try {
    const { version }: { version?: unknown } = JSON.parse(
      readFileSync(join(directory, "package.json"), "utf8"),
    );
    return typeof version === "string" ? version : undefined;
  } catch {
    return undefined;
  }
}
