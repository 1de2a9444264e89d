import { Btf } from "../../../btf/index.ts";
import { encodeCString } from "../../../internal/index.ts";
import { btfBytes, btfFdById, kernelBtfIfAny, objectInfo } from "../../../kernel/index.ts";
import { type LinkCreation, type LinkResources, rawCreateLink } from "../../../link/index.ts";
import { BpfAttr } from "../../../sys/index.ts";
import {
  BPF_F_ID,
  BPF_F_LINK,
  BPF_LSM_MAC,
  BPF_MODIFY_RETURN,
  BPF_NETFILTER,
  BPF_PROG_TYPE_EXT,
  BPF_RAW_TRACEPOINT_OPEN,
  BPF_TRACE_FENTRY,
  BPF_TRACE_FEXIT,
  BPF_TRACE_ITER,
  BPF_TRACE_RAW_TP,
} from "../../../uapi/bpf.ts";
import { EBADF, EINVAL, ENOENT } from "../../../uapi/errno.ts";
import type { AbiV2Context } from "../context.ts";
import { NO_FD } from "../fd-resolver.ts";
import { findKernel, kernelDescriptor } from "../kernel-descriptor.ts";
import { errorText } from "../lines/error-text.ts";
import type { LinkArguments } from "./arguments.ts";
import { type AttachTarget, accepted, refuse } from "./target.ts";

/** Attach types that old kernels know for `BPF_RAW_TRACEPOINT_OPEN` only. */
const RAW_TYPES: readonly number[] = [
  BPF_TRACE_RAW_TP,
  BPF_LSM_MAC,
  BPF_TRACE_FENTRY,
  BPF_TRACE_FEXIT,
  BPF_MODIFY_RETURN,
];
const PROGRAM_INFO_BYTES = 232;

/**
 * `BPF_RAW_TRACEPOINT_OPEN`: name 0, program 8, cookie 16.
 *
 * @returns the link's descriptor or -errno
 */
export function openRawTracepoint(context: AbiV2Context, programFd: number, args: LinkArguments): number {
  const attr = new BpfAttr(args.cookie === 0n ? 16 : 24).u32(8, programFd);
  attr.pointer(0, args.name1 === undefined ? undefined : encodeCString(args.name1));
  if (args.cookie !== 0n) attr.u64(16, args.cookie);
  return context.sys.bpf(BPF_RAW_TRACEPOINT_OPEN, attr);
}

export function attachRawTracepoint(target: AttachTarget, args: LinkArguments): LinkResources {
  const { context, name, programFd } = target;
  const linkFd = openRawTracepoint(context, programFd, args);
  const line = `prog '${name}': failed to attach to raw tracepoint '${args.name1 ?? NO_NAME}'`;
  return { linkFd: accepted(context, linkFd, line) };
}

/**
 * `BPF_LINK_CREATE` as libbpf does it: the older call where the kernel knows no other for this attach type.
 *
 * @param plain whether the call has nothing that only links have
 * @returns the link's descriptor or -errno
 */
export function createLink(
  context: AbiV2Context,
  programFd: number,
  creation: LinkCreation,
  plain: boolean,
): number {
  const linkFd = rawCreateLink(programFd, creation);
  if (linkFd !== -EINVAL || !plain || !RAW_TYPES.includes(creation.attachType)) return linkFd;
  const attr = new BpfAttr(16).u32(8, programFd);
  return context.sys.bpf(BPF_RAW_TRACEPOINT_OPEN, attr);
}

/** Programs whose target was fixed when they were loaded. Cookie at 24. */
export function attachTracing(target: AttachTarget, args: LinkArguments): LinkResources {
  const { context, name, program, programFd } = target;
  const { cookie } = args;
  const hasCookie = cookie !== 0n;
  const creation: LinkCreation = {
    attachType: program.expectedAttachType,
    ...(hasCookie ? { sizeBytes: 32, fill: (attr) => attr.u64(24, cookie) } : {}),
  };
  const linkFd = createLink(context, programFd, creation, !hasCookie);
  return { linkFd: accepted(context, linkFd, `prog '${name}': failed to attach`) };
}

/** How C libraries print a missing name, which is what libbpf asks for then. */
export const NO_NAME = "(null)";

/** Attaches to a descriptor or interface. */
function attachTo(
  target: AttachTarget,
  what: string,
  hostTarget: number,
  more: Omit<LinkCreation, "attachType"> = {},
): LinkResources {
  const { context, name, program, programFd } = target;
  const linkFd = rawCreateLink(programFd, {
    ...more,
    target: hostTarget,
    attachType: program.expectedAttachType,
  });
  return { linkFd: accepted(context, linkFd, `prog '${name}': failed to attach to ${what}`) };
}

/** What stands for a target that is not open. @throws {Refusal} EINVAL after a line for one of another kind */
function noTarget({ context, name }: AttachTarget, { target }: LinkArguments, what: string): number {
  if (context.fds.get(target) === undefined) return NO_FD;
  return refuse(context, EINVAL, `prog '${name}': failed to attach to ${what}: ${errorText(EINVAL)}`);
}

export function attachCgroup(target: AttachTarget, args: LinkArguments): LinkResources {
  const order = orderFields(target, args);
  return attachTo(target, "cgroup", target.context.fds.get(args.target)?.directoryFd ?? NO_FD, order);
}

export function attachNetns(target: AttachTarget, args: LinkArguments): LinkResources {
  const fd = target.context.fds.get(args.target)?.fileFd ?? noTarget(target, args, "netns");
  return attachTo(target, "netns", fd, { flags: args.kernelFlags });
}

export function attachSockmap(target: AttachTarget, args: LinkArguments): LinkResources {
  const found = findKernel(target.context.fds, args.target, "map");
  const fd = found?.hostFd ?? noTarget(target, args, "sockmap");
  return attachTo(target, "sockmap", fd, { flags: args.kernelFlags });
}

export function attachXdp(target: AttachTarget, args: LinkArguments): LinkResources {
  return attachTo(target, "xdp", args.target, { flags: args.kernelFlags });
}

export function attachTcx(target: AttachTarget, args: LinkArguments): LinkResources {
  return attachOrdered(target, args, "tcx");
}

export function attachNetkit(target: AttachTarget, args: LinkArguments): LinkResources {
  return attachOrdered(target, args, "netkit");
}

function attachOrdered(target: AttachTarget, args: LinkArguments, what: string): LinkResources {
  const { context, name } = target;
  if (args.target === 0) {
    refuse(context, EINVAL, `prog '${name}': target netdevice ifindex cannot be zero`);
  }
  return attachTo(target, what, args.target, orderFields(target, args));
}

function orderFields(target: AttachTarget, args: LinkArguments): Omit<LinkCreation, "attachType"> {
  if (args.relativeFd !== 0 && args.relativeId !== 0) {
    const line = `prog '${target.name}': relative_fd and relative_id cannot be set at the same time`;
    refuse(target.context, EINVAL, line);
  }
  return order(target.context, args);
}

/** Place in a list of programs: descriptor or id of another 16, revision 24. */
export function order(context: AbiV2Context, args: LinkArguments): Omit<LinkCreation, "attachType"> {
  const { relativeFd, relativeId, expectedRevision, kernelFlags } = args;
  const kind = (kernelFlags & BPF_F_LINK) !== 0 ? "link" : "program";
  // NB: the kernel looks at the program first, and refuses what is no descriptor later.
  const relative =
    relativeId !== 0
      ? relativeId
      : relativeFd === 0
        ? 0
        : (findKernel(context.fds, relativeFd, kind)?.hostFd ?? NO_FD);
  if (relative === 0 && expectedRevision === 0n) return { flags: kernelFlags };
  return {
    flags: relativeId === 0 ? kernelFlags : kernelFlags | BPF_F_ID,
    sizeBytes: 32,
    fill: (attr) => void attr.i32(16, relative).u64(24, expectedRevision),
  };
}

/** Type id of the function at 16. */
export function attachFreplace(target: AttachTarget, args: LinkArguments): LinkResources {
  const { context, name, program } = target;
  const { name1 } = args;
  if ((args.target !== 0) !== (name1 !== undefined)) {
    refuse(context, EINVAL, `prog '${name}': supply none or both of target_fd and attach_func_name`);
  }
  if (program.type !== BPF_PROG_TYPE_EXT) {
    refuse(context, EINVAL, `prog '${name}': only BPF_PROG_TYPE_EXT can attach as freplace`);
  }
  if (name1 === undefined) return attachTracing(target, args);
  const { hostFd } = kernelDescriptor(context.fds, args.target, "program");
  const id = functionId(context, hostFd, name1);
  return attachTo(target, "freplace", hostFd, { sizeBytes: 32, fill: (attr) => attr.u32(16, id) });
}

/** BTF id of a function of a loaded program. */
function functionId(context: AbiV2Context, programFd: number, name: string): number {
  const info = new BpfAttr(PROGRAM_INFO_BYTES);
  accepted(context, objectInfo(programFd, info), `failed bpf_prog_get_info_by_fd for FD ${programFd}`);
  const btfId = info.u32At(128);
  if (btfId === 0) refuse(context, EINVAL, "The target program doesn't have BTF");
  const line = `Failed to get BTF ${btfId} of the program`;
  const fd = accepted(context, btfFdById(btfId), line);
  try {
    const bytes = btfBytes(fd);
    if (typeof bytes === "number") return accepted(context, bytes, line);
    const id = Btf.parse(bytes).find(name, "func");
    if (id !== undefined) return id;
  } finally {
    context.sys.close(fd);
  }
  return refuse(context, ENOENT, `${name} is not found in prog's BTF`);
}

/** Information 16, its size 24. */
export function attachIterator(target: AttachTarget, args: LinkArguments): LinkResources {
  const { context, name, programFd } = target;
  const linkFd = rawCreateLink(programFd, iteratorFields(context, programFd, args.iterator));
  return { linkFd: accepted(context, linkFd, `prog '${name}': failed to attach to iterator`) };
}

export function iteratorFields(
  context: AbiV2Context,
  programFd: number,
  info: Uint8Array | undefined,
): LinkCreation {
  if (info === undefined) return { attachType: BPF_TRACE_ITER };
  const translated = hostIteratorInfo(context, programFd, info);
  return {
    attachType: BPF_TRACE_ITER,
    sizeBytes: 32,
    fill: (attr) => void attr.pointer(16, translated).u32(24, translated.length),
  };
}

/** Puts the host's descriptors in place of the guest's: a map's at 0, a cgroup's at 4, a process's at 8. */
function hostIteratorInfo(context: AbiV2Context, programFd: number, info: Uint8Array): Uint8Array {
  const kind = iteratorKind(context, programFd);
  const view = new DataView(info.buffer, info.byteOffset, info.length);
  const replace = (offset: number, find: (fd: number) => number): void => {
    if (offset + 4 > info.length) return;
    const fd = view.getUint32(offset, true);
    if (fd !== 0) view.setUint32(offset, find(fd), true);
  };
  if (/^bpf_(map_elem|sk_storage_map)$/.test(kind)) {
    replace(0, (fd) => kernelDescriptor(context.fds, fd, "map").hostFd);
  } else if (kind === "cgroup") {
    replace(4, (fd) => directoryFd(context, fd));
  } else if (kind.startsWith("task")) {
    // No import gives a guest the descriptor of a process.
    replace(8, () => refuse(context, EBADF));
  }
  return info;
}

/** What an iterator program goes over: the rest of `bpf_iter_...`, which it is loaded for. */
function iteratorKind(context: AbiV2Context, programFd: number): string {
  const info = new BpfAttr(PROGRAM_INFO_BYTES);
  accepted(context, objectInfo(programFd, info));
  const id = info.u32At(224);
  const btf = kernelBtfIfAny();
  return btf !== undefined && id < btf.typeCount ? btf.name(id).replace(/^bpf_iter_/, "") : "";
}

/** Fields of the attribute: family 16, hook 20, priority 24, flags 28. */
export function attachNetfilter(target: AttachTarget, args: LinkArguments): LinkResources {
  const { context, name, programFd } = target;
  const linkFd = rawCreateLink(programFd, netfilterFields(args, args.kernelFlags));
  return { linkFd: accepted(context, linkFd, `prog '${name}': failed to attach to netfilter`) };
}

export function netfilterFields(args: LinkArguments, flags: number): LinkCreation {
  return {
    attachType: BPF_NETFILTER,
    sizeBytes: 32,
    fill: (attr) => {
      attr.u32(16, args.family).u32(20, args.hookNumber).i32(24, args.priority).u32(28, flags);
    },
  };
}

/** Directory that the guest has open. @throws {Refusal} EBADF */
export function directoryFd(context: AbiV2Context, fd: number): number {
  return context.fds.get(fd)?.directoryFd ?? refuse(context, EBADF);
}

/** File that the guest has open. @throws {Refusal} EBADF */
export function fileFd(context: AbiV2Context, fd: number): number {
  return context.fds.get(fd)?.fileFd ?? refuse(context, EBADF);
}

/** @returns host descriptor of a program, or of a map, that the guest has open. @throws {Refusal} EBADF */
export function programOrMap(context: AbiV2Context, fd: number): number {
  const found = findKernel(context.fds, fd, "program") ?? findKernel(context.fds, fd, "map");
  return found?.hostFd ?? refuse(context, EBADF);
}
