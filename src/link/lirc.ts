import { BPF_LIRC_MODE2 } from "../uapi/bpf.ts";
import type { Link } from "./link.ts";
import { attachProgramTo } from "./program-attach.ts";
import type { AttachRequest } from "./request.ts";
import { withTargetFd } from "./target-fd.ts";

/** Attaches an infrared decoder to a receiver, given as the path of its device. Requires Linux >= 4.18. */
export function attachLirc(request: AttachRequest): Link {
  return withTargetFd(request, "an infrared device, such as /dev/lirc0", (fd) =>
    attachProgramTo(request, "lirc", fd, BPF_LIRC_MODE2),
  );
}
