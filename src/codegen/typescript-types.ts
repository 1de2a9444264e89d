import { toIdentifier } from "./identifier.ts";
import type { EnumShape, FieldShape, IntegerShape, RecordShape, Shape } from "./shapes.ts";
import { HELPERS } from "./typescript-helpers.ts";
import { UniqueNames } from "./unique-names.ts";

/** What a definition cannot be called: words of the language, names of its types, globals that are used. */
const RESERVED: readonly string[] = [
  ...["any", "arguments", "as", "async", "await", "bigint", "boolean", "break", "case", "catch", "class"],
  ...["const", "continue", "debugger", "default", "delete", "do", "else", "enum", "eval", "export"],
  ...["extends", "false", "finally", "for", "function", "if", "implements", "import", "in", "infer"],
  ...["instanceof", "interface", "is", "keyof", "let", "never", "new", "null", "number", "object", "of"],
  ...["package", "private", "protected", "public", "readonly", "return", "static", "string", "super"],
  ...["switch", "symbol", "this", "throw", "true", "try", "type", "typeof", "undefined", "unique"],
  ...["unknown", "using", "var", "void", "while", "with", "yield"],
  ...["Array", "BigInt", "DataView", "Disposable", "Iterable", "JSON", "Math", "Number", "Object"],
  ...["RangeError", "Readonly", "Record", "String", "Symbol", "TextDecoder", "TextEncoder", "TypeError"],
  "Uint8Array",
];

/** Fields with their names in TypeScript. */
type Fields = readonly (readonly [key: string, field: FieldShape])[];

/** Writes types of a BTF as TypeScript: interfaces, and functions that read and write their bytes. */
export class TypeScriptTypes {
  readonly #names: UniqueNames;
  readonly #recordNames = new Map<RecordShape, string>();
  readonly #functionNames = new Map<string, string>();
  readonly #enumNames = new Map<EnumShape, string>();
  readonly #json: boolean;

  /** @param reserved further names that definitions cannot have */
  constructor(options: { readonly json: boolean; readonly reserved?: readonly string[] }) {
    this.#json = options.json;
    this.#names = new UniqueNames([...RESERVED, ...Object.keys(HELPERS), ...(options.reserved ?? [])]);
  }

  /** Names all records and those inside them; `hint` names an anonymous one. */
  name(record: RecordShape, hint: string): string {
    const known = this.#recordNames.get(record);
    if (known !== undefined) return known;
    const name = this.#names.take(toIdentifier(record.name === "" ? hint : record.name));
    this.#recordNames.set(record, name);
    for (const field of record.fields) {
      for (const inner of recordsIn(field.shape)) this.name(inner, `${name}__${field.name}`);
    }
    return name;
  }

  /** A name for something else of the generated file. */
  take(name: string): string {
    return this.#names.take(toIdentifier(name));
  }

  /** Definitions of all records that were named, and of `enums`. */
  definitions(enums: readonly EnumShape[]): string[] {
    const named = enums.map((shape) => this.#enumeration(shape));
    return [...named, ...[...this.#recordNames.keys()].map((record) => this.#record(record))];
  }

  /** Type of decoded values. */
  type(shape: Shape): string {
    switch (shape.kind) {
      case "integer": {
        if (shape.meaning === "bool") return "boolean";
        if (shape.enumeration !== undefined && shape.enumeration.name !== "") {
          return this.#enumName(shape.enumeration);
        }
        return shape.sizeBytes > 4 ? "bigint" : "number";
      }
      case "float":
        return "number";
      case "bytes":
        return "Uint8Array";
      case "list":
        return `${this.type(shape.element)}[]`;
      case "record":
        return this.name(shape.record, "anonymous");
    }
  }

  /** An expression that is the codec of a shape; `name` is what C calls the type. */
  codec(shape: Shape, sizeBytes: number, name: string): string {
    if (shape.kind === "record") return this.name(shape.record, "anonymous");
    const read = this.read(shape, "at");
    const write = this.write(shape, "at", "value", JSON.stringify(name));
    return `codec<${this.type(shape)}>(${JSON.stringify(name)}, ${sizeBytes}, ${alignment(shape)}, (view, at) => ${read}, (view, at, value) => ${inBraces(write)})`;
  }

  /** An expression for the value at the byte offset `at` of `view`. */
  read(shape: Shape, at: string, end?: string, depth = 0): string {
    switch (shape.kind) {
      case "integer":
        return readInteger(shape, at);
      case "float":
        return `view.getFloat${shape.sizeBytes * 8}(${at}, true)`;
      case "bytes":
        return `getBytes(view, ${at}, ${shape.length ?? `Math.max(0, ${end} - (${at}))`})`;
      case "list": {
        const index = `i${depth}`;
        const size = shape.elementSizeBytes;
        const element = this.read(shape.element, `${at} + ${index} * ${size}`, undefined, depth + 1);
        const count = shape.length ?? `Math.floor((${end} - (${at})) / ${size})`;
        const body = element.startsWith("{") ? `(${element})` : element;
        return `list(${count}, (${element.includes(index) ? index : ""}) => ${body})`;
      }
      case "record":
        return `${this.#function("read", shape.record)}(view, ${at})`;
    }
  }

  /** A statement that writes `value`; `undefined` writes nothing where `value` is a list or bytes. */
  write(shape: Shape, at: string, value: string, what: string, end?: string, depth = 0): string {
    switch (shape.kind) {
      case "integer":
        return writeInteger(shape, at, value);
      case "float":
        return `view.setFloat${shape.sizeBytes * 8}(${at}, ${value}, true);`;
      case "bytes":
        return `setBytes(${what}, view, ${at}, ${shape.length ?? `${end} - (${at})`}, ${value});`;
      case "list": {
        const size = shape.elementSizeBytes;
        const [item, index] = [`item${depth}`, `i${depth}`];
        const inner = this.write(
          shape.element,
          `${at} + ${index} * ${size}`,
          item,
          what,
          undefined,
          depth + 1,
        );
        const count = shape.length ?? `Math.floor((${end} - (${at})) / ${size})`;
        return `setList(${what}, ${value}, ${count}, (${item}, ${index}) => ${inBraces(inner)});`;
      }
      case "record":
        return `${this.#function("write", shape.record)}(view, ${at}, ${value});`;
    }
  }

  #function(verb: string, record: RecordShape): string {
    const wanted = `${verb}_${this.name(record, "anonymous")}`;
    const known = this.#functionNames.get(wanted);
    if (known !== undefined) return known;
    const name = this.#names.take(wanted);
    this.#functionNames.set(wanted, name);
    return name;
  }

  #enumName(shape: EnumShape): string {
    const known = this.#enumNames.get(shape);
    if (known !== undefined) return known;
    const name = this.#names.take(toIdentifier(shape.name));
    this.#enumNames.set(shape, name);
    return name;
  }

  #enumeration(shape: EnumShape): string {
    const suffix = shape.sizeBytes > 4 ? "n" : "";
    const members = new UniqueNames();
    const entries = shape.values.map(({ name, value }) => [members.take(toIdentifier(name)), value] as const);
    if (shape.name === "") {
      return entries
        .map(([name, value]) => `export const ${this.#names.take(name)} = ${value}${suffix};\n`)
        .join("");
    }
    const name = this.#enumName(shape);
    const lines = entries.map(([key, value]) => `  ${property(key)}: ${value}${suffix},\n`);
    return `/** \`enum ${toIdentifier(shape.name)}\`; other numbers are possible. */
export type ${name} = ${suffix === "" ? "number" : "bigint"};
export const ${name} = {
${lines.join("")}} as const;
`;
  }

  #record(record: RecordShape): string {
    const name = this.name(record, "anonymous");
    const keys = fieldNames(record);
    const fields = record.fields.map((field, i) => [keys[i] ?? "", field] as const);
    const kind = record.union ? "a union, all members show the same bytes" : "a struct";
    const members = fields.map(([key, { shape }]) => `  ${property(key)}: ${this.type(shape)};`);
    const offsets = fields
      .filter(([, { bits }]) => bits === 0)
      .map(([key, { offsetBits }]) => `${property(key)}: ${offsetBits / 8}`);
    const offsetsType = offsets.map((offset) => `readonly ${offset}`).join("; ");
    return [
      `/** ${record.sizeBytes} bytes, ${kind}. */`,
      ...block(`export interface ${name}`, members),
      `export const ${name}: ${this.#json ? "JsonCodec" : "Codec"}<${name}> & { readonly offsets: { ${offsetsType} } } = {`,
      `  ...${this.#codecOf(record, name, fields)},`,
      `  offsets: { ${offsets.join(", ")} },`,
      "};",
      ...this.#accessors(record, name, fields),
      ...(this.#json ? this.#jsonFunctions(record, name, fields) : []),
      "",
    ].join("\n");
  }

  #codecOf(record: RecordShape, name: string, fields: Fields): string {
    const title = JSON.stringify(record.declaration === "" ? name : record.declaration);
    const sizeOf = sizeOfEncoded(record, fields);
    const read = this.#function("read", record);
    const write = this.#function("write", record);
    const functions =
      sizeOf === undefined
        ? `${read}, ${write}`
        : `(view, at) => ${read}(view, at, view.byteLength), (view, at, value) => ${write}(view, at, value, view.byteLength), ${sizeOf}`;
    const plain = `codec<${name}>(${title}, ${record.sizeBytes}, ${record.alignmentBytes}, ${functions})`;
    return this.#json
      ? `jsonCodec(${plain}, ${this.#function("toJson", record)}, ${this.#function("fromJson", record)})`
      : plain;
  }

  #accessors(record: RecordShape, name: string, fields: Fields): string[] {
    const end = sizeOfEncoded(record, fields) === undefined ? "" : `, end = at + ${record.sizeBytes}`;
    // A parameter that nothing uses has to say so.
    const mark = fields.length === 0 ? "_" : "";
    const place = `${mark}view: DataView, ${mark}at: number`;
    const reads = fields.map(([key, field]) => `    ${property(key)}: ${this.#readField(field)},`);
    const writes = fields.map(([key, field]) => {
      return `  ${this.#writeField(field, `value.${key}`, JSON.stringify(`${name}.${key}`))}`;
    });
    return [
      `function ${this.#function("read", record)}(${place}${end}): ${name} {`,
      ...block("  return", reads, ";"),
      "}",
      ...block(
        `function ${this.#function("write", record)}(${place}, ${mark}value: Input<${name}>${end}): void`,
        writes,
      ),
    ];
  }

  #readField({ shape, bits, offsetBits }: FieldShape): string {
    if (bits === 0 || shape.kind !== "integer") return this.read(shape, plus("at", offsetBits / 8), "end");
    const raw = `getBits(view, at * 8 + ${offsetBits}, ${bits}, ${shape.signed})`;
    if (shape.meaning === "bool") return `${raw} !== 0n`;
    return shape.sizeBytes > 4 ? raw : `Number(${raw})`;
  }

  #writeField({ shape, bits, offsetBits }: FieldShape, value: string, what: string): string {
    if (bits > 0) return `setBits(view, at * 8 + ${offsetBits}, ${bits}, ${value});`;
    const statement = this.write(shape, plus("at", offsetBits / 8), value, what, "end");
    const takesUndefined = shape.kind === "list" || shape.kind === "bytes";
    return takesUndefined ? statement : `if (${value} !== undefined) ${statement}`;
  }

  #jsonFunctions(record: RecordShape, name: string, fields: Fields): string[] {
    const written = fields.map(([key, { shape }]) => {
      return `    ${property(key)}: ${this.#toJson(shape, `value.${key}`)},`;
    });
    const read = fields.map(([key, { shape, bits }]) => {
      const value = this.#fromJson(shape, "json", JSON.stringify(`${name}.${key}`), bits);
      return `    ${property(key)}: optional(jsonMember(object, ${JSON.stringify(key)}), (json) => ${value}),`;
    });
    const isEmpty = fields.length === 0;
    return [
      `function ${this.#function("toJson", record)}(${isEmpty ? "_" : ""}value: ${name}): unknown {`,
      ...block("  return", written, ";"),
      "}",
      `function ${this.#function("fromJson", record)}(json: unknown): Input<${name}> {`,
      `  ${isEmpty ? "" : "const object = "}jsonObject(json, ${JSON.stringify(name)});`,
      ...block("  return", read, ";"),
      "}",
    ];
  }

  #toJson(shape: Shape, value: string, depth = 0): string {
    switch (shape.kind) {
      case "integer":
        return shape.sizeBytes > 4 && shape.meaning !== "bool" ? `integerToJson(${value})` : value;
      case "float":
        return `floatToJson(${value})`;
      case "bytes":
        return shape.text ? `textToJson(${value})` : `[...${value}]`;
      case "list": {
        const item = `item${depth}`;
        return `${value}.map((${item}) => ${this.#toJson(shape.element, item, depth + 1)})`;
      }
      case "record":
        return `${this.#function("toJson", shape.record)}(${value})`;
    }
  }

  #fromJson(shape: Shape, json: string, what: string, bits = 0, depth = 0): string {
    switch (shape.kind) {
      case "integer": {
        if (shape.meaning === "bool") return `jsonBoolean(${json}, ${what})`;
        const width = bits === 0 ? shape.sizeBytes * 8 : bits;
        const integer = `jsonInteger(${json}, ${what}, ${width}, ${shape.signed})`;
        return shape.sizeBytes > 4 ? integer : `Number(${integer})`;
      }
      case "float":
        return `jsonFloat(${json}, ${what})`;
      case "bytes":
        return `jsonBytes(${json}, ${what})`;
      case "list": {
        const item = `item${depth}`;
        return `jsonList(${json}, ${what}, (${item}) => ${this.#fromJson(shape.element, item, what, 0, depth + 1)})`;
      }
      case "record":
        return `${this.#function("fromJson", shape.record)}(${json})`;
    }
  }
}

/** Records that a shape contains by value. */
function recordsIn(shape: Shape): RecordShape[] {
  if (shape.kind === "record") return [shape.record];
  return shape.kind === "list" ? recordsIn(shape.element) : [];
}

/** Names of the fields in TypeScript, each one once. */
export function fieldNames(record: RecordShape): string[] {
  const names = new UniqueNames();
  return record.fields.map((field) => names.take(toIdentifier(field.name)));
}

function readInteger({ sizeBytes, signed, meaning }: IntegerShape, at: string): string {
  if (meaning === "bool") return `view.getUint8(${at}) !== 0`;
  if (sizeBytes === 16) return `get128(view, ${at}, ${signed})`;
  const method = `${sizeBytes === 8 ? "Big" : ""}${signed ? "Int" : "Uint"}${sizeBytes * 8}`;
  return `view.get${method}(${at}${sizeBytes === 1 ? "" : ", true"})`;
}

function writeInteger({ sizeBytes, signed, meaning }: IntegerShape, at: string, value: string): string {
  if (meaning === "bool") return `view.setUint8(${at}, ${value} ? 1 : 0);`;
  if (sizeBytes === 16) return `set128(view, ${at}, ${value});`;
  if (sizeBytes === 8) return `view.setBig${signed ? "Int" : "Uint"}64(${at}, BigInt(${value}), true);`;
  const order = sizeBytes === 1 ? "" : ", true";
  return `view.set${signed ? "Int" : "Uint"}${sizeBytes * 8}(${at}, ${value}${order});`;
}

function alignment(shape: Shape): number {
  switch (shape.kind) {
    case "integer":
      return Math.min(8, shape.sizeBytes);
    case "float":
      return shape.sizeBytes;
    case "bytes":
      return 1;
    case "list":
      return alignment(shape.element);
    case "record":
      return shape.record.alignmentBytes;
  }
}

function plus(base: string, offset: number): string {
  return offset === 0 ? base : `${base} + ${offset}`;
}

function inBraces(statement: string): string {
  return `{ ${statement} }`;
}

/** A key of an object literal or interface. */
function property(name: string): string {
  // NB: as a plain key this one would set the prototype.
  return name === "__proto__" ? '["__proto__"]' : name;
}

/** `head {`, the lines, and a brace as deep as the head. */
function block(head: string, lines: readonly string[], end = ""): string[] {
  if (lines.length === 0) return [`${head} {}${end}`];
  return [`${head} {`, ...lines, `${/^ */.exec(head)?.[0] ?? ""}}${end}`];
}

/** A function from what is encoded to its size, for a record that ends with a flexible array. */
function sizeOfEncoded(record: RecordShape, fields: Fields): string | undefined {
  const [key, field] = fields.at(-1) ?? ["", undefined];
  if (field === undefined) return undefined;
  const { shape, offsetBits } = field;
  if ((shape.kind !== "bytes" && shape.kind !== "list") || shape.length !== undefined) return undefined;
  const value = `(value.${key} ?? [])`;
  const tail =
    shape.kind === "bytes" ? `toBytes(${value}).length` : `${value}.length * ${shape.elementSizeBytes}`;
  return `(value) => Math.max(${record.sizeBytes}, ${offsetBits / 8} + ${tail})`;
}
