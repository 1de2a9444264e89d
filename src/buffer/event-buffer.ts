import type { WaitOptions } from "./readiness.ts";

/**
 * Where a BPF program's events arrive: a {@link RingBuffer} or a {@link PerfBuffer}. Records come in the order in
 * which the kernel committed them, per CPU for a perf buffer. Every method but `close`
 * and those that wait in the event loop throws {@link WasmBpfError} with code `CLOSED` after `close`.
 */
export interface EventBuffer extends Disposable, AsyncIterable<Uint8Array> {
  /** Descriptor that is readable (EPOLLIN) while records wait; owned by the buffer or its map. */
  readonly fd: number;
  readonly closed: boolean;
  /** Whether a record is ready; false after `close`. */
  readonly hasRecords: boolean;
  /** Whole size in bytes of the record that was taken last, also when less was copied. */
  readonly lastSizeBytes: number;
  /** Records that the kernel dropped and reported (perf buffers; a ring buffer's program sees the failure itself). */
  readonly lost: number;
  /**
   * Takes one record out and copies it. The record is gone before this returns, so code that runs on its contents
   * may use the buffer again.
   *
   * @param maxBytes longer records are truncated, see {@link lastSizeBytes}
   * @returns a copy, or `undefined` when no record is ready
   */
  take(maxBytes?: number): Uint8Array | undefined;
  /**
   * As {@link take}, without an allocation: copies at most `maxBytes` to `target` from `offsetBytes` on.
   *
   * @returns the number of bytes copied, or -1 when no record is ready
   */
  takeInto(target: Uint8Array, offsetBytes: number, maxBytes: number): number;
  /**
   * Calls `deliver` for each record that is ready, with a view into the kernel's buffer that is valid only during
   * the call. `deliver` may use the buffer again, close it included; the kernel gets the space back when the
   * outermost call returns.
   *
   * @param deliver a negative number as its result stops and is returned
   * @param limit greatest number of records
   * @returns number of records delivered, or the negative result
   */
  consume(deliver: (record: Uint8Array) => unknown, limit?: number): number;
  /** As {@link consume}, without an allocation: `deliver` gets the memory that the record is in, and where. */
  consumeInPlace(deliver: InPlace, limit?: number): number;
  /**
   * Waits in the event loop, without blocking the thread. Keeps the process going while it waits.
   *
   * @returns true when records wait, false when the buffer is closed, also meanwhile
   * @throws {SystemCallError} when the kernel refuses; the signal's reason when it is aborted
   */
  readable(options?: WaitOptions): Promise<boolean>;
  /**
   * Records as they arrive, as copies, until the buffer is closed: `for await (const record of buffer)`. Leaving the loop
   * leaves the buffer open.
   *
   * @throws as {@link readable}
   */
  records(options?: WaitOptions): AsyncGenerator<Uint8Array, void, undefined>;
  /** Unmaps the buffer and closes what it opened; the map itself stays. Closing twice does nothing. */
  close(): void;
}

/** Gets a record of `sizeBytes` bytes at `start` of `memory`; only valid during the call. */
export type InPlace = (memory: Uint8Array, start: number, sizeBytes: number) => unknown;

/** What a buffer needs of a map. */
export interface BufferMap {
  readonly fd: number;
  readonly maxEntries: number;
  /** BPF_MAP_TYPE_*, checked when it is known. */
  readonly type?: number;
  readonly name?: string;
}
