import { basename } from "node:path";
import { WasmBpfError } from "../../../internal/index.ts";
import { havePerfLink, haveSyscallWrapper, syscallWrapperPrefix } from "../../../kernel/index.ts";
import {
  haveKprobeEvents,
  type LinkResources,
  openProbeEvent,
  openTraceEventFd,
  type Probe,
  probeDeviceType,
  rawCreateLink,
  retprobeBit,
  traceEventId,
  writeTraceEvents,
} from "../../../link/index.ts";
import { BPF_PERF_EVENT } from "../../../uapi/bpf.ts";
import { EINVAL, ENOENT, EOPNOTSUPP, EPROTO } from "../../../uapi/errno.ts";
import { PERF_EVENT_IOC_DISABLE, PERF_EVENT_IOC_ENABLE, PERF_EVENT_IOC_SET_BPF } from "../../../uapi/perf.ts";
import { errnoOf } from "../../abi-v1/index.ts";
import type { AbiV2Context } from "../context.ts";
import { NO_FD } from "../fd-resolver.ts";
import { findKernel } from "../kernel-descriptor.ts";
import { errorText } from "../lines/error-text.ts";
import { Refusal } from "../refusal.ts";
import { type LinkArguments, MODE_LEGACY, MODE_LINK, MODE_PERF } from "./arguments.ts";
import { binaryPath, functionOffset, withBinary } from "./elf.ts";
import { NO_NAME } from "./kernel-hook.ts";
import { type AttachTarget, accepted, mustBeLoaded, refuse } from "./target.ts";

const MOST_SEMAPHORE_OFFSET = 2n ** 32n;
const ALL_PROCESSES = -1;

let sequence = 0;

/** How a program gets to a perf event. */
interface EventOptions {
  readonly cookie: bigint;
  /** Sets the program of the event, without a link. */
  readonly byIoctl: boolean;
  /** Leaves the event as it is. */
  readonly disabled?: boolean;
  /** The guest's number, where the event is its own. */
  readonly shownFd?: number;
  /** Removes what the event was made from. */
  readonly undo?: (() => void) | undefined;
}

/**
 * Attaches to a perf event, which is the link's from here on: it is closed when this fails.
 *
 * @param line what libbpf says about the hook when this fails, up to the error
 */
function attachToEvent(
  target: AttachTarget,
  event: number,
  options: EventOptions,
  line?: string,
): LinkResources {
  const { context } = target;
  const { sys } = context;
  let linkFd: number | undefined;
  try {
    linkFd = programOfEvent(target, event, options);
    const enabled = options.disabled ? 0 : sys.ioctl(event, PERF_EVENT_IOC_ENABLE, 0);
    const shownFd = options.shownFd ?? event;
    accepted(context, enabled, `prog '${target.name}': failed to enable perf_event FD ${shownFd}`);
  } catch (error) {
    if (linkFd !== undefined) sys.close(linkFd);
    if (event >= 0) sys.close(event);
    options.undo?.();
    if (line !== undefined && error instanceof Refusal) {
      context.log.write(0, `prog '${target.name}': ${line}: ${errorText(error.errno)}`);
    }
    throw error;
  }
  return {
    ...(linkFd === undefined ? {} : { linkFd }),
    fds: [event],
    ...(options.undo === undefined ? {} : { undo: options.undo }),
  };
}

/** @returns the link's descriptor, `undefined` when there is none. */
function programOfEvent(target: AttachTarget, event: number, options: EventOptions): number | undefined {
  const { context, name, program, programFd } = target;
  const { cookie, byIoctl, shownFd = event } = options;
  mustBeLoaded(context, program);
  if (!byIoctl && havePerfLink()) {
    const linkFd = rawCreateLink(programFd, {
      target: event,
      attachType: BPF_PERF_EVENT,
      sizeBytes: 24,
      fill: (attr) => attr.u64(16, cookie),
    });
    return accepted(
      context,
      linkFd,
      `prog '${name}': failed to create BPF link for perf_event FD ${shownFd}`,
    );
  }
  if (cookie !== 0n) refuse(context, EOPNOTSUPP, `prog '${name}': user context value is not supported`);
  const result = context.sys.ioctl(event, PERF_EVENT_IOC_SET_BPF, programFd);
  if (result < 0) {
    const lines = [`prog '${name}': failed to attach to perf_event FD ${shownFd}: ${errorText(-result)}`];
    if (result === -EPROTO) {
      lines.push(
        `prog '${name}': try add PERF_SAMPLE_CALLCHAIN to or remove exclude_callchain_[kernel|user] from pfd ${shownFd}`,
      );
    }
    for (const text of lines) context.log.write(0, text);
    throw new Refusal(-result);
  }
  return undefined;
}

/** A perf event of the guest's, which stays the guest's. */
export function attachPerfEvent(target: AttachTarget, args: LinkArguments): LinkResources {
  const { context, name } = target;
  const { sys, fds } = context;
  if (args.target < 0) refuse(context, EINVAL, `prog '${name}': invalid perf event FD ${args.target}`);
  const hostFd = findKernel(fds, args.target, "perf-event")?.hostFd;
  // The kernel says what is wrong with a descriptor that is none.
  const event = hostFd === undefined ? NO_FD : accepted(context, sys.dup(hostFd));
  const { cookie, disabled, mode, target: shownFd } = args;
  const byIoctl = mode === MODE_LEGACY || mode === MODE_PERF;
  const attached = attachToEvent(target, event, { cookie, byIoctl, disabled, shownFd });
  if (attached.linkFd !== undefined) return attached;
  // The guest's descriptor keeps the event, and the program with it.
  const onDisable = sys.dup(event);
  return {
    ...attached,
    undo: () => {
      sys.ioctl(onDisable, PERF_EVENT_IOC_DISABLE, 0);
      sys.close(onDisable);
    },
  };
}

export function attachTracepoint(target: AttachTarget, args: LinkArguments): LinkResources {
  const { context, name } = target;
  const { name1: category = NO_NAME, name2: tracepoint = NO_NAME } = args;
  const place = `'${category}/${tracepoint}'`;
  const event = openTracepoint(target, category, tracepoint);
  accepted(context, event, `prog '${name}': failed to create tracepoint ${place} perf event`);
  const options = { cookie: args.cookie, byIoctl: false };
  return attachToEvent(target, event, options, `failed to attach to tracepoint ${place}`);
}

/** @returns the event, or -errno after a line */
function openTracepoint({ context }: AttachTarget, category: string, name: string): number {
  const place = `'${category}/${name}'`;
  const isName = /^[^/]+$/.test(category) && /^[^/]+$/.test(name) && category !== ".." && name !== "..";
  const id = isName ? eventId(context, category, name) : -ENOENT;
  if (id < 0) {
    const file = `/sys/kernel/tracing/events/${category}/${name}/id`;
    context.log.write(2, `failed to open '${file}': ${errorText(-id)}`);
    context.log.write(0, `failed to determine tracepoint ${place} perf event ID: ${errorText(-id)}`);
    return id;
  }
  const event = openTraceEventFd(id);
  if (event < 0) {
    context.log.write(0, `tracepoint ${place} perf_event_open() failed: ${errorText(-event)}`);
  }
  return event;
}

/** @returns the number of a trace event, or -errno; a file system that cannot be read is explained by a line */
function eventId(context: AbiV2Context, category: string, name: string): number {
  try {
    return traceEventId("Cannot find tracepoints", category, name) ?? -ENOENT;
  } catch (error) {
    if (!(error instanceof WasmBpfError)) throw error;
    context.log.write(0, error.message);
    return -errnoOf(error);
  }
}

export function attachKprobe(target: AttachTarget, args: LinkArguments): LinkResources {
  const { name1: name } = args;
  const hasDevice = deviceType(target, "kprobe") !== undefined;
  const { byIoctl, legacy } = probeMode(args.mode, hasDevice);
  // A place that is given by its address has no name, and tracefs wants one.
  if (name === undefined && legacy) throw new Refusal(EOPNOTSUPP);
  const { offset, retprobe } = args;
  const probe: Probe = { device: "kprobe", name: name ?? "", offset, retprobe };
  const where = `${name === undefined ? "" : `${name}+`}0x${offset.toString(16)}`;
  const place = `${retprobe ? "kretprobe" : "kprobe"} '${where}'`;
  return attachProbe(target, args, probe, { legacy, byIoctl, place });
}

/** Guests that have been told whether there are probes, by which libbpf finds out how system calls are called. */
const wrapperKnown = new WeakSet<AbiV2Context>();

/** The kernel function of a system call. */
export function attachKsyscall(target: AttachTarget, args: LinkArguments): LinkResources {
  const { context } = target;
  const type = wrapperKnown.has(context) ? probeDeviceType("kprobe") : deviceType(target, "kprobe");
  wrapperKnown.add(context);
  // libbpf finds out by a probe, so that without probes it finds nothing.
  const isKnown = type !== undefined || haveKprobeEvents("Cannot attach a probe");
  const prefix = isKnown && haveSyscallWrapper() ? `__${syscallWrapperPrefix()}_sys_` : "__se_sys_";
  const name1 = prefix + (args.name1 ?? NO_NAME);
  return attachKprobe(target, { ...args, name1, offset: 0n, mode: 0 });
}

export function attachUprobe(target: AttachTarget, args: LinkArguments): LinkResources {
  const { context, name } = target;
  if (args.name1 === undefined) throw new Refusal(EINVAL);
  const path = binaryPath(context, args.name1, `prog '${name}': failed to resolve full path for`);
  const { name2: symbol } = args;
  const start =
    symbol === undefined
      ? 0
      : withBinary(context, path, (file) => functionOffset(context, file, path, symbol));
  const offset = Number(args.offset) + start;
  const hasDevice = deviceType(target, "uprobe") !== undefined;
  const { byIoctl, legacy } = probeMode(args.mode, hasDevice);
  if (legacy && args.referenceCounter !== 0n) throw new Refusal(EINVAL);
  const probe: Probe = {
    device: "uprobe",
    name: path,
    offset,
    retprobe: args.retprobe,
    semaphoreOffset: Number(args.referenceCounter),
    ...(args.target < 0 ? {} : { pid: args.target === 0 ? process.pid : args.target }),
  };
  const place = `${args.retprobe ? "uretprobe" : "uprobe"} '${path}:0x${offset.toString(16)}'`;
  return attachProbe(target, args, probe, { legacy, byIoctl, place });
}

/** Type of the perf events of probes; where there is none, libbpf says which file it missed. */
function deviceType({ context }: AttachTarget, device: Probe["device"]): number | undefined {
  const type = probeDeviceType(device);
  if (type === undefined) {
    const file = `/sys/bus/event_source/devices/${device}/type`;
    context.log.write(2, `failed to open '${file}': ${errorText(ENOENT)}`);
  }
  return type;
}

interface ProbeMode {
  /** A probe that is defined in tracefs. */
  readonly legacy: boolean;
  readonly byIoctl: boolean;
}

/** What the wish and the kernel make of it. @throws {Refusal} EOPNOTSUPP when the kernel lacks what is wished for */
function probeMode(mode: number, hasDevice: boolean): ProbeMode {
  switch (mode) {
    case 0:
      return { legacy: !hasDevice, byIoctl: false };
    case MODE_LEGACY:
      return { legacy: true, byIoctl: true };
    case MODE_PERF:
      if (!hasDevice) throw new Refusal(EOPNOTSUPP);
      return { legacy: false, byIoctl: true };
    case MODE_LINK:
      if (!hasDevice || !havePerfLink()) throw new Refusal(EOPNOTSUPP);
      return { legacy: false, byIoctl: false };
    default:
      throw new Refusal(EINVAL);
  }
}

function attachProbe(
  target: AttachTarget,
  args: LinkArguments,
  probe: Probe,
  { legacy, byIoctl, place }: ProbeMode & { readonly place: string },
): LinkResources {
  const { context, name } = target;
  const made = legacy ? legacyProbe(target, probe) : { event: deviceProbe(target, probe, args) };
  accepted(context, made.event, `prog '${name}': failed to create ${place} perf event`);
  return attachToEvent(
    target,
    made.event,
    { cookie: args.cookie, byIoctl, undo: made.undo },
    `failed to attach to ${place}`,
  );
}

/** A created event, or -errno. */
interface ProbeEvent {
  readonly event: number;
  readonly undo?: () => void;
}

function deviceProbe({ context }: AttachTarget, probe: Probe, args: LinkArguments): number {
  // libbpf's own limits: semaphores have 32 bits of an event's configuration, and all processes are -1.
  if (args.referenceCounter >= MOST_SEMAPHORE_OFFSET || args.target < ALL_PROCESSES) return -EINVAL;
  const type = probeDeviceType(probe.device);
  const bit = probe.retprobe ? retprobeBit(probe.device) : undefined;
  if (type === undefined || (probe.retprobe && bit === undefined)) {
    const what = type === undefined ? "perf type" : "retprobe bit";
    context.log.write(0, `failed to determine ${probe.device} ${what}: ${errorText(ENOENT)}`);
    return -ENOENT;
  }
  return openProbeEvent(type, bit, probe);
}

/** The way of kernels before 4.17. */
function legacyProbe({ context }: AttachTarget, probe: Probe): ProbeEvent {
  const { device, retprobe, offset } = probe;
  const action = "Cannot attach a probe";
  const at = `0x${offset.toString(16)}`;
  const place = device === "kprobe" ? `'${probe.name}+${at}'` : `${probe.name}:${at}`;
  const definition = device === "kprobe" ? `${probe.name}+${at}` : `${probe.name}:${at}`;
  const group = `${retprobe ? `${device[0]}ret${device.slice(1)}` : device}s`;
  const event = `libbpf_${process.pid}_${sequence++}_${basename(probe.name)}_${at}`.replaceAll(
    /[^0-9a-zA-Z]/g,
    "_",
  );
  const file = `${device}_events`;
  const added = /\s/.test(definition)
    ? -EINVAL
    : writeTraceEvents(action, file, `${retprobe ? "r" : "p"}:${group}/${event} ${definition}`);
  if (added < 0) {
    context.log.write(0, `failed to add legacy ${device} event for ${place}: ${errorText(-added)}`);
    return { event: added };
  }
  const undo = (): void => void writeTraceEvents(action, file, `-:${group}/${event}`);
  const id = traceEventId(action, group, event);
  const opened = id === undefined ? -ENOENT : openTraceEventFd(id, probe.pid);
  if (opened >= 0) return { event: opened, undo };
  context.log.write(
    0,
    id === undefined
      ? `failed to determine legacy ${device} event id for ${place}: ${errorText(ENOENT)}`
      : `legacy ${device} perf_event_open() failed: ${errorText(-opened)}`,
  );
  undo();
  return { event: opened };
}
