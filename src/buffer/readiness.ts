import { checkedCall, type FdWatch, getSys } from "../sys/index.ts";
import { EPOLL_CTL_ADD, EPOLLIN } from "../uapi/linux.ts";

/** One turn of the event loop. NB: `node:timers/promises` would be one more module to load at every start. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Options of what waits in the event loop. */
export interface WaitOptions {
  /** Ends the waiting: the promise is rejected with the signal's reason, an `AbortError` by default. */
  readonly signal?: AbortSignal;
}

/** Waits in the event loop, which goes on meanwhile, until a descriptor can be read. Opens nothing before it is used. */
export class Readiness {
  readonly #fd: number;
  readonly #hasRecords: () => boolean;
  /** Own epoll descriptor: the other one may be closed, or watched elsewhere, at any time. */
  #epollFd = -1;
  #watch: FdWatch | undefined;
  /** What ends each wait: with true when the descriptor can be read. */
  readonly #waits = new Set<(readable: boolean) => void>();
  #closed = false;

  /** @param hasRecords looks whether there is something to read, whatever the descriptor says */
  constructor(fd: number, hasRecords: () => boolean) {
    this.#fd = fd;
    this.#hasRecords = hasRecords;
  }

  /**
   * @returns true when the descriptor can be read, false when {@link close} was called
   * @throws {SystemCallError} when the kernel refuses; the signal's reason when it is aborted
   */
  async wait({ signal }: WaitOptions = {}): Promise<boolean> {
    signal?.throwIfAborted();
    if (this.#closed) return false;
    if (this.#hasRecords()) {
      await turn();
      signal?.throwIfAborted();
      return !this.#closed;
    }
    const watch = this.#open();
    return new Promise((resolve, reject) => {
      const end = (): void => {
        this.#waits.delete(done);
        signal?.removeEventListener("abort", aborted);
        if (this.#waits.size === 0) watch.stop();
      };
      const done = (readable: boolean): void => {
        end();
        resolve(readable);
      };
      const aborted = (): void => {
        end();
        reject(signal?.reason);
      };
      if (this.#waits.size === 0) {
        checkedCall(watch.start(), "epoll_ctl", "Cannot wait for records");
        void this.#lookAgain();
      }
      this.#waits.add(done);
      signal?.addEventListener("abort", aborted);
    });
  }

  /** Ends all waiting. Closing twice does nothing. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#end(false);
    this.#watch?.close();
    if (this.#epollFd >= 0) getSys().close(this.#epollFd);
  }

  /**
   * NB: a perf event says only once that it is readable, and the event loop asks it when it begins to watch, without
   * listening: in the turn after this one at the latest. What came before that is seen here.
   */
  async #lookAgain(): Promise<void> {
    await turn();
    await turn();
    if (this.#waits.size > 0 && this.#hasRecords()) this.#end(true);
  }

  #end(readable: boolean): void {
    for (const done of this.#waits) done(readable);
  }

  #open(): FdWatch {
    if (this.#watch !== undefined) return this.#watch;
    const sys = getSys();
    const action = "Cannot wait for records";
    const epollFd = checkedCall(sys.epollCreate(), "epoll_create1", action);
    try {
      checkedCall(sys.epollCtl(epollFd, EPOLL_CTL_ADD, this.#fd, EPOLLIN, 0), "epoll_ctl", action);
      const watch = sys.watch(epollFd, () => this.#end(true));
      if (typeof watch === "number") {
        checkedCall(watch, "epoll_ctl", action);
        throw new Error("unreachable: a watch is no number");
      }
      this.#watch = watch;
      this.#epollFd = epollFd;
      return watch;
    } catch (error) {
      sys.close(epollFd);
      throw error;
    }
  }
}
