import { EAGAIN, EPIPE } from "../../../uapi/errno.ts";
import { EPOLLIN, EPOLLOUT } from "../../../uapi/linux.ts";
import { RIGHT_FD_READ, RIGHT_FD_WRITE, readStream } from "../../wasi/index.ts";
import type { AbiV2Context } from "../context.ts";
import { StreamDescriptor } from "../stream-descriptor.ts";
import { refuseToWait, waitsForParent } from "./forks.ts";

/** Bytes that fit when a pipe is ready for writing, so that writing them never waits. */
const PIPE_BUF = 4096;

/** One end of a pipe, to the guest itself or to a program that it started. */
export class PipeDescriptor extends StreamDescriptor<"pipe"> {
  readonly #isReader: boolean;

  /** Takes over `hostFd`. */
  constructor(context: AbiV2Context, hostFd: number, isReader: boolean, nonblocking = false) {
    // NB: the host's descriptor waits, since programs that are given it expect that.
    super(context, "pipe", hostFd, nonblocking);
    this.#isReader = isReader;
    this.rights &= ~(isReader ? RIGHT_FD_WRITE : RIGHT_FD_READ);
  }

  override read(into: readonly Uint8Array[]): number {
    const buffer = into.find((candidate) => candidate.length > 0);
    if (!this.#isReader) return super.read(into);
    if (buffer === undefined) return 0;
    const { sys, interrupts } = this.context;
    const { waits } = this;
    if (waits && waitsForParent(this.context, this.hostFd, EPOLLIN)) return refuseToWait(this.context);
    return readStream(sys, interrupts, this.hostFd, buffer, !waits);
  }

  override write(from: readonly Uint8Array[]): number {
    if (this.#isReader) return super.write(from);
    const { sys, interrupts } = this.context;
    // What fits a page is one write, whatever parts it has.
    const size = from.reduce((sum, { length }) => sum + length, 0);
    const pieces = size <= PIPE_BUF ? [new Uint8Array(Buffer.concat(from))] : from;
    const timeoutMs = this.waits ? -1 : 0;
    let total = 0;
    for (const bytes of pieces) {
      for (let done = 0; done < bytes.length; ) {
        if (timeoutMs < 0 && waitsForParent(this.context, this.hostFd, EPOLLOUT)) {
          const refused = refuseToWait(this.context);
          return total > 0 ? total : refused;
        }
        const ready = interrupts.waitFor([{ fd: this.hostFd, events: EPOLLOUT, data: 0 }], timeoutMs);
        if (typeof ready === "number") return total > 0 ? total : ready;
        const part = bytes.subarray(done, done + PIPE_BUF);
        const count = ready.length === 0 ? -EAGAIN : sys.write(this.hostFd, part);
        if (count === -EPIPE) interrupts.brokenPipe();
        if (count < 0) return total > 0 ? total : count;
        done += count;
        total += count;
      }
    }
    return total;
  }
}
