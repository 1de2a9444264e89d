import type { Sys } from "../../../sys/index.ts";
import { ECHILD, ESRCH } from "../../../uapi/errno.ts";
import { EPOLLIN, SIGKILL } from "../../../uapi/linux.ts";
import type { Interrupts } from "../../interrupts.ts";
import type { HandleEntry } from "../handles.ts";

const MS = 1_000_000n;
/** How often it is seen whether a process has ended, on kernels without descriptors of processes (before 5.3). */
const STEP_NS = 10n * MS;
/** How long a killed process may take to be gone: one that the kernel holds back is left to itself. */
const KILLED_STEPS = 2000;

/** Processes that a guest started and has not waited for: id and descriptor, -1 where the kernel has none. */
export class Children implements HandleEntry {
  readonly #sys: Sys;
  readonly #interrupts: Interrupts;
  readonly #pidfds = new Map<number, number>();
  /** Those that nobody waits for any more, since who started them has ended. */
  readonly #orphans = new Set<number>();

  constructor(sys: Sys, interrupts: Interrupts) {
    this.#sys = sys;
    this.#interrupts = interrupts;
  }

  add(pid: number): void {
    this.#pidfds.set(pid, this.#sys.pidfdOpen(pid));
  }

  /**
   * Waits for one, -1 for any.
   *
   * @param status 4 bytes for what `waitpid` says
   * @param waits false only looks
   * @returns the id, 0 when it goes on, or -errno
   */
  wait(pid: number, status: Uint8Array, waits: boolean): number {
    for (;;) {
      const wanted = pid === -1 ? this.pids : [pid];
      if (wanted.length === 0) return -ECHILD;
      for (const one of wanted) {
        const ended = this.#isOwn(one) ? this.#reap(one, status) : -ECHILD;
        if (ended !== 0) return ended;
      }
      if (!waits) return 0;
      const interrupted = this.#sleepFor(wanted);
      if (interrupted < 0) return interrupted;
    }
  }

  /** How many there are, those of nobody included. */
  get count(): number {
    return this.#pidfds.size;
  }

  /** Those that can be waited for. */
  get pids(): number[] {
    return [...this.#pidfds.keys()].filter((pid) => !this.#orphans.has(pid));
  }

  /** All but these belong to nobody from now on. */
  disownAllBut(pids: readonly number[]): void {
    for (const pid of this.pids) if (!pids.includes(pid)) this.#orphans.add(pid);
  }

  kill(pid: number, signal: number): number {
    return this.#isOwn(pid) ? this.#sys.kill(pid, signal) : -ESRCH;
  }

  /** Ends what is left; nothing of it stays as a dead entry in the kernel's list of processes. */
  close(): void {
    for (const pid of this.#pidfds.keys()) this.#sys.kill(pid, SIGKILL);
    const status = new Uint8Array(4);
    for (const pid of [...this.#pidfds.keys()]) {
      for (let step = 0; step < KILLED_STEPS && this.#reap(pid, status) === 0; step++) this.#sys.sleep(MS);
      this.#forget(pid);
    }
  }

  #isOwn(pid: number): boolean {
    return this.#pidfds.has(pid) && !this.#orphans.has(pid);
  }

  #reap(pid: number, status: Uint8Array): number {
    if (!this.#pidfds.has(pid)) return -ECHILD;
    const ended = this.#sys.waitProcess(pid, status);
    if (ended !== 0) this.#forget(pid);
    return ended;
  }

  #forget(pid: number): void {
    const pidfd = this.#pidfds.get(pid) ?? -1;
    if (pidfd >= 0) this.#sys.close(pidfd);
    this.#pidfds.delete(pid);
    this.#orphans.delete(pid);
  }

  #sleepFor(pids: readonly number[]): number {
    const fds = pids.map((pid) => this.#pidfds.get(pid) ?? -1);
    if (fds.some((fd) => fd < 0)) return this.#interrupts.sleep(STEP_NS);
    const ready = this.#interrupts.waitFor(
      fds.map((fd) => ({ fd, events: EPOLLIN, data: 0 })),
      -1,
    );
    return typeof ready === "number" ? ready : 0;
  }
}
