import type { Btf } from "../btf.ts";
import { type BtfType, isEnum } from "../types.ts";

/** Types whose definitions compilers bring along. */
export function isBuiltIn(name: string): boolean {
  return name === "__builtin_va_list";
}

/** C names of a BTF's types. */
export interface TypeNames {
  /** Name after `struct`, `union` or `enum`; empty for an anonymous type. */
  tag(id: number): string;
  typedef(id: number): string;
  /** Name of an enumerator or function that is about to be defined. */
  newIdentifier(name: string): string;
}

/**
 * Names in the order in which they are asked for, as libbpf gives them: where several different types share a name,
 * all but the first get a suffix that CO-RE takes for a flavor (`name___2`). Nothing is looked at before it is needed.
 */
export class NamesByUse implements TypeNames {
  readonly #btf: Btf;
  readonly #tagCounts = new Map<string, number>();
  readonly #identifierCounts = new Map<string, number>();
  readonly #given = new Map<number, string>();

  constructor(btf: Btf) {
    this.#btf = btf;
  }

  tag(id: number): string {
    return this.#name(id, this.#tagCounts);
  }

  typedef(id: number): string {
    return this.#name(id, this.#identifierCounts);
  }

  newIdentifier(name: string): string {
    return numbered(this.#identifierCounts, name);
  }

  #name(id: number, counts: Map<string, number>): string {
    const known = this.#given.get(id);
    if (known !== undefined) return known;
    const name = this.#btf.name(id);
    const type = name === "" ? undefined : this.#btf.type(id);
    // Announcements stand for the type that has the name.
    const isAnnouncement = type?.kind === "fwd" || (type?.kind === "enum" && type.values.length === 0);
    const given = name === "" || isAnnouncement ? name : numbered(counts, name);
    this.#given.set(id, given);
    return given;
  }
}

/**
 * C names of a BTF's types: where several different types share a name, all but the first get a suffix that
 * CO-RE takes for a flavor (`name___2`). Tags (struct, union, enum) and identifiers (typedefs, enumerators,
 * functions) are apart in C.
 */
export class CNames implements TypeNames {
  readonly #btf: Btf;
  readonly #tags = new Map<number, string>();
  readonly #typedefs = new Map<number, string>();
  readonly #identifiers = new Map<string, number>();

  constructor(btf: Btf) {
    this.#btf = btf;
    const counts = new Map<string, number>();
    const owners = new Map<string, string>();
    const forwards: number[] = [];
    for (let id = 1; id < btf.typeCount; id++) {
      switch (btf.kind(id)) {
        case "struct":
        case "union":
        case "enum":
        case "enum64": {
          const name = btf.name(id);
          if (name === "") break;
          if (this.#isOpaqueEnum(id)) {
            forwards.push(id);
            break;
          }
          if (!counts.has(name)) owners.set(name, this.#keyword(id));
          this.#tags.set(id, numbered(counts, name));
          break;
        }
        case "fwd":
          forwards.push(id);
          break;
        case "typedef":
          this.#typedefs.set(id, numbered(this.#identifiers, btf.name(id)));
          break;
        default:
          break;
      }
    }
    // A forward declaration stands for the type of that name and kind, if there is one.
    for (const id of forwards) {
      const name = btf.name(id);
      const keyword = this.#keyword(id);
      const owner = owners.get(name);
      if (owner === undefined) {
        owners.set(name, keyword);
        counts.set(name, 1);
      }
      this.#tags.set(id, owner === undefined || owner === keyword ? name : numbered(counts, name));
    }
  }

  tag(id: number): string {
    return this.#tags.get(id) ?? "";
  }

  typedef(id: number): string {
    return this.#typedefs.get(id) ?? this.#btf.name(id);
  }

  newIdentifier(name: string): string {
    return numbered(this.#identifiers, name);
  }

  #isOpaqueEnum(id: number): boolean {
    const type = this.#btf.type(id);
    return isEnum(type) && type.values.length === 0;
  }

  #keyword(id: number): string {
    const type = this.#btf.type(id);
    if (type.kind === "fwd") return type.union ? "union" : "struct";
    return type.kind === "enum64" ? "enum" : type.kind;
  }
}

/** How C refers to a type that stands for itself: `int`, `struct s`; `undefined` for what has no such name. */
export function referenceTo(type: BtfType, names: TypeNames): string | undefined {
  switch (type.kind) {
    case "void":
      return "void";
    case "int":
    case "float":
      return type.name;
    case "typedef":
      return names.typedef(type.id);
    case "fwd":
      return `${type.union ? "union" : "struct"} ${names.tag(type.id)}`;
    case "struct":
    case "union":
      return tagged(type.kind, names.tag(type.id));
    case "enum":
    case "enum64":
      return `enum ${names.tag(type.id)}`;
    default:
      return undefined;
  }
}

/** `struct s`, or `struct` without a name. */
export function tagged(keyword: string, name: string): string {
  return name === "" ? keyword : `${keyword} ${name}`;
}

function numbered(counts: Map<string, number>, name: string): string {
  const count = (counts.get(name) ?? 0) + 1;
  counts.set(name, count);
  return count === 1 ? name : `${name}___${count}`;
}
