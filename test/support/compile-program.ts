import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keptResults, type TestMachine, thisMachine } from "./compile-cache.ts";

/**
 * Compiles a C program to a static binary, which also runs where there is no C library. Without a compiler it takes
 * what another machine compiled.
 *
 * @returns its path
 */
export function compileProgram(source: string, options: readonly string[] = []): string {
  const kind = options.includes("-static-pie") ? [] : ["-static"];
  const args = ["-O1", "-Wall", "-Wextra", "-Werror", ...kind, ...options];
  return keptResults(
    ".elf",
    (machine) => [source, machine, ...args],
    existsSync("/usr/bin/cc") ? (machine) => runCompiler(machine, source, args) : undefined,
  );
}

/** Compiler by machine; headers that are the same on all, such as <sys/sdt.h>, are this machine's. */
const FOREIGN: Readonly<Record<TestMachine, readonly [string, ...string[]]>> = {
  x64: ["x86_64-linux-gnu-gcc", "-idirafter", "/usr/include/aarch64-linux-gnu"],
  arm64: ["aarch64-linux-gnu-gcc", "-idirafter", "/usr/include/x86_64-linux-gnu"],
};

function runCompiler(machine: TestMachine, source: string, args: readonly string[]): Uint8Array {
  const directory = mkdtempSync(join(tmpdir(), "compile-program-"));
  try {
    const [input, output] = [join(directory, "program.c"), join(directory, "program")];
    writeFileSync(input, source);
    const [compiler, ...own] = machine === thisMachine ? ["cc"] : FOREIGN[machine];
    execFileSync(compiler ?? "cc", [...own, ...args, "-o", output, input], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    return new Uint8Array(readFileSync(output));
  } finally {
    rmSync(directory, { recursive: true });
  }
}
