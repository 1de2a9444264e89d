import { encodeCString } from "../../../internal/index.ts";
import { bumpMemlock } from "../../../kernel/index.ts";
import { BpfAttr } from "../../../sys/index.ts";
import { BPF_PROG_LOAD } from "../../../uapi/bpf.ts";
import { E2BIG, EAGAIN, EFAULT, EINVAL } from "../../../uapi/errno.ts";
import { Block, guestRange } from "../blocks.ts";
import type { AbiV2Context } from "../context.ts";
import { optionalFd } from "../fd-resolver.ts";
import { addDescriptor, findKernel } from "../kernel-descriptor.ts";
import { Refusal } from "../refusal.ts";
import { type FdTranslation, translateFdArray, translateInstructions } from "./guest-instructions.ts";

const BLOCK_BYTES = 112;
const ATTR_BYTES = 152;
const DEFAULT_ATTEMPTS = 5;
const MOST_ATTEMPTS = 1000;
/** More than the verifier takes. */
const MOST_INSTRUCTIONS = 2_000_000;
/** Longest array of descriptors that is looked at. */
const MOST_FDS = 4096;

/** `program_load`: BPF_PROG_LOAD of what the guest has put together itself. Log and debug info are its memory. */
export function loadGuestProgram(context: AbiV2Context, request: number): number {
  const { memory, fds, sys } = context;
  const block = new Block(memory, request, BLOCK_BYTES);
  const translate: FdTranslation = (kind, fd) => findKernel(fds, fd, kind)?.hostFd;
  const [attachProgram, attachBtf] = [block.i32(48), block.i32(52)];
  const [logAt, logSize] = [block.u32(68), block.u32(72)];
  if (attachProgram !== 0 && attachBtf !== 0) throw new Refusal(EINVAL);
  if ((logAt === 0) !== (logSize === 0)) throw new Refusal(EINVAL);
  const count = block.u32(20);
  if (count > MOST_INSTRUCTIONS) throw new Refusal(E2BIG);
  const instructions = block.bytes(16, count * 8)?.slice();
  if (instructions === undefined) throw new Refusal(EFAULT);
  const greatest = translateInstructions(instructions, translate);
  const log = logAt === 0 ? undefined : guestRange(memory, logAt, logSize);

  const attr = new BpfAttr(ATTR_BYTES)
    .u32(0, block.u32(4))
    .u32(4, count)
    .pointer(8, instructions)
    .u32(40, block.u32(32))
    .u32(44, block.u32(28))
    .text(48, block.text(8) ?? "", 16)
    .u32(64, block.u32(36))
    .u32(68, block.u32(24))
    .i32(72, optionalFd(fds, block.i32(40)))
    .u32(108, block.u32(44))
    .i32(112, optionalFd(fds, attachProgram || attachBtf))
    .i32(144, optionalFd(fds, block.i32(104)));
  const license = block.text(12);
  if (license !== undefined) attr.pointer(16, encodeCString(license));
  setRecords(attr, 76, block, 80);
  setRecords(attr, 92, block, 92);
  setFdArray(attr, block, greatest, translate);
  const level = block.u32(64);
  if (level !== 0) setLog(attr, level, log);

  bumpMemlock();
  const attempts = Math.min(block.u32(108) || DEFAULT_ATTEMPTS, MOST_ATTEMPTS);
  let result = load();
  // A log without a level is only wanted of a refusal.
  if (result < 0 && level === 0 && log !== undefined) {
    setLog(attr, 1, log);
    result = load();
  }
  block.setU32(76, attr.u32At(140));
  if (result < 0) return result;
  return addDescriptor(context, "program", result, () => undefined);

  function load(): number {
    for (let left = attempts; ; left--) {
      attr.u32(140, 0);
      const answer = sys.bpf(BPF_PROG_LOAD, attr);
      if (answer !== -EAGAIN || left <= 1) return answer;
    }
  }
}

/** func_info and line_info alike: in the attribute size u32, pointer u64@4, count u32@12; in the block at, size, count. */
function setRecords(attr: BpfAttr, at: number, block: Block, from: number): void {
  const [size, count] = [block.u32(from + 4), block.u32(from + 8)];
  attr.u32(at, size).u32(at + 12, count);
  attr.pointer(at + 4, block.bytes(from, size * count));
}

function setFdArray(attr: BpfAttr, block: Block, greatest: number, translate: FdTranslation): void {
  const given = block.u32(60);
  const count = given === 0 ? greatest + 1 : given;
  if (block.u32(56) === 0 || count === 0) return;
  if (count > MOST_FDS) throw new Refusal(E2BIG);
  const array = block.bytes(56, count * 4);
  if (array !== undefined) attr.pointer(120, translateFdArray(array, translate)).u32(148, given);
}

function setLog(attr: BpfAttr, level: number, log: Uint8Array | undefined): void {
  attr
    .u32(24, level)
    .u32(28, log?.length ?? 0)
    .pointer(32, log);
}
