import * as fs from "node:fs";
import { EFBIG, EINVAL } from "../../uapi/errno.ts";
import { attempt, attemptVoid } from "./attempt.ts";

const LARGEST_OFFSET = 0x7fffffffffffffffn;

/**
 * Reads from a file of the host.
 *
 * @param position `null`: where the descriptor is, which other programs may share
 * @returns bytes, or -errno
 */
export function readFrom(fd: number, into: readonly Uint8Array[], position: bigint | null): number {
  if (position !== null && position > LARGEST_OFFSET) return -EINVAL;
  let total = 0;
  for (const buffer of into) {
    if (buffer.length === 0) continue;
    const at = position === null ? null : position + BigInt(total);
    const count = attempt(() => fs.readSync(fd, buffer, 0, buffer.length, at));
    if (count < 0) return total > 0 ? total : count;
    total += count;
    if (count < buffer.length) break;
  }
  return total;
}

/** Writes to a file of the host, as {@link readFrom} reads. */
export function writeFrom(fd: number, from: readonly Uint8Array[], position: bigint | null): number {
  if (position !== null && position > LARGEST_OFFSET) return -EINVAL;
  let total = 0;
  for (const buffer of from) {
    if (buffer.length === 0) continue;
    const at = position === null ? null : Number(position) + total;
    if (at !== null && !Number.isSafeInteger(at)) return total > 0 ? total : -EFBIG;
    const count = attempt(() => fs.writeSync(fd, buffer, 0, buffer.length, at));
    if (count < 0) return total > 0 ? total : count;
    total += count;
    if (count < buffer.length) break;
  }
  return total;
}

/** @returns 0 or -errno */
export function setFileSize(fd: number, sizeBytes: bigint): number {
  if (sizeBytes > BigInt(Number.MAX_SAFE_INTEGER)) return -EFBIG;
  return attemptVoid(() => fs.ftruncateSync(fd, Number(sizeBytes)));
}
