import { FDFLAGS_NONBLOCK } from "../wasi/index.ts";
import type { AbiV2Context } from "./context.ts";
import { KernelDescriptor } from "./kernel-descriptor.ts";

type StreamKind = "event" | "timer" | "pipe" | "socket" | "epoll" | "inotify";

/**
 * What the guest has made itself, reads and writes, and passes on to programs that it starts. Whether calls wait is the
 * guest's affair; what waits is `Interrupts`.
 */
export class StreamDescriptor<K extends StreamKind> extends KernelDescriptor<K> {
  protected readonly context: AbiV2Context;

  /** Takes over `hostFd`. */
  constructor(context: AbiV2Context, kind: K, hostFd: number, nonblocking: boolean) {
    super({ sys: context.sys, interrupts: context.interrupts, kind, hostFd, object: undefined as never });
    this.context = context;
    this.flags = nonblocking ? FDFLAGS_NONBLOCK : 0;
  }

  /** Whether reading and writing wait. */
  protected get waits(): boolean {
    return (this.flags & FDFLAGS_NONBLOCK) === 0;
  }

  override get streamFd(): number {
    return this.hostFd;
  }

  override duplicate(): this {
    return this;
  }

  override setFlags(flags: number): number {
    this.flags = flags & FDFLAGS_NONBLOCK;
    return 0;
  }
}
