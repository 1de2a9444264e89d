import { minCoreBtf } from "../btf/index.ts";
import { objectTypes } from "../object/index.ts";
import { runCommand } from "./command.ts";
import { aboutFile } from "./input-file.ts";
import { writeOutputFile } from "./output-file.ts";
import { readBtf } from "./read-btf.ts";
import { readObjects } from "./read-objects.ts";

/** `wasm-bpf gen min_core_btf INPUT OUTPUT OBJECT...` */
export function runGenMinCoreBtf(args: readonly string[]): Promise<number> {
  return runCommand("gen min_core_btf", args, (line) => {
    const [input = "", output = "", ...files] = line.atMost(Number.POSITIVE_INFINITY, 3, "which objects?");
    const kernel = readBtf(input);
    const objects = files
      .flatMap(readObjects)
      .map(({ name, bytes }) => aboutFile(name, () => objectTypes(bytes)));
    writeOutputFile(
      output,
      aboutFile(input, () => minCoreBtf(kernel, objects)),
    );
    return 0;
  });
}
