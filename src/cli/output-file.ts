import { writeFileSync } from "node:fs";
import { WasmBpfError } from "../internal/index.ts";

/** Writes a file named on the command line, all of it or an error. */
export function writeOutputFile(path: string, bytes: Uint8Array): void {
  try {
    writeFileSync(path, bytes);
  } catch (error) {
    const reason = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw new WasmBpfError("SYSCALL", `cannot write "${path}": ${reason}`, { cause: error });
  }
}
