import type { BpfProgram } from "../ebpf/index.ts";
import { machineIsLittleEndian } from "../kernel/index.ts";
import { SystemCallError } from "../sys/index.ts";
import { BPF_PROG_TYPE_SCHED_ACT } from "../uapi/bpf.ts";
import { EEXIST } from "../uapi/errno.ts";
import { TC_H_CLSACT, TC_H_MIN_EGRESS, TC_H_MIN_INGRESS } from "../uapi/linux.ts";
import { interfaceIndex } from "./interface-index.ts";
import { AttachedLink, type Link } from "./link.ts";
import {
  type NetlinkMessage,
  NLM_F_CREATE,
  NLM_F_DUMP,
  NLM_F_ECHO,
  NLM_F_EXCL,
  NLM_F_REPLACE,
  netlinkRequest,
} from "./netlink.ts";
import { type AttachRequest, attachAction, attachError } from "./request.ts";

const RTM_NEWQDISC = 36;
const RTM_DELQDISC = 37;
const RTM_NEWTFILTER = 44;
const RTM_DELTFILTER = 45;
const RTM_GETTFILTER = 46;
const TCA_KIND = 1;
const TCA_OPTIONS = 2;
const TCA_BPF_FD = 6;
const TCA_BPF_NAME = 7;
const TCA_BPF_FLAGS = 8;
/** The program's return value decides what becomes of the packet. */
const TCA_BPF_FLAG_ACT_DIRECT = 1;
const MAJOR = 0xffff0000;
/** ETH_P_ALL in network byte order. */
const ALL_PROTOCOLS = 0x0300;
const PRIORITY_SHIFT = 16;

/** Where a filter stands: `struct tcmsg`, of which the family is always 0. */
interface Place {
  readonly interfaceIndex: number;
  readonly handle: number;
  readonly parent: number;
  readonly priority: number;
}

/** Offsets: family 0, interface 4, handle 8, parent 12, info (priority and protocol) 16. */
function encodePlace(place: Place): Uint8Array {
  const view = new DataView(new ArrayBuffer(20));
  const littleEndian = machineIsLittleEndian();
  view.setInt32(4, place.interfaceIndex, littleEndian);
  view.setUint32(8, place.handle, littleEndian);
  view.setUint32(12, place.parent, littleEndian);
  const info = (place.priority << PRIORITY_SHIFT) | ALL_PROTOCOLS;
  view.setUint32(16, place.handle === MAJOR ? 0 : info >>> 0, littleEndian);
  return new Uint8Array(view.buffer);
}

function decodePlace({ body }: NetlinkMessage): Place {
  const littleEndian = machineIsLittleEndian();
  return {
    interfaceIndex: body.getInt32(4, littleEndian),
    handle: body.getUint32(8, littleEndian),
    parent: body.getUint32(12, littleEndian),
    priority: body.getUint32(16, littleEndian) >>> PRIORITY_SHIFT,
  };
}

/**
 * Attaches a classifier to the ingress or egress of a network interface (`eth0`, `eth0:egress`), by a filter of its `clsact` queueing
 * discipline, which is made when it is not there. Closing the link removes the filter, and the discipline when it
 * was made here and no other filter is left. The kernel has no link object for this: what is attached outlives a
 * process that is killed.
 *
 * Requires Linux >= 4.5.
 */
export function attachTc(request: AttachRequest): Link {
  const { program, options } = request;
  if (program.type === BPF_PROG_TYPE_SCHED_ACT) {
    throw attachError(
      request,
      "NOT_SUPPORTED",
      'an action runs on behalf of a filter of another kind; use a section "tc" to decide about packets, or pin the program and name the pin to tc(8)',
    );
  }
  const [, name, given] = /^(.+):(ingress|egress)$/.exec(request.target ?? "") ?? [];
  const { direction = given ?? "ingress", handle = 0, priority = 0, replace = false } = options.tc ?? {};
  const index = interfaceIndex(name === undefined ? request : { ...request, target: name });
  const action = attachAction(request);
  const parent = (MAJOR | (direction === "ingress" ? TC_H_MIN_INGRESS : TC_H_MIN_EGRESS)) >>> 0;
  const made = makeDiscipline(action, index);
  let place: Place;
  try {
    const wanted = { interfaceIndex: index, handle, parent, priority };
    place = setFilter(action, program, wanted, replace ? NLM_F_REPLACE : NLM_F_EXCL);
  } catch (error) {
    if (made) removeDiscipline(action, index);
    throw error;
  }
  return new AttachedLink(program, "tc", {
    replace: (next) => void setFilter(action, next, place, NLM_F_REPLACE),
    undo: () => {
      ignoreGone(() =>
        netlinkRequest(action, "netlink(RTM_DELTFILTER)", {
          type: RTM_DELTFILTER,
          flags: 0,
          body: encodePlace(place),
          attributes: [[TCA_KIND, "bpf"]],
        }),
      );
      if (made && !hasFilters(action, index)) removeDiscipline(action, index);
    },
  });
}

/** @returns whether it was not there before */
function makeDiscipline(action: string, index: number): boolean {
  try {
    netlinkRequest(action, "netlink(RTM_NEWQDISC)", {
      type: RTM_NEWQDISC,
      flags: NLM_F_CREATE | NLM_F_EXCL,
      body: encodePlace({ interfaceIndex: index, handle: MAJOR, parent: TC_H_CLSACT, priority: 0 }),
      attributes: [[TCA_KIND, "clsact"]],
    });
    return true;
  } catch (error) {
    if (error instanceof SystemCallError && error.errno === EEXIST) return false;
    throw error;
  }
}

function removeDiscipline(action: string, index: number): void {
  ignoreGone(() =>
    netlinkRequest(action, "netlink(RTM_DELQDISC)", {
      type: RTM_DELQDISC,
      flags: 0,
      body: encodePlace({ interfaceIndex: index, handle: MAJOR, parent: TC_H_CLSACT, priority: 0 }),
    }),
  );
}

/** Makes or replaces a filter. @returns where it is, with the numbers that the kernel chose */
function setFilter(action: string, program: BpfProgram, place: Place, flags: number): Place {
  const answers = netlinkRequest(action, "netlink(RTM_NEWTFILTER)", {
    type: RTM_NEWTFILTER,
    flags: NLM_F_CREATE | NLM_F_ECHO | flags,
    body: encodePlace(place),
    attributes: [
      [TCA_KIND, "bpf"],
      [
        TCA_OPTIONS,
        [
          [TCA_BPF_FD, program.fd],
          [TCA_BPF_NAME, program.name],
          [TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT],
        ],
      ],
    ],
  });
  const echo = answers.find(({ type }) => type === RTM_NEWTFILTER);
  return echo === undefined ? place : decodePlace(echo);
}

function hasFilters(action: string, index: number): boolean {
  return [TC_H_MIN_INGRESS, TC_H_MIN_EGRESS].some((minor) => {
    const place = { interfaceIndex: index, handle: 0, parent: (MAJOR | minor) >>> 0, priority: 0 };
    let answers: NetlinkMessage[] = [];
    ignoreGone(() => {
      answers = netlinkRequest(action, "netlink(RTM_GETTFILTER)", {
        type: RTM_GETTFILTER,
        flags: NLM_F_DUMP,
        body: encodePlace(place),
      });
    });
    return answers.length > 0;
  });
}

/** On close: the interface may be gone, and the filter with it. */
function ignoreGone(remove: () => unknown): void {
  try {
    remove();
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error;
  }
}
