import type { BpfMap } from "../../ebpf/index.ts";
import { objectInfo, possibleCpuCount } from "../../kernel/index.ts";
import { BpfAttr } from "../../sys/index.ts";
import {
  BPF_MAP_TYPE_LRU_PERCPU_HASH,
  BPF_MAP_TYPE_PERCPU_ARRAY,
  BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE,
  BPF_MAP_TYPE_PERCPU_HASH,
} from "../../uapi/bpf.ts";
import { Refusal } from "./refusal.ts";

const PER_CPU_TYPES: readonly number[] = [
  BPF_MAP_TYPE_PERCPU_HASH,
  BPF_MAP_TYPE_PERCPU_ARRAY,
  BPF_MAP_TYPE_LRU_PERCPU_HASH,
  BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE,
];
const MAP_INFO_BYTES = 88;

/** What the imports need of a map behind a descriptor. */
export class GuestMap {
  /** Descriptor of the host. */
  readonly fd: number;
  /** BPF_MAP_TYPE_* */
  readonly type: number;
  readonly keySizeBytes: number;
  /** Size of one element as declared. */
  readonly elementSizeBytes: number;
  /** Size of one element as it crosses the system call: that of one CPU in per-CPU maps. */
  readonly slotSizeBytes: number;
  /** Bytes of a value as it crosses the system call: of all possible CPUs in per-CPU maps. */
  readonly valueSizeBytes: number;
  readonly maxEntries: number;
  readonly flags: number;
  /** The map of an object, where it is one. */
  readonly map: BpfMap | undefined;
  /** Attribute of element operations, filled in for each: lookups in loops make no garbage. */
  readonly element: BpfAttr = new BpfAttr(32);

  /**
   * Asks the kernel about the map behind `fd`.
   *
   * @param map the map of an object, where it is one
   * @throws {Refusal} when it is no map
   */
  constructor(fd: number, map?: BpfMap) {
    const info = new BpfAttr(MAP_INFO_BYTES);
    const result = objectInfo(fd, info);
    if (result < 0) throw new Refusal(-result);
    this.fd = fd;
    this.map = map;
    this.type = info.u32At(0);
    this.keySizeBytes = info.u32At(8);
    this.elementSizeBytes = info.u32At(12);
    this.maxEntries = info.u32At(16);
    this.flags = info.u32At(20);
    const isPerCpu = PER_CPU_TYPES.includes(this.type);
    this.slotSizeBytes = isPerCpu ? Math.ceil(this.elementSizeBytes / 8) * 8 : this.elementSizeBytes;
    this.valueSizeBytes = isPerCpu ? this.slotSizeBytes * possibleCpuCount() : this.elementSizeBytes;
    this.element.u32(0, fd);
  }
}
