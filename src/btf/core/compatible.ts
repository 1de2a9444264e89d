import { MalformedInputError } from "../../internal/index.ts";
import type { Btf } from "../btf.ts";
import { essentialName } from "../strings.ts";
import type { BtfKind } from "../types.ts";

/** Deepest nesting of prototypes and longest chain of pointers and arrays that is compared. */
const MAX_DEPTH = 32;

/** Same kind, where both enum kinds count as one. */
export function kindsAreCompatible(a: BtfKind, b: BtfKind): boolean {
  return a === b || (isEnum(a) && isEnum(b));
}

function isEnum(kind: BtfKind): boolean {
  return kind === "enum" || kind === "enum64";
}

function isComposite(kind: BtfKind): boolean {
  return kind === "struct" || kind === "union";
}

/**
 * Whether a field of the target can stand for a field of the program. Qualifiers and typedefs do not matter;
 * any two structs, pointers, floats or integers are compatible; arrays are when their elements are; enums and
 * forward declarations are when their names without flavor are equal or one has none.
 */
export function fieldsAreCompatible(local: Btf, localId: number, target: Btf, targetId: number): boolean {
  let from = localId;
  let to = targetId;
  for (let depth = 0; depth < MAX_DEPTH * 2; depth++) {
    const a = local.type(local.resolve(from));
    const b = target.type(target.resolve(to));
    if (isComposite(a.kind) && isComposite(b.kind)) return true;
    if (!kindsAreCompatible(a.kind, b.kind)) return false;
    if (a.kind === "ptr" || a.kind === "float") return true;
    if (a.kind === "int" && b.kind === "int") return a.offsetBits === 0 && b.offsetBits === 0;
    if (a.kind === "array" && b.kind === "array") {
      from = a.elementType;
      to = b.elementType;
      continue;
    }
    if (a.kind !== "fwd" && !isEnum(a.kind)) return false;
    const nameA = essentialName(local.name(a.id));
    const nameB = essentialName(target.name(b.id));
    return nameA === "" || nameB === "" || nameA === nameB;
  }
  throw tooDeep(local, localId);
}

/**
 * Whether two types, whose names are already known to agree, are the same for `bpf_core_type_exists` and the
 * like: kinds agree through pointers, arrays and prototypes; members of structs are not looked at.
 */
export function typesAreCompatible(local: Btf, localId: number, target: Btf, targetId: number): boolean {
  if (!kindsAreCompatible(local.kind(localId), target.kind(targetId))) return false;
  return compatible(local, localId, target, targetId, MAX_DEPTH);
}

function compatible(local: Btf, localId: number, target: Btf, targetId: number, level: number): boolean {
  let from = localId;
  let to = targetId;
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const a = local.type(local.resolve(from));
    const b = target.type(target.resolve(to));
    if (!kindsAreCompatible(a.kind, b.kind)) return false;
    if (a.kind === "ptr" && b.kind === "ptr") {
      from = a.type;
      to = b.type;
    } else if (a.kind === "array" && b.kind === "array") {
      from = a.elementType;
      to = b.elementType;
    } else if (a.kind === "func_proto" && b.kind === "func_proto") {
      if (a.parameters.length !== b.parameters.length) return false;
      for (const [i, parameter] of a.parameters.entries()) {
        if (level <= 0) throw tooDeep(local, localId);
        if (!compatible(local, parameter.type, target, b.parameters[i]?.type ?? 0, level - 1)) return false;
      }
      from = a.returnType;
      to = b.returnType;
    } else if (a.kind === "int" && b.kind === "int") {
      return a.offsetBits === 0 && b.offsetBits === 0;
    } else {
      return a.kind === "void" || a.kind === "fwd" || isComposite(a.kind) || isEnum(a.kind);
    }
  }
  throw tooDeep(local, localId);
}

export function tooDeep(local: Btf, id: number): MalformedInputError {
  return new MalformedInputError(`type ${id} ${local.name(id)} nests too deeply to be compared`);
}
