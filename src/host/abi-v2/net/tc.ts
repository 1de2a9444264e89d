import { decodeCString } from "../../../internal/index.ts";
import { machineIsLittleEndian, objectInfo } from "../../../kernel/index.ts";
import {
  type NetlinkAttribute,
  type NetlinkMessage,
  NLM_F_CREATE,
  NLM_F_ECHO,
  NLM_F_EXCL,
  NLM_F_REPLACE,
  netlinkAttributes,
  netlinkRequest,
} from "../../../link/index.ts";
import { BpfAttr } from "../../../sys/index.ts";
import { EINVAL, ENOENT, EOPNOTSUPP } from "../../../uapi/errno.ts";
import { TC_H_CLSACT, TC_H_MIN_EGRESS, TC_H_MIN_INGRESS } from "../../../uapi/linux.ts";
import { Block } from "../blocks.ts";
import type { AbiV2Context } from "../context.ts";
import { kernelDescriptor } from "../kernel-descriptor.ts";
import { Refusal } from "../refusal.ts";

const BLOCK_BYTES = 48;
const CREATE = 1;
const DESTROY = 2;
const ATTACH = 3;
const DETACH = 4;
const QUERY = 5;

/** `enum bpf_tc_attach_point` */
const INGRESS = 1;
const EGRESS = 2;
const CUSTOM = 4;
const QDISC = 8;
const REPLACE = 1;

const RTM_NEWQDISC = 36;
const RTM_DELQDISC = 37;
const RTM_NEWTFILTER = 44;
const RTM_DELTFILTER = 45;
const RTM_GETTFILTER = 46;
const TCMSG_BYTES = 20;
const TCA_KIND = 1;
const TCA_OPTIONS = 2;
const TCA_BPF_FD = 6;
const TCA_BPF_NAME = 7;
const TCA_BPF_FLAGS = 8;
const TCA_BPF_ID = 11;
const TCA_BPF_FLAG_ACT_DIRECT = 1;
const TC_H_ROOT = 0xffffffff;
const MAJOR = 0xffff0000;
/** ETH_P_ALL in network byte order. */
const ALL_PROTOCOLS = 0x0300;
const MOST_PRIORITY = 0xffff;
const PROGRAM_INFO_BYTES = 232;

const ACTION = "Cannot change the traffic control";

/** `tc`: queueing disciplines and filters. @throws {Refusal} or NetlinkError */
export function tc(context: AbiV2Context, operation: number, request: number): number {
  const block = new Block(context.memory, request, BLOCK_BYTES);
  if (block.i32(4) <= 0 || block.u32(32) > MOST_PRIORITY) throw new Refusal(EINVAL);
  switch (operation) {
    case CREATE:
      changeDiscipline(block, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL);
      break;
    case DESTROY:
      destroy(block);
      break;
    case ATTACH:
      attach(context, block);
      break;
    case DETACH:
      detach(block);
      break;
    case QUERY:
      query(block);
      break;
    default:
      throw new Refusal(EINVAL);
  }
  return 0;
}

function changeDiscipline(block: Block, type: number, flags: number): void {
  const point = block.u32(8);
  const parent = block.u32(12);
  let body: Uint8Array;
  let kind: string | undefined;
  if (point === QDISC) {
    kind = block.text(36);
    body = place(block, { handle: block.u32(28), parent: parent === 0 ? TC_H_ROOT : parent, info: 0 });
  } else {
    if (point === CUSTOM) throw new Refusal(EOPNOTSUPP);
    if (point < INGRESS || point > (INGRESS | EGRESS) || parent !== 0) throw new Refusal(EINVAL);
    kind = "clsact";
    body = place(block, { handle: MAJOR, parent: TC_H_CLSACT, info: 0 });
  }
  if (kind === undefined) throw new Refusal(EINVAL);
  const call = type === RTM_NEWQDISC ? "netlink(RTM_NEWQDISC)" : "netlink(RTM_DELQDISC)";
  netlinkRequest(ACTION, call, { type, flags, body, attributes: [[TCA_KIND, kind]] });
}

/** Of one direction all filters go, of both the discipline. */
function destroy(block: Block): void {
  const point = block.u32(8);
  if (point === INGRESS || point === EGRESS) {
    netlinkRequest(ACTION, "netlink(RTM_DELTFILTER)", {
      type: RTM_DELTFILTER,
      flags: 0,
      body: place(block, { handle: 0, parent: filterParent(block), info: 0 }),
    });
  } else {
    changeDiscipline(block, RTM_DELQDISC, 0);
  }
}

function attach(context: AbiV2Context, block: Block): void {
  const flags = block.u32(20);
  if ((flags & ~REPLACE) !== 0 || block.i32(16) <= 0) throw new Refusal(EINVAL);
  const { hostFd } = kernelDescriptor(context.fds, block.i32(16), "program");
  const options: NetlinkAttribute[] = [
    [TCA_BPF_FD, hostFd],
    [TCA_BPF_NAME, filterName(hostFd)],
    [TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT],
  ];
  const answers = netlinkRequest(ACTION, "netlink(RTM_NEWTFILTER)", {
    type: RTM_NEWTFILTER,
    flags: NLM_F_CREATE | NLM_F_ECHO | ((flags & REPLACE) !== 0 ? NLM_F_REPLACE : NLM_F_EXCL),
    body: filterPlace(block),
    attributes: [
      [TCA_KIND, "bpf"],
      [TCA_OPTIONS, options],
    ],
  });
  writeFilter(block, answers);
}

/** `name:[id]`, which tc(8) shows. */
function filterName(programFd: number): string {
  const info = new BpfAttr(PROGRAM_INFO_BYTES);
  const result = objectInfo(programFd, info);
  if (result < 0) throw new Refusal(-result);
  return `${decodeCString(info.bytes.subarray(64, 80))}:[${info.u32At(4)}]`;
}

function detach(block: Block): void {
  requireFilter(block);
  netlinkRequest(ACTION, "netlink(RTM_DELTFILTER)", {
    type: RTM_DELTFILTER,
    flags: 0,
    body: filterPlace(block),
    attributes: [[TCA_KIND, "bpf"]],
  });
}

function query(block: Block): void {
  requireFilter(block);
  const answers = netlinkRequest(ACTION, "netlink(RTM_GETTFILTER)", {
    type: RTM_GETTFILTER,
    flags: 0,
    body: filterPlace(block),
    attributes: [[TCA_KIND, "bpf"]],
  });
  writeFilter(block, answers);
}

/** A filter is named by handle and priority. */
function requireFilter(block: Block): void {
  if (block.u32(28) === 0 || block.u32(32) === 0) throw new Refusal(EINVAL);
}

function writeFilter(block: Block, answers: readonly NetlinkMessage[]): void {
  const littleEndian = machineIsLittleEndian();
  for (const { body } of answers) {
    if (body.byteLength < TCMSG_BYTES) continue;
    const options = netlinkAttributes(body, TCMSG_BYTES).get(TCA_OPTIONS);
    const id = options === undefined ? undefined : netlinkAttributes(options).get(TCA_BPF_ID);
    if (id === undefined) continue;
    block.setU32(24, id.getUint32(0, littleEndian));
    block.setU32(28, body.getUint32(8, littleEndian));
    block.setU32(32, body.getUint32(16, littleEndian) >>> 16);
    return;
  }
  throw new Refusal(ENOENT);
}

function filterPlace(block: Block): Uint8Array {
  const info = ((block.u32(32) << 16) | ALL_PROTOCOLS) >>> 0;
  return place(block, { handle: block.u32(28), parent: filterParent(block), info });
}

function filterParent(block: Block): number {
  const point = block.u32(8);
  const parent = block.u32(12);
  if (point === CUSTOM && parent !== 0) return parent;
  if ((point !== INGRESS && point !== EGRESS) || parent !== 0) throw new Refusal(EINVAL);
  return (MAJOR | (point === INGRESS ? TC_H_MIN_INGRESS : TC_H_MIN_EGRESS)) >>> 0;
}

/** `struct tcmsg`: interface 4, handle 8, parent 12, priority and protocol 16. */
function place(
  block: Block,
  { handle, parent, info }: { handle: number; parent: number; info: number },
): Uint8Array {
  const view = new DataView(new ArrayBuffer(TCMSG_BYTES));
  const littleEndian = machineIsLittleEndian();
  view.setInt32(4, block.i32(4), littleEndian);
  view.setUint32(8, handle, littleEndian);
  view.setUint32(12, parent, littleEndian);
  view.setUint32(16, info, littleEndian);
  return new Uint8Array(view.buffer);
}
