import { type BpfProgram, checkAttachTarget, MissingTargetError } from "../../../ebpf/index.ts";
import { encodeText } from "../../../internal/index.ts";
import { objectInfo } from "../../../kernel/index.ts";
import { BpfAttr } from "../../../sys/index.ts";
import {
  BPF_PROG_BIND_MAP,
  BPF_PROG_STREAM_READ_BY_FD,
  BPF_PROG_TEST_RUN,
  BPF_PROG_TYPE_SYSCALL,
} from "../../../uapi/bpf.ts";
import { E2BIG, EBADFD, EBUSY, EINVAL, ENOENT, EOPNOTSUPP, ESRCH } from "../../../uapi/errno.ts";
import type { HostImports } from "../../host-import.ts";
import { Block, guestRange, optionalText, sizedOutput } from "../blocks.ts";
import type { AbiV2Context } from "../context.ts";
import { type GuestObject, guestObject, guestProgram } from "../guest-object.ts";
import { findKernel, kernelDescriptor } from "../kernel-descriptor.ts";
import { errorText } from "../lines/error-text.ts";
import { LOG_WARNING } from "../log.ts";
import { requireKernel } from "../permission.ts";
import { guestCall, Refusal } from "../refusal.ts";
import { programAttachImports } from "./attach.ts";
import { translateInstructions } from "./guest-instructions.ts";
import { loadGuestProgram } from "./load.ts";
import { describeSection } from "./section.ts";

const SET_AUTOLOAD = 1;
const SET_AUTOATTACH = 2;
const SET_TYPE = 3;
const SET_ATTACH_TYPE = 4;
const SET_FLAGS = 5;
const SET_LOG_LEVEL = 6;
const SET_IFINDEX = 7;
const SET_KEEP_LOG = 8;
const SET_NO_SECTION = 9;
const RECORDS_FUNCTIONS = 1;
const RECORDS_LINES = 2;
/** Newer than the kernel headers that uapi/ is generated from. */
const BPF_PROG_ASSOC_STRUCT_OPS = 38;
const MOST_INSTRUCTIONS = 2_000_000;
const TEST_RUN_BYTES = 64;

/** Programs of objects and others, see `docs/abi-v2.md`. */
export function programImports(context: AbiV2Context): HostImports {
  const { memory, fds, sys, interrupts } = context;

  /** @throws {Refusal} EBUSY when it is loaded, or never will be */
  function configurable(handle: number, index: number): { owner: GuestObject; program: BpfProgram } {
    const owner = guestObject(context, handle);
    const program = guestProgram(context, handle, index);
    if (owner.object.loaded || owner.object.closed || program.loaded) throw new Refusal(EBUSY);
    return { owner, program };
  }

  function set(handle: number, index: number, property: number, value: number): number {
    if (property === SET_AUTOATTACH) {
      guestProgram(context, handle, index).autoattach = value !== 0;
      return 0;
    }
    const { owner, program } = configurable(handle, index);
    switch (property) {
      case SET_AUTOLOAD:
        program.autoload = value !== 0;
        return 0;
      case SET_TYPE:
        // The section belongs to the type that it names.
        if (program.type !== value >>> 0) program.forgetSection();
        program.type = value >>> 0;
        return 0;
      case SET_NO_SECTION:
        program.forgetSection();
        return 0;
      case SET_ATTACH_TYPE:
        program.expectedAttachType = value >>> 0;
        return 0;
      case SET_FLAGS:
        program.flags = value >>> 0;
        return 0;
      case SET_LOG_LEVEL:
        program.logLevel = value >>> 0;
        return 0;
      case SET_IFINDEX:
        program.ifindex = value >>> 0;
        return 0;
      case SET_KEEP_LOG:
        if (value === 0) owner.ownLogs.delete(program);
        else owner.ownLogs.add(program);
        return 0;
      default:
        return -EINVAL;
    }
  }

  function setTarget(handle: number, index: number, targetFd: number, nameAt: number): number {
    const { owner, program } = configurable(handle, index);
    const functionName = optionalText(memory, nameAt);
    if (targetFd < 0 || (targetFd === 0 && functionName === undefined)) return -EINVAL;
    if (targetFd === 0) owner.lines?.kernelTypesNeeded();
    const before = program.attachTarget;
    const programFd = targetFd === 0 ? undefined : keep(owner, targetProgram(targetFd));
    program.setAttachTarget({
      ...(functionName === undefined ? {} : { functionName }),
      ...(programFd === undefined ? {} : { programFd }),
    });
    try {
      checkAttachTarget(program);
      return 0;
    } catch (error) {
      program.setAttachTarget(before);
      if (error instanceof MissingTargetError) return -ESRCH;
      throw error;
    }
  }

  /** @throws {Refusal} after a line for what is no program */
  function targetProgram(fd: number): number {
    const hostFd = findKernel(fds, fd, "program")?.hostFd;
    if (hostFd !== undefined) return hostFd;
    const errno = fds.get(fd) === undefined ? EBADFD : EINVAL;
    context.log.write(LOG_WARNING, `failed bpf_prog_get_info_by_fd for FD ${fd}: ${errorText(errno)}`);
    throw new Refusal(errno);
  }

  /** A descriptor of the object's own, so that the guest may close its one before the load. */
  function keep(owner: GuestObject, hostFd: number): number {
    const own = sys.dup(hostFd);
    if (own < 0) throw new Refusal(-own);
    owner.onRelease(() => void sys.close(own));
    return own;
  }

  function instructions(handle: number, index: number, at: number, size: number): number {
    const owner = guestObject(context, handle);
    const shown = guestProgram(context, handle, index).instructions.slice();
    const maps = new Map(owner.maps.filter(({ loaded }) => loaded).map((map) => [map.fd, map]));
    translateInstructions(shown, (kind, fd) => {
      const map = kind === "map" ? maps.get(fd) : undefined;
      return map === undefined ? 0 : owner.mapFd(map);
    });
    return sizedOutput(memory, at, size, shown);
  }

  function setInstructions(handle: number, index: number, at: number, count: number): number {
    const { owner, program } = configurable(handle, index);
    if (count >>> 0 > MOST_INSTRUCTIONS) return -E2BIG;
    const given = guestRange(memory, at, (count >>> 0) * 8).slice();
    const kept = new Map<number, number>();
    translateInstructions(given, (kind, fd) => {
      const hostFd = findKernel(fds, fd, kind)?.hostFd;
      if (hostFd === undefined) return undefined;
      const own = kept.get(hostFd) ?? keep(owner, hostFd);
      kept.set(hostFd, own);
      return own;
    });
    program.replaceInstructions(given);
    return 0;
  }

  function testRun(fd: number, request: number): number {
    const program = kernelDescriptor(fds, fd, "program");
    // NB: these call bpf() with numbers of the host's descriptors, and close them.
    if (typeOf(program.hostFd) === BPF_PROG_TYPE_SYSCALL) requireKernel(context);
    const block = new Block(memory, request, TEST_RUN_BYTES);
    const sized = (at: number): Uint8Array | undefined => block.bytes(at, block.u32(at + 4));
    const attr = new BpfAttr(80)
      .u32(0, program.hostFd)
      .u32(8, block.u32(8))
      .u32(12, block.u32(16))
      .pointer(16, sized(4))
      .pointer(24, sized(12))
      .u32(32, block.u32(44))
      .u32(40, block.u32(24))
      .u32(44, block.u32(32))
      .pointer(48, sized(20))
      .pointer(56, sized(28))
      .u32(64, block.u32(48))
      .u32(68, block.u32(52))
      .u32(72, block.u32(56));
    const result = sys.bpf(BPF_PROG_TEST_RUN, attr);
    block.setU32(16, attr.u32At(12));
    block.setU32(32, attr.u32At(44));
    block.setU32(36, attr.u32At(4));
    block.setU32(40, attr.u32At(36));
    return result;
  }

  function typeOf(hostFd: number): number {
    const info = new BpfAttr(4);
    const result = objectInfo(hostFd, info);
    if (result < 0) throw new Refusal(-result);
    return info.u32At(0);
  }

  function records(handle: number, index: number, kind: number, at: number, size: number): number {
    const { object } = guestObject(context, handle);
    const found = object.debugRecords(guestProgram(context, handle, index));
    if (found === undefined) return -EOPNOTSUPP;
    if (kind === RECORDS_FUNCTIONS) return sizedOutput(memory, at, size, found.functions);
    return kind === RECORDS_LINES ? sizedOutput(memory, at, size, found.lines) : -EINVAL;
  }

  function log(handle: number, index: number, at: number, size: number): number {
    const owner = guestObject(context, handle);
    const program = guestProgram(context, handle, index);
    return sizedOutput(memory, at, size, encodeText(owner.refusals.get(program) ?? program.log));
  }

  return {
    ...programAttachImports(context),
    program_set: guestCall((object, index, property, value) => set(object, index, property, value)),
    program_set_target: guestCall((object, index, fd, name) => setTarget(object, index, fd, name)),
    program_instructions: guestCall((object, index, at, size) => instructions(object, index, at, size)),
    program_set_instructions: guestCall((object, index, at, count) =>
      setInstructions(object, index, at, count),
    ),
    program_records: guestCall((object, index, kind, at, size) => records(object, index, kind, at, size)),
    program_log: guestCall((object, index, at, size) => log(object, index, at, size)),
    program_fd: guestCall((handle, index) => {
      const program = guestProgram(context, handle, index);
      return program.loaded ? guestObject(context, handle).programFd(program) : -ENOENT;
    }),
    program_unload: guestCall((handle, index) => {
      const program = guestProgram(context, handle, index);
      guestObject(context, handle).forget(program);
      if (program.loaded) program.close();
      return 0;
    }),
    program_section: guestCall((name, out) => describeSection(context, name, out)),
    program_load: guestCall((request) => interrupts.hostWork(() => loadGuestProgram(context, request))),
    program_test_run: guestCall((fd, request) => testRun(fd, request)),
    program_bind_map: guestCall((fd, mapFd, flags) =>
      sys.bpf(
        BPF_PROG_BIND_MAP,
        new BpfAttr(12)
          .u32(0, kernelDescriptor(fds, fd, "program").hostFd)
          .u32(4, kernelDescriptor(fds, mapFd, "map").hostFd)
          .u32(8, flags),
      ),
    ),
    program_associate: guestCall((fd, mapFd, flags) =>
      sys.bpf(
        BPF_PROG_ASSOC_STRUCT_OPS,
        new BpfAttr(12)
          .i32(0, findKernel(fds, mapFd, "map")?.hostFd ?? -1)
          .i32(4, findKernel(fds, fd, "program")?.hostFd ?? -1)
          .u32(8, flags),
      ),
    ),
    program_stream_read: guestCall((fd, stream, at, size) => {
      const program = kernelDescriptor(fds, fd, "program");
      const room = guestRange(memory, at, size >>> 0);
      const attr = new BpfAttr(20)
        .pointer(0, room)
        .u32(8, room.length)
        .u32(12, stream)
        .u32(16, program.hostFd);
      return sys.bpf(BPF_PROG_STREAM_READ_BY_FD, attr);
    }),
  };
}
