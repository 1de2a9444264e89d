import {
  Btf,
  BtfBuilder,
  type BtfBuilderOptions,
  type BtfMember,
  type NewBtfType,
} from "../../src/btf/index.ts";

/** An integer type. */
export function int(name: string, sizeBytes: number, signed = true): NewBtfType {
  return {
    kind: "int",
    name,
    sizeBytes,
    signed,
    char: false,
    bool: false,
    offsetBits: 0,
    bits: sizeBytes * 8,
  };
}

/** A struct member; `bits` makes it a bitfield. */
export function member(name: string, type: number, offsetBits: number, bits = 0): BtfMember {
  return { name, type, offsetBits, bitfieldBits: bits };
}

export function struct(name: string, sizeBytes: number, members: readonly BtfMember[]): NewBtfType {
  return { kind: "struct", name, sizeBytes, members };
}

export function enumeration(
  name: string,
  values: Readonly<Record<string, bigint>>,
  signed = false,
): NewBtfType {
  const entries = Object.entries(values).map(([key, value]) => ({ name: key, value }));
  return { kind: "enum", name, sizeBytes: 4, signed, values: entries };
}

/** A BTF of these types, which have the ids 1, 2, ... */
export function btfOf(types: readonly NewBtfType[], options: BtfBuilderOptions = {}): Btf {
  const builder = new BtfBuilder(options);
  for (const type of types) builder.add(type);
  return Btf.parse(builder.toBytes(), options.base === undefined ? {} : { base: options.base });
}

/** One type of each kind, in the order of the kinds' numbers; all references are in range. */
export const EVERY_KIND: readonly NewBtfType[] = [
  { kind: "int", name: "char", sizeBytes: 1, signed: true, char: true, bool: false, offsetBits: 0, bits: 8 },
  { kind: "ptr", type: 4 },
  { kind: "array", elementType: 1, indexType: 1, length: 16 },
  {
    kind: "struct",
    name: "record",
    sizeBytes: 24,
    members: [member("next", 2, 0), member("low", 1, 64, 3), member("high", 1, 67, 5), member("", 5, 128)],
  },
  { kind: "union", name: "", sizeBytes: 8, members: [member("next", 2, 0), member("text", 3, 0)] },
  enumeration("color", { RED: -1n, GREEN: 5n }, true),
  { kind: "fwd", name: "elsewhere", union: true },
  { kind: "typedef", name: "record_t", type: 4 },
  { kind: "volatile", type: 8 },
  { kind: "const", type: 9 },
  { kind: "restrict", type: 2 },
  { kind: "func", name: "visit", type: 13, linkage: "global" },
  {
    kind: "func_proto",
    returnType: 0,
    parameters: [
      { name: "record", type: 2 },
      { name: "", type: 0 },
    ],
  },
  { kind: "var", name: "counter", type: 1, linkage: "static" },
  { kind: "datasec", name: ".bss", sizeBytes: 8, variables: [{ type: 14, offsetBytes: 4, sizeBytes: 1 }] },
  { kind: "float", name: "double", sizeBytes: 8 },
  { kind: "decl_tag", name: "kptr", type: 4, componentIndex: 2, attribute: false },
  { kind: "type_tag", name: "address_space(1)", type: 1, attribute: true },
  {
    kind: "enum64",
    name: "wide",
    sizeBytes: 8,
    signed: true,
    values: [
      { name: "LOW", value: -(1n << 63n) },
      { name: "HIGH", value: (1n << 63n) - 1n },
    ],
  },
];
