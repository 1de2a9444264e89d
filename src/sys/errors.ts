import { readFileSync } from "node:fs";
import { WasmBpfError } from "../internal/index.ts";
import { E2BIG, EACCES, EMFILE, ENOSYS, EPERM, errnoName } from "../uapi/errno.ts";

/** A system call that the kernel refused. */
export class SystemCallError extends WasmBpfError {
  /** Positive errno value. */
  readonly errno: number;
  /** For example `EPERM`. */
  readonly errnoName: string;
  /** For example `bpf(BPF_PROG_LOAD)`. */
  readonly call: string;

  /**
   * @param errno positive errno value
   * @param call name of the call, for example `bpf(BPF_PROG_LOAD)`
   * @param action what could not be done: `Cannot load program "x"`
   */
  constructor(errno: number, call: string, action: string, options?: ErrorOptions) {
    super("SYSCALL", `${action}: ${call} failed with ${errnoName(errno)}.${remedy(errno, call)}`, options);
    this.errno = errno;
    this.errnoName = errnoName(errno);
    this.call = call;
  }
}

/**
 * Turns the answer of a system call into a result or an error.
 *
 * @param result `>= 0` or -errno
 * @param call as in {@link SystemCallError}
 * @param action as in {@link SystemCallError}
 * @returns `result` when it is not negative
 * @throws {SystemCallError} when `result` is negative
 */
export function checkedCall(result: number, call: string, action: string): number {
  if (result < 0) throw new SystemCallError(-result, call, action);
  return result;
}

const ELEMENT_CALL = /^bpf\(BPF_MAP_(LOOKUP|UPDATE|DELETE|GET_NEXT)/;

function remedy(errno: number, call: string): string {
  const element = ELEMENT_CALL.test(call);
  const privileged = call.startsWith("bpf") || call.startsWith("perf_event_open");
  switch (errno) {
    case EPERM:
      if (!privileged) return "";
      if (element && hasBpfCapabilities())
        return " The map is frozen, or its flags forbid it to system calls.";
      return hasBpfCapabilities()
        ? " The process has CAP_BPF and CAP_PERFMON, so a container, a seccomp filter, kernel lockdown or the kernel's configuration forbids it."
        : " The process needs CAP_BPF and CAP_PERFMON; run as root or grant them.";
    case EACCES:
      return call.startsWith("perf_event_open")
        ? " The process needs CAP_PERFMON; run as root, grant it, or lower /proc/sys/kernel/perf_event_paranoid."
        : "";
    case ENOSYS:
      return ` This kernel has no ${call.split("(")[0]}; it was built without it, or a seccomp filter hides it.`;
    case E2BIG:
      if (element) return " The map is full, or has no such index.";
      return call.startsWith("bpf") ? " This kernel is too old for an option that was asked for." : "";
    case EMFILE:
      return " Raise the limit of open files (ulimit -n).";
    default:
      return "";
  }
}

/** CAP_PERFMON is bit 38 and CAP_BPF bit 39 of the effective set; CAP_SYS_ADMIN, bit 21, stands for both. */
function hasBpfCapabilities(): boolean {
  try {
    const match = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"));
    const set = BigInt(`0x${match?.[1] ?? "0"}`);
    return ((set >> 38n) & 3n) === 3n || ((set >> 21n) & 1n) === 1n;
  } catch {
    return false; // no /proc: the general advice still holds
  }
}
