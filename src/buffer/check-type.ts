import { WasmBpfError } from "../internal/index.ts";
import type { BufferMap } from "./event-buffer.ts";

/** @throws {WasmBpfError} code `INVALID_ARGUMENT` when the map is known to be of another type. */
export function checkType(map: BufferMap, type: number, what: string): void {
  if (map.type === undefined || map.type === type) return;
  throw new WasmBpfError(
    "INVALID_ARGUMENT",
    `Map "${map.name ?? ""}" is no ${what}: its type is ${map.type}, not ${type}`,
  );
}
