import { reportError } from "./report-error.ts";

type Verb = (args: string[]) => Promise<number> | number;

/** Commands by name; each is loaded when it is asked for. */
const verbs: ReadonlyMap<string, () => Promise<Verb>> = new Map([
  ["run", async (): Promise<Verb> => (await import("./run.ts")).runRun],
  ["init", async (): Promise<Verb> => (await import("./init.ts")).runInit],
  ["gen", async (): Promise<Verb> => (await import("./gen.ts")).runGen],
  ["btf", async (): Promise<Verb> => (await import("./btf.ts")).runBtf],
  ["build", async (): Promise<Verb> => (await import("./build.ts")).runBuild],
  ["inspect", async (): Promise<Verb> => (await import("./inspect.ts")).runInspect],
  ["check", async (): Promise<Verb> => (await import("./check.ts")).runCheck],
  ["disasm", async (): Promise<Verb> => (await import("./disasm.ts")).runDisasm],
]);

/**
 * The command line `wasm-bpf ...`.
 *
 * @param args without the program's name
 * @returns exit status
 */
export async function main(args: readonly string[]): Promise<number> {
  // What Node would warn about is no concern of the user of a tracing tool.
  process.removeAllListeners("warning");
  const [first = "", ...rest] = args;
  try {
    const load = verbs.get(first);
    if (load !== undefined) return await (await load())(rest);
    return await (await import("./run.ts")).runRun([...args]);
  } catch (error) {
    const { explainError } = await import("../host/index.ts");
    return reportError(error, explainError);
  }
}
