import { BpfAttr, getSys } from "../sys/index.ts";
import { BPF_MAP_DELETE_BATCH, BPF_MAP_UPDATE_BATCH } from "../uapi/bpf.ts";
import { EINVAL, ENOENT, ENOSPC } from "../uapi/errno.ts";

/** One entry of a map. */
export interface MapEntry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** The sizes a batch call needs. */
export interface BatchGeometry {
  readonly fd: number;
  readonly keySizeBytes: number;
  readonly valueSizeBytes: number;
  readonly maxEntries: number;
}

const LARGEST_BATCH = 4096;
/** Kernel-internal errno for an operation that a map type lacks; it does leak to user space. */
const ENOTSUPP = 524;

/** Whether -errno means that there are no batch calls for this map here. Requires Linux >= 5.6 for most types. */
export function lacksBatch(result: number): boolean {
  return result === -EINVAL || result === -ENOTSUPP;
}

/** Every entry of the map, or those that were read before the kernel answered `result`, a -errno. */
export interface BatchEntries {
  readonly result: number;
  readonly entries: MapEntry[];
}

/** @param command BPF_MAP_LOOKUP_BATCH or BPF_MAP_LOOKUP_AND_DELETE_BATCH */
export function lookupBatches(map: BatchGeometry, command: number): BatchEntries {
  const entries: MapEntry[] = [];
  // The position is a bucket number in hash maps and a key in others.
  const positionSize = Math.max(map.keySizeBytes, 4);
  let position: Uint8Array | undefined;
  let count = Math.max(1, Math.min(map.maxEntries, LARGEST_BATCH));
  for (;;) {
    const keys = new Uint8Array(count * map.keySizeBytes);
    const values = new Uint8Array(count * map.valueSizeBytes);
    const next = new Uint8Array(positionSize);
    const attr = new BpfAttr(56).pointer(0, position).pointer(8, next).pointer(16, keys).pointer(24, values);
    attr.u32(32, count).u32(36, map.fd);
    const result = getSys().bpf(command, attr);
    if (result === -ENOSPC && count < map.maxEntries) {
      // A bucket holds more than was asked for.
      count = Math.min(count * 2, map.maxEntries);
      continue;
    }
    if (result < 0 && result !== -ENOENT) return { result, entries };
    const filled = attr.u32At(32);
    for (let index = 0; index < filled; index++) {
      entries.push({
        key: keys.subarray(index * map.keySizeBytes, (index + 1) * map.keySizeBytes),
        value: values.subarray(index * map.valueSizeBytes, (index + 1) * map.valueSizeBytes),
      });
    }
    if (result === -ENOENT) return { result: 0, entries };
    position = next;
  }
}

/** What a batch came to: 0 or -errno, and how many entries were done. */
export interface BatchResult {
  readonly result: number;
  readonly done: number;
}

/** Writes all entries. */
export function updateBatch(
  map: BatchGeometry,
  entries: readonly MapEntry[],
  flags: bigint | number,
): BatchResult {
  return inParts(entries, 0, (part) => {
    const attr = batch(
      map,
      join(part, ({ key }) => key, map.keySizeBytes),
      part.length,
    ).u64(40, flags);
    attr.pointer(
      24,
      join(part, ({ value }) => value, map.valueSizeBytes),
    );
    return { result: getSys().bpf(BPF_MAP_UPDATE_BATCH, attr), attr };
  });
}

/** Deletes the keys from number `first` on; stops with -ENOENT at one that is not there. */
export function deleteBatch(map: BatchGeometry, keys: readonly Uint8Array[], first: number): BatchResult {
  return inParts(keys, first, (part) => {
    const attr = batch(
      map,
      join(part, (key) => key, map.keySizeBytes),
      part.length,
    );
    return { result: getSys().bpf(BPF_MAP_DELETE_BATCH, attr), attr };
  });
}

function batch(map: BatchGeometry, keys: Uint8Array, count: number): BpfAttr {
  return new BpfAttr(56).pointer(16, keys).u32(32, count).u32(36, map.fd);
}

function join<T>(part: readonly T[], bytesOf: (entry: T) => Uint8Array, sizeBytes: number): Uint8Array {
  const joined = new Uint8Array(part.length * sizeBytes);
  part.forEach((entry, index) => {
    joined.set(bytesOf(entry), index * sizeBytes);
  });
  return joined;
}

function inParts<T>(
  entries: readonly T[],
  first: number,
  call: (part: readonly T[]) => { result: number; attr: BpfAttr },
): BatchResult {
  let done = first;
  while (done < entries.length) {
    const part = entries.slice(done, done + LARGEST_BATCH);
    const { result, attr } = call(part);
    // NB: a kernel without the command leaves the count as it was.
    if (result < 0) return { result, done: done + (lacksBatch(result) ? 0 : attr.u32At(32)) };
    done += part.length;
  }
  return { result: 0, done };
}
