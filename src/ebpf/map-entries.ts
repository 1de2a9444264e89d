/** Many entries of a map at once: in batches where the kernel has them, one by one where it has not. */
import { BPF_MAP_LOOKUP_AND_DELETE_BATCH, BPF_MAP_LOOKUP_BATCH } from "../uapi/bpf.ts";
import {
  type BatchGeometry,
  deleteBatch,
  lacksBatch,
  lookupBatches,
  type MapEntry,
  updateBatch,
} from "./map-batch.ts";
import { checkElement, checkSizes, isFound } from "./map-checks.ts";
import type { MapElements } from "./map-elements.ts";

export function readEntries(map: MapElements): MapEntry[] {
  const { result, entries } = lookupBatches(geometryOf(map), BPF_MAP_LOOKUP_BATCH);
  if (result >= 0) return entries;
  return Array.from(map.entries(), ([key, value]) => ({ key, value }));
}

export function takeEntries(map: MapElements): MapEntry[] {
  if (map.keySizeBytes === 0) return takeValues(map);
  const { result, entries } = lookupBatches(geometryOf(map), BPF_MAP_LOOKUP_AND_DELETE_BATCH);
  if (result >= 0) return entries;
  for (const key of [...map.keys()]) {
    const value = take(map, key);
    if (value !== undefined) entries.push({ key, value });
  }
  return entries;
}

/** Of a queue or stack: at most as many as it holds, while others go on to add. */
function takeValues(map: MapElements): MapEntry[] {
  const key = new Uint8Array(0);
  const entries: MapEntry[] = [];
  while (entries.length < map.maxEntries) {
    const value = map.lookupAndDelete(key);
    if (value === undefined) break;
    entries.push({ key, value });
  }
  return entries;
}

/** Kernels that can take from queues only (before 5.14) look up and delete. */
function take(map: MapElements, key: Uint8Array): Uint8Array | undefined {
  const value = new Uint8Array(map.valueSizeBytes);
  const result = map.rawLookupAndDelete(key, value, 0n);
  if (!lacksBatch(result)) {
    return isFound(map, result, "LOOKUP_AND_DELETE_ELEM", "take a key") ? value : undefined;
  }
  const found = map.lookup(key);
  return found !== undefined && map.delete(key) ? found : undefined;
}

export function deleteKeys(map: MapElements, keys: readonly Uint8Array[]): void {
  for (const key of keys) checkSizes(map, key);
  for (let next = 0; next < keys.length; ) {
    const { result, done } = deleteBatch(geometryOf(map), keys, next);
    if (result >= 0) return;
    // A batch stops at a key that is not there or cannot be deleted; the single call tells which it was.
    next = lacksBatch(result) ? keys.length : done + 1;
    for (const key of keys.slice(done, next)) map.delete(key);
  }
}

export function writeEntries(map: MapElements, entries: readonly MapEntry[], flags: bigint | number): void {
  for (const { key, value } of entries) checkSizes(map, key, value);
  const { result, done } = updateBatch(geometryOf(map), entries, flags);
  if (result >= 0) return;
  if (!lacksBatch(result)) checkElement(map, result, "UPDATE_BATCH", "update keys");
  for (const { key, value } of entries.slice(done)) map.update(key, value, flags);
}

/** Read once: the batch calls ask for it in loops. */
function geometryOf(map: MapElements): BatchGeometry {
  const { fd, keySizeBytes, valueSizeBytes, maxEntries } = map;
  return { fd, keySizeBytes, valueSizeBytes, maxEntries };
}
