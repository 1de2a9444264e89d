import { checkedCall, getSys, SystemCallError } from "../sys/index.ts";
import { EINVAL, ENOENT } from "../uapi/errno.ts";
import type { Link } from "./link.ts";
import { attachToPerfEvent } from "./perf-link.ts";
import { openProbe, probeDeviceType } from "./probe-pmu.ts";
import { type AttachRequest, attachAction, attachError, requiredTarget, splitOffset } from "./request.ts";
import { traceEventId, withTracefs, writeTraceEvents } from "./tracefs.ts";
import { openTraceEvent } from "./tracepoint.ts";

let sequence = 0;

/** Attaches to a kernel function, `name` or `name+offset`, or to its return. */
export function attachKprobe(request: AttachRequest): Link {
  const target = requiredTarget(request, "a kernel function, such as do_unlinkat");
  return attachKprobeTo(request, target, "kprobe");
}

/** Attaches to one kernel function on behalf of the hook `kind`. */
export function attachKprobeTo(request: AttachRequest, target: string, kind: string): Link {
  const { program, options } = request;
  const retprobe = options.retprobe ?? program.section.name.startsWith("kret");
  const { name, offset } = splitOffset(target);
  if (!/^[\w.$]+$/.test(name)) throw attachError(request, "INVALID_ARGUMENT", `${name} is no function name`);
  if (retprobe && offset !== 0) {
    throw attachError(request, "INVALID_ARGUMENT", "a return probe has no offset");
  }
  const type = options.mode === "legacy" ? undefined : probeDeviceType("kprobe");
  if (type === undefined) return attachByTraceEvent(request, kind, name, offset, retprobe);
  const fd = openProbe(request, type, { device: "kprobe", name, offset, retprobe });
  if (fd === -ENOENT || fd === -EINVAL) {
    throw new SystemCallError(
      -fd,
      "perf_event_open(kprobe)",
      `${attachAction(request)}: this kernel has no function ${name}, it is inlined, or it cannot be probed`,
    );
  }
  return attachToPerfEvent(request, kind, checkedCall(fd, "perf_event_open(kprobe)", attachAction(request)));
}

/** Whether probes of the kernel can be defined in tracefs. */
export function haveKprobeEvents(action: string): boolean {
  return withTracefs(action, (directory) => {
    const fd = getSys().open(`${directory}/kprobe_events`, 0);
    if (fd >= 0) getSys().close(fd);
    return fd !== -ENOENT;
  });
}

/** The way of kernels before 4.17: a probe that is defined in tracefs. */
function attachByTraceEvent(
  request: AttachRequest,
  kind: string,
  name: string,
  offset: number,
  retprobe: boolean,
): Link {
  const action = attachAction(request);
  if (!haveKprobeEvents(action)) {
    throw attachError(request, "NOT_SUPPORTED", "this kernel has no kprobes (CONFIG_KPROBE_EVENTS is off)");
  }
  const event = `wasm_bpf_${process.pid}_${sequence++}`;
  const definition = `${retprobe ? "r" : "p"}:kprobes/${event} ${name}+${offset}`;
  checkedCall(writeTraceEvents(action, "kprobe_events", definition), "write(kprobe_events)", action);
  const remove = (): void => void writeTraceEvents(action, "kprobe_events", `-:kprobes/${event}`);
  let fd: number;
  try {
    const id = traceEventId(action, "kprobes", event);
    if (id === undefined) throw attachError(request, "NOT_FOUND", `the trace event ${event} is not there`);
    fd = openTraceEvent(request, id);
  } catch (error) {
    remove();
    throw error;
  }
  return attachToPerfEvent(request, kind, fd, remove);
}
