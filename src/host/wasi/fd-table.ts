import { EBADF, EMFILE } from "../../uapi/errno.ts";
import type { Descriptor } from "./descriptor.ts";
import { ENOTCAPABLE } from "./errno.ts";

/**
 * As many perf events as the largest machines have CPUs fit well below; the host's own limit of open files comes first
 * in most cases.
 */
const MOST_DESCRIPTORS = 65536;

/** The guest's numbers for its open descriptors; the lowest free one is given out, as POSIX wants. */
export class FdTable {
  /** Permission bits of what the guest makes; `undefined` for the usual ones. */
  creationMode: number | undefined;
  /** Bits that what the guest makes does not get, besides those of the host's own mask. */
  creationMask = 0;
  readonly #descriptors: (Descriptor | undefined)[] = [];
  /** No number below is free. */
  #lowest = 0;

  /** @returns the number, or -EMFILE; the descriptor is closed then. */
  add(descriptor: Descriptor): number {
    let fd = this.#lowest;
    while (this.#descriptors[fd] !== undefined) fd++;
    this.#lowest = fd;
    if (fd >= MOST_DESCRIPTORS) {
      descriptor.close();
      return -EMFILE;
    }
    this.#descriptors[fd] = descriptor;
    return fd;
  }

  /** Permission bits for what is made now. */
  modeFor(usual: number): number {
    return (this.creationMode ?? usual) & ~this.creationMask;
  }

  get(fd: number): Descriptor | undefined {
    return this.#descriptors[fd];
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
    this.#lowest = Math.min(this.#lowest, fd);
    descriptor.close();
    return 0;
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
    replaced.close();
    this.#descriptors[to] = descriptor;
    this.#descriptors[from] = undefined;
    this.#lowest = Math.min(this.#lowest, from);
    return 0;
  }

  closeAll(): void {
    for (const descriptor of this.#descriptors.splice(0)) descriptor?.close();
  }
}
