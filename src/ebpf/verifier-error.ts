import { type ErrorCode, WasmBpfError } from "../internal/index.ts";

/** Line of the BPF C source the verifier stopped at, from the object's line info. */
export interface SourceLine {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly text: string;
}

/** The kernel's verifier refused a program. `message` holds the telling lines, `log` the whole log. */
export class VerifierError extends WasmBpfError {
  readonly program: string;
  readonly errno: number;
  readonly log: string;
  readonly lastLines: readonly string[];
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
