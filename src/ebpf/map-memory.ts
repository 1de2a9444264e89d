/** Memory of a map that this process and the kernel share. */
import { alignUp, WasmBpfError } from "../internal/index.ts";
import { haveFullValueOffsets } from "../kernel/index.ts";
import { checkedCall, getSys } from "../sys/index.ts";
import { BPF_F_MMAPABLE, BPF_F_RDONLY_PROG, BPF_MAP_TYPE_ARENA } from "../uapi/bpf.ts";
import { MAP_SHARED, PROT_READ, PROT_WRITE } from "../uapi/linux.ts";
import type { MapElements } from "./map-elements.ts";
import { canBeMapped } from "./map-type.ts";

export function isMmapable({ type, flags }: MapElements): boolean {
  return canBeMapped(type) && (flags & BPF_F_MMAPABLE) !== 0 && (flags & BPF_F_RDONLY_PROG) === 0;
}

export function mmapSizeBytes(map: MapElements): number {
  const { pageSize } = getSys();
  if (map.type === BPF_MAP_TYPE_ARENA) return map.maxEntries * pageSize;
  return alignUp(alignUp(map.elementSizeBytes, 8) * map.maxEntries, pageSize);
}

export function variablesOffsetBytes(map: MapElements): number {
  const size = map.spec.arena?.contents.length ?? 0;
  if (size === 0 || !haveFullValueOffsets()) return 0;
  return Math.max(0, mmapSizeBytes(map) - alignUp(size, getSys().pageSize));
}

/** A new mapping of all values. */
export function mmapValues(map: MapElements): ArrayBuffer {
  const { fd } = map;
  if (!isMmapable(map)) {
    throw new WasmBpfError(
      "NOT_SUPPORTED",
      `Map "${map.name}" cannot be mapped: only writable arrays with BPF_F_MMAPABLE and arenas can; use lookup and update`,
    );
  }
  const address = map.type === BPF_MAP_TYPE_ARENA ? map.definition.mapExtra : 0n;
  const mapping = getSys().mmap(mmapSizeBytes(map), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0, address);
  if (typeof mapping !== "number") return mapping;
  const action = `Cannot map the values of map "${map.name}"`;
  checkedCall(mapping, "mmap", action);
  throw new WasmBpfError("SYSCALL", action);
}
