import { BpfAttr, checkedCall, getSys } from "../sys/index.ts";
import { BPF_ENABLE_STATS, BPF_STATS_RUN_TIME } from "../uapi/bpf.ts";

/**
 * As long as it is open, the kernel counts how often each program runs and for how long: `runCount` and `runTimeNs` of
 * {@link BpfProgram.info}. That costs every run some 20 ns. Requires Linux >= 5.8.
 */
export class RunStats implements Disposable {
  #fd: number;

  /** @throws {SystemCallError} when the kernel refuses: EPERM without CAP_SYS_ADMIN. */
  constructor() {
    const attr = new BpfAttr(4).u32(0, BPF_STATS_RUN_TIME);
    this.#fd = checkedCall(
      getSys().bpf(BPF_ENABLE_STATS, attr),
      "bpf(BPF_ENABLE_STATS)",
      "Cannot count the runs of programs",
    );
  }

  /** Ends the counting, unless somebody else has it on. Closing twice does nothing. */
  close(): void {
    if (this.#fd >= 0) getSys().close(this.#fd);
    this.#fd = -1;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
