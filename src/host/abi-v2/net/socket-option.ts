import { EINVAL, ENOPROTOOPT } from "../../../uapi/errno.ts";
import { SO_ATTACH_BPF, SO_ATTACH_REUSEPORT_EBPF, SOL_SOCKET } from "../../../uapi/linux.ts";
import { guestRange } from "../blocks.ts";
import type { AbiV2Context } from "../context.ts";
import { kernelDescriptor } from "../kernel-descriptor.ts";
import { Refusal } from "../refusal.ts";

const IPPROTO_IP = 0;
const IPPROTO_ICMP = 1;
const IPPROTO_TCP = 6;
const IPPROTO_UDP = 17;
const IPPROTO_IPV6 = 41;
const IPPROTO_ICMPV6 = 58;
const SOL_RAW = 255;
const SOL_PACKET = 263;
const SOL_NETLINK = 270;

const SO_RCVTIMEO = 20;
const SO_SNDTIMEO = 21;
const SO_ATTACH_FILTER = 26;
const SO_ATTACH_REUSEPORT_CBPF = 51;
/** Gives out a descriptor of the process. */
const SO_PEERPIDFD = 77;
/** The kernel writes where addresses in the value say. */
const TCP_ZEROCOPY_RECEIVE = 35;
/** The value is a program: a descriptor, or instructions behind an address. */
const PACKET_FANOUT_DATA = 22;
/** Lists of addresses and keys whose length is in the value. */
const IP_MSFILTER = 41;
const MCAST_MSFILTER = 48;
const FIRST_OF_TCP_AO = 38;
/** From here on, options of netfilter, whose tables have addresses in them. */
const FIRST_OF_NETFILTER = 64;

const FILTER_INSTRUCTION_BYTES = 8;
const MOST_FILTER_INSTRUCTIONS = 4096;
const US_PER_MS = 1000;

/** Whether an option holds nothing but values: neither addresses nor descriptors that are not known here. */
function isPlainOption(level: number, name: number): boolean {
  switch (level) {
    case SOL_SOCKET:
      return name !== SO_PEERPIDFD;
    case IPPROTO_TCP:
      return name !== TCP_ZEROCOPY_RECEIVE;
    case SOL_PACKET:
      return name !== PACKET_FANOUT_DATA;
    case IPPROTO_IP:
    case IPPROTO_IPV6:
      return name < FIRST_OF_NETFILTER;
    case IPPROTO_ICMP:
    case IPPROTO_UDP:
    case IPPROTO_ICMPV6:
    case SOL_RAW:
    case SOL_NETLINK:
      return true;
    default:
      return false;
  }
}

/** Milliseconds of SO_RCVTIMEO (`receive`) or SO_SNDTIMEO; `undefined` for other options. -1 is no limit. */
export function socketTimeout(
  level: number,
  name: number,
  value: Uint8Array,
): { readonly receive: boolean; readonly ms: number } | undefined {
  if (level !== SOL_SOCKET || (name !== SO_RCVTIMEO && name !== SO_SNDTIMEO) || value.length < 16)
    return undefined;
  const view = new DataView(value.buffer, value.byteOffset);
  const ms = Number(view.getBigInt64(0, true)) * 1000 + Number(view.getBigInt64(8, true)) / US_PER_MS;
  return { receive: name === SO_RCVTIMEO, ms: ms <= 0 ? -1 : ms };
}

/** Whether reading an option writes no more than the size that is given, which some take for something else. */
export function isReadableOption(level: number, name: number): boolean {
  if (!isPlainOption(level, name)) return false;
  switch (level) {
    case SOL_SOCKET:
      return name !== SO_ATTACH_FILTER;
    case IPPROTO_TCP:
      return name < FIRST_OF_TCP_AO;
    case IPPROTO_IP:
    case IPPROTO_IPV6:
      return name !== IP_MSFILTER && name !== MCAST_MSFILTER;
    default:
      return true;
  }
}

/**
 * The value of an option as the kernel takes it.
 *
 * @returns the value, and what it points to, which has to live until the kernel has seen it
 * @throws {Refusal} ENOPROTOOPT for options that cannot be passed on, EFAULT, EBADF
 */
export function hostOption(
  context: AbiV2Context,
  level: number,
  name: number,
  at: number,
  size: number,
): { readonly value: Uint8Array; readonly target: Uint8Array | undefined } {
  if (!isPlainOption(level, name)) throw new Refusal(ENOPROTOOPT);
  const value = size === 0 ? new Uint8Array(0) : guestRange(context.memory, at, size).slice();
  if (level !== SOL_SOCKET) return { value, target: undefined };
  const view = new DataView(value.buffer);
  if (name === SO_ATTACH_BPF || name === SO_ATTACH_REUSEPORT_EBPF) {
    if (size !== 4) throw new Refusal(EINVAL);
    view.setInt32(0, kernelDescriptor(context.fds, view.getInt32(0, true), "program").hostFd, true);
  }
  if (name === SO_ATTACH_FILTER || name === SO_ATTACH_REUSEPORT_CBPF) return hostFilter(context, view);
  return { value, target: undefined };
}

/** `struct sock_fprog`: length u16@0, address of 4 bytes at 4 or of 8 bytes at 8. */
function hostFilter(
  { memory, sys }: AbiV2Context,
  given: DataView,
): { value: Uint8Array; target: Uint8Array } {
  if (given.byteLength !== 8 && given.byteLength !== 16) throw new Refusal(EINVAL);
  const count = given.getUint16(0, true);
  if (count === 0 || count > MOST_FILTER_INSTRUCTIONS) throw new Refusal(EINVAL);
  const at = given.byteLength === 8 ? given.getUint32(4, true) : Number(given.getBigUint64(8, true));
  if (at > 0xffffffff) throw new Refusal(EINVAL);
  const target = guestRange(memory, at, count * FILTER_INSTRUCTION_BYTES).slice();
  const value = new Uint8Array(16);
  const view = new DataView(value.buffer);
  view.setUint16(0, count, true);
  view.setBigUint64(8, sys.addressOf(target), true);
  return { value, target };
}
