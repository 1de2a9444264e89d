import { spawn } from "node:child_process";
import { WasmBpfError } from "../internal/index.ts";

export interface ToolResult {
  /** Exit status; a signal that ended the tool counts as 128 + its number would, that is as a failure. */
  readonly status: number;
  readonly stdout: Uint8Array;
  /** What the tool printed about its work: warnings and errors. */
  readonly stderr: string;
}

export interface ToolOptions {
  /** What the tool reads from its standard input; default: nothing. */
  readonly input?: string;
  /** Ends the tool. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs a program with an argument array, never through a shell, and waits for it.
 *
 * @throws {WasmBpfError} when it cannot be started.
 * @throws the reason of the signal, when that has ended the tool.
 */
export function runTool(
  command: string,
  args: readonly string[],
  directory: string,
  { input, signal }: ToolOptions = {},
): Promise<ToolResult> {
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: directory, stdio: ["pipe", "pipe", "pipe"], shell: false });
    const stdout: Buffer[] = [];
    let stderr = "";
    const stop = (): void => {
      child.kill();
    };
    signal?.addEventListener("abort", stop);
    // A tool that does not read all of its input says why.
    child.stdin.on("error", () => {}).end(input);
    child.stdout.on("data", (bytes: Buffer) => stdout.push(bytes));
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("error", (error) => {
      signal?.removeEventListener("abort", stop);
      reject(new WasmBpfError("TOOLCHAIN", `cannot start ${command}: ${error.message}`, { cause: error }));
    });
    child.on("close", (code, by) => {
      signal?.removeEventListener("abort", stop);
      if (signal?.aborted) reject(signal.reason);
      if (by !== null) stderr += `${command} was ended by ${by}\n`;
      resolve({ status: code ?? 128, stdout: new Uint8Array(Buffer.concat(stdout)), stderr });
    });
  });
}

/** What a tool printed, as text. */
export function textOf(stdout: Uint8Array): string {
  return new TextDecoder().decode(stdout);
}
