import * as bpf from "../../uapi/bpf.ts";
import { EBADF, EOPNOTSUPP } from "../../uapi/errno.ts";

/** What a descriptor inside a key or a value can be; a directory is a cgroup's, for example. */
export type FdKind = "map" | "directory" | "program" | "perf-event" | "socket" | "process";

/** Finds the host's descriptor behind a number of the guest; `undefined` when it has none of that kind. */
export type FdResolver = (kind: FdKind, guestFd: number) => number | undefined;

/** Of a map only its type matters here. */
interface TypedMap {
  /** BPF_MAP_TYPE_* */
  readonly type: number;
}

/** Where the descriptors inside keys or values of a map type are. */
type FdPlace = FdKind | "program-after-4-bytes" | "refused";

/** Map types whose values are, or contain, descriptors. */
const valueKinds: Readonly<Record<number, FdPlace>> = {
  [bpf.BPF_MAP_TYPE_ARRAY_OF_MAPS]: "map",
  [bpf.BPF_MAP_TYPE_HASH_OF_MAPS]: "map",
  [bpf.BPF_MAP_TYPE_CGROUP_ARRAY]: "directory",
  [bpf.BPF_MAP_TYPE_PROG_ARRAY]: "program",
  [bpf.BPF_MAP_TYPE_PERF_EVENT_ARRAY]: "perf-event",
  [bpf.BPF_MAP_TYPE_SOCKMAP]: "socket",
  [bpf.BPF_MAP_TYPE_SOCKHASH]: "socket",
  [bpf.BPF_MAP_TYPE_XSKMAP]: "socket",
  [bpf.BPF_MAP_TYPE_REUSEPORT_SOCKARRAY]: "socket",
  [bpf.BPF_MAP_TYPE_DEVMAP]: "program-after-4-bytes",
  [bpf.BPF_MAP_TYPE_DEVMAP_HASH]: "program-after-4-bytes",
  [bpf.BPF_MAP_TYPE_CPUMAP]: "program-after-4-bytes",
  [bpf.BPF_MAP_TYPE_STRUCT_OPS]: "refused",
};

/** Map types whose keys are descriptors. */
const keyKinds: Readonly<Record<number, FdPlace>> = {
  [bpf.BPF_MAP_TYPE_CGRP_STORAGE]: "directory",
  [bpf.BPF_MAP_TYPE_INODE_STORAGE]: "directory",
  [bpf.BPF_MAP_TYPE_SK_STORAGE]: "socket",
  [bpf.BPF_MAP_TYPE_TASK_STORAGE]: "process",
};

/** Whether values or keys of maps of this type are, or contain, descriptors. */
export function holdsFds(type: number): boolean {
  return valueKinds[type] !== undefined || keyKinds[type] !== undefined;
}

/**
 * A value to update, with the guest's numbers replaced by the host's descriptors: otherwise a guest could reach
 * whatever the host process has open.
 *
 * @returns the value to hand to the kernel, or -errno
 */
export function hostValue(map: TypedMap, value: Uint8Array, resolver: FdResolver): Uint8Array | number {
  return replaceFd(valueKinds[map.type], value, resolver);
}

/** As {@link hostValue} for a key. */
export function hostKey(map: TypedMap, key: Uint8Array, resolver: FdResolver): Uint8Array | number {
  return replaceFd(keyKinds[map.type], key, resolver);
}

function replaceFd(place: FdPlace | undefined, bytes: Uint8Array, resolver: FdResolver): Uint8Array | number {
  switch (place) {
    case undefined:
      return bytes;
    case "refused":
      return -EOPNOTSUPP;
    case "program-after-4-bytes":
      // ifindex or queue size u32@0, descriptor of a program i32@4 where the value has one: 0 and less is none.
      return bytes.length >= 8 && readI32(bytes, 4) > 0 ? replaceAt(bytes, 4, "program", resolver) : bytes;
    default:
      return bytes.length < 4 ? bytes : replaceAt(bytes, 0, place, resolver);
  }
}

function replaceAt(
  bytes: Uint8Array,
  offset: number,
  kind: FdKind,
  resolver: FdResolver,
): Uint8Array | number {
  const fd = resolver(kind, readI32(bytes, offset));
  if (fd === undefined) return -EBADF;
  const copy = bytes.slice();
  new DataView(copy.buffer).setInt32(offset, fd, true);
  return copy;
}

function readI32(bytes: Uint8Array, offset: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getInt32(offset, true);
}
