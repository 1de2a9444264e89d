import { readFileSync } from "node:fs";

/** Content of a file, or `undefined` when it cannot be opened or read. Works for files of unknown size in /proc. */
export function readFileIfAny(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

/** Text of a small file, or `undefined` when it cannot be read. */
export function readTextIfAny(path: string): string | undefined {
  const bytes = readFileIfAny(path);
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
}
