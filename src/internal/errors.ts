/** What kind of failure an error is; callers switch on it. The set is closed. */
export type ErrorCode =
  | "MALFORMED_INPUT"
  | "INVALID_ARGUMENT"
  | "NOT_FOUND"
  | "NOT_SUPPORTED"
  | "RELOCATION"
  | "SYSCALL"
  | "VERIFIER"
  | "CLOSED"
  | "ABI_MISMATCH"
  | "TOOLCHAIN";

/** Base class of every error this package throws on purpose. */
export class WasmBpfError extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** A module that says itself that it needs another version of the guest interface. */
export class AbiVersionError extends WasmBpfError {
  constructor(message: string) {
    super("ABI_MISMATCH", message);
  }
}

/** Where in the input {@link MalformedInputError} found the fault. */
export interface InputLocation {
  /** Section or part of the input, for example `.BTF.ext`. */
  readonly section?: string;
  /** Offset in bytes from the start of that section, or of the input when there is no section. */
  readonly offsetBytes?: number;
}

/** Bytes from outside (ELF, BTF, wasm, archives) that do not follow their format. */
export class MalformedInputError extends WasmBpfError {
  readonly section: string | undefined;
  readonly offsetBytes: number | undefined;
  constructor(message: string, location: InputLocation = {}) {
    const where = [
      location.section === undefined ? "" : ` in ${location.section}`,
      location.offsetBytes === undefined ? "" : ` at offset ${location.offsetBytes}`,
    ].join("");
    super("MALFORMED_INPUT", `${message}${where}`);
    this.section = location.section;
    this.offsetBytes = location.offsetBytes;
  }
}
