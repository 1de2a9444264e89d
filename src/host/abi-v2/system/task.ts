import * as fs from "node:fs";
import { EINVAL } from "../../../uapi/errno.ts";
import { attempt, attemptVoid } from "../../wasi/index.ts";
import { guestRange } from "../blocks.ts";
import type { AbiV2Context } from "../context.ts";

/** `TASK_COMM_LEN`, with the NUL. */
const NAME_BYTES = 16;
const NAME_FILE = "/proc/thread-self/comm";
/** As many CPUs as the kernel may be built for. */
const MOST_AFFINITY_BYTES = 1024;

/** `system_name`: the name of the thread that is the guest, which BPF programs see. */
export function taskName({ memory }: AbiV2Context, at: number, set: number): number {
  const name = guestRange(memory, at, NAME_BYTES);
  if (set !== 0) return attemptVoid(() => fs.writeFileSync(NAME_FILE, cString(name)));
  const now = attempt(() => fs.readFileSync(NAME_FILE));
  if (typeof now === "number") return now;
  name.fill(0);
  name.set(now.subarray(0, Math.min(now.length - 1, NAME_BYTES - 1)));
  return 0;
}

/** `system_affinity`: the CPUs on which that thread may run. */
export function taskAffinity({ memory, sys }: AbiV2Context, at: number, size: number, set: number): number {
  if (size <= 0) return -EINVAL;
  const cpus = guestRange(memory, at, Math.min(size, MOST_AFFINITY_BYTES));
  return set === 0 ? sys.getAffinity(cpus) : sys.setAffinity(cpus);
}

/** The CPU that runs it. */
export function taskCpu(): number {
  const stat = attempt(() => fs.readFileSync("/proc/thread-self/stat", "latin1"));
  if (typeof stat === "number") return stat;
  // Fields from the third on follow the name, which may have anything in it; this is the 39th.
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[36]);
}

function cString(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0);
  return bytes.slice(0, end < 0 ? NAME_BYTES - 1 : end);
}
