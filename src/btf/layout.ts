import { MalformedInputError } from "../internal/index.ts";
import type { Btf } from "./btf.ts";

/** Size of a pointer on the BPF machine and on every kernel this package loads programs into. */
export const POINTER_BYTES = 8;

/** Deepest nesting of arrays and structs that is followed before it counts as a cycle. */
const MAX_NESTING = 64;

/** Sizes and alignments of a BTF's types. */
export class Layout {
  readonly #btf: Btf;
  readonly #alignments = new Map<number, number>();

  constructor(btf: Btf) {
    this.#btf = btf;
  }

  sizeOf(id: number): number {
    let factor = 1;
    let at = id;
    for (let step = 0; step < MAX_NESTING; step++) {
      const type = this.#btf.type(this.#btf.resolve(at));
      switch (type.kind) {
        case "int":
        case "float":
        case "struct":
        case "union":
        case "enum":
        case "enum64":
        case "datasec":
          return checkedSize(factor * type.sizeBytes, id);
        case "ptr":
          return checkedSize(factor * POINTER_BYTES, id);
        case "array":
          factor = checkedSize(factor * type.length, id);
          at = type.elementType;
          break;
        case "var":
          at = type.type;
          break;
        default:
          throw new MalformedInputError(`type ${id} has no size: it is ${describe(type.kind)}`);
      }
    }
    throw new MalformedInputError(`type ${id} nests too deeply to have a size`);
  }

  alignOf(id: number): number {
    return this.#align(id, 0);
  }

  #align(id: number, depth: number): number {
    const resolved = this.#btf.resolve(id);
    const known = this.#alignments.get(resolved);
    if (known !== undefined) return known;
    if (depth > MAX_NESTING)
      throw new MalformedInputError(`type ${id} nests too deeply to have an alignment`);
    // A struct that contains itself meets this provisional value instead of recursing for ever.
    this.#alignments.set(resolved, 1);
    try {
      const alignment = this.#compute(resolved, depth);
      this.#alignments.set(resolved, alignment);
      return alignment;
    } catch (error) {
      this.#alignments.delete(resolved);
      throw error;
    }
  }

  #compute(id: number, depth: number): number {
    const type = this.#btf.type(id);
    switch (type.kind) {
      case "int":
      case "float":
      case "enum":
      case "enum64":
        return Math.max(1, Math.min(POINTER_BYTES, type.sizeBytes));
      case "ptr":
        return POINTER_BYTES;
      case "array":
        return this.#align(type.elementType, depth + 1);
      case "var":
        return this.#align(type.type, depth + 1);
      case "struct":
      case "union": {
        let alignment = 1;
        for (const member of type.members) {
          const own = this.#align(member.type, depth + 1);
          alignment = Math.max(alignment, own);
          // A member off its natural place gives a packed struct away.
          if (member.bitfieldBits === 0 && member.offsetBits % (8 * own) !== 0) return 1;
        }
        return type.sizeBytes % alignment === 0 ? alignment : 1;
      }
      default:
        throw new MalformedInputError(`type ${id} has no alignment: it is ${describe(type.kind)}`);
    }
  }
}

function checkedSize(size: number, id: number): number {
  if (size > Number.MAX_SAFE_INTEGER) throw new MalformedInputError(`type ${id} is too large`);
  return size;
}

function describe(kind: string): string {
  return kind === "void" ? "void" : `a ${kind}`;
}
