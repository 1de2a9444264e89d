import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

/**
 * Where compiled test programs are kept, so that machines without a compiler (the virtual ones) can run tests that
 * another machine has run: WASM_BPF_TEST_OBJECTS, or `build/test-objects`.
 */
export const cacheDirectory: string = resolve(
  process.env.WASM_BPF_TEST_OBJECTS ?? join(import.meta.dirname, "../../../build/test-objects"),
);

/** A machine that test programs are compiled for, as Node calls it. */
export type TestMachine = "x64" | "arm64";

export const thisMachine: TestMachine = process.arch === "arm64" ? "arm64" : "x64";

/**
 * {@link keptResult} for this machine, and before that for the one that WASM_BPF_TEST_ALSO names, so that a virtual
 * machine of that kind has what the tests compile.
 *
 * @param parts as there, for a machine
 */
export function keptResults(
  suffix: string,
  parts: (machine: TestMachine) => readonly string[],
  compile: ((machine: TestMachine) => Uint8Array) | undefined,
): string {
  const keep = (machine: TestMachine): string =>
    keptResult(suffix, parts(machine), compile === undefined ? undefined : () => compile(machine));
  const also = process.env.WASM_BPF_TEST_ALSO;
  if (compile !== undefined && (also === "x64" || also === "arm64") && also !== thisMachine) keep(also);
  return keep(thisMachine);
}

/**
 * Path of what `compile` makes from `parts`: sources and options, everything that the result depends on. Where
 * there is a compiler it always compiles, so nothing old is tested; elsewhere the kept file is taken.
 *
 * @param compile makes the bytes; `undefined` when this machine has no compiler
 */
export function keptResult(
  suffix: string,
  parts: readonly string[],
  compile: (() => Uint8Array) | undefined,
): string {
  const hash = createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 24);
  const path = join(cacheDirectory, `${hash}${suffix}`);
  if (compile === undefined) {
    if (existsSync(path)) return path;
    throw new Error(`no compiler here, and ${path} is not there; run this test where there is one first`);
  }
  const bytes = compile();
  if (!existsSync(path) || !readFileSync(path).equals(bytes)) {
    mkdirSync(cacheDirectory, { recursive: true });
    // Several test files may write at the same time.
    writeFileSync(`${path}.${process.pid}`, bytes, { mode: 0o755 });
    renameSync(`${path}.${process.pid}`, path);
  }
  return path;
}
