import { EBADF, EFAULT, EINVAL, ESPIPE } from "../../uapi/errno.ts";
import { CLOCK_REALTIME, clockTimeNs } from "./clock.ts";
import {
  FILETYPE_DIRECTORY,
  FILETYPE_REGULAR_FILE,
  FSTFLAGS_ATIM,
  FSTFLAGS_ATIM_NOW,
  FSTFLAGS_MTIM,
  FSTFLAGS_MTIM_NOW,
  WHENCE_CUR,
} from "./constants.ts";
import type { WasiCalls, WasiContext } from "./context.ts";
import type { Descriptor } from "./descriptor.ts";
import { ENOTCAPABLE } from "./errno.ts";
import { iovecs } from "./iovec.ts";
import * as rights from "./rights.ts";
import { FILESTAT_BYTES, writeFileStat } from "./stat.ts";

/** Flags of `sock_recv`, and Linux's. */
const RECV_PEEK = 1;
const RECV_WAITALL = 2;
const MSG_PEEK = 2;
const MSG_WAITALL = 0x100;

/** The `fd_*` and `sock_*` calls. */
export function fdCalls(context: WasiContext): WasiCalls {
  const { memory, fds } = context;

  /** Runs `call` on a descriptor that has the rights. */
  function on(fd: number, needed: bigint, call: (descriptor: Descriptor) => number): number {
    const descriptor = fds.take(fd, needed);
    return typeof descriptor === "number" ? descriptor : call(descriptor);
  }

  /** Moves bytes between the guest's buffers and a descriptor, and stores how many. */
  function transfer(
    vectors: number,
    count: number,
    result: number,
    move: (buffers: Uint8Array[]) => number,
  ): number {
    if (!memory.has(result, 4)) return -EFAULT;
    const buffers = iovecs(memory, vectors, count);
    if (typeof buffers === "number") return buffers;
    const moved = move(buffers);
    if (moved < 0) return moved;
    memory.setU32(result, moved);
    return 0;
  }

  function seek(fd: number, right: bigint, offset: bigint, whence: number, result: number): number {
    const stream = fds.get(fd);
    // What has no place says so, whatever its rights.
    if (stream !== undefined && !isSeekable(stream.fileType) && (stream.rights & right) === 0n)
      return -ESPIPE;
    return on(fd, right, (descriptor) => {
      if (!memory.has(result, 8)) return -EFAULT;
      const position = descriptor.seek(offset, whence);
      if (typeof position === "number") return position;
      memory.setU64(result, position);
      return 0;
    });
  }

  return {
    fd_advise: [
      "iIIi",
      (fd: number, _offset: bigint, _length: bigint, advice: number) =>
        on(fd, rights.RIGHT_FD_ADVISE, () => (advice >>> 0 > 5 ? -EINVAL : 0)),
    ],
    fd_allocate: [
      "iII",
      (fd: number, offset: bigint, length: bigint) =>
        on(fd, rights.RIGHT_FD_ALLOCATE, (descriptor) =>
          descriptor.allocate(BigInt.asUintN(64, offset), BigInt.asUintN(64, length)),
        ),
    ],
    fd_close: ["i", (fd: number) => fds.close(fd)],
    fd_datasync: [
      "i",
      (fd: number) => on(fd, rights.RIGHT_FD_DATASYNC, (descriptor) => descriptor.sync(true)),
    ],
    fd_sync: ["i", (fd: number) => on(fd, rights.RIGHT_FD_SYNC, (descriptor) => descriptor.sync(false))],
    fd_fdstat_get: [
      "ii",
      (fd: number, result: number) =>
        on(fd, 0n, (descriptor) => {
          // filetype u8@0, flags u16@2, rights u64@8, inheriting u64@16
          if (!memory.has(result, 24)) return -EFAULT;
          memory.setU16(result, descriptor.fileType);
          memory.setU16((result >>> 0) + 2, descriptor.flags);
          memory.setU32((result >>> 0) + 4, 0);
          memory.setU64((result >>> 0) + 8, descriptor.rights);
          memory.setU64((result >>> 0) + 16, descriptor.inheriting);
          return 0;
        }),
    ],
    fd_fdstat_set_flags: [
      "ii",
      (fd: number, flags: number) =>
        on(fd, 0n, (descriptor) => ((flags & ~31) === 0 ? descriptor.setFlags(flags) : -EINVAL)),
    ],
    fd_fdstat_set_rights: [
      "iII",
      (fd: number, base: bigint, inheriting: bigint) =>
        on(fd, 0n, (descriptor) => {
          // Rights can only be given up.
          if ((base & ~descriptor.rights) !== 0n || (inheriting & ~descriptor.inheriting) !== 0n) {
            return -ENOTCAPABLE;
          }
          descriptor.rights = base;
          descriptor.inheriting = inheriting;
          return 0;
        }),
    ],
    fd_filestat_get: [
      "ii",
      (fd: number, result: number) =>
        on(fd, rights.RIGHT_FD_FILESTAT_GET, (descriptor) => {
          if (!memory.has(result, FILESTAT_BYTES)) return -EFAULT;
          const stat = descriptor.stat();
          if (typeof stat === "number") return stat;
          return writeFileStat(memory, result, stat) ? 0 : -EFAULT;
        }),
    ],
    fd_filestat_set_size: [
      "iI",
      (fd: number, size: bigint) =>
        on(fd, rights.RIGHT_FD_FILESTAT_SET_SIZE, (descriptor) =>
          descriptor.setSize(BigInt.asUintN(64, size)),
        ),
    ],
    fd_filestat_set_times: [
      "iIIi",
      (fd: number, accessed: bigint, modified: bigint, flags: number) =>
        on(fd, rights.RIGHT_FD_FILESTAT_SET_TIMES, (descriptor) => {
          const times = chosenTimes(accessed, modified, flags);
          return typeof times === "number" ? times : descriptor.setTimes(times.accessedNs, times.modifiedNs);
        }),
    ],
    fd_pread: [
      "iiiIi",
      (fd: number, vectors: number, count: number, offset: bigint, result: number) =>
        on(fd, rights.RIGHT_FD_READ | rights.RIGHT_FD_SEEK, (descriptor) =>
          transfer(vectors, count, result, (buffers) =>
            descriptor.readAt(buffers, BigInt.asUintN(64, offset)),
          ),
        ),
    ],
    fd_pwrite: [
      "iiiIi",
      (fd: number, vectors: number, count: number, offset: bigint, result: number) =>
        on(fd, rights.RIGHT_FD_WRITE | rights.RIGHT_FD_SEEK, (descriptor) =>
          transfer(vectors, count, result, (buffers) =>
            descriptor.writeAt(buffers, BigInt.asUintN(64, offset)),
          ),
        ),
    ],
    fd_read: [
      "iiii",
      (fd: number, vectors: number, count: number, result: number) =>
        on(fd, rights.RIGHT_FD_READ, (descriptor) =>
          transfer(vectors, count, result, (buffers) => descriptor.read(buffers)),
        ),
    ],
    fd_write: [
      "iiii",
      (fd: number, vectors: number, count: number, result: number) =>
        on(fd, rights.RIGHT_FD_WRITE, (descriptor) =>
          transfer(vectors, count, result, (buffers) => descriptor.write(buffers)),
        ),
    ],
    fd_prestat_get: [
      "ii",
      (fd: number, result: number) =>
        on(fd, 0n, (descriptor) => {
          // tag u8@0 (0 is a directory), name length u32@4
          if (descriptor.preopenName === undefined) return -EBADF;
          if (!memory.has(result, 8)) return -EFAULT;
          memory.setU32(result, 0);
          memory.setU32((result >>> 0) + 4, descriptor.preopenName.length);
          return 0;
        }),
    ],
    fd_prestat_dir_name: [
      "iii",
      (fd: number, result: number, size: number) =>
        on(fd, 0n, (descriptor) => {
          if (descriptor.preopenName === undefined) return -EBADF;
          if (size >>> 0 < descriptor.preopenName.length) return -EINVAL;
          return memory.write(result, descriptor.preopenName) ? 0 : -EFAULT;
        }),
    ],
    fd_readdir: [
      "iiiIi",
      (fd: number, buffer: number, size: number, cookie: bigint, result: number) =>
        on(fd, rights.RIGHT_FD_READDIR, (descriptor) => {
          const place = memory.range(buffer, size >>> 0);
          if (place === undefined || !memory.has(result, 4)) return -EFAULT;
          const entries = descriptor.readDirectory(BigInt.asUintN(64, cookie), place.length);
          if (typeof entries === "number") return entries;
          const used = Math.min(entries.length, place.length);
          place.set(entries.subarray(0, used));
          memory.setU32(result, used);
          return 0;
        }),
    ],
    fd_renumber: ["ii", (from: number, to: number) => fds.renumber(from, to)],
    fd_seek: [
      "iIii",
      (fd: number, offset: bigint, whence: number, result: number) =>
        seek(
          fd,
          offset === 0n && whence === WHENCE_CUR ? rights.RIGHT_FD_TELL : rights.RIGHT_FD_SEEK,
          offset,
          whence,
          result,
        ),
    ],
    fd_tell: ["ii", (fd: number, result: number) => seek(fd, rights.RIGHT_FD_TELL, 0n, WHENCE_CUR, result)],
    sock_accept: [
      "iii",
      (fd: number, flags: number, result: number) =>
        on(fd, 0n, (descriptor) => {
          if (!memory.has(result, 4)) return -EFAULT;
          const connection = descriptor.accept(flags);
          if (typeof connection === "number") return connection;
          const number = fds.add(connection);
          if (number >= 0) memory.setU32(result, number);
          return Math.min(number, 0);
        }),
    ],
    sock_recv: [
      "iiiiii",
      (fd: number, vectors: number, count: number, flags: number, result: number, resultFlags: number) =>
        on(fd, 0n, (descriptor) => {
          if (!memory.setU16(resultFlags, 0)) return -EFAULT;
          const linux =
            ((flags & RECV_PEEK) !== 0 ? MSG_PEEK : 0) | ((flags & RECV_WAITALL) !== 0 ? MSG_WAITALL : 0);
          return transfer(vectors, count, result, (buffers) => descriptor.receive(buffers, linux));
        }),
    ],
    sock_send: [
      "iiiii",
      (fd: number, vectors: number, count: number, _flags: number, result: number) =>
        on(fd, 0n, (descriptor) => transfer(vectors, count, result, (buffers) => descriptor.send(buffers))),
    ],
    sock_shutdown: [
      "ii",
      (fd: number, how: number) =>
        // Bit 0 reading, bit 1 writing; Linux counts from 0.
        on(fd, 0n, (descriptor) => (how < 1 || how > 3 ? -EINVAL : descriptor.shutdown(how - 1))),
    ],
  };
}

function isSeekable(fileType: number): boolean {
  return fileType === FILETYPE_REGULAR_FILE || fileType === FILETYPE_DIRECTORY;
}

/** Times of `*_filestat_set_times`; `undefined` leaves one as it is. */
export function chosenTimes(
  accessed: bigint,
  modified: bigint,
  flags: number,
): { accessedNs: bigint | undefined; modifiedNs: bigint | undefined } | number {
  const both = (first: number, second: number): boolean => (flags & first) !== 0 && (flags & second) !== 0;
  if (both(FSTFLAGS_ATIM, FSTFLAGS_ATIM_NOW) || both(FSTFLAGS_MTIM, FSTFLAGS_MTIM_NOW)) return -EINVAL;
  const pick = (set: number, setNow: number, value: bigint): bigint | undefined => {
    if ((flags & setNow) !== 0) return clockTimeNs(CLOCK_REALTIME);
    return (flags & set) !== 0 ? BigInt.asUintN(64, value) : undefined;
  };
  return {
    accessedNs: pick(FSTFLAGS_ATIM, FSTFLAGS_ATIM_NOW, accessed),
    modifiedNs: pick(FSTFLAGS_MTIM, FSTFLAGS_MTIM_NOW, modified),
  };
}
