import type { Sys } from "../../sys/index.ts";
import type { Interrupts } from "../interrupts.ts";
import type { GuestMemory } from "../memory.ts";
import type { FdTable } from "./fd-table.ts";

/** What open files need to wait. */
export interface FileHost {
  readonly sys: Sys;
  readonly interrupts: Interrupts;
}

/** What the WASI calls of one guest work on. */
export interface WasiContext extends FileHost {
  readonly memory: GuestMemory;
  readonly fds: FdTable;
  /** The first is the program's name. */
  readonly args: readonly string[];
  /** `NAME=VALUE` each. */
  readonly environment: readonly string[];
}

/**
 * A WASI call: 0 or more for success, -errno (Linux's numbers) for failure. i32 parameters arrive as signed numbers,
 * i64 ones as signed bigints.
 */
// biome-ignore lint/suspicious/noExplicitAny: each call has its own parameter types, checked against its signature
export type WasiCall = (...parameters: any[]) => number;

/** Calls by name, with their parameters: one letter each, `i` is i32, `I` is i64. All return an errno. */
export type WasiCalls = Readonly<Record<string, readonly [parameters: string, call: WasiCall]>>;
