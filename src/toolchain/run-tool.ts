import { spawn } from "node:child_process";
import { WasmBpfError } from "../internal/index.ts";

export interface ToolResult {
  /** Exit status; a signal that ended the tool counts as 128 + its number would, that is as a failure. */
  readonly status: number;
  readonly stdout: string;
  /** What the tool printed about its work: warnings and errors. */
  readonly stderr: string;
}

/**
 * Runs a program with an argument array, never through a shell, and waits for it.
 *
 * @throws {WasmBpfError} when it cannot be started.
 */
export function runTool(command: string, args: readonly string[], directory: string): Promise<ToolResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: directory, stdio: ["ignore", "pipe", "pipe"], shell: false });
    const output = { stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output.stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      output.stderr += text;
    });
    child.on("error", (error) => {
      reject(new WasmBpfError("TOOLCHAIN", `cannot start ${command}: ${error.message}`, { cause: error }));
    });
    child.on("close", (code, signal) => {
      const stderr = signal === null ? output.stderr : `${output.stderr}${command} was ended by ${signal}\n`;
      resolve({ status: code ?? 128, stdout: output.stdout, stderr });
    });
  });
}
