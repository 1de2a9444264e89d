import { GuestEnding } from "../ending.ts";
import { type HostImports, hostImport } from "../host-import.ts";
import { clockCalls } from "./clock.ts";
import type { WasiCalls, WasiContext } from "./context.ts";
import { wasiErrno } from "./errno.ts";
import { fdCalls } from "./fd-calls.ts";
import { pathCalls } from "./path-calls.ts";
import { pollCalls } from "./poll.ts";
import { processCalls } from "./process-calls.ts";

export { attempt, attemptVoid } from "./attempt.ts";
export { FDFLAGS_NONBLOCK, FILETYPE_UNKNOWN } from "./constants.ts";
export type { WasiContext } from "./context.ts";
export { Descriptor, type Readiness } from "./descriptor.ts";
export { DirectoryDescriptor, READ_REQUEST } from "./directory.ts";
export { ENOTCAPABLE } from "./errno.ts";
export { FdTable, type SavedDescriptors } from "./fd-table.ts";
export { hostMask } from "./host-mask.ts";
export { linuxOpen } from "./linux-open.ts";
export { hostPath } from "./path.ts";
export { pathOpener } from "./path-calls.ts";
export { openPreopen, type Preopen } from "./preopen.ts";
export {
  KERNEL_RIGHTS,
  RIGHT_FD_FILESTAT_SET_TIMES,
  RIGHT_FD_READ,
  RIGHT_FD_WRITE,
} from "./rights.ts";
export {
  InputDescriptor,
  type InputSource,
  OutputDescriptor,
  type OutputSink,
  readStream,
} from "./stream.ts";
export { HostView } from "./view.ts";
export { openView } from "./view-directory.ts";

/** Import module name of WASI preview1. */
export const WASI_MODULE = "wasi_snapshot_preview1";

/** The functions of WASI preview1 for one guest. */
export function wasiImports(context: WasiContext): HostImports {
  const calls: WasiCalls = {
    ...processCalls(context),
    ...clockCalls(context),
    ...fdCalls(context),
    ...pathCalls(context),
    ...pollCalls(context),
  };
  const imports: Record<string, ReturnType<typeof hostImport>> = {
    proc_exit: hostImport("i", "", (status: number) => {
      throw new GuestEnding("exit", status & 255);
    }),
    proc_raise: hostImport("i", "i", () => wasiErrno(-38)),
  };
  for (const [name, [parameters, call]] of Object.entries(calls)) {
    imports[name] = hostImport(parameters, "i", (...values: (number | bigint)[]) =>
      wasiErrno(call(...values)),
    );
  }
  return imports;
}
