import { decodeCString, encodeCString } from "../../../internal/index.ts";
import { BpfAttr } from "../../../sys/index.ts";
import {
  BPF_BTF_GET_FD_BY_ID,
  BPF_BTF_GET_NEXT_ID,
  BPF_ENABLE_STATS,
  BPF_LINK_GET_FD_BY_ID,
  BPF_LINK_GET_NEXT_ID,
  BPF_MAP_GET_FD_BY_ID,
  BPF_MAP_GET_NEXT_ID,
  BPF_PROG_GET_FD_BY_ID,
  BPF_PROG_GET_NEXT_ID,
  BPF_TASK_FD_QUERY,
  BPF_TOKEN_CREATE,
} from "../../../uapi/bpf.ts";
import { EBADF, EINVAL } from "../../../uapi/errno.ts";
import type { HostImports } from "../../host-import.ts";
import { guestRange } from "../blocks.ts";
import type { AbiV2Context } from "../context.ts";
import { directoryFd } from "../fd-resolver.ts";
import { GuestMap } from "../guest-map.ts";
import { addDescriptor, KernelDescriptor, type KernelKind } from "../kernel-descriptor.ts";
import { requireKernel } from "../permission.ts";
import { guestCall, Refusal } from "../refusal.ts";
import { kernelInfo } from "./info.ts";
import { kernelPinImports } from "./pin.ts";

/** By the number of the interface, from 1 on. */
const KINDS: readonly { readonly kind: KernelKind; readonly next: number; readonly open: number }[] = [
  { kind: "program", next: BPF_PROG_GET_NEXT_ID, open: BPF_PROG_GET_FD_BY_ID },
  { kind: "map", next: BPF_MAP_GET_NEXT_ID, open: BPF_MAP_GET_FD_BY_ID },
  { kind: "btf", next: BPF_BTF_GET_NEXT_ID, open: BPF_BTF_GET_FD_BY_ID },
  { kind: "link", next: BPF_LINK_GET_NEXT_ID, open: BPF_LINK_GET_FD_BY_ID },
];
const TASK_QUERY_BYTES = 32;
/** Longest name of a tracepoint, symbol or file. */
const LONGEST_NAME_BYTES = 4096;

/** BPF objects of the kernel by id and path, see `docs/abi-v2.md`. */
export function kernelImports(context: AbiV2Context): HostImports {
  const { memory, fds, sys } = context;

  function kindOf(number: number): (typeof KINDS)[number] {
    const found = KINDS[number - 1];
    if (found === undefined) throw new Refusal(EINVAL);
    requireKernel(context);
    return found;
  }

  function nextId(number: number, id: number, at: number): number {
    const { next } = kindOf(number);
    guestRange(memory, at, 4);
    const attr = new BpfAttr(12).u32(0, id);
    const result = sys.bpf(next, attr);
    if (result >= 0) memory.setU32(at, attr.u32At(4));
    return result;
  }

  function openId(number: number, id: number, flags: number): number {
    const { kind, open } = kindOf(number);
    const hostFd = sys.bpf(open, new BpfAttr(12).u32(0, id).u32(8, flags));
    if (hostFd < 0) return hostFd;
    return kind === "map"
      ? addDescriptor(context, kind, hostFd, () => new GuestMap(hostFd))
      : addDescriptor(context, kind, hostFd, () => undefined);
  }

  function taskQuery(pid: number, fdNumber: number, out: number, at: number, size: number): number {
    requireKernel(context);
    const answer = guestRange(memory, out, TASK_QUERY_BYTES);
    const name = new Uint8Array(LONGEST_NAME_BYTES);
    const own = pid === process.pid;
    const descriptor = own ? fds.get(fdNumber) : undefined;
    // The host's descriptors are the guest's as far as it has them, under its own numbers.
    if (own && !(descriptor instanceof KernelDescriptor)) return -EBADF;
    const hostFd = descriptor instanceof KernelDescriptor ? descriptor.hostFd : fdNumber;
    const attr = new BpfAttr(48).u32(0, pid).u32(4, hostFd).u32(12, name.length).pointer(16, name);
    const result = sys.bpf(BPF_TASK_FD_QUERY, attr);
    if (result < 0) return result;
    answer.set(attr.bytes.subarray(24, 48));
    const text = encodeCString(decodeCString(name));
    const fits = Math.min(size >>> 0, text.length);
    if (fits > 0) guestRange(memory, at, fits).set(text.subarray(0, fits));
    return text.length - 1;
  }

  function stats(type: number): number {
    requireKernel(context);
    const hostFd = sys.bpf(BPF_ENABLE_STATS, new BpfAttr(4).u32(0, type));
    return hostFd < 0 ? hostFd : addDescriptor(context, "stats", hostFd, () => undefined);
  }

  function token(fd: number, flags: number): number {
    requireKernel(context);
    const attr = new BpfAttr(8).u32(0, flags).u32(4, directoryFd(fds, fd));
    const hostFd = sys.bpf(BPF_TOKEN_CREATE, attr);
    return hostFd < 0 ? hostFd : addDescriptor(context, "token", hostFd, () => undefined);
  }

  return {
    ...kernelPinImports(context),
    kernel_next_id: guestCall((kind, id, next) => nextId(kind, id, next)),
    kernel_open_id: guestCall((kind, id, flags) => openId(kind, id, flags)),
    kernel_info: guestCall((fd, info, size) => kernelInfo(context, fd, info, size >>> 0)),
    kernel_task_query: guestCall((pid, fdNumber, out, at, size) => taskQuery(pid, fdNumber, out, at, size)),
    kernel_stats: guestCall((type) => stats(type)),
    kernel_token: guestCall((fd, flags) => token(fd, flags)),
  };
}
