import { EINVAL, EIO } from "../../uapi/errno.ts";

/**
 * Runs a call of `node:fs`.
 *
 * @returns its result, or the error number, negative, when it failed
 */
export function attempt<T>(call: () => T): T | number {
  try {
    return call();
  } catch (error) {
    return -errnoOfFileError(error);
  }
}

/** As {@link attempt} for calls without a result: 0 or -errno. */
export function attemptVoid(call: () => void): number {
  try {
    call();
    return 0;
  } catch (error) {
    return -errnoOfFileError(error);
  }
}

function errnoOfFileError(error: unknown): number {
  if (!(error instanceof Error)) return EIO;
  // NB: a stack overflow is the guest's end, not a file error.
  if (error instanceof RangeError && /call stack/.test(error.message)) throw error;
  if ("errno" in error && typeof error.errno === "number" && error.errno < 0) return -error.errno;
  return "code" in error && typeof error.code === "string" && error.code.startsWith("ERR_") ? EINVAL : EIO;
}
