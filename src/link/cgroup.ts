import { statfsSync } from "node:fs";
import { SystemCallError } from "../sys/index.ts";
import { BPF_F_ALLOW_MULTI } from "../uapi/bpf.ts";
import { CGROUP2_SUPER_MAGIC } from "../uapi/linux.ts";
import { createLink } from "./create-link.ts";
import type { Link } from "./link.ts";
import { orderFields } from "./order.ts";
import { attachProgramTo } from "./program-attach.ts";
import { type AttachRequest, attachError } from "./request.ts";
import { withTargetFd } from "./target-fd.ts";

/** Attaches to a control group, given as the path of its directory: by a link, or by `BPF_PROG_ATTACH` on Linux < 5.7. */
export function attachCgroup(request: AttachRequest): Link {
  const { program, options, target } = request;
  const order = orderFields(options.order);
  return withTargetFd(request, "the directory of a control group, such as /sys/fs/cgroup/x", (fd) => {
    try {
      return createLink(
        request,
        "cgroup",
        {
          target: fd,
          attachType: program.expectedAttachType,
          flags: (options.flags ?? 0) | order.flags,
          ...(order.fill === undefined ? {} : { sizeBytes: 32, fill: order.fill }),
        },
        () => {
          const flags = options.flags ?? BPF_F_ALLOW_MULTI;
          return attachProgramTo(request, "cgroup", fd, program.expectedAttachType, flags);
        },
      );
    } catch (error) {
      if (error instanceof SystemCallError && target !== undefined && !isCgroup2(target)) {
        throw attachError(
          request,
          "INVALID_ARGUMENT",
          "it is no directory in a cgroup2 file system; see /proc/mounts for where that is mounted",
        );
      }
      throw error;
    }
  });
}

function isCgroup2(path: string): boolean {
  try {
    return statfsSync(path).type === CGROUP2_SUPER_MAGIC;
  } catch {
    return false;
  }
}
