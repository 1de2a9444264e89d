import * as fs from "node:fs";
import { encodeText } from "../../internal/index.ts";
import { EEXIST, EINVAL, EISDIR, ELOOP, ENOENT, ENOTDIR, EOPNOTSUPP } from "../../uapi/errno.ts";
import { O_PATH } from "../../uapi/linux.ts";
import { attempt, attemptVoid } from "./attempt.ts";
import {
  FDFLAGS_APPEND,
  FDFLAGS_DSYNC,
  FDFLAGS_NONBLOCK,
  FDFLAGS_RSYNC,
  FDFLAGS_SYNC,
  FILETYPE_DIRECTORY,
  OFLAGS_CREAT,
  OFLAGS_DIRECTORY,
  OFLAGS_EXCL,
  OFLAGS_TRUNC,
} from "./constants.ts";
import type { FileHost } from "./context.ts";
import type { Descriptor, FileStat } from "./descriptor.ts";
import { ENOTCAPABLE } from "./errno.ts";
import { FileDescriptor, seconds } from "./file.ts";
import { HostDescriptor } from "./host-descriptor.ts";
import { hostMask } from "./host-mask.ts";
import { hostPath, type Place, walk } from "./path.ts";
import {
  DIRECTORY_RIGHTS,
  FILE_RIGHTS,
  RIGHT_FD_READ,
  RIGHT_FD_WRITE,
  RIGHT_PATH_CREATE_DIRECTORY,
  RIGHT_PATH_CREATE_FILE,
  RIGHT_PATH_FILESTAT_SET_SIZE,
  RIGHT_PATH_FILESTAT_SET_TIMES,
  RIGHT_PATH_OPEN,
} from "./rights.ts";
import { fileStatOf, fileTypeOf } from "./stat.ts";

const SLASH = 47;
/** Permission bits, and those of special meaning. */
const MODE_BITS = 0o7777;
const SPECIAL_BITS = 0o6000;
/** O_TMPFILE: its second half is the machine's number. */
const UNNAMED = 0x400000 | fs.constants.O_DIRECTORY;

/** How `path_open` opens. */
export interface OpenRequest {
  readonly followLast: boolean;
  /** OFLAGS_* */
  readonly oflags: number;
  readonly rights: bigint;
  readonly inheriting: bigint;
  /** FDFLAGS_* */
  readonly fdflags: number;
  /** Permission bits of a file that is made; left out: those that the host's mask leaves. */
  readonly mode?: number | undefined;
  /** A file without a name in the directory that is opened, as of O_TMPFILE. */
  readonly unnamed?: boolean;
}

/** Opens a file for reading. */
export const READ_REQUEST: OpenRequest = {
  followLast: true,
  oflags: 0,
  rights: RIGHT_FD_READ,
  inheriting: 0n,
  fdflags: 0,
};

interface Entry {
  readonly name: Uint8Array;
  readonly inode: bigint;
  readonly fileType: number;
}

/** An open directory of the host: a preopened one, or one below it. Paths cannot leave it, see `walk`. */
export class DirectoryDescriptor extends HostDescriptor {
  readonly host: FileHost;
  readonly #preopenName: Uint8Array | undefined;
  #entries: readonly Entry[] = [];

  /** Takes over `hostFd`. */
  constructor(host: FileHost, hostFd: number, rights: bigint, inheriting: bigint, preopenName?: string) {
    super(hostFd, FILETYPE_DIRECTORY, rights, inheriting);
    this.host = host;
    this.#preopenName = preopenName === undefined ? undefined : encodeText(preopenName);
  }

  override get preopenName(): Uint8Array | undefined {
    return this.#preopenName;
  }
  override get directoryFd(): number {
    return this.hostFd;
  }

  override setFlags(flags: number): number {
    return flags === this.flags ? 0 : -EINVAL;
  }

  override setTimes(accessedNs: bigint | undefined, modifiedNs: bigint | undefined): number {
    return this.setTimesOf(encodeText("."), true, accessedNs, modifiedNs);
  }

  override setMode(mode: number): number {
    return this.setModeOf(encodeText("."), false, mode);
  }

  override sync(): number {
    return attemptVoid(() => fs.fsyncSync(this.hostFd));
  }

  /** Finds the place that `path` names; -errno when this directory does not lead there. */
  protected find(path: Uint8Array, followLast: boolean): Place | number {
    return walk(this.hostFd, path, followLast);
  }

  /** What a guest that lacks the right to change something gets. */
  refuseChange(_path: Uint8Array): number {
    return -ENOTCAPABLE;
  }

  /** Runs `call` on the place that `path` names. */
  at<T>(path: Uint8Array, followLast: boolean, call: (place: Place) => T | number): T | number {
    const place = this.find(path, followLast);
    if (typeof place === "number") return place;
    try {
      return call(place);
    } finally {
      place.release();
    }
  }

  /** @returns the open descriptor, or -errno. */
  open(path: Uint8Array, request: OpenRequest): Descriptor | number {
    const needed = neededToOpen(request);
    if ((this.rights & needed) !== needed) return this.refuseChange(path);
    return this.at(path, request.followLast, (place) => openPlace(this.host, place, request));
  }

  hostStatsOf(path: Uint8Array, followLast: boolean): fs.BigIntStats | number {
    return this.at(path, followLast, (place) => {
      const target = hostPath(place.parentFd, place.name);
      const look = place.follow ? fs.statSync : fs.lstatSync;
      const stats = attempt(() => look(target, { bigint: true }));
      if (typeof stats === "number") return stats;
      return place.wantsDirectory && !stats.isDirectory() ? -ENOTDIR : stats;
    });
  }

  /** Whether the host's user may do with it what `mode` says (R_OK, W_OK, X_OK): 0 or -errno. */
  accessOf(path: Uint8Array, followLast: boolean, mode: number): number {
    const stats = this.hostStatsOf(path, followLast);
    // A link that is not followed lets everybody do everything.
    if (typeof stats === "number" || stats.isSymbolicLink()) return typeof stats === "number" ? stats : 0;
    const failure = this.at<number>(path, followLast, (place) =>
      attemptVoid(() => fs.accessSync(hostPath(place.parentFd, place.name), mode)),
    );
    return failure < 0 ? failure : this.refuseAccess(stats, mode);
  }

  /** What the guest may not do with it although the host's user may: 0 or -errno. */
  protected refuseAccess(_stats: fs.BigIntStats, _mode: number): number {
    return 0;
  }

  statOf(path: Uint8Array, followLast: boolean): FileStat | number {
    const stats = this.hostStatsOf(path, followLast);
    return typeof stats === "number" ? stats : fileStatOf(stats);
  }

  /** @param mode permission bits; left out: those that the host's mask leaves */
  makeDirectory(path: Uint8Array, mode?: number): number {
    if ((this.rights & RIGHT_PATH_CREATE_DIRECTORY) === 0n) return this.refuseChange(path);
    return this.at<number>(withoutTrailingSlash(path), false, (place) => {
      const made = attemptVoid(() => fs.mkdirSync(hostPath(place.parentFd, place.name), mode ?? 0o777));
      if (made < 0 || mode === undefined) return made;
      // What the group of the directory above gave stays.
      return setPlaceMode(place, (bits) => withoutMask(bits & ~SPECIAL_BITS, mode) | (bits & SPECIAL_BITS));
    });
  }

  /** Sets permission bits; a link that is not followed has none. */
  setModeOf(path: Uint8Array, followLast: boolean, mode: number): number {
    if ((this.rights & RIGHT_PATH_FILESTAT_SET_TIMES) === 0n) return this.refuseChange(path);
    return this.at<number>(path, followLast, (place) => setPlaceMode(place, () => mode));
  }

  setTimesOf(
    path: Uint8Array,
    followLast: boolean,
    accessedNs: bigint | undefined,
    modifiedNs: bigint | undefined,
  ): number {
    return this.at<number>(path, followLast, (place) => {
      const target = hostPath(place.parentFd, place.name);
      const stats = attempt(() => fs.lstatSync(target, { bigint: true }));
      if (typeof stats === "number") return stats;
      return attemptVoid(() =>
        fs.lutimesSync(target, seconds(accessedNs ?? stats.atimeNs), seconds(modifiedNs ?? stats.mtimeNs)),
      );
    });
  }

  override readDirectory(cookie: bigint, sizeBytes: number): Uint8Array | number {
    if (cookie === 0n) {
      const entries = listEntries(this.hostFd);
      if (typeof entries === "number") return entries;
      this.#entries = entries;
    }
    return serialiseEntries(this.#entries, cookie, sizeBytes);
  }
}

/** @param change the new bits, from what they are */
function setPlaceMode(place: Place, change: (bits: number) => number): number {
  const { O_NOFOLLOW } = fs.constants;
  const fd = attempt(() => fs.openSync(hostPath(place.parentFd, place.name), O_PATH | O_NOFOLLOW));
  if (fd < 0) return fd;
  try {
    const stats = attempt(() => fs.fstatSync(fd));
    if (typeof stats === "number") return stats;
    if (stats.isSymbolicLink()) return -EOPNOTSUPP;
    const bits = stats.mode & MODE_BITS;
    const changed = change(bits);
    return changed === bits ? 0 : attemptVoid(() => fs.chmodSync(`/proc/self/fd/${fd}`, changed));
  } finally {
    attemptVoid(() => fs.closeSync(fd));
  }
}

/** `mkdir("x/")` means `x`, whatever is there. */
export function withoutTrailingSlash(path: Uint8Array): Uint8Array {
  let end = path.length;
  while (end > 1 && path[end - 1] === SLASH) end--;
  return path.subarray(0, end);
}

function openPlace(host: FileHost, place: Place, request: OpenRequest): Descriptor | number {
  const { O_DIRECTORY, O_NOFOLLOW } = fs.constants;
  const path = hostPath(place.parentFd, place.name);
  const wantsDirectory = place.wantsDirectory || (request.oflags & OFLAGS_DIRECTORY) !== 0;
  // A guest asks for every right it might use; what it reads and writes decides how the host opens.
  const writes = (request.rights & RIGHT_FD_WRITE) !== 0n || (request.oflags & OFLAGS_TRUNC) !== 0;
  const creates = (request.oflags & OFLAGS_CREAT) !== 0;
  if (creates && wantsDirectory) return (request.oflags & OFLAGS_DIRECTORY) !== 0 ? -EINVAL : -EISDIR;
  // NB: a link that appeared after the walk is not followed either.
  const existing = attempt(() => fs.lstatSync(path));
  if (typeof existing !== "number" && existing.isSymbolicLink()) return -ELOOP;
  if (typeof existing !== "number" && existing.isDirectory()) {
    if (creates) return (request.oflags & OFLAGS_EXCL) !== 0 ? -EEXIST : -EISDIR;
    if (request.unnamed === true) {
      const made = makeFile(path, openFlags(request, writes) | UNNAMED, request.mode ?? 0);
      return made < 0 ? made : fileOf(host, made, request);
    }
    const fd = attempt(() => fs.openSync(path, O_DIRECTORY | O_NOFOLLOW | fs.constants.O_RDONLY));
    if (fd < 0) return fd;
    return new DirectoryDescriptor(host, fd, request.rights & DIRECTORY_RIGHTS, request.inheriting);
  }
  if (typeof existing === "number" && !(creates && existing === -ENOENT)) return existing;
  if (wantsDirectory || request.unnamed === true) return -ENOTDIR;
  const flags = openFlags(request, writes) | O_NOFOLLOW;
  const fd =
    request.mode === undefined || typeof existing !== "number"
      ? attempt(() => fs.openSync(path, flags, 0o666))
      : makeFile(path, flags, request.mode);
  return fd < 0 ? fd : fileOf(host, fd, request);
}

/** Takes over `fd`. */
function fileOf(host: FileHost, fd: number, request: OpenRequest): Descriptor | number {
  const stats = attempt(() => fs.fstatSync(fd));
  if (typeof stats === "number" || stats.isDirectory()) {
    attemptVoid(() => fs.closeSync(fd));
    return typeof stats === "number" ? stats : -EISDIR;
  }
  return new FileDescriptor(host, fd, fileTypeOf(stats), request.rights & FILE_RIGHTS, request.fdflags);
}

function neededToOpen({ oflags, unnamed }: OpenRequest): bigint {
  let needed = RIGHT_PATH_OPEN;
  if ((oflags & OFLAGS_CREAT) !== 0 || unnamed === true) needed |= RIGHT_PATH_CREATE_FILE;
  if ((oflags & OFLAGS_TRUNC) !== 0) needed |= RIGHT_PATH_FILESTAT_SET_SIZE;
  return needed;
}

/** Makes a file with permission bits that the host's mask may not leave, or opens what is there by now. */
function makeFile(path: Buffer, flags: number, mode: number): number {
  const { O_EXCL } = fs.constants;
  const fd = attempt(() => fs.openSync(path, flags | O_EXCL, mode));
  if (fd === -EEXIST && (flags & O_EXCL) === 0) return attempt(() => fs.openSync(path, flags, mode));
  if (fd < 0) return fd;
  const stats = attempt(() => fs.fstatSync(fd));
  if (typeof stats === "number") return fd;
  const bits = stats.mode & MODE_BITS;
  if (withoutMask(bits, mode) !== bits) attemptVoid(() => fs.fchmodSync(fd, mode));
  return fd;
}

/**
 * The bits that something made with `mode` is to have, from those that it got: what the host's mask took away comes
 * back, and what a default ACL of the directory took away does not.
 */
function withoutMask(bits: number, mode: number): number {
  return bits !== mode && bits === (mode & ~hostMask()) ? mode : bits;
}

function openFlags(request: OpenRequest, writes: boolean): number {
  const { O_RDONLY, O_RDWR, O_WRONLY, O_CREAT, O_EXCL, O_TRUNC } = fs.constants;
  const { O_APPEND, O_NONBLOCK, O_DSYNC, O_SYNC } = fs.constants;
  const reads = (request.rights & RIGHT_FD_READ) !== 0n;
  let flags = writes ? (reads ? O_RDWR : O_WRONLY) : O_RDONLY;
  if ((request.oflags & OFLAGS_CREAT) !== 0) flags |= O_CREAT;
  if ((request.oflags & OFLAGS_EXCL) !== 0) flags |= O_EXCL;
  if ((request.oflags & OFLAGS_TRUNC) !== 0) flags |= O_TRUNC;
  // Opening a pipe to read would wait for its writer, and no signal could end that.
  if (!writes || (request.fdflags & FDFLAGS_NONBLOCK) !== 0) flags |= O_NONBLOCK;
  if ((request.fdflags & FDFLAGS_APPEND) !== 0 && writes) flags |= O_APPEND;
  if ((request.fdflags & FDFLAGS_DSYNC) !== 0) flags |= O_DSYNC;
  if ((request.fdflags & (FDFLAGS_SYNC | FDFLAGS_RSYNC)) !== 0) flags |= O_SYNC;
  return flags | fs.constants.O_NOCTTY;
}

function listEntries(directoryFd: number): Entry[] | number {
  const names = attempt(() => fs.readdirSync(hostPath(directoryFd, encodeText(".")), "buffer"));
  if (typeof names === "number") return names;
  const entries: Entry[] = [];
  for (const name of [Buffer.from("."), Buffer.from(".."), ...names]) {
    // What is above the directory stays unknown: `..` is reported as the directory itself.
    const path = hostPath(directoryFd, name.toString() === ".." ? encodeText(".") : name);
    const stats = attempt(() => fs.lstatSync(path, { bigint: true }));
    if (typeof stats !== "number") entries.push({ name, inode: stats.ino, fileType: fileTypeOf(stats) });
  }
  return entries;
}

/** Entries as d_next u64@0, d_ino u64@8, d_namlen u32@16, d_type u8@20, name@24; the last one may be cut off. */
function serialiseEntries(entries: readonly Entry[], cookie: bigint, sizeBytes: number): Uint8Array {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for (let index = Number(cookie); index < entries.length && total < sizeBytes; index++) {
    const entry = entries[index];
    if (entry === undefined) break;
    const chunk = new Uint8Array(24 + entry.name.length);
    const view = new DataView(chunk.buffer);
    view.setBigUint64(0, BigInt(index + 1), true);
    view.setBigUint64(8, entry.inode, true);
    view.setUint32(16, entry.name.length, true);
    view.setUint8(20, entry.fileType);
    chunk.set(entry.name, 24);
    chunks.push(chunk);
    total += chunk.length;
  }
  return new Uint8Array(Buffer.concat(chunks));
}
