import type { Sys } from "../../sys/index.ts";
import { EBADF, EFAULT, EINVAL } from "../../uapi/errno.ts";
import { EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT } from "../../uapi/linux.ts";
import type { Wanted } from "../interrupts.ts";
import { clockTimeNs } from "./clock.ts";
import type { WasiCalls, WasiContext } from "./context.ts";
import { wasiErrno } from "./errno.ts";
import { RIGHT_POLL_FD_READWRITE } from "./rights.ts";

const SUBSCRIPTION_BYTES = 48;
const EVENT_BYTES = 32;
const EVENTTYPE_CLOCK = 0;
const EVENTTYPE_FD_READ = 1;
const EVENTTYPE_FD_WRITE = 2;
const SUBSCRIPTION_CLOCK_ABSTIME = 1;
const EVENT_HANGUP = 1;
const FIONREAD = 0x541b;
/** More than any program waits for; keeps one call from taking seconds. */
const MOST_SUBSCRIPTIONS = 65536;

interface Subscription {
  readonly userdata: bigint;
  readonly type: number;
  /** Clock subscriptions: when it fires, on the monotonic clock. */
  readonly dueNs: bigint | undefined;
  /** Descriptor subscriptions that have to be waited for. */
  readonly hostFd: number | undefined;
  readonly isReady: (() => boolean) | undefined;
  /** Linux error, or 0. */
  readonly failure: number;
  readonly availableBytes: bigint;
  /** The other end is gone. */
  readonly hangup: boolean;
}

/** `poll_oneoff`: sleeping, and waiting for standard streams. */
export function pollCalls(context: WasiContext): WasiCalls {
  const { memory, interrupts } = context;

  function poll(subscriptions: number, events: number, count: number, result: number): number {
    const length = count >>> 0;
    if (length === 0 || length > MOST_SUBSCRIPTIONS) return -EINVAL;
    if (
      !memory.has(subscriptions, length * SUBSCRIPTION_BYTES) ||
      !memory.has(events, length * EVENT_BYTES) ||
      !memory.has(result, 4)
    ) {
      return -EFAULT;
    }
    const wanted: Subscription[] = [];
    for (let index = 0; index < length; index++) {
      const subscription = readSubscription(context, (subscriptions >>> 0) + index * SUBSCRIPTION_BYTES);
      if (typeof subscription === "number") return subscription;
      wanted.push(subscription);
    }
    const ready = waitForAny(wanted);
    if (typeof ready === "number") return ready;
    let at = events >>> 0;
    for (const subscription of ready) {
      writeEvent(context, at, subscription);
      at += EVENT_BYTES;
    }
    memory.setU32(result, ready.length);
    return 0;
  }

  return { poll_oneoff: ["iiii", poll] };

  /** Returns what is ready, at least one unless a signal came. */
  function waitForAny(wanted: readonly Subscription[]): Subscription[] | number {
    const immediate = wanted.filter(
      (one) => one.failure !== 0 || (one.type !== EVENTTYPE_CLOCK && one.hostFd === undefined),
    );
    const waiting = wanted.filter((one) => one.hostFd !== undefined);
    const dues = wanted.flatMap((one) => (one.dueNs === undefined ? [] : [one.dueNs]));
    const due = dues.reduce<bigint | undefined>((a, b) => (a === undefined || b < a ? b : a), undefined);
    if (immediate.length > 0) return immediate;
    if (waiting.length === 0) {
      const left = due === undefined ? 0n : due - process.hrtime.bigint();
      const slept = interrupts.sleep(left > 0n ? left : 0n);
      return slept < 0 ? slept : dueNow(wanted, due);
    }
    for (;;) {
      const left = due === undefined ? -1n : due - process.hrtime.bigint();
      const timeoutMs = due === undefined ? -1 : left > 0n ? Number((left + 999_999n) / 1_000_000n) : 0;
      const ready = waitForDescriptors(waiting, timeoutMs);
      if (typeof ready === "number") return ready;
      if (ready.length > 0) return [...ready, ...dueNow(wanted, process.hrtime.bigint())];
      if (due !== undefined && process.hrtime.bigint() >= due) return dueNow(wanted, due);
    }
  }

  function waitForDescriptors(waiting: readonly Subscription[], timeoutMs: number): Subscription[] | number {
    // One entry per host descriptor, since epoll knows each only once.
    const wanted = new Map<number, Wanted>();
    for (const { hostFd, type, isReady } of waiting) {
      if (hostFd === undefined) continue;
      const events = type === EVENTTYPE_FD_READ ? EPOLLIN : EPOLLOUT;
      const before = wanted.get(hostFd);
      wanted.set(hostFd, {
        fd: hostFd,
        events: (before?.events ?? 0) | events,
        data: hostFd,
        isReady: isReady ?? before?.isReady,
      });
    }
    const ready = interrupts.waitForEvents([...wanted.values()], timeoutMs);
    if (typeof ready === "number") return ready;
    const found = new Map(ready.map((one) => [one.data, one.events]));
    return waiting.flatMap((one) => {
      const mask = one.hostFd === undefined ? 0 : (found.get(one.hostFd) ?? 0);
      const hangup = (mask & (EPOLLHUP | EPOLLERR)) !== 0;
      const wanted = one.type === EVENTTYPE_FD_READ ? EPOLLIN : EPOLLOUT;
      return hangup || (mask & wanted) !== 0 ? [{ ...one, hangup }] : [];
    });
  }
}

function dueNow(wanted: readonly Subscription[], now: bigint | undefined): Subscription[] {
  return wanted.filter((one) => one.dueNs !== undefined && now !== undefined && one.dueNs <= now);
}

/** userdata u64@0, tag u8@8; clock: id u32@16, timeout u64@24, precision u64@32, flags u16@40; else fd u32@16. */
function readSubscription({ memory, fds }: WasiContext, at: number): Subscription | number {
  const userdata = memory.u64(at) ?? 0n;
  const type = memory.u8(at + 8) ?? 0;
  const none = {
    userdata,
    type,
    dueNs: undefined,
    hostFd: undefined,
    isReady: undefined,
    failure: 0,
    availableBytes: 0n,
    hangup: false,
  };
  if (type === EVENTTYPE_CLOCK) {
    const clockNow = clockTimeNs(memory.u32(at + 16) ?? 0);
    if (clockNow === undefined) return { ...none, failure: EINVAL };
    const timeout = memory.u64(at + 24) ?? 0n;
    const isAbsolute = ((memory.u16(at + 40) ?? 0) & SUBSCRIPTION_CLOCK_ABSTIME) !== 0;
    return { ...none, dueNs: process.hrtime.bigint() + (isAbsolute ? timeout - clockNow : timeout) };
  }
  if (type !== EVENTTYPE_FD_READ && type !== EVENTTYPE_FD_WRITE) return -EINVAL;
  const descriptor = fds.take(memory.u32(at + 16) ?? 0, RIGHT_POLL_FD_READWRITE);
  if (typeof descriptor === "number") return { ...none, failure: -descriptor };
  if (descriptor.directoryFd !== undefined) return { ...none, failure: EBADF };
  const { hostFd, availableBytes, isReady } = descriptor.readiness(type === EVENTTYPE_FD_WRITE);
  return { ...none, hostFd, availableBytes, isReady };
}

function waitingBytes(sys: Sys, event: Subscription): bigint {
  if (event.hostFd === undefined || event.type !== EVENTTYPE_FD_READ) return event.availableBytes;
  const count = new Uint8Array(4);
  const known = sys.ioctl(event.hostFd, FIONREAD, count) >= 0;
  return known ? BigInt(new DataView(count.buffer).getInt32(0, true)) : event.availableBytes;
}

/** userdata u64@0, error u16@8, type u8@10, nbytes u64@16, flags u16@24. */
function writeEvent({ memory, sys }: WasiContext, at: number, event: Subscription): void {
  memory.range(at, EVENT_BYTES)?.fill(0);
  memory.setU64(at, event.userdata);
  memory.setU16(at + 8, wasiErrno(-event.failure));
  memory.setU8(at + 10, event.type);
  if (event.type === EVENTTYPE_CLOCK) return;
  memory.setU64(at + 16, waitingBytes(sys, event));
  if (event.hangup) memory.setU16(at + 24, EVENT_HANGUP);
}
