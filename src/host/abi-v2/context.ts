import type { Btf } from "../../btf/index.ts";
import type { Sys } from "../../sys/index.ts";
import type { Interrupts } from "../interrupts.ts";
import type { GuestMemory } from "../memory.ts";
import type { Permissions } from "../options.ts";
import type { FdTable } from "../wasi/index.ts";
import type { HandleTable } from "./handles.ts";
import type { GuestLog } from "./log.ts";
import type { Forks } from "./run/forks.ts";

/** What the imports of version 2 of one guest work on. */
export interface AbiV2Context {
  readonly sys: Sys;
  readonly memory: GuestMemory;
  readonly interrupts: Interrupts;
  /** The guest's descriptors, those of WASI; see `KernelDescriptor`. */
  readonly fds: FdTable;
  readonly handles: HandleTable;
  readonly forks: Forks;
  /** Lines that libbpf would print. */
  readonly log: GuestLog;
  /** What the user allowed beyond the guest's own objects. */
  readonly permissions: Permissions;
  /** TZ of the guest, or else of the host; `undefined` for the machine's. */
  readonly timeZone?: string | undefined;
  /** Instead of the running kernel's BTF. */
  readonly kernelBtf: (() => Btf) | undefined;
  /** Prints a line of the host: for what the user has to know whatever the guest prints. */
  print(text: string): void;
  /**
   * Explains an error to the user in the host's own words, beside the lines of libbpf: when the guest prints those
   * itself, only with `--verbose`.
   */
  report(error: unknown): void;
}
