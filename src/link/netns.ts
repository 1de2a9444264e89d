import { createLink } from "./create-link.ts";
import type { Link } from "./link.ts";
import type { AttachRequest } from "./request.ts";
import { withTargetFd } from "./target-fd.ts";

/**
 * Attaches a socket lookup or flow dissector program to a network namespace, given as the path of its file.
 * Requires Linux >= 5.8.
 */
export function attachNetns(request: AttachRequest): Link {
  return withTargetFd(request, "the file of a network namespace, such as /proc/self/ns/net", (fd) =>
    createLink(request, "netns", { target: fd, attachType: request.program.expectedAttachType }),
  );
}
