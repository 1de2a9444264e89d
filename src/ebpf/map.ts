import { alignUp, WasmBpfError } from "../internal/index.ts";
import { haveFullValueOffsets } from "../kernel/index.ts";
import { kernelMapName, type MapSpec } from "../object/index.ts";
import { BpfAttr, checkedCall, getSys } from "../sys/index.ts";
import {
  BPF_F_MMAPABLE,
  BPF_F_NUMA_NODE,
  BPF_F_RDONLY_PROG,
  BPF_MAP_DELETE_ELEM,
  BPF_MAP_FREEZE,
  BPF_MAP_GET_NEXT_KEY,
  BPF_MAP_LOOKUP_AND_DELETE_BATCH,
  BPF_MAP_LOOKUP_AND_DELETE_ELEM,
  BPF_MAP_LOOKUP_BATCH,
  BPF_MAP_LOOKUP_ELEM,
  BPF_MAP_TYPE_ARENA,
  BPF_MAP_UPDATE_ELEM,
} from "../uapi/bpf.ts";
import { EBADF, EFAULT, EINVAL, ENOENT } from "../uapi/errno.ts";
import { MAP_SHARED, PROT_READ, PROT_WRITE } from "../uapi/linux.ts";
import { createKernelMap } from "./create-map.ts";
import {
  type BatchGeometry,
  deleteBatch,
  lacksBatch,
  lookupBatches,
  type MapEntry,
  updateBatch,
} from "./map-batch.ts";
import {
  definitionOf,
  type MapConfiguration,
  type MapDefinition,
  type MapOptions,
  specOf,
} from "./map-definition.ts";
import { type MapInfo, mapInfo } from "./map-info.ts";
import {
  canBeMapped,
  effectiveMaxEntries,
  isMapInMapType,
  isPerCpuType,
  transferSizeBytes,
} from "./map-type.ts";
import { openPin, pinFd, removePin } from "./pin.ts";
import type { StructOpsLayout } from "./struct-ops.ts";

/**
 * A map. One that belongs to a {@link BpfObject} is a blueprint until the object is loaded; from then on it
 * owns an fd until `close()`.
 */
export class BpfMap implements Disposable {
  readonly spec: MapSpec;
  readonly #definition: MapDefinition;
  #fd = -1;
  #state: "open" | "loaded" | "closed" = "open";
  #contents: Uint8Array | undefined;
  #innerMap: BpfMap | undefined;
  /** An inner map that is closed with this one. */
  #ownInnerMap: BpfMap | undefined;
  #arena: ArrayBuffer | undefined;
  #structOps: StructOpsLayout | undefined;
  readonly #structOpsPrograms: Map<number, string>;

  /** @internal Made by an object, or by {@link BpfMap.fromPin}. */
  constructor(spec: MapSpec) {
    this.spec = spec;
    this.#definition = definitionOf(spec);
    this.#structOpsPrograms = new Map(
      spec.structOps?.programs.map(({ offsetBytes, program }) => [offsetBytes, program]),
    );
    if (spec.innerMap !== undefined) this.#innerMap = new BpfMap(spec.innerMap);
  }

  /**
   * Opens a map that is pinned at `path`. The caller closes it.
   *
   * @throws {SystemCallError} when nothing is pinned there or it is no map.
   */
  static fromPin(path: string): BpfMap {
    const fd = checkedCall(openPin(path), "bpf(BPF_OBJ_GET)", `Cannot open the map pinned at ${path}`);
    try {
      const info = mapInfo(fd, `the object pinned at ${path}`);
      const spec: MapSpec = {
        ...info,
        kernelName: info.name,
        numaNode: undefined,
        pinning: "none",
        keyTypeId: 0,
        valueTypeId: 0,
      };
      const map = new BpfMap(spec);
      map.takeFd(fd);
      return map;
    } catch (error) {
      getSys().close(fd);
      throw error;
    }
  }

  /**
   * Creates a map that belongs to no object, for example to put it into a map of maps. The caller closes it.
   *
   * @param innerMap for a map of maps: a map like those it will hold
   * @throws {SystemCallError} when the kernel refuses it.
   */
  static create(options: MapOptions, innerMap?: BpfMap): BpfMap {
    const { name = "", numaNode, ifindex } = options;
    const map = new BpfMap(specOf(options, kernelMapName(name)));
    map.configure({
      ...(numaNode === undefined ? {} : { numaNode }),
      ...(ifindex === undefined ? {} : { ifindex }),
    });
    if (innerMap !== undefined) map.setInnerMap(innerMap);
    map.takeFd(createKernelMap(map, -1));
    return map;
  }

  get name(): string {
    return this.spec.name;
  }
  /** BPF_MAP_TYPE_* */
  get type(): number {
    return this.#definition.type;
  }
  get keySizeBytes(): number {
    return this.#definition.keySizeBytes;
  }
  /** Bytes that a lookup writes and an update reads: per-CPU maps count `round_up(size, 8)` per possible CPU. */
  get valueSizeBytes(): number {
    return transferSizeBytes(this.#definition.type, this.#definition.valueSizeBytes);
  }
  /** Size of one element as declared: that of one CPU in a per-CPU map. */
  get elementSizeBytes(): number {
    return this.#definition.valueSizeBytes;
  }
  get isPerCpu(): boolean {
    return isPerCpuType(this.#definition.type);
  }
  /** As it is or will be created: with the defaults and roundings of its type. */
  get maxEntries(): number {
    return effectiveMaxEntries(this.#definition.type, this.#definition.maxEntries, getSys().pageSize);
  }
  get flags(): number {
    return this.#definition.flags;
  }
  /** Where load pins the map or finds it pinned, "" when nowhere. */
  get pinPath(): string {
    return this.#definition.pinPath;
  }
  get autocreate(): boolean {
    return this.#definition.autocreate;
  }
  get loaded(): boolean {
    return this.#state === "loaded";
  }
  /** @throws {WasmBpfError} code `CLOSED` when the map is not loaded or is closed. */
  get fd(): number {
    if (this.#state !== "loaded") {
      const why = this.#state === "closed" ? "is closed" : "is not loaded yet";
      throw new WasmBpfError("CLOSED", `Map "${this.name}" ${why}`);
    }
    return this.#fd;
  }

  /**
   * Contents that load gives the map: global variables (`.rodata`, `.data`, `.bss`, `.kconfig`, those in an arena)
   * or the struct of a struct_ops map, laid out as in the object. Write into it before load. `undefined` for other
   * maps. After load it does not follow the kernel's memory: see {@link BpfMap.mmap}.
   */
  get initialValue(): Uint8Array | undefined {
    if (this.#contents === undefined) {
      const { internal, arena, structOps } = this.spec;
      const contents = (internal ?? arena ?? structOps)?.contents;
      if (contents === undefined) return undefined;
      this.#contents = new Uint8Array(
        internal === undefined ? contents.length : this.#definition.valueSizeBytes,
      );
      this.#contents.set(contents.subarray(0, this.#contents.length));
    }
    return this.#contents;
  }

  /** What the maps in a map of maps are like: a blueprint to configure before load, unless code has set a map. */
  get innerMap(): BpfMap | undefined {
    return this.#innerMap;
  }

  /**
   * Says what the maps in a map of maps are like, in place of what the object declares; before load.
   *
   * @param inner a map that exists, whose type, sizes and flags the kernel takes over, or the blueprint of one
   * @throws {WasmBpfError} code `INVALID_ARGUMENT` when this is no map of maps or is loaded.
   */
  setInnerMap(inner: BpfMap): this {
    if (!isMapInMapType(this.type)) {
      throw new WasmBpfError("INVALID_ARGUMENT", `Map "${this.name}" is no map of maps`);
    }
    this.#configurable();
    this.#innerMap = inner;
    return this;
  }

  /**
   * As {@link setInnerMap} with a map that is known by its descriptor.
   *
   * @param fd is duplicated
   */
  setInnerMapFd(fd: number): this {
    const inner = new BpfMap(specOf({ type: 0, name: `inner map of "${this.name}"` }, "")).reuse(fd);
    try {
      this.setInnerMap(inner);
    } catch (error) {
      inner.close();
      throw error;
    }
    this.#ownInnerMap?.close();
    this.#ownInnerMap = inner;
    return this;
  }

  /**
   * Changes the blueprint.
   *
   * @throws {WasmBpfError} code `INVALID_ARGUMENT` after load.
   */
  configure(configuration: MapConfiguration): this {
    this.#configurable();
    const { valueSizeBytes, numaNode } = configuration;
    if (valueSizeBytes !== undefined && valueSizeBytes !== this.#definition.valueSizeBytes) {
      const contents = this.spec.internal === undefined ? undefined : this.initialValue;
      if (contents !== undefined) {
        this.#contents = new Uint8Array(valueSizeBytes);
        this.#contents.set(contents.subarray(0, valueSizeBytes));
      }
      // The types no longer describe the value.
      this.#definition.keyTypeId = 0;
      this.#definition.valueTypeId = 0;
    }
    Object.assign(this.#definition, configuration);
    // The kernel looks at the node only with this flag.
    if (numaNode !== undefined) this.#definition.flags |= BPF_F_NUMA_NODE;
    return this;
  }

  #configurable(): void {
    if (this.#state === "open") return;
    throw new WasmBpfError(
      "INVALID_ARGUMENT",
      `Map "${this.name}" can only be configured before it is loaded`,
    );
  }

  /** @internal */
  get definition(): Readonly<MapDefinition> {
    return this.#definition;
  }

  /** Programs that a struct_ops map uses, by the offset of the function pointer in the object's struct. */
  get structOpsPrograms(): ReadonlyMap<number, string> {
    return this.#structOpsPrograms;
  }

  /**
   * Puts another program, or none, where a function pointer of a struct_ops map is; before load.
   *
   * @param offsetBytes of the member in the object's struct
   */
  setStructOpsProgram(offsetBytes: number, program: string | undefined): this {
    this.#configurable();
    if (program === undefined) this.#structOpsPrograms.delete(offsetBytes);
    else this.#structOpsPrograms.set(offsetBytes, program);
    return this;
  }

  /** How this kernel lays a struct_ops map out; known from load on. @internal */
  get structOps(): StructOpsLayout | undefined {
    return this.#structOps;
  }

  /** @internal */
  takeStructOps(layout: StructOpsLayout): void {
    this.configure({ valueSizeBytes: layout.value.length });
    this.#structOps = layout;
  }

  /**
   * The value that registers a struct_ops map when it is written under key 0: the kernel's struct with the fds of
   * the loaded programs where the functions are. `undefined` for other maps and before load.
   */
  get structOpsValue(): Uint8Array | undefined {
    return this.#state === "loaded" ? this.#structOps?.value : undefined;
  }

  /**
   * Takes a map that exists in the place of the one that load would create; before load. Type, sizes and flags become
   * those of that map.
   *
   * @param fd is duplicated
   * @throws {SystemCallError} when it is no map.
   */
  reuse(fd: number): this {
    this.#configurable();
    const info = mapInfo(fd, `the map given for map "${this.name}"`);
    const own = checkedCall(
      getSys().dup(fd),
      "fcntl(F_DUPFD_CLOEXEC)",
      `Cannot use a map for "${this.name}"`,
    );
    Object.assign(this.#definition, {
      type: info.type,
      keySizeBytes: info.keySizeBytes,
      valueSizeBytes: info.valueSizeBytes,
      maxEntries: info.maxEntries,
      flags: info.flags,
      mapExtra: info.mapExtra,
      keyTypeId: info.keyTypeId,
      valueTypeId: info.valueTypeId,
    });
    this.takeFd(own);
    return this;
  }

  /** Takes ownership of a kernel map's fd. @internal */
  takeFd(fd: number): void {
    this.#fd = fd;
    this.#state = "loaded";
  }

  /**
   * @param flags BPF_F_LOCK, ...
   * @returns the value, of {@link valueSizeBytes}, or `undefined` when there is no such key.
   */
  lookup(key: Uint8Array, flags = 0n): Uint8Array | undefined {
    this.#checkSizes(key);
    const value = new Uint8Array(this.valueSizeBytes);
    return this.#found(this.rawLookup(key, value, flags), "LOOKUP_ELEM", "look up a key") ? value : undefined;
  }

  /** @param flags BPF_ANY (0), BPF_NOEXIST, BPF_EXIST, BPF_F_LOCK. */
  update(key: Uint8Array, value: Uint8Array, flags = 0n): void {
    this.#checkSizes(key, value);
    this.#check(this.rawUpdate(key, value, flags), "UPDATE_ELEM", "update a key");
  }

  /** @returns false when there was no such key. */
  delete(key: Uint8Array): boolean {
    this.#checkSizes(key);
    return this.#found(this.rawDelete(key, 0n), "DELETE_ELEM", "delete a key");
  }

  /** Takes an entry out of a hash, queue or stack; queues and stacks have keys of 0 bytes. */
  lookupAndDelete(key: Uint8Array, flags = 0n): Uint8Array | undefined {
    this.#checkSizes(key);
    const value = new Uint8Array(this.valueSizeBytes);
    const result = this.rawLookupAndDelete(key, value, flags);
    return this.#found(result, "LOOKUP_AND_DELETE_ELEM", "take a key") ? value : undefined;
  }

  /** Whether a bloom filter may hold `value`: false is certain, true may be wrong. Requires Linux >= 5.16. */
  mayContain(value: Uint8Array): boolean {
    // The value goes in where other maps give theirs out.
    return this.#found(this.rawLookup(undefined, value.slice(), 0n), "LOOKUP_ELEM", "look up a value");
  }

  /** The key after `key`; the first one when `key` is left out or not in the map; `undefined` at the end. */
  nextKey(key?: Uint8Array): Uint8Array | undefined {
    if (key !== undefined) this.#checkSizes(key);
    const next = new Uint8Array(this.keySizeBytes);
    return this.#found(this.rawNextKey(key, next), "GET_NEXT_KEY", "find the next key") ? next : undefined;
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
    const { result, entries } = lookupBatches(this.#geometry, BPF_MAP_LOOKUP_BATCH);
    if (result >= 0) return entries;
    return Array.from(this.entries(), ([key, value]) => ({ key, value }));
  }

  /** Takes all entries out, with as few system calls as the kernel allows. */
  takeAll(): MapEntry[] {
    const { result, entries } = lookupBatches(this.#geometry, BPF_MAP_LOOKUP_AND_DELETE_BATCH);
    if (result >= 0) return entries;
    for (const key of [...this.keys()]) {
      const value = this.#take(key);
      if (value !== undefined) entries.push({ key, value });
    }
    return entries;
  }

  /** Kernels that can take from queues only (before 5.14) look up and delete. */
  #take(key: Uint8Array): Uint8Array | undefined {
    const value = new Uint8Array(this.valueSizeBytes);
    const result = this.rawLookupAndDelete(key, value, 0n);
    if (!lacksBatch(result)) {
      return this.#found(result, "LOOKUP_AND_DELETE_ELEM", "take a key") ? value : undefined;
    }
    const found = this.lookup(key);
    return found !== undefined && this.delete(key) ? found : undefined;
  }

  /** Deletes all these keys with as few system calls as the kernel allows. Keys that are not there are no error. */
  deleteAll(keys: readonly Uint8Array[]): void {
    for (const key of keys) this.#checkSizes(key, undefined);
    for (let next = 0; next < keys.length; ) {
      const { result, done } = deleteBatch(this.#geometry, keys, next);
      if (result >= 0) return;
      // A batch stops at a key that is not there or cannot be deleted; the single call tells which it was.
      next = lacksBatch(result) ? keys.length : done + 1;
      for (const key of keys.slice(done, next)) this.delete(key);
    }
  }

  /** Updates all entries with as few system calls as the kernel allows. */
  writeAll(entries: readonly MapEntry[], flags = 0n): void {
    for (const { key, value } of entries) this.#checkSizes(key, value);
    const { result, done } = updateBatch(this.#geometry, entries, flags);
    if (result >= 0) return;
    if (!lacksBatch(result)) this.#check(result, "UPDATE_BATCH", "update keys");
    for (const { key, value } of entries.slice(done)) this.update(key, value, flags);
  }

  /**
   * Like {@link lookup} but throws nothing.
   *
   * @returns 0 or -errno: -EBADF when not loaded, -EINVAL when a buffer has the wrong size.
   */
  rawLookup(key: Uint8Array | undefined, value: Uint8Array, flags: bigint): number {
    if (value.length < this.valueSizeBytes) return -EINVAL;
    return this.#element(BPF_MAP_LOOKUP_ELEM, key, value, flags);
  }

  /** Like {@link update} but throws nothing. @returns 0 or -errno. */
  rawUpdate(key: Uint8Array | undefined, value: Uint8Array, flags: bigint): number {
    if (value.length < this.valueSizeBytes) return -EINVAL;
    return this.#element(BPF_MAP_UPDATE_ELEM, key, value, flags);
  }

  /** Like {@link delete} but throws nothing. @returns 0 or -errno. */
  rawDelete(key: Uint8Array | undefined, flags: bigint): number {
    return this.#element(BPF_MAP_DELETE_ELEM, key, undefined, flags);
  }

  /** Like {@link lookupAndDelete} but throws nothing. @returns 0 or -errno. */
  rawLookupAndDelete(key: Uint8Array | undefined, value: Uint8Array, flags: bigint): number {
    if (value.length < this.valueSizeBytes) return -EINVAL;
    return this.#element(BPF_MAP_LOOKUP_AND_DELETE_ELEM, key, value, flags);
  }

  /** Like {@link nextKey} but throws nothing. @returns 0 or -errno, -ENOENT at the end. */
  rawNextKey(key: Uint8Array | undefined, next: Uint8Array): number {
    if (this.#state !== "loaded") return -EBADF;
    if (next.length < this.keySizeBytes) return -EINVAL;
    if (key !== undefined && key.length !== this.keySizeBytes) return -EINVAL;
    const attr = new BpfAttr(32).u32(0, this.#fd).pointer(8, key).pointer(16, next);
    return getSys().bpf(BPF_MAP_GET_NEXT_KEY, attr);
  }

  #element(
    command: number,
    key: Uint8Array | undefined,
    value: Uint8Array | undefined,
    flags: bigint,
  ): number {
    if (this.#state !== "loaded") return -EBADF;
    const size = this.#definition.keySizeBytes;
    if (key === undefined && size > 0) return -EFAULT;
    if (key !== undefined && key.length !== size) return -EINVAL;
    const attr = new BpfAttr(32).u32(0, this.#fd).pointer(8, size === 0 ? undefined : key);
    attr.pointer(16, value).u64(24, flags);
    return getSys().bpf(command, attr);
  }

  get #geometry(): BatchGeometry {
    const { fd, keySizeBytes, valueSizeBytes, maxEntries } = this;
    return { fd, keySizeBytes, valueSizeBytes, maxEntries };
  }

  #checkSizes(key: Uint8Array, value?: Uint8Array): void {
    const [keySize, valueSize] = [this.keySizeBytes, this.valueSizeBytes];
    if (key.length === keySize && (value === undefined || value.length === valueSize)) return;
    const got = value === undefined ? `a key of ${key.length}` : `${key.length} and ${value.length}`;
    throw new WasmBpfError(
      "INVALID_ARGUMENT",
      `Map "${this.name}" has keys of ${keySize} and values of ${valueSize} bytes, got ${got}`,
    );
  }

  #found(result: number, command: string, action: string): boolean {
    if (result === -ENOENT) return false;
    this.#check(result, command, action);
    return true;
  }

  #check(result: number, command: string, action: string): void {
    if (result === -EBADF) void this.fd;
    checkedCall(result, `bpf(BPF_MAP_${command})`, `Cannot ${action} in map "${this.name}"`);
  }

  /** Makes the map read-only for system calls, for ever. Requires Linux >= 5.2. */
  freeze(): void {
    const result = getSys().bpf(BPF_MAP_FREEZE, new BpfAttr(4).u32(0, this.fd));
    checkedCall(result, "bpf(BPF_MAP_FREEZE)", `Cannot freeze map "${this.name}"`);
  }

  /** What the kernel reports about the map. */
  info(): MapInfo {
    return mapInfo(this.fd, `map "${this.name}"`);
  }

  /**
   * Pins the map, so that it lives on without this process.
   *
   * @param path in a BPF file system; default is the configured pin path.
   */
  pin(path: string = this.pinPath): void {
    pinFd(this.fd, path, `map "${this.name}"`);
  }

  /** Removes the pin at `path`. */
  unpin(path: string = this.pinPath): void {
    removePin(path, `map "${this.name}"`);
  }

  /** Whether {@link mmap} can work: an arena, or an array with `BPF_F_MMAPABLE` that is no read-only data. */
  get mmapable(): boolean {
    const { type, flags } = this.#definition;
    return canBeMapped(type) && (flags & BPF_F_MMAPABLE) !== 0 && (flags & BPF_F_RDONLY_PROG) === 0;
  }

  /** Size of the mapping that {@link mmap} makes: all values, each rounded up to 8 bytes, or an arena's pages. */
  get mmapSizeBytes(): number {
    const { pageSize } = getSys();
    if (this.type === BPF_MAP_TYPE_ARENA) return this.maxEntries * pageSize;
    return alignUp(alignUp(this.elementSizeBytes, 8) * this.maxEntries, pageSize);
  }

  /**
   * Where an arena's variables begin in its memory: at its end where the kernel lets programs name places there, else at
   * its start. 0 for other maps.
   */
  get variablesOffsetBytes(): number {
    const size = this.spec.arena?.contents.length ?? 0;
    if (size === 0 || !haveFullValueOffsets()) return 0;
    return Math.max(0, this.mmapSizeBytes - alignUp(size, getSys().pageSize));
  }

  /**
   * Maps all values: the buffer is the kernel's own memory, valid until it is garbage, also after `close()`.
   * Requires Linux >= 5.5.
   *
   * An arena has one mapping, which load makes, every call returns and `close()` takes away. NB: a page that
   * neither side has used yet is added when it is touched; with `BPF_F_SEGV_ON_FAULT` touching it kills the process.
   *
   * @throws {WasmBpfError} code `NOT_SUPPORTED` when the map is no arena and no writable `BPF_F_MMAPABLE` array.
   */
  mmap(): ArrayBuffer {
    const fd = this.fd;
    if (!this.mmapable) {
      throw new WasmBpfError(
        "NOT_SUPPORTED",
        `Map "${this.name}" cannot be mapped: only writable arrays with BPF_F_MMAPABLE and arenas can; use lookup and update`,
      );
    }
    if (this.#arena !== undefined) return this.#arena;
    const isArena = this.type === BPF_MAP_TYPE_ARENA;
    const address = isArena ? this.#definition.mapExtra : 0n;
    const protection = PROT_READ | PROT_WRITE;
    const mapping = getSys().mmap(this.mmapSizeBytes, protection, MAP_SHARED, fd, 0, address);
    if (typeof mapping === "number") {
      checkedCall(mapping, "mmap", `Cannot map the values of map "${this.name}"`);
      throw new WasmBpfError("SYSCALL", `Cannot map the values of map "${this.name}"`);
    }
    if (isArena) this.#arena = mapping;
    return mapping;
  }

  /** Closes the fd; the kernel keeps the map as long as a program or a pin uses it. */
  close(): void {
    if (this.#state === "loaded") getSys().close(this.#fd);
    this.#fd = -1;
    this.#ownInnerMap?.close();
    this.#ownInnerMap = undefined;
    if (this.#arena !== undefined) getSys().munmap(this.#arena);
    this.#arena = undefined;
    this.#state = "closed";
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
