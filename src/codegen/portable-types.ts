import {
  type Btf,
  type BtfComposite,
  type BtfEnum,
  type BtfInt,
  type BtfMember,
  type BtfType,
  type BtfTypedef,
  isComposite,
  isEnum,
} from "../btf/index.ts";
import { MalformedInputError } from "../internal/index.ts";
import { toIdentifier } from "./identifier.ts";

/** Deepest nesting of types inside types; more is a cycle. */
const MAX_NESTING = 64;

/** Anonymous types that are written out, per type of the BTF, before it counts as made to explode. */
const EXPANSIONS_PER_TYPE = 100;
const MIN_EXPANSIONS = 10_000;

/** Integer types that have this size on BPF, on wasm and on every 64-bit machine. */
const SIGNED: Readonly<Record<number, string>> = {
  1: "signed char",
  2: "short",
  4: "int",
  8: "long long",
  16: "__int128",
};
const UNSIGNED: Readonly<Record<number, string>> = {
  1: "unsigned char",
  2: "unsigned short",
  4: "unsigned int",
  8: "unsigned long long",
  16: "unsigned __int128",
};

export interface PortableTypesOptions {
  /** Writes enums as integers of their size, so that no definition of them is needed. */
  readonly enumsAsIntegers: boolean;
  /** How pointers are declared; default: as integers. */
  readonly pointer?: string;
  /** Name in C of a named type, where that is not its name in BTF. */
  readonly nameOf?: (type: NamedType) => string;
}

/** Type that is referred to by its name. */
export type NamedType = BtfComposite | BtfEnum | BtfTypedef;

/** A type taken apart: the element type, the array dimensions around it, the typedef next to it. */
export interface Peeled {
  readonly type: BtfType;
  readonly dimensions: readonly number[];
  readonly typedef: BtfTypedef | undefined;
}

/**
 * Writes BTF types as C that has the BPF layout wherever it is compiled, wasm32 included: integers of fixed
 * width, pointers as 64-bit integers, padding as members.
 */
export class PortableTypes {
  readonly #btf: Btf;
  readonly #enumsAsIntegers: boolean;
  readonly #pointer: string | undefined;
  readonly #nameOf: (type: NamedType) => string;
  #expansions = 0;
  #paddings = 0;
  #memberNames: ReadonlySet<string> = new Set();

  constructor(btf: Btf, options: PortableTypesOptions) {
    this.#btf = btf;
    this.#enumsAsIntegers = options.enumsAsIntegers;
    this.#pointer = options.pointer;
    this.#nameOf = options.nameOf ?? ((type) => toIdentifier(type.name));
  }

  /** Starts the numbering of padding members again, for the next definition with these member names. */
  restartPadding(memberNames: Iterable<string>): void {
    this.#paddings = 0;
    this.#memberNames = new Set(memberNames);
  }

  /** A member of `count` bytes that only fills space. */
  padding(count: number): string {
    while (this.#memberNames.has(`__pad${this.#paddings}`)) this.#paddings++;
    return `char __pad${this.#paddings++}[${count}];`;
  }

  /** Names of the members of a struct or union, those of its anonymous members included. */
  memberNames(type: BtfComposite, depth = 0): string[] {
    this.#expand(type, depth);
    return type.members.flatMap((member) => {
      if (member.name !== "") return [member.name];
      const { type: inner } = this.peel(member.type);
      return isComposite(inner) ? this.memberNames(inner, depth + 1) : [];
    });
  }

  /**
   * Declaration of a variable or member, its semicolon included. The first line is not indented, further
   * lines (of an anonymous struct) are.
   */
  declaration(typeId: number, name: string, indent: string, depth = 0): string {
    const { type, dimensions, typedef } = this.peel(typeId);
    const suffix = dimensions.map((length) => `[${length}]`).join("");
    const identifier = name === "" ? "" : ` ${toIdentifier(name)}`;
    const declare = (base: string, comment = ""): string => `${base}${identifier}${suffix};${comment}`;
    switch (type.kind) {
      case "int":
      case "float": {
        const base = type.kind === "int" ? integerName(type) : floatName(type.sizeBytes);
        return base === undefined ? `unsigned char${identifier}${suffix}[${type.sizeBytes}];` : declare(base);
      }
      case "ptr":
        return this.#pointer === undefined
          ? declare("unsigned long long", " /* pointer */")
          : declare(this.#pointer);
      case "enum":
      case "enum64":
        return declare(this.#enumName(type, typedef));
      case "struct":
      case "union":
        // NB: an empty struct has size 1 in C++; one that only holds empty arrays has none.
        if (type.sizeBytes === 0 && name !== "") return `char${identifier}${suffix}[0];`;
        if (type.name !== "") return declare(`${type.kind} ${this.#nameOf(type)}`);
        if (typedef !== undefined) return declare(this.#nameOf(typedef));
        return declare(this.composite(type, indent, depth + 1));
      default:
        throw new MalformedInputError(`"${name}" has a type of kind ${type.kind}, which has no size`);
    }
  }

  /** `struct NAME { ... } __attribute__(...)` of a struct or union, without a semicolon. */
  composite(type: BtfComposite, indent: string, depth = 0): string {
    this.#expand(type, depth);
    const inner = `${indent}\t`;
    const lines =
      type.kind === "struct" ? this.#structLines(type, inner, depth) : this.#unionLines(type, inner, depth);
    const name = type.name === "" ? "" : ` ${this.#nameOf(type)}`;
    const alignment = this.#btf.alignOf(type.id);
    const attribute = alignment === 1 ? "packed" : `packed, aligned(${alignment})`;
    const body = lines.map((line) => `${inner}${line}\n`).join("");
    return `${type.kind}${name} {\n${body}${indent}} __attribute__((${attribute}))`;
  }

  /** Whether members of this enum are declared with its name and not as integers. */
  isEnumByName(type: BtfEnum): boolean {
    // An enum of another size than int has no spelling that all compilers give the same layout.
    return !this.#enumsAsIntegers && type.kind === "enum" && type.sizeBytes === 4 && type.values.length > 0;
  }

  /** Takes qualifiers, typedefs and arrays off a type. */
  peel(typeId: number): Peeled {
    const dimensions: number[] = [];
    let typedef: BtfTypedef | undefined;
    let id = typeId;
    for (let step = 0; step < MAX_NESTING; step++) {
      const type = this.#btf.type(this.#btf.skipModifiers(id));
      if (type.kind === "typedef") {
        typedef = type;
        id = type.type;
      } else if (type.kind === "array") {
        dimensions.push(type.length);
        typedef = undefined;
        id = type.elementType;
      } else {
        return { type, dimensions, typedef };
      }
    }
    throw new MalformedInputError(`type ${typeId} is a cycle of typedefs and arrays`);
  }

  #expand(type: BtfComposite, depth: number): void {
    if (depth > MAX_NESTING) throw new MalformedInputError(`type ${type.id} contains itself`);
    if (++this.#expansions > MIN_EXPANSIONS + EXPANSIONS_PER_TYPE * this.#btf.typeCount) {
      throw new MalformedInputError(`type ${type.id} nests anonymous types without end`);
    }
  }

  #enumName(type: BtfEnum, typedef: BtfTypedef | undefined): string {
    if (this.isEnumByName(type)) {
      if (type.name !== "") return `enum ${this.#nameOf(type)}`;
      if (typedef !== undefined) return this.#nameOf(typedef);
    }
    return fixedInteger(type.sizeBytes, type.signed) ?? "unsigned int";
  }

  #structLines(type: BtfComposite, indent: string, depth: number): string[] {
    const lines: string[] = [];
    let at = 0;
    for (const member of type.members) {
      if (member.offsetBits < at) {
        throw new MalformedInputError(
          `member "${member.name}" of struct "${type.name}" overlaps the one before it`,
        );
      }
      lines.push(...this.#gap(at, member.offsetBits));
      if (member.bitfieldBits > 0) {
        lines.push(this.#bitfield(type, member));
        at = member.offsetBits + member.bitfieldBits;
        continue;
      }
      at = member.offsetBits + 8 * this.#memberSize(type, member);
      if (member.offsetBits % 8 !== 0 || at > type.sizeBytes * 8) throw misplaced(type, member);
      if (member.name !== "" || at > member.offsetBits || this.#hasMembers(member)) {
        lines.push(this.declaration(member.type, member.name, indent, depth));
      }
    }
    if (at > type.sizeBytes * 8) {
      throw new MalformedInputError(`the members of struct "${type.name}" need more than its size`);
    }
    lines.push(...this.#gap(at, type.sizeBytes * 8));
    return lines;
  }

  #unionLines(type: BtfComposite, indent: string, depth: number): string[] {
    const lines: string[] = [];
    let largest = 0;
    for (const member of type.members) {
      if (member.offsetBits !== 0) throw misplaced(type, member);
      if (member.bitfieldBits > 0) {
        lines.push(this.#bitfield(type, member));
        largest = Math.max(largest, Math.ceil(member.bitfieldBits / 8));
        continue;
      }
      const size = this.#memberSize(type, member);
      largest = Math.max(largest, size);
      if (member.name !== "" || size > 0 || this.#hasMembers(member)) {
        lines.push(this.declaration(member.type, member.name, indent, depth));
      }
    }
    if (largest > type.sizeBytes) {
      throw new MalformedInputError(`a member of union "${type.name}" is larger than the union`);
    }
    if (largest < type.sizeBytes) lines.push(this.padding(type.sizeBytes));
    return lines;
  }

  /** Whether a member is an anonymous struct or union with members of its own. */
  #hasMembers(member: BtfMember): boolean {
    const { type, dimensions } = this.peel(member.type);
    return dimensions.length === 0 && isComposite(type) && type.members.length > 0;
  }

  #memberSize(type: BtfComposite, member: BtfMember): number {
    const resolved = this.#btf.type(this.#btf.resolve(member.type));
    if (resolved.id === type.id) throw new MalformedInputError(`type ${type.id} contains itself`);
    return this.#btf.sizeOf(member.type);
  }

  #bitfield(owner: BtfComposite, member: BtfMember): string {
    const { type } = this.peel(member.type);
    const base =
      type.kind === "int"
        ? integerName(type)
        : isEnum(type)
          ? fixedInteger(type.sizeBytes, type.signed)
          : undefined;
    if (base === undefined || !("sizeBytes" in type) || member.bitfieldBits > type.sizeBytes * 8) {
      throw misplaced(owner, member);
    }
    return `${base} ${toIdentifier(member.name)} : ${member.bitfieldBits};`;
  }

  /** Members that fill the bits from `from` to `to`. */
  #gap(from: number, to: number): string[] {
    const lines: string[] = [];
    let at = from;
    const bits = (count: number): void => {
      if (count > 0) lines.push(`unsigned int : ${count};`);
      at += count;
    };
    if (at % 8 !== 0) bits(Math.min(to, Math.ceil(at / 8) * 8) - at);
    const bytes = Math.floor((to - at) / 8);
    if (bytes > 0) lines.push(this.padding(bytes));
    at += bytes * 8;
    bits(to - at);
    return lines;
  }
}

function misplaced(type: BtfComposite, member: BtfMember): MalformedInputError {
  return new MalformedInputError(
    `member "${member.name}" of ${type.kind} "${type.name}" has an impossible place`,
  );
}

function integerName(type: BtfInt): string | undefined {
  if (type.bool && type.sizeBytes === 1) return "bool";
  if (type.sizeBytes === 1 && type.name === "char") return "char";
  return fixedInteger(type.sizeBytes, type.signed);
}

function fixedInteger(sizeBytes: number, signed: boolean): string | undefined {
  return (signed ? SIGNED : UNSIGNED)[sizeBytes];
}

function floatName(sizeBytes: number): string | undefined {
  return sizeBytes === 4 ? "float" : sizeBytes === 8 ? "double" : undefined;
}
