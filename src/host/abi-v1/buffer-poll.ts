import { EINTR } from "../../uapi/errno.ts";
import type { Interrupts } from "../interrupts.ts";
import type { GuestMemory } from "../memory.ts";
import type { GuestBuffer, GuestObject } from "./guest-object.ts";

/** The guest's function for one record. */
export type SampleCallback = (context: number, data: number, size: number) => unknown;

/** Counts of one guest's buffers. */
export interface BufferStatistics {
  delivered: number;
  /** Records that were longer than the guest's buffer and were cut off. */
  truncated: number;
  /** Records that found a perf buffer full, as the kernel reports; a ring buffer's program sees the failure itself. */
  lost: number;
}

const COMMIT_WAIT_NS = 50_000n;

/** What one `wasm_bpf_buffer_poll` call works with. */
export interface PollRequest {
  readonly memory: GuestMemory;
  readonly interrupts: Interrupts;
  readonly statistics: BufferStatistics;
  readonly owner: GuestObject;
  readonly buffer: GuestBuffer;
  /** Most records of one call, so that a fast producer cannot keep the call for ever. */
  readonly limit: number;
  readonly callback: SampleCallback;
  readonly context: number;
  readonly data: number;
  readonly maxSizeBytes: number;
  /** 0 only looks, -1 waits for ever. */
  readonly timeoutMs: number;
}

/**
 * Delivers every record that waits; waits for the first one when there is none.
 *
 * @returns number of records, 0 after the time, -EINTR after a signal (records that waited are delivered first), or
 *   the callback's negative result
 */
export function pollBuffer(request: PollRequest): number {
  const { interrupts, timeoutMs, buffer, owner } = request;
  const signalled = interrupts.consume();
  const dueMs = timeoutMs < 0 ? Number.POSITIVE_INFINITY : monotonicMs() + timeoutMs;
  let wasReadable = false;
  for (;;) {
    const delivered = deliver(request);
    if (signalled && delivered >= 0) return -EINTR;
    if (delivered !== 0 || owner.closed) return delivered;
    // Readable without a record: the first one is reserved and not committed yet.
    if (wasReadable && interrupts.sleep(COMMIT_WAIT_NS) < 0) return -EINTR;
    const left = dueMs - monotonicMs();
    if (left <= 0) return 0;
    const ready = interrupts.wait(timeoutMs < 0 ? -1 : Math.ceil(left), buffer.events.fd, (boundedMs) =>
      buffer.poller.wait(boundedMs),
    );
    if (ready < 0) return ready;
    wasReadable = ready > 0;
  }
}

function deliver(request: PollRequest): number {
  const { memory, statistics, owner, buffer, callback, context, data, maxSizeBytes } = request;
  const { events } = buffer;
  let count = 0;
  while (count < request.limit) {
    // SAFETY: the range was checked, and a guest's memory never shrinks. The record is out of the buffer before the
    // callback runs, so that the callback may poll again, or close the object.
    const size = events.takeInto(memory.bytes, data >>> 0, maxSizeBytes);
    statistics.lost += events.lost - buffer.countedLost;
    buffer.countedLost = events.lost;
    if (size < 0) break;
    count++;
    statistics.delivered++;
    if (events.lastSizeBytes > size) statistics.truncated++;
    const result = callback(context, data, size);
    if (typeof result === "number" && result < 0) return result;
    if (owner.closed) break;
  }
  return count;
}

function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}
