import { alignUp } from "../internal/index.ts";
import { possibleCpuCount } from "../kernel/index.ts";
import {
  BPF_MAP_TYPE_ARENA,
  BPF_MAP_TYPE_ARRAY,
  BPF_MAP_TYPE_ARRAY_OF_MAPS,
  BPF_MAP_TYPE_CGROUP_ARRAY,
  BPF_MAP_TYPE_CPUMAP,
  BPF_MAP_TYPE_DEVMAP,
  BPF_MAP_TYPE_DEVMAP_HASH,
  BPF_MAP_TYPE_HASH_OF_MAPS,
  BPF_MAP_TYPE_LRU_PERCPU_HASH,
  BPF_MAP_TYPE_PERCPU_ARRAY,
  BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE,
  BPF_MAP_TYPE_PERCPU_HASH,
  BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  BPF_MAP_TYPE_QUEUE,
  BPF_MAP_TYPE_RINGBUF,
  BPF_MAP_TYPE_SOCKHASH,
  BPF_MAP_TYPE_SOCKMAP,
  BPF_MAP_TYPE_STACK,
  BPF_MAP_TYPE_STACK_TRACE,
  BPF_MAP_TYPE_USER_RINGBUF,
  BPF_MAP_TYPE_XSKMAP,
} from "../uapi/bpf.ts";

/** Whether a value of the map has one element for each possible CPU. */
export function isPerCpuType(type: number): boolean {
  switch (type) {
    case BPF_MAP_TYPE_PERCPU_ARRAY:
    case BPF_MAP_TYPE_PERCPU_HASH:
    case BPF_MAP_TYPE_LRU_PERCPU_HASH:
    case BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE:
      return true;
    default:
      return false;
  }
}

/** Bytes of a value as it crosses the system call. */
export function transferSizeBytes(type: number, valueSizeBytes: number): number {
  return isPerCpuType(type) ? alignUp(valueSizeBytes, 8) * possibleCpuCount() : valueSizeBytes;
}

export function isMapInMapType(type: number): boolean {
  return type === BPF_MAP_TYPE_ARRAY_OF_MAPS || type === BPF_MAP_TYPE_HASH_OF_MAPS;
}

/** Whether the kernel takes BTF ids of key and value for this type: it refuses them for maps of kernel things. */
export function acceptsBtf(type: number): boolean {
  switch (type) {
    case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
    case BPF_MAP_TYPE_CGROUP_ARRAY:
    case BPF_MAP_TYPE_STACK_TRACE:
    case BPF_MAP_TYPE_ARRAY_OF_MAPS:
    case BPF_MAP_TYPE_HASH_OF_MAPS:
    case BPF_MAP_TYPE_DEVMAP:
    case BPF_MAP_TYPE_DEVMAP_HASH:
    case BPF_MAP_TYPE_CPUMAP:
    case BPF_MAP_TYPE_XSKMAP:
    case BPF_MAP_TYPE_SOCKMAP:
    case BPF_MAP_TYPE_SOCKHASH:
    case BPF_MAP_TYPE_QUEUE:
    case BPF_MAP_TYPE_STACK:
    case BPF_MAP_TYPE_ARENA:
      return false;
    default:
      return true;
  }
}

/**
 * Number of entries a map is created with: a perf event array of 0 has one per possible CPU, a ring buffer
 * has a size in bytes that is a page size times a power of two.
 */
export function effectiveMaxEntries(type: number, maxEntries: number, pageSizeBytes: number): number {
  if (type === BPF_MAP_TYPE_PERF_EVENT_ARRAY && maxEntries === 0) return possibleCpuCount();
  if (type === BPF_MAP_TYPE_RINGBUF || type === BPF_MAP_TYPE_USER_RINGBUF) {
    return ringSizeBytes(maxEntries, pageSizeBytes);
  }
  return maxEntries;
}

function ringSizeBytes(wanted: number, pageSizeBytes: number): number {
  // 0 stays 0: the kernel's refusal is clearer than a size nobody asked for.
  if (wanted === 0) return 0;
  let size = pageSizeBytes;
  // A size past the largest that fits is left alone for the kernel to refuse.
  while (size < wanted && size <= 0x4000_0000) size *= 2;
  return Math.max(size, wanted);
}

/** Whether `BPF_F_MMAPABLE` means something for this type. */
export function canBeMapped(type: number): boolean {
  return type === BPF_MAP_TYPE_ARRAY || type === BPF_MAP_TYPE_ARENA;
}
