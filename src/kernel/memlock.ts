import { callHelper, encodeInstructions, exit } from "../asm/index.ts";
import { encodeCString } from "../internal/index.ts";
import { BpfAttr, getSys, type Sys } from "../sys/index.ts";
import { BPF_FUNC_ktime_get_coarse_ns, BPF_PROG_LOAD, BPF_PROG_TYPE_SOCKET_FILTER } from "../uapi/bpf.ts";
import { RLIMIT_MEMLOCK } from "../uapi/linux.ts";
import { answerOf, cachedFeature } from "./feature-cache.ts";
import { machineIsLittleEndian } from "./machine.ts";

const RLIM_INFINITY = 0xffff_ffff_ffff_ffffn;
const bumped = new WeakSet<Sys>();

/**
 * Whether the kernel charges BPF memory to memory cgroups instead of RLIMIT_MEMLOCK. Told by a helper that
 * arrived in the same version. Linux >= 5.11.
 */
export function haveMemcgAccounting(): boolean {
  return cachedFeature("memcg accounting", () => {
    // Not through loadProgram(): that raises the limit first, which is what is being decided here.
    const instructions = encodeInstructions(
      [callHelper(BPF_FUNC_ktime_get_coarse_ns), exit()],
      machineIsLittleEndian(),
    );
    const attr = new BpfAttr(152)
      .u32(0, BPF_PROG_TYPE_SOCKET_FILTER)
      .u32(4, instructions.length / 8)
      .pointer(8, instructions)
      .pointer(16, encodeCString("GPL"));
    return answerOf(getSys().bpf(BPF_PROG_LOAD, attr));
  });
}

/**
 * Lifts RLIMIT_MEMLOCK where the kernel charges BPF objects to it. Once per process; a refusal is ignored
 * because the limit may be large enough as it is.
 */
export function bumpMemlock(): void {
  const sys = getSys();
  if (bumped.has(sys)) return;
  bumped.add(sys);
  if (haveMemcgAccounting()) return;
  sys.setRlimit(RLIMIT_MEMLOCK, RLIM_INFINITY, RLIM_INFINITY);
}
