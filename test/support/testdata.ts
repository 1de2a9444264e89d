import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const directory = new URL("../../../testdata/", import.meta.url);

/** Names of the compiled objects in `testdata/`. */
export function objectFiles(): string[] {
  const names = readdirSync(directory).filter((name) => name.endsWith(".bpf.o"));
  if (names.length === 0) throw new Error(`no compiled objects in ${fileURLToPath(directory)}`);
  return names.sort();
}

/** Content of a file in `testdata/`. */
export function testdata(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(name, directory)));
}

/** Path of a file in `testdata/`. */
export function testdataPath(name: string): string {
  return fileURLToPath(new URL(name, directory));
}

/** Compilers that objects are made with to see that they behave alike: the oldest, one between, the newest. */
export const COMPILERS: readonly string[] = ["clang-14", "clang-16", "clang-19"];

/** Compiles all of `testdata/` with a compiler. @returns names of sources that it is too old for */
export function compileTestdata(compiler: string, output: string): string[] {
  mkdirSync(output, { recursive: true });
  const script = fileURLToPath(new URL("../scripts/build-testdata.sh", directory));
  const { status, stdout, stderr, error } = spawnSync("sh", [script, output], {
    encoding: "utf8",
    env: { ...process.env, CLANG: compiler },
  });
  if (error !== undefined || status !== 0) {
    throw new Error(`cannot compile testdata with ${compiler}: ${stderr}`, { cause: error });
  }
  return stdout.split("\n").filter((name) => name !== "");
}
