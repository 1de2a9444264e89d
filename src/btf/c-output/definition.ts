import { MalformedInputError } from "../../internal/index.ts";
import type { Btf } from "../btf.ts";
import {
  type BtfComposite,
  type BtfEnum,
  type BtfPrototype,
  type BtfType,
  isComposite,
  isEnum,
} from "../types.ts";
import { referenceTo, type TypeNames, tagged } from "./names.ts";
import { fillGap, isPacked, naturalOffset, roundUp } from "./padding.ts";
import { StepBudget } from "./step-budget.ts";

/** Deepest nesting of declarators and anonymous types. */
const MAX_NESTING = 128;

/** Writes declarations and definitions of a BTF's types in C, with a tab as indent. */
export class CWriter {
  readonly #btf: Btf;
  readonly #names: TypeNames;
  readonly #budget: StepBudget;

  constructor(btf: Btf, names: TypeNames) {
    this.#btf = btf;
    this.#names = names;
    this.#budget = new StepBudget(btf.typeCount, MAX_NESTING);
  }

  /**
   * Declares `declarator` (a name, or empty) with a type: `int (*name)(void)`. Anonymous structs are written
   * out in full, their further lines indented by `indent`.
   */
  declare(id: number, declarator: string, indent = ""): string {
    return this.#declare(id, declarator, [], indent, 0);
  }

  /** `struct name { ... }` with its attributes, without a semicolon. */
  composite(type: BtfComposite, indent = ""): string {
    return this.#composite(type, indent, 0);
  }

  /** `enum name { ... }` with its attributes, without a semicolon. */
  enumeration(type: BtfEnum, indent = ""): string {
    const head = tagged("enum", this.#names.tag(type.id));
    if (type.values.length === 0) return head;
    const wide = type.kind === "enum64";
    const lines = type.values.map(
      ({ name: enumerator, value }) =>
        `${indent}\t${this.#names.newIdentifier(enumerator)} = ${wide ? wideLiteral(value, type.signed) : value},\n`,
    );
    return `${head} {\n${lines.join("")}${indent}}${enumAttribute(type)}`;
  }

  #declare(id: number, declarator: string, qualifiers: string[], indent: string, depth: number): string {
    this.#budget.step(id, depth);
    const type = this.#btf.type(id);
    switch (type.kind) {
      case "const":
      case "volatile":
      case "restrict":
        return this.#declare(type.type, declarator, [...qualifiers, type.kind], indent, depth + 1);
      case "type_tag": {
        const attribute = type.attribute ? type.name : `btf_type_tag("${escapeQuotes(type.name)}")`;
        const tag = `__attribute__((${attribute}))`;
        return this.#declare(type.type, declarator, [...qualifiers, tag], indent, depth + 1);
      }
      case "ptr": {
        // Qualifiers of a pointer stand to the right of the asterisk.
        const own = qualifiers.length === 0 ? "" : ` ${qualifiers.join(" ")}${declarator === "" ? "" : " "}`;
        const pointer = `*${own}${declarator}`;
        const target = this.#pointedKind(type.type);
        const inner = target === "array" || target === "func_proto" ? `(${pointer})` : pointer;
        return this.#declare(type.type, inner, [], indent, depth + 1);
      }
      case "array":
        // Qualifiers of an array mean its elements, which have them already.
        return this.#declare(type.elementType, `${declarator}[${type.length}]`, [], indent, depth + 1);
      case "func_proto": {
        const parameters = this.#parameters(type, indent, depth);
        return this.#declare(type.returnType, `${declarator}(${parameters})`, [], indent, depth + 1);
      }
      default: {
        const prefix = qualifiers.length === 0 ? "" : `${qualifiers.join(" ")} `;
        return `${prefix}${this.#base(type, indent, depth)}${declarator === "" ? "" : " "}${declarator}`;
      }
    }
  }

  /** Kind behind a pointer, where qualifiers of arrays and functions do not count. */
  #pointedKind(id: number): string {
    return this.#btf.kind(this.#btf.skipModifiers(id));
  }

  #parameters(type: BtfPrototype, indent: string, depth: number): string {
    const { parameters } = type;
    if (parameters.length === 0 || (parameters.length === 1 && parameters[0]?.type === 0)) return "void";
    return parameters
      .map((parameter, i) =>
        parameter.type === 0 && i === parameters.length - 1
          ? "..."
          : this.#declare(parameter.type, parameter.name, [], indent, depth + 1),
      )
      .join(", ");
  }

  #base(type: BtfType, indent: string, depth: number): string {
    if (isComposite(type) && type.name === "") return this.#composite(type, indent, depth + 1);
    if (isEnum(type) && type.name === "") return this.enumeration(type, indent);
    const reference = referenceTo(type, this.#names);
    if (reference !== undefined) return reference;
    throw new MalformedInputError(`type ${type.id}, a ${type.kind}, stands where a C type is needed`);
  }

  #composite(type: BtfComposite, indent: string, depth: number): string {
    this.#budget.step(type.id, depth);
    const packed = isPacked(this.#btf, type);
    const lines =
      type.kind === "struct" ? this.#struct(type, packed, indent, depth) : this.#union(type, indent, depth);
    const body = lines.map((line) => `${indent}\t${line}\n`).join("");
    const head = `${tagged(type.kind, this.#names.tag(type.id))} {`;
    const attribute = packed ? " __attribute__((packed))" : "";
    return `${head}${body === "" ? "" : `\n${body}${indent}`}}${attribute}`;
  }

  #struct(type: BtfComposite, packed: boolean, indent: string, depth: number): string[] {
    const lines: string[] = [];
    let end = 0;
    for (const member of type.members) {
      if (member.offsetBits < end) throw misplaced(type, member.name);
      if (naturalOffset(this.#btf, member, end, packed) !== member.offsetBits) {
        for (const line of fillGap(end, member.offsetBits)) lines.push(line);
      }
      lines.push(this.#member(type, member.type, member.name, member.bitfieldBits, indent, depth));
      end = member.offsetBits + (member.bitfieldBits || this.#btf.sizeOf(member.type) * 8);
    }
    const size = type.sizeBytes * 8;
    if (end > size) throw misplaced(type, "the last one");
    if (roundUp(end, packed ? 8 : this.#alignment(type) * 8) !== size) {
      for (const line of fillGap(end, size)) lines.push(line);
    }
    return lines;
  }

  #union(type: BtfComposite, indent: string, depth: number): string[] {
    const lines: string[] = [];
    let largest = 0;
    for (const member of type.members) {
      lines.push(this.#member(type, member.type, member.name, member.bitfieldBits, indent, depth));
      largest = Math.max(largest, Math.ceil((member.bitfieldBits || this.#btf.sizeOf(member.type) * 8) / 8));
    }
    const natural = roundUp(largest, isPacked(this.#btf, type) ? 1 : this.#alignment(type));
    if (natural < type.sizeBytes) lines.push(`char __pad[${type.sizeBytes}];`);
    return lines;
  }

  #alignment(type: BtfComposite): number {
    return type.members.reduce((most, member) => Math.max(most, this.#btf.alignOf(member.type)), 1);
  }

  #member(
    owner: BtfComposite,
    id: number,
    name: string,
    bits: number,
    indent: string,
    depth: number,
  ): string {
    if (this.#btf.resolve(id) === owner.id) throw new MalformedInputError(`type ${owner.id} contains itself`);
    const declaration = this.#declare(id, name, [], `${indent}\t`, depth + 1);
    return bits === 0 ? `${declaration};` : `${declaration}: ${bits};`;
  }
}

function misplaced(type: BtfComposite, member: string): MalformedInputError {
  return new MalformedInputError(
    `member ${member} of ${type.kind} ${type.name} (type ${type.id}) has an impossible place`,
  );
}

function wideLiteral(value: bigint, signed: boolean): string {
  if (!signed) return `${value}ULL`;
  return value === -0x8000000000000000n ? "(-9223372036854775807LL - 1)" : `${value}LL`;
}

/** What gives an enum the size that BTF says. */
function enumAttribute(type: BtfEnum): string {
  switch (type.sizeBytes) {
    case 1:
      return " __attribute__((mode(byte)))";
    case 2:
      return " __attribute__((mode(HI)))";
    case 8: {
      const low = type.signed ? -0x80000000n : 0n;
      const high = type.signed ? 0x7fffffffn : 0xffffffffn;
      const wide = type.values.some(({ value }) => value < low || value > high);
      return wide ? "" : " __attribute__((mode(word)))";
    }
    default:
      return "";
  }
}

function escapeQuotes(text: string): string {
  return text.replaceAll(/["\\]/g, "\\$&");
}
