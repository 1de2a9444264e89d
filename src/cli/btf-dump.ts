import type { Btf } from "../btf/index.ts";
import { btfJson, btfRaw, structHeader, vmlinuxHeader } from "../codegen/index.ts";
import { WasmBpfError } from "../internal/index.ts";
import { type CommandLine, runCommand } from "./command.ts";
import { aboutFile } from "./input-file.ts";
import { readBtf } from "./read-btf.ts";
import { writeOutput } from "./verb.ts";

interface DumpRequest {
  readonly file: string;
  readonly format: "c" | "raw" | "json";
  readonly rootIds: readonly number[];
  readonly unsorted: boolean;
}

/** `wasm-bpf btf dump ...` */
export function runBtfDump(args: readonly string[]): Promise<number> {
  return runCommand("btf dump", args, async (line) => {
    const request = parseRequest(line);
    const btf = readBtf(request.file, line.value("base-btf"));
    await writeOutput(aboutFile(request.file, () => dump(btf, request, line.has("portable"))));
    return 0;
  });
}

function dump(btf: Btf, { format, rootIds, unsorted }: DumpRequest, portable: boolean): string {
  for (const id of rootIds) {
    if (id < btf.typeCount) continue;
    throw new WasmBpfError("NOT_FOUND", `there is no type ${id}, only 1 to ${btf.typeCount - 1}`);
  }
  const options = rootIds.length === 0 ? {} : { rootIds };
  if (format === "json") return btfJson(btf, options.rootIds);
  if (format === "raw") return btfRaw(btf, options.rootIds);
  return portable ? structHeader(btf, options) : vmlinuxHeader(btf, { ...options, unsorted });
}

/** Reads bpftool's words `file FILE [format FORMAT [unsorted]] [root_id N]...`; "file" may be left out. */
function parseRequest(line: CommandLine): DumpRequest {
  const words = [...line.words];
  // NB: a file may be called "file" or "format".
  const file = words[0] === "file" && words.length > 1 ? words.splice(0, 2)[1] : words.shift();
  if (file === undefined) throw line.wrong("which file?");
  let format = "raw";
  const rootIds: number[] = [];
  let unsorted = false;
  while (words.length > 0) {
    const key = words.shift();
    if (key === "unsorted" && format === "c") {
      unsorted = true;
      continue;
    }
    const value = words.shift();
    if (value === undefined) throw line.wrong(`${key} needs a value`);
    if (key === "format") format = value;
    else if (key === "root_id") rootIds.push(parseId(line, value));
    else throw line.wrong(`unknown argument "${key}"`);
  }
  if (format !== "c" && format !== "raw") throw line.wrong(`unknown format "${format}"`);
  if (line.has("json") && format === "c") throw line.wrong("format c is no JSON");
  return { file, format: line.has("json") ? "json" : format, rootIds, unsorted };
}

function parseId(line: CommandLine, text: string): number {
  const id = Number(text);
  if (!/^\d+$/.test(text) || id < 1 || id > 0xffffffff) throw line.wrong(`"${text}" is no type id`);
  return id;
}
