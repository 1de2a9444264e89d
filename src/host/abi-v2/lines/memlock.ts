import { encodeInstructions, exit, mov64Imm } from "../../../asm/index.ts";
import { loadProgram, machineIsLittleEndian } from "../../../kernel/index.ts";
import { getSys } from "../../../sys/index.ts";
import { BPF_PROG_TYPE_SOCKET_FILTER, BPF_PROG_TYPE_TRACEPOINT } from "../../../uapi/bpf.ts";
import { EPERM } from "../../../uapi/errno.ts";
import { RLIMIT_MEMLOCK } from "../../../uapi/linux.ts";
import { canUseBpf } from "../../report.ts";
import { type GuestLog, LOG_WARNING } from "../log.ts";
import { errorText } from "./error-text.ts";

// What libbpf 1.8 says where the kernel loads nothing at all, which the limit of locked memory may be the cause of.

const RLIM_INFINITY = 0xffff_ffff_ffff_ffffn;

/**
 * Looks whether anything can be loaded at all, as libbpf does first.
 *
 * @returns 0, or the error of a program that does nothing
 */
export function probeLoading(log: GuestLog): number {
  // Who has the capabilities is spared the system call: if it fails all the same, the real load says so.
  if (canUseBpf()) return 0;
  const instructions = encodeInstructions([mov64Imm(0, 0), exit()], machineIsLittleEndian());
  for (const type of [BPF_PROG_TYPE_SOCKET_FILTER, BPF_PROG_TYPE_TRACEPOINT]) {
    const { result } = loadProgram({ type, instructions, license: "GPL" });
    if (result >= 0) {
      getSys().close(result);
      return 0;
    }
    if (type === BPF_PROG_TYPE_SOCKET_FILTER) continue;
    const [, hard] = getSys().getRlimit(RLIMIT_MEMLOCK);
    if (hard !== RLIM_INFINITY) {
      log.write(
        LOG_WARNING,
        "Failed to bump RLIMIT_MEMLOCK (err = -EPERM), you might need to do it explicitly!",
      );
    }
    log.write(
      LOG_WARNING,
      `Error in bpf_object__probe_loading(): ${errorText(result)}. Couldn't load trivial BPF program. Make sure your kernel supports BPF (CONFIG_BPF_SYSCALL=y) and/or that RLIMIT_MEMLOCK is set to big enough value.`,
    );
    return -result;
  }
  return 0;
}

/** A refusal for root may come from the limit of locked memory, in kernels of old. */
export function sayLimit(log: GuestLog, errno: number): void {
  if (errno !== EPERM || process.geteuid?.() !== 0) return;
  const [soft] = getSys().getRlimit(RLIMIT_MEMLOCK);
  if (soft === RLIM_INFINITY) return;
  log.write(
    LOG_WARNING,
    `permission error while running as root; try raising 'ulimit -l'? current value: ${sizeText(Number(soft))}`,
  );
}

function sizeText(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  return bytes < 1 << 20 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / (1 << 20)).toFixed(1)} MiB`;
}
