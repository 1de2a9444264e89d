import type { Btf } from "../btf/index.ts";
import type { BindingsOptions } from "./bindings-ts.ts";
import { toIdentifier } from "./identifier.ts";
import { type FieldShape, type RecordShape, type Shape, Shapes } from "./shapes.ts";
import { fieldNames } from "./typescript-types.ts";
import { UniqueNames } from "./unique-names.ts";

type Schema = Readonly<Record<string, unknown>>;

/** Largest integer that every JSON reader keeps exactly. */
const MAX_SAFE = 2n ** 53n - 1n;

/**
 * JSON schema (draft 2020-12) of what the JSON functions of the bindings write: one definition for every struct and
 * union. With exactly one root type the schema is that of the type.
 *
 * @throws {WasmBpfError} `NOT_SUPPORTED` for a big-endian BTF.
 */
export function jsonSchema(btf: Btf, options: BindingsOptions = {}): string {
  const shapes = new Shapes(btf);
  shapes.add(options.rootIds);
  const names = new Map<RecordShape, string>();
  const unique = new UniqueNames();
  for (const record of shapes.records) names.set(record, unique.take(toIdentifier(record.name)));
  const definitions = shapes.records.map((record) => [names.get(record), recordSchema(record, names)]);
  const [rootId] = options.rootIds ?? [];
  const root =
    options.rootIds?.length === 1 && rootId !== undefined ? shapeSchema(shapes.of(rootId), names) : {};
  const schema = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    ...root,
    $defs: Object.fromEntries(definitions),
  };
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}

function recordSchema(record: RecordShape, names: ReadonlyMap<RecordShape, string>): Schema {
  const keys = fieldNames(record);
  const properties = record.fields.map((field, i) => [keys[i], fieldSchema(field, names)]);
  return {
    ...(record.declaration === "" ? {} : { title: record.declaration }),
    type: "object",
    // NB: a member called __proto__ is a property like any other.
    properties: Object.fromEntries(properties),
    ...(record.union ? {} : { required: requiredKeys(record, keys) }),
  };
}

/** Members that share bytes with another one, those of a union inside, may be left out. */
function requiredKeys(record: RecordShape, keys: readonly string[]): string[] {
  const ranges = record.fields.map(({ offsetBits, bits, shape }) => {
    return { start: offsetBits, end: offsetBits + (bits === 0 ? 8 * sizeOf(shape) : bits) };
  });
  return keys.filter((_, i) => {
    const own = ranges[i];
    return !ranges.some(
      (other, j) => own !== undefined && i !== j && own.start < other.end && other.start < own.end,
    );
  });
}

function sizeOf(shape: Shape): number {
  switch (shape.kind) {
    case "integer":
    case "float":
      return shape.sizeBytes;
    case "bytes":
      return shape.length ?? 0;
    case "list":
      return shape.elementSizeBytes * (shape.length ?? 0);
    case "record":
      return shape.record.sizeBytes;
  }
}

function fieldSchema({ shape, bits }: FieldShape, names: ReadonlyMap<RecordShape, string>): Schema {
  if (bits === 0 || shape.kind !== "integer" || shape.meaning === "bool") return shapeSchema(shape, names);
  return integerSchema(bits, shape.signed);
}

function shapeSchema(shape: Shape, names: ReadonlyMap<RecordShape, string>): Schema {
  switch (shape.kind) {
    case "integer": {
      if (shape.meaning === "bool") return { type: "boolean" };
      const schema = integerSchema(shape.sizeBytes * 8, shape.signed);
      const { enumeration } = shape;
      return enumeration === undefined
        ? schema
        : { ...schema, description: `enum ${toIdentifier(enumeration.name)}` };
    }
    case "float":
      return { anyOf: [{ type: "number" }, { enum: ["NaN", "Infinity", "-Infinity"] }] };
    case "bytes": {
      const list = listSchema({ type: "integer", minimum: 0, maximum: 255 }, shape.length);
      return shape.text ? { anyOf: [{ type: "string" }, list] } : list;
    }
    case "list":
      return listSchema(shapeSchema(shape.element, names), shape.length);
    case "record": {
      const name = names.get(shape.record);
      return name === undefined ? recordSchema(shape.record, names) : { $ref: `#/$defs/${name}` };
    }
  }
}

function listSchema(items: Schema, length: number | undefined): Schema {
  return { type: "array", items, ...(length === undefined ? {} : { maxItems: length }) };
}

function integerSchema(bits: number, signed: boolean): Schema {
  const minimum = signed ? -(2n ** BigInt(bits - 1)) : 0n;
  const maximum = 2n ** BigInt(signed ? bits - 1 : bits) - 1n;
  const safe = { minimum: Number(minimum < -MAX_SAFE ? -MAX_SAFE : minimum), maximum: Number(maximum) };
  if (maximum <= MAX_SAFE) return { type: "integer", ...safe };
  return {
    anyOf: [
      { type: "integer", ...safe, maximum: Number(MAX_SAFE) },
      { type: "string", pattern: signed ? "^-?[0-9]+$" : "^[0-9]+$" },
    ],
  };
}
