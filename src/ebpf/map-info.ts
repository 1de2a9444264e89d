import { decodeCString } from "../internal/index.ts";
import { objectInfo } from "../kernel/index.ts";
import { BpfAttr, checkedCall } from "../sys/index.ts";

/** What the kernel reports about a map. */
export interface MapInfo {
  readonly type: number;
  readonly id: number;
  readonly keySizeBytes: number;
  readonly valueSizeBytes: number;
  readonly maxEntries: number;
  readonly flags: number;
  readonly name: string;
  /** Id of the BTF that describes key and value, 0 when there is none. */
  readonly btfId: number;
  readonly keyTypeId: number;
  readonly valueTypeId: number;
  readonly mapExtra: bigint;
}

/** Asks the kernel about the map behind `fd`. Requires Linux >= 4.13. */
export function mapInfo(fd: number, what: string): MapInfo {
  const info = new BpfAttr(88);
  checkedCall(objectInfo(fd, info), "bpf(BPF_OBJ_GET_INFO_BY_FD)", `Cannot read the state of ${what}`);
  return {
    type: info.u32At(0),
    id: info.u32At(4),
    keySizeBytes: info.u32At(8),
    valueSizeBytes: info.u32At(12),
    maxEntries: info.u32At(16),
    flags: info.u32At(20),
    name: decodeCString(info.bytes.subarray(24, 40)),
    btfId: info.u32At(64),
    keyTypeId: info.u32At(68),
    valueTypeId: info.u32At(72),
    mapExtra: BigInt(info.u32At(80)) | (BigInt(info.u32At(84)) << 32n),
  };
}
