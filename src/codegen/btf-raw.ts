import type { Btf, BtfInt, BtfType } from "../btf/index.ts";
import { MalformedInputError } from "../internal/index.ts";

/** One line per type and one per member, as `bpftool btf dump ... format raw` prints them. */
export function btfRaw(btf: Btf, rootIds?: readonly number[]): string {
  const lines: string[] = [];
  const add = (id: number): void => {
    lines.push(rawType(btf, btf.type(id)));
  };
  if (rootIds === undefined) for (let id = btf.firstId; id < btf.typeCount; id++) add(id);
  else for (const id of rootIds) add(id);
  return lines.map((line) => `${line}\n`).join("");
}

function rawType(btf: Btf, type: BtfType): string {
  if (type.kind === "void") throw new MalformedInputError("type 0 is void: it has no record");
  const head = `[${type.id}] ${type.kind.toUpperCase()} '${rawName("name" in type ? type.name : "")}'`;
  return head + details(btf, type);
}

function details(btf: Btf, type: BtfType): string {
  switch (type.kind) {
    case "int":
      return ` size=${type.sizeBytes} bits_offset=${type.offsetBits} nr_bits=${type.bits} encoding=${encoding(type)}`;
    case "ptr":
    case "const":
    case "volatile":
    case "restrict":
    case "typedef":
    case "type_tag":
      return ` type_id=${type.type}`;
    case "array":
      return ` type_id=${type.elementType} index_type_id=${type.indexType} nr_elems=${type.length}`;
    case "struct":
    case "union": {
      const members = type.members.map((member) => {
        const bits = member.bitfieldBits === 0 ? "" : ` bitfield_size=${member.bitfieldBits}`;
        return `\n\t'${rawName(member.name)}' type_id=${member.type} bits_offset=${member.offsetBits}${bits}`;
      });
      return ` size=${type.sizeBytes} vlen=${members.length}${members.join("")}`;
    }
    case "enum":
    case "enum64": {
      const suffix = type.kind === "enum" ? "" : type.signed ? "LL" : "ULL";
      const values = type.values.map((entry) => `\n\t'${rawName(entry.name)}' val=${entry.value}${suffix}`);
      const sign = type.signed ? "SIGNED" : "UNSIGNED";
      return ` encoding=${sign} size=${type.sizeBytes} vlen=${values.length}${values.join("")}`;
    }
    case "fwd":
      return ` fwd_kind=${type.union ? "union" : "struct"}`;
    case "func":
      return ` type_id=${type.type} linkage=${type.linkage}`;
    case "func_proto": {
      const parameters = type.parameters.map(
        (parameter) => `\n\t'${rawName(parameter.name)}' type_id=${parameter.type}`,
      );
      return ` ret_type_id=${type.returnType} vlen=${parameters.length}${parameters.join("")}`;
    }
    case "var":
      return ` type_id=${type.type}, linkage=${type.linkage}`;
    case "datasec": {
      const variables = type.variables.map((variable) => {
        const target = btf.kind(variable.type);
        const name = `(${target.toUpperCase()} '${rawName(btf.name(variable.type))}')`;
        return `\n\ttype_id=${variable.type} offset=${variable.offsetBytes} size=${variable.sizeBytes} ${name}`;
      });
      return ` size=${type.sizeBytes} vlen=${variables.length}${variables.join("")}`;
    }
    case "float":
      return ` size=${type.sizeBytes}`;
    case "decl_tag":
      return ` type_id=${type.type} component_idx=${type.componentIndex}`;
    case "void":
      return "";
  }
}

function rawName(name: string): string {
  return name === "" ? "(anon)" : name;
}

function encoding(type: BtfInt): string {
  if (type.signed) return "SIGNED";
  return type.char ? "CHAR" : type.bool ? "BOOL" : "(none)";
}
