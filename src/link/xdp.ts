import type { BpfProgram } from "../ebpf/index.ts";
import { machineIsLittleEndian } from "../kernel/index.ts";
import { checkedCall, getSys, SystemCallError } from "../sys/index.ts";
import { BPF_XDP } from "../uapi/bpf.ts";
import { XDP_FLAGS_REPLACE, XDP_FLAGS_UPDATE_IF_NOEXIST } from "../uapi/linux.ts";
import { createLink } from "./create-link.ts";
import { interfaceIndex } from "./interface-index.ts";
import { AttachedLink, type Link } from "./link.ts";
import { netlinkRequest } from "./netlink.ts";
import { type AttachRequest, attachAction } from "./request.ts";

const RTM_SETLINK = 19;
const IFLA_XDP = 43;
const IFLA_XDP_FD = 1;
const IFLA_XDP_FLAGS = 3;
const IFLA_XDP_EXPECTED_FD = 8;

/**
 * Attaches to the receive path of a network interface; the mode is in the flags. By a link, or by netlink on
 * Linux < 5.9 and in the mode "legacy".
 */
export function attachXdp(request: AttachRequest): Link {
  const index = interfaceIndex(request);
  const { flags = 0 } = request.options;
  return createLink(request, "xdp", { target: index, attachType: BPF_XDP, flags }, () =>
    attachByNetlink(request, index, flags),
  );
}

function attachByNetlink(request: AttachRequest, index: number, flags: number): Link {
  const action = attachAction(request);
  const modes = flags & ~XDP_FLAGS_UPDATE_IF_NOEXIST & ~XDP_FLAGS_REPLACE;
  const sys = getSys();
  // Taking it off needs the program, which the caller may have closed by then.
  const own = (program: BpfProgram): number => checkedCall(sys.dup(program.fd), "fcntl(F_DUPFD)", action);
  let attached = own(request.program);
  try {
    setProgram(action, index, attached, flags);
  } catch (error) {
    sys.close(attached);
    throw error;
  }
  const exchange = (fd: number): void => setProgram(action, index, fd, modes | XDP_FLAGS_REPLACE, attached);
  return new AttachedLink(request.program, "xdp", {
    replace: (program) => {
      const next = own(program);
      try {
        exchange(next);
      } catch (error) {
        sys.close(next);
        throw error;
      }
      sys.close(attached);
      attached = next;
    },
    undo: () => {
      try {
        exchange(-1);
      } catch (error) {
        // The interface is gone, or somebody else's program is there by now.
        if (!(error instanceof SystemCallError)) throw error;
      } finally {
        sys.close(attached);
      }
    },
  });
}

/** @param fd -1 takes the program off @param expected the program that must be there, with XDP_FLAGS_REPLACE */
function setProgram(action: string, index: number, fd: number, flags: number, expected?: number): void {
  // `struct ifinfomsg`: the interface is at 4, the rest is 0.
  const body = new DataView(new ArrayBuffer(16));
  body.setInt32(4, index, machineIsLittleEndian());
  netlinkRequest(action, "netlink(RTM_SETLINK)", {
    type: RTM_SETLINK,
    flags: 0,
    body: new Uint8Array(body.buffer),
    attributes: [
      [
        IFLA_XDP,
        [
          [IFLA_XDP_FD, fd],
          [IFLA_XDP_FLAGS, flags],
          ...(expected === undefined ? [] : [[IFLA_XDP_EXPECTED_FD, expected] as const]),
        ],
      ],
    ],
  });
}
