import { mkdirSync, readlinkSync, unlinkSync } from "node:fs";
import { dirname, normalize } from "node:path";
import { DEFAULT_PIN_ROOT, isOnBpfFileSystem } from "../../../ebpf/index.ts";
import { encodeCString } from "../../../internal/index.ts";
import { BpfAttr } from "../../../sys/index.ts";
import { BPF_F_PATH_FD, BPF_OBJ_GET, BPF_OBJ_PIN } from "../../../uapi/bpf.ts";
import { EBADF, EINVAL, ENOENT } from "../../../uapi/errno.ts";
import type { HostImports } from "../../host-import.ts";
import { requiredText } from "../blocks.ts";
import type { AbiV2Context } from "../context.ts";
import { directoryFd } from "../fd-resolver.ts";
import { GuestMap } from "../guest-map.ts";
import { addDescriptor, KernelDescriptor } from "../kernel-descriptor.ts";
import { errorText } from "../lines/error-text.ts";
import { LOG_WARNING } from "../log.ts";
import { requireKernel } from "../permission.ts";
import { guestCall, Refusal } from "../refusal.ts";

/** Make the last directory, and say what is wrong, as libbpf does for maps, programs and links. */
const LIKE_LIBBPF = 1 << 31;

/** Pins: making, opening and removing them. Those that the guest has made itself need no permission. */
export function kernelPinImports(context: AbiV2Context): HostImports {
  const { memory, fds, sys, log } = context;
  const own = new Set<string>();

  /** The attribute's path: absolute ones count without the directory, as everywhere. */
  function place(attr: BpfAttr, path: string, flags: number, directory: number): BpfAttr {
    attr.pointer(0, encodeCString(path)).u32(12, flags);
    if ((flags & BPF_F_PATH_FD) !== 0) attr.i32(16, directoryFd(fds, directory));
    return attr;
  }

  function isBelowRoot(path: string, flags: number): boolean {
    const isPlain = (flags & BPF_F_PATH_FD) === 0 && path.startsWith(`${DEFAULT_PIN_ROOT}/`);
    return isPlain && !path.split("/").includes("..");
  }

  function pin(fd: number, pathAt: number, flags: number, directory: number): number {
    const descriptor = fds.get(fd);
    const path = requiredText(memory, pathAt);
    const kernelFlags = flags & ~LIKE_LIBBPF;
    if (!isBelowRoot(path, flags)) requireKernel(context);
    if ((flags & LIKE_LIBBPF) !== 0) {
      const result = makePlace(path);
      if (result < 0) return result;
    }
    if (!(descriptor instanceof KernelDescriptor)) return descriptor === undefined ? -EBADF : -EINVAL;
    const attr = place(new BpfAttr(20), path, kernelFlags, directory).i32(8, descriptor.hostFd);
    const result = sys.bpf(BPF_OBJ_PIN, attr);
    if (result === 0 && (flags & BPF_F_PATH_FD) === 0) own.add(normalize(path));
    return result;
  }

  function makePlace(path: string): number {
    const parent = dirname(path);
    try {
      mkdirSync(parent, { mode: 0o700 });
    } catch (error) {
      const { code, errno = -EINVAL } = error as { code?: string; errno?: number };
      if (code !== "EEXIST") {
        log.write(LOG_WARNING, `failed to mkdir ${path}: ${errorText(errno)}`);
        return errno;
      }
    }
    return mustBeOnBpfFileSystem(path);
  }

  function mustBeOnBpfFileSystem(path: string): number {
    if (isOnBpfFileSystem(dirname(path))) return 0;
    log.write(LOG_WARNING, `specified path ${path} is not on BPF FS`);
    return -EINVAL;
  }

  function unpin(pathAt: number): number {
    const path = requiredText(memory, pathAt);
    if (!own.has(normalize(path))) requireKernel(context);
    const result = mustBeOnBpfFileSystem(path);
    if (result < 0) return result;
    try {
      unlinkSync(path);
    } catch (error) {
      return (error as { errno?: number }).errno ?? -ENOENT;
    }
    own.delete(normalize(path));
    return 0;
  }

  function get(pathAt: number, flags: number, directory: number): number {
    const path = requiredText(memory, pathAt);
    if ((flags & BPF_F_PATH_FD) !== 0 || !own.has(normalize(path))) requireKernel(context);
    const hostFd = sys.bpf(BPF_OBJ_GET, place(new BpfAttr(20), path, flags, directory));
    return hostFd < 0 ? hostFd : addOpened(context, hostFd);
  }

  return {
    kernel_pin: guestCall((fd, path, flags, directory) => pin(fd, path, flags, directory)),
    kernel_unpin: guestCall((path) => unpin(path)),
    kernel_get: guestCall((path, flags, directory) => get(path, flags, directory)),
  };
}

/** A descriptor for whatever is behind `hostFd`. */
function addOpened(context: AbiV2Context, hostFd: number): number {
  // The kernel's own name for what it is: `anon_inode:bpf-prog`, `bpf-map`, `bpf_link`.
  const what = /bpf[-_](prog|map|link)/.exec(readlinkSync(`/proc/self/fd/${hostFd}`))?.[1];
  switch (what) {
    case "map":
      return addDescriptor(context, "map", hostFd, () => new GuestMap(hostFd));
    case "prog":
      return addDescriptor(context, "program", hostFd, () => undefined);
    case "link":
      return addDescriptor(context, "link", hostFd, () => undefined);
    default:
      context.sys.close(hostFd);
      throw new Refusal(EINVAL);
  }
}
