import { type ByteWriter, WasmBpfError } from "../internal/index.ts";
import { BTF_KIND_NAMES, BTF_LINKAGES, type BtfMember, type NewBtfType } from "./types.ts";

const MAX_ELEMENTS = 0xffff;

/** Writes one type record. `string` gives the offset of a string in the table. */
export function encodeType(writer: ByteWriter, type: NewBtfType, string: (text: string) => number): void {
  const head = (name: string, elements: number, flag: boolean, sizeOrType: number): void => {
    if (elements > MAX_ELEMENTS) {
      throw new WasmBpfError("INVALID_ARGUMENT", `Cannot encode ${type.kind} ${name}: ${elements} elements`);
    }
    const info = (flag ? 0x80000000 : 0) | (BTF_KIND_NAMES.indexOf(type.kind) << 24) | elements;
    writer.u32(string(name)).u32(info).u32(sizeOrType);
  };
  switch (type.kind) {
    case "int": {
      const encoding = (type.signed ? 1 : 0) | (type.char ? 2 : 0) | (type.bool ? 4 : 0);
      head(type.name, 0, false, type.sizeBytes);
      writer.u32((encoding << 24) | (type.offsetBits << 16) | type.bits);
      break;
    }
    case "ptr":
    case "volatile":
    case "const":
    case "restrict":
      head("", 0, false, type.type);
      break;
    case "typedef":
      head(type.name, 0, false, type.type);
      break;
    case "type_tag":
      head(type.name, 0, type.attribute, type.type);
      break;
    case "array":
      head("", 0, false, 0);
      writer.u32(type.elementType).u32(type.indexType).u32(type.length);
      break;
    case "struct":
    case "union": {
      const flag = type.members.some((member) => member.bitfieldBits !== 0);
      head(type.name, type.members.length, flag, type.sizeBytes);
      for (const member of type.members) {
        writer
          .u32(string(member.name))
          .u32(member.type)
          .u32(memberOffset(member, flag, type.name));
      }
      break;
    }
    case "enum":
      head(type.name, type.values.length, type.signed, type.sizeBytes);
      for (const { name, value } of type.values) {
        writer.u32(string(name)).u32(Number(BigInt.asUintN(32, value)));
      }
      break;
    case "enum64":
      head(type.name, type.values.length, type.signed, type.sizeBytes);
      for (const { name, value } of type.values) {
        const bits = BigInt.asUintN(64, value);
        writer
          .u32(string(name))
          .u32(Number(bits & 0xffffffffn))
          .u32(Number(bits >> 32n));
      }
      break;
    case "fwd":
      head(type.name, 0, type.union, 0);
      break;
    case "func":
      head(type.name, BTF_LINKAGES.indexOf(type.linkage), false, type.type);
      break;
    case "func_proto":
      head("", type.parameters.length, false, type.returnType);
      for (const parameter of type.parameters) writer.u32(string(parameter.name)).u32(parameter.type);
      break;
    case "var":
      head(type.name, 0, false, type.type);
      writer.u32(BTF_LINKAGES.indexOf(type.linkage));
      break;
    case "datasec":
      head(type.name, type.variables.length, false, type.sizeBytes);
      for (const variable of type.variables) {
        writer.u32(variable.type).u32(variable.offsetBytes).u32(variable.sizeBytes);
      }
      break;
    case "float":
      head(type.name, 0, false, type.sizeBytes);
      break;
    case "decl_tag":
      head(type.name, 0, type.attribute, type.type);
      writer.u32(type.componentIndex);
      break;
  }
}

/** With any bitfield in the struct, the upper 8 bits of each member's offset are its width. */
function memberOffset(member: BtfMember, flag: boolean, owner: string): number {
  if (!flag) return member.offsetBits;
  if (member.offsetBits > 0xffffff || member.bitfieldBits > 0xff) {
    const message = `Cannot encode ${owner}.${member.name}: ${member.bitfieldBits} bits at ${member.offsetBits}`;
    throw new WasmBpfError("INVALID_ARGUMENT", message);
  }
  return member.bitfieldBits * 0x1000000 + member.offsetBits;
}
