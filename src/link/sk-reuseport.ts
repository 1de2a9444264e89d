import { checkedCall, getSys } from "../sys/index.ts";
import { SO_ATTACH_REUSEPORT_EBPF, SOL_SOCKET } from "../uapi/linux.ts";
import { AttachedLink, type Link } from "./link.ts";
import { type AttachRequest, attachAction, attachError } from "./request.ts";
import { programFdBytes } from "./socket-filter.ts";

/** SO_DETACH_REUSEPORT_BPF: the same number on x86-64 and arm64. */
const SO_DETACH_REUSEPORT_BPF = 68;

/**
 * Attaches a program that chooses the socket to a group of sockets with SO_REUSEPORT, one of which is in `targetFd`.
 * Closing the link takes it off again, on Linux >= 5.3.
 *
 * Requires Linux >= 4.19.
 */
export function attachSkReuseport(request: AttachRequest): Link {
  const socket = request.options.targetFd;
  if (socket === undefined) {
    throw attachError(
      request,
      "INVALID_ARGUMENT",
      "it needs the fd of a socket with SO_REUSEPORT (targetFd), which is bound already",
    );
  }
  const sys = getSys();
  const attach = (fd: number): void => {
    const result = sys.setSocketOption(socket, SOL_SOCKET, SO_ATTACH_REUSEPORT_EBPF, programFdBytes(fd));
    checkedCall(result, "setsockopt(SO_ATTACH_REUSEPORT_EBPF)", attachAction(request));
  };
  attach(request.program.fd);
  return new AttachedLink(request.program, "sk_reuseport", {
    replace: (program) => attach(program.fd),
    undo: () => void sys.setSocketOption(socket, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, new Uint8Array(4)),
  });
}
