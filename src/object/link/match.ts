import type { Btf, BtfComposite, BtfType } from "../../btf/index.ts";

/** Deepest nesting that is compared; deeper types count as equal. */
const MAX_DEPTH = 64;

/** Members of a map definition whose value is the length of an array type. */
const MAP_NUMBERS: readonly string[] = [
  "type",
  "key_size",
  "value_size",
  "max_entries",
  "map_flags",
  "map_extra",
  "numa_node",
  "pinning",
];

/** Types of two objects that are compared. */
interface Pair {
  readonly a: Btf;
  readonly b: Btf;
}

/**
 * Compares the VARs or FUNCs of two objects that stand for one symbol. Qualifiers, typedefs, names of parameters,
 * lengths of arrays and what pointers point to inside of structs do not matter.
 *
 * @returns What is different, for people; `undefined` when they fit together.
 */
export function globalDifference(a: Btf, idA: number, b: Btf, idB: number): string | undefined {
  return difference({ a, b }, idA, idB, true, 0);
}

/**
 * Compares two definitions of a map: all attributes, key and value types, and inner maps have to be the same.
 *
 * @param idA VAR of the map
 * @returns What is different, for people; `undefined` when they agree.
 */
export function mapDifference(a: Btf, idA: number, b: Btf, idB: number): string | undefined {
  const from = a.type(idA);
  const to = b.type(idB);
  if (from.kind !== "var" || to.kind !== "var") return "is no map in one of them";
  return definitionDifference({ a, b }, from.type, to.type, 0);
}

function definitionDifference(pair: Pair, idA: number, idB: number, depth: number): string | undefined {
  const from = pair.a.type(pair.a.resolve(idA));
  const to = pair.b.type(pair.b.resolve(idB));
  if (from.kind !== "struct" || to.kind !== "struct") return "is no map in one of them";
  const others = new Map(to.members.map((member) => [member.name, member.type]));
  for (const { name } of to.members) {
    if (!from.members.some((member) => member.name === name)) return `has different attributes: ${name}`;
  }
  for (const { name, type } of from.members) {
    const other = others.get(name);
    if (other === undefined) return `has different attributes: ${name}`;
    if (MAP_NUMBERS.includes(name)) {
      const [x, y] = [arrayLength(pair.a, type), arrayLength(pair.b, other)];
      if (x !== y) return `has different ${name}: ${x} and ${y}`;
    } else if (name === "values") {
      const inner = innerDifference(pair, type, other, depth);
      if (inner !== undefined) return `has different inner maps: ${inner}`;
    } else {
      const part = difference(pair, pointee(pair.a, type), pointee(pair.b, other), true, 0);
      if (part !== undefined) return `has different ${name} types: ${part}`;
    }
  }
  return undefined;
}

function innerDifference(pair: Pair, idA: number, idB: number, depth: number): string | undefined {
  const element = (btf: Btf, id: number): BtfType => {
    const array = btf.type(btf.resolve(id));
    return btf.type(btf.resolve(array.kind === "array" ? pointee(btf, array.elementType) : 0));
  };
  const from = element(pair.a, idA);
  const to = element(pair.b, idB);
  if (from.kind !== to.kind) return `${from.kind} and ${to.kind}`;
  if (from.kind !== "struct" || depth > 2) return undefined;
  return definitionDifference(pair, from.id, to.id, depth + 1);
}

/** `__uint(name, value)` is a pointer to an array of that length. */
function arrayLength(btf: Btf, id: number): number | undefined {
  const array = btf.type(btf.resolve(pointee(btf, id)));
  return array.kind === "array" ? array.length : undefined;
}

function pointee(btf: Btf, id: number): number {
  const type = btf.type(btf.resolve(id));
  return type.kind === "ptr" ? type.type : 0;
}

/** @param exact whether members of structs are compared, and forward declarations are no match */
function difference(pair: Pair, idA: number, idB: number, exact: boolean, depth: number): string | undefined {
  if (depth > MAX_DEPTH) return undefined;
  const from = pair.a.type(pair.a.resolve(idA));
  const to = pair.b.type(pair.b.resolve(idB));
  if (!exact && (from.kind === "fwd") !== (to.kind === "fwd")) return forwardDifference(from, to);
  if (from.kind !== to.kind) return `${describe(from)} and ${describe(to)}`;
  if (hasTag(from) && nameOf(from) !== nameOf(to)) return `${describe(from)} and ${describe(to)}`;
  const recur = (a: number, b: number, stillExact = exact): string | undefined =>
    difference(pair, a, b, stillExact, depth + 1);
  switch (from.kind) {
    case "int":
    case "float":
    case "enum":
    case "enum64": {
      const size = (to as typeof from).sizeBytes;
      return from.sizeBytes === size ? undefined : `${describe(from)} of ${from.sizeBytes} and ${size} bytes`;
    }
    case "ptr":
      return recur(from.type, (to as typeof from).type, false);
    case "array":
      return recur(from.elementType, (to as typeof from).elementType);
    case "func":
    case "var":
      return recur(from.type, (to as typeof from).type);
    case "func_proto": {
      const other = to as typeof from;
      if (from.parameters.length !== other.parameters.length) {
        return `${from.parameters.length} and ${other.parameters.length} parameters`;
      }
      for (const [i, parameter] of from.parameters.entries()) {
        const part = recur(parameter.type, other.parameters[i]?.type ?? 0);
        if (part !== undefined) return `parameter ${i + 1}: ${part}`;
      }
      const part = recur(from.returnType, other.returnType);
      return part === undefined ? undefined : `return value: ${part}`;
    }
    case "struct":
    case "union":
      return exact ? memberDifference(from, to as BtfComposite, recur) : undefined;
    default:
      return undefined;
  }
}

function memberDifference(
  from: BtfComposite,
  to: BtfComposite,
  recur: (a: number, b: number) => string | undefined,
): string | undefined {
  if (from.members.length !== to.members.length) {
    return `${describe(from)} with ${from.members.length} and ${to.members.length} members`;
  }
  for (const [i, member] of from.members.entries()) {
    const other = to.members[i];
    if (other === undefined || member.name !== other.name) {
      return `member ${i + 1} of ${describe(from)} is ${member.name} and ${other?.name}`;
    }
    if (member.offsetBits !== other.offsetBits || member.bitfieldBits !== other.bitfieldBits) {
      return `${describe(from)}.${member.name} at bits ${member.offsetBits} and ${other.offsetBits}`;
    }
    const part = recur(member.type, other.type);
    if (part !== undefined) return `${describe(from)}.${member.name}: ${part}`;
  }
  return undefined;
}

function forwardDifference(from: BtfType, to: BtfType): string | undefined {
  const [forward, full] = from.kind === "fwd" ? [from, to] : [to, from];
  const wanted = forward.kind === "fwd" && forward.union ? "union" : "struct";
  return full.kind === wanted && nameOf(forward) === nameOf(full)
    ? undefined
    : `${describe(from)} and ${describe(to)}`;
}

function hasTag({ kind }: BtfType): boolean {
  return ["struct", "union", "enum", "enum64", "fwd", "func", "var"].includes(kind);
}

function nameOf(type: BtfType): string {
  return "name" in type ? type.name : "";
}

function describe(type: BtfType): string {
  const name = nameOf(type);
  return name === "" ? type.kind : `${type.kind} ${name}`;
}
