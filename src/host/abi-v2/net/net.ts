import { EACCES, EAFNOSUPPORT, EBADF, EINVAL, ENOPROTOOPT, ENOTSOCK, EPIPE } from "../../../uapi/errno.ts";
import {
  AF_INET,
  AF_INET6,
  AF_NETLINK,
  AF_PACKET,
  AF_UNIX,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
} from "../../../uapi/linux.ts";
import type { HostImports } from "../../host-import.ts";
import { guestRange, sizedOutput } from "../blocks.ts";
import type { AbiV2Context } from "../context.ts";
import { permissionMissing } from "../permission.ts";
import { guestCall, Refusal } from "../refusal.ts";
import { SocketDescriptor } from "./socket.ts";
import { hostOption, isReadableOption, socketTimeout } from "./socket-option.ts";

const FAMILIES: readonly number[] = [AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_UNIX];
const SOCK_TYPE_MASK = 15;
const LONGEST_ADDRESS_BYTES = 128;
/** MSG_OOB to MSG_MORE but for those of control messages: what is a matter of the data alone. */
const MESSAGE_FLAGS = 0x1 | 0x2 | 0x4 | 0x20 | 0x40 | 0x80 | 0x100 | 0x800 | 0x2000 | 0x4000 | 0x8000;
const MSG_NOSIGNAL = 0x4000;
const LONGEST_OPTION_BYTES = 65535;

/** Imports of this family, see `docs/abi-v2.md`. */
export function netImports(context: AbiV2Context): HostImports {
  const { memory, sys, fds } = context;

  function socketOf(fd: number): SocketDescriptor {
    const descriptor = fds.get(fd);
    if (!(descriptor instanceof SocketDescriptor)) {
      throw new Refusal(descriptor === undefined ? EBADF : ENOTSOCK);
    }
    return descriptor;
  }

  function requireNet(): void {
    if (context.permissions.net !== true) throw permissionMissing(context, "--allow-net", "open a socket");
  }

  function addressAt(at: number, size: number): Uint8Array {
    // Those of `fd_pair`, which need no permission, reach nobody else without an address.
    requireNet();
    if (size < 2 || size > LONGEST_ADDRESS_BYTES) throw new Refusal(EINVAL);
    const address = guestRange(memory, at, size).slice();
    const family = new DataView(address.buffer).getUint16(0, true);
    // A name in the file system, which --allow-net is not about.
    if (family === AF_UNIX && size > 2 && address[2] !== 0) throw new Refusal(EACCES);
    return address;
  }

  function socket(family: number, type: number, protocol: number): number {
    requireNet();
    if (!FAMILIES.includes(family)) return -EAFNOSUPPORT;
    if ((type & ~(SOCK_TYPE_MASK | SOCK_NONBLOCK | SOCK_CLOEXEC)) !== 0) return -EINVAL;
    const hostFd = sys.socket(family, type & SOCK_TYPE_MASK, protocol);
    if (hostFd < 0) return hostFd;
    const fd = fds.add(new SocketDescriptor(context, hostFd, (type & SOCK_NONBLOCK) !== 0));
    if (fd >= 0) fds.setClosedOnExec(fd, (type & SOCK_CLOEXEC) !== 0);
    return fd;
  }

  function name(fd: number, which: number, buf: number, size: number): number {
    if (which !== 0 && which !== 1) return -EINVAL;
    const address = new Uint8Array(LONGEST_ADDRESS_BYTES);
    const length = sys.socketName(socketOf(fd).hostFd, which, address);
    return length < 0 ? length : sizedOutput(memory, buf, size, address.subarray(0, length));
  }

  function setOption(fd: number, level: number, option: number, at: number, size: number): number {
    const target = socketOf(fd);
    if (size < 0 || size > LONGEST_OPTION_BYTES) return -EINVAL;
    const value = hostOption(context, level, option, at, size);
    const result = sys.setSocketOption(target.hostFd, level, option, value.value);
    // NB: the filter's instructions are only known by their address, and must be used after the call to stay alive.
    if (result < 0 || value.target?.length === 0) return result;
    const timeout = socketTimeout(level, option, value.value);
    if (timeout?.receive === true) target.receiveTimeoutMs = timeout.ms;
    if (timeout?.receive === false) target.sendTimeoutMs = timeout.ms;
    return result;
  }

  function getOption(fd: number, level: number, option: number, at: number, size: number): number {
    const target = socketOf(fd);
    if (size < 0 || size > LONGEST_OPTION_BYTES) return -EINVAL;
    if (!isReadableOption(level, option)) return -ENOPROTOOPT;
    return sys.getSocketOption(target.hostFd, level, option, guestRange(memory, at, size));
  }

  function send(
    fd: number,
    at: number,
    size: number,
    flags: number,
    address: number,
    length: number,
  ): number {
    const target = socketOf(fd);
    if ((flags & ~MESSAGE_FLAGS) !== 0) return -EINVAL;
    const to = address === 0 ? new Uint8Array(0) : addressAt(address, length);
    const message = size === 0 ? new Uint8Array(0) : guestRange(memory, at, size >>> 0);
    const count = target.sendTo(message, flags, to);
    if (count === -EPIPE && (flags & MSG_NOSIGNAL) === 0) context.interrupts.brokenPipe();
    return count;
  }

  function receive(
    fd: number,
    at: number,
    size: number,
    flags: number,
    address: number,
    length: number,
    lengthAt: number,
  ): number {
    const source = socketOf(fd);
    if ((flags & ~MESSAGE_FLAGS) !== 0 || length < 0) return -EINVAL;
    const into = size === 0 ? new Uint8Array(0) : guestRange(memory, at, size >>> 0);
    const room =
      address === 0 ? undefined : guestRange(memory, address, Math.min(length, LONGEST_ADDRESS_BYTES));
    const written = lengthAt === 0 ? undefined : guestRange(memory, lengthAt, 4);
    const from = new Uint8Array(4 + LONGEST_ADDRESS_BYTES);
    const count = source.receiveFrom(into, flags, from);
    if (count < 0) return count;
    const known = new DataView(from.buffer).getUint32(0, true);
    room?.set(from.subarray(4, 4 + Math.min(known, room.length)));
    written?.set(from.subarray(0, 4));
    return count;
  }

  return {
    net_send: guestCall(send),
    net_receive: guestCall(receive),
    net_socket: guestCall(socket),
    net_bind: guestCall((fd, at, size) => sys.bind(socketOf(fd).hostFd, addressAt(at, size))),
    net_connect: guestCall((fd, at, size) => socketOf(fd).connect(addressAt(at, size))),
    net_listen: guestCall((fd, backlog) => sys.listen(socketOf(fd).hostFd, backlog)),
    net_name: guestCall(name),
    net_option: guestCall(setOption),
    net_get_option: guestCall(getOption),
  };
}
