import type { BigIntStats } from "node:fs";
import type { GuestMemory } from "../memory.ts";
import {
  FILETYPE_BLOCK_DEVICE,
  FILETYPE_CHARACTER_DEVICE,
  FILETYPE_DIRECTORY,
  FILETYPE_REGULAR_FILE,
  FILETYPE_SOCKET_STREAM,
  FILETYPE_SYMBOLIC_LINK,
  FILETYPE_UNKNOWN,
} from "./constants.ts";
import type { FileStat } from "./descriptor.ts";

/** WASI file type of a host file. Pipes have none. */
export function fileTypeOf(file: {
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
  isCharacterDevice(): boolean;
  isBlockDevice(): boolean;
  isSocket(): boolean;
}): number {
  if (file.isFile()) return FILETYPE_REGULAR_FILE;
  if (file.isDirectory()) return FILETYPE_DIRECTORY;
  if (file.isSymbolicLink()) return FILETYPE_SYMBOLIC_LINK;
  if (file.isCharacterDevice()) return FILETYPE_CHARACTER_DEVICE;
  if (file.isBlockDevice()) return FILETYPE_BLOCK_DEVICE;
  return file.isSocket() ? FILETYPE_SOCKET_STREAM : FILETYPE_UNKNOWN;
}

export function fileStatOf(stats: BigIntStats): FileStat {
  return {
    device: stats.dev,
    inode: stats.ino,
    fileType: fileTypeOf(stats),
    links: stats.nlink,
    sizeBytes: stats.size,
    accessedNs: stats.atimeNs,
    modifiedNs: stats.mtimeNs,
    changedNs: stats.ctimeNs,
  };
}

/** Size of a `filestat` in guest memory. */
export const FILESTAT_BYTES = 64;

/**
 * Writes a `filestat`: dev u64@0, ino u64@8, filetype u8@16, nlink u64@24, size u64@32, atim u64@40, mtim u64@48,
 * ctim u64@56.
 *
 * @returns false when the place is not in the guest's memory
 */
export function writeFileStat(memory: GuestMemory, pointer: number, stat: FileStat): boolean {
  const place = memory.range(pointer, FILESTAT_BYTES);
  if (place === undefined) return false;
  place.fill(0);
  const at = pointer >>> 0;
  memory.setU64(at, stat.device);
  memory.setU64(at + 8, stat.inode);
  memory.setU8(at + 16, stat.fileType);
  memory.setU64(at + 24, stat.links);
  memory.setU64(at + 32, stat.sizeBytes);
  memory.setU64(at + 40, stat.accessedNs);
  memory.setU64(at + 48, stat.modifiedNs);
  memory.setU64(at + 56, stat.changedNs);
  return true;
}
