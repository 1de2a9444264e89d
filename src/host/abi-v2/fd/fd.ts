import { EBADF, EINVAL, EPERM } from "../../../uapi/errno.ts";
import { SOCK_CLOEXEC, SOCK_NONBLOCK } from "../../../uapi/linux.ts";
import type { HostImports } from "../../host-import.ts";
import type { Descriptor } from "../../wasi/index.ts";
import { guestRange } from "../blocks.ts";
import type { AbiV2Context } from "../context.ts";
import { kernelDescriptor } from "../kernel-descriptor.ts";
import { SocketDescriptor } from "../net/socket.ts";
import { guestCall, Refusal } from "../refusal.ts";
import { PipeDescriptor } from "../run/pipe.ts";
import { CounterDescriptor } from "./counter.ts";
import { EpollDescriptor, epollInstance } from "./epoll.ts";
import { InotifyDescriptor, inotifyInstance } from "./inotify.ts";
import { controlFile, lockFile } from "./lock.ts";
import { poll, timeoutMs } from "./poll.ts";

/** One number for all: O_NONBLOCK, EFD_NONBLOCK, TFD_NONBLOCK, SOCK_NONBLOCK; and O_CLOEXEC and its likes. */
const NONBLOCK = SOCK_NONBLOCK;
const CLOSE_ON_EXEC = SOCK_CLOEXEC;
const EFD_SEMAPHORE = 1;
/** CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME. */
const CLOCKS: readonly number[] = [0, 1, 7];
/** Clocks that wake the machine. */
const ALARM_CLOCKS: readonly number[] = [8, 9];
const TIMER_BYTES = 32;
const SOCK_TYPE_MASK = 15;
/** `fd_dup`: the lowest number from there, or that number. */
const LOWEST = 0;
const EXACT = 1;
const FD_CLOEXEC = 1;

/** Imports of this family, see `docs/abi-v2.md`. */
export function fdImports(context: AbiV2Context): HostImports {
  const { memory, sys, fds } = context;

  function add(descriptor: Descriptor, flags: number): number {
    const fd = fds.add(descriptor);
    if (fd >= 0) fds.setClosedOnExec(fd, (flags & CLOSE_ON_EXEC) !== 0);
    return fd;
  }

  function counter(kind: "event" | "timer", flags: number, open: (hostFlags: number) => number): number {
    const hostFd = open((flags & ~CLOSE_ON_EXEC) | NONBLOCK);
    if (hostFd < 0) return hostFd;
    return add(new CounterDescriptor(context, kind, hostFd, (flags & NONBLOCK) !== 0), flags);
  }

  function event(initial: number, flags: number): number {
    if ((flags & ~(NONBLOCK | CLOSE_ON_EXEC | EFD_SEMAPHORE)) !== 0) return -EINVAL;
    return counter("event", flags, (hostFlags) => sys.eventfd(initial >>> 0, hostFlags));
  }

  function timer(clock: number, flags: number): number {
    if (ALARM_CLOCKS.includes(clock)) return -EPERM;
    if (!CLOCKS.includes(clock) || (flags & ~(NONBLOCK | CLOSE_ON_EXEC)) !== 0) return -EINVAL;
    return counter("timer", flags, (hostFlags) => sys.timerfdCreate(clock, hostFlags));
  }

  function timerSet(fd: number, flags: number, value: number, old: number): number {
    const { hostFd } = kernelDescriptor(fds, fd, "timer", EINVAL);
    const given = value === 0 ? new Uint8Array(0) : guestRange(memory, value, TIMER_BYTES).slice();
    const before = new Uint8Array(TIMER_BYTES);
    const into = old === 0 ? undefined : guestRange(memory, old, TIMER_BYTES);
    const result = sys.timerfdSet(hostFd, flags, given, before);
    if (result >= 0) into?.set(before);
    return result;
  }

  /** Gives the guest both of what `open` makes, or nothing. */
  function both(
    at: number,
    flags: number,
    open: (ends: Uint8Array) => number,
    make: (hostFd: number, isFirst: boolean) => Descriptor,
  ): number {
    const out = guestRange(memory, at, 8);
    const ends = new Int32Array(2);
    const result = open(new Uint8Array(ends.buffer));
    if (result < 0) return result;
    const [first = -1, second = -1] = ends;
    const made = [make(first, true), make(second, false)].map((descriptor) => add(descriptor, flags));
    const failed = made.find((fd) => fd < 0);
    if (failed !== undefined) {
      for (const fd of made) if (fd >= 0) fds.close(fd);
      return failed;
    }
    const view = new DataView(out.buffer, out.byteOffset);
    for (const [index, fd] of made.entries()) view.setInt32(index * 4, fd, true);
    return 0;
  }

  function pipe(ends: number, flags: number): number {
    // NB: O_DIRECT, a pipe of packets, is not for all who may be given it.
    if ((flags & ~(NONBLOCK | CLOSE_ON_EXEC)) !== 0) return -EINVAL;
    const nonblocking = (flags & NONBLOCK) !== 0;
    return both(
      ends,
      flags,
      (into) => sys.pipe(into),
      (hostFd, isFirst) => new PipeDescriptor(context, hostFd, isFirst, nonblocking),
    );
  }

  function pair(type: number, protocol: number, ends: number): number {
    if ((type & ~(SOCK_TYPE_MASK | NONBLOCK | CLOSE_ON_EXEC)) !== 0) return -EINVAL;
    return both(
      ends,
      type,
      (into) => sys.socketPair(type & SOCK_TYPE_MASK, protocol, into),
      (hostFd) => new SocketDescriptor(context, hostFd, (type & NONBLOCK) !== 0),
    );
  }

  function epoll(flags: number): number {
    if ((flags & ~CLOSE_ON_EXEC) !== 0) return -EINVAL;
    const hostFd = sys.epollCreate();
    return hostFd < 0 ? hostFd : add(new EpollDescriptor(context, hostFd), flags);
  }

  function inotify(flags: number): number {
    if ((flags & ~(NONBLOCK | CLOSE_ON_EXEC)) !== 0) return -EINVAL;
    const hostFd = sys.inotify(NONBLOCK);
    if (hostFd < 0) return hostFd;
    return add(new InotifyDescriptor(context, hostFd, (flags & NONBLOCK) !== 0), flags);
  }

  function duplicate(fd: number, to: number, how: number, flags: number): number {
    if ((how !== LOWEST && how !== EXACT) || (flags & ~CLOSE_ON_EXEC) !== 0) return -EINVAL;
    const made = how === EXACT ? fds.duplicateTo(fd, to) : fds.duplicate(fd, to);
    if (made >= 0 && made !== fd) fds.setClosedOnExec(made, (flags & CLOSE_ON_EXEC) !== 0);
    return made;
  }

  function ownFlags(fd: number, flags: number): number {
    const before = fds.isClosedOnExec(fd);
    if (before === undefined) throw new Refusal(EBADF);
    if (flags >= 0) fds.setClosedOnExec(fd, (flags & FD_CLOEXEC) !== 0);
    return before ? FD_CLOEXEC : 0;
  }

  return {
    fd_event: guestCall(event),
    fd_timer: guestCall(timer),
    fd_timer_set: guestCall(timerSet),
    fd_pipe: guestCall(pipe),
    fd_pair: guestCall(pair),
    fd_dup: guestCall(duplicate),
    fd_flags: guestCall(ownFlags),
    fd_poll: guestCall((at, count, low, high) => poll(context, at, count, timeoutMs(low, high))),
    fd_epoll: guestCall(epoll),
    fd_epoll_ctl: guestCall((fd, operation, watched, event) =>
      epollInstance(context, fd).control(operation, watched, event),
    ),
    fd_epoll_wait: guestCall((fd, events, most, low, high) =>
      epollInstance(context, fd).wait(events, most, timeoutMs(low, high)),
    ),
    fd_lock: guestCall((fd, operation) => lockFile(context, fd, operation)),
    fd_control: guestCall((fd, command, argument) => controlFile(context, fd, command, argument)),
    fd_inotify: guestCall(inotify),
    fd_inotify_add: guestCall((fd, directory, path, mask) =>
      inotifyInstance(context, fd).watch(directory, path, mask),
    ),
    fd_inotify_remove: guestCall((fd, watch) =>
      sys.inotifyRemove(inotifyInstance(context, fd).hostFd, watch),
    ),
  };
}
