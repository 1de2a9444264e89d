import { BpfAttr, getSys } from "../sys/index.ts";
import { BPF_F_TOKEN_FD, BPF_MAP_CREATE } from "../uapi/bpf.ts";
import { bumpMemlock } from "./memlock.ts";
import { currentToken } from "./token.ts";

/** Arguments of `bpf(BPF_MAP_CREATE)`; everything left out is 0. */
export interface MapCreateArguments {
  readonly type: number;
  readonly name?: string;
  readonly keySizeBytes: number;
  readonly valueSizeBytes: number;
  readonly maxEntries: number;
  readonly flags?: number;
  readonly innerMapFd?: number;
  readonly numaNode?: number;
  readonly ifindex?: number;
  readonly btfFd?: number;
  readonly keyTypeId?: number;
  readonly valueTypeId?: number;
  readonly vmlinuxValueTypeId?: number;
  readonly mapExtra?: bigint;
  /** Fd of the module BTF that `vmlinuxValueTypeId` is in. */
  readonly valueTypeBtfObjectFd?: number;
  readonly tokenFd?: number;
  /** SHA-256 of the only program that may use the map. Requires Linux >= 6.18. */
  readonly exclusiveHash?: Uint8Array;
}

/** Creates a map. @returns its fd or -errno. */
export function createMap(map: MapCreateArguments): number {
  bumpMemlock();
  const token = currentToken();
  const attr = new BpfAttr(map.exclusiveHash === undefined ? 80 : 92)
    .u32(0, map.type)
    .u32(4, map.keySizeBytes)
    .u32(8, map.valueSizeBytes)
    .u32(12, map.maxEntries)
    .u32(16, (map.flags ?? 0) | (token === undefined ? 0 : BPF_F_TOKEN_FD))
    .u32(20, map.innerMapFd ?? 0)
    .u32(24, map.numaNode ?? 0);
  if (map.name !== undefined) attr.text(28, map.name, 16);
  attr
    .u32(44, map.ifindex ?? 0)
    .u32(48, map.btfFd ?? 0)
    .u32(52, map.keyTypeId ?? 0)
    .u32(56, map.valueTypeId ?? 0)
    .u32(60, map.vmlinuxValueTypeId ?? 0)
    .u64(64, map.mapExtra ?? 0)
    .i32(72, map.valueTypeBtfObjectFd ?? 0)
    .i32(76, map.tokenFd ?? token?.fd ?? 0);
  if (map.exclusiveHash !== undefined) attr.pointer(80, map.exclusiveHash).u32(88, map.exclusiveHash.length);
  return getSys().bpf(BPF_MAP_CREATE, attr);
}
