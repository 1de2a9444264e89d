import { EBADF, EEXIST, EFAULT, EINVAL, EPERM } from "../../../uapi/errno.ts";
import { EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD } from "../../../uapi/linux.ts";
import type { Descriptor } from "../../wasi/index.ts";
import type { AbiV2Context } from "../context.ts";
import { openDescriptor } from "../guest-path.ts";
import { KernelDescriptor } from "../kernel-descriptor.ts";
import { Refusal } from "../refusal.ts";
import { StreamDescriptor } from "../stream-descriptor.ts";

/** `struct epoll_event` of x86-64: events u32@0, data u64@4. */
const EVENT_BYTES = 12;
/** Keeps the machine awake, which is not a guest's to say. */
const EPOLLWAKEUP = 1 << 29;

/** A number of the guest that is watched. */
interface Watched {
  readonly fd: number;
  readonly descriptor: Descriptor;
  /** The host's descriptor, for this one alone: the kernel knows each only once in an instance. */
  readonly hostFd: number;
  /** Of the guest, comes back with what is ready. */
  data: bigint;
  /** The last number of `descriptor` is closed. */
  readonly end: () => void;
}

/** An epoll instance of the guest: one of the kernel's, so that edges and instances in instances are the kernel's. */
export class EpollDescriptor extends StreamDescriptor<"epoll"> {
  /** By what the kernel keeps for each. */
  readonly #watched = new Map<number, Watched>();
  #next = 0;

  /** Takes over `hostFd`. */
  constructor(context: AbiV2Context, hostFd: number) {
    super(context, "epoll", hostFd, false);
  }

  override read(): number {
    return -EINVAL;
  }

  override write(): number {
    return -EINVAL;
  }

  /** `fd_epoll_ctl`. @param at 0 for what needs none */
  control(operation: number, fd: number, at: number): number {
    const { fds, memory, sys } = this.context;
    const descriptor = openDescriptor(fds, fd);
    let events = 0;
    let data = 0n;
    if (operation !== EPOLL_CTL_DEL) {
      const range = at === 0 ? undefined : memory.range(at, EVENT_BYTES);
      if (range === undefined) return -EFAULT;
      const view = new DataView(range.buffer, range.byteOffset, EVENT_BYTES);
      events = (view.getUint32(0, true) & ~EPOLLWAKEUP) >>> 0;
      data = view.getBigUint64(4, true);
    }
    const [key, known] = this.#find(fd, descriptor);
    if (known === undefined) {
      if (operation === EPOLL_CTL_ADD) return this.#add(fd, descriptor, events, data);
      // What the kernel says of one that is not watched.
      return sys.epollCtl(this.hostFd, operation, hostFdOf(descriptor), events, 0);
    }
    switch (operation) {
      case EPOLL_CTL_ADD:
        return -EEXIST;
      case EPOLL_CTL_MOD: {
        const result = sys.epollCtl(this.hostFd, operation, known.hostFd, events, key);
        if (result === 0) known.data = data;
        return result;
      }
      case EPOLL_CTL_DEL:
        this.#remove(key, known);
        return 0;
      default:
        return -EINVAL;
    }
  }

  /** `fd_epoll_wait`. @param timeoutMs -1: no end */
  wait(at: number, most: number, timeoutMs: number): number {
    if (most <= 0) return -EINVAL;
    const { memory, interrupts } = this.context;
    const room = Math.min(most, this.#watched.size + 1);
    const range = memory.range(at, room * EVENT_BYTES);
    if (range === undefined) return -EFAULT;
    const ready = interrupts.waitForInstance(this.hostFd, room, timeoutMs);
    if (typeof ready === "number") return ready;
    const view = new DataView(range.buffer, range.byteOffset, range.byteLength);
    for (const [index, { events, data }] of ready.entries()) {
      view.setUint32(index * EVENT_BYTES, events, true);
      view.setBigUint64(index * EVENT_BYTES + 4, this.#watched.get(data)?.data ?? 0n, true);
    }
    return ready.length;
  }

  override close(): void {
    for (const [key, watched] of this.#watched) this.#remove(key, watched);
    super.close();
  }

  #find(fd: number, descriptor: Descriptor): [key: number, watched: Watched | undefined] {
    for (const [key, watched] of this.#watched) {
      if (watched.fd === fd && watched.descriptor === descriptor) return [key, watched];
    }
    return [-1, undefined];
  }

  #add(fd: number, descriptor: Descriptor, events: number, data: bigint): number {
    const { sys } = this.context;
    const given = hostFdOf(descriptor);
    // What the embedding program serves is always ready, and what has nothing to wait for is told as the kernel does.
    if (given < 0 && descriptor instanceof KernelDescriptor) return -EPERM;
    const hostFd = given < 0 ? sys.eventfd(1, 0) : sys.dup(given);
    if (hostFd < 0) return hostFd;
    while (this.#watched.has(this.#next)) this.#next++;
    const key = this.#next;
    const result = sys.epollCtl(this.hostFd, EPOLL_CTL_ADD, hostFd, events, key);
    if (result < 0) {
      sys.close(hostFd);
      return result;
    }
    this.#next = (key + 1) % 0x7fffffff;
    const watched = { fd, descriptor, hostFd, data, end: () => this.#remove(key, watched) };
    this.#watched.set(key, watched);
    descriptor.endings.add(watched.end);
    return 0;
  }

  #remove(key: number, { descriptor, hostFd, end }: Watched): void {
    const { sys } = this.context;
    // NB: closing is not enough, programs that were given the descriptor may have it open.
    sys.epollCtl(this.hostFd, EPOLL_CTL_DEL, hostFd, 0, 0);
    sys.close(hostFd);
    descriptor.endings.delete(end);
    this.#watched.delete(key);
  }
}

/** What the kernel is asked to wait for, -1 for nothing. */
function hostFdOf(descriptor: Descriptor): number {
  return descriptor.readiness(false).hostFd ?? descriptor.fileFd ?? descriptor.directoryFd ?? -1;
}

/** @throws {Refusal} EBADF, EINVAL */
export function epollInstance({ fds }: AbiV2Context, fd: number): EpollDescriptor {
  const descriptor = fds.get(fd);
  if (descriptor instanceof EpollDescriptor) return descriptor;
  throw new Refusal(descriptor === undefined ? EBADF : EINVAL);
}
