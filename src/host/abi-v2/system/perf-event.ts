import { encodeCString } from "../../../internal/index.ts";
import { probeDeviceType } from "../../../link/index.ts";
import { E2BIG, EBADF, EINVAL, ENOTTY } from "../../../uapi/errno.ts";
import * as perf from "../../../uapi/perf.ts";
import { guestRange, optionalText, requiredText } from "../blocks.ts";
import type { AbiV2Context } from "../context.ts";
import { openDirectory } from "../guest-path.ts";
import { KernelDescriptor, kernelDescriptor } from "../kernel-descriptor.ts";
import { Refusal } from "../refusal.ts";

/** Size of `struct perf_event_attr` as of its first version. */
const ATTR_FIRST_BYTES = 64;
const ATTR_MOST_BYTES = 4096;
/** Bit 37 of the flags at offset 40: the kernel would send SIGTRAP to this process. */
const ATTR_SIGTRAP = 1n << 37n;
const KNOWN_FLAGS =
  perf.PERF_FLAG_FD_NO_GROUP |
  perf.PERF_FLAG_FD_OUTPUT |
  perf.PERF_FLAG_PID_CGROUP |
  perf.PERF_FLAG_FD_CLOEXEC;
/** Most programs that PERF_EVENT_IOC_QUERY_BPF is asked for. */
const MOST_IDS = 1024;

/** An attribute for the kernel, and what it points to. */
interface HostAttr {
  readonly attr: Uint8Array;
  /** Kept alive until the call has returned. */
  readonly name: Uint8Array | undefined;
}

/** Copies a `perf_event_attr`; addresses in it become the host's. @throws {Refusal} */
function hostAttr({ memory, sys }: AbiV2Context, at: number, size: number): HostAttr {
  if (size > ATTR_MOST_BYTES) throw new Refusal(E2BIG);
  if (size < ATTR_FIRST_BYTES) throw new Refusal(EINVAL);
  const attr = guestRange(memory, at, size).slice();
  const view = new DataView(attr.buffer);
  if (view.getUint32(4, true) > size || (view.getBigUint64(40, true) & ATTR_SIGTRAP) !== 0n) {
    throw new Refusal(EINVAL);
  }
  const type = view.getUint32(0, true);
  if (
    type <= perf.PERF_TYPE_BREAKPOINT ||
    (type !== probeDeviceType("kprobe") && type !== probeDeviceType("uprobe"))
  ) {
    return { attr, name: undefined };
  }
  const pointer = view.getBigUint64(56, true);
  if (pointer > 0xffffffffn) throw new Refusal(EINVAL);
  const text = optionalText(memory, Number(pointer));
  const name = text === undefined ? undefined : encodeCString(text);
  view.setBigUint64(56, name === undefined ? 0n : sys.addressOf(name), true);
  return { attr, name };
}

/** `system_perf_event`: the guest's descriptor of a new event. @throws {Refusal} */
export function openPerfEvent(
  context: AbiV2Context,
  attrAt: number,
  size: number,
  pid: number,
  cpu: number,
  groupFd: number,
  flags: number,
): number {
  const { sys, interrupts, fds } = context;
  if ((flags & ~KNOWN_FLAGS) !== 0) return -EINVAL;
  const { attr, name } = hostAttr(context, attrAt, size >>> 0);
  const group = groupFd < 0 ? -1 : kernelDescriptor(fds, groupFd, "perf-event", EBADF).hostFd;
  const target = (flags & perf.PERF_FLAG_PID_CGROUP) !== 0 ? openDirectory(fds, pid).directoryFd : pid;
  const hostFd = sys.perfEventOpen(attr, target, cpu, group, flags);
  // NB: the attribute has only the address of the name, which must be used after the call to stay alive.
  if (hostFd < 0 || name?.length === 0) return hostFd;
  const onClose = (): void => interrupts.hostWork(() => void sys.close(hostFd));
  return fds.add(
    new KernelDescriptor({ sys, interrupts, kind: "perf-event", hostFd, object: undefined, onClose }),
  );
}

/** A request of `ioctl` on a perf event. @throws {Refusal} */
export function controlPerfEvent(
  context: AbiV2Context,
  hostFd: number,
  request: number,
  arg: number,
): number {
  const { sys, memory, fds, interrupts } = context;
  switch (request) {
    case perf.PERF_EVENT_IOC_ENABLE:
    case perf.PERF_EVENT_IOC_DISABLE:
    case perf.PERF_EVENT_IOC_RESET:
    case perf.PERF_EVENT_IOC_REFRESH:
    case perf.PERF_EVENT_IOC_PAUSE_OUTPUT:
      return sys.ioctl(hostFd, request, arg >>> 0);
    case perf.PERF_EVENT_IOC_PERIOD:
    case perf.PERF_EVENT_IOC_ID:
      return sys.ioctl(hostFd, request, guestRange(memory, arg, 8));
    case perf.PERF_EVENT_IOC_SET_OUTPUT:
      return sys.ioctl(
        hostFd,
        request,
        arg < 0 ? -1 : kernelDescriptor(fds, arg, "perf-event", EBADF).hostFd,
      );
    case perf.PERF_EVENT_IOC_SET_FILTER:
      return sys.ioctl(hostFd, request, encodeCString(requiredText(memory, arg)));
    case perf.PERF_EVENT_IOC_SET_BPF: {
      const program = kernelDescriptor(fds, arg, "program").hostFd;
      return interrupts.hostWork(() => sys.ioctl(hostFd, request, program));
    }
    case perf.PERF_EVENT_IOC_QUERY_BPF: {
      // ids_len u32@0, prog_cnt u32@4 (written), ids u32s
      const count = memory.u32(arg) ?? 0;
      if (count > MOST_IDS) return -E2BIG;
      return sys.ioctl(hostFd, request, guestRange(memory, arg, 8 + 4 * count));
    }
    case perf.PERF_EVENT_IOC_MODIFY_ATTRIBUTES: {
      const size = memory.u32((arg >>> 0) + 4) ?? 0;
      const { attr, name } = hostAttr(context, arg, size === 0 ? ATTR_FIRST_BYTES : size);
      const result = sys.ioctl(hostFd, request, attr);
      return name?.length === 0 ? -EINVAL : result;
    }
    default:
      return -ENOTTY;
  }
}
