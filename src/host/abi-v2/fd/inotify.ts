import * as fs from "node:fs";
import { EBADF, EINVAL } from "../../../uapi/errno.ts";
import { O_PATH } from "../../../uapi/linux.ts";
import { attempt, hostPath, RIGHT_FD_WRITE, readStream } from "../../wasi/index.ts";
import type { AbiV2Context } from "../context.ts";
import { openDirectory, pathBytes } from "../guest-path.ts";
import { Refusal } from "../refusal.ts";
import { StreamDescriptor } from "../stream-descriptor.ts";

const IN_DONT_FOLLOW = 0x2000000;

/** Tells of changes of files and directories that the guest may read. The host's descriptor never blocks. */
export class InotifyDescriptor extends StreamDescriptor<"inotify"> {
  /** Takes over `hostFd`. */
  constructor(context: AbiV2Context, hostFd: number, nonblocking: boolean) {
    super(context, "inotify", hostFd, nonblocking);
    this.rights &= ~RIGHT_FD_WRITE;
  }

  override read(into: readonly Uint8Array[]): number {
    const buffer = into.find((candidate) => candidate.length > 0);
    if (buffer === undefined) return -EINVAL;
    return readStream(this.context.sys, this.context.interrupts, this.hostFd, buffer, !this.waits);
  }

  /** `fd_inotify_add`. @returns number of the watch, or -errno */
  watch(directoryFd: number, path: number, mask: number): number {
    const { fds, memory, sys } = this.context;
    const follow = (mask & IN_DONT_FOLLOW) === 0;
    return openDirectory(fds, directoryFd).at(pathBytes(memory, path), follow, (place) => {
      const flags = O_PATH | (place.follow ? 0 : fs.constants.O_NOFOLLOW);
      const directory = place.wantsDirectory ? fs.constants.O_DIRECTORY : 0;
      const found = attempt(() => fs.openSync(hostPath(place.parentFd, place.name), flags | directory));
      if (found < 0) return found;
      try {
        // The very file that was found, whatever has its name by now.
        return sys.inotifyAdd(this.hostFd, `/proc/self/fd/${found}`, (mask & ~IN_DONT_FOLLOW) >>> 0);
      } finally {
        sys.close(found);
      }
    });
  }
}

/** @throws {Refusal} EBADF, EINVAL */
export function inotifyInstance({ fds }: AbiV2Context, fd: number): InotifyDescriptor {
  const descriptor = fds.get(fd);
  if (descriptor instanceof InotifyDescriptor) return descriptor;
  throw new Refusal(descriptor === undefined ? EBADF : EINVAL);
}
