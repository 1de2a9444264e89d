import * as fs from "node:fs";
import { EBADF, EBUSY, EFAULT, EINVAL, EISDIR, ENOTDIR } from "../../uapi/errno.ts";
import { attempt, attemptVoid } from "./attempt.ts";
import { LOOKUP_SYMLINK_FOLLOW } from "./constants.ts";
import type { WasiCalls, WasiContext } from "./context.ts";
import { DirectoryDescriptor, type OpenRequest, withoutTrailingSlash } from "./directory.ts";
import { ENOTCAPABLE } from "./errno.ts";
import { chosenTimes } from "./fd-calls.ts";
import { OwnMaps } from "./own-maps.ts";
import { hostPath, type Place } from "./path.ts";
import * as rights from "./rights.ts";
import { FILESTAT_BYTES, writeFileStat } from "./stat.ts";

const SLASH = 47;

/** The `path_*` calls: everything below a preopened directory, nothing outside. */
export function pathCalls(context: WasiContext): WasiCalls {
  const { memory, fds } = context;
  const open = pathOpener(context);

  /** Runs `call` with the directory, when it has the rights, and the path. */
  function on(
    fd: number,
    needed: bigint,
    pointer: number,
    length: number,
    call: (directory: DirectoryDescriptor, path: Uint8Array) => number,
  ): number {
    const descriptor = fds.get(fd);
    if (descriptor === undefined) return -EBADF;
    if (!(descriptor instanceof DirectoryDescriptor)) return -ENOTDIR;
    const path = memory.copy(pointer, length >>> 0);
    if (path === undefined) return -EFAULT;
    return (descriptor.rights & needed) === needed ? call(descriptor, path) : descriptor.refuseChange(path);
  }

  /** Creates or removes the last component of a path; a link in that place is itself meant. */
  function change(
    fd: number,
    needed: bigint,
    pointer: number,
    length: number,
    act: (hostPath: Buffer, place: Place) => number,
  ): number {
    return on(fd, needed, pointer, length, (base, path) =>
      base.at(withoutTrailingSlash(path), false, (place) => act(hostPath(place.parentFd, place.name), place)),
    );
  }

  /** Runs `act` on two places, which may be below different directories. */
  function changeTwo(
    from: readonly [fd: number, right: bigint, pointer: number, length: number, followLast: boolean],
    to: readonly [fd: number, right: bigint, pointer: number, length: number],
    act: (from: Buffer, to: Buffer) => void,
  ): number {
    return on(from[0], from[1], from[2], from[3], (fromBase, fromPath) =>
      on(to[0], to[1], to[2], to[3], (toBase, toPath) =>
        fromBase.at<number>(withoutTrailingSlash(fromPath), from[4], (fromPlace) =>
          toBase.at<number>(withoutTrailingSlash(toPath), false, (toPlace) => {
            if (isDot(fromPlace.name) || isDot(toPlace.name)) return -EBUSY;
            return attemptVoid(() =>
              act(hostPath(fromPlace.parentFd, fromPlace.name), hostPath(toPlace.parentFd, toPlace.name)),
            );
          }),
        ),
      ),
    );
  }

  return {
    path_create_directory: [
      "iii",
      (fd: number, path: number, length: number) =>
        on(fd, 0n, path, length, (base, bytes) => base.makeDirectory(bytes)),
    ],
    path_remove_directory: [
      "iii",
      (fd: number, path: number, length: number) =>
        change(fd, rights.RIGHT_PATH_REMOVE_DIRECTORY, path, length, (target, place) =>
          isDot(place.name) ? -EINVAL : attemptVoid(() => fs.rmdirSync(target)),
        ),
    ],
    path_unlink_file: [
      "iii",
      (fd: number, path: number, length: number) =>
        on(fd, rights.RIGHT_PATH_UNLINK_FILE, path, length, (base, bytes) =>
          base.at<number>(bytes, false, (place) => {
            if (place.wantsDirectory || isDot(place.name)) return -EISDIR;
            return attemptVoid(() => fs.unlinkSync(hostPath(place.parentFd, place.name)));
          }),
        ),
    ],
    path_rename: [
      "iiiiii",
      (fd: number, path: number, length: number, newFd: number, newPath: number, newLength: number) =>
        changeTwo(
          [fd, rights.RIGHT_PATH_RENAME_SOURCE, path, length, false],
          [newFd, rights.RIGHT_PATH_RENAME_TARGET, newPath, newLength],
          (from, to) => fs.renameSync(from, to),
        ),
    ],
    path_link: [
      "iiiiiii",
      (
        fd: number,
        flags: number,
        path: number,
        length: number,
        newFd: number,
        newPath: number,
        newLength: number,
      ) =>
        changeTwo(
          [fd, rights.RIGHT_PATH_LINK_SOURCE, path, length, (flags & LOOKUP_SYMLINK_FOLLOW) !== 0],
          [newFd, rights.RIGHT_PATH_LINK_TARGET, newPath, newLength],
          (from, to) => fs.linkSync(from, to),
        ),
    ],
    path_symlink: [
      "iiiii",
      (target: number, targetLength: number, fd: number, path: number, length: number) => {
        const content = memory.copy(target, targetLength >>> 0);
        if (content === undefined) return -EFAULT;
        if (content.length === 0 || content.includes(0)) return -EINVAL;
        // A link that leads outside would be refused by the guest's own walks, but other programs would follow it.
        if (content[0] === SLASH) return -ENOTCAPABLE;
        return change(fd, rights.RIGHT_PATH_SYMLINK, path, length, (place) =>
          attemptVoid(() => fs.symlinkSync(Buffer.from(content), place)),
        );
      },
    ],
    path_readlink: [
      "iiiiii",
      (fd: number, path: number, length: number, buffer: number, size: number, result: number) =>
        on(fd, rights.RIGHT_PATH_READLINK, path, length, (base, bytes) =>
          base.at<number>(bytes, false, (place) => {
            const room = memory.range(buffer, size >>> 0);
            if (room === undefined || !memory.has(result, 4)) return -EFAULT;
            const content = attempt(() => fs.readlinkSync(hostPath(place.parentFd, place.name), "buffer"));
            if (typeof content === "number") return content;
            const used = Math.min(content.length, room.length);
            room.set(content.subarray(0, used));
            memory.setU32(result, used);
            return 0;
          }),
        ),
    ],
    path_filestat_get: [
      "iiiii",
      (fd: number, flags: number, path: number, length: number, result: number) =>
        on(fd, rights.RIGHT_PATH_FILESTAT_GET, path, length, (base, bytes) => {
          if (!memory.has(result, FILESTAT_BYTES)) return -EFAULT;
          const stat = base.statOf(bytes, (flags & LOOKUP_SYMLINK_FOLLOW) !== 0);
          if (typeof stat === "number") return stat;
          return writeFileStat(memory, result, stat) ? 0 : -EFAULT;
        }),
    ],
    path_filestat_set_times: [
      "iiiiIIi",
      (
        fd: number,
        flags: number,
        path: number,
        length: number,
        accessed: bigint,
        modified: bigint,
        which: number,
      ) =>
        on(fd, rights.RIGHT_PATH_FILESTAT_SET_TIMES, path, length, (base, bytes) => {
          const times = chosenTimes(accessed, modified, which);
          if (typeof times === "number") return times;
          const follow = (flags & LOOKUP_SYMLINK_FOLLOW) !== 0;
          return base.setTimesOf(bytes, follow, times.accessedNs, times.modifiedNs);
        }),
    ],
    path_open: [
      "iiiiiIIii",
      (
        fd: number,
        dirflags: number,
        path: number,
        length: number,
        oflags: number,
        base: bigint,
        inheriting: bigint,
        fdflags: number,
        result: number,
      ) =>
        on(fd, 0n, path, length, (parent, bytes) => {
          if (!memory.has(result, 4)) return -EFAULT;
          const number = open(parent, bytes, {
            followLast: (dirflags & LOOKUP_SYMLINK_FOLLOW) !== 0,
            oflags,
            fdflags,
            rights: BigInt.asUintN(64, base),
            inheriting: BigInt.asUintN(64, inheriting),
          });
          if (number < 0) return number;
          memory.setU32(result, number);
          return 0;
        }),
    ],
  };
}

/** Opens paths for a guest: in a directory of it, as a new number of it. */
export function pathOpener({
  memory,
  fds,
}: Pick<WasiContext, "memory" | "fds">): (
  parent: DirectoryDescriptor,
  path: Uint8Array,
  request: OpenRequest,
) => number {
  const ownMaps = new OwnMaps(memory);
  return (parent, path, request) => {
    const opened = parent.open(path, {
      ...request,
      // A descriptor never gets a right that its directory does not hand down.
      rights: request.rights & parent.inheriting,
      inheriting: request.inheriting & parent.inheriting,
    });
    if (typeof opened === "number") return opened;
    return fds.add(isMaps(path) ? ownMaps.insteadOf(opened) : opened);
  };
}

function isMaps(path: Uint8Array): boolean {
  return Buffer.from(path.subarray(-5)).toString("latin1") === "/maps";
}

function isDot(name: Uint8Array): boolean {
  return name.length === 1 && name[0] === 46;
}
