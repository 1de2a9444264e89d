import { VerifierError } from "../../ebpf/index.ts";
import { WasmBpfError } from "../../internal/index.ts";
import { SystemCallError } from "../../sys/index.ts";
import { EBADF, EINVAL, ENOENT, ENOEXEC, EOPNOTSUPP } from "../../uapi/errno.ts";

/**
 * The error number a guest gets for an error of the layers below; errors that are no refusal but a defect of the
 * host are thrown on.
 */
export function errnoOf(error: unknown): number {
  if (error instanceof SystemCallError || error instanceof VerifierError) return error.errno;
  if (!(error instanceof WasmBpfError)) throw error;
  switch (error.code) {
    case "NOT_FOUND":
      return ENOENT;
    case "NOT_SUPPORTED":
      return EOPNOTSUPP;
    case "CLOSED":
      return EBADF;
    case "MALFORMED_INPUT":
      return ENOEXEC;
    default:
      return EINVAL;
  }
}
