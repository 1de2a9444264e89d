import { runModule } from "../host/index.ts";
import { WasmBpfError } from "../internal/index.ts";
import { nearest } from "./args.ts";
import { aboutFile, readInput, readStandardInput } from "./input-file.ts";
import { parseRunArguments, type RunArguments } from "./run-options.ts";

/** `wasm-bpf [run] [options] MODULE [guest arguments]` */
export async function runRun(args: string[]): Promise<number> {
  const parsed = parseRunArguments(args);
  if (parsed.wants !== "run") {
    const { helpText, versionText } = await import("./help.ts");
    const { writeOutput } = await import("./verb.ts");
    await writeOutput(parsed.wants === "help" ? helpText() : versionText());
    return 0;
  }
  const bytes = await readModule(parsed);
  const { btfPath } = parsed;
  const kernelBtf = btfPath === undefined ? {} : { kernelBtf: await readKernelBtf(btfPath) };
  return aboutFile(parsed.module === "-" ? "standard input" : parsed.module, () =>
    runModule(bytes, {
      args: parsed.guestArgs,
      environment: parsed.environment,
      preopens: parsed.preopens,
      permissions: parsed.permissions,
      verbose: parsed.verbose,
      ...kernelBtf,
      handlesSignals: true,
      ...(parsed.wrapperModuleName === undefined ? {} : { wrapperModuleName: parsed.wrapperModuleName }),
      ...(parsed.callbackExportName === undefined ? {} : { callbackExportName: parsed.callbackExportName }),
    }),
  );
}

async function readKernelBtf(path: string): Promise<Uint8Array> {
  const { readBtf } = await import("./read-btf.ts");
  return readBtf(path).raw;
}

async function readModule({ module }: RunArguments): Promise<Uint8Array> {
  if (module === "-") return readStandardInput();
  try {
    return readInput(module);
  } catch (error) {
    const { verbs } = await import("./commands.ts");
    const verb = module.includes("/") ? undefined : nearest(module, verbs());
    if (!(error instanceof WasmBpfError) || verb === undefined) throw error;
    throw new WasmBpfError(error.code, `${error.message}. Did you mean the command "${verb}"?`, {
      cause: error,
    });
  }
}
