import { encodeCString } from "../../../internal/index.ts";
import {
  globPattern,
  type LinkResources,
  probeableFunctions,
  rawCreateLink,
  traceableFunctions,
} from "../../../link/index.ts";
import {
  BPF_F_KPROBE_MULTI_RETURN,
  BPF_F_UPROBE_MULTI_RETURN,
  BPF_TRACE_KPROBE_MULTI,
  BPF_TRACE_KPROBE_SESSION,
  BPF_TRACE_UPROBE_MULTI,
  BPF_TRACE_UPROBE_SESSION,
} from "../../../uapi/bpf.ts";
import { EINVAL, ENOENT, ESRCH } from "../../../uapi/errno.ts";
import { kernelTypes } from "../btf/guest-btf.ts";
import { errorText } from "../lines/error-text.ts";
import { Refusal } from "../refusal.ts";
import type { LinkArguments } from "./arguments.ts";
import { binaryPath, functionOffsets, matchingOffsets } from "./elf.ts";
import { type AttachTarget, accepted, refuse } from "./target.ts";

/** Fields of the attribute: flags 16, count 20, names 24, addresses 32, cookies 40. */
export function attachKprobeMulti(target: AttachTarget, args: LinkArguments): LinkResources {
  const { context, name, programFd } = target;
  const { name1: pattern, cookies, count, retprobe, session } = args;
  const given = args.addresses ?? args.symbols;
  if (
    pattern === undefined
      ? given === undefined || count === 0
      : given !== undefined || cookies !== undefined || count !== 0
  ) {
    throw new Refusal(EINVAL);
  }
  if (args.addresses !== undefined && args.symbols !== undefined) throw new Refusal(EINVAL);
  if (pattern === undefined && args.unique) throw new Refusal(EINVAL);
  const found = pattern === undefined ? args : kernelFunctions(target, pattern, args.unique);
  if (retprobe && session) throw new Refusal(EINVAL);
  const { addresses, symbols } = found;
  const linkFd = rawCreateLink(programFd, {
    attachType: session ? BPF_TRACE_KPROBE_SESSION : BPF_TRACE_KPROBE_MULTI,
    sizeBytes: 48,
    fill: (attr) => {
      attr.u32(16, retprobe ? BPF_F_KPROBE_MULTI_RETURN : 0);
      attr.u32(20, symbols?.length ?? (addresses?.length ?? 0) / 8);
      if (symbols !== undefined) attr.pointerArray(24, symbols.map(encodeCString));
      if (addresses !== undefined) attr.pointer(32, addresses);
      if (cookies !== undefined) attr.pointer(40, cookies);
    },
  });
  const result = linkFd === -ESRCH ? -ENOENT : linkFd;
  return { linkFd: accepted(context, result, `prog '${name}': failed to attach`) };
}

interface KernelFunctions {
  readonly symbols?: readonly string[] | undefined;
  readonly addresses?: Uint8Array | undefined;
}

/** A name without wildcards is left to the kernel. @throws {Refusal} ENOENT */
function kernelFunctions({ context, name }: AttachTarget, pattern: string, unique: boolean): KernelFunctions {
  if (!/[*?]/.test(pattern) && !unique) return { symbols: [pattern] };
  const { addresses, names, unlisted } = probeableFunctions("Cannot attach probes", globPattern(pattern));
  if (unlisted !== undefined) {
    const { file, errno } = unlisted;
    refuse(context, errno, `failed to open /sys/kernel/tracing/${file}: ${errorText(errno)}`);
  }
  const count = addresses.length || names.length;
  if (unique && count > 1) {
    refuse(
      context,
      EINVAL,
      `prog '${name}': failed to find a unique match for '${pattern}' (${count} matches)`,
    );
  }
  if (addresses.length > 0) return { addresses: words(addresses) };
  if (names.length > 0) return { symbols: names };
  return refuse(context, ENOENT);
}

/** Fields of the attribute: path 16, offsets 24, counters 32, cookies 40, count 48, flags 52, process 56. */
export function attachUprobeMulti(target: AttachTarget, args: LinkArguments): LinkResources {
  const { context, name, programFd } = target;
  const { name2: pattern, symbols, counters, cookies, count, retprobe, session } = args;
  if (args.name1 === undefined || (retprobe && session)) throw new Refusal(EINVAL);
  const isGiven = symbols !== undefined || args.offsets !== undefined;
  if (pattern !== undefined) {
    if (isGiven || counters !== undefined || cookies !== undefined || count !== 0) throw new Refusal(EINVAL);
  } else if (count === 0 || (symbols === undefined) === (args.offsets === undefined)) {
    throw new Refusal(EINVAL);
  }
  let path = args.name1;
  let { offsets } = args;
  if (pattern !== undefined) {
    path = binaryPath(context, path, `prog '${name}': failed to resolve full path for`);
    offsets = words(matchingOffsets(context, path, globPattern(pattern)));
  } else if (symbols !== undefined) {
    offsets = words(functionOffsets(context, path, symbols));
  }
  const found = offsets ?? new Uint8Array(0);
  const linkFd = rawCreateLink(programFd, {
    attachType: session ? BPF_TRACE_UPROBE_SESSION : BPF_TRACE_UPROBE_MULTI,
    sizeBytes: 64,
    fill: (attr) => {
      attr.pointer(16, encodeCString(path)).pointer(24, found);
      if (counters !== undefined) attr.pointer(32, counters);
      if (cookies !== undefined) attr.pointer(40, cookies);
      attr.u32(48, found.length / 8).u32(52, retprobe ? BPF_F_UPROBE_MULTI_RETURN : 0);
      attr.u32(56, args.target < 0 ? 0 : args.target || process.pid);
    },
  });
  return { linkFd: accepted(context, linkFd, `prog '${name}': failed to attach multi-uprobe`) };
}

/** Fields of the attribute: type ids 16, cookies 24, count 32. */
export function attachTracingMulti(target: AttachTarget, args: LinkArguments): LinkResources {
  const { context, name, program, programFd } = target;
  const { name1: pattern, ids, cookies } = args;
  if ((pattern === undefined) === (ids === undefined)) throw new Refusal(EINVAL);
  if (pattern !== undefined && cookies !== undefined) throw new Refusal(EINVAL);
  const found = ids ?? functionIds(target, pattern ?? "");
  if (found.length === 0) throw new Refusal(EINVAL);
  const linkFd = rawCreateLink(programFd, {
    attachType: program.expectedAttachType,
    sizeBytes: 40,
    fill: (attr) => {
      attr.pointer(16, found).u32(32, found.length / 4);
      if (cookies !== undefined) attr.pointer(24, cookies);
    },
  });
  return { linkFd: accepted(context, linkFd, `prog '${name}': failed to attach`) };
}

function functionIds({ context }: AttachTarget, pattern: string): Uint8Array {
  const btf = kernelTypes(context);
  if (pattern.includes(":")) throw new Refusal(EINVAL);
  return new Uint8Array(Uint32Array.from(traceableFunctions(btf, globPattern(pattern))).buffer);
}

/** 64-bit numbers as bytes of this machine. */
export function words(values: readonly bigint[]): Uint8Array {
  return new Uint8Array(BigUint64Array.from(values).buffer);
}
