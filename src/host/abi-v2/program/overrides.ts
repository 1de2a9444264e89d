import type { ProgramOverrides } from "../../../ebpf/index.ts";
import { FUNCTION_INFO_SIZE, LINE_INFO_SIZE } from "../../../kernel/index.ts";
import { EINVAL } from "../../../uapi/errno.ts";
import type { Block } from "../blocks.ts";
import type { AbiV2Context } from "../context.ts";
import { optionalFd } from "../fd-resolver.ts";
import { Refusal } from "../refusal.ts";

/** Size of the request of `object_load_program`. */
export const PROGRAM_REQUEST_BYTES = 72;
const GIVEN_TARGET = 1;
const GIVEN_TYPES = 2;

/** What a guest that prepares the load of a program itself says of it. @throws {Refusal} */
export function programOverrides({ fds }: AbiV2Context, block: Block): ProgramOverrides {
  const given = block.u32(8);
  const records = (at: number, each: number): Uint8Array => {
    const count = block.u32(at + 8);
    if (count !== 0 && block.u32(at + 4) !== each) throw new Refusal(EINVAL);
    return block.bytes(at, count * each)?.slice() ?? new Uint8Array(0);
  };
  const [attachProgram, attachBtf] = [block.i32(36), block.i32(40)];
  if (attachProgram !== 0 && attachBtf !== 0) throw new Refusal(EINVAL);
  return {
    expectedAttachType: block.u32(12),
    flags: block.u32(16),
    kernelVersion: block.u32(20),
    ifindex: block.u32(24),
    ...((given & GIVEN_TARGET) === 0
      ? {}
      : {
          attachBtfId: block.u32(32),
          attachFd: optionalFd(fds, attachProgram || attachBtf),
        }),
    ...((given & GIVEN_TYPES) === 0
      ? {}
      : {
          btfFd: optionalFd(fds, block.i32(28)),
          functionInfo: records(44, FUNCTION_INFO_SIZE),
          lineInfo: records(56, LINE_INFO_SIZE),
        }),
  };
}
