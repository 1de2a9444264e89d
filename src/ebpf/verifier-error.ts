import { type ErrorCode, WasmBpfError } from "../internal/index.ts";

/** Line of the BPF C source the verifier stopped at, from the object's line info. */
export interface SourceLine {
  /** As the compiler was given it. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1; 0 when the compiler did not say. */
  readonly column: number;
  /** The whole line. */
  readonly text: string;
}

/** The kernel's verifier refused a program. `message` holds the telling lines, `log` the whole log. */
export class VerifierError extends WasmBpfError {
  /** Name of the program that was refused. */
  readonly program: string;
  /** Positive; what the load ended with, usually EACCES or EINVAL. */
  readonly errno: number;
  /** The whole log, as far as the kernel wrote it. */
  readonly log: string;
  /** The lines of the log that say why. */
  readonly lastLines: readonly string[];
  /** `undefined` when the object has no line info for the place. */
  readonly source: SourceLine | undefined;
  constructor(
    message: string,
    details: {
      readonly program: string;
      readonly errno: number;
      readonly log: string;
      readonly lastLines: readonly string[];
      readonly source: SourceLine | undefined;
    },
  ) {
    const code: ErrorCode = "VERIFIER";
    super(code, message);
    this.program = details.program;
    this.errno = details.errno;
    this.log = details.log;
    this.lastLines = details.lastLines;
    this.source = details.source;
  }
}
