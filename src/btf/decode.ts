import { MalformedInputError } from "../internal/index.ts";
import {
  BTF_KIND_ARRAY,
  BTF_KIND_CONST,
  BTF_KIND_DATASEC,
  BTF_KIND_DECL_TAG,
  BTF_KIND_ENUM,
  BTF_KIND_ENUM64,
  BTF_KIND_FLOAT,
  BTF_KIND_FUNC,
  BTF_KIND_FUNC_PROTO,
  BTF_KIND_FWD,
  BTF_KIND_INT,
  BTF_KIND_PTR,
  BTF_KIND_RESTRICT,
  BTF_KIND_STRUCT,
  BTF_KIND_TYPE_TAG,
  BTF_KIND_TYPEDEF,
  BTF_KIND_UNION,
  BTF_KIND_VAR,
  BTF_KIND_VOLATILE,
  BTF_LINKAGES,
  type BtfEnumValue,
  type BtfLinkage,
  type BtfMember,
  type BtfParameter,
  type BtfSectionVariable,
  type BtfType,
} from "./types.ts";

/** What decoding a type needs to know about the blob around it. */
export interface DecodeContext {
  /** Type section as 32-bit words in host byte order. */
  readonly words: Uint32Array;
  readonly typeCount: number;
  readonly section: string;
  string(offset: number): string;
}

const INT_SIGNED = 1;
const INT_CHAR = 2;
const INT_BOOL = 4;

/** Decodes the type record at word `at`; the index has checked that all of it is inside the section. */
export function decodeType(context: DecodeContext, id: number, at: number): BtfType {
  const { words } = context;
  const word = (index: number): number => words[index] as number;
  const fail = (message: string, index: number): never => {
    throw new MalformedInputError(`type ${id}: ${message}`, {
      section: context.section,
      offsetBytes: index * 4,
    });
  };
  const reference = (index: number): number => {
    const target = word(index);
    if (target >= context.typeCount) fail(`type id ${target} is out of range`, index);
    return target;
  };
  const text = (index: number): string => {
    try {
      return context.string(word(index));
    } catch {
      return fail(`string offset ${word(index)} is past the string table`, index);
    }
  };
  const info = word(at + 1);
  const vlen = info & 0xffff;
  const flag = info >>> 31 !== 0;
  const kind = (info >>> 24) & 0x1f;
  const body = at + 3;
  switch (kind) {
    case BTF_KIND_INT: {
      const data = word(body);
      const encoding = (data >>> 24) & 0xf;
      const sizeBytes = word(at + 2);
      const bits = data & 0xff;
      const offsetBits = (data >>> 16) & 0xff;
      if (bits > 128 || bits + offsetBits > sizeBytes * 8) {
        fail(`${bits} bits at ${offsetBits} do not fit an integer of ${sizeBytes} bytes`, body);
      }
      return {
        id,
        kind: "int",
        name: text(at),
        sizeBytes,
        signed: (encoding & INT_SIGNED) !== 0,
        char: (encoding & INT_CHAR) !== 0,
        bool: (encoding & INT_BOOL) !== 0,
        offsetBits,
        bits,
      };
    }
    case BTF_KIND_PTR:
      return { id, kind: "ptr", type: reference(at + 2) };
    case BTF_KIND_ARRAY:
      return {
        id,
        kind: "array",
        elementType: reference(body),
        indexType: reference(body + 1),
        length: word(body + 2),
      };
    case BTF_KIND_STRUCT:
    case BTF_KIND_UNION: {
      const members: BtfMember[] = new Array(vlen);
      for (let i = 0, m = body; i < vlen; i++, m += 3) {
        const offset = word(m + 2);
        members[i] = {
          name: text(m),
          type: reference(m + 1),
          offsetBits: flag ? offset & 0xffffff : offset,
          bitfieldBits: flag ? offset >>> 24 : 0,
        };
      }
      return {
        id,
        kind: kind === BTF_KIND_STRUCT ? "struct" : "union",
        name: text(at),
        sizeBytes: word(at + 2),
        members,
      };
    }
    case BTF_KIND_ENUM: {
      const values: BtfEnumValue[] = new Array(vlen);
      for (let i = 0, v = body; i < vlen; i++, v += 2) {
        const bits = word(v + 1);
        values[i] = { name: text(v), value: BigInt(flag ? bits | 0 : bits) };
      }
      return { id, kind: "enum", name: text(at), sizeBytes: word(at + 2), signed: flag, values };
    }
    case BTF_KIND_ENUM64: {
      const values: BtfEnumValue[] = new Array(vlen);
      for (let i = 0, v = body; i < vlen; i++, v += 3) {
        const bits = (BigInt(word(v + 2)) << 32n) | BigInt(word(v + 1));
        values[i] = { name: text(v), value: flag ? BigInt.asIntN(64, bits) : bits };
      }
      return { id, kind: "enum64", name: text(at), sizeBytes: word(at + 2), signed: flag, values };
    }
    case BTF_KIND_FWD:
      return { id, kind: "fwd", name: text(at), union: flag };
    case BTF_KIND_TYPEDEF:
      return { id, kind: "typedef", name: text(at), type: reference(at + 2) };
    case BTF_KIND_VOLATILE:
      return { id, kind: "volatile", type: reference(at + 2) };
    case BTF_KIND_CONST:
      return { id, kind: "const", type: reference(at + 2) };
    case BTF_KIND_RESTRICT:
      return { id, kind: "restrict", type: reference(at + 2) };
    case BTF_KIND_FUNC:
      return {
        id,
        kind: "func",
        name: text(at),
        type: reference(at + 2),
        linkage: linkage(vlen) ?? fail(`unknown linkage ${vlen}`, at + 1),
      };
    case BTF_KIND_FUNC_PROTO: {
      const parameters: BtfParameter[] = new Array(vlen);
      for (let i = 0, p = body; i < vlen; i++, p += 2) {
        parameters[i] = { name: text(p), type: reference(p + 1) };
      }
      return { id, kind: "func_proto", returnType: reference(at + 2), parameters };
    }
    case BTF_KIND_VAR:
      return {
        id,
        kind: "var",
        name: text(at),
        type: reference(at + 2),
        linkage: linkage(word(body)) ?? fail(`unknown linkage ${word(body)}`, body),
      };
    case BTF_KIND_DATASEC: {
      const variables: BtfSectionVariable[] = new Array(vlen);
      for (let i = 0, v = body; i < vlen; i++, v += 3) {
        variables[i] = { type: reference(v), offsetBytes: word(v + 1), sizeBytes: word(v + 2) };
      }
      return { id, kind: "datasec", name: text(at), sizeBytes: word(at + 2), variables };
    }
    case BTF_KIND_FLOAT:
      return { id, kind: "float", name: text(at), sizeBytes: word(at + 2) };
    case BTF_KIND_DECL_TAG:
      return {
        id,
        kind: "decl_tag",
        name: text(at),
        type: reference(at + 2),
        componentIndex: word(body) | 0,
        attribute: flag,
      };
    case BTF_KIND_TYPE_TAG:
      return { id, kind: "type_tag", name: text(at), type: reference(at + 2), attribute: flag };
    default:
      return fail(`unknown kind ${kind}`, at + 1);
  }
}

function linkage(value: number): BtfLinkage | undefined {
  return BTF_LINKAGES[value];
}
