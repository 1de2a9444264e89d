import { EBADF } from "../../uapi/errno.ts";
import type { FdResolver } from "../abi-v1/index.ts";
import type { FdTable } from "../wasi/index.ts";
import { findKernel, KernelDescriptor } from "./kernel-descriptor.ts";
import { Refusal } from "./refusal.ts";

/** Finds the host's descriptors behind numbers in keys and values. */
export function fdResolver(fds: FdTable): FdResolver {
  return (kind, guestFd) => {
    // No import gives a guest a pidfd.
    if (kind === "process") return undefined;
    if (kind !== "directory") return findKernel(fds, guestFd, kind)?.hostFd;
    // Storage of inodes takes files, too; the kernel tells what is no control group.
    const descriptor = fds.get(guestFd);
    return descriptor?.directoryFd ?? descriptor?.fileFd;
  };
}

/** What the kernel refuses with EBADF, where it looks at all. */
export const NO_FD = -1;

/**
 * The host's descriptor behind an optional field of a request: 0 is none. Whether others are looked at, and what is said
 * of those of another kind, is left to the kernel.
 */
export function optionalFd(fds: FdTable, guestFd: number): number {
  if (guestFd === 0) return 0;
  const descriptor = fds.get(guestFd);
  if (descriptor instanceof KernelDescriptor) return descriptor.hostFd;
  return descriptor?.directoryFd ?? descriptor?.fileFd ?? NO_FD;
}

/** The host's descriptor of a directory of the guest. @throws {Refusal} EBADF */
export function directoryFd(fds: FdTable, guestFd: number): number {
  const fd = fds.get(guestFd)?.directoryFd;
  if (fd === undefined) throw new Refusal(EBADF);
  return fd;
}
