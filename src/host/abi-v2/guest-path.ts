import { EACCES, EBADF, EFAULT, ENOTDIR } from "../../uapi/errno.ts";
import type { GuestMemory } from "../memory.ts";
import { type Descriptor, DirectoryDescriptor, ENOTCAPABLE, type FdTable } from "../wasi/index.ts";
import { Refusal } from "./refusal.ts";

const LONGEST_PATH_BYTES = 4096;

/** Bytes of a path, whatever they are, without the NUL. @throws {Refusal} EFAULT */
export function pathBytes(memory: GuestMemory, at: number): Uint8Array {
  const start = at >>> 0;
  const window = memory.bytes.subarray(start, start + LONGEST_PATH_BYTES);
  const end = window.indexOf(0);
  if (at === 0 || end < 0) throw new Refusal(EFAULT);
  return window.slice(0, end);
}

/** An open descriptor of any kind. @throws {Refusal} EBADF */
export function openDescriptor(fds: FdTable, fd: number): Descriptor {
  const descriptor = fds.get(fd);
  if (descriptor === undefined) throw new Refusal(EBADF);
  return descriptor;
}

/** An open directory. @throws {Refusal} EBADF, ENOTDIR */
export function openDirectory(fds: FdTable, fd: number): DirectoryDescriptor {
  const descriptor = openDescriptor(fds, fd);
  if (!(descriptor instanceof DirectoryDescriptor)) throw new Refusal(ENOTDIR);
  return descriptor;
}

/** A result of the WASI layer, whose one error number of its own Linux has not got. */
export function linuxResult(result: number): number {
  return result === -ENOTCAPABLE ? -EACCES : result;
}
