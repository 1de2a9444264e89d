import { BPF_SK_SKB_STREAM_VERDICT } from "../uapi/bpf.ts";
import { createLink } from "./create-link.ts";
import type { Link } from "./link.ts";
import { attachProgramTo } from "./program-attach.ts";
import { type AttachRequest, attachError } from "./request.ts";
import { withTargetFd } from "./target-fd.ts";

/**
 * Attaches to the sockets in a sockmap or sockhash, given as fd in `targetFd` or as the path of its pin: by a link, or
 * by `BPF_PROG_ATTACH` on Linux < 6.10.
 */
export function attachSockmap(request: AttachRequest): Link {
  const { program, options, target } = request;
  if (options.targetFd === undefined && target === undefined) {
    throw attachError(request, "INVALID_ARGUMENT", "it needs the fd of a sockmap or sockhash (targetFd)");
  }
  // A plain `sk_skb` says neither verdict nor parser; most are verdicts.
  const attachType = program.expectedAttachType || BPF_SK_SKB_STREAM_VERDICT;
  return withTargetFd(request, "the fd of a sockmap or sockhash", (fd) =>
    createLink(request, "sockmap", { target: fd, attachType }, () =>
      attachProgramTo(request, "sockmap", fd, attachType),
    ),
  );
}
