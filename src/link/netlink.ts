import { alignUp, ByteWriter, decodeCString, encodeCString, WasmBpfError } from "../internal/index.ts";
import { machineIsLittleEndian } from "../kernel/index.ts";
import { checkedCall, getSys, SystemCallError } from "../sys/index.ts";
import { EINTR } from "../uapi/errno.ts";
import { AF_NETLINK, NETLINK_ROUTE, SOCK_RAW } from "../uapi/linux.ts";

const NLM_F_REQUEST = 1;
const NLM_F_ACK = 4;
/** Flags of requests that make something. */
export const NLM_F_ECHO = 8;
export const NLM_F_REPLACE = 0x100;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
/** Of requests that ask for a list. */
export const NLM_F_DUMP = 0x300;

const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
/** Flags of an answer: the request is not repeated in it; attributes that explain it follow. */
const NLM_F_CAPPED = 0x100;
const NLM_F_ACK_TLVS = 0x200;
const NLMSGERR_ATTR_MSG = 1;
const SOL_NETLINK = 270;
const NETLINK_EXT_ACK = 11;
const NLA_F_NESTED = 0x8000;
const HEADER_SIZE = 16;
const BUFFER_SIZE = 32768;

/** An attribute of a message: a number is 32 bits, text ends with a NUL, a list is nested. */
export type NetlinkAttribute = readonly [
  type: number,
  value: number | string | Uint8Array | readonly NetlinkAttribute[],
];

/** A message that the kernel sent. */
export interface NetlinkMessage {
  readonly type: number;
  /** What follows the header: the fixed part and then attributes. */
  readonly body: DataView;
}

/** One question to the kernel's network configuration. */
export interface NetlinkRequest {
  /** NETLINK_*; default is network configuration (rtnetlink). */
  readonly protocol?: number;
  /** RTM_* */
  readonly type: number;
  /** NLM_F_* besides request and acknowledgement. */
  readonly flags: number;
  /** The fixed part of the message. */
  readonly body: Uint8Array;
  readonly attributes?: readonly NetlinkAttribute[];
}

/** A request that the kernel refused, with its own words where it has some. */
export class NetlinkError extends SystemCallError {
  readonly explanation: string | undefined;

  constructor(errno: number, call: string, action: string, explanation: string | undefined) {
    super(errno, call, explanation === undefined ? action : `${action}: ${explanation}`);
    this.explanation = explanation;
  }
}

/**
 * Sends a request about network configuration (rtnetlink) and waits for the answer.
 *
 * @param call what the request is, for errors: `netlink(RTM_NEWQDISC)`
 * @returns the messages before the acknowledgement
 * @throws {SystemCallError} when the kernel refuses, with its explanation where it gives one.
 */
export function netlinkRequest(action: string, call: string, request: NetlinkRequest): NetlinkMessage[] {
  const sys = getSys();
  const fd = checkedCall(
    sys.socket(AF_NETLINK, SOCK_RAW, request.protocol ?? NETLINK_ROUTE),
    "socket(AF_NETLINK)",
    action,
  );
  try {
    // Explanations came with Linux 4.12; without them there is the errno.
    sys.setSocketOption(fd, SOL_NETLINK, NETLINK_EXT_ACK, new Uint8Array(new Uint32Array([1]).buffer));
    checkedCall(sys.write(fd, encodeRequest(request)), call, action);
    return readAnswer(fd, action, call);
  } finally {
    sys.close(fd);
  }
}

function encodeRequest({ type, flags, body, attributes = [] }: NetlinkRequest): Uint8Array {
  const isDump = (flags & NLM_F_DUMP) === NLM_F_DUMP;
  const writer = new ByteWriter(machineIsLittleEndian());
  writer.u32(0).u16(type);
  writer.u16(flags | NLM_F_REQUEST | (isDump ? 0 : NLM_F_ACK));
  writer.u32(1).u32(0).bytes(body);
  for (const attribute of attributes) writer.bytes(encodeAttribute(attribute));
  writer.patchU32(0, writer.length);
  return writer.finish();
}

function encodeAttribute([type, value]: NetlinkAttribute): Uint8Array {
  const payload = new ByteWriter(machineIsLittleEndian());
  if (typeof value === "number") payload.u32(value);
  else if (typeof value === "string") payload.bytes(encodeCString(value));
  else if (value instanceof Uint8Array) payload.bytes(value);
  else for (const nested of value) payload.bytes(encodeAttribute(nested));
  const writer = new ByteWriter(machineIsLittleEndian());
  const nested = typeof value === "object" && !(value instanceof Uint8Array);
  writer.u16(payload.length + 4).u16(nested ? type | NLA_F_NESTED : type);
  writer.bytes(payload.finish());
  return writer.zeros(alignUp(writer.length, 4) - writer.length).finish();
}

function readAnswer(fd: number, action: string, call: string): NetlinkMessage[] {
  const sys = getSys();
  const littleEndian = machineIsLittleEndian();
  const messages: NetlinkMessage[] = [];
  for (;;) {
    const buffer = new Uint8Array(BUFFER_SIZE);
    const length = sys.read(fd, buffer);
    if (length === -EINTR) continue;
    checkedCall(length, call, action);
    if (length === 0) throw damagedAnswer(action, call);
    const view = new DataView(buffer.buffer, 0, length);
    for (let at = 0; at + HEADER_SIZE <= length; ) {
      const size = view.getUint32(at, littleEndian);
      if (size < HEADER_SIZE || at + size > length) {
        throw damagedAnswer(action, call);
      }
      const type = view.getUint16(at + 4, littleEndian);
      const flags = view.getUint16(at + 6, littleEndian);
      const body = new DataView(buffer.buffer, at + HEADER_SIZE, size - HEADER_SIZE);
      if (type === NLMSG_DONE) return messages;
      if (type === NLMSG_ERROR) {
        const errno = -body.getInt32(0, littleEndian);
        if (errno === 0) return messages;
        throw new NetlinkError(errno, call, action, explanation(body, flags));
      }
      messages.push({ type, body });
      at += alignUp(size, 4);
    }
  }
}

/** Attributes in a message from byte `start` on, by type. The first of a type counts. */
export function netlinkAttributes(body: DataView, start = 0): Map<number, DataView> {
  const littleEndian = machineIsLittleEndian();
  const found = new Map<number, DataView>();
  for (let at = start; at + 4 <= body.byteLength; ) {
    const size = body.getUint16(at, littleEndian);
    if (size < 4 || at + size > body.byteLength) break;
    const type = body.getUint16(at + 2, littleEndian) & 0x3fff;
    if (!found.has(type)) found.set(type, new DataView(body.buffer, body.byteOffset + at + 4, size - 4));
    at += alignUp(size, 4);
  }
  return found;
}

function damagedAnswer(action: string, call: string): WasmBpfError {
  return new WasmBpfError("SYSCALL", `${action}: the kernel's answer to ${call} is damaged`);
}

/** The kernel's own words in an error message. */
function explanation(body: DataView, flags: number): string | undefined {
  if ((flags & NLM_F_ACK_TLVS) === 0) return undefined;
  const littleEndian = machineIsLittleEndian();
  // After the errno comes the header of the request, and the rest of it unless it was capped.
  const repeated = (flags & NLM_F_CAPPED) !== 0 ? HEADER_SIZE : body.getUint32(4, littleEndian);
  for (let at = 4 + alignUp(repeated, 4); at + 4 <= body.byteLength; ) {
    const size = body.getUint16(at, littleEndian);
    if (size < 4 || at + size > body.byteLength) return undefined;
    if ((body.getUint16(at + 2, littleEndian) & 0x3fff) === NLMSGERR_ATTR_MSG) {
      return decodeCString(new Uint8Array(body.buffer, body.byteOffset + at + 4, size - 4));
    }
    at += alignUp(size, 4);
  }
  return undefined;
}
