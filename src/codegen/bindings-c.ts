import type { Btf } from "../btf/index.ts";
import type { BindingsOptions } from "./bindings-ts.ts";
import { toIdentifier } from "./identifier.ts";
import { type IntegerShape, type RecordShape, type Shape, Shapes } from "./shapes.ts";
import { structDefinitions } from "./struct-header.ts";
import { fieldNames } from "./typescript-types.ts";
import { UniqueNames } from "./unique-names.ts";

/** Options of {@link cBindings}. */
export interface CBindingsOptions extends BindingsOptions {
  /** Whose JSON: text without a library (default), or values of the library cJSON. */
  readonly jsonLibrary?: "none" | "cjson";
  /** The command that writes the header, for its first line. */
  readonly generator?: string;
}

/**
 * C definitions with the BPF side's layout on every machine: padding explicit, sizes and offsets asserted. With
 * `json`, functions `NAME__to_json` and `NAME__from_json` (or `_cjson`) of every struct and union; they need
 * `wasm-bpf-json.h` (`wasm-bpf-cjson.h`) of the guest headers.
 *
 * @throws {WasmBpfError} `NOT_SUPPORTED` for a big-endian BTF.
 */
export function cBindings(btf: Btf, options: CBindingsOptions = {}): string {
  const shapes = new Shapes(btf);
  shapes.add(options.rootIds);
  const definitions = structDefinitions(btf, {
    ...(options.rootIds === undefined ? {} : { rootIds: options.rootIds }),
    assertOffsets: true,
    generator: options.generator ?? "wasm-bpf gen bindings",
  });
  if (options.json !== true) return definitions.header;
  const tables = new JsonTables(
    options.jsonLibrary === "cjson",
    toIdentifier(shapes.records[0]?.name ?? "wasm_bpf"),
  );
  for (const record of shapes.records) {
    const declaration = definitions.declarationOf(record.typeId);
    if (declaration !== undefined) tables.functions(record, declaration);
  }
  return `${definitions.header}
${tables.text()}`;
}

/** Tables that describe records to the functions of `wasm-bpf-json.h`. */
class JsonTables {
  readonly #cjson: boolean;
  /** Keeps the tables of two headers in one source apart. */
  readonly #prefix: string;
  readonly #names = new UniqueNames();
  readonly #records = new Map<RecordShape, string>();
  /** Tables of everything else by what is in them. */
  readonly #shared = new Map<string, string>();
  readonly #blocks: string[] = [];
  #floats = false;

  constructor(cjson: boolean, prefix: string) {
    this.#cjson = cjson;
    this.#prefix = prefix;
  }

  text(): string {
    const header = this.#cjson
      ? ["#ifndef cJSON__h", "#include <cjson/cJSON.h>", "#endif", '#include "wasm-bpf-cjson.h"']
      : ['#include "wasm-bpf-json.h"'];
    const floats = this.#floats
      ? ["#ifndef WASM_BPF_JSON_FLOATS", "#define WASM_BPF_JSON_FLOATS", "#endif"]
      : [];
    return [...floats, ...header, "", ...this.#blocks, ""].join("\n");
  }

  /** Adds the functions of a record that is declared as `declaration` in C. */
  functions(record: RecordShape, declaration: string): void {
    const table = this.#record(record);
    const name = this.#names.take(toIdentifier(declaration.replace(/^(struct|union) /, "")));
    if (this.#cjson) {
      this.#blocks.push(`
/* A value that the caller deletes; NULL when the record is short or memory is. */
static inline cJSON *${name}__to_cjson(const ${declaration} *record, size_t size)
{
	return wasm_bpf_cjson_to_value(&${table}, record, size);
}

/* The size of the record; -EINVAL, -ERANGE or -E2BIG when it cannot hold the value. */
static inline int ${name}__from_cjson(${declaration} *record, size_t size, const cJSON *json)
{
	return wasm_bpf_cjson_from_value(&${table}, record, size, json);
}`);
      return;
    }
    this.#blocks.push(`
/* The length of the JSON, of which at most text_size bytes are stored; -EINVAL for a short record. */
static inline int ${name}__to_json(const ${declaration} *record, size_t size, char *text, size_t text_size)
{
	return wasm_bpf_json_to_text(&${table}, record, size, text, text_size);
}

/* The size of the record; -EINVAL, -ERANGE or -E2BIG when it cannot hold the value. */
static inline int ${name}__from_json(${declaration} *record, size_t size, const char *text)
{
	return wasm_bpf_json_from_text(&${table}, record, size, text);
}`);
  }

  #record(record: RecordShape): string {
    const known = this.#records.get(record);
    if (known !== undefined) return known;
    const keys = fieldNames(record);
    const fields = record.fields.map((field, i) => {
      return `\t{ "${keys[i] ?? ""}", &${this.#table(field.shape)}, ${field.offsetBits}, ${field.bits} },\n`;
    });
    const name = this.#names.take(`${toIdentifier(record.name === "" ? "anonymous" : record.name)}__json`);
    this.#records.set(record, name);
    if (fields.length > 0) {
      this.#blocks.push(`static const struct wasm_bpf_json_field ${name}_fields[] = {\n${fields.join("")}};`);
    }
    const members = fields.length === 0 ? "NULL" : `${name}_fields`;
    this.#define(name, `WASM_BPF_JSON_RECORD, ${record.sizeBytes}, ${fields.length}, NULL, ${members}`);
    return name;
  }

  #table(shape: Shape): string {
    if (shape.kind === "record") return this.#record(shape.record);
    if (shape.kind === "float") this.#floats = true;
    const content = this.#content(shape);
    const known = this.#shared.get(content);
    if (known !== undefined) return known;
    const name = this.#names.take(`${this.#prefix}__json_type`);
    this.#shared.set(content, name);
    this.#define(name, content);
    return name;
  }

  #content(shape: Exclude<Shape, { kind: "record" }>): string {
    const count = (length: number | undefined): string => `${length ?? "WASM_BPF_JSON_TO_END"}`;
    switch (shape.kind) {
      case "integer":
        return `${integerKind(shape)}, ${shape.sizeBytes}, 0, NULL, NULL`;
      case "float":
        return `WASM_BPF_JSON_FLOAT, ${shape.sizeBytes}, 0, NULL, NULL`;
      case "bytes":
        return `WASM_BPF_JSON_${shape.text ? "TEXT" : "BYTES"}, 1, ${count(shape.length)}, NULL, NULL`;
      case "list": {
        const element = this.#table(shape.element);
        return `WASM_BPF_JSON_LIST, ${shape.elementSizeBytes}, ${count(shape.length)}, &${element}, NULL`;
      }
    }
  }

  #define(name: string, content: string): void {
    this.#blocks.push(
      `static const struct wasm_bpf_json_type ${name} __attribute__((unused)) = { ${content} };`,
    );
  }
}

function integerKind(shape: IntegerShape): string {
  if (shape.meaning === "bool") return "WASM_BPF_JSON_BOOL";
  return shape.signed ? "WASM_BPF_JSON_SIGNED" : "WASM_BPF_JSON_UNSIGNED";
}
