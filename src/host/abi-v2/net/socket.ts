import { EAGAIN, EINPROGRESS, EPIPE } from "../../../uapi/errno.ts";
import { EPOLLIN, EPOLLOUT, SOL_SOCKET } from "../../../uapi/linux.ts";
import { type Descriptor, FDFLAGS_NONBLOCK } from "../../wasi/index.ts";
import type { AbiV2Context } from "../context.ts";
import { StreamDescriptor } from "../stream-descriptor.ts";

const SO_ERROR = 4;
const MSG_DONTWAIT = 0x40;

/** A socket of the guest. Every call of the host returns at once; what waits is `Interrupts`. */
export class SocketDescriptor extends StreamDescriptor<"socket"> {
  /** SO_RCVTIMEO and SO_SNDTIMEO, -1 for none. */
  receiveTimeoutMs = -1;
  sendTimeoutMs = -1;

  /** Takes over `hostFd`. */
  constructor(context: AbiV2Context, hostFd: number, nonblocking: boolean) {
    super(context, "socket", hostFd, nonblocking);
  }

  override read(into: readonly Uint8Array[]): number {
    return this.receive(into, 0);
  }

  override write(from: readonly Uint8Array[]): number {
    const count = this.send(from);
    if (count === -EPIPE) this.context.interrupts.brokenPipe();
    return count;
  }

  override receive(into: readonly Uint8Array[], flags: number): number {
    const buffer = into.find((candidate) => candidate.length > 0) ?? new Uint8Array(0);
    return this.receiveFrom(buffer, flags, new Uint8Array(4));
  }

  /** @param address as of `Sys` */
  receiveFrom(into: Uint8Array, flags: number, address: Uint8Array): number {
    return this.#repeat(EPOLLIN, this.receiveTimeoutMs, flags, () =>
      this.context.sys.receive(this.hostFd, into, flags, address),
    );
  }

  override send(from: readonly Uint8Array[]): number {
    // One message, as of writev.
    const message = from.length === 1 ? (from[0] ?? new Uint8Array(0)) : new Uint8Array(Buffer.concat(from));
    return this.sendTo(message, 0, new Uint8Array(0));
  }

  /** @param address empty for the connected one */
  sendTo(message: Uint8Array, flags: number, address: Uint8Array): number {
    return this.#repeat(EPOLLOUT, this.sendTimeoutMs, flags, () =>
      this.context.sys.send(this.hostFd, message, flags, address),
    );
  }

  override shutdown(how: number): number {
    return this.context.sys.shutdown(this.hostFd, how);
  }

  override accept(flags: number): Descriptor | number {
    const fd = this.#repeat(EPOLLIN, this.receiveTimeoutMs, 0, () => this.context.sys.accept(this.hostFd));
    return fd < 0 ? fd : new SocketDescriptor(this.context, fd, (flags & FDFLAGS_NONBLOCK) !== 0);
  }

  connect(address: Uint8Array): number {
    const { sys, interrupts } = this.context;
    const started = sys.connect(this.hostFd, address);
    if (started !== -EINPROGRESS || !this.waits) return started;
    const ready = interrupts.waitFor([{ fd: this.hostFd, events: EPOLLOUT, data: 0 }], this.sendTimeoutMs);
    if (typeof ready === "number") return ready;
    if (ready.length === 0) return -EINPROGRESS;
    const error = new Uint8Array(4);
    const result = sys.getSocketOption(this.hostFd, SOL_SOCKET, SO_ERROR, error);
    return result < 0 ? result : 0 - new DataView(error.buffer).getInt32(0, true);
  }

  #repeat(events: number, timeoutMs: number, flags: number, call: () => number): number {
    const waits = this.waits && (flags & MSG_DONTWAIT) === 0;
    for (;;) {
      const result = call();
      if (result !== -EAGAIN || !waits) return result;
      const ready = this.context.interrupts.waitFor([{ fd: this.hostFd, events, data: 0 }], timeoutMs);
      if (typeof ready === "number") return ready;
      if (ready.length === 0) return -EAGAIN;
    }
  }
}
