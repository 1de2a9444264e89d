import {
  O_APPEND,
  O_CREAT,
  O_EXCL,
  O_NONBLOCK,
  O_PATH,
  O_RDWR,
  O_TRUNC,
  O_WRONLY,
} from "../../uapi/linux.ts";
import {
  FDFLAGS_APPEND,
  FDFLAGS_DSYNC,
  FDFLAGS_NONBLOCK,
  FDFLAGS_SYNC,
  OFLAGS_CREAT,
  OFLAGS_DIRECTORY,
  OFLAGS_EXCL,
  OFLAGS_TRUNC,
} from "./constants.ts";
import type { OpenRequest } from "./directory.ts";
import * as rights from "./rights.ts";

/** Of x86-64, which guests have whatever the machine is. */
const O_DSYNC = 0x1000;
const O_DIRECTORY = 0x10000;
const O_NOFOLLOW = 0x20000;
const O_SYNC = 0x101000;
const MODE_BITS = 0o1777;

const READ_RIGHTS = rights.RIGHT_FD_READ | rights.RIGHT_FD_READDIR;
const WRITE_RIGHTS =
  rights.RIGHT_FD_DATASYNC |
  rights.RIGHT_FD_WRITE |
  rights.RIGHT_FD_ALLOCATE |
  rights.RIGHT_FD_FILESTAT_SET_SIZE;
const OTHER_RIGHTS = (rights.FILE_RIGHTS | rights.DIRECTORY_RIGHTS) & ~(READ_RIGHTS | WRITE_RIGHTS);

const OFLAGS: readonly (readonly [linux: number, wasi: number])[] = [
  [O_CREAT, OFLAGS_CREAT],
  [O_EXCL, OFLAGS_EXCL],
  [O_TRUNC, OFLAGS_TRUNC],
  [O_DIRECTORY, OFLAGS_DIRECTORY],
];
const FDFLAGS: readonly (readonly [linux: number, wasi: number])[] = [
  [O_APPEND, FDFLAGS_APPEND],
  [O_NONBLOCK, FDFLAGS_NONBLOCK],
  [O_SYNC, FDFLAGS_SYNC],
  [O_DSYNC, FDFLAGS_DSYNC],
];

/** What `open(path, flags, mode)` of Linux asks for. @param mode permission bits, of which nothing is taken away */
export function linuxOpen(flags: number, mode: number): OpenRequest {
  const isPath = (flags & O_PATH) !== 0;
  const writes = !isPath && (flags & (O_WRONLY | O_RDWR)) !== 0;
  const reads = !isPath && (flags & O_WRONLY) === 0;
  const all = (pairs: typeof OFLAGS): number =>
    pairs.reduce((sum, [linux, wasi]) => ((flags & linux) === linux ? sum | wasi : sum), 0);
  return {
    followLast: (flags & O_NOFOLLOW) === 0,
    // A descriptor of the name alone makes nothing and empties nothing.
    oflags: all(OFLAGS) & (isPath ? OFLAGS_DIRECTORY : -1),
    fdflags: all(FDFLAGS),
    rights: OTHER_RIGHTS | (reads ? READ_RIGHTS : 0n) | (writes ? WRITE_RIGHTS : 0n),
    inheriting: rights.FILE_RIGHTS | rights.DIRECTORY_RIGHTS,
    mode: mode & MODE_BITS,
  };
}
