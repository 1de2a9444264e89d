import { MalformedInputError } from "../../internal/index.ts";
import type { Btf } from "../btf.ts";
import type { BtfType } from "../types.ts";
import { CWriter } from "./definition.ts";
import { isBuiltIn, type TypeNames } from "./names.ts";

const MAX_NESTING = 256;

/** GCC's own names of vector element types on arm64, which clang does not know. */
const MISSING_BASE_TYPES: Readonly<Record<string, string>> = {
  __Poly8_t: "unsigned char",
  __Poly16_t: "unsigned short",
  __Poly64_t: "unsigned long long",
  __Poly128_t: "unsigned __int128",
};

/** How far the definition of a type is. */
const ANNOUNCED = 1;
const UNDERWAY = 2;
const DONE = 3;

/** The definition that is being prepared, and what of its inner types has been seen to. */
interface Frame {
  readonly id: number;
  readonly seen: Set<number>;
}

/**
 * Writes definitions in an order in which C accepts them: what is embedded comes before what embeds it, what
 * is only pointed to is announced.
 */
export class CDefinitions {
  readonly writer: CWriter;
  readonly #btf: Btf;
  readonly #names: TypeNames;
  readonly #states: Uint8Array;
  readonly #announcedTags = new Set<string>();
  readonly #out: string[] = [];

  constructor(btf: Btf, names: TypeNames) {
    this.#btf = btf;
    this.#names = names;
    this.writer = new CWriter(btf, names);
    this.#states = new Uint8Array(btf.typeCount);
  }

  /** Everything written so far. */
  get text(): string {
    return this.#out.join("");
  }

  /** Writes the definition of a type and of all it needs, unless it is there already. */
  define(id: number): void {
    const type = this.#btf.type(id);
    if (type.kind === "fwd") this.#announce(type);
    else if (isDefinition(type)) this.#define(type, 0);
    else this.need(id);
  }

  /** Writes what a declaration with this type needs: complete types, or announcements of what it points to. */
  need(id: number): void {
    this.#need(id, true, { id: 0, seen: new Set() }, 0);
  }

  #define(type: BtfType, depth: number): void {
    if (this.#states[type.id] === DONE) return;
    if (this.#states[type.id] === UNDERWAY) {
      throw new MalformedInputError(`type ${type.id} ${this.#btf.name(type.id)} needs itself to be complete`);
    }
    if (depth > MAX_NESTING) throw new MalformedInputError(`type ${type.id} nests too deeply`);
    this.#states[type.id] = UNDERWAY;
    const frame: Frame = { id: type.id, seen: new Set() };
    switch (type.kind) {
      case "struct":
      case "union":
        for (const member of type.members) this.#need(member.type, true, frame, depth + 1);
        if (type.name !== "") this.#out.push(this.writer.composite(type), ";\n\n");
        break;
      case "enum":
      case "enum64":
        this.#out.push(this.writer.enumeration(type), ";\n\n");
        break;
      case "typedef":
        this.#typedef(type, frame, depth);
        break;
      default:
        break;
    }
    this.#states[type.id] = DONE;
  }

  #typedef(type: BtfType & { kind: "typedef" }, frame: Frame, depth: number): void {
    if (isBuiltIn(type.name)) return;
    const name = this.#names.typedef(type.id);
    // Old GCC describes this one as void.
    if (type.name === "__gnuc_va_list" && type.type === 0) {
      this.#out.push(`typedef __builtin_va_list ${name};\n\n`);
      return;
    }
    this.#need(type.type, false, frame, depth + 1);
    this.#out.push("typedef ", this.writer.declare(type.type, name), ";\n\n");
  }

  /** Prepares for a use of a type inside the definition `frame`: `whole` when its size must be known there. */
  #need(id: number, whole: boolean, frame: Frame, depth: number): void {
    if (depth > MAX_NESTING) throw new MalformedInputError(`type ${id} nests too deeply`);
    const type = this.#btf.type(id);
    switch (type.kind) {
      case "ptr":
        this.#need(type.type, false, frame, depth + 1);
        break;
      case "const":
      case "volatile":
      case "restrict":
      case "type_tag":
        this.#need(type.type, whole, frame, depth + 1);
        break;
      case "array":
        // C wants complete elements even for a pointer to an array.
        this.#need(type.elementType, true, frame, depth + 1);
        break;
      case "func_proto":
        if (!this.#firstTime(id, frame)) break;
        this.#need(type.returnType, false, frame, depth + 1);
        for (const parameter of type.parameters) this.#need(parameter.type, false, frame, depth + 1);
        break;
      case "typedef":
        this.#define(type, depth);
        if (whole) this.#need(type.type, true, frame, depth + 1);
        break;
      case "struct":
      case "union":
        if (type.name === "") {
          if (!this.#firstTime(id, frame)) break;
          for (const member of type.members) this.#need(member.type, true, frame, depth + 1);
        } else if (whole) {
          this.#define(type, depth);
        } else if (id !== frame.id) {
          this.#announce(type);
        }
        break;
      case "fwd":
        this.#announce(type);
        break;
      case "enum":
      case "enum64":
        if (type.name !== "") this.#define(type, depth);
        break;
      case "int":
        this.#missingBaseType(type.id, type.name);
        break;
      default:
        break;
    }
  }

  #firstTime(id: number, frame: Frame): boolean {
    if (frame.seen.has(id)) return false;
    frame.seen.add(id);
    return true;
  }

  /** `struct name;` unless the name is known. */
  #announce(type: BtfType): void {
    const state = this.#states[type.id] ?? 0;
    if (state === ANNOUNCED || state === DONE) return;
    const declaration = this.writer.declare(type.id, "");
    if (!this.#announcedTags.has(declaration)) this.#out.push(declaration, ";\n\n");
    this.#announcedTags.add(declaration);
    // A definition that is underway stays so; the set of tags remembers that it is announced.
    if (state === 0) this.#states[type.id] = ANNOUNCED;
  }

  #missingBaseType(id: number, name: string): void {
    if (this.#states[id] === DONE) return;
    this.#states[id] = DONE;
    const base = missingBaseType(name);
    if (base !== undefined) this.#out.push(`typedef ${base} ${name};\n\n`);
  }
}

/** What a type is that compilers other than GCC do not know; `undefined` for all others. */
export function missingBaseType(name: string): string | undefined {
  return Object.hasOwn(MISSING_BASE_TYPES, name) ? MISSING_BASE_TYPES[name] : undefined;
}

/** Kinds that make a C definition of their own. */
export function isDefinition(type: BtfType): boolean {
  switch (type.kind) {
    case "struct":
    case "union":
    case "typedef":
    case "enum":
    case "enum64":
      return true;
    default:
      return false;
  }
}
