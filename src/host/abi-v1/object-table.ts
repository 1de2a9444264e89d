import type { BpfMap, BpfObject } from "../../ebpf/index.ts";
import { GuestObject } from "./guest-object.ts";

/** Far from the numbers of files and of the host's descriptors, so that a mix-up is noticed. */
const FIRST_MAP_FD = 0x10000;

/** A map under the number the guest knows it by. */
export interface GuestMap {
  readonly owner: GuestObject;
  readonly map: BpfMap;
}

/** What the integers of one guest stand for. Handles and numbers are never used again. */
export class ObjectTable {
  readonly #objects = new Map<bigint, GuestObject>();
  readonly #maps = new Map<number, GuestMap>();
  readonly #fds = new Map<BpfMap, number>();
  #nextHandle = 1n;
  #nextFd = FIRST_MAP_FD;

  /** @returns the handle, never 0. */
  add(object: BpfObject): bigint {
    const handle = this.#nextHandle++;
    this.#objects.set(handle, new GuestObject(object));
    return handle;
  }

  object(handle: bigint): GuestObject | undefined {
    return this.#objects.get(handle);
  }

  /** The guest's number for a map; the same for each call. */
  mapFd(owner: GuestObject, map: BpfMap): number {
    let fd = this.#fds.get(map);
    if (fd === undefined) {
      fd = this.#nextFd++;
      this.#fds.set(map, fd);
      this.#maps.set(fd, { owner, map });
    }
    return fd;
  }

  map(fd: number): GuestMap | undefined {
    return this.#maps.get(fd);
  }

  /** @returns false for a handle that is not open. */
  close(handle: bigint): boolean {
    const object = this.#objects.get(handle);
    if (object === undefined) return false;
    this.#objects.delete(handle);
    for (const [fd, { owner, map }] of this.#maps) {
      if (owner !== object) continue;
      this.#maps.delete(fd);
      this.#fds.delete(map);
    }
    object.close();
    return true;
  }

  /** Closes all objects; the first error is thrown after all were tried. */
  closeAll(): void {
    let failure: unknown;
    for (const handle of [...this.#objects.keys()]) {
      try {
        this.close(handle);
      } catch (error) {
        failure ??= error;
      }
    }
    if (failure !== undefined) throw failure;
  }
}
