import { WasmBpfError } from "../internal/index.ts";
import { checkedCall, getSys } from "../sys/index.ts";
import {
  BPF_MAP_TYPE_USER_RINGBUF,
  BPF_RINGBUF_BUSY_BIT,
  BPF_RINGBUF_DISCARD_BIT,
  BPF_RINGBUF_HDR_SZ,
} from "../uapi/bpf.ts";
import { EPOLL_CTL_ADD, EPOLLET, EPOLLOUT, PROT_READ, PROT_WRITE } from "../uapi/linux.ts";
import { checkType } from "./check-type.ts";
import type { BufferMap } from "./event-buffer.ts";
import { mapShared, SharedPosition } from "./mapped-ring.ts";
import { Readiness, type WaitOptions } from "./readiness.ts";

const BUSY = BPF_RINGBUF_BUSY_BIT | 0;
const DISCARD = BPF_RINGBUF_DISCARD_BIT;

/**
 * Writer of a map of type `BPF_MAP_TYPE_USER_RINGBUF`, which a BPF program empties with `bpf_user_ringbuf_drain`.
 * One writer at a time: writers of one map share its position.
 *
 * The kernel's memory (kernel/bpf/ringbuf.c, 6.18): one page with the position of the program, read-only here, one
 * with the writer's, and the data, mapped twice in a row so that no record ever wraps. A record is an 8-byte header
 * (u32 length with the busy and the discard bit, u32 of zeros) and its payload, padded to 8 bytes.
 *
 * Requires Linux >= 6.1.
 */
export class UserRingBuffer implements Disposable {
  readonly fd: number;
  /** Size of the data area in bytes, a power of two. A record takes its size, rounded up to 8, and 8 bytes. */
  readonly sizeBytes: number;
  readonly #consumerMemory: ArrayBuffer;
  readonly #producerMemory: ArrayBuffer;
  readonly #consumer: SharedPosition;
  readonly #producer: SharedPosition;
  readonly #headers: Int32Array;
  readonly #dataOffset: number;
  /** Records that are reserved, by the place of their payload in the data area. */
  readonly #reserved = new Map<number, Uint8Array>();
  #position: number;
  #epollFd = -1;
  #readiness: Readiness | undefined;
  #closed = false;

  /**
   * @throws {SystemCallError} when the kernel does not map the buffer
   * @throws {WasmBpfError} code `INVALID_ARGUMENT` when the map is of another type
   */
  constructor(map: BufferMap) {
    checkType(map, BPF_MAP_TYPE_USER_RINGBUF, "user ring buffer");
    const { pageSize } = getSys();
    this.fd = map.fd;
    this.sizeBytes = map.maxEntries;
    const action = "Cannot map the user ring buffer";
    this.#consumerMemory = mapShared(map.fd, PROT_READ, pageSize, 0, action);
    try {
      const length = pageSize + 2 * map.maxEntries;
      this.#producerMemory = mapShared(map.fd, PROT_READ | PROT_WRITE, length, pageSize, action);
    } catch (error) {
      getSys().munmap(this.#consumerMemory);
      throw error;
    }
    this.#dataOffset = pageSize;
    this.#consumer = new SharedPosition(this.#consumerMemory, 0);
    this.#producer = new SharedPosition(this.#producerMemory, 0);
    this.#headers = new Int32Array(this.#producerMemory, pageSize);
    this.#position = this.#producer.load();
  }

  /** Bytes that the program has not taken yet, headers and records still reserved included. */
  get waitingBytes(): number {
    this.#open();
    return this.#position - this.#consumer.load();
  }

  /**
   * Reserves room for a record. Write into it, then {@link submit} or {@link discard} it; the program stops before
   * a record that is only reserved.
   *
   * @param sizeBytes 1 to {@link sizeBytes} - 8
   * @returns a view into the buffer with whatever was there before, or `undefined` while there is no room
   * @throws {WasmBpfError} code `INVALID_ARGUMENT` when a record of that size never fits
   */
  reserve(sizeBytes: number): Uint8Array | undefined {
    this.#open();
    if (!Number.isInteger(sizeBytes) || sizeBytes < 1 || sizeBytes > this.sizeBytes - BPF_RINGBUF_HDR_SZ) {
      throw new WasmBpfError(
        "INVALID_ARGUMENT",
        `Cannot reserve ${sizeBytes} bytes in a user ring buffer of ${this.sizeBytes}: records have 1 to ${this.sizeBytes - BPF_RINGBUF_HDR_SZ}`,
      );
    }
    const step = BPF_RINGBUF_HDR_SZ + ((sizeBytes + 7) & ~7);
    if (this.waitingBytes + step > this.sizeBytes) return undefined;
    const start = this.#position % this.sizeBytes;
    const header = start >> 2;
    Atomics.store(this.#headers, header, sizeBytes | BUSY);
    Atomics.store(this.#headers, header + 1, 0);
    const previous = this.#position;
    this.#position += step;
    // The program sees the record from here on, and waits for its busy bit to go.
    this.#producer.store(this.#position, previous);
    const at = this.#dataOffset + start + BPF_RINGBUF_HDR_SZ;
    const sample = new Uint8Array(this.#producerMemory, at, sizeBytes);
    this.#reserved.set(at, sample);
    return sample;
  }

  /**
   * As {@link reserve}, but waits for the program to make room.
   *
   * @param timeoutMs -1 waits for ever
   * @returns `undefined` when there was no room in that time or a caught signal is pending
   */
  reserveBlocking(sizeBytes: number, timeoutMs: number): Uint8Array | undefined {
    const end = timeoutMs < 0 ? Number.POSITIVE_INFINITY : performance.now() + timeoutMs;
    const events = new Uint32Array(2);
    for (;;) {
      const sample = this.reserve(sizeBytes);
      const left = end - performance.now();
      if (sample !== undefined || left <= 0) return sample;
      const wait = left === Number.POSITIVE_INFINITY ? -1 : Math.ceil(left);
      // Ready means that there is room for something, not that there is enough.
      if (getSys().epollWait(this.roomFd, events, 1, wait) < 0) return undefined;
    }
  }

  /**
   * Waits in the event loop, without blocking the thread, until the program has made room: for something, not
   * necessarily enough. `while ((sample = buffer.reserve(size)) === undefined) await buffer.writable();`
   *
   * @returns false when the buffer is closed, also meanwhile
   * @throws {SystemCallError} when the kernel refuses; the signal's reason when it is aborted
   */
  async writable(options: WaitOptions = {}): Promise<boolean> {
    if (this.#closed) return false;
    this.#readiness ??= new Readiness(this.roomFd, () => false);
    const ready = await this.#readiness.wait(options);
    if (ready && !this.#closed) getSys().epollWait(this.roomFd, new Uint32Array(2), 1, 0);
    return ready;
  }

  /** Hands a reserved record to the program. The view must not be written any more. */
  submit(sample: Uint8Array): void {
    this.#commit(sample, 0);
  }

  /** Gives a reserved record up: the program steps over it. */
  discard(sample: Uint8Array): void {
    this.#commit(sample, DISCARD);
  }

  /** Unmaps the buffer; the program does not get past records that are only reserved. Closing twice does nothing. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#readiness?.close();
    this.#reserved.clear();
    if (this.#epollFd >= 0) getSys().close(this.#epollFd);
    getSys().munmap(this.#consumerMemory);
    getSys().munmap(this.#producerMemory);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #commit(sample: Uint8Array, bits: number): void {
    this.#open();
    if (this.#reserved.get(sample.byteOffset) !== sample) {
      throw new WasmBpfError(
        "INVALID_ARGUMENT",
        "The record is not reserved in this user ring buffer, or was handed over already",
      );
    }
    this.#reserved.delete(sample.byteOffset);
    const header = (sample.byteOffset - this.#dataOffset - BPF_RINGBUF_HDR_SZ) >> 2;
    // What was written into the record is visible before its busy bit is gone.
    Atomics.exchange(this.#headers, header, sample.length | bits);
  }

  /**
   * An epoll descriptor that gets ready each time the program made room: for something, not necessarily enough. The
   * buffer closes it.
   *
   * @throws {SystemCallError} when none can be had
   */
  get roomFd(): number {
    if (this.#epollFd < 0) {
      const fd = checkedCall(getSys().epollCreate(), "epoll_create1", "Cannot wait for room");
      // Edges only: the descriptor stays ready while there is room for anything, also when that is too little.
      const result = getSys().epollCtl(fd, EPOLL_CTL_ADD, this.fd, EPOLLOUT + EPOLLET, 0);
      if (result < 0) getSys().close(fd);
      checkedCall(result, "epoll_ctl", "Cannot wait for room in the user ring buffer");
      this.#epollFd = fd;
    }
    return this.#epollFd;
  }

  #open(): void {
    if (this.#closed) throw new WasmBpfError("CLOSED", "The user ring buffer is closed");
  }
}
