import { readFileSync } from "node:fs";
import { VerifierError } from "../ebpf/index.ts";
import { encodeText } from "../internal/index.ts";
import { SystemCallError } from "../sys/index.ts";
import { EACCES, EPERM } from "../uapi/errno.ts";

const CAP_PERFMON = 38n;
const CAP_BPF = 39n;
const CAP_SYS_ADMIN = 21n;

/** What the user reads about an error: one line, or a verifier's telling lines, or the whole log when verbose. */
export function explainError(error: unknown, verbose: boolean): string {
  if (!(error instanceof Error)) return String(error);
  const refused = error instanceof SystemCallError || error instanceof VerifierError ? error.errno : 0;
  if ((refused === EPERM || refused === EACCES) && !canUseBpf()) {
    return "Loading BPF programs needs root or the capabilities CAP_BPF and CAP_PERFMON: run this command with sudo.";
  }
  if (verbose && error instanceof VerifierError) return `${error.message}\n${error.log.trimEnd()}`;
  return error.message;
}

/** A line of the host for the user. */
export function hostLine(text: string): Uint8Array {
  return encodeText(`wasm-bpf: ${text}\n`);
}

/** Whether the process has the capabilities to load BPF programs: those of a user namespace are none. */
export function canUseBpf(): boolean {
  let status: string;
  try {
    status = readFileSync("/proc/self/status", "latin1");
    if (!/^\s*0\s+0\s+4294967295$/m.test(readFileSync("/proc/self/uid_map", "latin1"))) return false;
  } catch {
    return true;
  }
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? "0"}`);
  const has = (capability: bigint): boolean => ((effective >> capability) & 1n) === 1n;
  return has(CAP_SYS_ADMIN) || (has(CAP_BPF) && has(CAP_PERFMON));
}
