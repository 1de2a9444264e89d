import type { Btf } from "./btf.ts";
import { BtfBuilder } from "./builder.ts";
import type { BtfDatasec, BtfType, NewBtfType } from "./types.ts";

/** What a kernel's BTF parser knows; a missing feature is one the kernel lacks. */
export interface BtfFeatures {
  /** `func` and `func_proto`. Requires Linux >= 5.0. */
  readonly func: boolean;
  /** Functions with global linkage. Requires Linux >= 5.6. */
  readonly funcGlobal: boolean;
  /** `var` and `datasec`. Requires Linux >= 5.2. */
  readonly datasec: boolean;
  /** Section names that start with `?`. Requires Linux >= 6.12. */
  readonly questionMarkDatasec: boolean;
  /** Requires Linux >= 5.13. */
  readonly float: boolean;
  /** Requires Linux >= 5.16. */
  readonly declTag: boolean;
  /** Requires Linux >= 5.17. */
  readonly typeTag: boolean;
  /** `enum64` and signed `enum`. Requires Linux >= 6.0. */
  readonly enum64: boolean;
  /** Type and declaration tags that stand for attributes. Requires Linux >= 6.15. */
  readonly attributeTags: boolean;
}

/**
 * The BTF as bytes that the kernel accepts: what it does not know is replaced by something of the same size
 * that it knows. Type ids and string offsets stay as they are. When nothing has to change, the original bytes
 * are returned.
 */
export function sanitizeBtf(btf: Btf, features: BtfFeatures): Uint8Array {
  const strings = btf.stringBytes;
  const builder = new BtfBuilder({ littleEndian: btf.littleEndian, strings });
  let placeholder: number | undefined;
  const enum64Placeholder = (): number => {
    placeholder ??= btf.typeCount;
    return placeholder;
  };
  let changed = false;
  for (const type of btf.types()) {
    if (type.kind === "void") continue;
    const replacement = replace(btf, type, features, enum64Placeholder);
    changed ||= replacement !== undefined;
    builder.add(replacement ?? type);
  }
  if (!changed && btf.raw.length === 24 + typeBytes(btf) + strings.length) return btf.raw;
  if (placeholder !== undefined) builder.add(integer("enum64_placeholder"));
  return builder.toBytes();
}

/** Header field `type_len`: a longer header or other sections make the blob larger than its three parts. */
function typeBytes(btf: Btf): number {
  const { raw } = btf;
  return new DataView(raw.buffer, raw.byteOffset, raw.byteLength).getUint32(12, btf.littleEndian);
}

function replace(
  btf: Btf,
  type: BtfType,
  features: BtfFeatures,
  enum64Placeholder: () => number,
): NewBtfType | undefined {
  switch (type.kind) {
    case "var":
      return features.datasec ? undefined : integer(type.name);
    case "decl_tag":
      if (!features.declTag) return integer(type.name);
      return type.attribute && !features.attributeTags ? { ...type, attribute: false } : undefined;
    case "type_tag":
      if (!features.typeTag) return { kind: "const", type: type.type };
      return type.attribute && !features.attributeTags ? { ...type, attribute: false } : undefined;
    case "datasec":
      return replaceDatasec(btf, type, features);
    case "func_proto":
      if (features.func) return undefined;
      return {
        kind: "enum",
        name: "",
        sizeBytes: 4,
        signed: false,
        values: type.parameters.map(({ name, type: id }) => ({ name, value: BigInt(id) })),
      };
    case "func":
      if (!features.func) return { kind: "typedef", name: type.name, type: type.type };
      return features.funcGlobal || type.linkage === "static" ? undefined : { ...type, linkage: "static" };
    case "float":
      // `float` is no valid name for a struct.
      return features.float
        ? undefined
        : { kind: "struct", name: "", sizeBytes: type.sizeBytes, members: [] };
    case "enum":
      return features.enum64 || !type.signed ? undefined : { ...type, signed: false };
    case "enum64":
      if (features.enum64) return undefined;
      return {
        kind: "union",
        name: type.name,
        sizeBytes: type.sizeBytes,
        members: type.values.map(({ name }) => ({
          name,
          type: enum64Placeholder(),
          offsetBits: 0,
          bitfieldBits: 0,
        })),
      };
    default:
      return undefined;
  }
}

/** One byte is never larger than the variable that the type stands for. */
function integer(name: string): NewBtfType {
  return {
    kind: "int",
    name,
    sizeBytes: 1,
    signed: false,
    char: false,
    bool: false,
    offsetBits: 0,
    bits: 8,
  };
}

function replaceDatasec(btf: Btf, type: BtfDatasec, features: BtfFeatures): NewBtfType | undefined {
  if (features.datasec) {
    return features.questionMarkDatasec || !type.name.startsWith("?")
      ? undefined
      : { ...type, name: `_${type.name.slice(1)}` };
  }
  return {
    kind: "struct",
    name: type.name.replaceAll(/[.?]/g, "_"),
    sizeBytes: type.sizeBytes,
    members: type.variables.map((variable) => ({
      name: btf.name(variable.type),
      type: variable.type,
      offsetBits: variable.offsetBytes * 8,
      bitfieldBits: 0,
    })),
  };
}
