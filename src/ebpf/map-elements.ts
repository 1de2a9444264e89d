import { BpfAttr, getSys } from "../sys/index.ts";
import {
  BPF_MAP_DELETE_ELEM,
  BPF_MAP_GET_NEXT_KEY,
  BPF_MAP_LOOKUP_AND_DELETE_ELEM,
  BPF_MAP_LOOKUP_ELEM,
  BPF_MAP_UPDATE_ELEM,
} from "../uapi/bpf.ts";
import { EBADF, EFAULT, EINVAL } from "../uapi/errno.ts";
import type { MapEntry } from "./map-batch.ts";
import { MapBlueprint } from "./map-blueprint.ts";
import { checkElement, checkHasKeys, checkSizes, isFound } from "./map-checks.ts";
import { deleteKeys, readEntries, takeEntries, writeEntries } from "./map-entries.ts";

/** Keys and values of a map that is loaded. */
export abstract class MapElements extends MapBlueprint {
  /** @throws {WasmBpfError} code `CLOSED` when the map is not loaded or is closed. */
  abstract get fd(): number;

  /**
   * @param flags BPF_F_LOCK, ...
   * @returns the value, of {@link valueSizeBytes}, or `undefined` when there is no such key.
   */
  lookup(key: Uint8Array, flags: bigint | number = 0n): Uint8Array | undefined {
    checkSizes(this, key);
    const value = new Uint8Array(this.valueSizeBytes);
    return isFound(this, this.rawLookup(key, value, flags), "LOOKUP_ELEM", "look up a key")
      ? value
      : undefined;
  }

  /** @param flags BPF_ANY (0), BPF_NOEXIST, BPF_EXIST, BPF_F_LOCK. */
  update(key: Uint8Array, value: Uint8Array, flags: bigint | number = 0n): void {
    checkSizes(this, key, value);
    checkElement(this, this.rawUpdate(key, value, flags), "UPDATE_ELEM", "update a key");
  }

  /** @returns false when there was no such key. */
  delete(key: Uint8Array): boolean {
    checkSizes(this, key);
    return isFound(this, this.rawDelete(key, 0n), "DELETE_ELEM", "delete a key");
  }

  /** Takes an entry out of a hash, queue or stack; queues and stacks have keys of 0 bytes. */
  lookupAndDelete(key: Uint8Array, flags: bigint | number = 0n): Uint8Array | undefined {
    checkSizes(this, key);
    const value = new Uint8Array(this.valueSizeBytes);
    const result = this.rawLookupAndDelete(key, value, flags);
    return isFound(this, result, "LOOKUP_AND_DELETE_ELEM", "take a key") ? value : undefined;
  }

  /** Whether a bloom filter may hold `value`: false is certain, true may be wrong. Requires Linux >= 5.16. */
  mayContain(value: Uint8Array): boolean {
    // The value goes in where other maps give theirs out.
    return isFound(this, this.rawLookup(undefined, value.slice(), 0n), "LOOKUP_ELEM", "look up a value");
  }

  /** The key after `key`; the first one when `key` is left out or not in the map; `undefined` at the end. */
  nextKey(key?: Uint8Array): Uint8Array | undefined {
    checkHasKeys(this);
    if (key !== undefined) checkSizes(this, key);
    const next = new Uint8Array(this.keySizeBytes);
    return isFound(this, this.rawNextKey(key, next), "GET_NEXT_KEY", "find the next key") ? next : undefined;
  }

  /** Keys in the kernel's order. A map that is written meanwhile may yield a key twice or not at all. */
  *keys(): IterableIterator<Uint8Array> {
    // A key that was deleted meanwhile sends the walk back to the start: the bound ends it.
    let left = this.maxEntries || Number.POSITIVE_INFINITY;
    for (let key = this.nextKey(); key !== undefined && left > 0; key = this.nextKey(key), left--) yield key;
  }

  /** Entries in the kernel's order, like {@link keys}. */
  *entries(): IterableIterator<[key: Uint8Array, value: Uint8Array]> {
    for (const key of this.keys()) {
      const value = this.lookup(key);
      if (value !== undefined) yield [key, value];
    }
  }

  /** All entries with as few system calls as the kernel allows. */
  readAll(): MapEntry[] {
    return readEntries(this);
  }

  /** Takes all entries out, with as few system calls as the kernel allows; those of a queue or stack in its order. */
  takeAll(): MapEntry[] {
    return takeEntries(this);
  }

  /** Deletes all these keys with as few system calls as the kernel allows. Keys that are not there are no error. */
  deleteAll(keys: readonly Uint8Array[]): void {
    deleteKeys(this, keys);
  }

  /** Updates all entries with as few system calls as the kernel allows. */
  writeAll(entries: readonly MapEntry[], flags: bigint | number = 0n): void {
    writeEntries(this, entries, flags);
  }

  /**
   * Like {@link lookup} but throws nothing.
   *
   * @returns 0 or -errno: -EBADF when not loaded, -EINVAL when a buffer has the wrong size.
   */
  rawLookup(key: Uint8Array | undefined, value: Uint8Array, flags: bigint | number): number {
    if (value.length < this.valueSizeBytes) return -EINVAL;
    return this.#element(BPF_MAP_LOOKUP_ELEM, key, value, flags);
  }

  /** Like {@link update} but throws nothing. @returns 0 or -errno. */
  rawUpdate(key: Uint8Array | undefined, value: Uint8Array, flags: bigint | number): number {
    if (value.length < this.valueSizeBytes) return -EINVAL;
    return this.#element(BPF_MAP_UPDATE_ELEM, key, value, flags);
  }

  /** Like {@link delete} but throws nothing. @returns 0 or -errno. */
  rawDelete(key: Uint8Array | undefined, flags: bigint): number {
    return this.#element(BPF_MAP_DELETE_ELEM, key, undefined, flags);
  }

  /** Like {@link lookupAndDelete} but throws nothing. @returns 0 or -errno. */
  rawLookupAndDelete(key: Uint8Array | undefined, value: Uint8Array, flags: bigint | number): number {
    if (value.length < this.valueSizeBytes) return -EINVAL;
    return this.#element(BPF_MAP_LOOKUP_AND_DELETE_ELEM, key, value, flags);
  }

  /** Like {@link nextKey} but throws nothing. @returns 0 or -errno, -ENOENT at the end. */
  rawNextKey(key: Uint8Array | undefined, next: Uint8Array): number {
    if (!this.loaded) return -EBADF;
    if (next.length < this.keySizeBytes) return -EINVAL;
    if (key !== undefined && key.length !== this.keySizeBytes) return -EINVAL;
    const attr = new BpfAttr(32).u32(0, this.fd).pointer(8, key).pointer(16, next);
    return getSys().bpf(BPF_MAP_GET_NEXT_KEY, attr);
  }

  #element(
    command: number,
    key: Uint8Array | undefined,
    value: Uint8Array | undefined,
    flags: bigint | number,
  ): number {
    if (!this.loaded) return -EBADF;
    const size = this.keySizeBytes;
    if (key === undefined && size > 0) return -EFAULT;
    if (key !== undefined && key.length !== size) return -EINVAL;
    const attr = new BpfAttr(32).u32(0, this.fd).pointer(8, size === 0 ? undefined : key);
    attr.pointer(16, value).u64(24, flags);
    return getSys().bpf(command, attr);
  }
}
