import {
  decodeCString,
  readWasmSections,
  type WasmImport,
  wasmCustomSections,
  wasmExports,
  wasmImports,
} from "../../internal/index.ts";
import { embeddedBtfs, type KernelKey } from "../embedded-btf.ts";
import { findObjects } from "../find-objects.ts";
import { inspectObject, type ObjectReport } from "./object-report.ts";

/** Import modules of ABI version 2. */
const ABI_V2: readonly string[] = ["wasm_bpf_2", "wasm_bpf_2_optional"];
/** What the functions with these names are refused without: options of `wasm-bpf run`. */
const OPTIONS: readonly (readonly [imports: RegExp, option: string])[] = [
  [/^wasi_snapshot_preview1\.path_/, "--dir"],
  [/^wasi_snapshot_preview1\.path_(open|filestat_get|readlink)$/, "--allow-read"],
  [/^wasm_bpf_2\w*\.run_start$/, "--allow-run"],
  [/^wasm_bpf_2\w*\.net_socket$/, "--allow-net"],
  [/^wasm_bpf_2\w*\.kernel_(next_id|open_id|pin|unpin|get|task_query|stats|token)$/, "--allow-kernel"],
];
/** Import module of ABI version 1, and of the guests that the host calls back by an export's name. */
const ABI_V1 = "wasm_bpf";
const WASI = "wasi_snapshot_preview1";
const BUILD_INFO = "wasm-bpf.build";
const POLL = "wasm_bpf_buffer_poll";

/** What is in a module and what it can do, found without running it. */
export interface ModuleReport {
  readonly sizeBytes: number;
  /** Version of the guest ABI that it is written for, the higher one of two; `undefined` when it imports nothing of it. */
  readonly abiVersion: number | undefined;
  /** Names of what it imports, by import module. */
  readonly imports: Readonly<Record<string, readonly string[]>>;
  /** Options of `wasm-bpf run` without which something that it imports is refused: what it could ask for. */
  readonly options: readonly string[];
  /** It can use files, the clock and the like, as far as the host lets it. */
  readonly usesWasi: boolean;
  readonly exports: readonly string[];
  /** Custom sections by name, sizes in bytes. */
  readonly customSections: Readonly<Record<string, number>>;
  /** What its builder says of it, see `docs/module.md`: a label, not a proof. */
  readonly build?: unknown;
  /** Kernels whose types it carries, for when they have no BTF themselves. */
  readonly kernels: readonly (KernelKey & { readonly sizeBytes: number })[];
  /** BPF objects in its memory. None does not mean that it loads none: it may keep them compressed. */
  readonly objects: readonly EmbeddedObjectReport[];
}

/** A BPF object inside a module. */
export interface EmbeddedObjectReport extends ObjectReport {
  /** Address in the guest's memory; `undefined` when the guest places it. */
  readonly address: number | undefined;
}

/**
 * Describes a module and every BPF object that it carries.
 *
 * @throws {MalformedInputError} when the module or an object in it is damaged.
 */
export function inspectModule(bytes: Uint8Array): ModuleReport {
  const imports = wasmImports(bytes);
  const byModule = new Map<string, string[]>();
  for (const { module, name } of imports) byModule.set(module, [...(byModule.get(module) ?? []), name]);
  const build = buildInfo(bytes);
  return {
    sizeBytes: bytes.length,
    abiVersion: imports.some(({ module }) => ABI_V2.includes(module))
      ? 2
      : imports.some(isVersion1)
        ? 1
        : undefined,
    options: OPTIONS.filter(([pattern]) =>
      imports.some(({ module, name }) => pattern.test(`${module}.${name}`)),
    ).map(([, option]) => option),
    imports: Object.fromEntries(byModule),
    usesWasi: byModule.has(WASI),
    exports: wasmExports(bytes),
    customSections: Object.fromEntries(
      readWasmSections(bytes)
        .filter(({ id }) => id === 0)
        .map(({ name, payload }) => [name, payload.length]),
    ),
    ...(build === undefined ? {} : { build }),
    kernels: embeddedBtfs(bytes).map(({ release, machine, btf }) => ({
      release,
      machine,
      sizeBytes: btf.length,
    })),
    objects: findObjects(bytes).map(({ address, bytes: object }) => ({ address, ...inspectObject(object) })),
  };
}

/** TinyGo guests import the poll function from a module with a name of their own. */
function isVersion1({ module, name }: WasmImport): boolean {
  return module === ABI_V1 || name === POLL;
}

function buildInfo(module: Uint8Array): unknown {
  const [section] = wasmCustomSections(module, BUILD_INFO);
  if (section === undefined) return undefined;
  try {
    return JSON.parse(decodeCString(section));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
