import { EFAULT, EINVAL } from "../../uapi/errno.ts";
import type { WasiCalls, WasiContext } from "./context.ts";

export const CLOCK_REALTIME = 0;
export const CLOCK_MONOTONIC = 1;
const CLOCK_PROCESS_CPUTIME = 2;
const CLOCK_THREAD_CPUTIME = 3;

/** `Date.now()` minus the monotonic clock, refined to nanoseconds as long as the two stay within a millisecond. */
let realtimeOffsetNs: bigint | undefined;

/**
 * Time of a WASI clock in nanoseconds; `undefined` for an unknown clock. The monotonic clock is the kernel's
 * CLOCK_MONOTONIC, the one `bpf_ktime_get_ns()` reads.
 */
export function clockTimeNs(clock: number): bigint | undefined {
  switch (clock) {
    case CLOCK_REALTIME:
      return realtimeNs();
    case CLOCK_MONOTONIC:
      return process.hrtime.bigint();
    case CLOCK_PROCESS_CPUTIME:
    case CLOCK_THREAD_CPUTIME: {
      // The guest is the process as far as it can tell; its thread is the one that does the work.
      const { user, system } = process.cpuUsage();
      return BigInt(user + system) * 1000n;
    }
    default:
      return undefined;
  }
}

function realtimeNs(): bigint {
  const monotonic = process.hrtime.bigint();
  const milliseconds = BigInt(Date.now()) * 1_000_000n;
  if (realtimeOffsetNs !== undefined) {
    const refined = monotonic + realtimeOffsetNs;
    const lead = refined - milliseconds;
    if (lead >= 0n && lead < 2_000_000n) return refined;
  }
  realtimeOffsetNs = milliseconds - monotonic;
  return milliseconds;
}

export function clockCalls({ memory }: WasiContext): WasiCalls {
  return {
    clock_res_get: [
      "ii",
      (clock: number, result: number) => {
        if (clock < CLOCK_REALTIME || clock > CLOCK_THREAD_CPUTIME) return -EINVAL;
        return memory.setU64(result, clock >= CLOCK_PROCESS_CPUTIME ? 1000n : 1n) ? 0 : -EFAULT;
      },
    ],
    clock_time_get: [
      "iIi",
      (clock: number, _precision: bigint, result: number) => {
        const time = clockTimeNs(clock);
        if (time === undefined) return -EINVAL;
        return memory.setU64(result, time) ? 0 : -EFAULT;
      },
    ],
  };
}
