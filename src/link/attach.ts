import type { BpfObject, BpfProgram } from "../ebpf/index.ts";
import { attachCgroup } from "./cgroup.ts";
import { attachIterator } from "./iter.ts";
import { attachKprobe } from "./kprobe.ts";
import { attachKprobeMulti } from "./kprobe-multi.ts";
import { attachKsyscall } from "./ksyscall.ts";
import type { Attachment, Link } from "./link.ts";
import { attachLirc } from "./lirc.ts";
import { attachLwt } from "./lwt.ts";
import { attachNetfilter } from "./netfilter.ts";
import { attachNetns } from "./netns.ts";
import { attachPerfEvent } from "./perf-event.ts";
import { attachRawTracepoint } from "./raw-tracepoint.ts";
import { type AttachOptions, type AttachRequest, attachError } from "./request.ts";
import { attachSkReuseport } from "./sk-reuseport.ts";
import { attachSocketFilter } from "./socket-filter.ts";
import { attachSockmap } from "./sockmap.ts";
import { attachStructOps } from "./struct-ops.ts";
import { attachTc } from "./tc.ts";
import { attachTcx } from "./tcx.ts";
import { attachTracepoint } from "./tracepoint.ts";
import { attachTracing } from "./tracing.ts";
import { attachTracingMulti } from "./tracing-multi.ts";
import { attachUprobe } from "./uprobe.ts";
import { attachUprobeMulti } from "./uprobe-multi.ts";
import { attachUsdt } from "./usdt.ts";
import { attachXdp } from "./xdp.ts";

/** What attaches each kind of hook. A hook of the section table that is missing here cannot be attached yet. */
const HOOKS: Readonly<Record<string, (request: AttachRequest) => Link>> = {
  cgroup: attachCgroup,
  freplace: attachTracing,
  iter: attachIterator,
  kprobe: attachKprobe,
  kprobe_multi: attachKprobeMulti,
  ksyscall: attachKsyscall,
  lsm: attachTracing,
  lirc: attachLirc,
  lwt: attachLwt,
  netfilter: attachNetfilter,
  netkit: attachTcx,
  netns: attachNetns,
  perf_event: attachPerfEvent,
  raw_tracepoint: attachRawTracepoint,
  sk_reuseport: attachSkReuseport,
  socket_filter: attachSocketFilter,
  sockmap: attachSockmap,
  tc: attachTc,
  tcx: attachTcx,
  tp_btf: attachTracing,
  trace: attachTracing,
  tracing_multi: attachTracingMulti,
  tracepoint: attachTracepoint,
  uprobe: attachUprobe,
  uprobe_multi: attachUprobeMulti,
  usdt: attachUsdt,
  xdp: attachXdp,
};

/** Hooks whose target is known when the program is loaded, so that a section without one can be attached. */
const FIXED_AT_LOAD = ["freplace", "iter", "lsm", "tp_btf", "trace"];

/**
 * Attaches a loaded program. The link is the caller's; give it to `object.adopt()` to have it closed with the object.
 *
 * @param target depends on the kind of program: `category:name` of a tracepoint, kernel function, `binary:symbol`,
 *   cgroup directory, network interface, ...; left out or empty: what the section name says
 * @throws {WasmBpfError} code `INVALID_ARGUMENT` when neither says where, `NOT_FOUND` when the target is not there,
 *   `NOT_SUPPORTED` when the kind of program cannot be attached, `CLOSED` when the program is not loaded.
 * @throws {SystemCallError} when the kernel refuses.
 */
export function attachProgram(program: BpfProgram, target?: string, options: AttachOptions = {}): Link {
  const { section, spec } = program;
  const request: AttachRequest = {
    program,
    target: target === undefined || target === "" ? section.target : target,
    options,
  };
  const attach = HOOKS[section.attachHook];
  if (attach === undefined) {
    const what =
      section.attachHook === "" ? `section "${spec.sectionName}"` : `the hook "${section.attachHook}"`;
    throw attachError(request, "NOT_SUPPORTED", `programs of ${what} cannot be attached`);
  }
  // Fails when the program is not loaded, before anything is opened.
  void program.fd;
  return attach(request);
}

/**
 * Attaches every loaded program whose section says where, and registers every struct_ops map, as libbpf's skeletons
 * do: programs without a target and kinds that do not attach by themselves are left to the caller. The object closes
 * the links with itself.
 *
 * @throws as {@link attachProgram}; what was attached before is closed.
 */
export function attachObject(object: BpfObject): Attachment[] {
  const links: Attachment[] = [];
  try {
    for (const program of object.programs.values()) {
      if (program.autoattach && program.loaded && namesTarget(program)) links.push(attachProgram(program));
    }
    for (const map of object.maps.values()) {
      if (map.structOpsValue !== undefined) links.push(attachStructOps(map));
    }
  } catch (error) {
    for (const link of links) link.close();
    throw error;
  }
  return links.map((link) => object.adopt(link));
}

/** Whether the section's name is enough to attach a program, so that skeletons do. */
export function namesTarget({ section }: BpfProgram): boolean {
  return section.autoAttach && (section.target !== undefined || FIXED_AT_LOAD.includes(section.attachHook));
}
