import { BpfAttr } from "../../../sys/index.ts";
import {
  BPF_MAP_DELETE_BATCH,
  BPF_MAP_LOOKUP_AND_DELETE_BATCH,
  BPF_MAP_LOOKUP_BATCH,
  BPF_MAP_TYPE_HASH,
  BPF_MAP_TYPE_HASH_OF_MAPS,
  BPF_MAP_TYPE_LRU_HASH,
  BPF_MAP_TYPE_LRU_PERCPU_HASH,
  BPF_MAP_TYPE_PERCPU_HASH,
  BPF_MAP_UPDATE_BATCH,
} from "../../../uapi/bpf.ts";
import { EFAULT, EINVAL } from "../../../uapi/errno.ts";
import { type FdResolver, holdsFds, hostKey, hostValue } from "../../abi-v1/index.ts";
import { Block } from "../blocks.ts";
import type { AbiV2Context } from "../context.ts";
import { fdResolver } from "../fd-resolver.ts";
import type { GuestMap } from "../guest-map.ts";
import { kernelDescriptor } from "../kernel-descriptor.ts";
import { Refusal } from "../refusal.ts";

const BLOCK_BYTES = 40;
const COMMANDS: readonly (number | undefined)[] = [
  undefined,
  BPF_MAP_LOOKUP_BATCH,
  BPF_MAP_LOOKUP_AND_DELETE_BATCH,
  BPF_MAP_UPDATE_BATCH,
  BPF_MAP_DELETE_BATCH,
];
/** Types whose position is the number of a bucket; of others it is a key. */
const HASHES: readonly number[] = [
  BPF_MAP_TYPE_HASH,
  BPF_MAP_TYPE_PERCPU_HASH,
  BPF_MAP_TYPE_LRU_HASH,
  BPF_MAP_TYPE_LRU_PERCPU_HASH,
  BPF_MAP_TYPE_HASH_OF_MAPS,
];

/** `map_batch`: the kernel reads and writes the guest's arrays itself. */
export function mapBatch(context: AbiV2Context, fd: number, operation: number, request: number): number {
  const { memory, fds, sys } = context;
  const { object: map } = kernelDescriptor(fds, fd, "map");
  const command = COMMANDS[operation];
  if (command === undefined) throw new Refusal(EINVAL);
  const block = new Block(memory, request, BLOCK_BYTES);
  const count = block.u32(20);
  const positionSize = HASHES.includes(map.type) ? 4 : map.keySizeBytes;
  const inBatch = block.bytes(4, positionSize);
  const outBatch = block.bytes(8, positionSize);
  const keys = block.bytes(12, count * map.keySizeBytes);
  const values = block.bytes(16, count * map.valueSizeBytes);
  if (count > 0 && keys === undefined) throw new Refusal(EFAULT);
  if (count > 0 && values === undefined && command !== BPF_MAP_DELETE_BATCH) throw new Refusal(EFAULT);
  const attr = new BpfAttr(56)
    .pointer(0, inBatch)
    .pointer(8, outBatch)
    .pointer(16, keys)
    .pointer(24, values)
    .u32(32, count)
    .u32(36, map.fd)
    .u64(40, block.u64(24))
    .u64(48, block.u64(32));
  if (holdsFds(map.type)) translate(attr, map, command, fdResolver(fds));
  const result = sys.bpf(command, attr);
  block.setU32(20, attr.u32At(32));
  return result;
}

/** Replaces the guest's descriptors in keys, and in values that are written. */
function translate(attr: BpfAttr, map: GuestMap, command: number, resolver: FdResolver): void {
  const isWritten = command === BPF_MAP_UPDATE_BATCH;
  const readsKeys = isWritten || command === BPF_MAP_DELETE_BATCH;
  const convert = (offset: number, size: number, one: (bytes: Uint8Array) => Uint8Array | number): void => {
    const all = attr.pointerAt(offset)?.slice();
    if (all === undefined || size === 0) return;
    for (let at = 0; at < all.length; at += size) {
      const host = one(all.subarray(at, at + size));
      if (typeof host === "number") throw new Refusal(-host);
      all.set(host, at);
    }
    attr.pointer(offset, all);
  };
  if (readsKeys) convert(16, map.keySizeBytes, (key) => hostKey(map, key, resolver));
  if (isWritten) convert(24, map.valueSizeBytes, (value) => hostValue(map, value, resolver));
}
