import type { Worker } from "node:worker_threads";
import { WasmBpfError } from "../internal/index.ts";
import { checkedCall, getSys } from "../sys/index.ts";
import { EFD_NONBLOCK, SIGTERM } from "../uapi/linux.ts";
import { STATUS_SIGNAL } from "./ending.ts";
import { HARD_GRACE_MS } from "./interrupts.ts";
import type { GuestOptions } from "./options.ts";
import { type FromWorker, type GuestWorkerData, runInWorker, WORKER_ARGUMENT } from "./run-in-worker.ts";
import type { OutputSink } from "./wasi/index.ts";
import { closeTracked, fdBoard } from "./worker-fds.ts";

/** How often it is seen whether the grace time of a guest runs. */
const GRACE_STEP_MS = 50;

/** Options of {@link startModule}: those of a guest, without what only works on its own thread. */
export interface StartOptions extends Omit<GuestOptions, "stdin" | "handlesSignals"> {
  /** Descriptor of the process, or all of the input. Default no input. */
  readonly stdin?: number | Uint8Array;
}

/** A guest that runs in a thread of its own. */
export interface RunningModule {
  /** Exit status as of `runModule`; rejects with what `runModule` would throw. */
  readonly status: Promise<number>;
  /**
   * Asks the guest to end: its waiting call returns -EINTR, as after SIGTERM. One that goes on is ended a second later,
   * one that calls the host no more half a second after that, with status 143. A guest of version 2 that does not
   * handle SIGTERM is ended at once. Everything it had is closed.
   *
   * @returns its exit status
   */
  stop(): Promise<number>;
}

/**
 * Runs a module in a worker thread: the guest may wait while this thread goes on. Sinks are called on this thread.
 *
 * @param bytes the WebAssembly module
 */
export function startModule(bytes: Uint8Array, options: StartOptions = {}): RunningModule {
  const sys = getSys();
  const stopFd = checkedCall(sys.eventfd(0, EFD_NONBLOCK), "eventfd2", "Cannot start a guest");
  const stopFlag = new Int32Array(new SharedArrayBuffer(4));
  const held = new Int32Array(new SharedArrayBuffer(4));
  const board = fdBoard();
  const { stdout = 1, stderr = 2, stdin = new Uint8Array(0), ...plain } = options;
  const workerData: GuestWorkerData = {
    bytes,
    options: plain,
    stdin,
    stdout: typeof stdout === "number" ? stdout : "message",
    stderr: typeof stderr === "number" ? stderr : "message",
    stopFd,
    stopFlag,
    held,
    board,
  };
  const worker = newWorker(workerData);
  let ended = false;
  let stopped = false;
  const status = new Promise<number>((resolve, reject) => {
    worker.on("message", (message: FromWorker) => {
      if (message.kind === "status") resolve(message.status);
      else if (message.kind === "failure") reject(new WasmBpfError(message.code, message.message));
      else deliver(message.kind === "stdout" ? stdout : stderr, message.bytes);
    });
    worker.on("error", reject);
    worker.on("exit", () => {
      ended = true;
      closeTracked(sys, board);
      sys.close(stopFd);
      // Only a worker that was terminated has not told how its guest ended; otherwise this changes nothing.
      resolve(STATUS_SIGNAL + SIGTERM);
    });
  });
  return {
    status,
    async stop() {
      if (!ended && !stopped) {
        stopped = true;
        Atomics.store(stopFlag, 0, 1 << SIGTERM);
        sys.write(stopFd, new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0]));
        terminateAfterGrace(worker, held);
      }
      return await status;
    },
  };
}

/** Time during which the worker closes or loads something does not count. */
function terminateAfterGrace(worker: Worker, held: Int32Array): void {
  let leftMs = HARD_GRACE_MS;
  const timer = setInterval(() => {
    if (Atomics.load(held, 0) === 0) leftMs -= GRACE_STEP_MS;
    if (leftMs <= 0) void worker.terminate();
  }, GRACE_STEP_MS);
  worker.once("exit", () => clearInterval(timer));
}

function deliver(target: number | OutputSink, bytes: Uint8Array): void {
  if (typeof target !== "number") target(bytes);
}

function newWorker(workerData: GuestWorkerData): Worker {
  // This file is the worker's program, too: it does nothing but run a guest when it is started as one.
  const { Worker } = process.getBuiltinModule("node:worker_threads");
  return new Worker(new URL(import.meta.url), { workerData, argv: [WORKER_ARGUMENT] });
}

if (process.argv[2] === WORKER_ARGUMENT) runInWorker();
