import type { BpfProgram } from "../ebpf/index.ts";
import { type ErrorCode, WasmBpfError } from "../internal/index.ts";

/**
 * Ways to attach to probes and tracepoints, as libbpf's `probe_attach_mode`: `link` is a kernel link (Linux >= 5.15),
 * `perf` sets the program of a perf event (>= 4.17), `legacy` does that with a probe defined in tracefs. For control
 * groups, XDP and sockmaps, `legacy` is the way without a link.
 */
export type ProbeMode = "link" | "perf" | "legacy";

/** How a program is attached, beyond its target. Each hook looks at what it knows and ignores the rest. */
export interface AttachOptions {
  /** Value that `bpf_get_attach_cookie()` gives the program. Requires Linux >= 5.15, tracing programs >= 5.19. */
  readonly cookie?: bigint;
  /** Fd of the target in place of its name: a cgroup directory, a network namespace, a socket, a map, a program. */
  readonly targetFd?: number;
  /** BPF_F_* or XDP_FLAGS_* of the attachment. */
  readonly flags?: number;
  /** Uprobes and perf events: this process only. */
  readonly pid?: number;
  /** Probes: whether at return; default says the section. */
  readonly retprobe?: boolean;
  /** Probes, tracepoints, control groups, XDP, sockmaps: how; default is the best that the kernel has. */
  readonly mode?: ProbeMode;
  /** Uprobes: file offset of a semaphore that counts attached probes. */
  readonly semaphoreOffset?: number;
  /** Perf events: what is counted and how often the program runs. */
  readonly perfEvent?: PerfEventOptions;
  /** Iterators: what they go over. */
  readonly iterator?: IteratorOptions;
  /** Netfilter: where the program stands. */
  readonly netfilter?: NetfilterOptions;
  /** Sections `tc` and `classifier`: where the filter stands. */
  readonly tc?: TcOptions;
  /** tcx, netkit and (Linux >= 6.16) control groups: before or after which program. */
  readonly order?: OrderOptions;
}

/** A perf event; by default the CPU clock, 99 times a second, on every CPU that is online. */
export interface PerfEventOptions {
  /** PERF_TYPE_*; default software. */
  readonly type?: number;
  /** PERF_COUNT_*; default the CPU clock. */
  readonly config?: number | bigint;
  /** Runs per second. */
  readonly frequencyHz?: number;
  /** Events per run; wins over the frequency. */
  readonly period?: number;
  /** One CPU only. */
  readonly cpu?: number;
}

/** Restricts an iterator to one map, one cgroup or one task. */
export interface IteratorOptions {
  /** Elements of this map. */
  readonly mapFd?: number;
  /** Directory of the control group to start from. */
  readonly cgroupFd?: number;
  /** The same by id, the directory's inode. */
  readonly cgroupId?: bigint;
  /** BPF_CGROUP_ITER_* */
  readonly cgroupOrder?: number;
  /** Thread id. */
  readonly tid?: number;
  /** Process id: all its threads. */
  readonly pid?: number;
}

/** Place of a netfilter program. */
export interface NetfilterOptions {
  /** Protocol family: NFPROTO_IPV4 (2) or NFPROTO_IPV6 (10). */
  readonly family: number;
  /** NF_INET_* hook number. */
  readonly hook: number;
  /** Programs and tables run in ascending order; default 0. */
  readonly priority?: number;
  /** BPF_F_NETFILTER_IP_DEFRAG: packets are whole. */
  readonly flags?: number;
}

/** Place of a classifier that is attached by netlink. */
export interface TcOptions {
  /** Default is ingress. */
  readonly direction?: "ingress" | "egress";
  /** Number among the filters of one priority; the kernel chooses when it is left out. */
  readonly handle?: number;
  /** Filters run in ascending order; the kernel chooses when it is left out. */
  readonly priority?: number;
  /** Whether a filter with that handle and priority is replaced; else it is an error. */
  readonly replace?: boolean;
}

/** Place in a list of programs. By default a program goes to the end. */
export interface OrderOptions {
  /** Fd or id of the program or link to stand in front of; "all" is the start of the list. */
  readonly before?: OrderAnchor | "all";
  /** The program or link to stand behind; "all" is the end of the list. */
  readonly after?: OrderAnchor | "all";
  /** The list must have this revision, or else ESTALE. */
  readonly expectedRevision?: bigint;
}

/** Another program in a list. */
export type OrderAnchor =
  | { readonly programFd: number }
  | { readonly programId: number }
  | { readonly linkFd: number }
  | { readonly linkId: number };

/** One wish to attach a program, as the hooks get it. */
export interface AttachRequest {
  readonly program: BpfProgram;
  /** Given by the caller or by the section name; never empty. */
  readonly target: string | undefined;
  readonly options: AttachOptions;
}

/** `Cannot attach program "x" to sched:sched_switch`, the start of every message. */
export function attachAction({ program, target }: AttachRequest): string {
  return `Cannot attach program "${program.name}"${target === undefined ? "" : ` to ${target}`}`;
}

/** Error about a request, with the action in front. */
export function attachError(request: AttachRequest, code: ErrorCode, reason: string): WasmBpfError {
  return new WasmBpfError(code, `${attachAction(request)}: ${reason}`);
}

/** The target, or an error that says what it would be. */
export function requiredTarget(request: AttachRequest, what: string): string {
  if (request.target !== undefined) return request.target;
  throw attachError(
    request,
    "INVALID_ARGUMENT",
    `its section "${request.program.spec.sectionName}" names no target; give ${what}`,
  );
}

/** Splits `name+offset`; the offset is decimal or `0x` hexadecimal and 0 when there is none. */
export function splitOffset(text: string): { name: string; offset: number } {
  const plus = text.lastIndexOf("+");
  const digits = plus < 0 ? "" : text.slice(plus + 1);
  if (!/^(0x[0-9a-fA-F]+|[0-9]+)$/.test(digits)) return { name: text, offset: 0 };
  return { name: text.slice(0, plus), offset: Number(digits) };
}
