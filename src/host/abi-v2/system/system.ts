import type { BigIntStatsFs } from "node:fs";
import * as fs from "node:fs";
import { haveHelper, haveMapType, haveProgramType } from "../../../kernel/index.ts";
import * as bpf from "../../../uapi/bpf.ts";
import { EBADF, EINVAL, ENOSYS, ENOTTY, EOPNOTSUPP } from "../../../uapi/errno.ts";
import { RLIMIT_MEMLOCK, RLIMIT_NOFILE } from "../../../uapi/linux.ts";
import type { HostImports } from "../../host-import.ts";
import { attempt, hostPath } from "../../wasi/index.ts";
import { guestRange, requiredText, sizedOutput } from "../blocks.ts";
import type { AbiV2Context } from "../context.ts";
import { fileOpener } from "../fd/open-file.ts";
import { linuxResult, openDescriptor, openDirectory, pathBytes } from "../guest-path.ts";
import { findKernel } from "../kernel-descriptor.ts";
import { guestCall } from "../refusal.ts";
import { systemInfo, systemText } from "./facts.ts";
import { controlPerfEvent, openPerfEvent } from "./perf-event.ts";
import {
  STAT_BYTES,
  STATFS_BYTES,
  type StatFields,
  streamFields,
  writeStat,
  writeStatfs,
} from "./stat-block.ts";
import { taskAffinity, taskName } from "./task.ts";

const FOLLOW = 1;
/** R_OK, W_OK, X_OK. */
const MODE_MASK = 7;
const TIOCGWINSZ = 0x5413;
const MOST_RESOURCES = 16;
const S_IFCHR = 0o020000n;
/** Permission bits, and who may remove what others have in a directory. */
const MODE_BITS = 0o1777;
/** `struct sysinfo` of x86-64. */
const SYSINFO_BYTES = 112;

/** Imports of this family, see `docs/abi-v2.md`. */
export function systemImports(context: AbiV2Context): HostImports {
  const { memory, sys, fds } = context;

  function probe(kind: number, a: number, b: number): number {
    const isProgramType = a >= 0 && a <= bpf.BPF_PROG_TYPE_NETFILTER;
    switch (kind) {
      case 1:
        return isProgramType ? Number(haveProgramType(a)) : -EOPNOTSUPP;
      case 2:
        return a > 0 && a <= bpf.BPF_MAP_TYPE_ARENA ? Number(haveMapType(a)) : -EOPNOTSUPP;
      case 3: {
        const answer = isProgramType ? haveHelper(a, b) : undefined;
        return answer === undefined ? -EOPNOTSUPP : Number(answer);
      }
      default:
        return -EINVAL;
    }
  }

  function limit(resource: number, next: number, old: number): number {
    if (resource < 0 || resource >= MOST_RESOURCES) return -EINVAL;
    const given = next === 0 ? undefined : guestRange(memory, next, 16).slice();
    const before = old === 0 ? undefined : guestRange(memory, old, 16);
    const [soft, hard] = sys.getRlimit(resource);
    let result = 0;
    if (given !== undefined) {
      const view = new DataView(given.buffer);
      const wantedSoft = view.getBigUint64(0, true);
      const wantedHard = view.getBigUint64(8, true);
      if (wantedSoft > wantedHard) return -EINVAL;
      // The limits are the whole process's: the host and other guests would miss what one takes away.
      if ((resource === RLIMIT_MEMLOCK || resource === RLIMIT_NOFILE) && wantedSoft > soft) {
        const raises = wantedHard > hard;
        result = sys.setRlimit(resource, wantedSoft, raises ? wantedHard : hard);
      }
    }
    if (before !== undefined && result === 0) {
      const view = new DataView(before.buffer, before.byteOffset);
      view.setBigUint64(0, soft, true);
      view.setBigUint64(8, hard, true);
    }
    return result;
  }

  function control(fd: number, request: number, arg: number): number {
    const event = findKernel(fds, fd, "perf-event");
    if (event !== undefined) return controlPerfEvent(context, event.hostFd, request >>> 0, arg);
    const { streamFd } = openDescriptor(fds, fd);
    if (request !== TIOCGWINSZ || streamFd === undefined) return -ENOTTY;
    return sys.ioctl(streamFd, request, guestRange(memory, arg, 8));
  }

  function interfaceOf(name: number, index: number, buf: number, size: number): number {
    if (name !== 0) return sys.ifNameToIndex(requiredText(memory, name));
    const bytes = new Uint8Array(16);
    const length = sys.ifIndexToName(index >>> 0, bytes);
    return length < 0 ? length : sizedOutput(memory, buf, size, bytes.subarray(0, length + 1));
  }

  function stat(fd: number, path: number, flags: number, out: number): number {
    const into = guestRange(memory, out, STAT_BYTES);
    const found =
      path === 0
        ? fileStats(fd)
        : openDirectory(fds, fd).hostStatsOf(pathBytes(memory, path), (flags & FOLLOW) !== 0);
    if (typeof found === "number") return linuxResult(found);
    writeStat(into, found);
    return 0;
  }

  function statfs(fd: number, path: number, out: number): number {
    const into = guestRange(memory, out, STATFS_BYTES);
    const descriptor = openDescriptor(fds, fd);
    const hostFd = descriptor.fileFd ?? descriptor.directoryFd ?? descriptor.streamFd;
    const look = (at: string | Buffer): BigIntStatsFs | number =>
      attempt(() => fs.statfsSync(at, { bigint: true }));
    const found =
      path !== 0
        ? openDirectory(fds, fd).at(pathBytes(memory, path), true, (place) =>
            look(hostPath(place.parentFd, place.name)),
          )
        : hostFd === undefined
          ? -ENOSYS
          : look(`/proc/self/fd/${hostFd}`);
    if (typeof found === "number") return linuxResult(found);
    writeStatfs(into, found);
    return 0;
  }

  function access(fd: number, path: number, mode: number, flags: number): number {
    const directory = openDirectory(fds, fd);
    return linuxResult(directory.accessOf(pathBytes(memory, path), (flags & FOLLOW) !== 0, mode & MODE_MASK));
  }

  function fileStats(fd: number): StatFields | number {
    const stats = openDescriptor(fds, fd).hostStats();
    // Open, but nothing that the host could look at: what the embedding program serves.
    return stats === -EBADF ? streamFields(S_IFCHR | 0o620n) : stats;
  }

  function chmod(fd: number, path: number, flags: number, mode: number): number {
    // NB: a guest must not make files that run as somebody else.
    if ((mode & ~MODE_BITS) !== 0) return -EINVAL;
    const result =
      path === 0
        ? openDescriptor(fds, fd).setMode(mode)
        : openDirectory(fds, fd).setModeOf(pathBytes(memory, path), (flags & FOLLOW) !== 0, mode);
    return linuxResult(result);
  }

  function load(out: number): number {
    const into = guestRange(memory, out, SYSINFO_BYTES);
    into.fill(0);
    return sys.sysinfo(into);
  }

  return {
    system_open: guestCall(fileOpener(context)),
    system_mkdir: guestCall((fd, path, mode) =>
      linuxResult(openDirectory(fds, fd).makeDirectory(pathBytes(memory, path), mode & MODE_BITS)),
    ),
    system_load: guestCall(load),
    system_info: guestCall((what) => systemInfo(context, what)),
    system_text: guestCall((what, buf, size) => sizedOutput(memory, buf, size, systemText(context, what))),
    system_clock: guestCall((id, out) => sys.clockTime(id, guestRange(memory, out, 8))),
    system_probe: guestCall(probe),
    system_limit: guestCall(limit),
    system_perf_event: guestCall((attr, size, pid, cpu, groupFd, flags) =>
      openPerfEvent(context, attr, size, pid, cpu, groupFd, flags),
    ),
    system_ioctl: guestCall(control),
    system_interface: guestCall(interfaceOf),
    system_stat: guestCall(stat),
    system_chmod: guestCall(chmod),
    system_access: guestCall(access),
    system_statfs: guestCall(statfs),
    system_name: guestCall((at, set) => taskName(context, at, set)),
    system_affinity: guestCall((at, size, set) => taskAffinity(context, at, size, set)),
  };
}
