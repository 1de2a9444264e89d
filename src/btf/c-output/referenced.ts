import type { Btf } from "../btf.ts";

/** Enums that are the type of something. Looks at every type. */
export function referencedEnums(btf: Btf): Set<number> {
  const referenced = new Set<number>();
  const refer = (id: number): void => {
    const kind = btf.kind(id);
    if (kind === "enum" || kind === "enum64") referenced.add(id);
  };
  for (let id = 1; id < btf.typeCount; id++) {
    const type = btf.type(id);
    switch (type.kind) {
      case "array":
        refer(type.elementType);
        break;
      case "struct":
      case "union":
        for (const member of type.members) refer(member.type);
        break;
      case "func_proto":
        refer(type.returnType);
        for (const parameter of type.parameters) refer(parameter.type);
        break;
      default:
        if ("type" in type) refer(type.type);
        break;
    }
  }
  return referenced;
}
