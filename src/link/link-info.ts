import { decodeCString } from "../internal/index.ts";
import { objectInfo } from "../kernel/index.ts";
import { BpfAttr, checkedCall, getSys } from "../sys/index.ts";
import {
  BPF_LINK_TYPE_CGROUP,
  BPF_LINK_TYPE_ITER,
  BPF_LINK_TYPE_KPROBE_MULTI,
  BPF_LINK_TYPE_NETFILTER,
  BPF_LINK_TYPE_NETKIT,
  BPF_LINK_TYPE_NETNS,
  BPF_LINK_TYPE_PERF_EVENT,
  BPF_LINK_TYPE_RAW_TRACEPOINT,
  BPF_LINK_TYPE_SOCKMAP,
  BPF_LINK_TYPE_STRUCT_OPS,
  BPF_LINK_TYPE_TCX,
  BPF_LINK_TYPE_TRACING,
  BPF_LINK_TYPE_UPROBE_MULTI,
  BPF_LINK_TYPE_XDP,
  BPF_PERF_EVENT_EVENT,
  BPF_PERF_EVENT_KPROBE,
  BPF_PERF_EVENT_KRETPROBE,
  BPF_PERF_EVENT_TRACEPOINT,
  BPF_PERF_EVENT_UNSPEC,
} from "../uapi/bpf.ts";

const INFO_SIZE = 64;
const NAME_SIZE = 256;
const PATH_SIZE = 4096;

/** What the kernel reports about a link; the fields of the hook are there only for the kinds that have them. */
export interface LinkInfo {
  /** BPF_LINK_TYPE_* */
  readonly type: number;
  readonly id: number;
  /** 0 for struct_ops. */
  readonly programId: number;
  /** BPF_* attach type: tracing, cgroup, netns, tcx, netkit, sockmap. */
  readonly attachType?: number;
  /** Raw tracepoint, iterator; since Linux 6.6 also tracepoint, function of a kprobe, file of a uprobe. */
  readonly targetName?: string;
  /** Kprobe, uprobe: offset in the function or file. Linux >= 6.6. */
  readonly offset?: number;
  /** Kprobe, uprobe, tracepoint, perf event: what `bpf_get_attach_cookie()` gives the program. Linux >= 6.9. */
  readonly cookie?: bigint;
  /** Tracing: id of the program or BTF that the target is in, and its BTF id there. */
  readonly targetObjectId?: number;
  readonly targetBtfId?: number;
  readonly cgroupId?: bigint;
  /** Inode of a network namespace. */
  readonly netnsInode?: number;
  /** Network interface: XDP, tcx, netkit. */
  readonly interfaceIndex?: number;
  /** struct_ops, sockmap. */
  readonly mapId?: number;
  /** How many functions a multi link is attached to. */
  readonly count?: number;
  /** BPF_F_* of multi and netfilter links. */
  readonly flags?: number;
  /** BPF_PERF_EVENT_* */
  readonly perfEventType?: number;
  readonly netfilter?: { readonly family: number; readonly hook: number; readonly priority: number };
}

/**
 * Asks the kernel about the link behind `fd`. Requires Linux >= 5.8.
 *
 * @throws {SystemCallError} when the fd is no link's.
 */
export function linkInfo(fd: number, what: string): LinkInfo {
  const ask = (attr: BpfAttr): BpfAttr => {
    checkedCall(objectInfo(fd, attr), "bpf(BPF_OBJ_GET_INFO_BY_FD)", `Cannot read the state of ${what}`);
    return attr;
  };
  const info = ask(new BpfAttr(INFO_SIZE));
  const type = info.u32At(0);
  return { type, id: info.u32At(4), programId: info.u32At(8), ...hookInfo(type, info, ask) };
}

/** The union at offset 16 of `struct bpf_link_info`. */
function hookInfo(type: number, info: BpfAttr, ask: (attr: BpfAttr) => BpfAttr): Partial<LinkInfo> {
  switch (type) {
    case BPF_LINK_TYPE_RAW_TRACEPOINT:
    case BPF_LINK_TYPE_ITER: {
      // Address and size of the name; asked for again with room for it.
      const name = new Uint8Array(NAME_SIZE);
      ask(new BpfAttr(INFO_SIZE).u64(16, getSys().addressOf(name)).u32(24, name.length));
      return { targetName: decodeCString(name) };
    }
    case BPF_LINK_TYPE_TRACING:
      return {
        attachType: info.u32At(16),
        targetObjectId: info.u32At(20),
        targetBtfId: info.u32At(24),
      };
    case BPF_LINK_TYPE_CGROUP:
      return { cgroupId: info.u64At(16), attachType: info.u32At(24) };
    case BPF_LINK_TYPE_NETNS:
      return { netnsInode: info.u32At(16), attachType: info.u32At(20) };
    case BPF_LINK_TYPE_XDP:
      return { interfaceIndex: info.u32At(16) };
    case BPF_LINK_TYPE_TCX:
    case BPF_LINK_TYPE_NETKIT:
      return { interfaceIndex: info.u32At(16), attachType: info.u32At(20) };
    case BPF_LINK_TYPE_STRUCT_OPS:
      return { mapId: info.u32At(16) };
    case BPF_LINK_TYPE_SOCKMAP:
      return { mapId: info.u32At(16), attachType: info.u32At(20) };
    case BPF_LINK_TYPE_NETFILTER:
      return {
        netfilter: { family: info.u32At(16), hook: info.u32At(20), priority: info.u32At(24) | 0 },
        flags: info.u32At(28),
      };
    case BPF_LINK_TYPE_KPROBE_MULTI:
      return { count: info.u32At(24), flags: info.u32At(28) };
    case BPF_LINK_TYPE_UPROBE_MULTI:
      return { count: info.u32At(52), flags: info.u32At(56) };
    case BPF_LINK_TYPE_PERF_EVENT:
      return perfEventInfo(info.u32At(16), ask);
    default:
      return {};
  }
}

/** A pointer to a name at 24, room for it at 32, the offset at 36, and then the cookie, behind an address in kprobes. */
function perfEventInfo(perfEventType: number, ask: (attr: BpfAttr) => BpfAttr): Partial<LinkInfo> {
  if (perfEventType === BPF_PERF_EVENT_UNSPEC) return { perfEventType };
  if (perfEventType === BPF_PERF_EVENT_EVENT) {
    return { perfEventType, cookie: ask(new BpfAttr(INFO_SIZE)).u64At(40) };
  }
  const name = new Uint8Array(PATH_SIZE);
  const info = ask(new BpfAttr(INFO_SIZE).u64(24, getSys().addressOf(name)).u32(32, name.length));
  const isKprobe = perfEventType === BPF_PERF_EVENT_KPROBE || perfEventType === BPF_PERF_EVENT_KRETPROBE;
  return {
    perfEventType,
    targetName: decodeCString(name),
    ...(perfEventType === BPF_PERF_EVENT_TRACEPOINT ? {} : { offset: info.u32At(36) }),
    cookie: info.u64At(isKprobe ? 56 : 40),
  };
}
