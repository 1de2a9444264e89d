import { type Btf, type BtfType, isEnum } from "../btf/index.ts";

/**
 * All types of a BTF, or those with `rootIds`, as JSON in the form of `bpftool --json btf dump`; one type a line.
 * 64-bit enumerators are JSON numbers with all their digits.
 */
export function btfJson(btf: Btf, rootIds?: readonly number[]): string {
  const types = rootIds === undefined ? [...btf.types()] : rootIds.map((id) => btf.type(id));
  return `{"types":[\n${types.map(typeJson).join(",\n")}\n]}\n`;
}

function typeJson(type: BtfType): string {
  const head = { id: type.id, kind: type.kind.toUpperCase(), name: named("name" in type ? type.name : "") };
  if (isEnum(type)) {
    const { sizeBytes: size, values } = type;
    const list = values.map(({ name, value }) => `{"name":${JSON.stringify(named(name))},"val":${value}}`);
    const encoding = type.signed ? "SIGNED" : "UNSIGNED";
    const start = JSON.stringify({ ...head, encoding, size, vlen: values.length });
    return `${start.slice(0, -1)},"values":[${list.join()}]}`;
  }
  return JSON.stringify({ ...head, ...details(type) });
}

function details(type: BtfType): object {
  switch (type.kind) {
    case "int": {
      const { sizeBytes: size, offsetBits: bits_offset, bits: nr_bits } = type;
      const encoding = type.signed ? "SIGNED" : type.char ? "CHAR" : type.bool ? "BOOL" : "(none)";
      return { size, bits_offset, nr_bits, encoding };
    }
    case "ptr":
    case "const":
    case "volatile":
    case "restrict":
    case "typedef":
    case "type_tag":
      return { type_id: type.type };
    case "array":
      return { type_id: type.elementType, index_type_id: type.indexType, nr_elems: type.length };
    case "struct":
    case "union": {
      const members = type.members.map(({ name, type: type_id, offsetBits: bits_offset, bitfieldBits }) => ({
        name: named(name),
        type_id,
        bits_offset,
        ...(bitfieldBits === 0 ? {} : { bitfield_size: bitfieldBits }),
      }));
      return { size: type.sizeBytes, vlen: members.length, members };
    }
    case "fwd":
      return { fwd_kind: type.union ? "union" : "struct" };
    case "func":
    case "var":
      return { type_id: type.type, linkage: type.linkage };
    case "func_proto": {
      const params = type.parameters.map(({ name, type: type_id }) => ({ name: named(name), type_id }));
      return { ret_type_id: type.returnType, vlen: params.length, params };
    }
    case "datasec": {
      const vars = type.variables.map(({ type: type_id, offsetBytes: offset, sizeBytes: size }) => ({
        type_id,
        offset,
        size,
      }));
      return { size: type.sizeBytes, vlen: vars.length, vars };
    }
    case "float":
      return { size: type.sizeBytes };
    case "decl_tag":
      return { type_id: type.type, component_idx: type.componentIndex };
    case "void":
    case "enum":
    case "enum64":
      return {};
  }
}

function named(name: string): string {
  return name === "" ? "(anon)" : name;
}
