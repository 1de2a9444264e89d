import type { Btf } from "../btf.ts";
import { type BtfComposite, isComposite } from "../types.ts";
import { typeText } from "./type-text.ts";

/** Deepest nesting of anonymous structs, and most fields of one struct, that are compared. */
const MAX_DEPTH = 32;
const MAX_FIELDS = 20_000;

/** Where a field is and what it holds. */
export interface FieldPlace {
  /** As C writes it; `struct` or `union` for an anonymous one, whose fields are listed on their own. */
  readonly type: string;
  /** From the start of the outermost struct. */
  readonly offsetBits: number;
  /** Width of a bit-field, 0 for other fields. */
  readonly bitfieldBits: number;
}

/** What is compared of a type. */
export interface TypeShape {
  /** 0 when the type has none of its own. */
  readonly sizeBytes: number;
  /** Fields of a struct or union by name; those of anonymous members as C programs name them. */
  readonly fields: ReadonlyMap<string, FieldPlace>;
  /** Values of an enum. */
  readonly values: ReadonlyMap<string, bigint>;
  /** What a typedef stands for, or a function's type. */
  readonly type: string;
}

const NOTHING = { sizeBytes: 0, fields: new Map(), values: new Map(), type: "" };

/** Shape of a type; `undefined` for a kind that is not compared. */
export function typeShape(btf: Btf, id: number): TypeShape | undefined {
  const type = btf.type(id);
  switch (type.kind) {
    case "struct":
    case "union":
      return { ...NOTHING, sizeBytes: type.sizeBytes, fields: fieldsOf(btf, type) };
    case "enum":
    case "enum64": {
      const values = new Map(type.values.map(({ name, value }) => [name, value]));
      return { ...NOTHING, sizeBytes: type.sizeBytes, values };
    }
    case "typedef": {
      const target = btf.type(type.type);
      const isAnonymous = isComposite(target) && target.name === "";
      if (!isAnonymous) return { ...NOTHING, type: typeText(btf, type.type) };
      return {
        ...NOTHING,
        sizeBytes: target.sizeBytes,
        type: target.kind,
        fields: fieldsOf(btf, target),
      };
    }
    case "func":
      return { ...NOTHING, type: typeText(btf, type.type) };
    default:
      return undefined;
  }
}

function fieldsOf(btf: Btf, type: BtfComposite): Map<string, FieldPlace> {
  const fields = new Map<string, FieldPlace>();
  collect(btf, type, { fields, prefix: "", offsetBits: 0, depth: 0 });
  return fields;
}

interface Collection {
  readonly fields: Map<string, FieldPlace>;
  readonly prefix: string;
  readonly offsetBits: number;
  readonly depth: number;
}

function collect(btf: Btf, type: BtfComposite, into: Collection): void {
  const { fields, prefix, depth } = into;
  for (const member of type.members) {
    if (fields.size >= MAX_FIELDS) return;
    const offsetBits = into.offsetBits + member.offsetBits;
    const target = btf.type(btf.skipModifiers(member.type));
    const isInner = isComposite(target) && target.name === "";
    const name = `${prefix}${member.name}`;
    if (member.name !== "") {
      const text = isInner ? target.kind : typeText(btf, member.type);
      fields.set(name, { type: text, offsetBits, bitfieldBits: member.bitfieldBits });
    }
    if (!isInner || depth >= MAX_DEPTH) continue;
    collect(btf, target, {
      fields,
      prefix: member.name === "" ? prefix : `${name}.`,
      offsetBits,
      depth: depth + 1,
    });
  }
}
