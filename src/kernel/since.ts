import { kernelBtfIfAny } from "./kernel-btf.ts";
import { kernelVersion, versionCode } from "./kernel-version.ts";

/** What a kernel may know or not. */
export type FeatureFamily = "program type" | "map type" | "attach type" | "link type" | "BTF kind";

/**
 * Rows `version: names in the order of their numbers`, first number first. Each list follows the kernel's enum without
 * a gap; a name comes with the version of the last `@` before it.
 */
const PROGRAM_TYPES =
  "@3.19 SOCKET_FILTER @4.1 KPROBE SCHED_CLS SCHED_ACT @4.7 TRACEPOINT @4.8 XDP @4.9 PERF_EVENT @4.10 CGROUP_SKB " +
  "CGROUP_SOCK LWT_IN LWT_OUT LWT_XMIT @4.13 SOCK_OPS @4.14 SK_SKB @4.15 CGROUP_DEVICE @4.17 SK_MSG RAW_TRACEPOINT " +
  "CGROUP_SOCK_ADDR @4.18 LWT_SEG6LOCAL LIRC_MODE2 @4.19 SK_REUSEPORT @4.20 FLOW_DISSECTOR @5.2 CGROUP_SYSCTL " +
  "RAW_TRACEPOINT_WRITABLE @5.3 CGROUP_SOCKOPT @5.5 TRACING @5.6 STRUCT_OPS EXT @5.7 LSM @5.9 SK_LOOKUP @5.14 SYSCALL " +
  "@6.4 NETFILTER";
const MAP_TYPES =
  "@3.19 HASH ARRAY @4.2 PROG_ARRAY @4.3 PERF_EVENT_ARRAY @4.6 PERCPU_HASH PERCPU_ARRAY STACK_TRACE @4.8 CGROUP_ARRAY " +
  "@4.10 LRU_HASH LRU_PERCPU_HASH @4.11 LPM_TRIE @4.12 ARRAY_OF_MAPS HASH_OF_MAPS @4.14 DEVMAP SOCKMAP @4.15 CPUMAP " +
  "@4.18 XSKMAP SOCKHASH @4.19 CGROUP_STORAGE REUSEPORT_SOCKARRAY @4.20 PERCPU_CGROUP_STORAGE QUEUE STACK " +
  "@5.2 SK_STORAGE @5.4 DEVMAP_HASH @5.6 STRUCT_OPS @5.8 RINGBUF @5.10 INODE_STORAGE @5.11 TASK_STORAGE " +
  "@5.16 BLOOM_FILTER @6.1 USER_RINGBUF @6.2 CGRP_STORAGE @6.9 ARENA @6.19 INSN_ARRAY";
const ATTACH_TYPES =
  "@4.10 CGROUP_INET_INGRESS CGROUP_INET_EGRESS CGROUP_INET_SOCK_CREATE @4.13 CGROUP_SOCK_OPS @4.14 " +
  "SK_SKB_STREAM_PARSER SK_SKB_STREAM_VERDICT @4.15 CGROUP_DEVICE @4.17 SK_MSG_VERDICT CGROUP_INET4_BIND " +
  "CGROUP_INET6_BIND CGROUP_INET4_CONNECT CGROUP_INET6_CONNECT CGROUP_INET4_POST_BIND CGROUP_INET6_POST_BIND @4.18 " +
  "CGROUP_UDP4_SENDMSG CGROUP_UDP6_SENDMSG LIRC_MODE2 @4.20 FLOW_DISSECTOR @5.2 CGROUP_SYSCTL CGROUP_UDP4_RECVMSG " +
  "CGROUP_UDP6_RECVMSG @5.3 CGROUP_GETSOCKOPT CGROUP_SETSOCKOPT @5.5 TRACE_RAW_TP TRACE_FENTRY TRACE_FEXIT @5.7 " +
  "MODIFY_RETURN LSM_MAC @5.8 TRACE_ITER CGROUP_INET4_GETPEERNAME CGROUP_INET6_GETPEERNAME CGROUP_INET4_GETSOCKNAME " +
  "CGROUP_INET6_GETSOCKNAME XDP_DEVMAP @5.9 CGROUP_INET_SOCK_RELEASE XDP_CPUMAP SK_LOOKUP XDP @5.13 SK_SKB_VERDICT " +
  "@5.14 SK_REUSEPORT_SELECT SK_REUSEPORT_SELECT_OR_MIGRATE @5.15 PERF_EVENT @5.18 TRACE_KPROBE_MULTI @6.0 LSM_CGROUP " +
  "@6.4 STRUCT_OPS NETFILTER @6.6 TCX_INGRESS TCX_EGRESS TRACE_UPROBE_MULTI @6.7 CGROUP_UNIX_CONNECT " +
  "CGROUP_UNIX_SENDMSG CGROUP_UNIX_RECVMSG CGROUP_UNIX_GETPEERNAME CGROUP_UNIX_GETSOCKNAME NETKIT_PRIMARY NETKIT_PEER " +
  "@6.10 TRACE_KPROBE_SESSION @6.13 TRACE_UPROBE_SESSION @7 TRACE_FSESSION TRACE_FENTRY_MULTI TRACE_FEXIT_MULTI " +
  "TRACE_FSESSION_MULTI";
const LINK_TYPES =
  "@4.17 RAW_TRACEPOINT @5.5 TRACING @5.7 CGROUP @5.8 ITER NETNS @5.9 XDP @5.15 PERF_EVENT @5.18 KPROBE_MULTI " +
  "@6.4 STRUCT_OPS NETFILTER @6.6 TCX UPROBE_MULTI @6.7 NETKIT @6.10 SOCKMAP";
const BTF_KINDS =
  "@4.18 INT PTR ARRAY STRUCT UNION ENUM FWD TYPEDEF VOLATILE CONST RESTRICT @5.0 FUNC FUNC_PROTO @5.2 VAR DATASEC " +
  "@5.13 FLOAT @5.16 DECL_TAG @5.17 TYPE_TAG @6.0 ENUM64";

const FAMILIES: Readonly<Record<FeatureFamily, readonly [list: string, first: number, prefix: string]>> = {
  "program type": [PROGRAM_TYPES, 1, "BPF_PROG_TYPE_"],
  "map type": [MAP_TYPES, 1, "BPF_MAP_TYPE_"],
  "attach type": [ATTACH_TYPES, 0, "BPF_"],
  "link type": [LINK_TYPES, 1, "BPF_LINK_TYPE_"],
  "BTF kind": [BTF_KINDS, 1, "BTF_KIND_"],
};

/** A feature and the first kernel that has it. */
export interface FeatureOrigin {
  /** In the kernel's spelling. */
  readonly name: string;
  /** As `KERNEL_VERSION()`. */
  readonly since: number;
}

/** Looks up since when the kernel has a feature. @returns `undefined` for numbers newer than this package */
export function featureOrigin(family: FeatureFamily, number: number): FeatureOrigin | undefined {
  const [list, first, prefix] = FAMILIES[family];
  let since = 0;
  let next = first;
  for (const word of list.split(" ")) {
    if (word.startsWith("@")) {
      const [major = 0, minor = 0] = word.slice(1).split(".").map(Number);
      since = versionCode(major, minor, 0);
    } else if (next++ === number) {
      return { name: prefix + word, since };
    }
  }
  return undefined;
}

/**
 * Explains a refusal by the kernel's age.
 *
 * @param known the answer of the feature's probe; left out: the kernel's own list of attach types, or its version
 * @returns `this kernel has no BPF_MAP_TYPE_ARENA, which came with Linux 6.9`, or `undefined` when the kernel is new
 *   enough, so that something else is the reason
 */
export function missingFeature(family: FeatureFamily, number: number, known?: boolean): string | undefined {
  const origin = featureOrigin(family, number);
  // 0 is a version that cannot be told.
  const isOld = kernelVersion() !== 0 && origin !== undefined && kernelVersion() < origin.since;
  const isThere = known ?? (family === "attach type" ? listsAttachType(number) : undefined) ?? !isOld;
  if (isThere) return undefined;
  if (origin === undefined) return `this kernel has no ${family} ${number}`;
  const minor = (origin.since >> 8) & 255;
  const version = `Linux ${origin.since >> 16}${origin.since >= versionCode(7, 0, 0) ? "" : `.${minor}`}`;
  return isOld
    ? `this kernel has no ${origin.name}, which came with ${version}`
    : `this kernel has no ${origin.name} (${version} has it): it was built without it`;
}

/** Whether the kernel's own enum has an attach type; `undefined` when it has no BTF. */
function listsAttachType(number: number): boolean | undefined {
  const btf = kernelBtfIfAny();
  const id = btf?.find("bpf_attach_type", "enum");
  const type = id === undefined ? undefined : btf?.type(id);
  if (type?.kind !== "enum") return undefined;
  return type.values.some(({ name, value }) => value === BigInt(number) && !name.startsWith("__"));
}
