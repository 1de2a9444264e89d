import { BTF_KIND_FUNC, BTF_KIND_TYPEDEF } from "../btf/index.ts";
import { BPF_LSM_CGROUP, BPF_LSM_MAC, BPF_TRACE_ITER, BPF_TRACE_RAW_TP } from "../uapi/bpf.ts";

/** How the target of a program is found in the kernel's BTF. */
export interface AttachName {
  /** What comes before the target's own name. */
  readonly prefix: string;
  /** `BTF_KIND_*` */
  readonly kind: number;
  /** For messages, for example `tracepoint`. */
  readonly what: string;
}

/** How names of targets are spelled in BTF, by attach type (`BPF_TRACE_*` and the like). */
export function attachName(attachType: number | undefined): AttachName {
  switch (attachType) {
    case BPF_TRACE_RAW_TP:
      return { prefix: "btf_trace_", kind: BTF_KIND_TYPEDEF, what: "tracepoint" };
    case BPF_LSM_MAC:
    case BPF_LSM_CGROUP:
      return { prefix: "bpf_lsm_", kind: BTF_KIND_FUNC, what: "LSM hook" };
    case BPF_TRACE_ITER:
      return { prefix: "bpf_iter_", kind: BTF_KIND_FUNC, what: "iterator" };
    default:
      return { prefix: "", kind: BTF_KIND_FUNC, what: "function" };
  }
}
