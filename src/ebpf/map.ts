import { WasmBpfError } from "../internal/index.ts";
import { objectFdById } from "../kernel/index.ts";
import { kernelMapName, type MapSpec } from "../object/index.ts";
import { BpfAttr, checkedCall, getSys } from "../sys/index.ts";
import { BPF_MAP_FREEZE, BPF_MAP_TYPE_ARENA } from "../uapi/bpf.ts";
import { createKernelMap } from "./create-map.ts";
import { type MapOptions, specOf } from "./map-definition.ts";
import { MapElements } from "./map-elements.ts";
import { type MapInfo, mapInfo } from "./map-info.ts";
import { isMmapable, mmapSizeBytes, mmapValues, variablesOffsetBytes } from "./map-memory.ts";
import { isMapInMapType } from "./map-type.ts";
import { objectKindOf, openPinOf, pinFd, removePin } from "./pin.ts";
import type { BpfProgram } from "./program.ts";

/**
 * A map. One that belongs to a {@link BpfObject} is a blueprint until the object is loaded; from then on it
 * owns an fd until `close()`.
 */
export class BpfMap extends MapElements implements Disposable {
  #fd = -1;
  #state: "open" | "loaded" | "closed" = "open";
  #innerMap: BpfMap | undefined;
  /** An inner map that is closed with this one. */
  #ownInnerMap: BpfMap | undefined;
  #arena: ArrayBuffer | undefined;
  #exclusiveProgram: BpfProgram | undefined;
  /** SHA-256 of the exclusive program, once it is adapted to the kernel. @internal */
  exclusiveHash: Uint8Array | undefined;

  /** @internal Made by an object, or by {@link BpfMap.fromPin}. */
  constructor(spec: MapSpec) {
    super(spec);
    if (spec.innerMap !== undefined) this.#innerMap = new BpfMap(spec.innerMap);
  }

  /**
   * Opens a map that is pinned at `path`. The caller closes it.
   *
   * @throws {SystemCallError} when nothing is pinned there (ENOENT).
   * @throws {WasmBpfError} code `INVALID_ARGUMENT` when something else is.
   */
  static fromPin(path: string): BpfMap {
    return BpfMap.#opened(openPinOf("map", path), `the map pinned at ${path}`);
  }

  /**
   * Opens the map that the kernel has under `id`, whoever made it: see `objectIds` of `wasm-bpf/kernel`. The caller
   * closes it. Requires Linux >= 4.13.
   *
   * @throws {SystemCallError} ENOENT when there is no such map.
   */
  static fromId(id: number): BpfMap {
    const what = `the map with id ${id}`;
    return BpfMap.#opened(
      checkedCall(objectFdById("map", id), "bpf(BPF_MAP_GET_FD_BY_ID)", `Cannot open ${what}`),
      what,
    );
  }

  static #opened(fd: number, what: string): BpfMap {
    try {
      const info = mapInfo(fd, what);
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

  override get loaded(): boolean {
    return this.#state === "loaded";
  }
  /** @throws {WasmBpfError} code `CLOSED` when the map is not loaded or is closed. */
  override get fd(): number {
    if (this.#state !== "loaded") {
      const why = this.#state === "closed" ? "is closed" : "is not loaded yet";
      throw new WasmBpfError("CLOSED", `Map "${this.name}" ${why}`);
    }
    return this.#fd;
  }

  protected override checkConfigurable(): void {
    if (this.#state === "open") return;
    throw new WasmBpfError(
      "INVALID_ARGUMENT",
      `Map "${this.name}" can only be configured before it is loaded`,
    );
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
    this.checkConfigurable();
    this.#innerMap = inner;
    return this;
  }

  /** The only program that may use the map, if there is such a one. */
  get exclusiveProgram(): BpfProgram | undefined {
    return this.#exclusiveProgram;
  }

  /** Keeps the map for one program of its object; before load. Requires Linux >= 6.18. */
  setExclusiveProgram(program: BpfProgram): this {
    this.checkConfigurable();
    this.#exclusiveProgram = program;
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
   * Takes a map that exists in the place of the one that load would create; before load. Type, sizes and flags become
   * those of that map.
   *
   * @param fd is duplicated
   * @throws {SystemCallError} when it is no descriptor of the kind.
   * @throws {WasmBpfError} code `INVALID_ARGUMENT` when it is that of a program or link.
   */
  reuse(fd: number): this {
    this.checkConfigurable();
    const kind = objectKindOf(fd);
    if (kind === "program" || kind === "link") {
      throw new WasmBpfError(
        "INVALID_ARGUMENT",
        `Cannot use descriptor ${fd} for map "${this.name}": it is a ${kind}'s`,
      );
    }
    const info = mapInfo(fd, `the map given for map "${this.name}"`);
    const own = checkedCall(
      getSys().dup(fd),
      "fcntl(F_DUPFD_CLOEXEC)",
      `Cannot use a map for "${this.name}"`,
    );
    this.describeAs(info);
    this.takeFd(own);
    return this;
  }

  /** Takes ownership of a kernel map's fd. @internal */
  takeFd(fd: number): void {
    this.#fd = fd;
    this.#state = "loaded";
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
    return isMmapable(this);
  }

  /** Size of the mapping that {@link mmap} makes: all values, each rounded up to 8 bytes, or an arena's pages. */
  get mmapSizeBytes(): number {
    return mmapSizeBytes(this);
  }

  /**
   * Where an arena's variables begin in its memory: at its end where the kernel lets programs name places there, else at
   * its start. 0 for other maps.
   */
  get variablesOffsetBytes(): number {
    return variablesOffsetBytes(this);
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
    if (this.#arena !== undefined) return this.#arena;
    const mapping = mmapValues(this);
    if (this.type === BPF_MAP_TYPE_ARENA) this.#arena = mapping;
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
