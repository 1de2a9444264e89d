import * as fs from "node:fs";
import { EAGAIN, EINVAL, EROFS, ESPIPE } from "../../uapi/errno.ts";
import { F_GETFL, F_SETFL, O_APPEND } from "../../uapi/linux.ts";
import { attemptVoid } from "./attempt.ts";
import {
  FDFLAGS_APPEND,
  FDFLAGS_NONBLOCK,
  FILETYPE_CHARACTER_DEVICE,
  FILETYPE_REGULAR_FILE,
} from "./constants.ts";
import type { FileHost } from "./context.ts";
import type { Readiness } from "./descriptor.ts";
import { readFrom, setFileSize, writeFrom } from "./file-bytes.ts";
import { HostDescriptor } from "./host-descriptor.ts";
import { RIGHT_FD_FILESTAT_SET_TIMES, RIGHT_FD_SEEK, RIGHT_FD_TELL } from "./rights.ts";
import { readStream, seekRights, seekStream } from "./stream.ts";

/**
 * An open file of the host: regular, or a pipe or device (without a position). Those are open without waiting, since
 * only the waits of `Interrupts` can be interrupted.
 */
export class FileDescriptor extends HostDescriptor {
  readonly #host: FileHost;
  #seekable: boolean;

  /** Takes over `hostFd`. */
  constructor(host: FileHost, hostFd: number, fileType: number, rights: bigint, flags: number) {
    const known = fileType === FILETYPE_CHARACTER_DEVICE ? seekRights(host.sys, hostFd, fileType) : ~0n;
    super(hostFd, fileType, rights & (known | ~(RIGHT_FD_SEEK | RIGHT_FD_TELL)), 0n, flags);
    this.#host = host;
    this.#seekable = fileType === FILETYPE_REGULAR_FILE;
  }

  override get fileFd(): number {
    return this.hostFd;
  }

  override read(into: readonly Uint8Array[]): number {
    if (!this.#seekable) return this.#readStream(into);
    const count = readFrom(this.hostFd, into, null);
    // Some that say they are regular files are none, trace_pipe for example.
    if (count !== -EAGAIN) return count;
    this.#seekable = false;
    return this.#readStream(into);
  }

  override write(from: readonly Uint8Array[]): number {
    return writeFrom(this.hostFd, from, null);
  }

  override readAt(into: readonly Uint8Array[], offset: bigint): number {
    return this.#seekable ? readFrom(this.hostFd, into, offset) : -ESPIPE;
  }

  override writeAt(from: readonly Uint8Array[], offset: bigint): number {
    return this.#seekable ? writeFrom(this.hostFd, from, offset) : -ESPIPE;
  }

  #readStream(into: readonly Uint8Array[]): number {
    const buffer = into.find((candidate) => candidate.length > 0);
    if (buffer === undefined) return 0;
    const nonblocking = (this.flags & FDFLAGS_NONBLOCK) !== 0;
    return readStream(this.#host.sys, this.#host.interrupts, this.hostFd, buffer, nonblocking);
  }

  #size(): bigint | number {
    const stats = this.hostStats();
    return typeof stats === "number" ? stats : stats.size;
  }

  override seek(offset: bigint, whence: number): bigint | number {
    return seekStream(this.#host.sys, this.hostFd, offset, whence);
  }

  override passOn(): number {
    return this.hostFd;
  }

  /** Append and nonblock can change on an open file; the other flags are accepted as they are. */
  override setFlags(flags: number): number {
    const fixed = ~(FDFLAGS_APPEND | FDFLAGS_NONBLOCK);
    if ((flags & fixed) !== (this.flags & fixed)) return -EINVAL;
    const changed = this.#setAppends((flags & FDFLAGS_APPEND) !== 0);
    if (changed < 0) return changed;
    this.flags = flags;
    return 0;
  }

  /** The kernel appends, so that nothing is lost whoever else does. */
  #setAppends(appends: boolean): number {
    const { sys } = this.#host;
    const now = sys.fcntl(this.hostFd, F_GETFL, 0);
    if (now < 0) return now;
    return sys.fcntl(this.hostFd, F_SETFL, appends ? now | O_APPEND : now & ~O_APPEND);
  }

  override setSize(sizeBytes: bigint): number {
    return setFileSize(this.hostFd, sizeBytes);
  }

  /** Grows the file to hold the range; blocks are not reserved. */
  override allocate(offset: bigint, lengthBytes: bigint): number {
    if (!this.#seekable) return -ESPIPE;
    if (lengthBytes === 0n) return -EINVAL;
    const size = this.#size();
    if (typeof size === "number") return size;
    return offset + lengthBytes > size ? this.setSize(offset + lengthBytes) : 0;
  }

  override setTimes(accessedNs: bigint | undefined, modifiedNs: bigint | undefined): number {
    const stats = this.stat();
    if (typeof stats === "number") return stats;
    return attemptVoid(() =>
      fs.futimesSync(
        this.hostFd,
        seconds(accessedNs ?? stats.accessedNs),
        seconds(modifiedNs ?? stats.modifiedNs),
      ),
    );
  }

  override setMode(mode: number): number {
    if ((this.rights & RIGHT_FD_FILESTAT_SET_TIMES) === 0n) return -EROFS;
    return attemptVoid(() => fs.fchmodSync(this.hostFd, mode));
  }

  override sync(dataOnly: boolean): number {
    return attemptVoid(() => (dataOnly ? fs.fdatasyncSync(this.hostFd) : fs.fsyncSync(this.hostFd)));
  }

  override readiness(): Readiness {
    return { hostFd: this.#seekable ? undefined : this.hostFd, availableBytes: 0n };
  }
}

/** Time for `utimes`, whose unit is a number of seconds (resolution about 0.2 microseconds). */
export function seconds(nanoseconds: bigint): number {
  return Number(nanoseconds) / 1e9;
}
