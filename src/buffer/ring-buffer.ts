import { WasmBpfError } from "../internal/index.ts";
import { getSys } from "../sys/index.ts";
import {
  BPF_MAP_TYPE_RINGBUF,
  BPF_RINGBUF_BUSY_BIT,
  BPF_RINGBUF_DISCARD_BIT,
  BPF_RINGBUF_HDR_SZ,
} from "../uapi/bpf.ts";
import { PROT_READ, PROT_WRITE } from "../uapi/linux.ts";
import { checkType } from "./check-type.ts";
import { Copier } from "./copy.ts";
import type { BufferMap, EventBuffer, InPlace } from "./event-buffer.ts";
import { mapShared, SharedPosition } from "./mapped-ring.ts";
import { Readiness, type WaitOptions } from "./readiness.ts";
import { takeRecords } from "./records.ts";
import type { RingState, SpanSource } from "./span-source.ts";

const BUSY = BPF_RINGBUF_BUSY_BIT | 0;
const DISCARD = BPF_RINGBUF_DISCARD_BIT;
const SIZE_MASK = 0x3fffffff;

/**
 * Reader of a map of type `BPF_MAP_TYPE_RINGBUF`. One reader at a time: readers of one map share its position.
 *
 * The kernel's memory (kernel/bpf/ringbuf.c, 6.18): one page with the reader's position, one with the producer's,
 * and the data, mapped twice in a row so that no record ever wraps. A record is an 8-byte header (u32 length with
 * the busy and the discard bit, u32 page offset) and its payload, padded to 8 bytes.
 *
 * Requires Linux >= 5.8.
 */
export class RingBuffer implements EventBuffer, SpanSource {
  readonly fd: number;
  /** Size of the data area in bytes, a power of two. */
  readonly sizeBytes: number;
  lastSizeBytes = 0;
  readonly lost = 0;
  readonly cpu = -1;
  spanRecords = 0;
  readonly #consumerMemory: ArrayBuffer;
  readonly #producerMemory: ArrayBuffer;
  readonly #consumer: SharedPosition;
  readonly #producer: SharedPosition;
  readonly #data: Uint8Array;
  readonly #headers: Int32Array;
  readonly #dataOffset: number;
  readonly #mask: number;
  readonly #copier: Copier;
  readonly #readiness: Readiness;
  /** Low halves of where this reader is and of where the producer was when it was looked at last. */
  #at: number;
  #end: number;
  /** Where the kernel thinks that this reader is. */
  #published: number;
  /**
   * Telling the kernel about every record costs as much as reading a short one. It is told at the latest when this
   * much was read or nothing is left; until then it sees the buffer a little fuller than it is, and a poll at once
   * finds it readable, which is true, as records are left.
   */
  readonly #lag: number;
  #depth = 0;
  #closed = false;

  /**
   * @throws {SystemCallError} when the kernel does not map the buffer
   * @throws {WasmBpfError} code `INVALID_ARGUMENT` when the map is of another type
   */
  constructor(map: BufferMap) {
    checkType(map, BPF_MAP_TYPE_RINGBUF, "ring buffer");
    const { pageSize } = getSys();
    this.fd = map.fd;
    this.sizeBytes = map.maxEntries;
    const action = "Cannot map the ring buffer";
    this.#consumerMemory = mapShared(map.fd, PROT_READ | PROT_WRITE, pageSize, 0, action);
    try {
      const length = pageSize + 2 * map.maxEntries;
      this.#producerMemory = mapShared(map.fd, PROT_READ, length, pageSize, action);
    } catch (error) {
      getSys().munmap(this.#consumerMemory);
      throw error;
    }
    this.#consumer = new SharedPosition(this.#consumerMemory, 0);
    this.#producer = new SharedPosition(this.#producerMemory, 0);
    this.#data = new Uint8Array(this.#producerMemory, pageSize);
    this.#headers = new Int32Array(this.#producerMemory, pageSize);
    this.#dataOffset = pageSize;
    this.#mask = this.sizeBytes - 1;
    this.#published = this.#consumer.load();
    this.#at = this.#published | 0;
    this.#end = this.#at;
    this.#lag = this.sizeBytes >> 4;
    this.#copier = new Copier(this.#data);
    this.#readiness = new Readiness(this.fd, () => this.hasRecords);
  }

  get closed(): boolean {
    return this.#closed;
  }

  get hasRecords(): boolean {
    return !this.#closed && this.nextSizeBytes > 0;
  }

  /** Bytes between the two positions: records with their headers, also those not committed yet. */
  get waitingBytes(): number {
    this.#open();
    return (this.#producer.loadLow() - this.#at) >>> 0;
  }

  get state(): RingState {
    this.#open();
    return {
      consumer: this.#position(),
      producer: this.#producer.load(),
      availableBytes: this.waitingBytes,
      sizeBytes: this.sizeBytes,
    };
  }

  take(maxBytes: number = Number.MAX_SAFE_INTEGER): Uint8Array | undefined {
    const start = this.#step();
    if (start < 0) return undefined;
    const copy = new Uint8Array(Math.min(this.lastSizeBytes, maxBytes));
    copy.set(this.#data.subarray(start, start + copy.length));
    this.#publish(this.#lag);
    return copy;
  }

  takeInto(target: Uint8Array, offsetBytes: number, maxBytes: number): number {
    const start = this.#step();
    if (start < 0) return -1;
    const size = Math.min(this.lastSizeBytes, maxBytes);
    this.#copier.copy(start, target, offsetBytes, size);
    this.#publish(this.#lag);
    return size;
  }

  consume(deliver: (record: Uint8Array) => unknown, limit: number = Number.MAX_SAFE_INTEGER): number {
    // NB: `subarray` takes twice as long.
    const memory = this.#producerMemory;
    const offset = this.#dataOffset;
    return this.consumeInPlace(
      (_, start, size) => deliver(new Uint8Array(memory, offset + start, size)),
      limit,
    );
  }

  consumeInPlace(deliver: InPlace, limit: number = Number.MAX_SAFE_INTEGER): number {
    let count = 0;
    this.#open();
    try {
      this.#depth++;
      while (count < limit && !this.#closed) {
        const start = this.#step();
        if (start < 0) break;
        const result = deliver(this.#data, start, this.lastSizeBytes);
        if (typeof result === "number" && result < 0) return result;
        count++;
        // Its space is free now, unless an outer call's view is still in use.
        if (this.#depth === 1 && this.#unpublished() >= this.#lag) this.#giveBack();
      }
    } finally {
      this.#depth--;
      this.#publish(0);
    }
    return count;
  }

  /** Bytes of the first record that waits, its header included; 0 when there is none. */
  get nextSizeBytes(): number {
    this.#open();
    if (this.#producer.loadLow() === this.#at) return 0;
    const header = Atomics.load(this.#headers, (this.#at & this.#mask) >> 2);
    return (header & BUSY) !== 0 ? 0 : stepOf(header);
  }

  /**
   * Copies the committed records that wait, with their headers, in one piece, as many whole ones as fit, and takes
   * them out. The reader of the copy skips records whose discard bit is set.
   *
   * @param limit most records, those that were discarded not counted; {@link spanRecords} is their number
   * @returns number of bytes copied, a multiple of 8; 0 also when the first record does not fit
   */
  copySpan(into: Uint8Array, limit: number = Number.MAX_SAFE_INTEGER): number {
    this.#open();
    const available = (this.#producer.loadLow() - this.#at) >>> 0;
    const start = this.#at & this.#mask;
    const room = into.length;
    const headers = this.#headers;
    let span = 0;
    let records = 0;
    while (span < available && records < limit) {
      const header = Atomics.load(headers, (start + span) >> 2);
      if ((header & BUSY) !== 0) break;
      const step = stepOf(header);
      if (span + step > room) break;
      span += step;
      if ((header & DISCARD) === 0) records++;
    }
    this.spanRecords = records;
    if (span === 0) return 0;
    into.set(this.#data.subarray(start, start + span));
    this.#at = (this.#at + span) | 0;
    this.#end = this.#at;
    this.#publish(0);
    return span;
  }

  readable(options: WaitOptions = {}): Promise<boolean> {
    return this.#readiness.wait(options);
  }

  records(options: WaitOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    return takeRecords(this, () => this.take(), options);
  }

  [Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    return this.records();
  }

  close(): void {
    if (this.#closed) return;
    this.#readiness.close();
    this.#giveBack();
    this.#closed = true;
    getSys().munmap(this.#consumerMemory);
    getSys().munmap(this.#producerMemory);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Steps over the next committed record: offset of its payload, or -1. The kernel does not know yet. */
  #step(): number {
    this.#open();
    for (;;) {
      const at = this.#at;
      if (at === this.#end) {
        this.#end = this.#producer.loadLow();
        if (at === this.#end) break;
      }
      const start = at & this.#mask;
      const header = Atomics.load(this.#headers, start >> 2);
      if ((header & BUSY) !== 0) break;
      this.#at = (at + stepOf(header)) | 0;
      if ((header & DISCARD) === 0) {
        this.lastSizeBytes = header;
        return start + BPF_RINGBUF_HDR_SZ;
      }
    }
    this.#publish(0);
    return -1;
  }

  /**
   * Tells the kernel how far this reader is, once that is more than `lag` bytes further than it knows or nothing
   * seems to be left. Not while a view of a record is in use.
   */
  #publish(lag: number): void {
    if (this.#depth > 0) return;
    if (this.#at === this.#end || this.#unpublished() > lag) this.#giveBack();
  }

  /** Bytes that were read and that the kernel does not know of. */
  #unpublished(): number {
    return (this.#at - this.#published) >>> 0;
  }

  #position(): number {
    return this.#published + this.#unpublished();
  }

  #giveBack(): void {
    const position = this.#position();
    if (this.#closed || position === this.#published) return;
    this.#consumer.store(position, this.#published);
    this.#published = position;
  }

  #open(): void {
    if (this.#closed) throw new WasmBpfError("CLOSED", "The ring buffer is closed");
  }
}

/** Bytes from one record to the next: header and payload, padded. */
function stepOf(header: number): number {
  return (BPF_RINGBUF_HDR_SZ + (header & SIZE_MASK) + 7) & ~7;
}
