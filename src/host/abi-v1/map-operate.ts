import {
  BPF_MAP_DELETE_ELEM,
  BPF_MAP_GET_NEXT_KEY,
  BPF_MAP_LOOKUP_ELEM,
  BPF_MAP_UPDATE_ELEM,
} from "../../uapi/bpf.ts";
import { EBADF, EFAULT, EINVAL } from "../../uapi/errno.ts";
import type { GuestMemory } from "../memory.ts";
import { type FdResolver, hostKey, hostValue } from "./fd-values.ts";
import type { GuestMap } from "./object-table.ts";

/**
 * `wasm_bpf_map_operate`: one map operation on guest memory. Sizes are the map's own, so a guest with a shorter
 * buffer near the end of its memory gets -EFAULT, and one with a shorter buffer elsewhere harms only itself.
 *
 * @returns 0 or -errno
 */
export function mapOperate(
  memory: GuestMemory,
  target: GuestMap | undefined,
  resolver: FdResolver,
  command: number,
  keyPointer: number,
  valuePointer: number,
  nextKeyPointer: number,
  flags: bigint,
): number {
  // A map that this kernel lacks is not created.
  if (target === undefined || !target.map.loaded) return -EBADF;
  const { map } = target;
  // The kernel reads the key of a keyless map (queue, stack, bloom filter) nowhere.
  const guestKey = keyPointer === 0 ? undefined : memory.range(keyPointer, map.keySizeBytes);
  if (keyPointer !== 0 && guestKey === undefined) return -EFAULT;
  const key = guestKey === undefined ? undefined : hostKey(map, guestKey, resolver);
  if (typeof key === "number") return key;
  switch (command) {
    case BPF_MAP_LOOKUP_ELEM: {
      const value = memory.range(valuePointer, map.valueSizeBytes);
      if (value === undefined || valuePointer === 0) return -EFAULT;
      return map.rawLookup(key, value, flags);
    }
    case BPF_MAP_UPDATE_ELEM: {
      const guestValue = memory.range(valuePointer, map.valueSizeBytes);
      if (guestValue === undefined || valuePointer === 0) return -EFAULT;
      const value = hostValue(map, guestValue, resolver);
      return typeof value === "number" ? value : map.rawUpdate(key, value, flags);
    }
    case BPF_MAP_DELETE_ELEM:
      return map.rawDelete(key, flags);
    case BPF_MAP_GET_NEXT_KEY: {
      const next = memory.range(nextKeyPointer, map.keySizeBytes);
      if (next === undefined || nextKeyPointer === 0) return -EFAULT;
      return map.rawNextKey(key, next);
    }
    default:
      return -EINVAL;
  }
}
