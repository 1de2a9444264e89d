import { readFileSync } from "node:fs";
import { AbiVersionError, MalformedInputError, WasmBpfError } from "../internal/index.ts";

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EISDIR: "it is a directory",
  ENOTDIR: "a part of the path is not a directory",
  ERR_FS_FILE_TOO_LARGE: "it is larger than 2 GiB",
};

/** Content of a file named on the command line. */
export function readInput(path: string): Uint8Array {
  return readAll(path, `"${path}"`);
}

/** All of standard input. */
export function readStandardInput(): Uint8Array {
  return readAll(0, "standard input");
}

function readAll(file: string | number, shownAs: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw new WasmBpfError("NOT_FOUND", `cannot read ${shownAs}: ${REASONS[code] ?? code}`, { cause: error });
  }
}

/** Fails unless a file named on the command line may be C: a compiler prints pages about other files. */
export function checkHeader(path: string): void {
  if (readInput(path).includes(0))
    throw new MalformedInputError(`"${path}" is no C header: it has NUL bytes`);
}

/** Runs `body`; its errors say which file they are about. */
export function aboutFile<T>(path: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    // It names the module itself.
    if (!(error instanceof WasmBpfError) || error instanceof AbiVersionError) throw error;
    throw new WasmBpfError(error.code, `${path}: ${error.message}`, { cause: error });
  }
}
