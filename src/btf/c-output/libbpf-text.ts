import { MalformedInputError } from "../../internal/index.ts";
import type { Btf } from "../btf.ts";
import { POINTER_BYTES } from "../layout.ts";
import {
  type BtfComposite,
  type BtfEnum,
  type BtfPrototype,
  type BtfType,
  isComposite,
  isEnum,
} from "../types.ts";
import { referenceTo, type TypeNames, tagged } from "./names.ts";
import { isPacked, roundUp } from "./padding.ts";
import { StepBudget } from "./step-budget.ts";

const MAX_NESTING = 128;
/** Deepest indent that libbpf writes. */
const MOST_TABS = 13;

/** How a declaration is written. */
export interface DeclarationOptions {
  /** Tabs in front of further lines. */
  readonly level?: number;
  /** Without const, volatile, restrict and type tags. */
  readonly stripModifiers?: boolean;
  /** Types without a name are named by their keyword only, not written out. */
  readonly terse?: boolean;
}

/** What the parts of one declaration have in common. */
interface Context {
  readonly level: number;
  readonly strip: boolean;
  readonly terse: boolean;
}

/** Part of a declaration to the right of its base type. */
interface Declarator {
  readonly text: string;
  /** Whether a space separates it from a base type; after an asterisk, where `spaced`, too. */
  readonly apart: boolean;
  readonly spaced: boolean;
}

/**
 * C of types as libbpf writes it, to the space: what is printed of a type in a guest is what the native program prints.
 */
export class LibbpfText {
  readonly #btf: Btf;
  readonly #names: TypeNames;
  readonly #budget: StepBudget;

  constructor(btf: Btf, names: TypeNames) {
    this.#btf = btf;
    this.#names = names;
    this.#budget = new StepBudget(btf.typeCount, MAX_NESTING);
  }

  /** Declares `name`, which may be empty, with a type. */
  declare(id: number, name: string, options: DeclarationOptions = {}): string {
    const { level = 0, stripModifiers: strip = false, terse = false } = options;
    return this.#declare(id, name, { level, strip, terse }, 0);
  }

  /** `struct name { ... }` without a semicolon. */
  composite(type: BtfComposite, level = 0): string {
    return this.#composite(type, { level, strip: false, terse: false }, 0);
  }

  /** `enum name { ... }` without a semicolon. */
  enumeration(type: BtfEnum, level = 0): string {
    const head = tagged("enum", this.#names.tag(type.id));
    if (type.values.length === 0) return head;
    const suffix = type.kind === "enum" ? "" : type.signed ? "LL" : "ULL";
    const lines = type.values.map(
      ({ name, value }) => `\n${tabs(level + 1)}${this.#names.newIdentifier(name)} = ${value}${suffix},`,
    );
    return `${head} {${lines.join("")}\n${tabs(level)}}${enumAttribute(type)}`;
  }

  #declare(id: number, name: string, context: Context, depth: number): string {
    return this.#wrap(id, { text: name, apart: name !== "", spaced: false }, name !== "", context, depth);
  }

  /** @param named whether the declaration has a name */
  #wrap(id: number, inner: Declarator, named: boolean, context: Context, depth: number): string {
    this.#budget.step(id, depth);
    const { id: target, modifiers } = this.#modified(id, context);
    const type = this.#btf.type(target);
    switch (type.kind) {
      case "ptr": {
        // Modifiers of a pointer stand to the right of the asterisk.
        const own = modifiers.map((modifier) => ` ${modifier}`).join("");
        const separated = own === "" ? inner.spaced : inner.apart;
        const text = `*${own}${separated ? " " : ""}${inner.text}`;
        return this.#wrap(type.type, { text, apart: true, spaced: false }, named, context, depth + 1);
      }
      case "array": {
        const outer = this.#suffix(inner, `[${type.length}]`, named, false);
        return this.#wrap(type.elementType, outer, named, context, depth + 1);
      }
      case "func_proto": {
        const outer = this.#suffix(inner, `(${this.#parameters(type, context, depth)})`, named, true);
        return this.#wrap(type.returnType, outer, named, context, depth + 1);
      }
      default: {
        const base = this.#base(type, context, depth);
        const before = modifiers.filter((modifier) => !modifier.startsWith("_")).map((one) => `${one} `);
        const after = modifiers.filter((modifier) => modifier.startsWith("_")).map((one) => ` ${one}`);
        return `${before.join("")}${base}${after.join("")}${inner.apart ? " " : ""}${inner.text}`;
      }
    }
  }

  /** Modifiers in front of a type, the innermost first. */
  #modified(id: number, { strip }: Context): { id: number; modifiers: string[] } {
    const modifiers: string[] = [];
    let at = id;
    for (let step = 0; step < MAX_NESTING; step++) {
      const type = this.#btf.type(at);
      if (type.kind === "type_tag") {
        const attribute = type.attribute ? type.name : `btf_type_tag("${type.name}")`;
        if (!strip) modifiers.unshift(`__attribute__((${attribute}))`);
      } else if (type.kind === "const" || type.kind === "volatile" || type.kind === "restrict") {
        if (!strip) modifiers.unshift(type.kind);
      } else {
        return { id: at, modifiers };
      }
      at = type.type;
    }
    throw new MalformedInputError(`type ${id} is a cycle of qualifiers`);
  }

  /** The declarator of an array or function. A pointer to one stands in parentheses. */
  #suffix(inner: Declarator, suffix: string, named: boolean, isFunction: boolean): Declarator {
    const isPointer = inner.text.startsWith("*");
    const text = `${isPointer ? `(${inner.text})` : inner.text}${suffix}`;
    const apart = isPointer && isFunction ? true : named;
    return { text, apart, spaced: isPointer && isFunction };
  }

  #parameters(type: BtfPrototype, context: Context, depth: number): string {
    const { parameters } = type;
    if (parameters.length === 0 || (parameters.length === 1 && parameters[0]?.type === 0)) return "void";
    const last = parameters.length - 1;
    return parameters
      .map(({ type: id, name }, index) =>
        id === 0 && index === last ? "..." : this.#declare(id, name, context, depth + 1),
      )
      .join(", ");
  }

  #base(type: BtfType, context: Context, depth: number): string {
    if (!context.terse && isComposite(type) && type.name === "") {
      return this.#composite(type, context, depth + 1);
    }
    if (!context.terse && isEnum(type) && type.name === "") return this.enumeration(type, context.level);
    return referenceTo(type, this.#names) ?? "";
  }

  #composite(type: BtfComposite, context: Context, depth: number): string {
    this.#budget.step(type.id, depth);
    const level = context.level + 1;
    const isStruct = type.kind === "struct";
    const packed = isStruct && isPacked(this.#btf, type);
    const lines: string[] = [];
    let end = 0;
    let afterBitfield = false;
    for (const { type: id, name, offsetBits, bitfieldBits } of type.members) {
      if (this.#btf.resolve(id) === type.id) throw new MalformedInputError(`type ${type.id} contains itself`);
      const inBitfield = afterBitfield && bitfieldBits !== 0;
      pad(lines, end, offsetBits, packed ? 1 : this.#btf.alignOf(id), inBitfield);
      const bits = bitfieldBits === 0 ? "" : `: ${bitfieldBits}`;
      lines.push(`${this.#declare(id, name, { ...context, level }, depth + 1)}${bits};`);
      afterBitfield = bitfieldBits !== 0;
      end = offsetBits + (afterBitfield ? bitfieldBits : 8 * this.#sizeOf(id));
    }
    if (isStruct) pad(lines, end, 8 * type.sizeBytes, this.#btf.alignOf(type.id), false);
    const head = `${tagged(type.kind, this.#names.tag(type.id))} {`;
    const body = lines.map((line) => `\n${tabs(level)}${line}`).join("");
    const isEmpty = type.members.length === 0 && type.sizeBytes === 0;
    const foot = isEmpty ? "}" : `\n${tabs(context.level)}}`;
    return `${head}${body}${foot}${packed ? " __attribute__((packed))" : ""}`;
  }

  #sizeOf(id: number): number {
    try {
      return this.#btf.sizeOf(id);
    } catch (error) {
      if (error instanceof MalformedInputError) return 0;
      throw error;
    }
  }
}

/** Types of unnamed bitfields that fill gaps, largest first. */
const FILLERS: readonly (readonly [name: string, bits: number])[] = [
  ["long", 8 * POINTER_BYTES],
  ["int", 32],
  ["short", 16],
  ["char", 8],
];
/** Larger gaps are no gaps of a structure but damage. */
const LARGEST_GAP_BITS = 8 << 20;

/**
 * Adds unnamed bitfields between the bits `from` and `to`. Where the compiler's own alignment does it, there are none; where
 * it has to be told, `long: 0`.
 */
function pad(lines: string[], from: number, to: number, alignmentBytes: number, inBitfield: boolean): void {
  if (from >= to) return;
  if (to - from > LARGEST_GAP_BITS) throw new MalformedInputError("a structure has an impossible gap");
  const [name, width] = FILLERS.find(([, bits]) => roundUp(from, bits) <= to) ?? ["char", 8];
  const aligned = roundUp(from, width);
  let at = from;
  if (aligned > from && aligned <= to) {
    const isEnd = aligned === to;
    const natural = roundUp(from, 8 * alignmentBytes) === aligned;
    if (inBitfield || (isEnd ? !natural : to - aligned <= aligned - from)) {
      lines.push(`${name}: ${inBitfield ? aligned - from : 0};`);
    }
    at = aligned;
  }
  for (; at + width <= to; at += width) lines.push(`${name}: ${width};`);
  if (at < to) {
    // The rest has the smallest type that holds it.
    const [rest = "char"] = FILLERS.findLast(([, bits]) => bits >= to - at) ?? [];
    lines.push(`${rest}: ${to - at};`);
  }
}

/** What gives an enum the size that its type says. */
function enumAttribute(type: BtfEnum): string {
  if (type.sizeBytes === 1) return " __attribute__((mode(byte)))";
  if (type.sizeBytes !== 8) return "";
  const isWide =
    type.kind === "enum64" && type.values.some(({ value }) => BigInt.asUintN(64, value) >> 32n !== 0n);
  return isWide ? "" : " __attribute__((mode(word)))";
}

function tabs(level: number): string {
  return "\t".repeat(Math.min(level, MOST_TABS));
}
