import type { Btf } from "../btf/index.ts";
import { WasmBpfError } from "../internal/index.ts";
import { parseObject } from "../object/index.ts";
import { type CDefinition, type PreprocessedC, scanPreprocessed } from "./c-definitions.ts";
import { runTool, textOf } from "./run-tool.ts";

/** How a translation unit is compiled: the compiler, and every option but what to make of it. */
export interface CompileCommand {
  readonly clang: string;
  readonly options: readonly string[];
  /** The source as the compiler is given it. */
  readonly source: string;
  readonly directory: string;
  /** Ends the compiler. */
  readonly signal?: AbortSignal | undefined;
}

/** BTF with these definitions, and the id of each one in their order. */
export interface ProbedTypes {
  readonly btf: Btf;
  readonly ids: ReadonlyMap<CDefinition, number>;
}

const PROBE = "wasm_bpf_probe_";

/**
 * Runs only the preprocessor.
 *
 * @returns `undefined` when the source cannot be preprocessed; `diagnostics` gets what the compiler printed
 */
export async function preprocess(
  command: CompileCommand,
  diagnostics?: (text: string) => void,
  wanted?: (file: string) => boolean,
): Promise<PreprocessedC | undefined> {
  const { clang, options, source, directory, signal } = command;
  const args = [...options, "-E", "-dD", source];
  const { status, stdout, stderr } = await runTool(clang, args, directory, { signal });
  if (stderr !== "") diagnostics?.(stderr);
  return status === 0 ? scanPreprocessed(textOf(stdout), wanted) : undefined;
}

/**
 * Types as the BPF machine lays them out, whether the source uses them or not: the compiler writes only those into
 * BTF that something has, so something gets them.
 *
 * @param command compiles for BPF
 * @returns `undefined` when the source cannot be compiled
 */
export async function probeBpfTypes(
  command: CompileCommand,
  source: PreprocessedC,
  definitions: readonly CDefinition[],
  diagnostics?: (text: string) => void,
): Promise<ProbedTypes | undefined> {
  const uses = definitions.map(({ declaration }, i) => `${declaration} *${PROBE}${i};`);
  const object = await compileProbe(
    command,
    ["-g", "-O1"],
    `${source.text}\n${uses.join("\n")}\n`,
    diagnostics,
  );
  if (object === undefined) return undefined;
  const { btf } = parseObject(object);
  if (btf === undefined) throw new WasmBpfError("TOOLCHAIN", `${command.clang} wrote no BTF`);
  const ids = new Map<CDefinition, number>();
  definitions.forEach((definition, i) => {
    const variable = btf.find(`${PROBE}${i}`, "var");
    const type = variable === undefined ? undefined : btf.type(variable);
    const pointer = type?.kind === "var" ? btf.type(btf.skipModifiers(type.type)) : undefined;
    // A pointer to void (id 0) is what a compiler makes of something it does not know.
    if (pointer?.kind === "ptr" && pointer.type !== 0) ids.set(definition, pointer.type);
  });
  return { btf, ids };
}

/** Compiles preprocessed text; `undefined` when the compiler refuses it. */
export async function compileProbe(
  command: CompileCommand,
  extra: readonly string[],
  text: string,
  diagnostics?: (text: string) => void,
): Promise<Uint8Array | undefined> {
  const args = ["-Qunused-arguments", ...command.options, "-x", "cpp-output", ...extra];
  args.push("-c", "-", "-o", "-");
  const { clang, directory, signal } = command;
  const { status, stdout, stderr } = await runTool(clang, args, directory, { input: text, signal });
  if (stderr !== "") diagnostics?.(stderr);
  return status === 0 ? stdout : undefined;
}
