import { runNoun } from "./command.ts";

/** `wasm-bpf btf ...` */
export function runBtf(args: readonly string[]): Promise<number> {
  return runNoun("btf", args, {
    dump: async (rest) => (await import("./btf-dump.ts")).runBtfDump(rest),
    diff: async (rest) => (await import("./btf-diff.ts")).runBtfDiff(rest),
  });
}
