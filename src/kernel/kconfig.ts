import { release } from "node:os";
import { WasmBpfError } from "../internal/index.ts";
import { readFileIfAny } from "./files.ts";

/**
 * Parses the lines `CONFIG_X=value` of a kernel configuration; everything else is a comment. Values keep
 * their spelling (`y`, `m`, `300`, `"text"`).
 */
export function parseKconfig(text: string): Map<string, string> {
  const options = new Map<string, string>();
  for (const line of text.split("\n")) {
    if (!line.startsWith("CONFIG_")) continue;
    const separator = line.indexOf("=");
    if (separator < 0) continue;
    options.set(line.slice(0, separator), line.slice(separator + 1).trimEnd());
  }
  return options;
}

function readKconfig(): string {
  const plain = `/boot/config-${release()}`;
  const bytes = readFileIfAny(plain) ?? readFileIfAny("/proc/config.gz");
  if (bytes === undefined) {
    throw new WasmBpfError(
      "NOT_FOUND",
      `The configuration of the running kernel is neither in ${plain} nor in /proc/config.gz`,
    );
  }
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return new TextDecoder().decode(bytes);
  // Loaded here because few objects ask for configuration values and start-up time counts.
  const zlib = process.getBuiltinModule("node:zlib");
  return new TextDecoder().decode(zlib.gunzipSync(bytes));
}

let cached: Map<string, string> | undefined;

/**
 * Configuration of the running kernel.
 *
 * @throws {WasmBpfError} code `NOT_FOUND` when the system does not provide it.
 */
export function kernelConfig(): ReadonlyMap<string, string> {
  cached ??= parseKconfig(readKconfig());
  return cached;
}
