import { WasmBpfError } from "../internal/index.ts";
import { checkedCall, getSys } from "../sys/index.ts";
import { EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLLIN } from "../uapi/linux.ts";
import type { EventBuffer } from "./event-buffer.ts";
import { Readiness, type WaitOptions } from "./readiness.ts";

/**
 * Waits for records in several buffers at once. It owns only its own descriptor; buffers that are closed are left out.
 * Every method but `close` and `readable` throws {@link WasmBpfError} with code `CLOSED` after `close`.
 */
export class Poller implements Disposable {
  readonly #fd: number;
  readonly #buffers = new Map<number, EventBuffer>();
  readonly #pairs = new Uint32Array(2 * 64);
  readonly #readiness: Readiness;
  #closed = false;

  /** @throws {SystemCallError} when no descriptor can be had */
  constructor(buffers: Iterable<EventBuffer> = []) {
    this.#fd = checkedCall(getSys().epollCreate(), "epoll_create1", "Cannot wait for events");
    this.#readiness = new Readiness(this.#fd, () => this.#someRecords());
    try {
      for (const buffer of buffers) this.add(buffer);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** @throws {SystemCallError} when the kernel refuses */
  add(buffer: EventBuffer): void {
    this.#open();
    const result = getSys().epollCtl(this.#fd, EPOLL_CTL_ADD, buffer.fd, EPOLLIN, buffer.fd);
    checkedCall(result, "epoll_ctl", "Cannot wait for the buffer's events");
    this.#buffers.set(buffer.fd, buffer);
  }

  /** Does nothing when the buffer was not added. */
  remove(buffer: EventBuffer): void {
    this.#open();
    if (this.#buffers.delete(buffer.fd)) {
      getSys().epollCtl(this.#fd, EPOLL_CTL_DEL, buffer.fd, 0, 0);
    }
  }

  /**
   * Waits until a buffer has records.
   *
   * @param timeoutMs 0 only looks, -1 waits for ever
   * @returns how many buffers are ready (0 after the time), or -errno: -EINTR while a caught signal is pending
   */
  wait(timeoutMs: number): number {
    const ready = this.ready(timeoutMs);
    return typeof ready === "number" ? ready : ready.length;
  }

  /** As {@link wait}, but answers with the buffers themselves. */
  ready(timeoutMs: number): EventBuffer[] | number {
    this.#open();
    for (const buffer of this.#buffers.values()) if (buffer.closed) this.remove(buffer);
    // NB: a perf event says only once that it is readable, maybe to somebody else.
    const count = getSys().epollWait(this.#fd, this.#pairs, 64, this.#someRecords() ? 0 : timeoutMs);
    if (count < 0) return count;
    const reported = new Set(this.#pairs.subarray(0, 2 * count).filter((_, i) => i % 2 === 1));
    return [...this.#buffers]
      .filter(([fd, buffer]) => buffer.hasRecords || reported.has(fd))
      .map(([, buffer]) => buffer);
  }

  /**
   * Waits in the event loop, without blocking the thread, until a buffer has records; `ready(0)` tells which.
   *
   * @returns false when the poller is closed, also meanwhile
   * @throws {SystemCallError} when the kernel refuses; the signal's reason when it is aborted
   */
  readable(options: WaitOptions = {}): Promise<boolean> {
    return this.#readiness.wait(options);
  }

  close(): void {
    if (this.#closed) return;
    this.#readiness.close();
    this.#closed = true;
    getSys().close(this.#fd);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #someRecords(): boolean {
    for (const buffer of this.#buffers.values()) if (buffer.hasRecords) return true;
    return false;
  }

  #open(): void {
    if (this.#closed) throw new WasmBpfError("CLOSED", "The poller is closed");
  }
}
