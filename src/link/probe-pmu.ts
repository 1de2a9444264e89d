import { encodeCString } from "../internal/index.ts";
import { checkedCall, getSys } from "../sys/index.ts";
import { perfEventAttr } from "./perf-event-attr.ts";
import { type AttachRequest, attachAction, attachError } from "./request.ts";
import { readNumber } from "./tracefs.ts";

const DEVICES = "/sys/bus/event_source/devices";
/** The upper half of a uprobe's configuration is the offset of its semaphore. */
const SEMAPHORE_SHIFT = 32n;

/** A probe as the kernel's perf devices for probes take it. */
export interface Probe {
  readonly device: "kprobe" | "uprobe";
  /** Kernel function or path of a binary; empty for a place in the kernel that is given by its address. */
  readonly name: string;
  /** From the start of the function or file, or the address. */
  readonly offset: number | bigint;
  readonly retprobe: boolean;
  readonly semaphoreOffset?: number;
  readonly pid?: number;
}

/** Type of the perf events of a device; `undefined` when the kernel has no such device. */
export function probeDeviceType(device: Probe["device"]): number | undefined {
  return readNumber(`${DEVICES}/${device}/type`);
}

/** Which bit of the configuration makes a return probe; `undefined` when the kernel has none. */
export function retprobeBit(device: Probe["device"]): number | undefined {
  return readNumber(`${DEVICES}/${device}/format/retprobe`, "config:");
}

/**
 * Opens a perf event for a probe. Requires Linux >= 4.17.
 *
 * @param type of {@link probeDeviceType}
 * @returns the event's fd or -errno
 */
export function openProbe(request: AttachRequest, type: number, probe: Probe): number {
  const bit = probe.retprobe ? retprobeBit(probe.device) : undefined;
  if (probe.retprobe && bit === undefined) {
    throw attachError(request, "NOT_SUPPORTED", "this kernel has no return probes");
  }
  return openProbeEvent(type, bit, probe);
}

/** As {@link openProbe}. @param bit of {@link retprobeBit}, for return probes */
export function openProbeEvent(type: number, bit: number | undefined, probe: Probe): number {
  let config = BigInt(probe.semaphoreOffset ?? 0) << SEMAPHORE_SHIFT;
  if (bit !== undefined) config |= 1n << BigInt(bit);
  const sys = getSys();
  const name = encodeCString(probe.name);
  const attr = perfEventAttr({
    type,
    config,
    config1: probe.name === "" ? 0n : sys.addressOf(name),
    config2: BigInt(probe.offset),
  });
  const pid = probe.pid ?? -1;
  const fd = sys.perfEventOpen(attr, pid, pid === -1 ? 0 : -1, -1, 0);
  // NB: the attribute has only the address of the name, so it must be used after the call to stay alive.
  return name.length > 0 ? fd : -1;
}

/** Same, with the error for people. @throws {SystemCallError} when the kernel refuses. */
export function openProbeChecked(request: AttachRequest, type: number, probe: Probe): number {
  return checkedCall(
    openProbe(request, type, probe),
    `perf_event_open(${probe.device})`,
    attachAction(request),
  );
}
