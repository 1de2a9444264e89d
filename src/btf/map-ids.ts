import type { NewBtfType } from "./types.ts";

/** Copy of a type with every type id in it, its own excepted, put through `map`. */
export function mapTypeIds(type: NewBtfType, map: (id: number) => number): NewBtfType {
  switch (type.kind) {
    case "int":
    case "enum":
    case "enum64":
    case "fwd":
    case "float":
      return type;
    case "array":
      return { ...type, elementType: map(type.elementType), indexType: map(type.indexType) };
    case "struct":
    case "union":
      return { ...type, members: type.members.map((member) => ({ ...member, type: map(member.type) })) };
    case "func_proto":
      return {
        ...type,
        returnType: map(type.returnType),
        parameters: type.parameters.map((parameter) => ({ ...parameter, type: map(parameter.type) })),
      };
    case "datasec":
      return {
        ...type,
        variables: type.variables.map((variable) => ({ ...variable, type: map(variable.type) })),
      };
    default:
      return { ...type, type: map(type.type) };
  }
}
