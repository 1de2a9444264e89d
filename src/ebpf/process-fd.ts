import { WasmBpfError } from "../internal/index.ts";
import { checkedCall, getSys } from "../sys/index.ts";

/**
 * Descriptor of a process: the key under which a task storage map has the value of its main thread.
 * The caller closes it. Requires Linux >= 5.3.
 */
export class ProcessFd implements Disposable {
  readonly #pid: number;
  readonly #fd: number;
  #closed = false;

  /** @throws {SystemCallError} ESRCH when there is no process `pid`. */
  constructor(pid: number) {
    this.#pid = pid;
    this.#fd = checkedCall(getSys().pidfdOpen(pid), "pidfd_open", `Cannot open process ${pid}`);
  }

  /** @throws {WasmBpfError} code `CLOSED` after `close`. */
  get fd(): number {
    if (this.#closed) throw new WasmBpfError("CLOSED", `The descriptor of process ${this.#pid} is closed`);
    return this.#fd;
  }

  close(): void {
    if (!this.#closed) getSys().close(this.#fd);
    this.#closed = true;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
