import { WasmBpfError } from "../internal/index.ts";
import { checkedCall } from "../sys/index.ts";
import { EBADF, ENOENT } from "../uapi/errno.ts";
import type { MapElements } from "./map-elements.ts";

/** @throws {WasmBpfError} code `INVALID_ARGUMENT` when key or value are not of the map's sizes. */
export function checkSizes(map: MapElements, key: Uint8Array, value?: Uint8Array): void {
  const [keySize, valueSize] = [map.keySizeBytes, map.valueSizeBytes];
  if (key.length === keySize && (value === undefined || value.length === valueSize)) return;
  const got = value === undefined ? `a key of ${key.length}` : `${key.length} and ${value.length}`;
  throw new WasmBpfError(
    "INVALID_ARGUMENT",
    `Map "${map.name}" has keys of ${keySize} and values of ${valueSize} bytes, got ${got}`,
  );
}

/** @throws {WasmBpfError} code `NOT_SUPPORTED` when there are no keys to go over. */
export function checkHasKeys(map: MapElements): void {
  if (map.keySizeBytes > 0 || !map.loaded) return;
  throw new WasmBpfError(
    "NOT_SUPPORTED",
    `Map "${map.name}" has no keys to go over; lookup() and lookupAndDelete() of a queue or stack take an empty one`,
  );
}

/** Whether a call found its key, any other failure is thrown as by {@link checkElement}. */
export function isFound(map: MapElements, result: number, command: string, action: string): boolean {
  if (result === -ENOENT) return false;
  checkElement(map, result, command, action);
  return true;
}

/**
 * @param result 0 or -errno
 * @param command BPF_MAP_ is left out
 * @throws {SystemCallError} when the call failed, {@link WasmBpfError} code `CLOSED` when there is no map to call on
 */
export function checkElement(map: MapElements, result: number, command: string, action: string): void {
  if (result === -EBADF) void map.fd;
  checkedCall(result, `bpf(BPF_MAP_${command})`, `Cannot ${action} in map "${map.name}"`);
}
