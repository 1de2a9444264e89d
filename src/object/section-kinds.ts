import * as bpf from "../uapi/bpf.ts";
import type { MatchedSection, SectionKind } from "./spec.ts";

// Attach types that are newer than the kernel headers that uapi/ is generated from (libbpf 1.8).
const BPF_TRACE_FSESSION = 58;
const BPF_TRACE_FENTRY_MULTI = 59;
const BPF_TRACE_FEXIT_MULTI = 60;
const BPF_TRACE_FSESSION_MULTI = 61;

/**
 * Traits of a row, one letter each:
 * `o` attach type optional, `s` sleepable, `f` XDP fragments, `b` target in BTF, `a` attaches by its section.
 */
type Row = readonly [name: string, attachType: number | undefined, traits: string, hook?: string];
type Group = readonly [programType: number, hook: string, rows: readonly Row[]];

const none = undefined;

/**
 * The section names of libbpf 1.8. A name that ends in `+` may be followed by `/target`.
 * `usdt` and `usdt.s` are here too, their targets are resolved when they are attached.
 */
function table(): readonly Group[] {
  return [
    [bpf.BPF_PROG_TYPE_SOCKET_FILTER, "socket_filter", [["socket", none, ""]]],
    [
      bpf.BPF_PROG_TYPE_SK_REUSEPORT,
      "sk_reuseport",
      [
        ["sk_reuseport/migrate", bpf.BPF_SK_REUSEPORT_SELECT_OR_MIGRATE, ""],
        ["sk_reuseport", bpf.BPF_SK_REUSEPORT_SELECT, ""],
      ],
    ],
    [
      bpf.BPF_PROG_TYPE_KPROBE,
      "kprobe",
      [
        ["kprobe+", none, "a"],
        ["kretprobe+", none, "a"],
        ["uprobe+", none, "a", "uprobe"],
        ["uprobe.s+", none, "as", "uprobe"],
        ["uretprobe+", none, "a", "uprobe"],
        ["uretprobe.s+", none, "as", "uprobe"],
        ["kprobe.multi+", bpf.BPF_TRACE_KPROBE_MULTI, "a", "kprobe_multi"],
        ["kretprobe.multi+", bpf.BPF_TRACE_KPROBE_MULTI, "a", "kprobe_multi"],
        ["kprobe.session+", bpf.BPF_TRACE_KPROBE_SESSION, "a", "kprobe_multi"],
        ["uprobe.multi+", bpf.BPF_TRACE_UPROBE_MULTI, "a", "uprobe_multi"],
        ["uretprobe.multi+", bpf.BPF_TRACE_UPROBE_MULTI, "a", "uprobe_multi"],
        ["uprobe.session+", bpf.BPF_TRACE_UPROBE_SESSION, "a", "uprobe_multi"],
        ["uprobe.multi.s+", bpf.BPF_TRACE_UPROBE_MULTI, "as", "uprobe_multi"],
        ["uretprobe.multi.s+", bpf.BPF_TRACE_UPROBE_MULTI, "as", "uprobe_multi"],
        ["uprobe.session.s+", bpf.BPF_TRACE_UPROBE_SESSION, "as", "uprobe_multi"],
        ["ksyscall+", none, "a", "ksyscall"],
        ["kretsyscall+", none, "a", "ksyscall"],
        ["usdt+", none, "a", "usdt"],
        ["usdt.s+", none, "as", "usdt"],
      ],
    ],
    [
      bpf.BPF_PROG_TYPE_SCHED_CLS,
      "tcx",
      [
        ["tc/ingress", bpf.BPF_TCX_INGRESS, ""],
        ["tc/egress", bpf.BPF_TCX_EGRESS, ""],
        ["tcx/ingress", bpf.BPF_TCX_INGRESS, ""],
        ["tcx/egress", bpf.BPF_TCX_EGRESS, ""],
        ["tc", none, "", "tc"],
        ["classifier", none, "", "tc"],
        ["netkit/primary", bpf.BPF_NETKIT_PRIMARY, "", "netkit"],
        ["netkit/peer", bpf.BPF_NETKIT_PEER, "", "netkit"],
      ],
    ],
    [bpf.BPF_PROG_TYPE_SCHED_ACT, "tc", [["action", none, ""]]],
    [
      bpf.BPF_PROG_TYPE_TRACEPOINT,
      "tracepoint",
      [
        ["tracepoint+", none, "a"],
        ["tp+", none, "a"],
        ["tracepoint.s+", none, "as"],
        ["tp.s+", none, "as"],
      ],
    ],
    [
      bpf.BPF_PROG_TYPE_RAW_TRACEPOINT,
      "raw_tracepoint",
      [
        ["raw_tracepoint+", none, "a"],
        ["raw_tp+", none, "a"],
        ["raw_tracepoint.s+", none, "as"],
        ["raw_tp.s+", none, "as"],
      ],
    ],
    [
      bpf.BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE,
      "raw_tracepoint",
      [
        ["raw_tracepoint.w+", none, "a"],
        ["raw_tp.w+", none, "a"],
      ],
    ],
    [
      bpf.BPF_PROG_TYPE_TRACING,
      "trace",
      [
        ["tp_btf+", bpf.BPF_TRACE_RAW_TP, "ab", "tp_btf"],
        ["tp_btf.s+", bpf.BPF_TRACE_RAW_TP, "abs", "tp_btf"],
        ["fentry+", bpf.BPF_TRACE_FENTRY, "ab"],
        ["fmod_ret+", bpf.BPF_MODIFY_RETURN, "ab"],
        ["fexit+", bpf.BPF_TRACE_FEXIT, "ab"],
        ["fentry.s+", bpf.BPF_TRACE_FENTRY, "abs"],
        ["fmod_ret.s+", bpf.BPF_MODIFY_RETURN, "abs"],
        ["fexit.s+", bpf.BPF_TRACE_FEXIT, "abs"],
        ["fsession+", BPF_TRACE_FSESSION, "ab"],
        ["fsession.s+", BPF_TRACE_FSESSION, "abs"],
        ["fsession.multi+", BPF_TRACE_FSESSION_MULTI, "a", "tracing_multi"],
        ["fsession.multi.s+", BPF_TRACE_FSESSION_MULTI, "as", "tracing_multi"],
        ["fentry.multi+", BPF_TRACE_FENTRY_MULTI, "a", "tracing_multi"],
        ["fexit.multi+", BPF_TRACE_FEXIT_MULTI, "a", "tracing_multi"],
        ["fentry.multi.s+", BPF_TRACE_FENTRY_MULTI, "as", "tracing_multi"],
        ["fexit.multi.s+", BPF_TRACE_FEXIT_MULTI, "as", "tracing_multi"],
        ["iter+", bpf.BPF_TRACE_ITER, "ab", "iter"],
        ["iter.s+", bpf.BPF_TRACE_ITER, "abs", "iter"],
      ],
    ],
    [bpf.BPF_PROG_TYPE_EXT, "freplace", [["freplace+", none, "ab"]]],
    [
      bpf.BPF_PROG_TYPE_LSM,
      "lsm",
      [
        ["lsm+", bpf.BPF_LSM_MAC, "ab"],
        ["lsm.s+", bpf.BPF_LSM_MAC, "abs"],
        ["lsm_cgroup+", bpf.BPF_LSM_CGROUP, "b", "cgroup"],
      ],
    ],
    [bpf.BPF_PROG_TYPE_SYSCALL, "", [["syscall", none, "s"]]],
    [
      bpf.BPF_PROG_TYPE_XDP,
      "xdp",
      [
        ["xdp.frags/devmap", bpf.BPF_XDP_DEVMAP, "f", ""],
        ["xdp/devmap", bpf.BPF_XDP_DEVMAP, "", ""],
        ["xdp.frags/cpumap", bpf.BPF_XDP_CPUMAP, "f", ""],
        ["xdp/cpumap", bpf.BPF_XDP_CPUMAP, "", ""],
        ["xdp.frags", bpf.BPF_XDP, "f"],
        ["xdp", bpf.BPF_XDP, "o"],
      ],
    ],
    [bpf.BPF_PROG_TYPE_PERF_EVENT, "perf_event", [["perf_event", none, ""]]],
    [bpf.BPF_PROG_TYPE_LWT_IN, "lwt", [["lwt_in", none, ""]]],
    [bpf.BPF_PROG_TYPE_LWT_OUT, "lwt", [["lwt_out", none, ""]]],
    [bpf.BPF_PROG_TYPE_LWT_XMIT, "lwt", [["lwt_xmit", none, ""]]],
    [bpf.BPF_PROG_TYPE_LWT_SEG6LOCAL, "lwt", [["lwt_seg6local", none, ""]]],
    [bpf.BPF_PROG_TYPE_SOCK_OPS, "cgroup", [["sockops", bpf.BPF_CGROUP_SOCK_OPS, "o"]]],
    [
      bpf.BPF_PROG_TYPE_SK_SKB,
      "sockmap",
      [
        ["sk_skb/stream_parser", bpf.BPF_SK_SKB_STREAM_PARSER, "o"],
        ["sk_skb/stream_verdict", bpf.BPF_SK_SKB_STREAM_VERDICT, "o"],
        ["sk_skb/verdict", bpf.BPF_SK_SKB_VERDICT, "o"],
        ["sk_skb", none, ""],
      ],
    ],
    [bpf.BPF_PROG_TYPE_SK_MSG, "sockmap", [["sk_msg", bpf.BPF_SK_MSG_VERDICT, "o"]]],
    [bpf.BPF_PROG_TYPE_LIRC_MODE2, "lirc", [["lirc_mode2", bpf.BPF_LIRC_MODE2, "o"]]],
    [bpf.BPF_PROG_TYPE_FLOW_DISSECTOR, "netns", [["flow_dissector", bpf.BPF_FLOW_DISSECTOR, "o"]]],
    [
      bpf.BPF_PROG_TYPE_CGROUP_SKB,
      "cgroup",
      [
        ["cgroup_skb/ingress", bpf.BPF_CGROUP_INET_INGRESS, "o"],
        ["cgroup_skb/egress", bpf.BPF_CGROUP_INET_EGRESS, "o"],
        ["cgroup/skb", none, ""],
      ],
    ],
    [
      bpf.BPF_PROG_TYPE_CGROUP_SOCK,
      "cgroup",
      [
        ["cgroup/sock_create", bpf.BPF_CGROUP_INET_SOCK_CREATE, ""],
        ["cgroup/sock_release", bpf.BPF_CGROUP_INET_SOCK_RELEASE, ""],
        ["cgroup/sock", bpf.BPF_CGROUP_INET_SOCK_CREATE, "o"],
        ["cgroup/post_bind4", bpf.BPF_CGROUP_INET4_POST_BIND, ""],
        ["cgroup/post_bind6", bpf.BPF_CGROUP_INET6_POST_BIND, ""],
      ],
    ],
    [
      bpf.BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
      "cgroup",
      [
        ["cgroup/bind4", bpf.BPF_CGROUP_INET4_BIND, ""],
        ["cgroup/bind6", bpf.BPF_CGROUP_INET6_BIND, ""],
        ["cgroup/connect4", bpf.BPF_CGROUP_INET4_CONNECT, ""],
        ["cgroup/connect6", bpf.BPF_CGROUP_INET6_CONNECT, ""],
        ["cgroup/connect_unix", bpf.BPF_CGROUP_UNIX_CONNECT, ""],
        ["cgroup/sendmsg4", bpf.BPF_CGROUP_UDP4_SENDMSG, ""],
        ["cgroup/sendmsg6", bpf.BPF_CGROUP_UDP6_SENDMSG, ""],
        ["cgroup/sendmsg_unix", bpf.BPF_CGROUP_UNIX_SENDMSG, ""],
        ["cgroup/recvmsg4", bpf.BPF_CGROUP_UDP4_RECVMSG, ""],
        ["cgroup/recvmsg6", bpf.BPF_CGROUP_UDP6_RECVMSG, ""],
        ["cgroup/recvmsg_unix", bpf.BPF_CGROUP_UNIX_RECVMSG, ""],
        ["cgroup/getpeername4", bpf.BPF_CGROUP_INET4_GETPEERNAME, ""],
        ["cgroup/getpeername6", bpf.BPF_CGROUP_INET6_GETPEERNAME, ""],
        ["cgroup/getpeername_unix", bpf.BPF_CGROUP_UNIX_GETPEERNAME, ""],
        ["cgroup/getsockname4", bpf.BPF_CGROUP_INET4_GETSOCKNAME, ""],
        ["cgroup/getsockname6", bpf.BPF_CGROUP_INET6_GETSOCKNAME, ""],
        ["cgroup/getsockname_unix", bpf.BPF_CGROUP_UNIX_GETSOCKNAME, ""],
      ],
    ],
    [bpf.BPF_PROG_TYPE_CGROUP_SYSCTL, "cgroup", [["cgroup/sysctl", bpf.BPF_CGROUP_SYSCTL, ""]]],
    [
      bpf.BPF_PROG_TYPE_CGROUP_SOCKOPT,
      "cgroup",
      [
        ["cgroup/getsockopt", bpf.BPF_CGROUP_GETSOCKOPT, ""],
        ["cgroup/setsockopt", bpf.BPF_CGROUP_SETSOCKOPT, ""],
      ],
    ],
    [bpf.BPF_PROG_TYPE_CGROUP_DEVICE, "cgroup", [["cgroup/dev", bpf.BPF_CGROUP_DEVICE, "o"]]],
    [
      bpf.BPF_PROG_TYPE_STRUCT_OPS,
      "struct_ops",
      [
        ["struct_ops+", none, ""],
        ["struct_ops.s+", none, "s"],
      ],
    ],
    [bpf.BPF_PROG_TYPE_SK_LOOKUP, "netns", [["sk_lookup", bpf.BPF_SK_LOOKUP, ""]]],
    [bpf.BPF_PROG_TYPE_NETFILTER, "netfilter", [["netfilter", bpf.BPF_NETFILTER, ""]]],
  ];
}

const UNKNOWN: SectionKind = {
  name: "",
  programType: bpf.BPF_PROG_TYPE_UNSPEC,
  expectedAttachType: undefined,
  attachTypeOptional: false,
  sleepable: false,
  xdpFrags: false,
  needsAttachBtf: false,
  autoAttach: false,
  attachHook: "",
};

let kinds: Map<string, SectionKind> | undefined;

/** All section kinds by name, the `+` left off. */
function kindsByName(): Map<string, SectionKind> {
  if (kinds !== undefined) return kinds;
  kinds = new Map();
  for (const [programType, groupHook, rows] of table()) {
    for (const [name, expectedAttachType, traits, hook] of rows) {
      kinds.set(name.endsWith("+") ? name.slice(0, -1) : name, {
        name,
        programType,
        expectedAttachType,
        attachTypeOptional: traits.includes("o"),
        sleepable: traits.includes("s"),
        xdpFrags: traits.includes("f"),
        needsAttachBtf: traits.includes("b"),
        autoAttach: traits.includes("a"),
        attachHook: hook ?? groupHook,
      });
    }
  }
  return kinds;
}

/** All section kinds, for documentation and completion. */
export function sectionKinds(): SectionKind[] {
  return [...kindsByName().values()];
}

/**
 * Finds the kind of a program section. A leading `?` is ignored; kinds with a `+` match with and without
 * `/target`, the others only exactly.
 *
 * @returns a kind of name "" and program type `BPF_PROG_TYPE_UNSPEC` when no definition matches.
 */
export function matchSection(sectionName: string): MatchedSection {
  const name = sectionName.startsWith("?") ? sectionName.slice(1) : sectionName;
  const byName = kindsByName();
  const exact = byName.get(name);
  if (exact !== undefined) return { ...exact, target: undefined };
  const slash = name.indexOf("/");
  const kind = slash < 0 ? undefined : byName.get(name.slice(0, slash));
  if (kind === undefined || !kind.name.endsWith("+")) return { ...UNKNOWN, target: undefined };
  const target = name.slice(slash + 1);
  return { ...kind, target: target === "" ? undefined : target };
}
