import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { createProject } from "../toolchain/index.ts";
import { runCommand } from "./command.ts";
import { quote } from "./format.ts";
import { writeOutput } from "./verb.ts";

/** `wasm-bpf init ...` */
export function runInit(args: readonly string[]): Promise<number> {
  return runCommand("init", args, async (line) => {
    const [name = ""] = line.atMost(1, 1, "what is the project called?");
    const directory = line.value("dir") ?? name;
    const files = createProject({ name, template: line.value("template") ?? "minimal", directory });
    const here = relative("", directory) === "";
    await writeOutput(
      `${directory}: ${files.join(", ")}\n` +
        `Build and run it:${here ? "" : `\n    cd ${quote(directory)}`}\n    wasm-bpf build\n    ${runLine(directory)}\n`,
    );
    return 0;
  });
}

/** How the project's README runs it: with the arguments that its guest needs. */
function runLine(directory: string): string {
  const line = /^ +(sudo wasm-bpf .*)$/m.exec(readFileSync(join(directory, "README.md"), "utf8"))?.[1] ?? "";
  return line.replace(/ +#/, "  #");
}
