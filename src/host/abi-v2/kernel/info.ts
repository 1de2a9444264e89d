import { objectInfo } from "../../../kernel/index.ts";
import { BpfAttr } from "../../../sys/index.ts";
import {
  BPF_LINK_TYPE_ITER,
  BPF_LINK_TYPE_KPROBE_MULTI,
  BPF_LINK_TYPE_PERF_EVENT,
  BPF_LINK_TYPE_RAW_TRACEPOINT,
  BPF_LINK_TYPE_UPROBE_MULTI,
  BPF_OBJ_GET_INFO_BY_FD,
} from "../../../uapi/bpf.ts";
import { E2BIG, EBADFD, EINVAL } from "../../../uapi/errno.ts";
import { guestRange } from "../blocks.ts";
import type { AbiV2Context } from "../context.ts";
import { KernelDescriptor } from "../kernel-descriptor.ts";
import { Refusal } from "../refusal.ts";

/** A pointer in a structure of the kernel's, to as many bytes as two fields say. */
interface Pointer {
  readonly at: number;
  /** Offset of the u32 with the number of elements. */
  readonly countAt: number;
  /** Bytes of one element, or the offset of the u32 that says them. */
  readonly element: number | { readonly sizeAt: number };
}

const PROGRAM_POINTERS: readonly Pointer[] = [
  { at: 24, countAt: 16, element: 1 }, // jited_prog_insns
  { at: 32, countAt: 20, element: 1 }, // xlated_prog_insns
  { at: 56, countAt: 52, element: 4 }, // map_ids
  { at: 112, countAt: 104, element: 8 }, // jited_ksyms
  { at: 120, countAt: 108, element: 4 }, // jited_func_lens
  // The kernel refuses records of another size than its own.
  { at: 136, countAt: 144, element: { sizeAt: 132 } }, // func_info
  { at: 152, countAt: 148, element: { sizeAt: 172 } }, // line_info
  { at: 160, countAt: 168, element: { sizeAt: 176 } }, // jited_line_info
  { at: 184, countAt: 180, element: 8 }, // prog_tags
];
const MAP_POINTERS: readonly Pointer[] = [{ at: 88, countAt: 96, element: 1 }];
const BTF_POINTERS: readonly Pointer[] = [
  { at: 0, countAt: 8, element: 1 },
  { at: 16, countAt: 24, element: 1 },
];
const NAME_POINTER: readonly Pointer[] = [{ at: 16, countAt: 24, element: 1 }];

/** By the link's type. What is in no list has no pointers, or is newer: nothing of the guest's goes in then. */
const LINK_POINTERS: Readonly<Record<number, readonly Pointer[]>> = {
  [BPF_LINK_TYPE_RAW_TRACEPOINT]: NAME_POINTER,
  [BPF_LINK_TYPE_ITER]: NAME_POINTER,
  [BPF_LINK_TYPE_PERF_EVENT]: [{ at: 24, countAt: 32, element: 1 }],
  [BPF_LINK_TYPE_KPROBE_MULTI]: [
    { at: 16, countAt: 24, element: 8 },
    { at: 40, countAt: 24, element: 8 },
  ],
  [BPF_LINK_TYPE_UPROBE_MULTI]: [
    { at: 16, countAt: 48, element: 1 },
    { at: 24, countAt: 52, element: 8 },
    { at: 32, countAt: 52, element: 8 },
    { at: 40, countAt: 52, element: 8 },
  ],
};

const PROGRAM_BYTES = 232;
const MAP_BYTES = 104;
const BTF_BYTES = 32;
const LINK_BYTES = 80;
/** Longest structure a guest may ask with. */
const LONGEST_BYTES = 4096;
/** Field of a perf event link that says what it is, and the kind that has a number where others have a pointer. */
const PERF_KIND_AT = 16;
const BPF_PERF_EVENT_EVENT = 6;

/**
 * `kernel_info`: what the kernel says about one of the guest's descriptors.
 *
 * @returns bytes filled
 */
export function kernelInfo(context: AbiV2Context, fd: number, at: number, size: number): number {
  const { memory, fds, sys } = context;
  const descriptor = fds.get(fd);
  // The kernel's own errors: this call has one of its own for numbers that are not open.
  if (!(descriptor instanceof KernelDescriptor))
    throw new Refusal(descriptor === undefined ? EBADFD : EINVAL);
  const { knownBytes, pointers } = shapeOf(descriptor);
  if (size > LONGEST_BYTES) throw new Refusal(E2BIG);
  const given = guestRange(memory, at, size);
  if (given.subarray(knownBytes).some((byte) => byte !== 0)) throw new Refusal(E2BIG);
  const info = new BpfAttr(Math.min(size, knownBytes));
  if (pointers.length > 0) info.bytes.set(given.subarray(0, info.bytes.length));
  const before = info.bytes.slice();
  for (const pointer of pointers) translate(context, info, pointer);

  const attr = new BpfAttr(16).u32(0, descriptor.hostFd).u32(4, info.bytes.length).pointer(8, info.bytes);
  const result = sys.bpf(BPF_OBJ_GET_INFO_BY_FD, attr);
  if (result < 0) return result;
  const filled = Math.min(attr.u32At(4), info.bytes.length);
  for (const pointer of pointers) putBack(descriptor, info, before, pointer);
  given.set(info.bytes.subarray(0, filled));
  return filled;
}

function shapeOf(descriptor: KernelDescriptor): { knownBytes: number; pointers: readonly Pointer[] } {
  switch (descriptor.kind) {
    case "program":
      return { knownBytes: PROGRAM_BYTES, pointers: PROGRAM_POINTERS };
    case "map":
      return { knownBytes: MAP_BYTES, pointers: MAP_POINTERS };
    case "btf":
      return { knownBytes: BTF_BYTES, pointers: BTF_POINTERS };
    case "link":
      return { knownBytes: LINK_BYTES, pointers: LINK_POINTERS[linkType(descriptor.hostFd)] ?? [] };
    default:
      throw new Refusal(EINVAL);
  }
}

/** The kernel reads a link's structure as one of its type. */
function linkType(hostFd: number): number {
  const info = new BpfAttr(LINK_BYTES);
  const result = hostFd < 0 ? -EINVAL : objectInfo(hostFd, info);
  if (result < 0) throw new Refusal(-result);
  return info.u32At(0);
}

/** Puts the host's address where the guest's is, when all that it points to is in the guest's memory. */
function translate({ memory }: AbiV2Context, info: BpfAttr, { at, countAt, element }: Pointer): void {
  if (at + 8 > info.bytes.length) return;
  const guestAddress = info.u64At(at);
  if (guestAddress === 0n) return;
  const count = countAt + 4 > info.bytes.length ? 0 : info.u32At(countAt);
  const elementBytes = typeof element === "number" ? element : info.u32At(element.sizeAt);
  const address = guestAddress > 0xffffffffn ? 0 : Number(guestAddress);
  guestRange(memory, address, count * elementBytes);
  info.address(at, memory.address(address));
}

/** Addresses of the host are not for the guest. */
function putBack(descriptor: KernelDescriptor, info: BpfAttr, before: Uint8Array, { at }: Pointer): void {
  if (at + 8 > info.bytes.length) return;
  if (
    descriptor.kind === "link" &&
    info.u32At(0) === BPF_LINK_TYPE_PERF_EVENT &&
    info.u32At(PERF_KIND_AT) === BPF_PERF_EVENT_EVENT
  ) {
    return;
  }
  info.bytes.set(before.subarray(at, at + 8), at);
}
