import type { MapSpec } from "../object/index.ts";
import { getSys } from "../sys/index.ts";
import { BPF_F_NUMA_NODE } from "../uapi/bpf.ts";
import { definitionOf, type MapConfiguration, type MapDefinition } from "./map-definition.ts";
import type { MapInfo } from "./map-info.ts";
import { effectiveMaxEntries, isPerCpuType, transferSizeBytes } from "./map-type.ts";
import type { StructOpsLayout } from "./struct-ops.ts";

/** What a map is like: as its object declares it, with what code changes before load. */
export abstract class MapBlueprint {
  readonly spec: MapSpec;
  readonly #definition: MapDefinition;
  #contents: Uint8Array | undefined;
  #structOps: StructOpsLayout | undefined;
  readonly #structOpsPrograms: Map<number, string>;

  constructor(spec: MapSpec) {
    this.spec = spec;
    this.#definition = definitionOf(spec);
    this.#structOpsPrograms = new Map(
      spec.structOps?.programs.map(({ offsetBytes, program }) => [offsetBytes, program]),
    );
  }

  /** Whether the map exists in the kernel. */
  abstract get loaded(): boolean;
  /** Throws once the map is loaded or closed. */
  protected abstract checkConfigurable(): void;

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

  /**
   * Changes the blueprint.
   *
   * @throws {WasmBpfError} code `INVALID_ARGUMENT` after load.
   */
  configure(configuration: MapConfiguration): this {
    this.checkConfigurable();
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

  /** Type, sizes and flags become those of a map that exists. */
  protected describeAs(info: MapInfo): void {
    const { type, keySizeBytes, valueSizeBytes, maxEntries, flags, mapExtra, keyTypeId, valueTypeId } = info;
    Object.assign(this.#definition, {
      type,
      keySizeBytes,
      valueSizeBytes,
      maxEntries,
      flags,
      mapExtra,
      keyTypeId,
      valueTypeId,
    });
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
    this.checkConfigurable();
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
    return this.loaded ? this.#structOps?.value : undefined;
  }
}
