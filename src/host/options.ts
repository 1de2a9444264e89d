import type { InputSource, OutputSink, Preopen } from "./wasi/index.ts";

/** What a guest may do beyond its own objects. Default nothing. */
export interface Permissions {
  /** Files of the host that it may read, under their own names: all, or those at and below these paths. */
  readonly read?: boolean | readonly string[];
  /** Whether it may start programs of the host: all, or those of these names. */
  readonly run?: boolean | readonly string[];
  /** Whether it may open sockets. */
  readonly net?: boolean;
  /** Whether it may reach BPF objects of the kernel that are not its own, by id or path. */
  readonly kernel?: boolean;
}

/** How a guest runs. Nothing of the host is visible to it beyond what is named here. */
export interface GuestOptions {
  /** Arguments; the first is the program's name. Default `["guest.wasm"]`. */
  readonly args?: readonly string[];
  /** Environment. `WASM_BPF_UTC_OFFSET`, seconds east of UTC, is always there unless set here. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Directories of the host that the guest may use. Default none. */
  readonly preopens?: readonly Preopen[];
  /** What else of the host the guest may use. Default nothing. */
  readonly permissions?: Permissions;
  /** Descriptor of the process or source of bytes. Default descriptor 0. */
  readonly stdin?: number | InputSource;
  /** Descriptor of the process or sink. Default descriptor 1. */
  readonly stdout?: number | OutputSink;
  /** Descriptor of the process or sink, also for what the host explains. Default descriptor 2. */
  readonly stderr?: number | OutputSink;
  /** Import module of TinyGo guests' `wasm_bpf_buffer_poll`. Default `callback-wrapper`. */
  readonly wrapperModuleName?: string;
  /** Export that TinyGo guests name as their callback. Default `go-callback`. */
  readonly callbackExportName?: string;
  /**
   * BTF that CO-RE relocations are resolved against. Default: the running kernel's, or if it has none the one for its
   * release that the module carries in a custom section `wasm-bpf.btf`.
   */
  readonly kernelBtf?: Uint8Array;
  /**
   * Whether signals are the guest's. SIGINT and SIGTERM make its waiting calls return -EINTR, and it is ended when it goes
   * on; one of version 2 handles those that it chooses, and others do what they do on Linux. Default false, which
   * leaves signals to the embedding program.
   */
  readonly handlesSignals?: boolean;
  /** Whether whole verifier logs and counts of the buffers are printed. Default false. */
  readonly verbose?: boolean;
}

/** Seconds east of UTC of the host's time zone, now. */
export function utcOffsetSeconds(): number {
  return -new Date().getTimezoneOffset() * 60;
}
