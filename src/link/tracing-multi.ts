import type { Btf, BtfType } from "../btf/index.ts";
import { kernelBtf } from "../kernel/index.ts";
import { createLink } from "./create-link.ts";
import { globPattern } from "./glob.ts";
import type { Link } from "./link.ts";
import { type AttachRequest, attachError, requiredTarget } from "./request.ts";
import { words } from "./uprobe-multi.ts";

/** Most arguments of a function that a trampoline passes on. */
const MAX_ARGUMENTS = 12;
/** Largest argument: two registers. */
const MAX_ARGUMENT_SIZE = 16;

/**
 * Attaches to the entry or exit of all functions of the kernel that match a pattern with `*` and `?` and can be traced.
 * One program for all: it sees arguments as numbers.
 *
 * Requires Linux >= 7. Fields of the attribute: ids 16, cookies 24, count 32. As libbpf 1.8's
 * `bpf_program__attach_tracing_multi`.
 */
export function attachTracingMulti(request: AttachRequest): Link {
  const target = requiredTarget(request, "kernel functions as a pattern, such as tcp_*");
  if (target.includes(":")) {
    throw attachError(
      request,
      "NOT_SUPPORTED",
      "functions of modules can be traced one by one only (fentry, fexit)",
    );
  }
  const ids = traceableFunctions(kernelBtf(), globPattern(target));
  if (ids.length === 0)
    throw attachError(request, "NOT_FOUND", "no kernel function that can be traced matches");
  const { program, options } = request;
  const { cookie } = options;
  return createLink(request, "tracing_multi", {
    attachType: program.expectedAttachType,
    sizeBytes: 40,
    fill: (attr) => {
      attr.pointer(16, new Uint8Array(Uint32Array.from(ids).buffer)).u32(32, ids.length);
      if (cookie !== undefined) attr.pointer(24, words(ids.map(() => cookie)));
    },
  });
}

/** BTF ids of the functions that match and whose arguments and result fit into registers. */
export function traceableFunctions(btf: Btf, pattern: RegExp): number[] {
  const ids: number[] = [];
  for (let id = 1; id < btf.typeCount; id++) {
    if (btf.kind(id) !== "func" || !pattern.test(btf.name(id))) continue;
    const type = btf.type(id);
    const prototype = type.kind === "func" ? btf.type(type.type) : undefined;
    if (prototype?.kind === "func_proto" && isTraceable(btf, prototype)) ids.push(id);
  }
  return ids;
}

function isTraceable(btf: Btf, prototype: Extract<BtfType, { kind: "func_proto" }>): boolean {
  const { parameters, returnType } = prototype;
  const isAggregate = (id: number): boolean => ["struct", "union"].includes(btf.kind(btf.resolve(id)));
  if (parameters.length > MAX_ARGUMENTS || isAggregate(returnType)) return false;
  // A last parameter of type 0 stands for `...`.
  return parameters.every(({ type }) => type !== 0 && btf.sizeOf(type) <= MAX_ARGUMENT_SIZE);
}
