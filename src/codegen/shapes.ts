import {
  type Btf,
  type BtfComposite,
  type BtfEnum,
  type BtfMember,
  type BtfType,
  isComposite,
  isEnum,
} from "../btf/index.ts";
import { MalformedInputError, WasmBpfError } from "../internal/index.ts";
import { toIdentifier, writtenName } from "./identifier.ts";
import { PortableTypes } from "./portable-types.ts";

/** How a value looks to code that is not C: everything a reader or writer of its bytes has to know. */
export type Shape = IntegerShape | FloatShape | BytesShape | ListShape | RecordReference;

export interface IntegerShape {
  readonly kind: "integer";
  /** 1, 2, 4, 8 or 16. */
  readonly sizeBytes: number;
  readonly signed: boolean;
  readonly meaning: "number" | "bool" | "pointer" | "enum";
  /** The named enum it is of. */
  readonly enumeration?: EnumShape;
}

export interface FloatShape {
  readonly kind: "float";
  /** 4 or 8. */
  readonly sizeBytes: number;
}

/** Bytes in a row: an array of `char` (text) or `unsigned char`, or a number of a size no language has. */
export interface BytesShape {
  readonly kind: "bytes";
  /** `undefined`: to the end of the record. */
  readonly length: number | undefined;
  readonly text: boolean;
}

export interface ListShape {
  readonly kind: "list";
  readonly element: Shape;
  readonly elementSizeBytes: number;
  /** `undefined`: to the end of the record. */
  readonly length: number | undefined;
}

export interface RecordReference {
  readonly kind: "record";
  readonly record: RecordShape;
}

/** A struct or union. */
export interface RecordShape {
  readonly typeId: number;
  readonly union: boolean;
  /** Name in C without `struct`; "" when it is anonymous. */
  readonly name: string;
  /** As C declares a variable of it: `struct event`, `event_t`; "" when it is anonymous. */
  readonly declaration: string;
  readonly sizeBytes: number;
  readonly alignmentBytes: number;
  /** Members of anonymous members are among them, as in C. */
  readonly fields: readonly FieldShape[];
}

export interface FieldShape {
  readonly name: string;
  readonly offsetBits: number;
  /** Width of a bit-field, 0 when it is none. */
  readonly bits: number;
  readonly shape: Shape;
}

export interface EnumShape {
  readonly typeId: number;
  readonly name: string;
  readonly sizeBytes: number;
  readonly values: readonly { readonly name: string; readonly value: bigint }[];
}

/** Deepest nesting of records; more is a cycle. */
const MAX_DEPTH = 64;

/** Fields that all anonymous records may have together, per type of the BTF. */
const MAX_FIELDS_PER_TYPE = 100;

/**
 * Describes types of a BTF for code generators. Named records are described once and shared.
 *
 * @throws {WasmBpfError} `NOT_SUPPORTED` for a big-endian BTF: guests are little-endian.
 */
export class Shapes {
  readonly #btf: Btf;
  readonly #types: PortableTypes;
  readonly #records = new Map<number, RecordShape>();
  readonly #enums = new Map<number, EnumShape>();
  readonly #open = new Set<number>();
  /** Typedef that gives an anonymous type its name. */
  readonly #owners = new Map<number, string>();
  #fields = 0;

  constructor(btf: Btf) {
    if (!btf.littleEndian) {
      throw new WasmBpfError(
        "NOT_SUPPORTED",
        "Cannot make bindings: the types are big-endian, guests are little-endian. Compile with --target=bpfel",
      );
    }
    this.#btf = btf;
    this.#types = new PortableTypes(btf, { enumsAsIntegers: true });
    for (let id = btf.firstId; id < btf.typeCount; id++) {
      if (btf.kind(id) !== "typedef") continue;
      const { type, dimensions } = this.#types.peel(id);
      const anonymous = (isComposite(type) || isEnum(type)) && type.name === "";
      if (anonymous && dimensions.length === 0 && !this.#owners.has(type.id)) {
        this.#owners.set(type.id, btf.name(id));
      }
    }
  }

  /** Records described so far that have a name, each after those it contains. */
  get records(): RecordShape[] {
    return [...this.#records.values()].filter(({ name }) => name !== "");
  }

  /** Enums described so far. */
  get enums(): EnumShape[] {
    return [...this.#enums.values()];
  }

  /** Describes every struct, union and enum of the BTF that has a name, or the types `rootIds`. */
  add(rootIds?: readonly number[]): void {
    if (rootIds !== undefined) {
      for (const id of rootIds) this.of(id);
      return;
    }
    for (let id = this.#btf.firstId; id < this.#btf.typeCount; id++) {
      const type = this.#btf.type(id);
      if (isComposite(type) && this.#nameOf(type) !== "" && type.sizeBytes > 0) this.record(type);
      if (isEnum(type) && type.values.length > 0) this.#enum(type);
    }
  }

  /** Shape of the values of a type. */
  of(typeId: number, depth = 0): Shape {
    const { type, dimensions } = this.#types.peel(typeId);
    const base = this.#base(type, depth);
    const elementSize = dimensions.length === 0 ? 0 : this.#btf.sizeOf(type.id);
    let shape = base;
    let size = elementSize;
    for (const length of [...dimensions].reverse()) {
      shape = array(shape, type, size, length);
      size *= length;
    }
    return shape;
  }

  record(type: BtfComposite, depth = 0): RecordShape {
    const known = this.#records.get(type.id);
    if (known !== undefined) return known;
    if (depth > MAX_DEPTH || this.#open.has(type.id)) {
      throw new MalformedInputError(`type ${type.id} contains itself`);
    }
    this.#open.add(type.id);
    const name = this.#nameOf(type);
    const written = name === "" ? "" : toIdentifier(name);
    const declaration = type.name === "" ? written : `${type.kind} ${written}`;
    const fields = this.#fieldsOf(type, depth);
    const record: RecordShape = {
      typeId: type.id,
      union: type.kind === "union",
      name,
      declaration,
      sizeBytes: type.sizeBytes,
      alignmentBytes: this.#btf.alignOf(type.id),
      fields: type.kind === "struct" ? flexible(fields, type.sizeBytes) : fields,
    };
    this.#open.delete(type.id);
    this.#records.set(type.id, record);
    return record;
  }

  #fieldsOf(type: BtfComposite, depth: number): FieldShape[] {
    const fields: FieldShape[] = [];
    for (const member of type.members) {
      if (++this.#fields > 10_000 + MAX_FIELDS_PER_TYPE * this.#btf.typeCount) {
        throw new MalformedInputError(`type ${type.id} nests anonymous types without end`);
      }
      this.#checkPlace(type, member);
      const { type: inner, dimensions } = this.#types.peel(member.type);
      if (member.name !== "") fields.push(this.#field(member, depth));
      else if (isComposite(inner) && dimensions.length === 0) {
        if (depth > MAX_DEPTH) throw new MalformedInputError(`type ${type.id} contains itself`);
        for (const field of this.#fieldsOf(inner, depth + 1)) {
          fields.push({ ...field, offsetBits: field.offsetBits + member.offsetBits });
        }
      }
    }
    return fields;
  }

  #field(member: BtfMember, depth: number): FieldShape {
    const { name, offsetBits, bitfieldBits: bits } = member;
    return { name, offsetBits, bits, shape: this.of(member.type, depth + 1) };
  }

  #checkPlace(type: BtfComposite, member: BtfMember): void {
    const bits = member.bitfieldBits;
    const base = this.#btf.type(this.#btf.resolve(member.type));
    if (bits > 0 && base.kind !== "int" && !isEnum(base)) throw misplaced(type, member);
    const size = this.#btf.sizeOf(member.type);
    if (bits > size * 8) throw misplaced(type, member);
    const end = member.offsetBits + (bits > 0 ? bits : size * 8);
    if (end > type.sizeBytes * 8 || (bits === 0 && member.offsetBits % 8 !== 0))
      throw misplaced(type, member);
  }

  #base(type: BtfType, depth: number): Shape {
    switch (type.kind) {
      case "int": {
        const { sizeBytes, signed, bool } = type;
        if (![1, 2, 4, 8, 16].includes(sizeBytes)) return { kind: "bytes", length: sizeBytes, text: false };
        const meaning = bool && sizeBytes === 1 ? "bool" : "number";
        return { kind: "integer", sizeBytes, signed: signed && meaning === "number", meaning };
      }
      case "float":
        return type.sizeBytes === 4 || type.sizeBytes === 8
          ? { kind: "float", sizeBytes: type.sizeBytes }
          : { kind: "bytes", length: type.sizeBytes, text: false };
      case "ptr":
        return { kind: "integer", sizeBytes: 8, signed: false, meaning: "pointer" };
      case "enum":
      case "enum64": {
        const { sizeBytes, signed } = type;
        if (![1, 2, 4, 8].includes(sizeBytes)) return { kind: "bytes", length: sizeBytes, text: false };
        const shape = { kind: "integer", sizeBytes, signed, meaning: "enum" } as const;
        const named = this.#nameOf(type) !== "" && type.values.length > 0;
        return named ? { ...shape, enumeration: this.#enum(type) } : shape;
      }
      case "struct":
      case "union":
        return { kind: "record", record: this.record(type, depth) };
      default:
        throw new MalformedInputError(`type ${type.id} is of kind ${type.kind}, which has no size`);
    }
  }

  #enum(type: BtfEnum): EnumShape {
    const known = this.#enums.get(type.id);
    if (known !== undefined) return known;
    const { sizeBytes, values } = type;
    const shape = { typeId: type.id, name: this.#nameOf(type), sizeBytes, values };
    this.#enums.set(type.id, shape);
    return shape;
  }

  #nameOf(type: BtfComposite | BtfEnum): string {
    return writtenName(type.name === "" ? (this.#owners.get(type.id) ?? "") : type.name);
  }
}

/** The innermost arrays of one-byte integers are bytes. */
function array(element: Shape, base: BtfType, elementSizeBytes: number, length: number): Shape {
  const isByte = element.kind === "integer" && element.sizeBytes === 1 && element.meaning === "number";
  if (isByte && base.kind === "int") {
    // NB: plain char is a signed integer of that name; signed char is a number.
    if (base.name === "char") return { kind: "bytes", length, text: true };
    if (!base.signed) return { kind: "bytes", length, text: false };
  }
  return { kind: "list", element, elementSizeBytes, length };
}

/** A last member without elements reaches to the end of the record. */
function flexible(fields: readonly FieldShape[], sizeBytes: number): FieldShape[] {
  const last = fields.at(-1);
  const { shape } = last ?? {};
  if (last === undefined || (shape?.kind !== "list" && shape?.kind !== "bytes") || shape.length !== 0) {
    return [...fields];
  }
  if (last.offsetBits > sizeBytes * 8 || (shape.kind === "list" && shape.elementSizeBytes === 0)) {
    return [...fields];
  }
  return [...fields.slice(0, -1), { ...last, shape: { ...shape, length: undefined } }];
}

function misplaced(type: BtfComposite, member: BtfMember): MalformedInputError {
  return new MalformedInputError(
    `member "${member.name}" of ${type.kind} "${type.name}" has an impossible place`,
  );
}
