import { checkedCall, getSys } from "../sys/index.ts";
import { PROT_READ, PROT_WRITE } from "../uapi/linux.ts";
import {
  PERF_COUNT_SW_BPF_OUTPUT,
  PERF_EVENT_IOC_ENABLE,
  PERF_FLAG_FD_CLOEXEC,
  PERF_RECORD_LOST,
  PERF_RECORD_SAMPLE,
  PERF_SAMPLE_RAW,
  PERF_TYPE_SOFTWARE,
} from "../uapi/perf.ts";
import { Copier } from "./copy.ts";
import type { InPlace } from "./event-buffer.ts";
import { mapShared, SharedPosition } from "./mapped-ring.ts";
import type { RingState, SpanSource } from "./span-source.ts";

/** Offsets in `struct perf_event_mmap_page`, which fills the first page of the mapping. */
const DATA_HEAD = 1024;
const DATA_TAIL = 1032;
const HEADER_SIZE = 8;
/** Size of `struct perf_event_attr` as of Linux 5.10; zeros beyond what an older kernel knows are accepted. */
const ATTR_SIZE = 120;

/**
 * Attributes of an event that takes what BPF programs put out.
 *
 * @param period records per wake-up of who waits
 */
export function outputEventAttr(period = 1): Uint8Array {
  const attr = new Uint8Array(ATTR_SIZE);
  const view = new DataView(attr.buffer);
  view.setUint32(0, PERF_TYPE_SOFTWARE, true); // type
  view.setUint32(4, ATTR_SIZE, true); // size
  view.setBigUint64(8, BigInt(PERF_COUNT_SW_BPF_OUTPUT), true); // config
  view.setBigUint64(16, BigInt(period), true); // sample_period
  view.setBigUint64(24, BigInt(PERF_SAMPLE_RAW), true); // sample_type
  view.setUint32(48, period, true); // wakeup_events
  return attr;
}

/**
 * One CPU's ring of a perf buffer: a page of positions and a data area of a power of two of pages in which records
 * do wrap. A record is `struct perf_event_header` { u32 type, u16 misc, u16 size } and, for a sample, u32 length and
 * the bytes; for a loss, u64 id and u64 number of lost records.
 */
export class PerfRing implements SpanSource {
  readonly cpu: number;
  readonly fd: number;
  /** Payload of the record that {@link next} found: its size, and where it starts. */
  size = 0;
  spanRecords = 0;
  #start = 0;
  readonly #data: Uint8Array;
  readonly #copier: Copier;
  /** Records lost since it was asked last. */
  #lost = 0;
  readonly #memory: ArrayBuffer;
  readonly #head: SharedPosition;
  readonly #tail: SharedPosition;
  readonly #view: DataView;
  #position: number;
  #published: number;
  /** Low half of the kernel's position when it was looked at last. */
  #end: number;

  /** @throws {SystemCallError} when the kernel refuses the event or its mapping */
  constructor(cpu: number, fd: number, dataSizeBytes: number) {
    const sys = getSys();
    const action = `Cannot open the perf buffer of CPU ${cpu}`;
    this.cpu = cpu;
    this.fd = fd;
    const { pageSize } = sys;
    this.#memory = mapShared(fd, PROT_READ | PROT_WRITE, pageSize + dataSizeBytes, 0, action);
    this.#head = new SharedPosition(this.#memory, DATA_HEAD);
    this.#tail = new SharedPosition(this.#memory, DATA_TAIL);
    this.#data = new Uint8Array(this.#memory, pageSize);
    this.#copier = new Copier(this.#data);
    this.#view = new DataView(this.#memory, pageSize);
    this.#position = this.#tail.load();
    this.#published = this.#position;
    this.#end = this.#position | 0;
    const enabled = sys.ioctl(fd, PERF_EVENT_IOC_ENABLE, 0);
    if (enabled < 0) this.unmap();
    checkedCall(enabled, "ioctl(PERF_EVENT_IOC_ENABLE)", action);
  }

  /** A descriptor for the events of `cpu`, or -errno; -ENODEV when the CPU went offline. */
  static openEvent(cpu: number, attr: Uint8Array = outputEventAttr()): number {
    return getSys().perfEventOpen(attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
  }

  get state(): RingState {
    const producer = this.#head.load();
    return {
      consumer: this.#position,
      producer,
      availableBytes: producer - this.#position,
      sizeBytes: this.#data.length,
    };
  }

  /** Bytes of the first record that waits, its header included; 0 when there is none. */
  get nextSizeBytes(): number {
    if (this.#head.loadLow() === (this.#position | 0)) return 0;
    return this.#view.getUint16((this.#position & (this.#data.length - 1)) + 6, true);
  }

  /**
   * Copies the records that wait, of whatever type and with their headers, as many whole ones as fit, and takes them
   * out.
   *
   * @returns number of bytes copied, a multiple of 8; 0 also when the first record does not fit
   */
  copySpan(into: Uint8Array, limit: number = Number.MAX_SAFE_INTEGER): number {
    const mask = this.#data.length - 1;
    this.#end = this.#head.loadLow();
    const available = (this.#end - this.#position) >>> 0;
    const start = this.#position & mask;
    let span = 0;
    let records = 0;
    while (span < available && records < limit) {
      const size = this.#view.getUint16(((start + span) & mask) + 6, true);
      // Smaller than its header: never written by the kernel; without this, the loop would never end.
      if (size < HEADER_SIZE || span + size > into.length) break;
      span += size;
      records++;
    }
    this.spanRecords = records;
    if (span === 0) return 0;
    const first = Math.min(span, this.#data.length - start);
    into.set(this.#data.subarray(start, start + first));
    if (first < span) into.set(this.#data.subarray(0, span - first), first);
    this.#position += span;
    this.publish();
    return span;
  }

  /** Finds the next sample and steps over it; losses on the way are counted. */
  next(): boolean {
    const mask = this.#data.length - 1;
    for (;;) {
      if (this.#end === (this.#position | 0)) {
        this.#end = this.#head.loadLow();
        if (this.#end === (this.#position | 0)) break;
      }
      // Records are padded to 8 bytes, so a header never wraps.
      const at = this.#position & mask;
      const type = this.#view.getUint32(at, true);
      const size = this.#view.getUint16(at + 6, true);
      if (size < HEADER_SIZE) break; // never written by the kernel; without this, the loop would never end
      this.#position += size;
      const payload = (at + HEADER_SIZE) & mask;
      if (type === PERF_RECORD_SAMPLE) {
        this.size = this.#view.getUint32(payload, true);
        this.#start = (payload + 4) & mask;
        return true;
      }
      if (type === PERF_RECORD_LOST) {
        this.#lost += Number(this.#view.getBigUint64((payload + 8) & mask, true));
      }
    }
    return false;
  }

  /** Copies the first `size` bytes of the payload, which may wrap. */
  copy(target: Uint8Array, offset: number, size: number): void {
    const first = Math.min(size, this.#data.length - this.#start);
    this.#copier.copy(this.#start, target, offset, first);
    if (first < size) this.#copier.copy(0, target, offset + first, size - first);
  }

  /** Hands the payload out where it is, or a copy when it wraps. */
  deliver(to: InPlace): unknown {
    if (this.#start + this.size <= this.#data.length) return to(this.#data, this.#start, this.size);
    const whole = new Uint8Array(this.size);
    this.copy(whole, 0, whole.length);
    return to(whole, 0, whole.length);
  }

  /** Gives everything up to the position back to the kernel. */
  publish(): void {
    if (this.#position === this.#published) return;
    this.#tail.store(this.#position, this.#published);
    this.#published = this.#position;
  }

  takeLost(): number {
    const lost = this.#lost;
    this.#lost = 0;
    return lost;
  }

  unmap(): void {
    getSys().munmap(this.#memory);
  }
}
