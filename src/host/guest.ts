import type { Btf } from "../btf/index.ts";
import { WasmBpfError } from "../internal/index.ts";
import { getSys, type Sys } from "../sys/index.ts";
import { EIO } from "../uapi/errno.ts";
import {
  ABI_V1_MODULE,
  type AbiV1Context,
  abiV1Imports,
  type BufferStatistics,
  ObjectTable,
  wrapperImports,
} from "./abi-v1/index.ts";
import {
  ABI_V2_MODULE,
  ABI_V2_OPTIONAL_MODULE,
  type AbiV2Context,
  abiV2Imports,
  checkAbiVersion,
  Forks,
  GuestLog,
  HandleTable,
} from "./abi-v2/index.ts";
import { GuestEnding, STATUS_TRAP } from "./ending.ts";
import { engine, type WasmInstance, type WasmModule } from "./engine.ts";
import { guestKernelBtf } from "./guest-btf.ts";
import type { HostImport, HostImports } from "./host-import.ts";
import { type InterruptSource, Interrupts, noInterrupts, processSignals } from "./interrupts.ts";
import { type ImportObject, linkImports } from "./link-imports.ts";
import { GuestMemory } from "./memory.ts";
import { compileModule } from "./module-file.ts";
import { type GuestOptions, utcOffsetSeconds } from "./options.ts";
import { explainError, hostLine } from "./report.ts";
import type { HostFunction } from "./signature.ts";
import { StackLimit } from "./stack-limit.ts";
import { describeTrap } from "./trap.ts";
import {
  FdTable,
  HostView,
  InputDescriptor,
  OutputDescriptor,
  openPreopen,
  openView,
  WASI_MODULE,
  wasiImports,
} from "./wasi/index.ts";

/**
 * One WebAssembly module with everything it owns: memory, open files, BPF objects. Made, run once, and then closed,
 * whatever way it ended.
 */
export class Guest {
  readonly statistics: BufferStatistics = { delivered: 0, truncated: 0, lost: 0 };
  readonly #sys: Sys;
  readonly #bytes: Uint8Array;
  readonly #module: WasmModule;
  readonly #isVersion2: boolean;
  readonly #options: GuestOptions;
  readonly #memory = new GuestMemory();
  readonly #fds = new FdTable();
  readonly #objects = new ObjectTable();
  readonly #handles = new HandleTable();
  readonly #forks = new Forks(this.#memory, this.#fds, this.#handles);
  readonly #log: GuestLog;
  readonly #interruptSource: InterruptSource;
  readonly #interrupts: Interrupts;
  readonly #stderr: OutputDescriptor;
  readonly #stack: StackLimit;
  #exports: Readonly<Record<string, unknown>> = {};
  #ending: GuestEnding | undefined;

  /**
   * Compiles the module; nothing of it runs yet.
   *
   * @throws {MalformedInputError} when the bytes are no WebAssembly module
   * @throws {WasmBpfError} when a directory of `preopens` cannot be opened, or the native addon is missing
   */
  constructor(bytes: Uint8Array, options: GuestOptions & { readonly interrupts?: InterruptSource } = {}) {
    this.#bytes = bytes;
    this.#module = compileModule(bytes);
    this.#isVersion2 = engine.Module.imports(this.#module).some(
      ({ module }) => module === ABI_V2_MODULE || module === ABI_V2_OPTIONAL_MODULE,
    );
    this.#options = options;
    this.#sys = getSys();
    this.#stack = new StackLimit(this.#sys);
    this.#interruptSource =
      options.interrupts ?? (options.handlesSignals ? processSignals(this.#sys) : noInterrupts);
    this.#interrupts = new Interrupts(this.#sys, this.#interruptSource);
    this.#stderr = new OutputDescriptor(this.#sys, this.#interrupts, options.stderr ?? 2, this.#isVersion2);
    this.#log = new GuestLog((bytes) => this.#write(bytes), this.#memory);
    this.#fds.add(new InputDescriptor(this.#sys, this.#interrupts, options.stdin ?? 0));
    this.#fds.add(new OutputDescriptor(this.#sys, this.#interrupts, options.stdout ?? 1, this.#isVersion2));
    this.#fds.add(this.#stderr);
    try {
      this.#openDirectories();
    } catch (error) {
      this.#fds.closeAll();
      throw error;
    }
  }

  /**
   * Runs the guest to its end and closes what it left open: links, programs, maps, buffers, files.
   *
   * @returns exit status: the guest's (0..255), 134 after a trap, 128 + signal when a signal ended it
   * @throws {WasmBpfError} code `ABI_MISMATCH` when the module needs what this host does not have
   */
  run(): number {
    this.#interruptSource.start();
    try {
      return this.#start();
    } finally {
      this.#interrupts.finish();
      this.#close();
    }
  }

  /** Later ones go before earlier ones where a path begins with both. */
  #openDirectories(): void {
    const { preopens = [], permissions } = this.#options;
    const files = { sys: this.#sys, interrupts: this.#interrupts };
    const read = permissions?.read ?? false;
    const hasRoot = preopens.some(({ guest }) => guest === "/");
    if (!hasRoot && (read !== false || this.#isVersion2)) {
      this.#fds.add(openView(files, new HostView(read, (line) => this.#print(line))));
    }
    for (const preopen of preopens) this.#fds.add(openPreopen(files, preopen));
  }

  #start(): number {
    try {
      const entry = this.#instantiate();
      entry();
    } catch (error) {
      // What comes out of the guest's frames is its end; what came before is an error of the module.
      if (error instanceof WasmBpfError) throw error;
      this.#ending ??= this.#endingOf(error);
    }
    if (this.#forks.endAll() && this.#ending?.reason !== "signal") this.#ending = childLeft(this.#ending);
    // NB: a guest can catch the exception of its ending and return; it has ended all the same.
    const ending = this.#ending;
    if (ending?.message !== undefined) this.#print(`The guest trapped: ${ending.message}`);
    return ending?.status ?? 0;
  }

  #instantiate(): () => void {
    checkAbiVersion(this.#module, this.#moduleName());
    const wrapperName = this.#options.wrapperModuleName ?? "callback-wrapper";
    const kernelBtf = guestKernelBtf(this.#bytes, this.#options.kernelBtf);
    const abi = this.#abiContext(kernelBtf);
    const version2 = abiV2Imports(this.#abiV2Context(kernelBtf));
    if (this.#isVersion2) this.#interrupts.chooseSignals();
    const offered: Record<string, HostImports> = {
      [wrapperName]: wrapperImports(abi),
      [ABI_V1_MODULE]: abiV1Imports(abi),
      [ABI_V2_MODULE]: version2,
      [ABI_V2_OPTIONAL_MODULE]: version2,
      [WASI_MODULE]: wasiImports({
        sys: this.#sys,
        memory: this.#memory,
        interrupts: this.#interrupts,
        fds: this.#fds,
        args: this.#options.args ?? ["guest.wasm"],
        environment: this.#environment(),
      }),
    };
    const imports = linkImports(this.#bytes, this.#module, offered, (name, host) => this.#guard(name, host));
    const exported = engine.Module.exports(this.#module);
    if (!exported.some(({ name, kind }) => name === "_start" && kind === "function")) {
      throw new WasmBpfError(
        "ABI_MISMATCH",
        "The module exports no function _start. Compile it as a command (with a main function), not as a library.",
      );
    }
    const callbackName = this.#options.callbackExportName ?? "go-callback";
    if (
      Object.hasOwn(imports, wrapperName) &&
      wrapperName !== ABI_V1_MODULE &&
      !exported.some(({ name }) => name === callbackName)
    ) {
      throw new WasmBpfError(
        "ABI_MISMATCH",
        `The module polls through ${wrapperName} but exports no function "${callbackName}". Name its callback with --callback-export-name.`,
      );
    }
    const instance = instantiate(this.#module, imports);
    this.#exports = instance.exports;
    const { memory } = instance.exports;
    if (memory instanceof engine.Memory && memory.buffer instanceof ArrayBuffer) this.#memory.bind(memory);
    return instance.exports._start as () => void;
  }

  #moduleName(): string {
    const name = this.#options.args?.[0] ?? "-";
    return name === "-" ? "The module" : name;
  }

  #environment(): string[] {
    const variables = { WASM_BPF_UTC_OFFSET: String(utcOffsetSeconds()), ...this.#options.environment };
    return Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  }

  #abiContext(kernelBtf: (() => Btf) | undefined): AbiV1Context {
    return {
      memory: this.#memory,
      interrupts: this.#interrupts,
      objects: this.#objects,
      statistics: this.statistics,
      kernelBtf,
      directoryFd: (fd) => this.#fds.get(fd)?.directoryFd,
      tableFunction: (index) => {
        const table = this.#exports.__indirect_function_table;
        if (!(table instanceof engine.Table) || index >= table.length) return undefined;
        return sampleCallback(table.get(index));
      },
      namedCallback: () => sampleCallback(this.#exports[this.#options.callbackExportName ?? "go-callback"]),
      report: (error) => this.#print(explainError(error, this.#options.verbose ?? false)),
    };
  }

  #abiV2Context(kernelBtf: (() => Btf) | undefined): AbiV2Context {
    const verbose = this.#options.verbose ?? false;
    return {
      sys: this.#sys,
      memory: this.#memory,
      interrupts: this.#interrupts,
      fds: this.#fds,
      handles: this.#handles,
      forks: this.#forks,
      log: this.#log,
      permissions: this.#options.permissions ?? {},
      timeZone: this.#options.environment?.TZ ?? process.env.TZ,
      kernelBtf,
      print: (text) => this.#print(text),
      report: (error) => {
        if (verbose || !this.#log.bound) this.#print(explainError(error, verbose));
      },
    };
  }

  /** Makes an import total: it ends a guest whose time is over, and answers an error for a defect of the host. */
  #guard(name: string, host: HostImport): HostFunction {
    const failed = host.signature.result === "I" ? 0n : name.startsWith(WASI_MODULE) ? WASI_EIO : -EIO;
    return (...values) => {
      if (this.#ending !== undefined) throw this.#ending;
      try {
        this.#stack.check();
        this.#interrupts.check();
        return host.call(...values);
      } catch (error) {
        if (isDefect(error)) {
          this.#print(`internal error in ${name}: ${error.stack ?? error.message}`);
          return failed;
        }
        this.#ending ??= this.#endingOf(error);
        throw this.#ending;
      }
    };
  }

  #endingOf(error: unknown): GuestEnding {
    return error instanceof GuestEnding ? error : new GuestEnding("trap", STATUS_TRAP, describeTrap(error));
  }

  #print(text: string): void {
    this.#write(hostLine(text));
  }

  #write(bytes: Uint8Array): void {
    try {
      this.#stderr.write([bytes]);
    } catch (error) {
      // Nobody reads standard error any more.
      if (!(error instanceof GuestEnding)) throw error;
    }
  }

  #close(): void {
    try {
      if (this.#options.verbose && this.statistics.delivered > 0) {
        const { delivered, truncated } = this.statistics;
        this.#print(`${delivered} records delivered, ${truncated} of them truncated to the guest's buffer`);
      }
      const { lost } = this.statistics;
      if (lost > 0) this.#print(`${lost} records were lost: the guest did not read its perf buffer in time`);
      this.#objects.closeAll();
    } finally {
      try {
        this.#handles.closeAll();
      } finally {
        this.#fds.closeAll();
        this.#interruptSource.stop();
      }
    }
  }
}

/** The end of a guest in whose parent's place a child ran. */
function childLeft(ending: GuestEnding | undefined): GuestEnding {
  const why = ending?.message === undefined ? "it returned from main" : ending.message;
  return new GuestEnding("trap", STATUS_TRAP, `a child of fork did not end by exec, exit or _exit: ${why}`);
}

function instantiate(module: WasmModule, imports: ImportObject): WasmInstance {
  try {
    return new engine.Instance(module, imports);
  } catch (error) {
    if (!(error instanceof RangeError) || isStackOverflow(error)) throw error;
    const reason = error.message.replace(/^WebAssembly\.Instance\(\): /, "");
    throw new WasmBpfError("NOT_SUPPORTED", `The module's memory cannot be had: ${reason}`, { cause: error });
  }
}

/** EIO of WASI preview1. */
const WASI_EIO = 29;

/** Whether an error is explained neither by the guest's frames nor by the end of a guest. */
function isDefect(error: unknown): error is Error {
  if (!(error instanceof Error) || isTrap(error)) return false;
  return !isStackOverflow(error);
}

function isStackOverflow(error: Error): boolean {
  return error instanceof RangeError && /call stack/.test(error.message);
}

function isTrap(error: unknown): boolean {
  return error instanceof engine.RuntimeError;
}

/** A guest function (ctx, data, size) -> result; `undefined` for anything else. */
function sampleCallback(
  candidate: unknown,
): ((context: number, data: number, size: number) => unknown) | undefined {
  if (typeof candidate !== "function" || candidate.length !== 3) return undefined;
  const callback = candidate as (context: number, data: number, size: number) => unknown;
  return (context, data, size) => {
    try {
      return callback(context, data, size);
    } catch (error) {
      // i64 parameters refuse numbers: what an indirect call inside the guest would trap on.
      if (error instanceof TypeError)
        throw new engine.RuntimeError("function signature mismatch in the callback");
      throw error;
    }
  };
}
