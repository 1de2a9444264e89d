import { havePerfLink } from "../kernel/index.ts";
import { checkedCall, getSys } from "../sys/index.ts";
import { BPF_PERF_EVENT } from "../uapi/bpf.ts";
import { EINVAL } from "../uapi/errno.ts";
import { PERF_EVENT_IOC_ENABLE, PERF_EVENT_IOC_SET_BPF } from "../uapi/perf.ts";
import { rawCreateLink } from "./create-link.ts";
import { AttachedLink, type Link } from "./link.ts";
import { type AttachRequest, attachAction, attachError } from "./request.ts";

/**
 * Attaches a program to a perf event and enables it: by a link, or by ioctl on Linux < 5.15. Takes over the event's
 * fd; when it fails, the fd is closed.
 *
 * @param undo removes what the event was made from, after it is closed
 */
export function attachToPerfEvent(
  request: AttachRequest,
  kind: string,
  eventFd: number,
  undo?: () => void,
): Link {
  const sys = getSys();
  let linkFd: number | undefined;
  try {
    linkFd = linkOrSetProgram(request, eventFd);
  } catch (error) {
    sys.close(eventFd);
    undo?.();
    throw error;
  }
  const link = new AttachedLink(request.program, kind, {
    ...(linkFd === undefined ? {} : { linkFd }),
    fds: [eventFd],
    ...(undo === undefined ? {} : { undo }),
  });
  const enabled = sys.ioctl(eventFd, PERF_EVENT_IOC_ENABLE, 0);
  if (enabled < 0) {
    link.close();
    checkedCall(enabled, "ioctl(PERF_EVENT_IOC_ENABLE)", attachAction(request));
  }
  return link;
}

/** @returns the link's fd, `undefined` when the kernel has no links for perf events. */
function linkOrSetProgram(request: AttachRequest, eventFd: number): number | undefined {
  const sys = getSys();
  const { program, options } = request;
  const { fd: programFd } = program;
  const cookie = options.cookie ?? 0n;
  const byIoctl = options.mode === "perf" || options.mode === "legacy";
  const linkFd = byIoctl ? -EINVAL : createPerfLink(programFd, eventFd, cookie);
  if (linkFd >= 0) return linkFd;
  // EINVAL also comes from kernels without such links; only then is it worth asking which it was.
  if (!byIoctl && (linkFd !== -EINVAL || options.mode === "link" || havePerfLink())) {
    checkedCall(linkFd, "bpf(BPF_LINK_CREATE)", attachAction(request));
  }
  if (cookie !== 0n) {
    throw attachError(
      request,
      "NOT_SUPPORTED",
      "attach cookies of probes and perf events need a link (Linux 5.15)",
    );
  }
  const result = sys.ioctl(eventFd, PERF_EVENT_IOC_SET_BPF, programFd);
  checkedCall(result, "ioctl(PERF_EVENT_IOC_SET_BPF)", attachAction(request));
  return undefined;
}

function createPerfLink(programFd: number, eventFd: number, cookie: bigint): number {
  return rawCreateLink(programFd, {
    target: eventFd,
    attachType: BPF_PERF_EVENT,
    ...(cookie === 0n ? {} : { sizeBytes: 24, fill: (attr) => attr.u64(16, cookie) }),
  });
}
