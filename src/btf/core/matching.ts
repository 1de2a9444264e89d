import type { Btf } from "../btf.ts";
import { essentialName } from "../strings.ts";
import { type BtfComposite, type BtfEnum, type BtfType, isEnum } from "../types.ts";
import { tooDeep } from "./compatible.ts";

const MAX_DEPTH = 32;

/**
 * Whether a type of the target matches one of the program for `bpf_core_type_matches`: stricter than being
 * compatible, every member and enumerator of the local type must be there. Behind a pointer the names and
 * kinds of structs are enough.
 */
export function typesMatch(local: Btf, localId: number, target: Btf, targetId: number): boolean {
  return new Matcher(local, target).match(localId, targetId, false, MAX_DEPTH);
}

class Matcher {
  readonly #local: Btf;
  readonly #target: Btf;
  /** Answers for pairs of composites, so that shared parts are compared once. */
  readonly #known = new Map<string, boolean>();

  constructor(local: Btf, target: Btf) {
    this.#local = local;
    this.#target = target;
  }

  match(localId: number, targetId: number, pointer: boolean, level: number): boolean {
    if (level <= 0) throw tooDeep(this.#local, localId);
    let from = localId;
    let to = targetId;
    let behindPointer = pointer;
    for (let depth = 0; depth < MAX_DEPTH; depth++) {
      const a = this.#local.type(this.#local.resolve(from));
      const b = this.#target.type(this.#target.resolve(to));
      if (!namesMatch(this.#local.name(a.id), this.#target.name(b.id))) return false;
      if (a.kind === "ptr" && b.kind === "ptr") {
        behindPointer = true;
        from = a.type;
        to = b.type;
      } else if (a.kind === "array" && b.kind === "array") {
        if (a.length !== b.length) return false;
        from = a.elementType;
        to = b.elementType;
      } else if (a.kind === "func_proto" && b.kind === "func_proto") {
        if (a.parameters.length !== b.parameters.length) return false;
        for (const [i, parameter] of a.parameters.entries()) {
          const other = b.parameters[i]?.type ?? 0;
          if (!this.match(parameter.type, other, behindPointer, level - 1)) return false;
        }
        from = a.returnType;
        to = b.returnType;
      } else {
        return this.#leaves(a, b, behindPointer, level);
      }
    }
    throw tooDeep(this.#local, localId);
  }

  #leaves(a: BtfType, b: BtfType, behindPointer: boolean, level: number): boolean {
    switch (a.kind) {
      case "void":
        return b.kind === "void";
      case "int":
        return b.kind === "int" && a.sizeBytes === b.sizeBytes && a.signed === b.signed;
      case "enum":
      case "enum64":
        return isEnum(b) && enumsMatch(a, b);
      case "fwd":
        if (b.kind === "fwd") return a.union === b.union;
        return behindPointer && b.kind === (a.union ? "union" : "struct");
      case "struct":
      case "union":
        if (!behindPointer) return a.kind === b.kind && this.#members(a, b as BtfComposite, level);
        if (b.kind === "fwd") return b.union === (a.kind === "union");
        return a.kind === b.kind;
      default:
        return false;
    }
  }

  #members(a: BtfComposite, b: BtfComposite, level: number): boolean {
    const key = `${a.id} ${b.id}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const answer =
      a.members.length <= b.members.length &&
      a.members.every((member) =>
        b.members.some(
          (other) =>
            namesMatch(member.name, other.name) && this.match(member.type, other.type, false, level - 1),
        ),
      );
    this.#known.set(key, answer);
    return answer;
  }
}

function enumsMatch(a: BtfEnum, b: BtfEnum): boolean {
  if (a.sizeBytes !== b.sizeBytes || a.values.length > b.values.length) return false;
  const names = new Set(b.values.map((value) => essentialName(value.name)));
  return a.values.every((value) => names.has(essentialName(value.name)));
}

function namesMatch(local: string, target: string): boolean {
  return essentialName(local) === essentialName(target);
}
