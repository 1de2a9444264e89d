import type { BpfMap, BpfProgram } from "../../../ebpf/index.ts";
import { WasmBpfError } from "../../../internal/index.ts";
import { type Attachment, attachStructOps, LinkHolder, type StructOpsLink } from "../../../link/index.ts";
import { BpfAttr } from "../../../sys/index.ts";
import * as bpf from "../../../uapi/bpf.ts";
import { EINVAL } from "../../../uapi/errno.ts";
import type { HostImports } from "../../host-import.ts";
import type { AbiV2Context } from "../context.ts";
import { NO_FD } from "../fd-resolver.ts";
import { guestMap, guestObject, guestProgram } from "../guest-object.ts";
import { findKernel, KernelDescriptor, kernelDescriptor } from "../kernel-descriptor.ts";
import { guestCall, Refusal } from "../refusal.ts";
import * as args from "./arguments.ts";
import * as link from "./kernel-hook.ts";
import { openRawTracepoint, programOrMap } from "./kernel-hook.ts";
import { createKernelLink, linkRequest } from "./kernel-link.ts";
import * as multi from "./multi.ts";
import * as probe from "./probe.ts";
import { sectionArguments } from "./section.ts";
import { type Attach, accepted, mustBeLoaded, refuse } from "./target.ts";
import { attachUsdt } from "./usdt.ts";

const ATTACH: Readonly<Record<number, Attach>> = {
  [args.HOOK_TRACEPOINT]: probe.attachTracepoint,
  [args.HOOK_RAW_TRACEPOINT]: link.attachRawTracepoint,
  [args.HOOK_KPROBE]: probe.attachKprobe,
  [args.HOOK_KPROBE_MULTI]: multi.attachKprobeMulti,
  [args.HOOK_KSYSCALL]: probe.attachKsyscall,
  [args.HOOK_UPROBE]: probe.attachUprobe,
  [args.HOOK_UPROBE_MULTI]: multi.attachUprobeMulti,
  [args.HOOK_USDT]: attachUsdt,
  [args.HOOK_PERF_EVENT]: probe.attachPerfEvent,
  [args.HOOK_TRACING]: link.attachTracing,
  [args.HOOK_LSM]: link.attachTracing,
  [args.HOOK_CGROUP]: link.attachCgroup,
  [args.HOOK_NETNS]: link.attachNetns,
  [args.HOOK_SOCKMAP]: link.attachSockmap,
  [args.HOOK_XDP]: link.attachXdp,
  [args.HOOK_FREPLACE]: link.attachFreplace,
  [args.HOOK_NETFILTER]: link.attachNetfilter,
  [args.HOOK_TCX]: link.attachTcx,
  [args.HOOK_NETKIT]: link.attachNetkit,
  [args.HOOK_ITERATOR]: link.attachIterator,
  [args.HOOK_TRACING_MULTI]: multi.attachTracingMulti,
};

/** Hooks that libbpf makes an event for before it looks whether the program is loaded. */
const BY_EVENT: readonly number[] = [
  args.HOOK_TRACEPOINT,
  args.HOOK_KPROBE,
  args.HOOK_KSYSCALL,
  args.HOOK_UPROBE,
];

/** Attaching programs, see `docs/abi-v2.md`. */
export function linkImports(context: AbiV2Context): HostImports {
  const { fds, handles, interrupts, memory, sys } = context;
  /** Closing the descriptors of these leaves them attached. */
  const disconnected = new WeakSet<Attachment>();

  /** A descriptor of the guest; the attachment is closed when there is no room for it. */
  function linkDescriptor(attachment: Attachment, hostFd = attachment.fd ?? -1): number {
    const onClose = (): void => close(attachment);
    return fds.add(
      new KernelDescriptor({ sys, interrupts, kind: "link", hostFd, object: attachment, onClose }),
    );
  }

  function close(attachment: Attachment): void {
    if (disconnected.has(attachment)) {
      // As in a native program, it is attached until the process ends.
      handles.add(attachment);
      return;
    }
    try {
      interrupts.hostWork(() => attachment.close());
    } catch (error) {
      if (!(error instanceof WasmBpfError)) throw error;
      context.report(error);
    }
  }

  function attachProgram(program: BpfProgram, given: args.LinkArguments): number {
    const { name } = program;
    if (given.hook === 0 ? program.section.autoAttach : !BY_EVENT.includes(given.hook)) {
      mustBeLoaded(context, program);
    }
    const request =
      given.hook === 0 ? { ...sectionArguments(context, program), cookie: given.cookie } : given;
    const attach = ATTACH[request.hook] ?? refuse(context, EINVAL);
    const attached = attach(
      { context, program, name, programFd: program.loaded ? program.fd : NO_FD },
      request,
    );
    if ("close" in attached) return linkDescriptor(attached);
    const { linkFd, fds: events } = attached;
    const holder = new LinkHolder(`the link of program "${name}"`, "link", attached);
    return linkDescriptor(holder, linkFd ?? events?.[0]);
  }

  function attachMap(map: BpfMap): number {
    const { name } = map;
    if (map.structOpsValue === undefined) {
      const isStructOps = map.type === bpf.BPF_MAP_TYPE_STRUCT_OPS;
      const reason = isStructOps
        ? "can't attach BPF map without FD (was it created?)"
        : "can't attach non-struct_ops map";
      refuse(context, EINVAL, `map '${name}': ${reason}`);
    }
    return linkDescriptor(attachStructOps(map));
  }

  function create(fd: number, targetFd: number, type: number, request: number): number {
    const given = linkRequest(memory, request, type);
    if (given.hook !== 0 && given.hook !== args.HOOK_RAW_TRACEPOINT) throw new Refusal(EINVAL);
    let linkFd: number;
    if (given.hook === args.HOOK_RAW_TRACEPOINT) {
      linkFd = openRawTracepoint(context, kernelDescriptor(fds, fd, "program").hostFd, given);
    } else {
      const kind = type === bpf.BPF_STRUCT_OPS ? "map" : "program";
      linkFd = createKernelLink(context, kernelDescriptor(fds, fd, kind).hostFd, targetFd, type, given);
    }
    accepted(context, linkFd);
    return linkDescriptor(new LinkHolder("the link of a program", "link", { linkFd }));
  }

  function update(fd: number, newFd: number, oldFd: number, flags: number): number {
    const { hostFd, object } = kernelDescriptor(fds, fd, "link");
    const map = findKernel(fds, newFd, "map")?.object.map;
    if (map !== undefined && object !== undefined && isStructOps(object)) {
      // Without a link there is nothing to put another map behind.
      if (object.fd === undefined) throw new Refusal(EINVAL);
      object.update(map);
      return 0;
    }
    const old = (flags & bpf.BPF_F_REPLACE) === 0 ? 0 : programOrMap(context, oldFd);
    const attr = new BpfAttr(16).u32(0, hostFd).u32(4, programOrMap(context, newFd)).u32(8, flags);
    return sys.bpf(bpf.BPF_LINK_UPDATE, attr.u32(12, old));
  }

  function disconnect(fd: number): number {
    const { hostFd, object } = kernelDescriptor(fds, fd, "link");
    if (object !== undefined) {
      disconnected.add(object);
      return 0;
    }
    const kept = accepted(context, sys.dup(hostFd));
    handles.add({ close: () => void sys.close(kept) });
    return 0;
  }

  function createIterator(fd: number): number {
    const { hostFd } = kernelDescriptor(fds, fd, "link");
    const stream = accepted(context, sys.bpf(bpf.BPF_ITER_CREATE, new BpfAttr(8).u32(0, hostFd)));
    return fds.add(
      new KernelDescriptor({ sys, interrupts, kind: "iterator", hostFd: stream, object: undefined }),
    );
  }

  return {
    link_attach: guestCall((object: number, index: number, request: number) =>
      interrupts.hostWork(() => {
        const given = args.linkArguments(memory, request);
        return given.hook === args.HOOK_STRUCT_OPS
          ? attachMap(guestMap(context, object, index))
          : guestObject(context, object).object.withToken(() =>
              attachProgram(guestProgram(context, object, index), given),
            );
      }),
    ),
    link_create: guestCall((fd: number, targetFd: number, type: number, request: number) =>
      interrupts.hostWork(() => create(fd, targetFd, type, request)),
    ),
    link_update: guestCall(update),
    link_detach: guestCall((fd: number) => {
      const { hostFd } = kernelDescriptor(fds, fd, "link");
      return interrupts.hostWork(() => sys.bpf(bpf.BPF_LINK_DETACH, new BpfAttr(4).u32(0, hostFd)));
    }),
    link_disconnect: guestCall(disconnect),
    iter_create: guestCall(createIterator),
  };
}

function isStructOps(attachment: Attachment): attachment is StructOpsLink {
  return attachment.kind === "struct_ops";
}
