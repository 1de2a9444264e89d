import { SystemCallError } from "../../src/sys/index.ts";

/**
 * The kernel's answer when it lets not even root load programs of a kind: EPERM before its verifier has looked at an
 * instruction, as some kernels are built. `undefined` for every other error.
 */
export function refusedToRoot(error: unknown): string | undefined {
  return error instanceof SystemCallError &&
    error.errnoName === "EPERM" &&
    error.call === "bpf(BPF_PROG_LOAD)"
    ? error.message
    : undefined;
}
