import * as linux from "../uapi/linux.ts";

/** Who handles a signal: nobody, or the guest. The numbers are those of `signal_catch`, where 1 ignores it. */
export const SIGNAL_DEFAULT = 0;
export const SIGNAL_CATCH = 2;

const SIGALRM_BIT = 1 << linux.SIGALRM;
/** SIGCONT, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG, SIGWINCH: nothing that ends a process. */
const HARMLESS: ReadonlySet<number> = new Set([linux.SIGCHLD, 18, 19, 20, 21, 22, 23, 28]);

/** Signals that ask a program to end: whoever handles them has to show that it lives. */
export const TERMINATIONS: readonly number[] = [linux.SIGINT, linux.SIGTERM, linux.SIGHUP];

/** A `struct itimerval` in microseconds. */
export interface TimerValue {
  readonly intervalUs: number;
  /** Until the next signal; 0 for a timer that does not run. */
  readonly leftUs: number;
}

/** What a guest of version 2 does with its signals, which of them wait, and its timer. */
export class GuestSignals {
  /** Told whenever the number of waiting signals changed. */
  onPending: (count: number) => void = () => {};
  readonly #dispositions = new Map<number, number>();
  /** Bit n is signal n. */
  #pending = 0;
  #dueUs = Number.POSITIVE_INFINITY;
  #intervalUs = 0;

  disposition(signal: number): number {
    return this.#dispositions.get(signal) ?? SIGNAL_DEFAULT;
  }

  setDisposition(signal: number, how: number): void {
    this.#dispositions.set(signal, how);
  }

  /** Whether a signal that nobody handles ends the guest. */
  endsGuest(signal: number): boolean {
    return this.disposition(signal) === SIGNAL_DEFAULT && !HARMLESS.has(signal);
  }

  /** The guest has to handle this one. */
  add(signal: number): void {
    this.#pending |= 1 << signal;
    this.onPending(this.pendingCount);
  }

  get pendingCount(): number {
    return bitCount(this.#pending);
  }

  /** Waiting signals, bit n for signal n, which wait no more. */
  take(): number {
    const taken = this.#pending;
    this.#pending = 0;
    if (taken !== 0) this.onPending(0);
    return taken;
  }

  /** Milliseconds until the timer's next signal. */
  get timerLeftMs(): number {
    return this.#dueUs === Number.POSITIVE_INFINITY ? this.#dueUs : Math.max(0, this.#dueUs - nowUs()) / 1000;
  }

  /** SIGALRM as a mask when the timer has run out. */
  expired(): number {
    if (this.#dueUs === Number.POSITIVE_INFINITY) return 0;
    const lateUs = nowUs() - this.#dueUs;
    if (lateUs < 0) return 0;
    this.#dueUs =
      this.#intervalUs === 0
        ? Number.POSITIVE_INFINITY
        : this.#dueUs + this.#intervalUs * (1 + Math.floor(lateUs / this.#intervalUs));
    return SIGALRM_BIT;
  }

  get timer(): TimerValue {
    const runs = this.#dueUs !== Number.POSITIVE_INFINITY;
    // A timer that runs has some time left.
    return {
      intervalUs: this.#intervalUs,
      leftUs: runs ? Math.max(1, Math.round(this.#dueUs - nowUs())) : 0,
    };
  }

  setTimer({ intervalUs, leftUs }: TimerValue): void {
    this.#dueUs = leftUs === 0 ? Number.POSITIVE_INFINITY : nowUs() + leftUs;
    this.#intervalUs = intervalUs;
  }
}

function nowUs(): number {
  return Number(process.hrtime.bigint()) / 1000;
}

function bitCount(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++;
  return count;
}
