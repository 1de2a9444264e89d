import * as fs from "node:fs";
import { encodeText } from "../../internal/index.ts";
import { EINVAL, ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR } from "../../uapi/errno.ts";
import { O_PATH } from "../../uapi/linux.ts";
import { attempt, attemptVoid } from "./attempt.ts";
import { ENOTCAPABLE } from "./errno.ts";

/** Symbolic links followed in one path, as Linux counts. */
export const MOST_LINKS = 40;
export const LONGEST_PATH_BYTES = 4096;
const SLASH = 47;
const DOT = 46;

/**
 * A place below a directory of the guest: an open parent directory and one name in it (never `..`, no slash).
 * `.` names the parent itself.
 */
export interface Place {
  readonly parentFd: number;
  readonly name: Uint8Array;
  /** The path ended in a slash: only a directory will do. */
  readonly wantsDirectory: boolean;
  /** Whether a link in this place is followed, by the kernel. */
  readonly follow: boolean;
  release(): void;
}

/** Path of the host for a name in an open directory: what `openat(parentFd, name)` would reach. */
export function hostPath(parentFd: number, name: Uint8Array): Buffer {
  return Buffer.concat([encodeText(`/proc/self/fd/${parentFd}/`), name]);
}

/**
 * Walks a path of the guest, one component at a time, so that it cannot leave `rootFd`: each directory is opened
 * without following links, links are read and walked by the same rules, `..` returns to the directory the walk came
 * through, absolute paths and links are refused. What a guest or another process renames meanwhile cannot change
 * that, since the walk holds every directory open.
 *
 * @param followLast whether a link in the last component is followed
 * @returns the place, or -errno; a path that would leave is -ENOTCAPABLE
 */
export function walk(rootFd: number, path: Uint8Array, followLast: boolean): Place | number {
  if (path.includes(0)) return -EINVAL;
  if (path.length === 0) return -ENOENT;
  if (path.length >= LONGEST_PATH_BYTES) return -ENAMETOOLONG;
  const walker = new Walker(rootFd);
  const failure = walker.run(path, followLast);
  if (failure < 0) {
    walker.closeAll();
    return failure;
  }
  return {
    parentFd: walker.current,
    name: walker.last,
    wantsDirectory: walker.wantsDirectory,
    follow: false,
    release: () => walker.closeAll(),
  };
}

class Walker {
  last: Uint8Array = new Uint8Array([DOT]);
  wantsDirectory = false;
  readonly #rootFd: number;
  readonly #opened: number[] = [];
  #links = 0;

  constructor(rootFd: number) {
    this.#rootFd = rootFd;
  }

  get current(): number {
    return this.#opened.at(-1) ?? this.#rootFd;
  }

  run(path: Uint8Array, followLast: boolean): number {
    if (path[0] === SLASH) return -ENOTCAPABLE;
    const pending = components(path).reverse();
    this.wantsDirectory = path.at(-1) === SLASH;
    while (pending.length > 0) {
      const component = pending.pop() ?? new Uint8Array(0);
      if (isDot(component)) continue;
      if (isDotDot(component)) {
        const fd = this.#opened.pop();
        if (fd === undefined) return -ENOTCAPABLE;
        attemptVoid(() => fs.closeSync(fd));
        continue;
      }
      const isLast = pending.length === 0;
      if (isLast && !followLast && !this.wantsDirectory) {
        this.last = component;
        return 0;
      }
      const target = attempt(() => fs.readlinkSync(hostPath(this.current, component), "buffer"));
      if (typeof target !== "number") {
        if (++this.#links > MOST_LINKS) return -ELOOP;
        if (target[0] === SLASH) return -ENOTCAPABLE;
        if (isLast && target.at(-1) === SLASH) this.wantsDirectory = true;
        pending.push(...components(target).reverse());
        continue;
      }
      // EINVAL: there is something and it is no link. ENOENT of the last component is for the caller to judge.
      if (isLast) {
        this.last = component;
        return target === -EINVAL || target === -ENOENT ? 0 : target;
      }
      if (target !== -EINVAL) return target;
      const failure = this.#enter(component);
      if (failure < 0) return failure;
    }
    this.last = new Uint8Array([DOT]);
    return 0;
  }

  #enter(component: Uint8Array): number {
    const { O_DIRECTORY, O_NOFOLLOW } = fs.constants;
    const fd = attempt(() =>
      fs.openSync(hostPath(this.current, component), O_PATH | O_DIRECTORY | O_NOFOLLOW),
    );
    if (fd < 0) return fd === -ELOOP ? -ENOTDIR : fd;
    this.#opened.push(fd);
    return 0;
  }

  closeAll(): void {
    for (const fd of this.#opened.splice(0)) attemptVoid(() => fs.closeSync(fd));
  }
}

/** Names of a path between the slashes. */
export function components(path: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let start = 0;
  for (let at = 0; at <= path.length; at++) {
    if (at < path.length && path[at] !== SLASH) continue;
    if (at > start) parts.push(path.subarray(start, at));
    start = at + 1;
  }
  return parts;
}

export function isDot(name: Uint8Array): boolean {
  return name.length === 1 && name[0] === DOT;
}

export function isDotDot(name: Uint8Array): boolean {
  return name.length === 2 && name[0] === DOT && name[1] === DOT;
}
