import { WasmBpfError } from "../internal/index.ts";

/** Runs `body`; what the file system refuses is an error that names the file and the reason. */
export async function explainFileErrors<T>(body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (!isFileError(error)) throw error;
    const { syscall, path, message } = error;
    // Node.js writes "EROFS: read-only file system, open '/the/path'".
    const reason = message.split(", ", 1)[0];
    const verb = syscall.startsWith("mk") ? "make" : syscall;
    throw new WasmBpfError("TOOLCHAIN", `cannot ${verb} "${path}": ${reason}`, { cause: error });
  }
}

function isFileError(error: unknown): error is Error & { readonly syscall: string; readonly path: string } {
  return (
    error instanceof Error &&
    "syscall" in error &&
    typeof error.syscall === "string" &&
    "path" in error &&
    typeof error.path === "string"
  );
}
