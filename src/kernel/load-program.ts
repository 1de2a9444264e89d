import { encodeCString } from "../internal/index.ts";
import { BpfAttr, getSys } from "../sys/index.ts";
import { BPF_F_TOKEN_FD, BPF_PROG_LOAD } from "../uapi/bpf.ts";
import { EAGAIN } from "../uapi/errno.ts";
import { bumpMemlock } from "./memlock.ts";
import { currentToken } from "./token.ts";

/** Arguments of `bpf(BPF_PROG_LOAD)`; everything left out is 0. */
export interface ProgramLoadArguments {
  readonly type: number;
  readonly name?: string;
  readonly instructions: Uint8Array;
  readonly license: string;
  readonly kernelVersion?: number;
  readonly flags?: number;
  readonly ifindex?: number;
  readonly expectedAttachType?: number;
  readonly btfFd?: number;
  /** Records of {@link FUNCTION_INFO_SIZE} bytes. */
  readonly functionInfo?: Uint8Array;
  /** Records of {@link LINE_INFO_SIZE} bytes. */
  readonly lineInfo?: Uint8Array;
  readonly attachBtfId?: number;
  /** Fd of the program to attach to, or of the module BTF that `attachBtfId` is in. */
  readonly attachFd?: number;
  readonly fdArray?: Int32Array;
  readonly logLevel?: number;
  readonly log?: Uint8Array;
}

/** Bytes of one record of func info: instruction offset, type id. */
export const FUNCTION_INFO_SIZE = 8;
/** Bytes of one record of line info: instruction offset, file name offset, line offset, line and column. */
export const LINE_INFO_SIZE = 16;

const ATTEMPTS_WHEN_BUSY = 5;

/** Result of a load: fd or -errno, and the log bytes a complete log would have needed (0 = not told). */
export interface ProgramLoadResult {
  readonly result: number;
  readonly logTrueSizeBytes: number;
}

/** Loads a program; repeats when the kernel was interrupted (EAGAIN), as it asks callers to do. */
export function loadProgram(program: ProgramLoadArguments): ProgramLoadResult {
  bumpMemlock();
  const attr = new BpfAttr(152)
    .u32(0, program.type)
    .u32(4, program.instructions.length / 8)
    .pointer(8, program.instructions)
    .pointer(16, encodeCString(program.license));
  if (program.log !== undefined) {
    attr
      .u32(24, program.logLevel ?? 1)
      .u32(28, program.log.length)
      .pointer(32, program.log);
  }
  const token = currentToken();
  const flags = (program.flags ?? 0) | (token === undefined ? 0 : BPF_F_TOKEN_FD);
  attr
    .u32(40, program.kernelVersion ?? 0)
    .u32(44, flags)
    .u32(144, token?.fd ?? 0);
  if (program.name !== undefined) attr.text(48, program.name, 16);
  attr
    .u32(64, program.ifindex ?? 0)
    .u32(68, program.expectedAttachType ?? 0)
    .u32(72, program.btfFd ?? 0);
  if (program.functionInfo !== undefined && program.functionInfo.length > 0) {
    attr
      .u32(76, FUNCTION_INFO_SIZE)
      .pointer(80, program.functionInfo)
      .u32(88, program.functionInfo.length / FUNCTION_INFO_SIZE);
  }
  if (program.lineInfo !== undefined && program.lineInfo.length > 0) {
    attr
      .u32(92, LINE_INFO_SIZE)
      .pointer(96, program.lineInfo)
      .u32(104, program.lineInfo.length / LINE_INFO_SIZE);
  }
  attr.u32(108, program.attachBtfId ?? 0).u32(112, program.attachFd ?? 0);
  if (program.fdArray !== undefined) {
    attr.pointer(
      120,
      new Uint8Array(program.fdArray.buffer, program.fdArray.byteOffset, program.fdArray.byteLength),
    );
  }
  const sys = getSys();
  let result = -EAGAIN;
  for (let attempt = 0; result === -EAGAIN && attempt < ATTEMPTS_WHEN_BUSY; attempt++) {
    attr.u32(140, 0);
    result = sys.bpf(BPF_PROG_LOAD, attr);
  }
  return { result, logTrueSizeBytes: attr.u32At(140) };
}
