import * as bpf from "../../uapi/bpf.ts";

/** What a program can do beyond writing to its own maps. */
export type AbilityKind =
  | "user-memory"
  | "packets"
  | "signals"
  | "decisions"
  | "sockets"
  | "settings"
  | "kernel"
  | "log";

/** Something that a program can change outside its own maps, and what lets it. */
export interface Ability {
  readonly kind: AbilityKind;
  /** Continues "it ", such as `sends signals to processes`. */
  readonly what: string;
  /** Helper, kfunc or kind of program that lets it. */
  readonly by: string;
}

type HelperGroup = readonly [kind: AbilityKind, what: string, helpers: string];

/** Helpers that change something, without `bpf_`. Those that only read, or write to maps, are not listed. */
const HELPER_GROUPS: readonly HelperGroup[] = [
  ["user-memory", "writes to the memory of processes", "probe_write_user"],
  ["signals", "sends signals to processes", "send_signal send_signal_thread"],
  ["decisions", "replaces return values of kernel functions", "override_return"],
  ["decisions", "sets what a system call or cgroup hook returns", "set_retval"],
  [
    "packets",
    "changes packets",
    "skb_store_bytes l3_csum_replace l4_csum_replace skb_vlan_push skb_vlan_pop skb_change_proto skb_change_type " +
      "skb_change_head skb_change_tail skb_adjust_room skb_set_tunnel_key skb_set_tunnel_opt skb_set_tstamp " +
      "skb_ecn_set_ce set_hash set_hash_invalid csum_update xdp_adjust_head xdp_adjust_tail xdp_adjust_meta " +
      "xdp_store_bytes lwt_push_encap lwt_seg6_store_bytes lwt_seg6_adjust_srh lwt_seg6_action msg_push_data " +
      "msg_pop_data store_hdr_opt reserve_hdr_opt",
  ],
  [
    "packets",
    "sends packets elsewhere",
    "clone_redirect redirect redirect_map redirect_peer redirect_neigh sk_redirect_map sk_redirect_hash " +
      "msg_redirect_map msg_redirect_hash",
  ],
  ["sockets", "chooses the socket that gets a packet", "sk_assign sk_select_reuseport"],
  ["sockets", "changes options of sockets", "setsockopt sock_ops_cb_flags_set"],
  ["sockets", "binds sockets and sends on them", "bind tcp_send_ack"],
  ["settings", "changes what is written to a sysctl", "sysctl_set_new_value"],
  ["settings", "marks a program that starts as privileged or not", "bprm_opts_set"],
  ["settings", "reports keys of a remote control", "rc_repeat rc_keydown rc_pointer_rel"],
  ["kernel", "calls bpf() itself", "sys_bpf sys_close"],
  ["log", "writes to the kernel's trace log", "trace_printk trace_vprintk"],
];

/** What programs of a type can do by what they return or by what the kernel lets them write directly. */
const BY_TYPE: Readonly<Record<number, readonly [kind: AbilityKind, what: string]>> = {
  [bpf.BPF_PROG_TYPE_XDP]: ["packets", "drops, changes and sends back packets"],
  [bpf.BPF_PROG_TYPE_SCHED_CLS]: ["packets", "drops and changes packets"],
  [bpf.BPF_PROG_TYPE_SCHED_ACT]: ["packets", "drops and changes packets"],
  [bpf.BPF_PROG_TYPE_LWT_IN]: ["packets", "drops packets"],
  [bpf.BPF_PROG_TYPE_LWT_OUT]: ["packets", "drops packets"],
  [bpf.BPF_PROG_TYPE_LWT_XMIT]: ["packets", "drops and changes packets"],
  [bpf.BPF_PROG_TYPE_LWT_SEG6LOCAL]: ["packets", "drops packets"],
  [bpf.BPF_PROG_TYPE_NETFILTER]: ["packets", "drops packets"],
  [bpf.BPF_PROG_TYPE_CGROUP_SKB]: ["packets", "drops packets of a cgroup"],
  [bpf.BPF_PROG_TYPE_SK_SKB]: ["packets", "drops and changes what sockets receive"],
  [bpf.BPF_PROG_TYPE_SK_MSG]: ["packets", "drops and changes what sockets send"],
  [bpf.BPF_PROG_TYPE_SOCKET_FILTER]: ["packets", "cuts and hides packets from the socket it is attached to"],
  [bpf.BPF_PROG_TYPE_FLOW_DISSECTOR]: ["packets", "decides how packets are told apart"],
  [bpf.BPF_PROG_TYPE_SK_LOOKUP]: ["sockets", "chooses the socket that gets a connection"],
  [bpf.BPF_PROG_TYPE_SK_REUSEPORT]: ["sockets", "chooses the socket that gets a connection"],
  [bpf.BPF_PROG_TYPE_SOCK_OPS]: ["sockets", "sets parameters of TCP connections"],
  [bpf.BPF_PROG_TYPE_CGROUP_SOCK]: ["decisions", "denies making or binding sockets"],
  [bpf.BPF_PROG_TYPE_CGROUP_SOCK_ADDR]: ["decisions", "denies connections and changes their addresses"],
  [bpf.BPF_PROG_TYPE_CGROUP_SOCKOPT]: ["decisions", "denies and changes socket options"],
  [bpf.BPF_PROG_TYPE_CGROUP_DEVICE]: ["decisions", "denies access to devices"],
  [bpf.BPF_PROG_TYPE_CGROUP_SYSCTL]: ["decisions", "denies reading and writing sysctls"],
  [bpf.BPF_PROG_TYPE_LSM]: ["decisions", "denies operations of processes"],
  [bpf.BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE]: ["kernel", "changes what a tracepoint passes on"],
  [bpf.BPF_PROG_TYPE_EXT]: ["kernel", "replaces a function of another BPF program"],
  [bpf.BPF_PROG_TYPE_STRUCT_OPS]: ["kernel", "replaces functions of the kernel"],
  [bpf.BPF_PROG_TYPE_SYSCALL]: ["kernel", "calls bpf() itself"],
};

/** What a program can change. @param helpers names with `bpf_` */
export function programAbilities(program: {
  readonly type: number;
  readonly typeName: string;
  readonly attachType: number | undefined;
  readonly helpers: readonly string[];
  readonly kfuncs: readonly string[];
}): Ability[] {
  const abilities: Ability[] = [];
  const byType = BY_TYPE[program.type];
  if (byType !== undefined) {
    abilities.push({ kind: byType[0], what: byType[1], by: `${program.typeName} program` });
  }
  if (program.attachType === bpf.BPF_MODIFY_RETURN) {
    const what = "replaces return values of kernel functions";
    abilities.push({ kind: "decisions", what, by: "fmod_ret program" });
  }
  for (const [kind, what, names] of HELPER_GROUPS) {
    const known = names.split(" ");
    for (const by of program.helpers) {
      if (known.includes(by.slice("bpf_".length))) abilities.push({ kind, what, by });
    }
  }
  for (const by of program.kfuncs)
    abilities.push({ kind: "kernel", what: "calls functions of the kernel", by });
  return abilities;
}

const PERFMON_TYPES: readonly number[] = [
  bpf.BPF_PROG_TYPE_KPROBE,
  bpf.BPF_PROG_TYPE_TRACEPOINT,
  bpf.BPF_PROG_TYPE_PERF_EVENT,
  bpf.BPF_PROG_TYPE_RAW_TRACEPOINT,
  bpf.BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE,
  bpf.BPF_PROG_TYPE_TRACING,
  bpf.BPF_PROG_TYPE_LSM,
  bpf.BPF_PROG_TYPE_STRUCT_OPS,
  bpf.BPF_PROG_TYPE_EXT,
];

/** Types that are neither tracing nor the network's. */
const PLAIN_TYPES: readonly number[] = [
  bpf.BPF_PROG_TYPE_UNSPEC,
  bpf.BPF_PROG_TYPE_SOCKET_FILTER,
  bpf.BPF_PROG_TYPE_SK_REUSEPORT,
  bpf.BPF_PROG_TYPE_SYSCALL,
  bpf.BPF_PROG_TYPE_LIRC_MODE2,
];

/**
 * Linux capabilities that a process needs to load and attach a program of a type, as `kernel/bpf/syscall.c` (6.18)
 * asks for them. Root has them all.
 */
export function neededCapabilities(type: number, helpers: readonly string[]): string[] {
  const needed = ["CAP_BPF"];
  if (PERFMON_TYPES.includes(type)) needed.push("CAP_PERFMON");
  const isNetwork = type === bpf.BPF_PROG_TYPE_EXT || !PERFMON_TYPES.includes(type);
  if (isNetwork && !PLAIN_TYPES.includes(type)) needed.push("CAP_NET_ADMIN");
  if (type === bpf.BPF_PROG_TYPE_LSM) needed.push("CAP_MAC_ADMIN");
  if (helpers.some((helper) => /^bpf_probe_(read|write)/.test(helper)) && !needed.includes("CAP_PERFMON")) {
    needed.push("CAP_PERFMON");
  }
  if (helpers.includes("bpf_probe_write_user")) needed.push("CAP_SYS_ADMIN");
  return needed;
}
