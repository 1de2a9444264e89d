/**
 * The command line when all it can be asked for is to run a module: the start that has to be fast, so it is bundled
 * by itself. `bin/wasm-bpf` chooses between this and `main.ts`.
 */
import { explainError } from "../host/index.ts";
import { reportError } from "./report-error.ts";
import { runRun } from "./run.ts";

/** As `main` of `main.ts`, for arguments that start with `run`, an option or the path of a module. */
export async function main(args: readonly string[]): Promise<number> {
  // What Node would warn about is no concern of the user of a tracing tool.
  process.removeAllListeners("warning");
  try {
    return await runRun(args[0] === "run" ? args.slice(1) : [...args]);
  } catch (error) {
    return reportError(error, explainError);
  }
}
