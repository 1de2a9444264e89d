import { onlineCpus } from "../kernel/index.ts";
import { checkedCall, getSys } from "../sys/index.ts";
import { PERF_COUNT_SW_CPU_CLOCK, PERF_TYPE_SOFTWARE } from "../uapi/perf.ts";
import type { Link } from "./link.ts";
import { LinkGroup } from "./link-group.ts";
import { perfEventAttr } from "./perf-event-attr.ts";
import { attachToPerfEvent } from "./perf-link.ts";
import { type AttachRequest, attachAction } from "./request.ts";

const DEFAULT_FREQUENCY_HZ = 99;

/**
 * Attaches to a perf event: by default the CPU clock of every CPU that is online, 99 times a second. The options say
 * which event, how often, on which CPU and of which process.
 */
export function attachPerfEvent(request: AttachRequest): Link {
  const { pid, perfEvent: event = {} } = request.options;
  const attr = perfEventAttr({
    type: event.type ?? PERF_TYPE_SOFTWARE,
    config: BigInt(event.config ?? PERF_COUNT_SW_CPU_CLOCK),
    samplePeriod: BigInt(event.period ?? event.frequencyHz ?? DEFAULT_FREQUENCY_HZ),
    frequency: event.period === undefined,
  });
  const attachOn = (cpu: number): Link => {
    const fd = getSys().perfEventOpen(attr, pid ?? -1, cpu, -1, 0);
    return attachToPerfEvent(
      request,
      "perf_event",
      checkedCall(fd, "perf_event_open", attachAction(request)),
    );
  };
  // An event of one process counts it on all CPUs; an event of all processes exists per CPU.
  const cpus = event.cpu !== undefined ? [event.cpu] : pid !== undefined ? [-1] : onlineCpus();
  return LinkGroup.attachAll(request.program, "perf_event", cpus, attachOn);
}
