import type { MapSpec } from "../object/index.ts";

/** What {@link BpfMap.configure} can change between open and load. */
export interface MapConfiguration {
  readonly type?: number;
  readonly keySizeBytes?: number;
  /** Size of one value (of one CPU's value for a per-CPU map). */
  readonly valueSizeBytes?: number;
  /** Number of entries; bytes for ring buffers, pages for arenas. */
  readonly maxEntries?: number;
  /** BPF_F_* of map creation. */
  readonly flags?: number;
  /** What the type makes of it: number of hash functions of a bloom filter, address of an arena. */
  readonly mapExtra?: bigint;
  readonly numaNode?: number;
  /** Network device to offload the map to. */
  readonly ifindex?: number;
  /** False leaves the map out of the load; a program that uses it is then refused. */
  readonly autocreate?: boolean;
  /** Path to pin the map at on load, or to take it from when something is pinned there; "" does not pin. */
  readonly pinPath?: string;
}

/** The configuration in force. @internal */
export interface MapDefinition {
  type: number;
  keySizeBytes: number;
  valueSizeBytes: number;
  maxEntries: number;
  flags: number;
  mapExtra: bigint;
  numaNode: number | undefined;
  ifindex: number;
  autocreate: boolean;
  pinPath: string;
  keyTypeId: number;
  valueTypeId: number;
}

export function definitionOf(spec: MapSpec): MapDefinition {
  return {
    type: spec.type,
    keySizeBytes: spec.keySizeBytes,
    valueSizeBytes: spec.valueSizeBytes,
    maxEntries: spec.maxEntries,
    flags: spec.flags,
    mapExtra: spec.mapExtra,
    numaNode: spec.numaNode,
    ifindex: 0,
    autocreate: true,
    pinPath: "",
    keyTypeId: spec.keyTypeId,
    valueTypeId: spec.valueTypeId,
  };
}

/** Options of {@link BpfMap.create}. */
export interface MapOptions extends Omit<MapConfiguration, "autocreate" | "pinPath"> {
  /** BPF_MAP_TYPE_* */
  readonly type: number;
  /** Name in the kernel, cut to 15 bytes. */
  readonly name?: string;
}

/** Blueprint of a map that no object declares. */
export function specOf(options: MapOptions, kernelName: string): MapSpec {
  return {
    name: options.name ?? "",
    kernelName,
    type: options.type,
    keySizeBytes: options.keySizeBytes ?? 0,
    valueSizeBytes: options.valueSizeBytes ?? 0,
    maxEntries: options.maxEntries ?? 0,
    flags: options.flags ?? 0,
    numaNode: options.numaNode,
    mapExtra: options.mapExtra ?? 0n,
    pinning: "none",
    keyTypeId: 0,
    valueTypeId: 0,
  };
}
