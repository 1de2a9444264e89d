import {
  add64Imm,
  BPF_DW,
  callHelper,
  exit,
  loadMapValue,
  mov64Imm,
  mov64Reg,
  R1,
  R2,
  R3,
  R10,
  storeImm,
} from "../asm/index.ts";
import { BpfAttr, getSys } from "../sys/index.ts";
import {
  BPF_CGROUP_INET_SOCK_CREATE,
  BPF_F_MMAPABLE,
  BPF_FUNC_get_attach_cookie,
  BPF_FUNC_probe_read_kernel,
  BPF_LINK_CREATE,
  BPF_MAP_TYPE_ARRAY,
  BPF_PERF_EVENT,
  BPF_PROG_BIND_MAP,
  BPF_PROG_TYPE_CGROUP_SOCK,
  BPF_PROG_TYPE_KPROBE,
  BPF_PROG_TYPE_SOCKET_FILTER,
  BPF_PROG_TYPE_TRACEPOINT,
  BPF_TRACE_UPROBE_MULTI,
} from "../uapi/bpf.ts";
import { EBADF, EINVAL, EPERM } from "../uapi/errno.ts";
import { createMap } from "./create-map.ts";
import { answerOf, cachedFeature } from "./feature-cache.ts";
import { loadProbeProgram, TRIVIAL_PROGRAM } from "./probe.ts";

// The probes ask what libbpf's src/features.c (1.6) asks, so that both take the same decisions.

/** Names of programs and maps. Linux >= 4.15. */
export function haveObjectNames(): boolean {
  return cachedFeature("object names", () =>
    answerOf(loadProbeProgram(BPF_PROG_TYPE_SOCKET_FILTER, TRIVIAL_PROGRAM, { name: "probe_name" })),
  );
}

/** Global variables: direct access to map values. Linux >= 5.2. */
export function haveGlobalData(): boolean {
  return cachedFeature("global data", () => {
    const map = createMap({ type: BPF_MAP_TYPE_ARRAY, keySizeBytes: 4, valueSizeBytes: 32, maxEntries: 1 });
    if (map < 0) return undefined;
    const program = loadProbeProgram(BPF_PROG_TYPE_SOCKET_FILTER, [
      loadMapValue(R1, map, 16),
      storeImm(BPF_DW, R1, 0, 42),
      ...TRIVIAL_PROGRAM,
    ]);
    getSys().close(map);
    return answerOf(program);
  });
}

/** Array maps that user space can map. Linux >= 5.5. */
export function haveMmapableArrays(): boolean {
  return cachedFeature("mmapable arrays", () =>
    answerOf(
      createMap({
        type: BPF_MAP_TYPE_ARRAY,
        keySizeBytes: 4,
        valueSizeBytes: 4,
        maxEntries: 1,
        flags: BPF_F_MMAPABLE,
      }),
    ),
  );
}

/** `expected_attach_type` when loading a program. Linux >= 4.17. */
export function haveExpectedAttachType(): boolean {
  return cachedFeature("expected attach type", () =>
    answerOf(
      loadProbeProgram(BPF_PROG_TYPE_CGROUP_SOCK, TRIVIAL_PROGRAM, {
        expectedAttachType: BPF_CGROUP_INET_SOCK_CREATE,
      }),
    ),
  );
}

/** The helpers `bpf_probe_read_{kernel,user}[_str]`. Linux >= 5.5. */
export function haveProbeReadKernel(): boolean {
  return cachedFeature("bpf_probe_read_kernel", () =>
    answerOf(
      loadProbeProgram(BPF_PROG_TYPE_TRACEPOINT, [
        mov64Reg(R1, R10),
        add64Imm(R1, -8),
        mov64Imm(R2, 8),
        mov64Imm(R3, 0),
        callHelper(BPF_FUNC_probe_read_kernel),
        exit(),
      ]),
    ),
  );
}

/** Cookies of attachments (`bpf_get_attach_cookie`). Linux >= 5.15. */
export function haveAttachCookie(): boolean {
  return cachedFeature("attach cookie", () =>
    answerOf(loadProbeProgram(BPF_PROG_TYPE_TRACEPOINT, [callHelper(BPF_FUNC_get_attach_cookie), exit()])),
  );
}

/** `bpf(BPF_PROG_BIND_MAP)`. Linux >= 5.10. */
export function haveProgramBindMap(): boolean {
  return cachedFeature("program bind map", () => {
    const map = createMap({ type: BPF_MAP_TYPE_ARRAY, keySizeBytes: 4, valueSizeBytes: 32, maxEntries: 1 });
    if (map < 0) return undefined;
    const program = loadProbeProgram(BPF_PROG_TYPE_SOCKET_FILTER, TRIVIAL_PROGRAM);
    let answer: boolean | undefined;
    if (program >= 0) {
      answer = getSys().bpf(BPF_PROG_BIND_MAP, new BpfAttr(12).u32(0, program).u32(4, map)) >= 0;
      getSys().close(program);
    }
    getSys().close(map);
    return answer;
  });
}

/** Links of perf events: kprobes, uprobes and tracepoints attached by `BPF_LINK_CREATE`. Linux >= 5.15. */
export function havePerfLink(): boolean {
  return cachedFeature("perf link", () => {
    const program = loadProbeProgram(BPF_PROG_TYPE_TRACEPOINT, TRIVIAL_PROGRAM);
    if (program < 0) return program === -EPERM ? undefined : false;
    // A kernel that knows the link looks at the fd first (EBADF); one that does not refuses the type (EINVAL).
    const link = getSys().bpf(
      BPF_LINK_CREATE,
      new BpfAttr(24).u32(0, program).i32(4, -1).u32(8, BPF_PERF_EVENT),
    );
    if (link >= 0) getSys().close(link);
    getSys().close(program);
    return link === -EBADF;
  });
}

/**
 * Links of many uprobes at once, with a pid filter that filters processes (the first kernels filtered threads).
 * Linux >= 6.6.
 */
export function haveUprobeMultiLink(): boolean {
  return cachedFeature("uprobe multi link", () => {
    const program = loadProbeProgram(BPF_PROG_TYPE_KPROBE, TRIVIAL_PROGRAM, {
      expectedAttachType: BPF_TRACE_UPROBE_MULTI,
    });
    if (program < 0) return program === -EPERM ? undefined : false;
    // "/" is no binary: EBADF where the link is known, and EINVAL for a wrong pid once that is checked first.
    const supported =
      uprobeMultiRefusal(program, 0) === -EBADF && uprobeMultiRefusal(program, -1) === -EINVAL;
    getSys().close(program);
    return supported;
  });
}

function uprobeMultiRefusal(program: number, pid: number): number {
  const attr = new BpfAttr(64)
    .u32(0, program)
    .i32(4, -1)
    .u32(8, BPF_TRACE_UPROBE_MULTI)
    .pointer(16, new Uint8Array([0x2f, 0]))
    .pointer(24, new Uint8Array(8))
    .u32(48, 1)
    .i32(56, pid);
  const link = getSys().bpf(BPF_LINK_CREATE, attr);
  if (link >= 0) getSys().close(link);
  return link;
}
