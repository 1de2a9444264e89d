import { EBADF, EINVAL, EMFILE } from "../../uapi/errno.ts";
import type { Descriptor } from "./descriptor.ts";
import { ENOTCAPABLE } from "./errno.ts";

/**
 * As many perf events as the largest machines have CPUs fit well below; the host's own limit of open files comes first
 * in most cases.
 */
const MOST_DESCRIPTORS = 65536;

/** What the numbers of a table stood for at one time, see {@link FdTable.save}. */
export interface SavedDescriptors {
  readonly descriptors: readonly (Descriptor | undefined)[];
  readonly closedOnExec: ReadonlySet<number>;
  readonly lowest: number;
}

/**
 * The guest's numbers for its open descriptors; the lowest free one is given out, as POSIX wants. A descriptor that has
 * several numbers is closed with the last of them.
 */
export class FdTable {
  readonly #descriptors: (Descriptor | undefined)[] = [];
  /** Numbers that programs which the guest starts do not get. */
  readonly #closedOnExec = new Set<number>();
  /** No number below is free. */
  #lowest = 0;

  /** @returns the number, or -EMFILE; the descriptor is closed then. */
  add(descriptor: Descriptor): number {
    const fd = this.#free(0);
    this.#lowest = fd;
    return this.#put(descriptor, fd);
  }

  get(fd: number): Descriptor | undefined {
    return this.#descriptors[fd];
  }

  /** Open descriptors, in the order of their numbers. */
  *all(): Generator<Descriptor> {
    for (const descriptor of this.#descriptors) if (descriptor !== undefined) yield descriptor;
  }

  /** @returns the descriptor when it has all of `rights`, else -EBADF or -ENOTCAPABLE. */
  take(fd: number, rights: bigint): Descriptor | number {
    const descriptor = this.#descriptors[fd];
    if (descriptor === undefined) return -EBADF;
    return (descriptor.rights & rights) === rights ? descriptor : -ENOTCAPABLE;
  }

  close(fd: number): number {
    const descriptor = this.#descriptors[fd];
    if (descriptor === undefined) return -EBADF;
    this.#descriptors[fd] = undefined;
    this.#closedOnExec.delete(fd);
    this.#lowest = Math.min(this.#lowest, fd);
    release(descriptor);
    return 0;
  }

  /** Another number for `fd`, the lowest free one that is not below `from`. @returns the number, or -errno */
  duplicate(fd: number, from: number): number {
    if (from < 0 || from >= MOST_DESCRIPTORS) return -EINVAL;
    const descriptor = this.#descriptors[fd]?.duplicate() ?? -EBADF;
    return typeof descriptor === "number" ? descriptor : this.#put(descriptor, this.#free(from));
  }

  /** Makes `to` another number for `fd`; what it was is closed. @returns `to`, or -errno */
  duplicateTo(fd: number, to: number): number {
    if (to < 0 || to >= MOST_DESCRIPTORS) return -EBADF;
    if (fd === to) return this.#descriptors[fd] === undefined ? -EBADF : to;
    const descriptor = this.#descriptors[fd]?.duplicate() ?? -EBADF;
    if (typeof descriptor === "number") return descriptor;
    this.close(to);
    return this.#put(descriptor, to);
  }

  /** Whether programs that the guest starts do not get `fd`; `undefined` when it is not open. */
  isClosedOnExec(fd: number): boolean | undefined {
    return this.#descriptors[fd] === undefined ? undefined : this.#closedOnExec.has(fd);
  }

  /** @param fd an open one */
  setClosedOnExec(fd: number, closed: boolean): void {
    if (closed) this.#closedOnExec.add(fd);
    else this.#closedOnExec.delete(fd);
  }

  /** The table as it is now. What is in it stays open until {@link restore}. */
  save(): SavedDescriptors {
    const descriptors = [...this.#descriptors];
    for (const descriptor of descriptors) if (descriptor !== undefined) descriptor.numbers++;
    return { descriptors, closedOnExec: new Set(this.#closedOnExec), lowest: this.#lowest };
  }

  /** Makes the table what it was; what was opened meanwhile is closed. */
  restore({ descriptors, closedOnExec, lowest }: SavedDescriptors): void {
    this.closeAll();
    this.#descriptors.push(...descriptors);
    for (const fd of closedOnExec) this.#closedOnExec.add(fd);
    this.#lowest = lowest;
  }

  /** Numbers that programs which the guest starts get as well. */
  inherited(): number[] {
    return [...this.#descriptors.keys()].filter((fd) => this.isClosedOnExec(fd) === false);
  }

  /** Closes `descriptor` under whatever number it has; does nothing when it is closed already. */
  closeDescriptor(descriptor: Descriptor): void {
    const fd = this.#descriptors.indexOf(descriptor);
    if (fd >= 0) this.close(fd);
  }

  /** The number of `descriptor`, -1 when it is closed. */
  numberOf(descriptor: Descriptor): number {
    return this.#descriptors.indexOf(descriptor);
  }

  /** Moves `from` to `to`, which is closed first; both must be open. */
  renumber(from: number, to: number): number {
    const descriptor = this.#descriptors[from];
    const replaced = this.#descriptors[to];
    if (descriptor === undefined || replaced === undefined) return -EBADF;
    if (from === to) return 0;
    release(replaced);
    this.#descriptors[to] = descriptor;
    this.#descriptors[from] = undefined;
    this.setClosedOnExec(to, this.#closedOnExec.delete(from));
    this.#lowest = Math.min(this.#lowest, from);
    return 0;
  }

  closeAll(): void {
    this.#closedOnExec.clear();
    for (const descriptor of this.#descriptors.splice(0)) if (descriptor !== undefined) release(descriptor);
  }

  #free(from: number): number {
    let fd = Math.max(from, this.#lowest);
    while (this.#descriptors[fd] !== undefined) fd++;
    return fd;
  }

  #put(descriptor: Descriptor, fd: number): number {
    descriptor.numbers++;
    if (fd >= MOST_DESCRIPTORS) {
      release(descriptor);
      return -EMFILE;
    }
    this.#descriptors[fd] = descriptor;
    return fd;
  }
}

function release(descriptor: Descriptor): void {
  if (--descriptor.numbers > 0) return;
  for (const end of descriptor.endings) end();
  descriptor.close();
}
