import { machineIsLittleEndian } from "../../../kernel/index.ts";
import {
  type NetlinkAttribute,
  NetlinkError,
  NLM_F_DUMP,
  netlinkAttributes,
  netlinkRequest,
} from "../../../link/index.ts";
import { EINVAL, ENOENT } from "../../../uapi/errno.ts";
import { AF_PACKET, XDP_FLAGS_REPLACE } from "../../../uapi/linux.ts";
import { Block } from "../blocks.ts";
import type { AbiV2Context } from "../context.ts";
import { kernelDescriptor } from "../kernel-descriptor.ts";
import { Refusal } from "../refusal.ts";

const BLOCK_BYTES = 48;
const ATTACH = 1;
const DETACH = 2;
const QUERY = 3;

const RTM_GETLINK = 18;
const RTM_SETLINK = 19;
const IFINFO_BYTES = 16;
const IFLA_XDP = 43;
const IFLA_XDP_FD = 1;
const IFLA_XDP_ATTACHED = 2;
const IFLA_XDP_FLAGS = 3;
const IFLA_XDP_PROG_ID = 4;
const IFLA_XDP_DRV_PROG_ID = 5;
const IFLA_XDP_SKB_PROG_ID = 6;
const IFLA_XDP_HW_PROG_ID = 7;
const IFLA_XDP_EXPECTED_FD = 8;

const NETLINK_GENERIC = 16;
const GENL_ID_CTRL = 16;
const GENL_HEADER_BYTES = 4;
const CTRL_CMD_GETFAMILY = 3;
const CTRL_ATTR_FAMILY_ID = 1;
const CTRL_ATTR_FAMILY_NAME = 2;
const NETDEV_CMD_DEV_GET = 1;
const NETDEV_A_DEV_IFINDEX = 1;
const NETDEV_A_DEV_XDP_FEATURES = 3;

/** `xdp`: programs of interfaces without a link. @throws {Refusal} or NetlinkError */
export function xdp(context: AbiV2Context, operation: number, request: number): number {
  const block = new Block(context.memory, request, BLOCK_BYTES);
  switch (operation) {
    case ATTACH:
      setProgram(context, block, block.i32(8));
      break;
    case DETACH:
      setProgram(context, block, -1);
      break;
    case QUERY:
      query(block);
      break;
    default:
      throw new Refusal(EINVAL);
  }
  return 0;
}

function setProgram(context: AbiV2Context, block: Block, guestFd: number): void {
  const hostFd = (fd: number): number => (fd < 0 ? -1 : kernelDescriptor(context.fds, fd, "program").hostFd);
  const flags = block.u32(12);
  const attributes: NetlinkAttribute[] = [[IFLA_XDP_FD, hostFd(guestFd)]];
  if (flags !== 0) attributes.push([IFLA_XDP_FLAGS, flags]);
  if ((flags & XDP_FLAGS_REPLACE) !== 0) {
    attributes.push([IFLA_XDP_EXPECTED_FD, hostFd(block.i32(16))]);
  }
  netlinkRequest("Cannot set the XDP program", "netlink(RTM_SETLINK)", {
    type: RTM_SETLINK,
    flags: 0,
    body: interfaceInfo(0, block.i32(4)),
    attributes: [[IFLA_XDP, attributes]],
  });
}

/** `struct ifinfomsg`: family 0, interface 4. */
function interfaceInfo(family: number, index: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(IFINFO_BYTES));
  view.setUint8(0, family);
  view.setInt32(4, index, machineIsLittleEndian());
  return new Uint8Array(view.buffer);
}

function query(block: Block): void {
  const index = block.i32(4);
  const answers = netlinkRequest("Cannot find the XDP program", "netlink(RTM_GETLINK)", {
    type: RTM_GETLINK,
    flags: NLM_F_DUMP,
    body: interfaceInfo(AF_PACKET, 0),
  });
  const littleEndian = machineIsLittleEndian();
  const own = answers.find(
    ({ body }) => body.byteLength >= IFINFO_BYTES && body.getInt32(4, littleEndian) === index,
  );
  const nested = own === undefined ? undefined : netlinkAttributes(own.body, IFINFO_BYTES).get(IFLA_XDP);
  const found = nested === undefined ? new Map<number, DataView>() : netlinkAttributes(nested);
  const mode = found.get(IFLA_XDP_ATTACHED)?.getUint8(0) ?? 0;
  const id = (type: number): number => (mode === 0 ? 0 : (found.get(type)?.getUint32(0, littleEndian) ?? 0));
  block.setU32(20, id(IFLA_XDP_PROG_ID));
  block.setU32(24, id(IFLA_XDP_DRV_PROG_ID));
  block.setU32(28, id(IFLA_XDP_HW_PROG_ID));
  block.setU32(32, id(IFLA_XDP_SKB_PROG_ID));
  block.setU32(36, mode);
  block.setU64(40, features(index));
}

/** What the interface's driver can do with XDP; 0 on kernels that do not say (before 6.3). */
function features(index: number): bigint {
  const family = genericRequest(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1, [CTRL_ATTR_FAMILY_NAME, "netdev"]);
  const id = family?.get(CTRL_ATTR_FAMILY_ID)?.getUint16(0, machineIsLittleEndian());
  if (id === undefined) return 0n;
  const device = genericRequest(id, NETDEV_CMD_DEV_GET, 2, [NETDEV_A_DEV_IFINDEX, index]);
  return device?.get(NETDEV_A_DEV_XDP_FEATURES)?.getBigUint64(0, machineIsLittleEndian()) ?? 0n;
}

/** @returns attributes of the answer, `undefined` when there is nothing of that name */
function genericRequest(
  type: number,
  command: number,
  version: number,
  attribute: NetlinkAttribute,
): Map<number, DataView> | undefined {
  try {
    const [answer] = netlinkRequest("Cannot ask for the XDP features", "netlink(generic)", {
      protocol: NETLINK_GENERIC,
      type,
      flags: 0,
      body: Uint8Array.of(command, version, 0, 0),
      attributes: [attribute],
    });
    return answer === undefined ? undefined : netlinkAttributes(answer.body, GENL_HEADER_BYTES);
  } catch (error) {
    if (error instanceof NetlinkError && error.errno === ENOENT) return undefined;
    throw error;
  }
}
