import { outputEventAttr, PerfRing, RingBuffer, type SpanSource } from "../../../buffer/index.ts";
import { onlineCpus, possibleCpuCount } from "../../../kernel/index.ts";
import { BpfAttr, checkedCall, SystemCallError } from "../../../sys/index.ts";
import {
  BPF_ANY,
  BPF_MAP_DELETE_ELEM,
  BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  BPF_MAP_TYPE_RINGBUF,
  BPF_MAP_UPDATE_ELEM,
} from "../../../uapi/bpf.ts";
import { EFAULT, EINTR, EINVAL, EMSGSIZE } from "../../../uapi/errno.ts";
import { EPOLL_CTL_ADD, EPOLLIN } from "../../../uapi/linux.ts";
import { PERF_EVENT_IOC_DISABLE } from "../../../uapi/perf.ts";
import { Block, guestRange } from "../blocks.ts";
import type { AbiV2Context } from "../context.ts";
import type { GuestMap } from "../guest-map.ts";
import { errorText } from "../lines/error-text.ts";
import { Refusal } from "../refusal.ts";
import { BufferEntry } from "./entry.ts";

const SPAN_HEADER_BYTES = 16;
/** How long a record may be reserved before it is looked at again. */
const COMMIT_WAIT_NS = 50_000n;
const PERF_BLOCK_BYTES = 32;
const DEFAULT_PAGES = 64;
const MOST_CPUS = 4096;
const MAP_ATTR_BYTES = 32;
/** Event types from here on are those of devices. */
const PERF_TYPE_MAX = 6;

/** One ring, with what it takes to give it up. */
interface Source {
  readonly ring: SpanSource;
  /** Descriptor of the host that is readable while records wait. */
  readonly fd: number;
  close(): void;
}

/** Ring buffers of several maps, or the rings of a perf buffer, whose records are taken in spans. */
export class RecordBuffer extends BufferEntry {
  readonly #context: AbiV2Context;
  readonly #perf: boolean;
  readonly #sources: Source[] = [];
  readonly #epollFd: number;
  readonly #events = new Uint32Array(2 * 64);
  /** Which source is asked first: the one after that which had no room. */
  #turn = 0;
  /** A signal came while records were waiting; the call after the one that delivered them says so. */
  #interrupted = false;

  /** @throws {SystemCallError} when there is no descriptor to wait with */
  constructor(context: AbiV2Context, perf: boolean) {
    super(context);
    this.#context = context;
    this.#perf = perf;
    this.#epollFd = checkedCall(context.sys.epollCreate(), "epoll_create1", "Cannot wait for records");
  }

  override get waitFd(): number {
    return this.#epollFd;
  }

  override sourceFd(source: number): number {
    const found = this.#sources[source];
    if (found === undefined) throw new Refusal(EINVAL);
    return found.fd;
  }

  override hasRecords(source?: number): boolean {
    const sources = source === undefined ? this.#sources : this.#sources.slice(source, source + 1);
    return sources.some(({ ring }) => ring.nextSizeBytes > 0);
  }

  override add(map: GuestMap, guestFd: number, request: number): number {
    return this.#perf ? this.#addPerf(map, request) : this.#addRing(map, guestFd);
  }

  #addRing(map: GuestMap, guestFd: number): number {
    const { sys, log } = this.#context;
    if (map.type !== BPF_MAP_TYPE_RINGBUF) {
      log.write(0, `ringbuf: map fd=${guestFd} is not BPF_MAP_TYPE_RINGBUF`);
      throw new Refusal(EINVAL);
    }
    // The map may be closed before the buffer is.
    const fd = checkedCall(sys.dup(map.fd), "fcntl(F_DUPFD)", "Cannot open the ring buffer");
    let ring: RingBuffer;
    try {
      ring = new RingBuffer({ fd, maxEntries: map.maxEntries });
    } catch (error) {
      sys.close(fd);
      throw error;
    }
    return this.#addSource({
      ring,
      fd,
      close: () => {
        ring.close();
        sys.close(fd);
      },
    });
  }

  /** One ring for each CPU: those of the block, or those that are online and have a place in the map. */
  #addPerf(map: GuestMap, request: number): number {
    const { memory, log } = this.#context;
    if (this.#sources.length > 0) throw new Refusal(EINVAL);
    const block = request === 0 ? undefined : new Block(memory, request, PERF_BLOCK_BYTES);
    const pages = request === 0 ? DEFAULT_PAGES : (block?.u32(4) ?? 0);
    if (pages === 0 || (pages & (pages - 1)) !== 0) {
      log.write(0, `page count should be power of two, but is ${pages}`);
      throw new Refusal(EINVAL);
    }
    if (map.type !== BPF_MAP_TYPE_PERF_EVENT_ARRAY) {
      log.write(0, `map '${map.map?.name ?? ""}' should be BPF_MAP_TYPE_PERF_EVENT_ARRAY`);
      throw new Refusal(EINVAL);
    }
    const attr = block?.bytes(12, block.u32(16))?.slice() ?? outputEventAttr(block?.u32(8) || 1);
    // Events of other devices, probes for example, have addresses of this process in them.
    if (attr.length < 4 || new DataView(attr.buffer).getUint32(0, true) >= PERF_TYPE_MAX)
      throw new Refusal(EINVAL);
    const places = this.#cpuPlaces(map, block);
    try {
      for (const { cpu, key } of places) this.#addCpu(map, attr, cpu, key, pages);
    } catch (error) {
      for (const source of this.#sources.splice(0)) source.close();
      throw error;
    }
    return 0;
  }

  #cpuPlaces(map: GuestMap, block: Block | undefined): { cpu: number; key: number }[] {
    const count = block?.u32(20) ?? 0;
    if (count === 0) {
      const possible = possibleCpuCount();
      const most = map.maxEntries === 0 ? possible : Math.min(possible, map.maxEntries);
      return onlineCpus()
        .filter((cpu) => cpu < most)
        .map((cpu) => ({ cpu, key: cpu }));
    }
    if (count > MOST_CPUS) throw new Refusal(EINVAL);
    const cpus = block?.bytes(24, 4 * count);
    const keys = block?.bytes(28, 4 * count);
    if (cpus === undefined || keys === undefined) throw new Refusal(EFAULT);
    const [cpuView, keyView] = [cpus, keys].map((bytes) => new DataView(bytes.buffer, bytes.byteOffset));
    return Array.from({ length: count }, (_, index) => ({
      cpu: cpuView?.getInt32(4 * index, true) ?? 0,
      key: keyView?.getInt32(4 * index, true) ?? 0,
    }));
  }

  #addCpu(map: GuestMap, attr: Uint8Array, cpu: number, key: number, pages: number): void {
    const { sys, log } = this.#context;
    const action = `Cannot open the perf buffer of CPU ${cpu}`;
    const event = PerfRing.openEvent(cpu, attr);
    if (event < 0) log.write(0, `failed to open perf buffer event on cpu #${cpu}: ${errorText(event)}`);
    checkedCall(event, "perf_event_open", action);
    let ring: PerfRing;
    try {
      ring = new PerfRing(cpu, event, pages * sys.pageSize);
    } catch (error) {
      if (error instanceof SystemCallError) {
        const failed = error.call === "mmap" ? "mmap perf buffer" : "enable perf buffer event";
        log.write(0, `failed to ${failed} on cpu #${cpu}: ${errorText(error.errno)}`);
      }
      sys.close(event);
      throw error;
    }
    const keyBytes = new Uint8Array(new Int32Array([key]).buffer);
    const mapFd = sys.dup(map.fd);
    const attrOf = (): BpfAttr => new BpfAttr(MAP_ATTR_BYTES).i32(0, mapFd).pointer(8, keyBytes);
    const source: Source = {
      ring,
      fd: event,
      close: () => {
        sys.bpf(BPF_MAP_DELETE_ELEM, attrOf());
        sys.close(mapFd);
        ring.unmap();
        sys.ioctl(event, PERF_EVENT_IOC_DISABLE, 0);
        sys.close(event);
      },
    };
    const put = attrOf()
      .pointer(16, new Uint8Array(new Int32Array([event]).buffer))
      .u64(24, BPF_ANY);
    const result = mapFd < 0 ? mapFd : sys.bpf(BPF_MAP_UPDATE_ELEM, put);
    if (result < 0) source.close();
    checkedCall(result, "bpf(BPF_MAP_UPDATE_ELEM)", action);
    this.#addSource(source);
  }

  #addSource(source: Source): number {
    const index = this.#sources.length;
    const result = this.#context.sys.epollCtl(this.#epollFd, EPOLL_CTL_ADD, source.fd, EPOLLIN, index);
    if (result < 0) source.close();
    checkedCall(result, "epoll_ctl", "Cannot wait for records");
    this.#sources.push(source);
    return index;
  }

  override fill(source: number, at: number, size: number, limit: number, timeoutMs: number): number {
    const { interrupts } = this.#context;
    const only = source === -1 ? undefined : this.#sources[source];
    if (source !== -1 && only === undefined) throw new Refusal(EINVAL);
    if (size > 0) guestRange(this.#context.memory, at, size);
    if (this.#interrupted) return this.#interrupt();
    this.#interrupted = interrupts.consume();
    let dueMs: number | undefined;
    let wasReadable = false;
    for (;;) {
      const taken = this.#take(source, at >>> 0, size, limit === 0 ? Number.MAX_SAFE_INTEGER : limit >>> 0);
      if (taken !== 0) return taken;
      if (this.#interrupted) return this.#interrupt();
      if (timeoutMs === 0) return 0;
      // Readable without a record: the first one is reserved and not committed yet.
      if (wasReadable && interrupts.sleep(COMMIT_WAIT_NS) < 0) return -EINTR;
      dueMs ??= timeoutMs < 0 ? Number.POSITIVE_INFINITY : monotonicMs() + timeoutMs;
      const left = dueMs - monotonicMs();
      if (left <= 0) return 0;
      const ready = this.#wait(only, timeoutMs < 0 ? -1 : Math.ceil(left));
      if (ready < 0) return ready;
      wasReadable = ready > 0;
    }
  }

  #interrupt(): number {
    this.#interrupted = false;
    return -EINTR;
  }

  #wait(only: Source | undefined, timeoutMs: number): number {
    const { sys, interrupts } = this.#context;
    if (only !== undefined) {
      const isReady = (): boolean => only.ring.nextSizeBytes > 0;
      const ready = interrupts.waitFor([{ fd: only.fd, events: EPOLLIN, data: 0, isReady }], timeoutMs);
      return typeof ready === "number" ? ready : ready.length;
    }
    return interrupts.wait(
      timeoutMs,
      this.#epollFd,
      (boundedMs) => sys.epollWait(this.#epollFd, this.#events, 64, boundedMs),
      () => this.hasRecords(),
    );
  }

  /** Copies spans of one source, or of all. @returns bytes, 0 when no record waits, or -EMSGSIZE */
  #take(source: number, at: number, size: number, limit: number): number {
    const { memory } = this.#context;
    const sources = this.#sources;
    const count = source < 0 ? sources.length : 1;
    const first = source < 0 ? this.#turn : source;
    let used = 0;
    let left = limit;
    this.#turn = 0;
    for (let step = 0; step < count; step++) {
      const index = (first + step) % sources.length;
      const { ring } = sources[index] as Source;
      const next = ring.nextSizeBytes;
      if (next === 0) continue;
      const needed = SPAN_HEADER_BYTES + next;
      if (used + needed > size || left <= 0) {
        if (source < 0) this.#turn = used === 0 ? index : (index + 1) % sources.length;
        if (used > 0) break;
        if (size >= 4) memory.setU32(at, needed);
        return -EMSGSIZE;
      }
      const start = at + used;
      // SAFETY: the range was checked when the call began, and a guest's memory never shrinks.
      const span = ring.copySpan(memory.bytes.subarray(start + SPAN_HEADER_BYTES, at + size), left);
      memory.setU32(start, span);
      memory.setU32(start + 4, index);
      memory.setU32(start + 8, ring.cpu);
      memory.setU32(start + 12, ring.nextSizeBytes === 0 ? 0 : 1);
      used += SPAN_HEADER_BYTES + span;
      left -= ring.spanRecords;
    }
    return used;
  }

  override state(source: number, view: DataView): void {
    const found = this.#sources[source];
    if (found === undefined) throw new Refusal(EINVAL);
    const { consumer, producer, availableBytes, sizeBytes } = found.ring.state;
    view.setBigUint64(0, BigInt(consumer), true);
    view.setBigUint64(8, BigInt(producer), true);
    view.setBigUint64(16, BigInt(availableBytes), true);
    view.setBigUint64(24, BigInt(sizeBytes), true);
    view.setInt32(32, found.ring.cpu, true);
    view.setInt32(36, 0, true);
  }

  protected override release(): void {
    for (const source of this.#sources.splice(0)) source.close();
    this.#context.sys.close(this.#epollFd);
  }
}

export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}
