import type { Btf } from "../btf/index.ts";
import { cBindings, jsonSchema, typescriptBindings } from "../codegen/index.ts";
import { WasmBpfError } from "../internal/index.ts";
import { type CommandLine, runCommand } from "./command.ts";
import { aboutFile, checkHeader } from "./input-file.ts";
import { readBtf } from "./read-btf.ts";
import { writeOutput } from "./verb.ts";

/** `wasm-bpf gen bindings FILE` */
export function runGenBindings(args: readonly string[]): Promise<number> {
  return runCommand("gen bindings", args, async (line) => {
    const [file = ""] = line.atMost(1, 1, "which file?");
    const write = bindingsWriter(line);
    const btf = readBtf(file, line.value("base-btf"));
    await writeOutput(aboutFile(file, () => write(btf, undefined)));
    return 0;
  });
}

/** `wasm-bpf gen header HEADER.h` */
export function runGenHeader(args: readonly string[]): Promise<number> {
  return runCommand("gen header", args, async (line) => {
    const [file = ""] = line.atMost(1, 1, "which header?");
    const write = bindingsWriter(line);
    checkHeader(file);
    const { headerTypes } = await import("../toolchain/index.ts");
    const { btf, rootIds, macros } = await headerTypes(file, {
      includePaths: line.values("include-path"),
      defines: line.values("define"),
      diagnostics: (text) => process.stderr.write(text),
    });
    let text = aboutFile(file, () => write(btf, rootIds));
    // Macros after the types, whose members they could rename.
    if ((line.value("lang") ?? "c") === "c" && line.value("type") === undefined) {
      text += macros;
    }
    await writeOutput(text);
    return 0;
  });
}

type Writer = (btf: Btf, rootIds: readonly number[] | undefined) => string;

/** What the options of a command ask for. */
function bindingsWriter(line: CommandLine): Writer {
  const language = line.oneOf("lang", ["c", "ts", "json-schema"]) ?? "c";
  const library = line.oneOf("json-library", ["none", "cjson"]);
  const json = line.has("json") || library !== undefined;
  if (library !== undefined && language !== "c") throw line.wrong("--json-library goes with --lang c");
  const names = line.values("type");
  return (btf, rootIds) => {
    const ids = names.length === 0 ? rootIds : names.flatMap((name) => findTypes(btf, name));
    const options = { json, ...(ids === undefined ? {} : { rootIds: ids }) };
    if (language === "ts") return typescriptBindings(btf, options);
    if (language === "json-schema") return jsonSchema(btf, options);
    const generator = `wasm-bpf ${line.spec.name}`;
    return cBindings(btf, { ...options, jsonLibrary: library ?? "none", generator });
  };
}

/** Types called `struct NAME`, `union NAME`, `enum NAME`, or NAME for any of them and for typedefs. */
function findTypes(btf: Btf, name: string): number[] {
  const [, keyword, plain = name] = /^(struct|union|enum) +(.+)$/.exec(name) ?? [];
  const kinds =
    keyword === undefined ? ["struct", "union", "enum", "enum64", "typedef"] : [keyword, `${keyword}64`];
  const ids = btf.findAll(plain).filter((id) => kinds.includes(btf.kind(id)));
  if (ids.length === 0) throw new WasmBpfError("NOT_FOUND", `there is no type "${name}"`);
  // A typedef beside a struct of the same name is the same type.
  const first = ids.find((id) => btf.kind(id) !== "typedef") ?? ids[0];
  return first === undefined ? [] : [first];
}
