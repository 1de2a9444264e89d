import { WasmBpfError } from "../internal/index.ts";
import { objectFdById } from "../kernel/index.ts";
import { checkedCall, getSys } from "../sys/index.ts";
import { openPinOf } from "./pin.ts";
import { type ProgramInfo, programInfo } from "./program-info.ts";
import { type TestRunOptions, type TestRunResult, testRunProgram } from "./test-run.ts";

/** A program that is in the kernel already, opened by its pin or id. */
export interface PinnedProgram extends Disposable {
  /** @throws {WasmBpfError} code `CLOSED` after `close`. */
  readonly fd: number;
  info(): ProgramInfo;
  /** As {@link BpfProgram.testRun}. */
  testRun(options?: TestRunOptions): TestRunResult;
  /** Closes the fd; the program stays as long as it is pinned or attached. */
  close(): void;
}

/**
 * Opens a pinned program.
 *
 * @throws {SystemCallError} when nothing is pinned at `path` (ENOENT).
 * @throws {WasmBpfError} code `INVALID_ARGUMENT` when something else is.
 */
export function openPinnedProgram(path: string): PinnedProgram {
  return openedProgram(openPinOf("program", path), `the program pinned at ${path}`);
}

/**
 * Opens the program that the kernel has under `id`, whoever loaded it: see `objectIds` of `wasm-bpf/kernel`.
 *
 * Requires Linux >= 4.13.
 *
 * @throws {SystemCallError} ENOENT when there is no such program.
 */
export function openProgramById(id: number): PinnedProgram {
  const what = `the program with id ${id}`;
  const fd = checkedCall(objectFdById("program", id), "bpf(BPF_PROG_GET_FD_BY_ID)", `Cannot open ${what}`);
  return openedProgram(fd, what);
}

function openedProgram(fd: number, what: string): PinnedProgram {
  let open = true;
  const program: PinnedProgram = {
    get fd() {
      if (!open) throw new WasmBpfError("CLOSED", `Descriptor of ${what} is closed`);
      return fd;
    },
    info: () => programInfo(program.fd, what),
    testRun: (options = {}) => testRunProgram(program.fd, options, what),
    close() {
      if (open) getSys().close(fd);
      open = false;
    },
    [Symbol.dispose]: () => program.close(),
  };
  return program;
}
