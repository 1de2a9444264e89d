import { isWasmModule, WasmBpfError } from "../internal/index.ts";
import { findObjects } from "../object/index.ts";
import { aboutFile, readInput } from "./input-file.ts";

/** A BPF object from a file, for messages under the file's name. */
export interface NamedObject {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * The BPF objects in a file: the file itself, or those that a module carries.
 *
 * @throws {WasmBpfError} code `NOT_FOUND` when there is none in the module.
 */
export function readObjects(path: string): NamedObject[] {
  const bytes = readInput(path);
  if (!isWasmModule(bytes)) return [{ name: path, bytes }];
  const objects = aboutFile(path, () => findObjects(bytes));
  if (objects.length === 0) {
    throw new WasmBpfError("NOT_FOUND", `${path}: the module carries no BPF object that can be seen`);
  }
  return objects.map((object, i) => ({
    name: objects.length === 1 ? path : `${path}, object ${i + 1}`,
    bytes: object.bytes,
  }));
}
