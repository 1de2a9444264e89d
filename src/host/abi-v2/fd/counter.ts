import { EAGAIN, EINVAL } from "../../../uapi/errno.ts";
import { EPOLLIN, EPOLLOUT } from "../../../uapi/linux.ts";
import { readStream } from "../../wasi/index.ts";
import { refuseToWait, waitsForParent } from "../run/forks.ts";
import { StreamDescriptor } from "../stream-descriptor.ts";

/** What is read and written: a u64. */
const COUNT_BYTES = 8;

/** An eventfd or a timerfd of the guest. The host's descriptor never blocks; what waits is `Interrupts`. */
export class CounterDescriptor<K extends "event" | "timer"> extends StreamDescriptor<K> {
  override read(into: readonly Uint8Array[]): number {
    const buffer = into.find((candidate) => candidate.length > 0);
    if (buffer === undefined || buffer.length < COUNT_BYTES) return -EINVAL;
    const { sys, interrupts, forks } = this.context;
    const { waits } = this;
    if (waits && this.kind === "event" && waitsForParent(this.context, this.hostFd, EPOLLIN)) {
      if (forks.awaited >= 0) return refuseToWait(this.context);
      // The process will wait in its place: the child goes on as if its parent had already written 1.
      const failed = forks.await(this.hostFd);
      if (failed < 0) return failed;
      new DataView(buffer.buffer, buffer.byteOffset).setBigUint64(0, 1n, true);
      return COUNT_BYTES;
    }
    return readStream(sys, interrupts, this.hostFd, buffer, !waits);
  }

  override write(from: readonly Uint8Array[]): number {
    const { sys, interrupts } = this.context;
    const buffer = from.find((candidate) => candidate.length > 0);
    if (buffer === undefined) return -EINVAL;
    for (;;) {
      const count = sys.write(this.hostFd, buffer);
      if (count !== -EAGAIN || !this.waits) return count;
      const ready = interrupts.waitFor([{ fd: this.hostFd, events: EPOLLOUT, data: 0 }], -1);
      if (typeof ready === "number") return ready;
    }
  }
}
