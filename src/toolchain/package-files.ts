import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { WasmBpfError } from "../internal/index.ts";

/** Root of this package: where `package.json` and `sdk/` are, from compiled and from plain sources alike. */
export function packageRoot(): string {
  for (let at = import.meta.dirname; at !== dirname(at); at = dirname(at)) {
    if (existsSync(join(at, "package.json")) && existsSync(join(at, "sdk"))) return at;
  }
  throw new WasmBpfError("NOT_FOUND", "the package wasm-bpf is incomplete: it has no directory sdk/");
}

/** Version of this package. */
export function packageVersion(): string {
  const { version }: { version?: unknown } = JSON.parse(
    readFileSync(join(packageRoot(), "package.json"), "utf8"),
  );
  return String(version);
}

/** Directory with the guest's C headers. */
export function guestHeaders(): string {
  return join(packageRoot(), "sdk/c");
}

/** Directory with what the machine's headers of libbpf may lack for BPF programs. */
export function bpfHeaders(): string {
  return join(packageRoot(), "sdk/bpf");
}

/** Changes when the generators of this package do, during development too. */
export function generatorIdentity(): string {
  const source = dirname(import.meta.dirname);
  // In the bundle, the code of all layers is in chunks.
  const folders = ["codegen", "btf", "chunks"].filter((folder) => existsSync(join(source, folder)));
  const files = folders.flatMap((folder) =>
    readdirSync(join(source, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => /\.[jt]s$/.test(file) && !/\.(test|d)\.[jt]s$/.test(file))
      .map((file) => {
        const { size, mtimeMs } = statSync(join(source, folder, file));
        return `${folder}/${file}:${size}:${mtimeMs}`;
      }),
  );
  return [packageVersion(), ...files.sort()].join("\n");
}
