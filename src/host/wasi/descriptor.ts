import type { BigIntStats } from "node:fs";
import { EBADF, EINVAL, ENOTDIR, ENOTSOCK, ESPIPE } from "../../uapi/errno.ts";

/** What `fd_filestat_get` and `path_filestat_get` report; times in nanoseconds since 1970. */
export interface FileStat {
  readonly device: bigint;
  readonly inode: bigint;
  readonly fileType: number;
  readonly links: bigint;
  readonly sizeBytes: bigint;
  readonly accessedNs: bigint;
  readonly modifiedNs: bigint;
  readonly changedNs: bigint;
}

/** What a wait for a descriptor needs to know. */
export interface Readiness {
  /** Host descriptor to wait on; `undefined` when the descriptor is always ready. */
  readonly hostFd: number | undefined;
  /** Bytes that can be read now, where that is known. */
  readonly availableBytes: bigint;
  /** Whether it is ready already, for what tells epoll only once. */
  readonly isReady?: (() => boolean) | undefined;
}

/**
 * An open descriptor of a guest. Results are 0 or more, or -errno with Linux's numbers; nothing is thrown.
 * This class answers what a kind of descriptor does not support.
 */
export class Descriptor {
  readonly fileType: number;
  rights: bigint;
  inheriting: bigint;
  /** FDFLAGS_* */
  flags: number;
  /** How many it has in the table, which closes it with the last one. */
  numbers = 0;
  /** Called when the last number is closed, before what is behind it is. */
  readonly endings: Set<() => void> = new Set();

  constructor(fileType: number, rights: bigint, inheriting: bigint, flags = 0) {
    this.fileType = fileType;
    this.rights = rights;
    this.inheriting = inheriting;
    this.flags = flags;
  }

  /** Name under which a guest sees this preopened directory. */
  get preopenName(): Uint8Array | undefined {
    return undefined;
  }
  /** Open directory of the host, for calls that take one; `undefined` for what is no directory. */
  get directoryFd(): number | undefined {
    return undefined;
  }
  /** Open file of the host, for calls that take one, a namespace for example; `undefined` for what is no file. */
  get fileFd(): number | undefined {
    return undefined;
  }
  /**
   * Descriptor of the host for what is a stream; `undefined` for all else, and for streams that the embedding program
   * serves.
   */
  get streamFd(): number | undefined {
    return undefined;
  }
  /** Descriptor of the host that a program which the guest starts may be given; `undefined` when there is none. */
  passOn(): number | undefined {
    return this.streamFd;
  }
  /** What the host says about the file behind it; -EBADF where there is none. */
  hostStats(): BigIntStats | number {
    return -EBADF;
  }
  read(_into: readonly Uint8Array[]): number {
    return -EBADF;
  }
  write(_from: readonly Uint8Array[]): number {
    return -EBADF;
  }
  readAt(_into: readonly Uint8Array[], _offset: bigint): number {
    return -ESPIPE;
  }
  writeAt(_from: readonly Uint8Array[], _offset: bigint): number {
    return -ESPIPE;
  }
  /** @returns the new position. */
  seek(_offset: bigint, _whence: number): bigint | number {
    return -ESPIPE;
  }
  stat(): FileStat | number {
    return {
      device: 0n,
      inode: 0n,
      fileType: this.fileType,
      links: 1n,
      sizeBytes: 0n,
      accessedNs: 0n,
      modifiedNs: 0n,
      changedNs: 0n,
    };
  }
  setFlags(_flags: number): number {
    return -EINVAL;
  }
  setSize(_sizeBytes: bigint): number {
    return -EINVAL;
  }
  allocate(_offset: bigint, _lengthBytes: bigint): number {
    return -EINVAL;
  }
  setTimes(_accessedNs: bigint | undefined, _modifiedNs: bigint | undefined): number {
    return -EINVAL;
  }
  /** @param _mode permission bits */
  setMode(_mode: number): number {
    return -EINVAL;
  }
  sync(_dataOnly: boolean): number {
    return -EINVAL;
  }
  /** Serialised entries from `cookie` on, at most about `sizeBytes` of them. */
  readDirectory(_cookie: bigint, _sizeBytes: number): Uint8Array | number {
    return -ENOTDIR;
  }
  /** Reads from a socket. @param flags MSG_* of Linux */
  receive(_into: readonly Uint8Array[], _flags: number): number {
    return -ENOTSOCK;
  }
  /** Writes to a socket. */
  send(_from: readonly Uint8Array[]): number {
    return -ENOTSOCK;
  }
  /** @param how 0 reading, 1 writing, 2 both */
  shutdown(_how: number): number {
    return -ENOTSOCK;
  }
  /** The next connection of a socket that listens. */
  accept(_flags: number): Descriptor | number {
    return -ENOTSOCK;
  }
  readiness(_forWrite: boolean): Readiness {
    return { hostFd: undefined, availableBytes: 0n };
  }
  /** What another number stands for: the same, as on Linux, or where that cannot be shared, its like; or -errno. */
  duplicate(): Descriptor | number {
    return this;
  }
  close(): void {}
}
