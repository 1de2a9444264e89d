import { BpfAttr } from "../../../sys/index.ts";
import {
  BPF_F_ID,
  BPF_FLOW_DISSECTOR,
  BPF_PROG_ATTACH,
  BPF_PROG_DETACH,
  BPF_PROG_QUERY,
} from "../../../uapi/bpf.ts";
import { EINVAL } from "../../../uapi/errno.ts";
import type { HostImports } from "../../host-import.ts";
import { Block } from "../blocks.ts";
import type { AbiV2Context } from "../context.ts";
import { NO_FD, optionalFd } from "../fd-resolver.ts";
import { guestCall, Refusal } from "../refusal.ts";

const BLOCK_BYTES = 64;
const TARGET_INTERFACE = 1;
/** Where the kernel's answer begins to need a larger attribute: revisions. Requires Linux >= 6.6. */
const QUERY_BYTES = 64;

/** BPF_PROG_ATTACH and its like: attachments that are no links. */
export function programAttachImports(context: AbiV2Context): HostImports {
  const { memory, fds, sys } = context;

  /** A directory, map or file of the guest, or a number of an interface. */
  function target(block: Block, guestFd: number, type: number): number {
    if (block.u32(8) === TARGET_INTERFACE) return guestFd;
    if (block.u32(8) !== 0) throw new Refusal(EINVAL);
    // The current network namespace is meant, which has no descriptor here.
    if (type === BPF_FLOW_DISSECTOR && guestFd === 0) return 0;
    // NB: the kernel looks at the program first, and refuses what is no descriptor later.
    return guestFd === 0 ? NO_FD : optionalFd(fds, guestFd);
  }

  function change(
    command: number,
    programFd: number,
    targetFd: number,
    type: number,
    request: number,
  ): number {
    const block = new Block(memory, request, BLOCK_BYTES);
    const [flags, relativeFd, relativeId] = [block.u32(4), block.i32(16), block.u32(20)];
    if (relativeFd !== 0 && relativeId !== 0) throw new Refusal(EINVAL);
    const attr = new BpfAttr(32)
      .i32(0, target(block, targetFd, type))
      .i32(4, programFd === 0 && command === BPF_PROG_ATTACH ? NO_FD : optionalFd(fds, programFd))
      .u32(8, type)
      .u32(12, relativeId === 0 ? flags : flags | BPF_F_ID)
      .i32(16, optionalFd(fds, block.i32(12)))
      .u64(24, block.u64(24));
    if (relativeId !== 0) attr.u32(20, relativeId);
    else attr.i32(20, optionalFd(fds, relativeFd));
    return sys.bpf(command, attr);
  }

  function query(targetFd: number, type: number, request: number): number {
    const block = new Block(memory, request, BLOCK_BYTES);
    const count = block.u32(44);
    const attr = new BpfAttr(QUERY_BYTES)
      .i32(0, target(block, targetFd, type))
      .u32(4, type)
      .u32(8, block.u32(32))
      .pointer(16, block.bytes(40, count * 4))
      .u32(24, count)
      .pointer(32, block.bytes(48, count * 4))
      .pointer(40, block.bytes(52, count * 4))
      .pointer(48, block.bytes(56, count * 4));
    const result = sys.bpf(BPF_PROG_QUERY, attr);
    block.setU32(36, attr.u32At(12));
    block.setU32(44, attr.u32At(24));
    block.setU64(24, attr.u64At(56));
    return result;
  }

  return {
    program_attach: guestCall((fd, targetFd, type, request) =>
      change(BPF_PROG_ATTACH, fd, targetFd, type, request),
    ),
    program_detach: guestCall((fd, targetFd, type, request) =>
      change(BPF_PROG_DETACH, fd, targetFd, type, request),
    ),
    program_query: guestCall((_zero, targetFd, type, request) => query(targetFd, type, request)),
  };
}
