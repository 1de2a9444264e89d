import { type ErrorCode, WasmBpfError } from "../internal/index.ts";
import { getSys, setSys } from "../sys/index.ts";
import { Guest } from "./guest.ts";
import type { InterruptSource } from "./interrupts.ts";
import type { GuestOptions } from "./options.ts";
import type { InputSource } from "./wasi/index.ts";
import { trackFds } from "./worker-fds.ts";

/** Argument by which the program of a worker knows that it is one. */
export const WORKER_ARGUMENT = "--wasm-bpf-guest-worker";

/** What a worker gets. */
export interface GuestWorkerData {
  readonly bytes: Uint8Array;
  readonly options: Omit<GuestOptions, "stdin" | "stdout" | "stderr" | "handlesSignals">;
  readonly stdin: number | Uint8Array;
  readonly stdout: number | "message";
  readonly stderr: number | "message";
  /** Readable when the guest is to end. */
  readonly stopFd: number;
  /** Signals that {@link stopFd} stands for, as a mask. */
  readonly stopFlag: Int32Array;
  /** 1 while the grace time stands still. */
  readonly held: Int32Array;
  /** Descriptors the worker has open, see `trackFds`. */
  readonly board: Uint8Array;
}

/** What a worker says. */
export type FromWorker =
  | { readonly kind: "stdout" | "stderr"; readonly bytes: Uint8Array }
  | { readonly kind: "status"; readonly status: number }
  | { readonly kind: "failure"; readonly code: ErrorCode; readonly message: string };

/** Runs the guest of this worker thread. Does nothing on a main thread. */
export function runInWorker(): void {
  const { isMainThread, parentPort, workerData } = process.getBuiltinModule("node:worker_threads");
  if (isMainThread || parentPort === null) return;
  const data: GuestWorkerData = workerData;
  const port = parentPort;
  const post = (message: FromWorker): void => port.postMessage(message);
  const sink = (
    kind: "stdout" | "stderr",
    target: number | "message",
  ): number | ((bytes: Uint8Array) => void) =>
    target === "message" ? (bytes) => post({ kind, bytes: bytes.slice() }) : target;
  setSys(trackFds(getSys(), data.board));
  try {
    const guest = new Guest(data.bytes, {
      ...data.options,
      stdin: typeof data.stdin === "number" ? data.stdin : sourceOf(data.stdin),
      stdout: sink("stdout", data.stdout),
      stderr: sink("stderr", data.stderr),
      interrupts: stopRequests(data),
    });
    post({ kind: "status", status: guest.run() });
  } catch (error) {
    if (!(error instanceof WasmBpfError)) throw error;
    post({ kind: "failure", code: error.code, message: error.message });
  }
}

function stopRequests({ stopFd, stopFlag, held }: GuestWorkerData): InterruptSource {
  return {
    start: () => {},
    take: () => Atomics.exchange(stopFlag, 0, 0),
    wakeFd: stopFd,
    hold: () => void Atomics.store(held, 0, 1),
    resume: () => void Atomics.store(held, 0, 0),
    stop: () => {},
  };
}

function sourceOf(input: Uint8Array): InputSource {
  let rest = input;
  return (into) => {
    const count = Math.min(into.length, rest.length);
    into.set(rest.subarray(0, count));
    rest = rest.subarray(count);
    return count;
  };
}
