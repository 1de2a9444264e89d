import { machineIsLittleEndian } from "../kernel/index.ts";
import { checkedCall, getSys } from "../sys/index.ts";
import {
  AF_PACKET,
  SO_ATTACH_BPF,
  SO_DETACH_BPF,
  SOCK_NONBLOCK,
  SOCK_RAW,
  SOL_SOCKET,
} from "../uapi/linux.ts";
import { interfaceIndex } from "./interface-index.ts";
import { AttachedLink, type Link } from "./link.ts";
import { type AttachRequest, attachAction, attachError } from "./request.ts";

/** ETH_P_ALL in network byte order. */
const ALL_PROTOCOLS = 0x0300;

/**
 * Attaches a filter to a socket, whose fd is in `targetFd`; closing the link takes the filter off again, so the socket
 * has to be open until then. With a network interface as target it makes a packet socket that sees all frames of the
 * interface, and closes it with the link.
 */
export function attachSocketFilter(request: AttachRequest): Link {
  const { targetFd } = request.options;
  if (targetFd === undefined && request.target === undefined) {
    throw attachError(
      request,
      "INVALID_ARGUMENT",
      "a socket filter needs the fd of a socket (targetFd), or a network interface to see the frames of",
    );
  }
  const sys = getSys();
  const socket = targetFd ?? packetSocket(request);
  const attach = (fd: number): void => {
    const result = sys.setSocketOption(socket, SOL_SOCKET, SO_ATTACH_BPF, programFdBytes(fd));
    checkedCall(result, "setsockopt(SO_ATTACH_BPF)", attachAction(request));
  };
  try {
    attach(request.program.fd);
  } catch (error) {
    if (targetFd === undefined) sys.close(socket);
    throw error;
  }
  return new AttachedLink(request.program, "socket_filter", {
    replace: (program) => attach(program.fd),
    ...(targetFd === undefined
      ? { fds: [socket] }
      : { undo: () => void sys.setSocketOption(socket, SOL_SOCKET, SO_DETACH_BPF, new Uint8Array(4)) }),
  });
}

/** A program's fd as the value of a socket option. */
export function programFdBytes(fd: number): Uint8Array {
  return new Uint8Array(new Int32Array([fd]).buffer);
}

/** `struct sockaddr_ll`: family 0, protocol 2, interface 4. */
function packetSocket(request: AttachRequest): number {
  const sys = getSys();
  const index = interfaceIndex(request);
  const fd = checkedCall(
    // No protocol: nothing arrives before the socket is bound to its interface.
    sys.socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0),
    "socket(AF_PACKET)",
    attachAction(request),
  );
  const address = new DataView(new ArrayBuffer(20));
  address.setUint16(0, AF_PACKET, machineIsLittleEndian());
  address.setUint16(2, ALL_PROTOCOLS, machineIsLittleEndian());
  address.setInt32(4, index, machineIsLittleEndian());
  const bound = sys.bind(fd, new Uint8Array(address.buffer));
  if (bound < 0) {
    sys.close(fd);
    checkedCall(bound, "bind(AF_PACKET)", attachAction(request));
  }
  return fd;
}
