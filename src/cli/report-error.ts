import { AbiVersionError, WasmBpfError } from "../internal/index.ts";
import { UsageError } from "./verb.ts";

/**
 * Tells the user about what went wrong; anything but a {@link WasmBpfError} is a defect and is thrown again.
 *
 * @param explain puts the error into words
 * @returns exit status: 2 for a wrong command line, 126 for a module that this version cannot run, else 1
 */
export function reportError(error: unknown, explain: (error: unknown, verbose: boolean) => string): number {
  if (!(error instanceof WasmBpfError)) throw error;
  process.stderr.write(`wasm-bpf: ${explain(error, false)}\n`);
  if (error instanceof UsageError) return 2;
  return error instanceof AbiVersionError ? 126 : 1;
}
