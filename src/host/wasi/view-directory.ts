import * as fs from "node:fs";
import { WasmBpfError } from "../../internal/index.ts";
import { EACCES, EEXIST, EINVAL, ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR, EROFS } from "../../uapi/errno.ts";
import { O_PATH } from "../../uapi/linux.ts";
import { attempt, attemptVoid } from "./attempt.ts";
import { FDFLAGS_NONBLOCK, OFLAGS_CREAT, OFLAGS_DIRECTORY, OFLAGS_TRUNC } from "./constants.ts";
import type { FileHost } from "./context.ts";
import type { Descriptor } from "./descriptor.ts";
import { DirectoryDescriptor, type OpenRequest, withoutTrailingSlash } from "./directory.ts";
import { FileDescriptor } from "./file.ts";
import { hostPath, LONGEST_PATH_BYTES } from "./path.ts";
import * as rights from "./rights.ts";
import { fileTypeOf } from "./stat.ts";
import type { HostView } from "./view.ts";
import { type ViewPlace, walkView } from "./view-walk.ts";

const SLASH = 47;
const DOT = new Uint8Array([46]);
/** null, zero, full, random, urandom, kmsg; tty. Opening others may do something to a device. */
const READABLE_DEVICES: ReadonlySet<string> = new Set(["1:3", "1:5", "1:7", "1:8", "1:9", "1:11", "5:0"]);

/** Those of them that swallow what is written. */
const SINKS: ReadonlySet<string> = new Set(["1:3", "1:5", "1:7"]);
/** Opening would change something; no error number of its own. */
const REFUSED = -4001;

const VIEW_FILE_RIGHTS: bigint =
  rights.RIGHT_FD_READ |
  rights.RIGHT_FD_SEEK |
  rights.RIGHT_FD_TELL |
  rights.RIGHT_FD_ADVISE |
  rights.RIGHT_FD_FDSTAT_SET_FLAGS |
  rights.RIGHT_FD_FILESTAT_GET |
  rights.RIGHT_POLL_FD_READWRITE;
const VIEW_DIRECTORY_RIGHTS: bigint =
  rights.RIGHT_FD_ADVISE |
  rights.RIGHT_PATH_OPEN |
  rights.RIGHT_FD_READDIR |
  rights.RIGHT_PATH_READLINK |
  rights.RIGHT_PATH_FILESTAT_GET |
  rights.RIGHT_FD_FILESTAT_GET;

/** @throws {WasmBpfError} code `NOT_FOUND` when `/` cannot be opened */
export function openView(host: FileHost, view: HostView): ViewDirectory {
  const { O_RDONLY, O_DIRECTORY } = fs.constants;
  const fd = attempt(() => fs.openSync("/", O_RDONLY | O_DIRECTORY));
  if (fd < 0) throw new WasmBpfError("NOT_FOUND", "Cannot open the directory /");
  return new ViewDirectory(host, view, fd, "", "/");
}

/** A directory of the host as `--allow-read` shows it: names lead wherever the host's do, and nothing changes. */
export class ViewDirectory extends DirectoryDescriptor {
  readonly #view: HostView;
  /** Canonical, "" for the root. Of directories in a whole view nothing is known. */
  readonly #path: string;

  /** Takes over `hostFd`. */
  constructor(host: FileHost, view: HostView, hostFd: number, path: string, preopenName?: string) {
    // C libraries ask for no more than what is handed down here; who asks to write is to be told.
    const inheriting = VIEW_DIRECTORY_RIGHTS | VIEW_FILE_RIGHTS | rights.RIGHT_FD_WRITE;
    super(host, hostFd, VIEW_DIRECTORY_RIGHTS, inheriting, preopenName);
    this.#view = view;
    this.#path = path;
  }

  override refuseChange(path: Uint8Array): number {
    return this.#view.refuseWriting(this.#full(path));
  }

  /** @param refuse what a name gives that may not be read; default: an explanation as well */
  protected override find(
    path: Uint8Array,
    followLast: boolean,
    refuse: () => number = () => this.#view.refuseReading(this.#full(path)),
  ): ViewPlace | number {
    const failure = checkPath(path);
    if (failure < 0) return failure;
    if (this.#view.isWhole) {
      return {
        parentFd: this.directoryFd,
        name: path,
        path: "",
        wantsDirectory: path.at(-1) === SLASH,
        follow: followLast,
        release: () => {},
      };
    }
    return walkView(this.#view, this.#path, path, followLast, refuse);
  }

  override open(path: Uint8Array, request: OpenRequest): Descriptor | number {
    const isChange = changes(request);
    const place = this.find(path, request.followLast, isChange ? () => REFUSED : undefined);
    if (typeof place === "number") return isChange ? this.refuseChange(path) : place;
    try {
      const opened = this.#openPlace(place, request);
      return opened === REFUSED || (opened === -ENOENT && isChange) ? this.refuseChange(path) : opened;
    } finally {
      place.release();
    }
  }

  /** What is there already is that, whoever may not make it. */
  override makeDirectory(path: Uint8Array): number {
    const place = this.find(withoutTrailingSlash(path), false, () => REFUSED);
    if (typeof place === "number") return this.refuseChange(path);
    try {
      const found = attempt(() => fs.lstatSync(hostPath(place.parentFd, place.name)));
      return typeof found === "number" ? this.refuseChange(path) : -EEXIST;
    } finally {
      place.release();
    }
  }

  protected override refuseAccess(stats: fs.BigIntStats, mode: number): number {
    const { R_OK, W_OK } = fs.constants;
    if ((mode & W_OK) !== 0 && !isDevice(stats, SINKS)) return -EROFS;
    const isOther = stats.isBlockDevice() || stats.isSocket();
    const isClosed = isOther || (stats.isCharacterDevice() && !isDevice(stats, READABLE_DEVICES));
    return (mode & R_OK) !== 0 && isClosed ? -EACCES : 0;
  }

  override readDirectory(cookie: bigint, sizeBytes: number): Uint8Array | number {
    if (!this.#view.shows(this.#path)) return this.#view.refuseReading(this.#full(DOT));
    return super.readDirectory(cookie, sizeBytes);
  }

  #openPlace(place: ViewPlace, request: OpenRequest): Descriptor | number {
    const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY, O_RDWR, O_WRONLY, O_NONBLOCK, O_NOCTTY } = fs.constants;
    // What it is has to be known before it is opened: that alone does something to some devices.
    const found = attempt(() =>
      fs.openSync(hostPath(place.parentFd, place.name), O_PATH | (place.follow ? 0 : O_NOFOLLOW)),
    );
    if (found < 0) return found;
    try {
      const stats = attempt(() => fs.fstatSync(found));
      if (typeof stats === "number") return stats;
      if (stats.isSymbolicLink()) return -ELOOP;
      if (!stats.isDirectory() && (place.wantsDirectory || (request.oflags & OFLAGS_DIRECTORY) !== 0)) {
        return -ENOTDIR;
      }
      if (stats.isDirectory()) {
        if (changes(request)) return REFUSED;
        const fd = attempt(() => fs.openSync(reopened(found), O_RDONLY | O_DIRECTORY));
        return fd < 0 ? fd : new ViewDirectory(this.host, this.#view, fd, place.path);
      }
      const writes = (request.rights & rights.RIGHT_FD_WRITE) !== 0n;
      if ((writes || changes(request)) && !isDevice(stats, SINKS)) return REFUSED;
      if (!canBeRead(stats, found)) return -EACCES;
      const access = writes ? ((request.rights & rights.RIGHT_FD_READ) !== 0n ? O_RDWR : O_WRONLY) : O_RDONLY;
      const fd = attempt(() => fs.openSync(reopened(found), access | O_NONBLOCK | O_NOCTTY));
      if (fd < 0) return fd;
      const flags = request.fdflags & FDFLAGS_NONBLOCK;
      const granted = VIEW_FILE_RIGHTS | (writes ? rights.RIGHT_FD_WRITE : 0n);
      return new FileDescriptor(this.host, fd, fileTypeOf(stats), request.rights & granted, flags);
    } finally {
      attemptVoid(() => fs.closeSync(found));
    }
  }

  /** What the user reads: as absolute as is known. */
  #full(path: Uint8Array): Uint8Array {
    return new Uint8Array(Buffer.concat([Buffer.from(`${this.#path}/`, "latin1"), path]));
  }
}

function checkPath(path: Uint8Array): number {
  if (path.includes(0)) return -EINVAL;
  if (path.length === 0) return -ENOENT;
  if (path.length >= LONGEST_PATH_BYTES) return -ENAMETOOLONG;
  // Absolute paths are the library's business; to the kernel this would be a path from the root all the same.
  return path[0] === SLASH ? -EACCES : 0;
}

/** Path by which an O_PATH descriptor is opened again, whatever is behind it. */
function reopened(fd: number): string {
  return `/proc/self/fd/${fd}`;
}

function isDevice(stats: fs.Stats | fs.BigIntStats, devices: ReadonlySet<string>): boolean {
  return stats.isCharacterDevice() && devices.has(`${major(stats.rdev)}:${minor(stats.rdev)}`);
}

/** Whether a request makes a file or empties one. */
function changes({ oflags, unnamed }: OpenRequest): boolean {
  return (oflags & (OFLAGS_CREAT | OFLAGS_TRUNC)) !== 0 || unnamed === true;
}

function canBeRead(stats: fs.Stats, fd: number): boolean {
  if (stats.isCharacterDevice()) return isDevice(stats, READABLE_DEVICES);
  if (stats.isBlockDevice() || stats.isSocket()) return false;
  // Pipes without a name are somebody's, the host's own among them; only links of procfs lead there.
  return (
    !stats.isFIFO() ||
    attempt(() => fs.readlinkSync(reopened(fd)))
      .toString()
      .startsWith("/")
  );
}

function major(device: number | bigint): number {
  return Number((BigInt(device) >> 8n) & 0xfffn);
}

function minor(device: number | bigint): number {
  return Number((BigInt(device) & 0xffn) | ((BigInt(device) >> 12n) & 0xfff00n));
}
