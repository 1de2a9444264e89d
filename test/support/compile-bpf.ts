import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keptResults, type TestMachine, thisMachine } from "./compile-cache.ts";

/** What every test program starts with: types, helpers and the license. */
const PROLOGUE = `#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
char LICENSE[] SEC("license") = "GPL";
`;

/** A BPF compiler: the newest clang that is installed, or the one that CLANG names. */
export function findClang(): string {
  const path = findClangIfAny();
  if (path === undefined) throw new Error("no clang in /usr/bin; install the package clang");
  return path;
}

function findClangIfAny(): string | undefined {
  if (process.env.CLANG !== undefined) return process.env.CLANG;
  const names = ["clang", ...Array.from({ length: 20 }, (_, index) => `clang-${30 - index}`)];
  return names.map((name) => join("/usr/bin", name)).find((path) => existsSync(path));
}

/** By machine: the macro that bpf_tracing.h picks register names by, and where the headers are that are its own. */
const MACHINES: Readonly<Record<TestMachine, { macro: string; include: string }>> = {
  x64: { macro: "x86", include: "/usr/include/x86_64-linux-gnu" },
  arm64: {
    macro: "arm64",
    include: thisMachine === "arm64" ? "/usr/include/aarch64-linux-gnu" : "/usr/aarch64-linux-gnu/include",
  },
};

/**
 * Compiles BPF C to an object file. The prologue (linux/bpf.h, helpers, GPL license) is included before `source`;
 * line numbers are those of `source`, in a file named `test.bpf.c`. Without a compiler it takes what another machine
 * compiled: see `compile-cache.ts`.
 */
export function compileBpf(source: string, options: readonly string[] = []): Uint8Array {
  return new Uint8Array(readFileSync(compiledBpfPath(source, options)));
}

/** Same, as the path of the object file. */
export function compiledBpfPath(source: string, options: readonly string[] = []): string {
  const clang = findClangIfAny();
  return keptResults(
    ".bpf.o",
    (machine) => [PROLOGUE, source, MACHINES[machine].macro, ...options],
    clang === undefined ? undefined : (machine) => runClang(clang, machine, source, options),
  );
}

function runClang(
  clang: string,
  machine: TestMachine,
  source: string,
  options: readonly string[],
): Uint8Array {
  const directory = mkdtempSync(join(tmpdir(), "compile-bpf-"));
  try {
    writeFileSync(join(directory, "prologue.h"), PROLOGUE);
    writeFileSync(join(directory, "test.bpf.c"), source);
    const { macro, include } = MACHINES[machine];
    const target = [
      "-target",
      "bpf",
      `-D__TARGET_ARCH_${macro}`,
      "-mcpu=v3",
      "-g",
      "-O2",
      `-I${include}`,
      "-include",
      "prologue.h",
    ];
    execFileSync(clang, [...target, ...options, "-c", "test.bpf.c", "-o", "test.bpf.o"], {
      cwd: directory,
      stdio: ["ignore", "ignore", "pipe"],
    });
    return new Uint8Array(readFileSync(join(directory, "test.bpf.o")));
  } catch (error) {
    const output = (error as { stderr?: Uint8Array }).stderr;
    throw output === undefined ? error : new Error(new TextDecoder().decode(output), { cause: error });
  } finally {
    rmSync(directory, { recursive: true });
  }
}
