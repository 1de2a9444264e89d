import type { BpfMap } from "../../../ebpf/index.ts";
import { alignUp } from "../../../internal/index.ts";
import { getSys } from "../../../sys/index.ts";
import { BPF_MAP_TYPE_ARENA } from "../../../uapi/bpf.ts";
import { EBUSY, EFAULT, EINVAL, ENODEV, ENOENT, EOPNOTSUPP } from "../../../uapi/errno.ts";
import {
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_PRIVATE,
  MAP_SHARED,
  PROT_READ,
  PROT_WRITE,
} from "../../../uapi/linux.ts";
import type { HostImports } from "../../host-import.ts";
import { guestRange } from "../blocks.ts";
import type { AbiV2Context } from "../context.ts";
import { type Binding, guestMap, guestObject } from "../guest-object.ts";
import type { HandleEntry } from "../handles.ts";
import { kernelDescriptor } from "../kernel-descriptor.ts";
import { guestCall, Refusal } from "../refusal.ts";
import type { MemoryRange } from "../run/forks.ts";

const FROM_KERNEL = 1;
const TO_KERNEL = 2;
const FIRST_KEY = new Uint8Array(4);

/** `map_bind` and `map_map`: guest memory in the place of a map's, see `docs/abi-v2.md`. */
export function liveMemoryImports(context: AbiV2Context): HostImports {
  /** Handles of what `map_map` has made, by address: closing them all at the end gives the pages back. */
  const mappings = new Map<number, number>();

  function take(pages: Pages): void {
    const { mapped } = context.forks;
    // No two may overlap.
    if ([...mapped].some((other) => pages.overlaps(other))) throw new Refusal(EBUSY);
    mapped.add(pages);
  }

  function bind(handle: number, index: number, at: number, size: number): number {
    const owner = guestObject(context, handle);
    const map = guestMap(context, handle, index);
    const pages = new Pages(context, at, size);
    const binding = new MemoryBinding(map, pages, () => context.forks.mapped.delete(pages));
    if (owner.object.closed) return -EINVAL;
    if (owner.binding(map) !== undefined) return -EBUSY;
    take(pages);
    try {
      binding.refresh();
      if (map.loaded) binding.afterLoad();
    } catch (error) {
      context.forks.mapped.delete(pages);
      throw error;
    }
    owner.setBinding(map, binding);
    return 0;
  }

  function unbind(handle: number, index: number): number {
    const owner = guestObject(context, handle);
    const map = guestMap(context, handle, index);
    const binding = owner.binding(map);
    if (binding === undefined) return -ENOENT;
    // The parent of a process has it as well.
    if (context.forks.inChild) return 0;
    owner.setBinding(map, undefined);
    binding.end();
    return 0;
  }

  function sync(handle: number, index: number, direction: number): number {
    const owner = guestObject(context, handle);
    const map = guestMap(context, handle, index);
    const binding = owner.binding(map);
    if (direction !== FROM_KERNEL && direction !== TO_KERNEL) return -EINVAL;
    if (binding === undefined || !map.loaded) return -ENOENT;
    return binding.sync(direction === TO_KERNEL);
  }

  function map(fd: number, at: number, size: number, firstPage: number): number {
    const { hostFd, object } = kernelDescriptor(context.fds, fd, "map", ENODEV);
    if (object.type === BPF_MAP_TYPE_ARENA) return -EOPNOTSUPP;
    const pages = new Pages(context, at, size);
    take(pages);
    const result = pages.replace(hostFd, firstPage >>> 0);
    if (result < 0) context.forks.mapped.delete(pages);
    else
      mappings.set(
        at >>> 0,
        context.handles.add(new MappedPages(pages, () => context.forks.mapped.delete(pages))),
      );
    return result;
  }

  function unmap(at: number, size: number): number {
    const handle = mappings.get(at >>> 0) ?? 0;
    if (context.handles.get(handle, MappedPages)?.pages.size !== size >>> 0) return -EINVAL;
    if (context.forks.inChild) return 0;
    mappings.delete(at >>> 0);
    context.handles.close(handle, MappedPages);
    return 0;
  }

  return {
    map_bind: guestCall((object, map, at, size) => bind(object, map, at, size)),
    map_unbind: guestCall((object, map) => unbind(object, map)),
    map_sync: guestCall((object, map, direction) => sync(object, map, direction)),
    map_map: guestCall((fd, at, size, firstPage) => map(fd, at, size, firstPage)),
    map_unmap: guestCall((at, size) => unmap(at, size)),
  };
}

/**
 * Whole pages of guest memory that can be the kernel's.
 *
 * NB: nothing is ever mapped read-only. The engine changes the protection of the whole memory when it grows, and ends
 * the process when it cannot.
 */
class Pages implements MemoryRange {
  readonly at: number;
  readonly size: number;
  readonly #context: AbiV2Context;
  #live = false;

  /** @throws {Refusal} EINVAL when these are not whole pages, EFAULT when they are not in the memory */
  constructor(context: AbiV2Context, at: number, size: number) {
    const { pageSize } = context.sys;
    this.#context = context;
    this.at = at >>> 0;
    this.size = size >>> 0;
    if (this.size === 0 || this.size % pageSize !== 0 || this.at % pageSize !== 0) throw new Refusal(EINVAL);
    if (this.at === 0 || !context.memory.has(at, this.size)) throw new Refusal(EFAULT);
  }

  /** Whether they are the kernel's. */
  get live(): boolean {
    return this.#live;
  }

  overlaps(other: MemoryRange): boolean {
    return this.at < other.at + other.size && other.at < this.at + this.size;
  }

  get bytes(): Uint8Array {
    return guestRange(this.#context.memory, this.at, this.size);
  }

  /** Maps those of a file over them. @returns 0 or -errno */
  replace(fd: number, firstPage = 0): number {
    const result = this.#map(MAP_SHARED | MAP_FIXED, fd, firstPage * this.#context.sys.pageSize);
    if (result >= 0) this.#live = true;
    return Math.min(result, 0);
  }

  /** Makes them the guest's own again, with their contents. */
  giveBack(): void {
    if (!this.#live) return;
    const contents = this.bytes.slice();
    if (this.#map(MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) === 0) this.bytes.set(contents);
    this.#live = false;
  }

  #map(flags: number, fd: number, offset: number): number {
    const { sys, memory } = this.#context;
    const { buffer } = memory.bytes;
    const protection = PROT_READ | PROT_WRITE;
    return sys.mmapFixed(buffer as ArrayBuffer, this.at, this.size, protection, flags, fd, offset);
  }
}

/** Pages that the guest has mapped by the map's descriptor. */
class MappedPages implements HandleEntry {
  readonly pages: Pages;
  readonly #onClose: () => void;

  constructor(pages: Pages, onClose: () => void) {
    this.pages = pages;
    this.#onClose = onClose;
  }

  close(): void {
    this.#onClose();
    this.pages.giveBack();
  }
}

/** Pages that stand for a map's of an object: private until the map exists, and for ever where it is read-only. */
class MemoryBinding implements Binding {
  readonly #map: BpfMap;
  readonly #pages: Pages;
  readonly #onEnd: () => void;

  /** @throws {Refusal} EINVAL when the map has no such memory or other pages are needed, EOPNOTSUPP */
  constructor(map: BpfMap, pages: Pages, onEnd: () => void) {
    if (map.type === BPF_MAP_TYPE_ARENA) throw new Refusal(EOPNOTSUPP);
    if (pages.size !== neededBytes(map)) throw new Refusal(EINVAL);
    this.#map = map;
    this.#pages = pages;
    this.#onEnd = onEnd;
  }

  refresh(): void {
    if (this.#pages.live) return;
    const { bytes } = this.#pages;
    bytes.fill(0);
    bytes.set(this.#map.initialValue?.subarray(0, bytes.length) ?? []);
  }

  beforeLoad(): void {
    const contents = this.#map.initialValue;
    if (this.#pages.live || this.#map.loaded || contents === undefined) return;
    contents.set(this.#pages.bytes.subarray(0, contents.length));
  }

  afterLoad(): void {
    if (this.#pages.live || !this.#map.loaded) return;
    // What load has filled in, or what a map that was there before holds.
    if (!this.#map.mmapable) this.sync(false);
    else if (this.#pages.replace(this.#map.fd) < 0) throw new Refusal(EOPNOTSUPP);
  }

  /** Copies all of a map whose memory is not the kernel's. @returns 0 or -errno */
  sync(toKernel: boolean): number {
    if (this.#pages.live) return 0;
    const size = this.#map.valueSizeBytes;
    // Arrays of more elements can be mapped, or are not bound.
    if (this.#map.maxEntries !== 1 || size > this.#pages.size) return -EOPNOTSUPP;
    const value = this.#pages.bytes.subarray(0, size);
    return toKernel ? this.#map.rawUpdate(FIRST_KEY, value, 0n) : this.#map.rawLookup(FIRST_KEY, value, 0n);
  }

  end(): void {
    this.#onEnd();
    this.#pages.giveBack();
  }
}

/** Size of the memory that stands for a map, in whole pages; 0 for maps that have none. */
function neededBytes(map: BpfMap): number {
  if (map.spec.internal !== undefined) return alignUp(map.elementSizeBytes, getSys().pageSize);
  return map.mmapable ? map.mmapSizeBytes : 0;
}
