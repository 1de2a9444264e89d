import type { Btf } from "../btf/index.ts";
import { skeletonHeader, skeletonJson, skeletonName, typescriptSkeleton } from "../codegen/index.ts";
import { parseObject } from "../object/index.ts";
import { type CommandLine, runCommand, runNoun } from "./command.ts";
import { aboutFile, checkHeader, readInput } from "./input-file.ts";
import { readBtf } from "./read-btf.ts";
import { writeOutput } from "./verb.ts";

/** `wasm-bpf gen ...` */
export function runGen(args: readonly string[]): Promise<number> {
  return runNoun("gen", args, {
    skeleton: runGenSkeleton,
    bindings: async (rest) => (await import("./gen-bindings.ts")).runGenBindings(rest),
    header: async (rest) => (await import("./gen-bindings.ts")).runGenHeader(rest),
    object: async (rest) => (await import("./gen-object.ts")).runGenObject(rest),
    min_core_btf: async (rest) => (await import("./gen-min-core-btf.ts")).runGenMinCoreBtf(rest),
  });
}

function runGenSkeleton(args: readonly string[]): Promise<number> {
  return runCommand("gen skeleton", args, async (line) => {
    const [file = "", keyword, named] = line.atMost(3, 1, "which object file?");
    if (keyword !== undefined && (keyword !== "name" || named === undefined)) {
      throw line.wrong(keyword === "name" ? "name needs a value" : `"${keyword}" is too much`);
    }
    if (named !== undefined && !/^[A-Za-z_][A-Za-z0-9_]*$/.test(named)) {
      throw line.wrong(`"${named}" is not a C identifier`);
    }
    const format = line.has("json") ? "json" : (line.oneOf("format", ["c", "json", "ts"]) ?? "c");
    if (format !== "ts" && (line.has("types") || line.has("event"))) {
      throw line.wrong("--types and --event go with --format ts");
    }
    const events = Object.fromEntries(line.values("event").map((text) => eventType(line, text)));
    const name = named ?? skeletonName(file);
    const bytes = readInput(file);
    const types: Btf[] = [];
    for (const source of line.values("types")) types.push(await readTypes(source));
    const text = aboutFile(file, () => {
      const spec = parseObject(bytes, { name });
      if (format === "ts") return typescriptSkeleton(spec, bytes, { name, events, types });
      return format === "json" ? skeletonJson(spec, { name }) : skeletonHeader(spec, bytes, { name });
    });
    await writeOutput(text);
    return 0;
  });
}

/** `MAP=TYPE` */
function eventType(line: CommandLine, text: string): [map: string, type: string] {
  const [, map, type] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (map === undefined || type === undefined) throw line.wrong(`"${text}" is not MAP=TYPE`);
  return [map, type];
}

/** Types of a C header, or of whatever else has BTF. */
async function readTypes(path: string): Promise<Btf> {
  if (!path.endsWith(".h")) return readBtf(path);
  checkHeader(path);
  const { headerTypes } = await import("../toolchain/index.ts");
  return (await headerTypes(path, { diagnostics: (text) => process.stderr.write(text) })).btf;
}
