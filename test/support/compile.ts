import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The compiler the set-up installs. */
export const clang = "clang-19";

/** Headers of the guest SDK. */
export const sdk: string = fileURLToPath(new URL("../../../sdk/c", import.meta.url));

/** Compiler options by machine that code is compiled for. */
export const targets: Readonly<Record<"wasm32" | "bpf" | "native", readonly string[]>> = {
  wasm32: ["--target=wasm32-wasi", "-nostdlibinc", "-isystem", "/usr/include/wasm32-wasi", "-I", sdk],
  bpf: ["--target=bpf"],
  native: [],
};

/** Compiles without output, every warning an error; what the compiler says, "" when it is content. */
export function check(target: keyof typeof targets, file: string, ...options: string[]): string {
  const args = [...targets[target], "-Wall", "-Wextra", "-Werror", "-fsyntax-only", ...options, file];
  const { status, stderr, error } = spawnSync(clang, args, { encoding: "utf8" });
  if (error !== undefined) throw error;
  return status === 0 ? "" : stderr;
}

/** Runs `body` with a directory of its own. */
export async function withDirectory<T>(body: (directory: string) => T | Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), "wasm-bpf-test-"));
  try {
    return await body(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
