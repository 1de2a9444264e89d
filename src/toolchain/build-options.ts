import type { Btf } from "../btf/index.ts";
import { WasmBpfError } from "../internal/index.ts";
import type { KernelKey } from "../object/index.ts";

/** Intermediate files of a project are kept here, in the project's directory. */
export const BUILD_DIRECTORY = ".build";

/** A file with BTF, of whatever kind. */
export interface BtfSource {
  readonly path: string;
  /** The BTF in that file. */
  readonly read: () => Btf;
}

/** BTF of a kernel without BTF that modules are to carry. */
export interface BtfToEmbed extends KernelKey, BtfSource {}

export interface BuildOptions {
  /** What `vmlinux.h` is made from; default: the running kernel's BTF. */
  readonly btf?: BtfSource;
  /** What modules need of these is put into them. */
  readonly embeddedBtfs?: readonly BtfToEmbed[];
  readonly environment?: NodeJS.ProcessEnv;
  /** Compilers colour their messages. */
  readonly colour?: boolean;
  /** Guests for version 1 of the guest interface, with 32-bit `long`, also of sources that do not say so. */
  readonly wasm32?: boolean;
  /** Ends the build: it fails with the signal's reason, and leaves nothing half-written. */
  readonly signal?: AbortSignal;
}

/** One step of a build, done or not needed. */
export interface BuildStep {
  /** What it makes, relative to the project. */
  readonly product: string;
  /** False when the product was current. */
  readonly built: boolean;
  readonly durationMs: number;
  readonly sizeBytes: number;
}

/** Told what happens during a build. */
export interface BuildObserver {
  step?(step: BuildStep): void;
  /** A program that is started, with its arguments, in the project's directory. */
  command?(argv: readonly string[]): void;
  /** Messages of a compiler as it printed them. */
  diagnostics?(text: string): void;
  /** One of several programs cannot be built; the others are. */
  failed?(error: WasmBpfError): void;
}

/** A compiler or the linker refused its input, or several; what it printed went to the observer. */
export class BuildError extends WasmBpfError {
  /** The source, the module when it could not be linked, or the project of which some programs could not be built. */
  readonly subject: string;
  constructor(subject: string, message: string) {
    super("TOOLCHAIN", message);
    this.subject = subject;
  }
}
