import * as fs from "node:fs";
import type { Sys } from "../../sys/index.ts";
import { EAGAIN, EBADF, EINTR, EINVAL, EPIPE, ESPIPE } from "../../uapi/errno.ts";
import { EPOLLIN, EPOLLOUT } from "../../uapi/linux.ts";
import type { Interrupts } from "../interrupts.ts";
import { attempt, attemptVoid } from "./attempt.ts";
import {
  FDFLAGS_NONBLOCK,
  FILETYPE_CHARACTER_DEVICE,
  FILETYPE_REGULAR_FILE,
  FILETYPE_UNKNOWN,
  WHENCE_END,
  WHENCE_SET,
} from "./constants.ts";
import { Descriptor, type Readiness } from "./descriptor.ts";
import { readFrom, setFileSize, writeFrom } from "./file-bytes.ts";
import {
  RIGHT_FD_FDSTAT_SET_FLAGS,
  RIGHT_FD_FILESTAT_GET,
  RIGHT_FD_FILESTAT_SET_SIZE,
  RIGHT_FD_READ,
  RIGHT_FD_SEEK,
  RIGHT_FD_TELL,
  RIGHT_FD_WRITE,
  RIGHT_POLL_FD_READWRITE,
} from "./rights.ts";
import { fileTypeOf } from "./stat.ts";

/** Writes up to this size are joined to one system call, so that lines of several processes do not mix. */
const JOIN_BYTES = 65536;
const TCGETS = 0x5401;
/** More than `struct termios` of any kernel. */
const TERMIOS_BYTES = 64;

/** Takes the bytes a guest writes. The view is only valid during the call. */
export type OutputSink = (bytes: Uint8Array) => void;
/** Fills `into` with input of the guest. @returns bytes filled, 0 at the end of the input */
export type InputSource = (into: Uint8Array) => number;

/** A standard stream: a descriptor of the host, which stays open, or a function of the embedding program. */
abstract class StandardStream extends Descriptor {
  protected readonly sys: Sys;
  protected readonly interrupts: Interrupts;
  /** `undefined` for a function. */
  readonly #hostFd: number | undefined;

  constructor(
    sys: Sys,
    interrupts: Interrupts,
    hostFd: number | undefined,
    fileType: number,
    rights: bigint,
  ) {
    super(fileType, rights, 0n);
    this.sys = sys;
    this.interrupts = interrupts;
    this.#hostFd = hostFd;
  }

  override get streamFd(): number | undefined {
    return this.#hostFd;
  }

  override hostStats(): fs.BigIntStats | number {
    const fd = this.#hostFd;
    return fd === undefined ? -EBADF : attempt(() => fs.fstatSync(fd, { bigint: true }));
  }

  /** NB: the place in a file is shared with whoever gave it. */
  override seek(offset: bigint, whence: number): bigint | number {
    return this.#hostFd === undefined ? -ESPIPE : seekStream(this.sys, this.#hostFd, offset, whence);
  }

  /** Where the stream is a file: its descriptor. */
  protected get regularFd(): number | undefined {
    return this.fileType === FILETYPE_REGULAR_FILE ? this.#hostFd : undefined;
  }

  override readAt(into: readonly Uint8Array[], offset: bigint): number {
    return this.regularFd === undefined ? -ESPIPE : readFrom(this.regularFd, into, offset);
  }

  override writeAt(from: readonly Uint8Array[], offset: bigint): number {
    return this.regularFd === undefined ? -ESPIPE : writeFrom(this.regularFd, from, offset);
  }

  override setSize(sizeBytes: bigint): number {
    return this.regularFd === undefined ? -EINVAL : setFileSize(this.regularFd, sizeBytes);
  }
}

const STREAM_RIGHTS = RIGHT_FD_FILESTAT_GET | RIGHT_FD_FDSTAT_SET_FLAGS | RIGHT_POLL_FD_READWRITE;

/** Standard input: a descriptor of the host, or a source of the embedding program. */
export class InputDescriptor extends StandardStream {
  readonly #source: number | InputSource;

  constructor(sys: Sys, interrupts: Interrupts, source: number | InputSource) {
    const { fileType, rights } = kindOf(sys, source, FILETYPE_UNKNOWN);
    super(sys, interrupts, fdOf(source), fileType, rights | STREAM_RIGHTS | RIGHT_FD_READ);
    this.#source = source;
  }

  override read(into: readonly Uint8Array[]): number {
    const buffer = into.find((candidate) => candidate.length > 0);
    if (buffer === undefined) return 0;
    const source = this.#source;
    if (typeof source !== "number") return Math.min(Math.max(0, source(buffer)), buffer.length);
    return readStream(this.sys, this.interrupts, source, buffer, (this.flags & FDFLAGS_NONBLOCK) !== 0);
  }

  override setFlags(flags: number): number {
    this.flags = flags & FDFLAGS_NONBLOCK;
    return 0;
  }

  override readiness(forWrite: boolean): Readiness {
    return { hostFd: forWrite ? undefined : this.streamFd, availableBytes: 1n };
  }
}

/** Standard output or error. */
export class OutputDescriptor extends StandardStream {
  readonly #sink: number | OutputSink;

  /**
   * @param isHonest whether the guest learns what it is. To others it is a terminal, so that their C libraries write
   * each line as it is complete: a table that is piped elsewhere appears at once, and nothing is left in the guest's
   * buffers when a signal ends it.
   */
  constructor(sys: Sys, interrupts: Interrupts, sink: number | OutputSink, isHonest = false) {
    const known = kindOf(sys, isHonest ? sink : undefined, FILETYPE_CHARACTER_DEVICE);
    super(sys, interrupts, fdOf(sink), known.fileType, known.rights | STREAM_RIGHTS | RIGHT_FD_WRITE);
    this.#sink = sink;
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
      const result = writeAll(this.sys, this.#sink, chunk);
      // A program that SIGPIPE would end ends the same way; few guests look at the result of printf.
      if (result === -EPIPE) this.interrupts.brokenPipe();
      if (result < 0) return result;
    }
    return total;
  }

  override setFlags(flags: number): number {
    this.flags = flags;
    return 0;
  }

  /** NB: a file that is standard input is there to be read, and keeps its mode. */
  override setMode(mode: number): number {
    const fd = this.regularFd;
    return fd === undefined ? -EINVAL : attemptVoid(() => fs.fchmodSync(fd, mode));
  }

  override readiness(): Readiness {
    return { hostFd: this.streamFd, availableBytes: 0n };
  }
}

function fdOf(stream: unknown): number | undefined {
  return typeof stream === "number" ? stream : undefined;
}

/**
 * File type of a stream, and the rights to seek where it is no terminal and has something like a place, and to set the
 * size of a file.
 */
function kindOf(sys: Sys, stream: unknown, other: number): { fileType: number; rights: bigint } {
  const stats = typeof stream === "number" ? attempt(() => fs.fstatSync(stream)) : -EBADF;
  if (typeof stats === "number") return { fileType: other, rights: 0n };
  const fileType = fileTypeOf(stats);
  const resize = fileType === FILETYPE_REGULAR_FILE ? RIGHT_FD_FILESTAT_SET_SIZE : 0n;
  return { fileType, rights: seekRights(sys, stream as number, fileType) | resize };
}

/**
 * The rights by which C libraries for WASI tell terminals: those of a descriptor that has a place. Linux gives other
 * character devices one as well.
 */
export function seekRights(sys: Sys, fd: number, fileType: number): bigint {
  if (fileType !== FILETYPE_REGULAR_FILE && fileType !== FILETYPE_CHARACTER_DEVICE) return 0n;
  return sys.ioctl(fd, TCGETS, new Uint8Array(TERMIOS_BYTES)) < 0 ? RIGHT_FD_SEEK | RIGHT_FD_TELL : 0n;
}

/** Moves the place of a file that the host itself keeps. @returns it, or -errno */
export function seekStream(sys: Sys, fd: number, offset: bigint, whence: number): bigint | number {
  if (whence < WHENCE_SET || whence > WHENCE_END) return -EINVAL;
  if (BigInt.asIntN(54, offset) !== offset) return -EINVAL;
  const place = sys.seek(fd, Number(offset), whence);
  return place < 0 ? place : BigInt(place);
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
