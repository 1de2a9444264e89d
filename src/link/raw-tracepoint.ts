import { encodeCString } from "../internal/index.ts";
import { BpfAttr, checkedCall, getSys } from "../sys/index.ts";
import { BPF_RAW_TRACEPOINT_OPEN } from "../uapi/bpf.ts";
import { ENOENT } from "../uapi/errno.ts";
import { AttachedLink, type Link } from "./link.ts";
import { type AttachRequest, attachAction, attachError, requiredTarget } from "./request.ts";

/** Attaches to a raw tracepoint by its name, such as `sched_switch`. A `category:` in front is ignored. */
export function attachRawTracepoint(request: AttachRequest): Link {
  const target = requiredTarget(request, "the name of a tracepoint, such as sched_switch");
  const name = target.slice(target.search(/[^/:]*$/));
  const fd = openRawTracepoint(request, name);
  if (fd === -ENOENT) {
    throw attachError(request, "NOT_FOUND", `this kernel has no raw tracepoint ${name}`);
  }
  checkedCall(fd, "bpf(BPF_RAW_TRACEPOINT_OPEN)", attachAction(request));
  return new AttachedLink(request.program, "raw_tracepoint", { linkFd: fd });
}

/**
 * Attaches by `BPF_RAW_TRACEPOINT_OPEN`: name 0, program fd 8, cookie 16.
 *
 * @param name left out for programs whose target was fixed when they were loaded
 * @returns the link's fd or -errno
 */
export function openRawTracepoint({ program, options }: AttachRequest, name?: string): number {
  const cookie = options.cookie ?? 0n;
  const attr = new BpfAttr(cookie === 0n ? 16 : 24);
  attr.pointer(0, name === undefined ? undefined : encodeCString(name)).u32(8, program.fd);
  if (cookie !== 0n) attr.u64(16, cookie);
  return getSys().bpf(BPF_RAW_TRACEPOINT_OPEN, attr);
}
