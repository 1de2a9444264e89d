import { type Btf, type BtfFunction, type NewBtfType, replaceTypes } from "../btf/index.ts";
import { haveContextArgumentTag } from "../kernel/index.ts";
import {
  BPF_PROG_TYPE_CGROUP_DEVICE,
  BPF_PROG_TYPE_CGROUP_SKB,
  BPF_PROG_TYPE_CGROUP_SOCK,
  BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
  BPF_PROG_TYPE_CGROUP_SOCKOPT,
  BPF_PROG_TYPE_CGROUP_SYSCTL,
  BPF_PROG_TYPE_FLOW_DISSECTOR,
  BPF_PROG_TYPE_KPROBE,
  BPF_PROG_TYPE_LWT_IN,
  BPF_PROG_TYPE_LWT_OUT,
  BPF_PROG_TYPE_LWT_SEG6LOCAL,
  BPF_PROG_TYPE_LWT_XMIT,
  BPF_PROG_TYPE_NETFILTER,
  BPF_PROG_TYPE_PERF_EVENT,
  BPF_PROG_TYPE_RAW_TRACEPOINT,
  BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE,
  BPF_PROG_TYPE_SCHED_ACT,
  BPF_PROG_TYPE_SCHED_CLS,
  BPF_PROG_TYPE_SK_LOOKUP,
  BPF_PROG_TYPE_SK_MSG,
  BPF_PROG_TYPE_SK_REUSEPORT,
  BPF_PROG_TYPE_SK_SKB,
  BPF_PROG_TYPE_SOCK_OPS,
  BPF_PROG_TYPE_SOCKET_FILTER,
  BPF_PROG_TYPE_XDP,
} from "../uapi/bpf.ts";
import type { BpfProgram } from "./program.ts";

/** The struct by whose name the verifier knows a context, by program type. Other types have none. */
const CONTEXT_STRUCTS: Readonly<Record<number, string>> = {
  [BPF_PROG_TYPE_CGROUP_DEVICE]: "bpf_cgroup_dev_ctx",
  [BPF_PROG_TYPE_CGROUP_SKB]: "__sk_buff",
  [BPF_PROG_TYPE_CGROUP_SOCK]: "bpf_sock",
  [BPF_PROG_TYPE_CGROUP_SOCK_ADDR]: "bpf_sock_addr",
  [BPF_PROG_TYPE_CGROUP_SOCKOPT]: "bpf_sockopt",
  [BPF_PROG_TYPE_CGROUP_SYSCTL]: "bpf_sysctl",
  [BPF_PROG_TYPE_FLOW_DISSECTOR]: "__sk_buff",
  [BPF_PROG_TYPE_KPROBE]: "bpf_user_pt_regs_t",
  [BPF_PROG_TYPE_LWT_IN]: "__sk_buff",
  [BPF_PROG_TYPE_LWT_OUT]: "__sk_buff",
  [BPF_PROG_TYPE_LWT_SEG6LOCAL]: "__sk_buff",
  [BPF_PROG_TYPE_LWT_XMIT]: "__sk_buff",
  [BPF_PROG_TYPE_NETFILTER]: "bpf_nf_ctx",
  [BPF_PROG_TYPE_PERF_EVENT]: "bpf_perf_event_data",
  [BPF_PROG_TYPE_RAW_TRACEPOINT]: "bpf_raw_tracepoint_args",
  [BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE]: "bpf_raw_tracepoint_args",
  [BPF_PROG_TYPE_SCHED_ACT]: "__sk_buff",
  [BPF_PROG_TYPE_SCHED_CLS]: "__sk_buff",
  [BPF_PROG_TYPE_SK_LOOKUP]: "bpf_sk_lookup",
  [BPF_PROG_TYPE_SK_MSG]: "sk_msg_md",
  [BPF_PROG_TYPE_SK_REUSEPORT]: "sk_reuseport_md",
  [BPF_PROG_TYPE_SK_SKB]: "__sk_buff",
  [BPF_PROG_TYPE_SOCK_OPS]: "bpf_sock_ops",
  [BPF_PROG_TYPE_SOCKET_FILTER]: "__sk_buff",
  [BPF_PROG_TYPE_XDP]: "xdp_md",
};

/** Structs that stand for the registers that a probe gets, on one machine or another. */
const REGISTERS = ["pt_regs", "user_pt_regs", "user_regs_struct"];

/** The object's BTF for kernels that do not know the tag, and for each program its functions' new ids. */
export interface AdaptedContexts {
  readonly btf: Btf;
  readonly functionTypes: ReadonlyMap<BpfProgram, ReadonlyMap<number, number>>;
}

/**
 * Where the kernel does not know the tag `arg:ctx`, gives the global functions of each program a prototype with
 * the context that the verifier expects in programs of its type (libbpf 1.8, bpf_program_fixup_func_info).
 */
export function adaptContexts(btf: Btf, programs: readonly BpfProgram[]): AdaptedContexts {
  const functionTypes = new Map<BpfProgram, Map<number, number>>();
  const tagged = taggedArguments(btf);
  if (tagged.size === 0 || haveContextArgumentTag()) return { btf, functionTypes };
  const added: NewBtfType[] = [];
  const add = (type: NewBtfType): number => btf.typeCount + added.push(type) - 1;
  for (const program of programs) {
    const context = CONTEXT_STRUCTS[program.type];
    if (context === undefined) continue;
    const ids = new Map<number, number>();
    let pointer: number | undefined;
    for (const { typeId } of program.spec.functions) {
      const callee = btf.type(typeId);
      const wanted = (tagged.get(typeId) ?? []).filter((index) =>
        needsContext(btf, callee, index, program.type, context),
      );
      if (callee.kind !== "func" || wanted.length === 0) continue;
      pointer ??= add({
        kind: "ptr",
        type: add({ kind: "struct", name: context, sizeBytes: 0, members: [] }),
      });
      ids.set(typeId, addClone(btf, callee, wanted, pointer, add));
    }
    functionTypes.set(program, ids);
  }
  return { btf: replaceTypes(btf, new Map(), added), functionTypes };
}

/** Indexes of the arguments that are tagged as contexts, by the id of their global function. */
function taggedArguments(btf: Btf): Map<number, number[]> {
  const tagged = new Map<number, number[]>();
  for (let id = 1; id < btf.typeCount; id++) {
    if (btf.kind(id) !== "decl_tag" || btf.name(id) !== "arg:ctx") continue;
    const tag = btf.type(id);
    if (tag.kind !== "decl_tag") continue;
    const callee = btf.type(tag.type);
    if (callee.kind !== "func" || callee.linkage !== "global") continue;
    tagged.set(callee.id, [...(tagged.get(callee.id) ?? []), tag.componentIndex]);
  }
  return tagged;
}

/** Whether an argument is declared as something that only the tag makes a context. */
function needsContext(
  btf: Btf,
  callee: ReturnType<Btf["type"]>,
  index: number,
  programType: number,
  context: string,
): boolean {
  const prototype = callee.kind === "func" ? btf.type(callee.type) : undefined;
  const parameter = prototype?.kind === "func_proto" ? prototype.parameters[index] : undefined;
  const pointer = parameter === undefined ? undefined : btf.type(btf.resolve(parameter.type));
  if (pointer?.kind !== "ptr") return false;
  const named = btf.type(btf.skipModifiers(pointer.type));
  if (named.kind === "typedef" && named.name === context) return false;
  const target = btf.type(btf.resolve(pointer.type));
  if (target.kind === "void") return true;
  switch (programType) {
    case BPF_PROG_TYPE_KPROBE:
    case BPF_PROG_TYPE_PERF_EVENT:
      return target.kind === "struct" && REGISTERS.includes(target.name) && target.name !== context;
    case BPF_PROG_TYPE_RAW_TRACEPOINT:
    case BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE:
      return target.kind === "int" && target.sizeBytes === 8;
    default:
      return false;
  }
}

/** Adds the function once more, with the context's type for some arguments. @returns its id */
function addClone(
  btf: Btf,
  callee: BtfFunction & { readonly id: number },
  wanted: readonly number[],
  pointer: number,
  add: (type: NewBtfType) => number,
): number {
  const prototype = btf.type(callee.type);
  if (prototype.kind !== "func_proto") return callee.id;
  const parameters = prototype.parameters.map((parameter, index) =>
    wanted.includes(index) ? { ...parameter, type: pointer } : parameter,
  );
  const type = add({ kind: "func_proto", returnType: prototype.returnType, parameters });
  const id = add({ kind: "func", name: callee.name, type, linkage: callee.linkage });
  for (const componentIndex of wanted) {
    add({ kind: "decl_tag", name: "arg:ctx", type: id, componentIndex, attribute: false });
  }
  return id;
}
