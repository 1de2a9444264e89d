import type { Btf } from "../btf/index.ts";
import type { ObjectSpec } from "../object/index.ts";
import { toIdentifier } from "./identifier.ts";
import { PortableTypes } from "./portable-types.ts";
import type { SkeletonMap, SkeletonModel } from "./skeleton-model.ts";

/** Groups of struct_ops need pointers of BPF's size: guests with a 32-bit `long` do without them. */
const CONDITION = "#if __SIZEOF_POINTER__ == 8";

/**
 * The group `struct_ops` of a skeleton's struct: for each map of that kind a pointer to its initial value, with the
 * members that a program may set before load: numbers, and functions as the programs that implement them.
 */
export function structOpsGroup(model: SkeletonModel, spec: ObjectSpec): string[] {
  const { btf } = spec;
  const maps = structOpsMaps(model);
  if (btf === undefined || maps.length === 0) return [];
  return [
    CONDITION,
    "\tstruct {",
    ...maps.flatMap((map) => shadowStruct(model.name, map, btf)),
    "\t} struct_ops;",
    "#endif",
  ];
}

/** Sets the pointers of {@link structOpsGroup}, when the object is open. */
export function structOpsPointers(model: SkeletonModel): string[] {
  const maps = structOpsMaps(model);
  if (maps.length === 0) return [];
  return [
    CONDITION,
    ...maps.map(
      ({ identifier }) =>
        `\tobj->struct_ops.${identifier} = (__typeof__(obj->struct_ops.${identifier}))bpf_map__initial_value(obj->maps.${identifier}, NULL);`,
    ),
    "#endif",
  ];
}

function structOpsMaps(model: SkeletonModel): readonly SkeletonMap[] {
  return model.maps.filter((map) => map.spec.structOps !== undefined);
}

function shadowStruct(name: string, { identifier, spec: { structOps } }: SkeletonMap, btf: Btf): string[] {
  const type = structOps === undefined ? undefined : btf.type(structOps.typeId);
  if (type?.kind !== "struct") return [];
  const types = new PortableTypes(btf, { enumsAsIntegers: true });
  types.restartPadding(types.memberNames(type));
  const lines = [`\t\tstruct ${name}__${identifier}__${toIdentifier(type.name)} {`];
  let at = 0;
  for (const { name: member, type: id, offsetBits, bitfieldBits } of type.members) {
    const declaration = bitfieldBits > 0 ? undefined : settable(types, id, member);
    if (declaration === undefined) continue;
    const offset = offsetBits / 8;
    if (offset > at) lines.push(`\t\t\t${types.padding(offset - at)}`);
    lines.push(`\t\t\t${declaration}`);
    at = offset + btf.sizeOf(id);
  }
  if (type.sizeBytes > at) lines.push(`\t\t\t${types.padding(type.sizeBytes - at)}`);
  return [...lines, `\t\t} *${identifier};`];
}

/** Declaration of a member that is a number or a function. */
function settable(types: PortableTypes, id: number, name: string): string | undefined {
  const { type, dimensions } = types.peel(id);
  if (dimensions.length > 0) return undefined;
  switch (type.kind) {
    case "int":
    case "float":
    case "enum":
    case "enum64":
      return types.declaration(id, name, "\t\t\t");
    case "ptr":
      return types.peel(type.type).type.kind === "func_proto"
        ? `struct bpf_program *${toIdentifier(name)};`
        : undefined;
    default:
      return undefined;
  }
}
