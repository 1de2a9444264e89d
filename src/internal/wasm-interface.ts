import { MalformedInputError } from "./errors.ts";
import { readWasmSections, WasmReader } from "./wasm-binary.ts";

const IMPORT = 2;
const EXPORT = 7;

/** What a module can import or export, by its number in the format. */
const KINDS = ["function", "table", "memory", "global", "tag"] as const;

/** Something a module needs from its host. */
export interface WasmImport {
  readonly module: string;
  readonly name: string;
  readonly kind: (typeof KINDS)[number];
}

/**
 * What a module imports, in its order.
 *
 * @throws {MalformedInputError} when the module or its import section is damaged.
 */
export function wasmImports(module: Uint8Array): WasmImport[] {
  return entries(module, IMPORT, (reader) => {
    const from = reader.text("module name");
    const name = reader.text("import name");
    const kind = kindAt(reader);
    if (kind === "table") reader.byte("element type");
    if (kind === "global") {
      reader.byte("value type");
      reader.byte("mutability");
    } else if (kind === "table" || kind === "memory") {
      const flags = reader.byte("limits");
      reader.skip("minimum");
      if ((flags & 1) !== 0) reader.skip("maximum");
    } else {
      if (kind === "tag") reader.byte("attribute");
      reader.skip("type index");
    }
    return { module: from, name, kind };
  });
}

/** Names of what a module exports, in its order. @throws {MalformedInputError} when the module is damaged. */
export function wasmExports(module: Uint8Array): string[] {
  return entries(module, EXPORT, (reader) => {
    const name = reader.text("export name");
    kindAt(reader);
    reader.skip("index");
    return name;
  });
}

function entries<T>(module: Uint8Array, id: number, read: (reader: WasmReader) => T): T[] {
  const section = readWasmSections(module).find((candidate) => candidate.id === id);
  if (section === undefined) return [];
  const reader = new WasmReader(section.payload, id === IMPORT ? "import section" : "export section");
  const count = reader.u32("count");
  const found: T[] = [];
  for (let i = 0; i < count; i++) found.push(read(reader));
  return found;
}

function kindAt(reader: WasmReader): (typeof KINDS)[number] {
  const number = reader.byte("kind");
  const kind = KINDS[number];
  if (kind === undefined) throw new MalformedInputError(`kind ${number} of an import or export is not known`);
  return kind;
}
