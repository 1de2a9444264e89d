import { encodeCString } from "../../../internal/index.ts";
import type { LinkCreation } from "../../../link/index.ts";
import type { BpfAttr } from "../../../sys/index.ts";
import * as bpf from "../../../uapi/bpf.ts";
import { EINVAL } from "../../../uapi/errno.ts";
import type { GuestMemory } from "../../memory.ts";
import type { AbiV2Context } from "../context.ts";
import { kernelDescriptor } from "../kernel-descriptor.ts";
import { Refusal } from "../refusal.ts";
import { type LinkArguments, linkArguments, NO_ARGUMENTS } from "./arguments.ts";
import { createLink, directoryFd, fileFd, iteratorFields, netfilterFields, order } from "./kernel-hook.ts";

/** Attach types that are newer than the kernel headers that uapi/ is generated from. */
const TRACING_MULTI: readonly number[] = [59, 60, 61];
const TRACE_FSESSION = 58;

type Fields = (context: AbiV2Context, programFd: number, args: LinkArguments, type: number) => LinkCreation;

/** What follows the common fields of `BPF_LINK_CREATE`, by attach type. */
const FIELDS: Readonly<Record<number, Fields>> = {
  ...each(
    [bpf.BPF_TRACE_RAW_TP, bpf.BPF_TRACE_FENTRY, bpf.BPF_TRACE_FEXIT, bpf.BPF_MODIFY_RETURN, bpf.BPF_LSM_MAC],
    cookieFields(32, 24),
  ),
  [TRACE_FSESSION]: cookieFields(32, 24),
  [bpf.BPF_PERF_EVENT]: cookieFields(24, 16),
  [bpf.BPF_TRACE_ITER]: (context, programFd, args) => iteratorFields(context, programFd, args.iterator),
  [bpf.BPF_NETFILTER]: (_context, _programFd, args) => ({
    ...netfilterFields(args, args.flags),
    flags: args.kernelFlags,
  }),
  ...each([bpf.BPF_TRACE_KPROBE_MULTI, bpf.BPF_TRACE_KPROBE_SESSION], kprobeFields),
  ...each([bpf.BPF_TRACE_UPROBE_MULTI, bpf.BPF_TRACE_UPROBE_SESSION], uprobeFields),
  ...each(TRACING_MULTI, tracingFields),
};

function each(types: readonly number[], fields: Fields): Record<number, Fields> {
  return Object.fromEntries(types.map((type) => [type, fields]));
}

function cookieFields(sizeBytes: number, offset: number): Fields {
  return (_context, _programFd, { cookie, kernelFlags }, attachType) => ({
    attachType,
    flags: kernelFlags,
    ...(cookie === 0n ? {} : { sizeBytes, fill: (attr) => attr.u64(offset, cookie) }),
  });
}

function kprobeFields(_context: AbiV2Context, _fd: number, args: LinkArguments, type: number): LinkCreation {
  const { symbols, addresses, cookies, count, flags, kernelFlags } = args;
  return {
    attachType: type,
    flags: kernelFlags,
    sizeBytes: 48,
    fill: (attr) => {
      attr.u32(16, flags).u32(20, count);
      if (symbols !== undefined) attr.pointerArray(24, symbols.map(encodeCString));
      optional(attr, 32, addresses);
      optional(attr, 40, cookies);
    },
  };
}

function uprobeFields(_context: AbiV2Context, _fd: number, args: LinkArguments, type: number): LinkCreation {
  const { name1, offsets, counters, cookies, count, flags, kernelFlags, target } = args;
  return {
    attachType: type,
    flags: kernelFlags,
    sizeBytes: 64,
    fill: (attr) => {
      if (name1 !== undefined) attr.pointer(16, encodeCString(name1));
      optional(attr, 24, offsets);
      optional(attr, 32, counters);
      optional(attr, 40, cookies);
      attr.u32(48, count).u32(52, flags).i32(56, target);
    },
  };
}

function tracingFields(_context: AbiV2Context, _fd: number, args: LinkArguments, type: number): LinkCreation {
  const { ids, cookies, count, kernelFlags } = args;
  return {
    attachType: type,
    flags: kernelFlags,
    sizeBytes: 40,
    fill: (attr) => {
      optional(attr, 16, ids);
      optional(attr, 24, cookies);
      attr.u32(32, count);
    },
  };
}

function optional(attr: BpfAttr, offset: number, bytes: Uint8Array | undefined): void {
  if (bytes !== undefined) attr.pointer(offset, bytes);
}

/** Attach types whose target is an interface. */
const INTERFACES: readonly number[] = [
  bpf.BPF_XDP,
  bpf.BPF_TCX_INGRESS,
  bpf.BPF_TCX_EGRESS,
  bpf.BPF_NETKIT_PRIMARY,
  bpf.BPF_NETKIT_PEER,
];
const SOCKMAPS: readonly number[] = [
  bpf.BPF_SK_SKB_STREAM_PARSER,
  bpf.BPF_SK_SKB_STREAM_VERDICT,
  bpf.BPF_SK_SKB_VERDICT,
  bpf.BPF_SK_MSG_VERDICT,
];
const NAMESPACES: readonly number[] = [bpf.BPF_FLOW_DISSECTOR, bpf.BPF_SK_LOOKUP];

/** The host's number for what the guest names as target. @throws {Refusal} EBADF */
function hostTarget(context: AbiV2Context, target: number, type: number): number {
  if (INTERFACES.includes(type)) return target;
  if (NAMESPACES.includes(type)) return fileFd(context, target);
  if (SOCKMAPS.includes(type)) return kernelDescriptor(context.fds, target, "map").hostFd;
  if (type === bpf.BPF_PERF_EVENT) return kernelDescriptor(context.fds, target, "perf-event").hostFd;
  if (type in FIELDS || type === 0 || type === bpf.BPF_STRUCT_OPS) {
    // A program's function, or nothing.
    return target === 0 ? 0 : programOrDirectory(context, target);
  }
  return directoryFd(context, target);
}

function programOrDirectory(context: AbiV2Context, target: number): number {
  return context.fds.get(target)?.directoryFd ?? kernelDescriptor(context.fds, target, "program").hostFd;
}

/** Reads the block of `link_create`; none is one of zeros. */
export function linkRequest(memory: GuestMemory, request: number, type: number): LinkArguments {
  if (request === 0) return NO_ARGUMENTS;
  return linkArguments(memory, request, {
    iterator: type === bpf.BPF_TRACE_ITER,
    ids: TRACING_MULTI.includes(type),
  });
}

/**
 * `BPF_LINK_CREATE` with the kernel's own arguments.
 *
 * @returns the link's descriptor or -errno
 */
export function createKernelLink(
  context: AbiV2Context,
  programFd: number,
  target: number,
  type: number,
  args: LinkArguments,
): number {
  const isUprobe = type === bpf.BPF_TRACE_UPROBE_MULTI || type === bpf.BPF_TRACE_UPROBE_SESSION;
  // Of uprobes it is a pid.
  const functionId = isUprobe ? 0 : args.target;
  if (functionId !== 0 && args.iterator !== undefined) throw new Refusal(EINVAL);
  const creation: LinkCreation =
    functionId !== 0
      ? { attachType: type, flags: args.kernelFlags, sizeBytes: 32, fill: (attr) => attr.u32(16, functionId) }
      : (FIELDS[type]?.(context, programFd, args, type) ?? { attachType: type, ...order(context, args) });
  const plain = target === 0 && creation.fill === undefined;
  return createLink(context, programFd, { ...creation, target: hostTarget(context, target, type) }, plain);
}
