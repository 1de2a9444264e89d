import { WasmBpfError } from "../internal/index.ts";
import { BpfAttr, checkedCall, getSys } from "../sys/index.ts";
import {
  BPF_ANY,
  BPF_MAP_DELETE_ELEM,
  BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  BPF_MAP_UPDATE_ELEM,
} from "../uapi/bpf.ts";
import { ENODEV } from "../uapi/errno.ts";
import { EPOLL_CTL_ADD, EPOLLIN } from "../uapi/linux.ts";
import { checkType } from "./check-type.ts";
import type { BufferMap, EventBuffer, InPlace } from "./event-buffer.ts";
import { onlineCpus } from "./online-cpus.ts";
import { outputEventAttr, PerfRing } from "./perf-ring.ts";
import { Readiness, type WaitOptions } from "./readiness.ts";
import { takeRecords } from "./records.ts";

/** Options of a {@link PerfBuffer}. */
export interface PerfBufferOptions {
  /** Size of each CPU's data area in pages, a power of two; default 64. */
  readonly pagesPerCpu?: number;
  /** Records of one CPU that wake up who waits; default 1. */
  readonly wakeupEvents?: number;
}

const ATTR_SIZE = 32;

/**
 * Reader of a map of type `BPF_MAP_TYPE_PERF_EVENT_ARRAY`: one ring per online CPU, put into the map at the CPU's
 * number. The kernel pads a record's length so that length + 4 is a multiple of 8; a reader sees the padded length.
 */
export class PerfBuffer implements EventBuffer {
  /** An epoll descriptor over the rings. */
  readonly fd: number;
  lastSizeBytes = 0;
  /** CPU whose record was taken last. */
  lastCpu = -1;
  lost = 0;
  readonly #map: BufferMap;
  readonly #rings: PerfRing[] = [];
  readonly #readiness: Readiness;
  #turn = 0;
  #depth = 0;
  #closed = false;

  /**
   * @throws {SystemCallError} when the kernel refuses
   * @throws {WasmBpfError} code `INVALID_ARGUMENT` when the map is of another type or an option out of range
   */
  constructor(map: BufferMap, options: PerfBufferOptions = {}) {
    checkType(map, BPF_MAP_TYPE_PERF_EVENT_ARRAY, "perf event array");
    const pages = options.pagesPerCpu ?? 64;
    if (!Number.isInteger(pages) || pages < 1 || pages > 2 ** 16 || (pages & (pages - 1)) !== 0) {
      throw new WasmBpfError("INVALID_ARGUMENT", `pagesPerCpu is ${pages}, not a power of two up to 65536`);
    }
    const wakeupEvents = options.wakeupEvents ?? 1;
    if (!Number.isInteger(wakeupEvents) || wakeupEvents < 1 || wakeupEvents >= 2 ** 32) {
      throw new WasmBpfError("INVALID_ARGUMENT", `wakeupEvents is ${wakeupEvents}, not a number from 1 on`);
    }
    this.#map = map;
    this.fd = checkedCall(getSys().epollCreate(), "epoll_create1", "Cannot open the perf buffer");
    this.#readiness = new Readiness(this.fd, () => this.hasRecords);
    try {
      for (const cpu of onlineCpus()) {
        if (cpu < map.maxEntries) this.#addRing(cpu, pages * getSys().pageSize, wakeupEvents);
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get closed(): boolean {
    return this.#closed;
  }

  get hasRecords(): boolean {
    return !this.#closed && this.#rings.some((ring) => ring.nextSizeBytes > 0);
  }

  /** Numbers of the CPUs whose events arrive here. */
  get cpus(): number[] {
    return this.#rings.map((ring) => ring.cpu);
  }

  take(maxBytes: number = Number.MAX_SAFE_INTEGER): Uint8Array | undefined {
    const ring = this.#next();
    if (ring === undefined) return undefined;
    const copy = new Uint8Array(Math.min(ring.size, maxBytes));
    ring.copy(copy, 0, copy.length);
    this.#publish(ring);
    return copy;
  }

  takeInto(target: Uint8Array, offsetBytes: number, maxBytes: number): number {
    const ring = this.#next();
    if (ring === undefined) return -1;
    const size = Math.min(ring.size, maxBytes);
    ring.copy(target, offsetBytes, size);
    this.#publish(ring);
    return size;
  }

  consume(deliver: (record: Uint8Array) => unknown, limit: number = Number.MAX_SAFE_INTEGER): number {
    return this.consumeInPlace((memory, start, size) => deliver(memory.subarray(start, start + size)), limit);
  }

  consumeInPlace(deliver: InPlace, limit: number = Number.MAX_SAFE_INTEGER): number {
    let count = 0;
    this.#open();
    while (count < limit && !this.#closed) {
      const ring = this.#next();
      if (ring === undefined) break;
      let result: unknown;
      this.#depth++;
      try {
        result = ring.deliver(deliver);
      } finally {
        this.#depth--;
        this.#publish(ring);
      }
      if (typeof result === "number" && result < 0) return result;
      count++;
    }
    return count;
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
    this.#closed = true;
    const sys = getSys();
    for (const ring of this.#rings) {
      const key = new Uint8Array(new Uint32Array([ring.cpu]).buffer);
      sys.bpf(BPF_MAP_DELETE_ELEM, new BpfAttr(ATTR_SIZE).i32(0, this.#map.fd).pointer(8, key));
      ring.unmap();
      sys.close(ring.fd);
    }
    sys.close(this.fd);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #addRing(cpu: number, dataSizeBytes: number, wakeupEvents: number): void {
    const sys = getSys();
    const action = `Cannot open the perf buffer of CPU ${cpu}`;
    const event = PerfRing.openEvent(cpu, outputEventAttr(wakeupEvents));
    if (event === -ENODEV) return; // went offline just now
    checkedCall(event, "perf_event_open", action);
    try {
      this.#rings.push(new PerfRing(cpu, event, dataSizeBytes));
    } catch (error) {
      sys.close(event);
      throw error;
    }
    const attr = new BpfAttr(ATTR_SIZE)
      .i32(0, this.#map.fd)
      .pointer(8, new Uint8Array(new Uint32Array([cpu]).buffer))
      .pointer(16, new Uint8Array(new Int32Array([event]).buffer))
      .u64(24, BPF_ANY);
    checkedCall(sys.bpf(BPF_MAP_UPDATE_ELEM, attr), "bpf(BPF_MAP_UPDATE_ELEM)", action);
    const index = this.#rings.length - 1;
    checkedCall(sys.epollCtl(this.fd, EPOLL_CTL_ADD, event, EPOLLIN, index), "epoll_ctl", action);
  }

  /** The ring with the next record. One ring is drained before the next has its turn. */
  #next(): PerfRing | undefined {
    this.#open();
    const rings = this.#rings;
    for (let tries = 0; tries < rings.length; tries++) {
      const ring = rings[this.#turn % rings.length] as PerfRing;
      const found = ring.next();
      this.lost += ring.takeLost();
      if (found) {
        this.lastSizeBytes = ring.size;
        this.lastCpu = ring.cpu;
        return ring;
      }
      this.#publish(ring); // a loss was the last thing in it, or a nested call left it to this one
      this.#turn = (this.#turn + 1) % rings.length;
    }
    return undefined;
  }

  #publish(ring: PerfRing): void {
    if (this.#closed || this.#depth > 0) return;
    ring.publish();
  }

  #open(): void {
    if (this.#closed) throw new WasmBpfError("CLOSED", "The perf buffer is closed");
  }
}
