import { WasmBpfError } from "../internal/index.ts";
import type { ExternSpec } from "../object/index.ts";

/** The kernel, or its configuration, has not got something that the object names and does not declare weak. */
export class MissingExternError extends WasmBpfError {
  readonly extern: ExternSpec;
  constructor(extern: ExternSpec, message: string) {
    super("NOT_FOUND", message);
    this.extern = extern;
  }
}

/** There is no function, tracepoint, hook or iterator of the name that a program is to be attached to. */
export class MissingTargetError extends WasmBpfError {
  readonly program: string;
  readonly target: string;
  constructor(program: string, target: string, message: string) {
    super("NOT_FOUND", message);
    this.program = program;
    this.target = target;
  }
}
