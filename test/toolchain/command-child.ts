// Runs command lines one after the other in this process, and prints what came of each as JSON. Argument: the command
// lines as JSON.
import { main } from "../../src/cli/main.ts";

/** What came of a command line. */
export interface CommandOutcome {
  /** Exit status; -1 when something was thrown. */
  readonly status: number;
  readonly stdout: string;
  /** With the stack of what was thrown. */
  readonly stderr: string;
}

const written = { stdout: "", stderr: "" };
const write = process.stdout.write.bind(process.stdout);
for (const name of ["stdout", "stderr"] as const) {
  // Overloaded in Node's types; only the text and a callback are used here.
  const capture = (text: string | Uint8Array, ...rest: unknown[]): boolean => {
    written[name] += typeof text === "string" ? text : new TextDecoder().decode(text);
    const done = rest.at(-1);
    if (typeof done === "function") done();
    return true;
  };
  process[name].write = capture;
}

const outcomes: CommandOutcome[] = [];
const lines: string[][] = JSON.parse(process.argv[2] ?? "[]");
for (const args of lines) {
  written.stdout = "";
  written.stderr = "";
  let status = -1;
  try {
    status = await main(args);
  } catch (error) {
    written.stderr += error instanceof Error ? (error.stack ?? "") : String(error);
  }
  outcomes.push({ status, ...written });
}
write(JSON.stringify(outcomes));
