import { checkedCall, getSys } from "../sys/index.ts";
import { EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLLIN } from "../uapi/linux.ts";
import type { EventBuffer } from "./event-buffer.ts";

/** Waits for records in several buffers at once. It owns only its own descriptor; close it before the buffers. */
export class Poller implements Disposable {
  readonly #fd: number;
  readonly #buffers = new Map<number, EventBuffer>();
  readonly #pairs = new Uint32Array(2 * 64);
  #closed = false;

  /** @throws {SystemCallError} when no descriptor can be had */
  constructor(buffers: Iterable<EventBuffer> = []) {
    this.#fd = checkedCall(getSys().epollCreate(), "epoll_create1", "Cannot wait for events");
    for (const buffer of buffers) this.add(buffer);
  }

  /** @throws {SystemCallError} when the kernel refuses */
  add(buffer: EventBuffer): void {
    const result = getSys().epollCtl(this.#fd, EPOLL_CTL_ADD, buffer.fd, EPOLLIN, buffer.fd);
    checkedCall(result, "epoll_ctl", "Cannot wait for the buffer's events");
    this.#buffers.set(buffer.fd, buffer);
  }

  /** Does nothing when the buffer was not added. */
  remove(buffer: EventBuffer): void {
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
    return getSys().epollWait(this.#fd, this.#pairs, 64, timeoutMs);
  }

  /** As {@link wait}, but answers with the buffers themselves. */
  ready(timeoutMs: number): EventBuffer[] | number {
    const count = this.wait(timeoutMs);
    if (count < 0) return count;
    const ready: EventBuffer[] = [];
    for (let i = 0; i < count; i++) {
      const buffer = this.#buffers.get(this.#pairs[2 * i + 1] ?? -1);
      if (buffer !== undefined) ready.push(buffer);
    }
    return ready;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    getSys().close(this.#fd);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
