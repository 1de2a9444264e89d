import { EAGAIN, EBADF, EINVAL } from "../../../uapi/errno.ts";
import { RIGHT_FD_FILESTAT_SET_TIMES } from "../../wasi/index.ts";
import { guestRange } from "../blocks.ts";
import type { AbiV2Context } from "../context.ts";
import { openDescriptor } from "../guest-path.ts";
import { permissionMissing } from "../permission.ts";
import { Refusal } from "../refusal.ts";

const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;
const LOCK_UN = 8;
const F_SETPIPE_SZ = 1031;
const F_GETPIPE_SZ = 1032;
/** Commands of locks that wait, with those that do not. */
const WAITING: ReadonlyMap<number, number> = new Map([
  [7, 6], // F_SETLKW, F_SETLK
  [38, 37], // F_OFD_SETLKW, F_OFD_SETLK
]);
const SETTING: readonly number[] = [...WAITING.values()];
/** F_GETLK, F_OFD_GETLK. */
const ASKING: readonly number[] = [5, 36];
/** `struct flock`: l_type, l_whence, l_start, l_len, l_pid. */
const FLOCK_BYTES = 32;

const FIRST_PAUSE_NS = 500_000n;
const LONGEST_PAUSE_NS = 32_000_000n;

/** `fd_lock`: `flock`. @throws {Refusal} EBADF; EPERM for files that the guest may only read */
export function lockFile(context: AbiV2Context, fd: number, operation: number): number {
  const hostFd = lockable(context, fd);
  const kind = operation & ~LOCK_NB;
  if (kind !== LOCK_SH && kind !== LOCK_EX && kind !== LOCK_UN) return -EINVAL;
  const lock = (): number => context.sys.flock(hostFd, operation | LOCK_NB);
  return (operation & LOCK_NB) !== 0 ? lock() : whenFree(context, lock);
}

/** `fd_control`. @throws {Refusal} as {@link lockFile} */
export function controlFile(context: AbiV2Context, fd: number, command: number, argument: number): number {
  const { sys, memory } = context;
  if (command === F_GETPIPE_SZ || command === F_SETPIPE_SZ) {
    const { streamFd, fileFd } = openDescriptor(context.fds, fd);
    return sys.fcntl(streamFd ?? fileFd ?? -1, command, argument);
  }
  const atOnce = WAITING.get(command) ?? command;
  if (!SETTING.includes(atOnce) && !ASKING.includes(atOnce)) return -EINVAL;
  const hostFd = ASKING.includes(atOnce) ? hostFdOf(context, fd) : lockable(context, fd);
  const lock = guestRange(memory, argument, FLOCK_BYTES);
  if (command === atOnce) return sys.lockRecord(hostFd, command, lock);
  return whenFree(context, () => sys.lockRecord(hostFd, atOnce, lock));
}

/** Tries again until nobody else has the lock, since a call that waits would hear of no timer. */
function whenFree({ interrupts }: AbiV2Context, lock: () => number): number {
  for (let pauseNs = FIRST_PAUSE_NS; ; pauseNs = pauseNs < LONGEST_PAUSE_NS ? pauseNs * 2n : pauseNs) {
    const result = lock();
    if (result !== -EAGAIN) return result;
    const slept = interrupts.sleep(pauseNs);
    if (slept < 0) return slept;
  }
}

function hostFdOf({ fds }: AbiV2Context, fd: number): number {
  const { fileFd, directoryFd, streamFd } = openDescriptor(fds, fd);
  const hostFd = fileFd ?? directoryFd ?? streamFd;
  if (hostFd === undefined) throw new Refusal(EBADF);
  return hostFd;
}

/** A lock keeps others from what they do with a file, so that it takes what a change of the file takes. */
function lockable(context: AbiV2Context, fd: number): number {
  const { fileFd, directoryFd, rights } = openDescriptor(context.fds, fd);
  const isFile = fileFd !== undefined || directoryFd !== undefined;
  if (isFile && (rights & RIGHT_FD_FILESTAT_SET_TIMES) === 0n) {
    throw permissionMissing(context, "--dir for its directory", "lock a file");
  }
  return hostFdOf(context, fd);
}
