import { UserRingBuffer } from "../../../buffer/index.ts";
import { checkedCall } from "../../../sys/index.ts";
import { BPF_MAP_TYPE_USER_RINGBUF, BPF_RINGBUF_HDR_SZ } from "../../../uapi/bpf.ts";
import { E2BIG, EINTR, EINVAL, ENOSPC } from "../../../uapi/errno.ts";
import { EPOLL_CTL_ADD, EPOLLOUT } from "../../../uapi/linux.ts";
import { guestRange } from "../blocks.ts";
import type { AbiV2Context } from "../context.ts";
import type { GuestMap } from "../guest-map.ts";
import { Refusal } from "../refusal.ts";
import { BufferEntry } from "./entry.ts";
import { monotonicMs } from "./record-buffer.ts";

/** A user ring buffer: the guest writes records, a BPF program takes them. */
export class UserRing extends BufferEntry {
  readonly #context: AbiV2Context;
  readonly #epollFd: number;
  readonly #events = new Uint32Array(2);
  readonly #reserved = new Map<number, Uint8Array>();
  #ring: UserRingBuffer | undefined;
  #mapFd = -1;
  #nextTicket = 1;

  /** @throws {SystemCallError} when there is no descriptor to wait with */
  constructor(context: AbiV2Context) {
    super(context);
    this.#context = context;
    this.#epollFd = checkedCall(context.sys.epollCreate(), "epoll_create1", "Cannot wait for room");
  }

  override get waitFd(): number {
    return this.#epollFd;
  }

  override add(map: GuestMap, guestFd: number): number {
    const { sys, log } = this.#context;
    if (this.#ring !== undefined) throw new Refusal(EINVAL);
    if (map.type !== BPF_MAP_TYPE_USER_RINGBUF) {
      log.write(0, `user ringbuf: map fd=${guestFd} is not BPF_MAP_TYPE_USER_RINGBUF`);
      throw new Refusal(EINVAL);
    }
    const action = "Cannot open the user ring buffer";
    const fd = checkedCall(sys.dup(map.fd), "fcntl(F_DUPFD)", action);
    let ring: UserRingBuffer | undefined;
    try {
      ring = new UserRingBuffer({ fd, maxEntries: map.maxEntries });
      checkedCall(sys.epollCtl(this.#epollFd, EPOLL_CTL_ADD, fd, EPOLLOUT, 0), "epoll_ctl", action);
    } catch (error) {
      ring?.close();
      sys.close(fd);
      throw error;
    }
    this.#mapFd = fd;
    this.#ring = ring;
    return 0;
  }

  /** @returns a ticket */
  reserve(sizeBytes: number, timeoutMs: number): number {
    const { sys, interrupts } = this.#context;
    const ring = this.#opened();
    if (sizeBytes === 0) throw new Refusal(EINVAL);
    if (sizeBytes > ring.sizeBytes - BPF_RINGBUF_HDR_SZ) throw new Refusal(E2BIG);
    const dueMs = timeoutMs < 0 ? Number.POSITIVE_INFINITY : monotonicMs() + timeoutMs;
    for (;;) {
      const record = ring.reserve(sizeBytes);
      if (record !== undefined) {
        const ticket = this.#nextTicket++;
        this.#reserved.set(ticket, record);
        return ticket;
      }
      const left = dueMs - monotonicMs();
      if (left <= 0) throw new Refusal(ENOSPC);
      // Ready means that the program made room for something, not that there is enough.
      const { roomFd } = ring;
      const ready = interrupts.wait(timeoutMs < 0 ? -1 : Math.ceil(left), roomFd, (boundedMs) =>
        sys.epollWait(roomFd, this.#events, 1, boundedMs),
      );
      if (ready === -EINTR) throw new Refusal(EINTR);
      if (ready < 0) return ready;
    }
  }

  submit(ticket: number, at: number, sizeBytes: number): number {
    const record = this.#take(ticket);
    if (sizeBytes !== record.length) throw new Refusal(EINVAL);
    record.set(guestRange(this.#context.memory, at, sizeBytes));
    this.#reserved.delete(ticket);
    this.#opened().submit(record);
    return 0;
  }

  discard(ticket: number): number {
    const record = this.#take(ticket);
    this.#reserved.delete(ticket);
    this.#opened().discard(record);
    return 0;
  }

  #take(ticket: number): Uint8Array {
    const record = this.#reserved.get(ticket);
    if (record === undefined) throw new Refusal(EINVAL);
    return record;
  }

  #opened(): UserRingBuffer {
    if (this.#ring === undefined) throw new Refusal(EINVAL);
    return this.#ring;
  }

  protected override release(): void {
    const { sys } = this.#context;
    this.#reserved.clear();
    this.#ring?.close();
    if (this.#mapFd >= 0) sys.close(this.#mapFd);
    sys.close(this.#epollFd);
  }
}
