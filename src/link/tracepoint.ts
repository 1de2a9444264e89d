import { checkedCall, getSys } from "../sys/index.ts";
import { PERF_TYPE_TRACEPOINT } from "../uapi/perf.ts";
import type { Link } from "./link.ts";
import { perfEventAttr } from "./perf-event-attr.ts";
import { attachToPerfEvent } from "./perf-link.ts";
import { type AttachRequest, attachAction, attachError, requiredTarget } from "./request.ts";
import { traceEventId } from "./tracefs.ts";

/** Attaches to a tracepoint, `category/name` or `category:name`. */
export function attachTracepoint(request: AttachRequest): Link {
  const target = requiredTarget(request, "a tracepoint as category:name, such as sched:sched_switch");
  const match = /^([\w.-]+)[/:]([\w.-]+)$/.exec(target);
  const [, category, name] = match ?? [];
  if (category === undefined || name === undefined) {
    throw attachError(request, "INVALID_ARGUMENT", "a tracepoint is written category:name or category/name");
  }
  const id = traceEventId(attachAction(request), category, name);
  if (id === undefined) {
    throw attachError(request, "NOT_FOUND", `this kernel has no tracepoint ${category}:${name}`);
  }
  return attachToPerfEvent(request, "tracepoint", openTraceEvent(request, id));
}

/** Opens a perf event for a trace event by its number; of every process, or of one. */
export function openTraceEvent(request: AttachRequest, id: number, pid = -1): number {
  return checkedCall(openTraceEventFd(id, pid), "perf_event_open(tracepoint)", attachAction(request));
}

/** As {@link openTraceEvent}. @returns the event's fd or -errno */
export function openTraceEventFd(id: number, pid = -1): number {
  const attr = perfEventAttr({ type: PERF_TYPE_TRACEPOINT, config: BigInt(id) });
  return getSys().perfEventOpen(attr, pid, pid === -1 ? 0 : -1, -1, 0);
}
