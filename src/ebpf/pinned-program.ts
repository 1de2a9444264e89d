import { getSys } from "../sys/index.ts";
import { openPinOf } from "./pin.ts";
import { type ProgramInfo, programInfo } from "./program-info.ts";
import { type TestRunOptions, type TestRunResult, testRunProgram } from "./test-run.ts";

/** A program that is in the kernel already, opened by its pin. */
export interface PinnedProgram extends Disposable {
  readonly fd: number;
  info(): ProgramInfo;
  /** As {@link BpfProgram.testRun}. */
  testRun(options?: TestRunOptions): TestRunResult;
  /** Closes the fd; the program stays as long as it is pinned. */
  close(): void;
}

/**
 * Opens a pinned program.
 *
 * @throws {SystemCallError} when nothing is pinned at `path` (ENOENT).
 * @throws {WasmBpfError} code `INVALID_ARGUMENT` when something else is.
 */
export function openPinnedProgram(path: string): PinnedProgram {
  const what = `the program pinned at ${path}`;
  let fd = openPinOf("program", path);
  const program: PinnedProgram = {
    get fd() {
      return fd;
    },
    info: () => programInfo(fd, what),
    testRun: (options = {}) => testRunProgram(fd, options, what),
    close() {
      if (fd >= 0) getSys().close(fd);
      fd = -1;
    },
    [Symbol.dispose]: () => program.close(),
  };
  return program;
}
