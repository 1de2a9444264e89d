import { callHelper, exit, mov64Imm, R1, R2, R3, R4, R5 } from "../asm/index.ts";
import { decodeCString } from "../internal/index.ts";
import { BpfAttr, getSys } from "../sys/index.ts";
import * as bpf from "../uapi/bpf.ts";
import { EAFNOSUPPORT, EBADF, EINVAL, ENODEV, EPERM, ESRCH } from "../uapi/errno.ts";
import { intBtf } from "./btf-features.ts";
import { createMap, type MapCreateArguments } from "./create-map.ts";
import { answerOf, cachedFeature } from "./feature-cache.ts";
import { havePerfLink, haveUprobeMultiLink } from "./features.ts";
import { kernelBtfIfAny } from "./kernel-btf.ts";
import { kernelVersion } from "./kernel-version.ts";
import { loadBtf } from "./load-btf.ts";
import type { ProgramLoadArguments } from "./load-program.ts";
import { loadProbeProgram, TRIVIAL_PROGRAM } from "./probe.ts";
import { missingFeature } from "./since.ts";

// The probes ask what libbpf's src/libbpf_probes.c (1.6) asks, and for links what the kernel's own checks answer.

/** What the kernel calls ENOTSUPP: not in user space's list. */
const ENOTSUPP = 524;
const LOG_SIZE = 4096;
const NO_INTERFACE = 0x7fffffff;

interface ProgramProbe {
  readonly load: Partial<ProgramLoadArguments>;
  /** The program type is known when the kernel refuses with this, and writes this to the log. */
  readonly errno?: number;
  readonly log?: string;
}

/** What a program type needs to be loaded; types that need a target are known by the way they are refused. */
function programProbe(type: number): ProgramProbe {
  const attach = (expectedAttachType: number): ProgramProbe => ({ load: { expectedAttachType } });
  switch (type) {
    case bpf.BPF_PROG_TYPE_CGROUP_SOCK_ADDR:
      return attach(bpf.BPF_CGROUP_INET4_CONNECT);
    case bpf.BPF_PROG_TYPE_CGROUP_SOCKOPT:
      return attach(bpf.BPF_CGROUP_GETSOCKOPT);
    case bpf.BPF_PROG_TYPE_SK_LOOKUP:
      return attach(bpf.BPF_SK_LOOKUP);
    case bpf.BPF_PROG_TYPE_LIRC_MODE2:
      return attach(bpf.BPF_LIRC_MODE2);
    case bpf.BPF_PROG_TYPE_NETFILTER:
      return attach(bpf.BPF_NETFILTER);
    case bpf.BPF_PROG_TYPE_KPROBE:
      return { load: { kernelVersion: kernelVersion() } };
    case bpf.BPF_PROG_TYPE_SYSCALL:
      return { load: { flags: bpf.BPF_F_SLEEPABLE } };
    // Type 1 of the kernel is an integer.
    case bpf.BPF_PROG_TYPE_TRACING:
      // A typed tracepoint: the other kinds need a trampoline, which some kernels refuse before they look.
      return {
        load: { expectedAttachType: bpf.BPF_TRACE_RAW_TP, attachBtfId: 1 },
        errno: EINVAL,
        log: "attach_btf_id 1 is not a typedef",
      };
    case bpf.BPF_PROG_TYPE_LSM:
      return {
        load: { expectedAttachType: bpf.BPF_LSM_MAC, attachBtfId: 1 },
        errno: EINVAL,
        log: "attach_btf_id 1 is not a function",
      };
    case bpf.BPF_PROG_TYPE_EXT:
      return { load: { attachBtfId: 1 }, errno: EINVAL, log: "Cannot replace kernel functions" };
    case bpf.BPF_PROG_TYPE_STRUCT_OPS:
      return { load: {}, errno: ENOTSUPP };
    default:
      return { load: {} };
  }
}

/** Whether the kernel knows a BPF_PROG_TYPE_*. */
export function haveProgramType(type: number): boolean {
  return cachedFeature(`program type ${type}`, () => {
    const { load, errno, log } = programProbe(type);
    const buffer = new Uint8Array(LOG_SIZE);
    const result = loadProbeProgram(type, TRIVIAL_PROGRAM, {
      ...load,
      ...(log === undefined ? {} : { log: buffer, logLevel: 1 }),
    });
    if (errno === undefined || result >= 0) return answerOf(result);
    if (result === -EPERM) return undefined;
    return result === -errno && (log === undefined || decodeCString(buffer).includes(log));
  });
}

/** Whether programs of a type may call a helper, BPF_FUNC_*. `undefined` for types that cannot be probed. */
export function haveHelper(programType: number, helper: number): boolean | undefined {
  switch (programType) {
    case bpf.BPF_PROG_TYPE_TRACING:
    case bpf.BPF_PROG_TYPE_EXT:
    case bpf.BPF_PROG_TYPE_LSM:
    case bpf.BPF_PROG_TYPE_STRUCT_OPS:
      // They need a target to be loaded for, and the trampoline that some kernels refuse.
      return undefined;
  }
  if (!haveProgramType(programType)) return false;
  return cachedFeature(`helper ${helper} in ${programType}`, () => {
    const log = new Uint8Array(LOG_SIZE);
    const result = loadProbeProgram(
      programType,
      // The call may be refused for its arguments; the log tells that from not knowing the helper.
      [...[R1, R2, R3, R4, R5].map((register) => mov64Imm(register, 0)), callHelper(helper), exit()],
      { ...programProbe(programType).load, log, logLevel: 1 },
    );
    if (result >= 0) return answerOf(result);
    const text = decodeCString(log);
    if (text === "") return result === -EPERM ? undefined : false;
    return !/invalid func |unknown func |program of this type cannot use helper /.test(text);
  });
}

/** What a map type needs to be created, besides four bytes of key and value and one entry. */
function mapProbe(type: number): Partial<MapCreateArguments> {
  const sizes = (keySizeBytes: number, valueSizeBytes: number, rest: Partial<MapCreateArguments> = {}) => ({
    keySizeBytes,
    valueSizeBytes,
    ...rest,
  });
  switch (type) {
    case bpf.BPF_MAP_TYPE_STACK_TRACE:
      return sizes(4, 8);
    case bpf.BPF_MAP_TYPE_LPM_TRIE:
      return sizes(8, 8, { flags: bpf.BPF_F_NO_PREALLOC });
    case bpf.BPF_MAP_TYPE_CGROUP_STORAGE:
    case bpf.BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE:
      return sizes(16, 8, { maxEntries: 0 });
    case bpf.BPF_MAP_TYPE_QUEUE:
    case bpf.BPF_MAP_TYPE_STACK:
    case bpf.BPF_MAP_TYPE_BLOOM_FILTER:
      return sizes(0, 4);
    case bpf.BPF_MAP_TYPE_RINGBUF:
    case bpf.BPF_MAP_TYPE_USER_RINGBUF:
      return sizes(0, 0, { maxEntries: getSys().pageSize });
    case bpf.BPF_MAP_TYPE_ARENA:
      return sizes(0, 0, { flags: bpf.BPF_F_MMAPABLE });
    case bpf.BPF_MAP_TYPE_REUSEPORT_SOCKARRAY:
    case bpf.BPF_MAP_TYPE_SOCKMAP:
    case bpf.BPF_MAP_TYPE_SOCKHASH:
      return sizes(4, 8);
    default:
      return {};
  }
}

/** Whether the kernel knows a BPF_MAP_TYPE_*. */
export function haveMapType(type: number): boolean {
  return cachedFeature(`map type ${type}`, () => {
    switch (type) {
      case bpf.BPF_MAP_TYPE_ARRAY_OF_MAPS:
      case bpf.BPF_MAP_TYPE_HASH_OF_MAPS:
        return withArray((innerMapFd) => answerOf(createProbeMap(type, { innerMapFd })));
      case bpf.BPF_MAP_TYPE_SK_STORAGE:
      case bpf.BPF_MAP_TYPE_INODE_STORAGE:
      case bpf.BPF_MAP_TYPE_TASK_STORAGE:
      case bpf.BPF_MAP_TYPE_CGRP_STORAGE:
        return withIntBtf((btfFd) =>
          answerOf(
            createProbeMap(type, {
              maxEntries: 0,
              flags: bpf.BPF_F_NO_PREALLOC,
              btfFd,
              keyTypeId: 1,
              valueTypeId: 1,
            }),
          ),
        );
      case bpf.BPF_MAP_TYPE_STRUCT_OPS: {
        // Type 1 is no operations' value: the kernel says ENOTSUPP once it knows the map.
        const result = createProbeMap(type, { vmlinuxValueTypeId: 1 });
        return result === -ENOTSUPP ? true : answerOf(result);
      }
      default:
        return answerOf(createProbeMap(type, mapProbe(type)));
    }
  });
}

function createProbeMap(type: number, rest: Partial<MapCreateArguments>): number {
  return createMap({ type, keySizeBytes: 4, valueSizeBytes: 4, maxEntries: 1, ...rest });
}

function withArray<T>(use: (fd: number) => T): T | undefined {
  const fd = createProbeMap(bpf.BPF_MAP_TYPE_HASH, {});
  if (fd < 0) return undefined;
  try {
    return use(fd);
  } finally {
    getSys().close(fd);
  }
}

function withIntBtf<T>(use: (fd: number) => T): T | undefined {
  const fd = loadBtf(intBtf());
  if (fd < 0) return undefined;
  try {
    return use(fd);
  } finally {
    getSys().close(fd);
  }
}

/** A program that could be attached by the link, a target that is not there, and what a kernel says that looks for it. */
interface LinkProbe {
  readonly programType: number;
  readonly attachType: number;
  readonly target: number;
  readonly errno: number;
  readonly fill?: (attr: BpfAttr) => void;
}

function linkProbe(type: number): LinkProbe | undefined {
  const probe = (
    programType: number,
    attachType: number,
    target: number,
    errno: number,
    fill?: LinkProbe["fill"],
  ): LinkProbe => ({ programType, attachType, target, errno, ...(fill === undefined ? {} : { fill }) });
  switch (type) {
    case bpf.BPF_LINK_TYPE_CGROUP:
      return probe(bpf.BPF_PROG_TYPE_CGROUP_SKB, bpf.BPF_CGROUP_INET_INGRESS, -1, EBADF);
    case bpf.BPF_LINK_TYPE_NETNS:
      // The namespace is looked for after the attach type is found to be one of namespaces.
      return probe(bpf.BPF_PROG_TYPE_SK_LOOKUP, bpf.BPF_SK_LOOKUP, -1, EBADF);
    case bpf.BPF_LINK_TYPE_TCX:
      return probe(bpf.BPF_PROG_TYPE_SCHED_CLS, bpf.BPF_TCX_INGRESS, NO_INTERFACE, ENODEV);
    case bpf.BPF_LINK_TYPE_NETKIT:
      return probe(bpf.BPF_PROG_TYPE_SCHED_CLS, bpf.BPF_NETKIT_PRIMARY, NO_INTERFACE, ENODEV);
    case bpf.BPF_LINK_TYPE_SOCKMAP:
      return probe(bpf.BPF_PROG_TYPE_SK_MSG, bpf.BPF_SK_MSG_VERDICT, -1, EBADF);
    case bpf.BPF_LINK_TYPE_NETFILTER:
      return probe(bpf.BPF_PROG_TYPE_NETFILTER, bpf.BPF_NETFILTER, 0, EAFNOSUPPORT, (attr) =>
        attr.u32(16, 255),
      );
    case bpf.BPF_LINK_TYPE_KPROBE_MULTI: {
      // One function, by a name that no kernel has.
      const name = new Uint8Array([0x2d, 0]);
      return probe(bpf.BPF_PROG_TYPE_KPROBE, bpf.BPF_TRACE_KPROBE_MULTI, 0, ESRCH, (attr) =>
        attr.u32(20, 1).pointerArray(24, [name]),
      );
    }
    default:
      // XDP answers EINVAL to everything that is wrong; the others need a target of their own.
      return undefined;
  }
}

/** Whether the kernel has a kind of link, BPF_LINK_TYPE_*. */
export function haveLinkType(type: number): boolean {
  switch (type) {
    case bpf.BPF_LINK_TYPE_PERF_EVENT:
      return havePerfLink();
    case bpf.BPF_LINK_TYPE_UPROBE_MULTI:
      return haveUprobeMultiLink();
    case bpf.BPF_LINK_TYPE_RAW_TRACEPOINT:
      return haveProgramType(bpf.BPF_PROG_TYPE_RAW_TRACEPOINT);
    case bpf.BPF_LINK_TYPE_STRUCT_OPS:
      // The number is older than the link that programs can make.
      return missingFeature("attach type", bpf.BPF_STRUCT_OPS) === undefined;
  }
  return cachedFeature(`link type ${type}`, () => {
    const probe = linkProbe(type);
    if (probe === undefined) return kernelLinkTypes()?.includes(type) ?? false;
    const { programType, attachType, target, errno, fill } = probe;
    const program = loadProbeProgram(programType, TRIVIAL_PROGRAM, { expectedAttachType: attachType });
    if (program < 0) return program === -EPERM ? undefined : false;
    const attr = new BpfAttr(64).u32(0, program).i32(4, target).u32(8, attachType);
    fill?.(attr);
    const link = getSys().bpf(bpf.BPF_LINK_CREATE, attr);
    if (link >= 0) getSys().close(link);
    getSys().close(program);
    return link === -EPERM ? undefined : link === -errno || link >= 0;
  });
}

/** The numbers in the kernel's own `enum bpf_link_type`; `undefined` when it has no BTF. */
function kernelLinkTypes(): number[] | undefined {
  const btf = kernelBtfIfAny();
  const id = btf?.find("bpf_link_type", "enum");
  const type = id === undefined ? undefined : btf?.type(id);
  if (type?.kind !== "enum") return undefined;
  // The last one, `__MAX_BPF_LINK_TYPE`, is their count.
  return type.values.filter(({ name }) => !name.startsWith("__")).map(({ value }) => Number(value));
}
