import { EBADF } from "../../uapi/errno.ts";
import type { FdResolver } from "../abi-v1/index.ts";
import type { FdTable } from "../wasi/index.ts";
import { findKernel, type KernelKind, kernelDescriptor } from "./kernel-descriptor.ts";
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

/** The host's descriptor behind an optional field of a request: 0 is none. @throws {Refusal} EBADF */
export function optionalFd(fds: FdTable, guestFd: number, kind: KernelKind): number {
  return guestFd === 0 ? 0 : kernelDescriptor(fds, guestFd, kind).hostFd;
}

/** The host's descriptor of a directory of the guest. @throws {Refusal} EBADF */
export function directoryFd(fds: FdTable, guestFd: number): number {
  const fd = fds.get(guestFd)?.directoryFd;
  if (fd === undefined) throw new Refusal(EBADF);
  return fd;
}
