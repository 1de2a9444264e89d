import type { BigIntStats, BigIntStatsFs } from "node:fs";

/** Size of `struct stat` of x86-64, which guests have whatever the machine is. */
export const STAT_BYTES = 144;

/** Size of `struct statfs` of x86-64. */
export const STATFS_BYTES = 120;
/** Longest name of a file, in nearly all file systems. */
const LONGEST_NAME_BYTES = 255n;

const NS_PER_S = 1_000_000_000n;

/** What is written of a file; times in nanoseconds since 1970. */
export type StatFields = Pick<
  BigIntStats,
  "dev" | "ino" | "nlink" | "mode" | "uid" | "gid" | "rdev" | "size" | "blksize" | "blocks"
> & { readonly atimeNs: bigint; readonly mtimeNs: bigint; readonly ctimeNs: bigint };

/** Writes a `struct stat` of x86-64. */
export function writeStat(into: Uint8Array, stats: StatFields): void {
  into.fill(0);
  const view = new DataView(into.buffer, into.byteOffset);
  view.setBigUint64(0, stats.dev, true);
  view.setBigUint64(8, stats.ino, true);
  view.setBigUint64(16, stats.nlink, true);
  view.setUint32(24, Number(stats.mode), true);
  view.setUint32(28, Number(stats.uid), true);
  view.setUint32(32, Number(stats.gid), true);
  view.setBigUint64(40, stats.rdev, true);
  view.setBigInt64(48, stats.size, true);
  view.setBigInt64(56, stats.blksize, true);
  view.setBigInt64(64, stats.blocks, true);
  for (const [offset, ns] of [
    [72, stats.atimeNs],
    [88, stats.mtimeNs],
    [104, stats.ctimeNs],
  ] as const) {
    const seconds = (ns - (((ns % NS_PER_S) + NS_PER_S) % NS_PER_S)) / NS_PER_S;
    view.setBigInt64(offset, seconds, true);
    view.setBigInt64(offset + 8, ns - seconds * NS_PER_S, true);
  }
}

/** What is said of a stream that is no file of the host. */
export function streamFields(mode: bigint): StatFields {
  const none = { dev: 0n, ino: 0n, uid: 0n, gid: 0n, rdev: 0n, size: 0n, blocks: 0n };
  return { ...none, nlink: 1n, mode, blksize: 4096n, atimeNs: 0n, mtimeNs: 0n, ctimeNs: 0n };
}

/** Writes a `struct statfs` of x86-64: of a file system, without its id and its flags. */
export function writeStatfs(into: Uint8Array, stats: BigIntStatsFs): void {
  into.fill(0);
  const view = new DataView(into.buffer, into.byteOffset);
  const { type, bsize, blocks, bfree, bavail, files, ffree } = stats;
  for (const [index, value] of [type, bsize, blocks, bfree, bavail, files, ffree].entries()) {
    view.setBigUint64(8 * index, value, true);
  }
  view.setBigUint64(64, LONGEST_NAME_BYTES, true);
  view.setBigUint64(72, bsize, true);
}
