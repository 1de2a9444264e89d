import { decodeCString } from "../internal/index.ts";
import { objectInfo } from "../kernel/index.ts";
import { BpfAttr, checkedCall, getSys } from "../sys/index.ts";

/** What the kernel reports about a program. */
export interface ProgramInfo {
  readonly type: number;
  readonly id: number;
  /** 16 hex digits that tell programs of different instructions apart. */
  readonly tag: string;
  readonly name: string;
  /** Instructions after the verifier rewrote them. */
  readonly instructionCount: number;
  /** Instructions the verifier walked through; 0 before Linux 5.16. */
  readonly verifiedInstructionCount: number;
  /** Size of the machine code, 0 when there is none. */
  readonly jitedSizeBytes: number;
  readonly btfId: number;
  readonly mapIds: readonly number[];
  /** When it was loaded, in nanoseconds since the machine started. */
  readonly loadTimeNs: bigint;
  readonly createdByUid: number;
  readonly gplCompatible: boolean;
  /** Counted only while a {@link RunStats} is open or kernel.bpf_stats_enabled is on. */
  readonly runTimeNs: bigint;
  readonly runCount: bigint;
  /** Runs that were left out because the program ran already. Linux >= 5.12. */
  readonly recursionMisses: bigint;
}

/** Asks the kernel about the program behind `fd`. Requires Linux >= 4.13. */
export function programInfo(fd: number, what: string): ProgramInfo {
  const action = `Cannot read the state of ${what}`;
  const call = "bpf(BPF_OBJ_GET_INFO_BY_FD)";
  const info = new BpfAttr(232);
  checkedCall(objectInfo(fd, info), call, action);
  const mapCount = info.u32At(52);
  const mapIds = new Uint32Array(mapCount);
  if (mapCount > 0) {
    const view = new Uint8Array(mapIds.buffer);
    const withMaps = new BpfAttr(232).u32(52, mapCount).u64(56, getSys().addressOf(view));
    checkedCall(objectInfo(fd, withMaps), call, action);
  }
  return {
    type: info.u32At(0),
    id: info.u32At(4),
    tag: Array.from(info.bytes.subarray(8, 16), (byte) => byte.toString(16).padStart(2, "0")).join(""),
    name: decodeCString(info.bytes.subarray(64, 80)),
    instructionCount: info.u32At(20) / 8,
    verifiedInstructionCount: info.u32At(216),
    jitedSizeBytes: info.u32At(16),
    btfId: info.u32At(128),
    mapIds: [...mapIds],
    loadTimeNs: info.u64At(40),
    createdByUid: info.u32At(48),
    gplCompatible: (info.u32At(84) & 1) !== 0,
    runTimeNs: info.u64At(192),
    runCount: info.u64At(200),
    recursionMisses: info.u64At(208),
  };
}
