import * as fs from "node:fs";
import { EINVAL, ELOOP, ENOENT, ENOTDIR } from "../../uapi/errno.ts";
import { O_PATH } from "../../uapi/linux.ts";
import { attempt, attemptVoid } from "./attempt.ts";
import { components, hostPath, isDot, isDotDot, MOST_LINKS, type Place } from "./path.ts";
import type { HostView } from "./view.ts";

const SLASH = 47;
const DOT = new Uint8Array([46]);
const PROC_SUPER_MAGIC = 0x9fa0n;

/** A place in a view; a link in it is followed by the kernel where `follow` says so. */
export interface ViewPlace extends Place {
  /** Canonical path, bytes as latin1. */
  readonly path: string;
}

/**
 * Walks a path of the host name by name, links too, and looks at each step whether the view leads there.
 *
 * @param from canonical path of the directory that `path` is relative to
 * @param refuse tells the user, and what the guest gets
 */
export function walkView(
  view: HostView,
  from: string,
  path: Uint8Array,
  followLast: boolean,
  refuse: () => number,
): ViewPlace | number {
  const walker = new ViewWalker(view, refuse);
  const start = Buffer.from(from, "latin1");
  const result = walker.run([...components(start), ...components(path)], followLast || path.at(-1) === SLASH);
  if (result < 0) {
    walker.release();
    return result;
  }
  return {
    parentFd: walker.parentFd,
    name: walker.last,
    path: walker.path,
    wantsDirectory: path.at(-1) === SLASH,
    follow: walker.follow,
    release: () => walker.release(),
  };
}

class ViewWalker {
  last: Uint8Array = DOT;
  follow = false;
  /** Canonical path of the place. */
  path = "";
  readonly #view: HostView;
  readonly #refuse: () => number;
  readonly #steps: { readonly path: string; readonly fd: number }[] = [];
  readonly #root: number;
  #links = 0;

  constructor(view: HostView, refuse: () => number) {
    this.#view = view;
    this.#refuse = refuse;
    this.#root = attempt(() => fs.openSync("/", O_PATH | fs.constants.O_DIRECTORY));
  }

  get parentFd(): number {
    return this.#steps.at(-1)?.fd ?? this.#root;
  }

  run(names: readonly Uint8Array[], followLast: boolean): number {
    if (this.#root < 0) return this.#root;
    const pending = [...names].reverse();
    for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
      if (isDot(name)) continue;
      if (isDotDot(name)) {
        this.#leave();
        continue;
      }
      const here = `${this.#steps.at(-1)?.path ?? ""}/${Buffer.from(name).toString("latin1")}`;
      if (!this.#view.shows(here) && !this.#view.leadsThrough(here)) return this.#refuse();
      const isLast = pending.length === 0;
      if (isLast && !followLast) return this.#end(name, here);
      const current = this.parentFd;
      const at = hostPath(current, name);
      const target = attempt(() => fs.readlinkSync(at, "buffer"));
      if (typeof target === "number") {
        // EINVAL: there is something and it is no link. ENOENT of the last name is for the caller to judge.
        if (isLast) return target === -EINVAL || target === -ENOENT ? this.#end(name, here) : target;
        const failure = target === -EINVAL ? this.#enter(name, here) : target;
        if (failure < 0) return failure;
        continue;
      }
      if (++this.#links > MOST_LINKS) return -ELOOP;
      if (isProcess(current)) {
        // Links to namespaces have no path; other links of processes lead past all names, into other roots too.
        if (isLast && /^[a-z_]+:\[\d+\]$/.test(target.toString("latin1"))) {
          this.follow = true;
          return this.#end(name, here);
        }
        if (target[0] === SLASH) return this.#refuse();
      }
      if (target[0] === SLASH) this.release(true);
      pending.push(...components(target).reverse());
    }
    return this.#end(DOT, this.#steps.at(-1)?.path ?? "");
  }

  #end(name: Uint8Array, path: string): number {
    if (!this.#view.shows(path)) return this.#refuse();
    this.last = name;
    this.path = path;
    return 0;
  }

  #enter(name: Uint8Array, path: string): number {
    const { O_DIRECTORY, O_NOFOLLOW } = fs.constants;
    const at = hostPath(this.parentFd, name);
    const fd = attempt(() => fs.openSync(at, O_PATH | O_DIRECTORY | O_NOFOLLOW));
    if (fd < 0) return fd === -ELOOP ? -ENOTDIR : fd;
    this.#steps.push({ path, fd });
    return 0;
  }

  #leave(): void {
    const step = this.#steps.pop();
    if (step !== undefined) attemptVoid(() => fs.closeSync(step.fd));
  }

  release(keepRoot = false): void {
    while (this.#steps.length > 0) this.#leave();
    if (!keepRoot && this.#root >= 0) attemptVoid(() => fs.closeSync(this.#root));
  }
}

function isProcess(directoryFd: number): boolean {
  const type = attempt(() => fs.statfsSync(hostPath(directoryFd, DOT), { bigint: true }).type);
  return type === PROC_SUPER_MAGIC;
}
