import { WasmBpfError } from "../internal/index.ts";

/** The command line is wrong: status 2 instead of 1. */
export class UsageError extends WasmBpfError {
  constructor(message: string) {
    super("INVALID_ARGUMENT", message);
  }
}

/**
 * Runs a verb and turns what the user can do something about into one line on standard error.
 *
 * @returns the exit status: that of `body`, 1 after a failure, 2 after a wrong command line.
 */
export async function runVerb(usage: string, body: () => number | Promise<number>): Promise<number> {
  try {
    return await body();
  } catch (error) {
    if (error instanceof UsageError) {
      process.stderr.write(`wasm-bpf: ${error.message}\n${usage}`);
      return 2;
    }
    if (error instanceof WasmBpfError) {
      process.stderr.write(`wasm-bpf: ${error.message}\n`);
      return 1;
    }
    throw error;
  }
}

/** Writes to standard output until all is taken. A reader that went away (`| head`) is no failure. */
export function writeOutput(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error | null): void => {
      if (!error || ("code" in error && error.code === "EPIPE")) resolve();
      else reject(new WasmBpfError("SYSCALL", `cannot write to standard output: ${error.message}`));
    };
    process.stdout.on("error", settle);
    process.stdout.write(text, settle);
  });
}
