import { haveLinkType, missingFeature } from "../kernel/index.ts";
import { BpfAttr, checkedCall, getSys } from "../sys/index.ts";
import {
  BPF_LINK_CREATE,
  BPF_LINK_TYPE_CGROUP,
  BPF_LINK_TYPE_ITER,
  BPF_LINK_TYPE_KPROBE_MULTI,
  BPF_LINK_TYPE_NETFILTER,
  BPF_LINK_TYPE_NETKIT,
  BPF_LINK_TYPE_NETNS,
  BPF_LINK_TYPE_SOCKMAP,
  BPF_LINK_TYPE_TCX,
  BPF_LINK_TYPE_UPROBE_MULTI,
  BPF_LINK_TYPE_XDP,
} from "../uapi/bpf.ts";
import { EINVAL, EOPNOTSUPP } from "../uapi/errno.ts";
import { AttachedLink, type Link } from "./link.ts";
import { type AttachRequest, attachAction, attachError } from "./request.ts";

/** Fields of `BPF_LINK_CREATE` that differ from hook to hook. */
export interface LinkCreation {
  /** Fd or interface index. */
  readonly target?: number;
  readonly attachType: number;
  readonly flags?: number;
  /** Size of the attribute when more than the common fields is used. */
  readonly sizeBytes?: number;
  /** Sets the hook's own fields, from offset 16. */
  readonly fill?: (attr: BpfAttr) => void;
}

/**
 * Offsets: program fd 0, target fd or interface index 4, attach type 8, flags 12, the hook's own fields from 16.
 *
 * @returns the link's fd or -errno
 */
export function rawCreateLink(programFd: number, creation: LinkCreation): number {
  const attr = new BpfAttr(creation.sizeBytes ?? 16)
    .u32(0, programFd)
    .u32(4, creation.target ?? 0)
    .u32(8, creation.attachType)
    .u32(12, creation.flags ?? 0);
  creation.fill?.(attr);
  return getSys().bpf(BPF_LINK_CREATE, attr);
}

/**
 * Attaches by `BPF_LINK_CREATE`.
 *
 * @param legacy attaches without a link; used when the kernel has no such link, and in the mode "legacy"
 * @throws {WasmBpfError} code `NOT_SUPPORTED` when the kernel lacks this kind of link or attachment.
 * @throws {SystemCallError} when the kernel refuses for another reason.
 */
export function createLink(
  request: AttachRequest,
  kind: string,
  creation: LinkCreation,
  legacy?: () => Link,
): Link {
  if (legacy !== undefined && request.options.mode === "legacy") return legacy();
  const fd = rawCreateLink(request.program.fd, creation);
  if (fd === -EINVAL || fd === -EOPNOTSUPP) {
    const type = LINK_TYPES[kind];
    const known = type === undefined || haveLinkType(type);
    if (!known && legacy !== undefined) return legacy();
    const attachType = creation.attachType || request.program.expectedAttachType;
    const missing =
      (type === undefined ? undefined : missingFeature("link type", type, known)) ??
      missingFeature("attach type", attachType);
    if (missing !== undefined) throw attachError(request, "NOT_SUPPORTED", missing);
  }
  checkedCall(fd, "bpf(BPF_LINK_CREATE)", attachAction(request));
  return new AttachedLink(request.program, kind, { linkFd: fd });
}

/** Kernel link of each hook that is attached by one. */
const LINK_TYPES: Readonly<Record<string, number>> = {
  cgroup: BPF_LINK_TYPE_CGROUP,
  iter: BPF_LINK_TYPE_ITER,
  kprobe_multi: BPF_LINK_TYPE_KPROBE_MULTI,
  netfilter: BPF_LINK_TYPE_NETFILTER,
  netkit: BPF_LINK_TYPE_NETKIT,
  netns: BPF_LINK_TYPE_NETNS,
  sockmap: BPF_LINK_TYPE_SOCKMAP,
  tcx: BPF_LINK_TYPE_TCX,
  uprobe_multi: BPF_LINK_TYPE_UPROBE_MULTI,
  xdp: BPF_LINK_TYPE_XDP,
};
