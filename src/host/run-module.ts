import { Guest } from "./guest.ts";
import type { GuestOptions } from "./options.ts";

/**
 * Runs a module on this thread until it ends; everything it loaded and attached is closed when this returns.
 *
 * @param bytes the WebAssembly module
 * @returns exit status: the guest's (0..255), 134 after a trap, 128 + signal when a signal ended it
 * @throws {MalformedInputError} when the bytes are no WebAssembly module
 * @throws {WasmBpfError} code `ABI_MISMATCH` when it imports what the host does not have
 */
export function runModule(bytes: Uint8Array, options: GuestOptions = {}): number {
  return new Guest(bytes, options).run();
}
