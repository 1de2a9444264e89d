import { linkObjects } from "../object/index.ts";
import { runCommand } from "./command.ts";
import { readInput } from "./input-file.ts";
import { writeOutputFile } from "./output-file.ts";

/** `wasm-bpf gen object OUT IN...` */
export function runGenObject(args: readonly string[]): Promise<number> {
  return runCommand("gen object", args, (line) => {
    const [out = "", ...inputs] = line.atMost(Number.POSITIVE_INFINITY, 2, "which objects?");
    writeOutputFile(out, linkObjects(inputs.map((name) => ({ name, bytes: readInput(name) }))));
    return 0;
  });
}
