import { BpfAttr, checkedCall, getSys } from "../sys/index.ts";
import { BPF_PROG_TEST_RUN } from "../uapi/bpf.ts";
import { EINVAL } from "../uapi/errno.ts";

/** Bytes of the header that every packet has. */
const ETHERNET_HEADER = 14;

/** Input of {@link BpfProgram.testRun}. */
export interface TestRunOptions {
  /** Packet, for programs that see packets. */
  readonly data?: Uint8Array;
  /** Room for the packet as the program left it; 0 when left out. */
  readonly dataOutSizeBytes?: number;
  /** Context structure, for program types that take one. */
  readonly context?: Uint8Array;
  /** Room for the context as the program left it; syscall programs change theirs in place and take none. */
  readonly contextOutSizeBytes?: number;
  /** How often to run it; the kernel counts 0 as 1. */
  readonly repeat?: number;
  /** BPF_F_TEST_* */
  readonly flags?: number;
  /** CPU to run on, with `BPF_F_TEST_RUN_ON_CPU`. */
  readonly cpu?: number;
  readonly batchSize?: number;
}

/** Output of {@link BpfProgram.testRun}. */
export interface TestRunResult {
  readonly returnValue: number;
  /** Average of one run. */
  readonly durationNs: number;
  /** The packet as the program left it, as long as the program made it or as there was room. */
  readonly data: Uint8Array;
  readonly context: Uint8Array;
}

/** Runs the program behind `fd` once or several times without attaching it. */
export function testRunProgram(fd: number, options: TestRunOptions, what: string): TestRunResult {
  const data = new Uint8Array(options.dataOutSizeBytes ?? 0);
  // Programs of type syscall get their context in place and may have no other.
  const contextIn = options.context?.slice();
  const context = new Uint8Array(options.contextOutSizeBytes ?? 0);
  const attr = new BpfAttr(80)
    .u32(0, fd)
    .u32(8, options.data?.length ?? 0)
    .u32(12, data.length)
    .pointer(16, options.data)
    .pointer(24, data)
    .u32(32, options.repeat ?? 0)
    .u32(40, contextIn?.length ?? 0)
    .u32(44, context.length)
    .pointer(48, contextIn)
    .pointer(56, context)
    .u32(64, options.flags ?? 0)
    .u32(68, options.cpu ?? 0)
    .u32(72, options.batchSize ?? 0);
  const result = getSys().bpf(BPF_PROG_TEST_RUN, attr);
  const hint =
    result === -EINVAL && (options.data?.length ?? 0) < ETHERNET_HEADER
      ? `; a program that sees packets needs one, of at least ${ETHERNET_HEADER} bytes, in data`
      : "";
  checkedCall(result, "bpf(BPF_PROG_TEST_RUN)", `Cannot run ${what}${hint}`);
  return {
    returnValue: attr.u32At(4),
    durationNs: attr.u32At(36),
    data: data.subarray(0, attr.u32At(12)),
    context:
      options.contextOutSizeBytes === undefined && contextIn !== undefined
        ? contextIn
        : context.subarray(0, attr.u32At(44)),
  };
}
