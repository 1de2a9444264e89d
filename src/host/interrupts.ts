import type { Sys } from "../sys/index.ts";
import { EINTR, EPERM } from "../uapi/errno.ts";
import {
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLLIN,
  SIGHUP,
  SIGINT,
  SIGPIPE,
  SIGTERM,
  SIGUSR1,
} from "../uapi/linux.ts";
import { GuestEnding, STATUS_SIGNAL } from "./ending.ts";
import { GuestSignals, SIGNAL_CATCH, SIGNAL_DEFAULT, TERMINATIONS } from "./guest-signals.ts";

/** How long a guest may go on calling the host after SIGINT or SIGTERM. */
const GRACE_MS = 1000;
/** After this it is ended even if it calls the host no more, a loop without calls for example. */
export const HARD_GRACE_MS = 1500;
/** As both, for a guest of version 2 that handles the signal itself: how long it may take to notice. */
const HANDLED_GRACE_MS = 3000;
const HANDLED_HARD_GRACE_MS = 3500;
/** As {@link HARD_GRACE_MS} for one that does not: its next call ends it. */
const DEFAULT_HARD_GRACE_MS = 500;
const LONGEST_WAIT_MS = 0x7fffffff;
const NS_PER_MS = 1_000_000n;

/** Where requests to end a guest come from. */
export interface InterruptSource {
  start(): void;
  /** Signals that came since the last call, bit n is signal n; bit 0: the guest is to be ended whatever it handles. */
  take(): number;
  /**
   * For guests of version 2, which choose the signals that they handle; `undefined` where what comes is the guest's end
   * in any case.
   */
  readonly routing?: SignalRouting;
  /** Readable when there is something to take; `undefined` when the waits of {@link Sys} return -EINTR by themselves. */
  readonly wakeFd: number | undefined;
  /** The host works, which is not cut short by the grace time: that stands still until {@link resume}. */
  hold(): void;
  resume(): void;
  stop(): void;
}

/** The signals of the process, as a guest wants them. */
export interface SignalRouting {
  /** Signals that end a process are caught from now on. */
  catchDefaults(): void;
  /** Another one is caught, or one of them is handled otherwise: SIGNAL_*. */
  dispose(signal: number, how: number): void;
  /** The guest took its signals. */
  taken(): void;
}

/** SIGINT and SIGTERM of the process. */
export function processSignals({ signals }: Sys): InterruptSource {
  return {
    // NB: what Node does on SIGUSR1 is to open a door for debuggers.
    start: () => void signals.catch([SIGINT, SIGTERM, SIGUSR1], HARD_GRACE_MS),
    take: () => signals.take(),
    routing: {
      catchDefaults: () => void signals.catch([SIGINT, SIGTERM, SIGHUP, SIGUSR1], DEFAULT_HARD_GRACE_MS),
      dispose: (signal, how) => void signals.dispose(signal, how, HANDLED_HARD_GRACE_MS),
      taken: () => signals.taken(),
    },
    wakeFd: undefined,
    hold: () => signals.hold(),
    resume: () => signals.resume(),
    stop: () => signals.release(),
  };
}

/** Nothing interrupts the guest; signals do to the process what they do. */
export const noInterrupts: InterruptSource = {
  start: () => {},
  take: () => 0,
  wakeFd: undefined,
  hold: () => {},
  resume: () => {},
  stop: () => {},
};

/** A descriptor to wait for. */
export interface Wanted {
  readonly fd: number;
  /** EPOLL* */
  readonly events: number;
  /** Comes back when the descriptor is ready; not negative. */
  readonly data: number;
  /** Whether it is ready already, for what tells epoll only once. */
  readonly isReady?: (() => boolean) | undefined;
}

/** A descriptor that is ready. */
export interface Ready {
  readonly events: number;
  readonly data: number;
}

/** EPOLLIN and EPOLLRDNORM. */
const READABLE = 0x41;
/** What a file is that cannot be waited for: that, EPOLLOUT and EPOLLWRNORM. */
const ALWAYS_READY = READABLE | 0x104;

/** What one call tells of. */
const MOST_AT_ONCE = 64;

/** `data` of the descriptor that wakes waits. */
const WAKE = 0xffffffff;

/**
 * Signals and waits of one guest. A signal makes the waiting call, or the next one, return -EINTR. A guest that
 * still calls the host when the grace time is over is ended with status 128 + signal.
 *
 * A guest of version 2 says which signals it handles. Others that end a process end it at its next call.
 */
export class Interrupts {
  readonly #sys: Sys;
  readonly #source: InterruptSource;
  /** The signal whose grace time runs, 0 for none. */
  #signal = 0;
  #undelivered = false;
  #deadlineMs = Number.POSITIVE_INFINITY;
  #signals: GuestSignals | undefined;

  constructor(sys: Sys, source: InterruptSource) {
    this.#sys = sys;
    this.#source = source;
  }

  /** The guest chooses the signals that it handles, as of version 2; the others do what they do on Linux. */
  chooseSignals(): GuestSignals {
    this.#signals = new GuestSignals();
    this.#source.routing?.catchDefaults();
    return this.#signals;
  }

  /** Signals of a guest that chooses them. */
  get signals(): GuestSignals {
    return this.#signals ?? this.chooseSignals();
  }

  /** Who handles a signal from now on, SIGNAL_*. */
  dispose(signal: number, how: number): void {
    this.signals.setDisposition(signal, how);
    this.#source.routing?.dispose(signal, how);
  }

  /** The guest takes what waits: bit n for signal n. */
  takeSignals(): number {
    const taken = this.signals.take();
    this.#undelivered = false;
    const { routing } = this.#source;
    if (routing !== undefined) {
      this.#signal = 0;
      this.#deadlineMs = Number.POSITIVE_INFINITY;
      routing.taken();
    }
    return taken;
  }

  /** The guest wrote where nobody reads any more. @throws {GuestEnding} unless it handles or ignores SIGPIPE */
  brokenPipe(): void {
    if (this.#signals === undefined || this.#signals.endsGuest(SIGPIPE)) {
      throw new GuestEnding("signal", STATUS_SIGNAL + SIGPIPE);
    }
    this.#deliver(1 << SIGPIPE, this.#signals);
  }

  /** Called on every host import. @throws {GuestEnding} when the grace time is over */
  check(): void {
    this.#take();
    if (this.#signal !== 0 && performance.now() >= this.#deadlineMs) {
      throw new GuestEnding("signal", STATUS_SIGNAL + this.#signal);
    }
  }

  /** Whether a signal waits to be told to the guest; true once per signal, for calls that are about to wait. */
  consume(): boolean {
    this.#take();
    const undelivered = this.#undelivered;
    this.#undelivered = false;
    return undelivered;
  }

  /**
   * Runs work whose time is the host's and the kernel's, such as detaching a dozen tracepoints for two seconds: a guest
   * that is ending properly has its grace time all the same.
   */
  hostWork<T>(work: () => T): T {
    const startMs = performance.now();
    this.#source.hold();
    try {
      return work();
    } finally {
      this.#source.resume();
      this.#deadlineMs += performance.now() - startMs;
    }
  }

  /** The guest has ended; what is left to do is the host's: only a second signal cuts it short. */
  finish(): void {
    for (const signal of TERMINATIONS) this.#source.routing?.dispose(signal, SIGNAL_DEFAULT);
    this.#source.hold();
  }

  #take(): void {
    const signals = this.#signals;
    const mask = this.#source.take() | (signals?.expired() ?? 0);
    if (mask === 0) return;
    if (signals !== undefined) {
      this.#deliver(mask, signals);
      return;
    }
    if ((mask & (1 << SIGUSR1)) !== 0) throw new GuestEnding("signal", STATUS_SIGNAL + SIGUSR1);
    this.#undelivered = true;
    if (this.#signal !== 0) return;
    this.#signal = (mask & (1 << SIGINT)) !== 0 ? SIGINT : SIGTERM;
    this.#deadlineMs = performance.now() + GRACE_MS;
  }

  #deliver(mask: number, signals: GuestSignals): void {
    for (let signal = 1; signal < 32; signal++) {
      if ((mask & (1 << signal)) === 0) continue;
      const isLast = (mask & 1) !== 0 && TERMINATIONS.includes(signal);
      if (isLast || signals.endsGuest(signal)) throw new GuestEnding("signal", STATUS_SIGNAL + signal);
      if (signals.disposition(signal) !== SIGNAL_CATCH) continue;
      signals.add(signal);
      this.#undelivered = true;
      if (this.#signal !== 0 || !TERMINATIONS.includes(signal)) continue;
      this.#signal = signal;
      this.#deadlineMs =
        performance.now() + (this.#source.routing === undefined ? GRACE_MS : HANDLED_GRACE_MS);
    }
  }

  /** Shortens a timeout to the rest of the grace time and of the guest's timer. */
  #bound(timeoutMs: number): number {
    const grace = Math.max(0, Math.ceil(this.#deadlineMs - performance.now()));
    const left = Math.min(grace, this.#signals?.timerLeftMs ?? Number.POSITIVE_INFINITY);
    return timeoutMs < 0 ? (left === Number.POSITIVE_INFINITY ? -1 : left) : Math.min(timeoutMs, left);
  }

  /**
   * Runs one call that waits for a descriptor.
   *
   * @param fd what the call waits for
   * @param call gets its timeout, shortened; -EINTR when a signal interrupted it
   * @param isReady whether there is something already, for what tells epoll only once
   * @returns what `call` returned; 0 after the timeout, -EINTR after a signal
   * @throws {GuestEnding} when the grace time is over
   */
  wait(
    timeoutMs: number,
    fd: number,
    call: (boundedMs: number) => number,
    isReady: () => boolean = () => false,
  ): number {
    // NB: a call that reads takes no notice of its time.
    if (this.#source.wakeFd === undefined && (this.#signals === undefined || this.#bound(-1) < 0)) {
      return this.#interruptible(timeoutMs, call, false);
    }
    const ready = this.waitFor([{ fd, events: EPOLLIN, data: 0, isReady }], timeoutMs);
    if (typeof ready === "number") return ready;
    return ready.length > 0 ? call(0) : 0;
  }

  /** @param isTimed whether 0 means that the time was over, which may have been shortened */
  #interruptible(timeoutMs: number, call: (boundedMs: number) => number, isTimed: boolean): number {
    const dueMs = timeoutMs < 0 ? Number.POSITIVE_INFINITY : monotonicMs() + timeoutMs;
    for (let leftMs = timeoutMs; ; leftMs = timeoutMs < 0 ? -1 : Math.max(0, dueMs - monotonicMs())) {
      if (this.consume()) return -EINTR;
      const result = call(this.#bound(leftMs));
      if (result !== 0 && result !== -EINTR) {
        this.check();
        return result;
      }
      // What interrupted it may be nothing that the guest wants to hear of.
      if (this.consume() || (result === -EINTR && this.#signals === undefined)) return -EINTR;
      this.check();
      if (result === 0 && (!isTimed || timeoutMs === 0 || monotonicMs() >= dueMs)) return 0;
    }
  }

  /** @returns 0, or -EINTR after a signal. */
  sleep(ns: bigint): number {
    if (this.#source.wakeFd !== undefined) {
      const ready = this.waitFor([], Number((ns + NS_PER_MS - 1n) / NS_PER_MS));
      return typeof ready === "number" ? ready : 0;
    }
    const dueNs = process.hrtime.bigint() + ns;
    return this.#interruptible(
      Number(ns) / Number(NS_PER_MS),
      (boundedMs) => {
        const leftNs = dueNs - process.hrtime.bigint();
        const boundedNs = BigInt(Math.ceil(boundedMs * Number(NS_PER_MS)));
        const shorter = boundedNs < leftNs ? boundedNs : leftNs;
        return this.#sys.sleep(shorter > 0n ? shorter : 0n);
      },
      true,
    );
  }

  /**
   * Waits until one of several descriptors is ready.
   *
   * @param timeoutMs -1 waits for ever
   * @returns the `data` of the ready ones, none after the timeout, or -errno
   */
  waitFor(wanted: readonly Wanted[], timeoutMs: number): number[] | number {
    const ready = this.waitForEvents(wanted, timeoutMs);
    return typeof ready === "number" ? ready : ready.map(({ data }) => data);
  }

  /**
   * Waits for an instance of epoll itself, not for one that it is in: asking twice would lose what is told only once.
   *
   * @param most how many are told of, at least 1; never more than 64
   */
  waitForInstance(epoll: number, most: number, timeoutMs: number): Ready[] | number {
    const { wakeFd } = this.#source;
    const wakes =
      wakeFd !== undefined &&
      this.#signal === 0 &&
      this.#sys.epollCtl(epoll, EPOLL_CTL_ADD, wakeFd, EPOLLIN, WAKE) === 0;
    try {
      const pairs = new Uint32Array(2 * Math.min(most, MOST_AT_ONCE));
      const look = (boundedMs: number): number =>
        this.#sys.epollWait(epoll, pairs, pairs.length / 2, Math.min(Math.ceil(boundedMs), LONGEST_WAIT_MS));
      const count = this.#interruptible(timeoutMs, look, true);
      if (count < 0) return count;
      const told = Array.from({ length: count }, (_, index) => ({
        events: pairs[2 * index] ?? 0,
        data: pairs[2 * index + 1] ?? 0,
      }));
      const ready = told.filter(({ data }) => data !== WAKE);
      if (ready.length === told.length || ready.length > 0) return ready;
      this.consume();
      return -EINTR;
    } finally {
      if (wakes) this.#sys.epollCtl(epoll, EPOLL_CTL_DEL, wakeFd, 0, 0);
    }
  }

  /** As {@link waitFor}, with what each is ready for. */
  waitForEvents(wanted: readonly Wanted[], timeoutMs: number): Ready[] | number {
    const { wakeFd } = this.#source;
    const epoll = this.#sys.epollCreate();
    if (epoll < 0) return epoll;
    try {
      const always: Ready[] = [];
      for (const one of wanted) {
        const result = this.#sys.epollCtl(epoll, EPOLL_CTL_ADD, one.fd, one.events, one.data);
        // Regular files cannot be waited for: they are always ready.
        const events = one.events & ALWAYS_READY;
        if (result === -EPERM && events !== 0) always.push({ events, data: one.data });
        else if (result < 0 && result !== -EPERM) return result;
      }
      // NB: some kinds, perf events for example, say only once that they are ready, and may have told epoll just now.
      for (const { events, data, isReady } of wanted) {
        if (isReady?.() === true) always.push({ events: events & READABLE, data });
      }
      // It stays readable: once the guest knows, it wakes no more.
      if (wakeFd !== undefined && this.#signal === 0) {
        this.#sys.epollCtl(epoll, EPOLL_CTL_ADD, wakeFd, EPOLLIN, WAKE);
      }
      const pairs = new Uint32Array(2 * MOST_AT_ONCE);
      const look = (boundedMs: number): number =>
        this.#sys.epollWait(epoll, pairs, MOST_AT_ONCE, Math.min(Math.ceil(boundedMs), LONGEST_WAIT_MS));
      // A signal is left to the next call where there is something to tell anyway.
      let count = always.length > 0 ? Math.max(0, look(0)) : this.#interruptible(timeoutMs, look, true);
      if (count < 0) return count;
      const told = new Map<number, number>();
      const take = (): void => {
        for (let at = 0; at < 2 * count; at += 2) told.set(pairs[at + 1] ?? 0, pairs[at] ?? 0);
      };
      take();
      // The kernel begins with those that it has not told of.
      for (let before = 0; count === MOST_AT_ONCE && told.size > before; take()) {
        before = told.size;
        count = Math.max(0, look(0));
      }
      const wakes = told.delete(WAKE);
      const ready = [...told].map(([data, events]) => ({ events, data }));
      if (always.length > 0 || !wakes) return [...always, ...ready];
      this.consume();
      return -EINTR;
    } finally {
      this.#sys.close(epoll);
    }
  }
}

function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}
