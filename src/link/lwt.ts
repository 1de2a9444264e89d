import type { BpfProgram } from "../ebpf/index.ts";
import { machineIsLittleEndian } from "../kernel/index.ts";
import { getSys, SystemCallError } from "../sys/index.ts";
import {
  BPF_PROG_TYPE_LWT_IN,
  BPF_PROG_TYPE_LWT_OUT,
  BPF_PROG_TYPE_LWT_SEG6LOCAL,
  BPF_PROG_TYPE_LWT_XMIT,
} from "../uapi/bpf.ts";
import { AF_INET, AF_INET6 } from "../uapi/linux.ts";
import { AttachedLink, type Link } from "./link.ts";
import { type NetlinkAttribute, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE, netlinkRequest } from "./netlink.ts";
import { type AttachRequest, attachAction, attachError, requiredTarget } from "./request.ts";

const RTM_NEWROUTE = 24;
const RTM_DELROUTE = 25;
const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_ENCAP_TYPE = 21;
const RTA_ENCAP = 22;
const LWTUNNEL_ENCAP_BPF = 6;
const LWTUNNEL_ENCAP_SEG6_LOCAL = 7;
const LWT_BPF_PROG_FD = 1;
const LWT_BPF_PROG_NAME = 2;
const SEG6_LOCAL_ACTION = 1;
const SEG6_LOCAL_ACTION_END_BPF = 15;
const SEG6_LOCAL_BPF = 8;
const SEG6_LOCAL_BPF_PROG = 1;
const SEG6_LOCAL_BPF_PROG_NAME = 2;
const MAIN_TABLE = 254;
const STATIC_ROUTE = 4;
const SCOPE_LINK = 253;
const UNICAST = 1;

/** Attribute of the encapsulation that each kind of program goes into. */
const PLACES: Readonly<Record<number, number>> = {
  [BPF_PROG_TYPE_LWT_IN]: 1,
  [BPF_PROG_TYPE_LWT_OUT]: 2,
  [BPF_PROG_TYPE_LWT_XMIT]: 3,
};

/** A route, as far as it matters here. */
interface Route {
  readonly family: number;
  readonly address: Uint8Array;
  readonly prefixLength: number;
  readonly interfaceIndex: number;
}

/**
 * Attaches to a new route, `10.1.0.0/16 dev eth0`, whose packets the program then sees; closing the link removes the
 * route. The kernel has no link object for this.
 *
 * Requires Linux >= 4.10, `lwt_seg6local` >= 4.18.
 */
export function attachLwt(request: AttachRequest): Link {
  const route = parseRoute(request);
  const action = attachAction(request);
  const set = (program: BpfProgram, flags: number): void =>
    void netlinkRequest(action, "netlink(RTM_NEWROUTE)", {
      type: RTM_NEWROUTE,
      flags: NLM_F_CREATE | flags,
      body: encodeRoute(route),
      attributes: [...routeAttributes(route), ...encapsulation(program)],
    });
  set(request.program, NLM_F_EXCL);
  return new AttachedLink(request.program, "lwt", {
    replace: (program) => set(program, NLM_F_REPLACE),
    undo: () => {
      try {
        netlinkRequest(action, "netlink(RTM_DELROUTE)", {
          type: RTM_DELROUTE,
          flags: 0,
          body: encodeRoute(route),
          attributes: routeAttributes(route),
        });
      } catch (error) {
        // The interface may be gone, and the route with it.
        if (!(error instanceof SystemCallError)) throw error;
      }
    },
  });
}

function parseRoute(request: AttachRequest): Route {
  const target = requiredTarget(request, "a route, such as 10.1.0.0/16 dev eth0");
  const [, address = "", length, device = ""] =
    /^([0-9a-fA-F.:]+)(?:\/(\d{1,3}))? dev (\S+)$/.exec(target) ?? [];
  // NB: an import of node:net would make every start load it.
  const { isIPv4, isIPv6 } = process.getBuiltinModule("node:net");
  const family = isIPv4(address) ? AF_INET : isIPv6(address) ? AF_INET6 : undefined;
  const bits = family === AF_INET ? 32 : 128;
  const prefixLength = length === undefined ? bits : Number(length);
  if (family === undefined || prefixLength > bits) {
    throw attachError(request, "INVALID_ARGUMENT", "a route is written ADDRESS/LENGTH dev INTERFACE");
  }
  const interfaceIndex = getSys().ifNameToIndex(device);
  if (interfaceIndex <= 0) {
    throw attachError(request, "NOT_FOUND", `this network namespace has no interface ${device}`);
  }
  return { family, address: addressBytes(family, address), prefixLength, interfaceIndex };
}

function addressBytes(family: number, address: string): Uint8Array {
  if (family === AF_INET) return Uint8Array.from(address.split("."), Number);
  const [head = "", tail] = address.split("::");
  const groups = (text: string): number[] =>
    text === "" ? [] : text.split(":").flatMap((group) => groupBytes(group));
  const start = groups(head);
  const end = tail === undefined ? [] : groups(tail);
  return Uint8Array.from([...start, ...new Array<number>(16 - start.length - end.length).fill(0), ...end]);
}

/** Two bytes, or four when the group is the dotted end of an address. */
function groupBytes(group: string): number[] {
  if (group.includes(".")) return group.split(".").map(Number);
  const value = Number.parseInt(group, 16);
  return [value >> 8, value & 255];
}

/** `struct rtmsg`: family 0, destination length 1, source length 2, tos 3, table 4, protocol 5, scope 6, type 7, flags 8. */
function encodeRoute({ family, prefixLength }: Route): Uint8Array {
  const scope = family === AF_INET ? SCOPE_LINK : 0;
  return Uint8Array.of(family, prefixLength, 0, 0, MAIN_TABLE, STATIC_ROUTE, scope, UNICAST, 0, 0, 0, 0);
}

function routeAttributes(route: Route): NetlinkAttribute[] {
  return [
    [RTA_DST, route.address],
    [RTA_OIF, route.interfaceIndex],
  ];
}

function encapsulation(program: BpfProgram): NetlinkAttribute[] {
  const seg6 = program.type === BPF_PROG_TYPE_LWT_SEG6LOCAL;
  const place = PLACES[program.type] ?? 0;
  return [
    [RTA_ENCAP_TYPE, encapsulationType(seg6 ? LWTUNNEL_ENCAP_SEG6_LOCAL : LWTUNNEL_ENCAP_BPF)],
    [
      RTA_ENCAP,
      seg6
        ? [
            [SEG6_LOCAL_ACTION, SEG6_LOCAL_ACTION_END_BPF],
            [
              SEG6_LOCAL_BPF,
              [
                [SEG6_LOCAL_BPF_PROG, program.fd],
                [SEG6_LOCAL_BPF_PROG_NAME, program.name],
              ],
            ],
          ]
        : [
            [
              place,
              [
                [LWT_BPF_PROG_FD, program.fd],
                [LWT_BPF_PROG_NAME, program.name],
              ],
            ],
          ],
    ],
  ];
}

/** 16 bits. */
function encapsulationType(type: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(2));
  view.setUint16(0, type, machineIsLittleEndian());
  return new Uint8Array(view.buffer);
}
