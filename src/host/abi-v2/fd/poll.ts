import { EFAULT, EINVAL } from "../../../uapi/errno.ts";
import { EPOLLERR, EPOLLHUP } from "../../../uapi/linux.ts";
import type { Wanted } from "../../interrupts.ts";
import type { AbiV2Context } from "../context.ts";
import { Refusal } from "../refusal.ts";

/** `struct pollfd`: fd i32@0, events u16@4, revents u16@6. */
const POLLFD_BYTES = 8;
const POLLNVAL = 0x20;
/** POLLIN and POLLRDNORM, POLLOUT and POLLWRNORM: the bits of poll are those of epoll. */
const READABLE = 0x41;
const WRITABLE = 0x104;
/** All that there is to wait for. */
const EVENTS = 0x27df;
/** More than any program waits for; keeps one call from taking seconds. */
const MOST = 65536;
const NEVER = 2n ** 64n - 1n;
const NS_PER_MS = 1_000_000n;

/** A time in nanoseconds, rounded up, all ones for no end: -1. */
export function timeoutMs(low: number, high: number): number {
  const ns = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
  return ns === NEVER ? -1 : Number((ns + NS_PER_MS - 1n) / NS_PER_MS);
}

interface Polled {
  readonly events: number;
  revents: number;
  /** -1: nothing to wait for. */
  readonly hostFd: number;
  readonly isReady: (() => boolean) | undefined;
}

/**
 * `fd_poll`.
 *
 * @param timeout milliseconds, -1: no end
 * @throws {Refusal} EFAULT, EINVAL
 */
export function poll(context: AbiV2Context, at: number, count: number, timeout: number): number {
  if (count < 0 || count > MOST) throw new Refusal(EINVAL);
  const range = context.memory.range(at, count * POLLFD_BYTES);
  if (range === undefined) throw new Refusal(EFAULT);
  const view = new DataView(range.buffer, range.byteOffset, range.byteLength);
  const polled = Array.from({ length: count }, (_, index) =>
    polledAt(
      context,
      view.getInt32(index * POLLFD_BYTES, true),
      view.getUint16(index * POLLFD_BYTES + 4, true),
    ),
  );
  if (polled.every(({ revents }) => revents === 0)) {
    const interrupted = wait(context, polled, timeout);
    if (interrupted < 0) return interrupted;
  } else {
    wait(context, polled, 0);
  }
  for (const [index, { revents }] of polled.entries()) {
    view.setUint16(index * POLLFD_BYTES + 6, revents, true);
  }
  return polled.filter(({ revents }) => revents !== 0).length;
}

function polledAt({ fds }: AbiV2Context, fd: number, events: number): Polled {
  const nothing = { events: 0, revents: 0, hostFd: -1, isReady: undefined };
  if (fd < 0) return nothing;
  const descriptor = fds.get(fd);
  if (descriptor === undefined) return { ...nothing, revents: POLLNVAL };
  const writes = (events & WRITABLE) !== 0 && (events & READABLE) === 0;
  const { hostFd, isReady } = descriptor.readiness(writes);
  // What cannot be waited for is ready.
  if (hostFd === undefined) return { ...nothing, revents: events & (READABLE | WRITABLE) };
  return { events: events & EVENTS, revents: 0, hostFd, isReady };
}

/** Fills in `revents`. @returns 0, or -errno */
function wait({ interrupts }: AbiV2Context, polled: readonly Polled[], timeout: number): number {
  // One entry per descriptor of the host, since epoll knows each only once.
  const wanted = new Map<number, Wanted>();
  for (const { hostFd: fd, events, isReady } of polled) {
    if (fd < 0) continue;
    const before = wanted.get(fd);
    wanted.set(fd, {
      fd,
      events: (before?.events ?? 0) | events,
      data: fd,
      isReady: isReady ?? before?.isReady,
    });
  }
  const ready = interrupts.waitForEvents([...wanted.values()], timeout);
  if (typeof ready === "number") return ready;
  for (const { data, events } of ready) {
    for (const one of polled) {
      if (one.hostFd === data) one.revents |= events & (one.events | EPOLLERR | EPOLLHUP);
    }
  }
  return 0;
}
