import { WasmBpfError } from "../internal/index.ts";
import { ENOSYS } from "../uapi/errno.ts";
import { POLL_IMPORT } from "./abi-v1/index.ts";
import { ABI_V2_MODULE, ABI_V2_OPTIONAL_MODULE } from "./abi-v2/index.ts";
import { engine, type WasmModule } from "./engine.ts";
import { type HostImport, type HostImports, hostImport } from "./host-import.ts";
import { adapt, functionImports, type HostFunction } from "./signature.ts";

/** What a module is instantiated with. */
export type ImportObject = Readonly<Record<string, Readonly<Record<string, HostFunction>>>>;

/**
 * Chooses the host functions a module asks for, with the types it declares.
 *
 * @param guard wraps each function
 * @throws {WasmBpfError} code `ABI_MISMATCH` naming every import that is missing, or the first of another type
 */
export function linkImports(
  bytes: Uint8Array,
  module: WasmModule,
  offered: Readonly<Record<string, HostImports>>,
  guard: (name: string, host: HostImport) => HostFunction,
): ImportObject {
  const missing = engine.Module.imports(module).filter(
    ({ module: from, name, kind }) =>
      kind !== "function" || (from !== ABI_V2_OPTIONAL_MODULE && find(offered, from, name) === undefined),
  );
  if (missing.length > 0) throw missingImports(missing);
  const linked: Record<string, Record<string, HostFunction>> = {};
  for (const declared of functionImports(bytes)) {
    const host =
      find(offered, declared.module, declared.name) ?? absentImport(declared.signature.parameters.length);
    const functions = linked[declared.module] ?? Object.create(null);
    functions[declared.name] = adapt(
      guard(`${declared.module}.${declared.name}`, host),
      host.signature,
      declared,
    );
    linked[declared.module] = functions;
  }
  return linked;
}

function find(
  offered: Readonly<Record<string, HostImports>>,
  module: string,
  name: string,
): HostImport | undefined {
  if (!Object.hasOwn(offered, module)) return undefined;
  const functions = offered[module];
  return functions !== undefined && Object.hasOwn(functions, name) ? functions[name] : undefined;
}

/** What stands for an optional function that this host has not got. */
function absentImport(parameterCount: number): HostImport {
  return hostImport("i".repeat(parameterCount), "i", () => -ENOSYS);
}

function missingImports(missing: readonly { module: string; name: string; kind: string }[]): WasmBpfError {
  const names = missing.map(
    ({ module, name, kind }) => `${module}.${name}${kind === "function" ? "" : ` (${kind})`}`,
  );
  return new WasmBpfError(
    "ABI_MISMATCH",
    `The module imports ${names.join(", ")}, which this host does not have. ${remedyFor(missing)}`,
  );
}

function remedyFor(missing: readonly { module: string; name: string }[]): string {
  const wrapper = missing.find(({ name }) => name === POLL_IMPORT);
  if (wrapper !== undefined) {
    return `If it is a TinyGo guest, run it with --wrapper-module-name ${wrapper.module}.`;
  }
  return missing.some(({ module }) => module === ABI_V2_MODULE)
    ? "It was built by another release of wasm-bpf: build it again with this one, or run it with that one."
    : "Compile it for wasm32-wasi, with nothing imported but WASI preview1 and the functions of wasm_bpf.";
}
