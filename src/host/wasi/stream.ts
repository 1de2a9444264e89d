import * as fs from "node:fs";
import type { Sys } from "../../sys/index.ts";
import { EAGAIN, EBADF, EINTR, EPIPE } from "../../uapi/errno.ts";
import { EPOLLIN, EPOLLOUT } from "../../uapi/linux.ts";
import type { Interrupts } from "../interrupts.ts";
import { attempt } from "./attempt.ts";
import { FDFLAGS_NONBLOCK, FILETYPE_CHARACTER_DEVICE, FILETYPE_UNKNOWN } from "./constants.ts";
import { Descriptor, type Readiness } from "./descriptor.ts";
import { RIGHT_FD_FILESTAT_GET, RIGHT_FD_READ, RIGHT_FD_WRITE, RIGHT_POLL_FD_READWRITE } from "./rights.ts";
import { fileTypeOf } from "./stat.ts";

/** Writes up to this size are joined to one system call, so that lines of several processes do not mix. */
const JOIN_BYTES = 65536;

/** Takes the bytes a guest writes. The view is only valid during the call. */
export type OutputSink = (bytes: Uint8Array) => void;
/** Fills `into` with input of the guest. @returns bytes filled, 0 at the end of the input */
export type InputSource = (into: Uint8Array) => number;

/** Standard input: a descriptor of the host, or a source of the embedding program. */
export class InputDescriptor extends Descriptor {
  readonly #sys: Sys;
  readonly #interrupts: Interrupts;
  readonly #source: number | InputSource;

  constructor(sys: Sys, interrupts: Interrupts, source: number | InputSource) {
    const stats = typeof source === "number" ? attempt(() => fs.fstatSync(source)) : -1;
    const rights = RIGHT_FD_READ | RIGHT_FD_FILESTAT_GET | RIGHT_POLL_FD_READWRITE;
    super(typeof stats === "number" ? FILETYPE_UNKNOWN : fileTypeOf(stats), rights, 0n);
    this.#sys = sys;
    this.#interrupts = interrupts;
    this.#source = source;
  }

  override get streamFd(): number | undefined {
    return typeof this.#source === "number" ? this.#source : undefined;
  }

  override hostStats(): fs.BigIntStats | number {
    return streamStats(this.#source);
  }

  override read(into: readonly Uint8Array[]): number {
    const buffer = into.find((candidate) => candidate.length > 0);
    if (buffer === undefined) return 0;
    const source = this.#source;
    if (typeof source !== "number") return Math.min(Math.max(0, source(buffer)), buffer.length);
    return readStream(this.#sys, this.#interrupts, source, buffer, (this.flags & FDFLAGS_NONBLOCK) !== 0);
  }

  override setFlags(flags: number): number {
    this.flags = flags & FDFLAGS_NONBLOCK;
    return 0;
  }

  override readiness(forWrite: boolean): Readiness {
    const waits = typeof this.#source === "number" && !forWrite;
    return { hostFd: waits ? (this.#source as number) : undefined, availableBytes: 1n };
  }
}

/**
 * Standard output or error. It is reported as a character device whatever it is, so that the guest's C library
 * writes each line as it is complete: a table that is piped elsewhere appears at once, and nothing is left in the
 * guest's buffers when a signal ends it.
 */
export class OutputDescriptor extends Descriptor {
  readonly #sys: Sys;
  readonly #interrupts: Interrupts;
  readonly #sink: number | OutputSink;

  constructor(sys: Sys, interrupts: Interrupts, sink: number | OutputSink) {
    const rights = RIGHT_FD_WRITE | RIGHT_FD_FILESTAT_GET | RIGHT_POLL_FD_READWRITE;
    super(FILETYPE_CHARACTER_DEVICE, rights, 0n);
    this.#sys = sys;
    this.#interrupts = interrupts;
    this.#sink = sink;
  }

  override get streamFd(): number | undefined {
    return typeof this.#sink === "number" ? this.#sink : undefined;
  }

  override hostStats(): fs.BigIntStats | number {
    return streamStats(this.#sink);
  }

  override write(from: readonly Uint8Array[]): number {
    const buffers = from.filter((buffer) => buffer.length > 0);
    const total = buffers.reduce((sum, buffer) => sum + buffer.length, 0);
    const chunks = buffers.length > 1 && total <= JOIN_BYTES ? [Buffer.concat(buffers)] : buffers;
    for (const chunk of chunks) {
      if (typeof this.#sink !== "number") {
        this.#sink(chunk);
        continue;
      }
      const result = writeAll(this.#sys, this.#sink, chunk);
      // A program that SIGPIPE would end ends the same way; few guests look at the result of printf.
      if (result === -EPIPE) this.#interrupts.brokenPipe();
      if (result < 0) return result;
    }
    return total;
  }

  override setFlags(flags: number): number {
    this.flags = flags;
    return 0;
  }
}

function streamStats(stream: unknown): fs.BigIntStats | number {
  return typeof stream === "number" ? attempt(() => fs.fstatSync(stream, { bigint: true })) : -EBADF;
}

/**
 * Reads what is there from a pipe, a terminal or the like; waits for it unless told not to.
 *
 * @returns bytes, 0 at the end, -EAGAIN, or -EINTR after a signal
 */
export function readStream(
  sys: Sys,
  interrupts: Interrupts,
  fd: number,
  into: Uint8Array,
  nonblocking: boolean,
): number {
  for (;;) {
    if (nonblocking) {
      const ready = interrupts.waitFor([{ fd, events: EPOLLIN, data: 0 }], 0);
      if (typeof ready === "number") return ready;
      if (ready.length === 0) return -EAGAIN;
    }
    const count = interrupts.wait(-1, fd, () => sys.read(fd, into));
    if (count !== -EAGAIN || nonblocking) return count;
  }
}

/** Writes all of `bytes`, waiting for room also on a descriptor that does not block. @returns 0 or -errno */
function writeAll(sys: Sys, fd: number, bytes: Uint8Array): number {
  let rest = bytes;
  while (rest.length > 0) {
    const count = sys.write(fd, rest);
    if (count === -EAGAIN) waitForRoom(sys, fd);
    else if (count < 0 && count !== -EINTR) return count;
    else if (count > 0) rest = rest.subarray(count);
  }
  return 0;
}

function waitForRoom(sys: Sys, fd: number): void {
  const epoll = sys.epollCreate();
  if (epoll < 0) return;
  sys.epollCtl(epoll, 1, fd, EPOLLOUT, 0);
  // A signal does not stop output; the timeout only keeps a descriptor that cannot be waited for from spinning.
  if (sys.epollWait(epoll, new Uint32Array(2), 1, 1000) === -EINTR) sys.sleep(1_000_000n);
  sys.close(epoll);
}
