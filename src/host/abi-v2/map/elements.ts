import {
  BPF_MAP_DELETE_ELEM,
  BPF_MAP_GET_NEXT_KEY,
  BPF_MAP_LOOKUP_AND_DELETE_ELEM,
  BPF_MAP_LOOKUP_ELEM,
  BPF_MAP_UPDATE_ELEM,
} from "../../../uapi/bpf.ts";
import { EBADF, EFAULT, EINVAL } from "../../../uapi/errno.ts";
import { holdsFds, hostKey, hostValue } from "../../abi-v1/index.ts";
import { type HostImports, hostImport } from "../../host-import.ts";
import type { FdTable } from "../../wasi/index.ts";
import type { AbiV2Context } from "../context.ts";
import { fdResolver } from "../fd-resolver.ts";
import type { GuestMap } from "../guest-map.ts";
import { findKernel } from "../kernel-descriptor.ts";

/** Flags with which a value of a per-CPU map is that of one CPU; newer than the generated numbers. */
const BPF_F_CPU = 8;
const BPF_F_ALL_CPUS = 16;

const KEY_AT = 8;
const VALUE_AT = 16;
const FLAGS_AT = 24;

/**
 * Lookup, take, update, delete, next key. A guest calls these in loops: nothing is allocated but for maps whose keys or
 * values are descriptors.
 */
export function mapElementImports(context: AbiV2Context): HostImports {
  const { sys, memory, fds } = context;
  const resolver = fdResolver(fds);

  /**
   * Puts the address of the guest's key into the attribute.
   *
   * @returns 0 or -errno
   */
  function setKey(map: GuestMap, key: number): number {
    const { keySizeBytes, element } = map;
    if (key === 0 || keySizeBytes === 0) {
      element.address(KEY_AT, 0);
      if (keySizeBytes > 0) return -EFAULT;
      return key === 0 ? 0 : -EINVAL;
    }
    if (!memory.has(key, keySizeBytes)) return -EFAULT;
    element.address(KEY_AT, memory.address(key));
    return holdsFds(map.type) ? translateKey(map, key) : 0;
  }

  function translateKey(map: GuestMap, key: number): number {
    const range = memory.range(key, map.keySizeBytes);
    const translated = range === undefined ? -EFAULT : hostKey(map, range, resolver);
    if (typeof translated === "number") return translated;
    map.element.pointer(KEY_AT, translated);
    return 0;
  }

  function setValue(map: GuestMap, value: number, flags: number): number {
    const oneCpu = (flags & (BPF_F_CPU | BPF_F_ALL_CPUS)) !== 0;
    const size = oneCpu ? map.slotSizeBytes : map.valueSizeBytes;
    if (value === 0 || !memory.has(value, size)) return -EFAULT;
    map.element.address(VALUE_AT, memory.address(value));
    return 0;
  }

  function translateValue(map: GuestMap, value: number): number {
    const range = memory.range(value, map.valueSizeBytes);
    const translated = range === undefined ? -EFAULT : hostValue(map, range, resolver);
    if (typeof translated === "number") return translated;
    map.element.pointer(VALUE_AT, translated);
    return 0;
  }

  function element(
    command: number,
    fd: number,
    key: number,
    value: number,
    low: number,
    high: number,
  ): number {
    const map = findKernel(fds, fd, "map")?.object;
    if (map === undefined) return noMap(fds, fd);
    map.element.clearPointers();
    let result = setKey(map, key);
    if (result < 0) return result;
    if (command === BPF_MAP_DELETE_ELEM) {
      map.element.address(VALUE_AT, 0);
    } else {
      result = setValue(map, value, low);
      if (result === 0 && command === BPF_MAP_UPDATE_ELEM && holdsFds(map.type)) {
        result = translateValue(map, value);
      }
      if (result < 0) return result;
    }
    map.element.u32(FLAGS_AT, low).u32(FLAGS_AT + 4, high);
    return sys.bpf(command, map.element);
  }

  function nextKey(fd: number, key: number, next: number): number {
    const map = findKernel(fds, fd, "map")?.object;
    if (map === undefined) return noMap(fds, fd);
    map.element.clearPointers();
    if (key === 0) {
      map.element.address(KEY_AT, 0);
    } else {
      const result = setKey(map, key);
      if (result < 0) return result;
    }
    if (next === 0 || !memory.has(next, map.keySizeBytes)) return -EFAULT;
    map.element.address(VALUE_AT, memory.address(next));
    map.element.u32(FLAGS_AT, 0).u32(FLAGS_AT + 4, 0);
    return sys.bpf(BPF_MAP_GET_NEXT_KEY, map.element);
  }

  const withValue = (command: number): ReturnType<typeof hostImport> =>
    hostImport("iiiii", "i", (fd: number, key: number, value: number, low: number, high: number) =>
      element(command, fd, key, value, low, high),
    );
  return {
    map_lookup: withValue(BPF_MAP_LOOKUP_ELEM),
    map_take: withValue(BPF_MAP_LOOKUP_AND_DELETE_ELEM),
    map_update: withValue(BPF_MAP_UPDATE_ELEM),
    map_delete: hostImport("iiii", "i", (fd: number, key: number, low: number, high: number) =>
      element(BPF_MAP_DELETE_ELEM, fd, key, 0, low, high),
    ),
    map_next_key: hostImport("iii", "i", nextKey),
  };
}

/** What the kernel says of a descriptor that is none, or no map's. */
function noMap(fds: FdTable, fd: number): number {
  return fds.get(fd) === undefined ? -EBADF : -EINVAL;
}
