import { EINVAL, EISDIR } from "../../../uapi/errno.ts";
import { O_CLOEXEC, O_PATH, O_RDWR, O_WRONLY } from "../../../uapi/linux.ts";
import { linuxOpen, pathOpener } from "../../wasi/index.ts";
import type { AbiV2Context } from "../context.ts";
import { linuxResult, openDirectory, pathBytes } from "../guest-path.ts";

const O_ACCMODE = 3;
/** Of x86-64, which guests have whatever the machine is. */
const O_TMPFILE = 0x410000;

/** `system_open`. */
export function fileOpener(
  context: Pick<AbiV2Context, "memory" | "fds">,
): (fd: number, path: number, flags: number, mode: number) => number {
  const { memory, fds } = context;
  const open = pathOpener(context);
  return (fd, path, flags, mode) => {
    const directory = openDirectory(fds, fd);
    const writes = (flags & O_ACCMODE) === O_WRONLY || (flags & O_ACCMODE) === O_RDWR;
    if ((flags & O_ACCMODE) === O_ACCMODE && (flags & O_PATH) === 0) return -EINVAL;
    const unnamed = (flags & O_TMPFILE) === O_TMPFILE;
    if (unnamed && !writes) return -EINVAL;
    // NB: O_TMPFILE contains O_DIRECTORY.
    const request = linuxOpen(unnamed ? flags & ~O_TMPFILE : flags, mode);
    const opened = open(directory, pathBytes(memory, path), unnamed ? { ...request, unnamed } : request);
    if (opened < 0) return linuxResult(opened);
    // WASI opens a directory whatever was asked for.
    if (writes && (flags & O_PATH) === 0 && fds.get(opened)?.directoryFd !== undefined) {
      fds.close(opened);
      return -EISDIR;
    }
    fds.setClosedOnExec(opened, (flags & O_CLOEXEC) !== 0);
    return opened;
  };
}
