import type { Btf } from "./btf.ts";
import {
  BTF_KIND_ARRAY,
  BTF_KIND_CONST,
  BTF_KIND_DATASEC,
  BTF_KIND_DECL_TAG,
  BTF_KIND_ENUM,
  BTF_KIND_ENUM64,
  BTF_KIND_FUNC,
  BTF_KIND_FUNC_PROTO,
  BTF_KIND_PTR,
  BTF_KIND_RESTRICT,
  BTF_KIND_STRUCT,
  BTF_KIND_TYPE_TAG,
  BTF_KIND_TYPEDEF,
  BTF_KIND_UNION,
  BTF_KIND_VAR,
  BTF_KIND_VOLATILE,
} from "./types.ts";

/** What makes libbpf 1.8 refuse the bytes of types. Offsets and sizes are bytes, those of sections count from the header's end. */
export type BtfProblem =
  | { readonly kind: "no header" }
  | { readonly kind: "magic"; readonly magic: number }
  | { readonly kind: "short header of the other order"; readonly headerBytes: number }
  | { readonly kind: "header past the end"; readonly headerBytes: number; readonly bytes: number }
  | { readonly kind: "strings past the end"; readonly bytes: number }
  | { readonly kind: "types past the strings"; readonly types: Part; readonly strings: Part }
  | { readonly kind: "types not aligned" }
  | { readonly kind: "strings without end" }
  | { readonly kind: "strings of a split" }
  | { readonly kind: "unknown kind"; readonly typeKind: number }
  | { readonly kind: "type cut off"; readonly typeId: number }
  | { readonly kind: "types cut off" }
  | { readonly kind: "name"; readonly typeId: number; readonly of: NameOf; readonly offset: number }
  | { readonly kind: "reference"; readonly typeId: number; readonly target: number }
  | { readonly kind: "no prototype"; readonly typeId: number; readonly target: number };

interface Part {
  readonly offsetBytes: number;
  readonly sizeBytes: number;
}

/** What a name in a record belongs to. */
type NameOf = "type" | "field" | "enum" | "param";

const MAGIC = 0xeb9f;
const SWAPPED_MAGIC = 0x9feb;
/** The header up to the fields that newer libbpf has. */
const HEADER_BYTES = 24;
const RECORD_BYTES = 12;

/** Bytes that follow a record, by kind: a fixed part, and one for each of its elements. */
const SHAPES: readonly (readonly [fixed: number, each: number] | undefined)[] = [
  undefined,
  ...[4, 0, 12].map((fixed) => [fixed, 0] as const),
  [0, 12],
  [0, 12],
  [0, 8],
  ...Array.from({ length: 6 }, () => [0, 0] as const),
  [0, 8],
  [4, 0],
  [0, 12],
  [0, 0],
  [4, 0],
  [0, 0],
  [0, 12],
];

/**
 * Looks through all of the bytes as libbpf does when it opens them, in the same order. What {@link Btf.parse} takes may
 * still be refused here: it leaves the inside of records for later.
 *
 * @param littleEndian the machine's order, in which libbpf reads
 * @param base what the types go on from
 */
export function findBtfProblem(bytes: Uint8Array, littleEndian: boolean, base?: Btf): BtfProblem | undefined {
  if (bytes.length < HEADER_BYTES) return { kind: "no header" };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const magic = view.getUint16(0, littleEndian);
  if (magic !== MAGIC && magic !== SWAPPED_MAGIC) return { kind: "magic", magic };
  const order = (magic === MAGIC) === littleEndian;
  const headerBytes = view.getUint32(4, order);
  if (magic !== MAGIC && headerBytes < HEADER_BYTES) {
    return { kind: "short header of the other order", headerBytes };
  }
  if (bytes.length < headerBytes) return { kind: "header past the end", headerBytes, bytes: bytes.length };
  // What a header is too short for is zero.
  const field = (at: number): number => (at + 4 <= headerBytes ? view.getUint32(at, order) : 0);
  const types: Part = { offsetBytes: field(8), sizeBytes: field(12) };
  const strings: Part = { offsetBytes: field(16), sizeBytes: field(20) };
  const stringsEnd = strings.offsetBytes + strings.sizeBytes;
  if (bytes.length - headerBytes < stringsEnd) return { kind: "strings past the end", bytes: bytes.length };
  if (types.offsetBytes + types.sizeBytes > strings.offsetBytes) {
    return { kind: "types past the strings", types, strings };
  }
  if (types.offsetBytes % 4 !== 0) return { kind: "types not aligned" };
  if (strings.sizeBytes === 0 ? base === undefined : bytes[headerBytes + stringsEnd - 1] !== 0) {
    return { kind: "strings without end" };
  }
  if (base === undefined && bytes[headerBytes + strings.offsetBytes] !== 0) {
    return { kind: "strings of a split" };
  }
  const start = headerBytes + types.offsetBytes;
  return new Records(
    new DataView(bytes.buffer, bytes.byteOffset + start, types.sizeBytes),
    order,
    (base?.stringsEnd ?? 0) + strings.sizeBytes,
    base,
  ).problem();
}

/** The records of a type section. */
class Records {
  readonly #view: DataView;
  readonly #littleEndian: boolean;
  readonly #stringsEnd: number;
  readonly #base: Btf | undefined;
  readonly #firstId: number;
  /** Where each record begins. */
  readonly #starts: number[] = [];

  constructor(view: DataView, littleEndian: boolean, stringsEnd: number, base: Btf | undefined) {
    this.#view = view;
    this.#littleEndian = littleEndian;
    this.#stringsEnd = stringsEnd;
    this.#base = base;
    this.#firstId = base?.typeCount ?? 1;
  }

  problem(): BtfProblem | undefined {
    return this.#findStarts() ?? this.#firstProblem();
  }

  #word(at: number): number {
    return this.#view.getUint32(at, this.#littleEndian);
  }

  #kind(at: number): number {
    return (this.#word(at + 4) >>> 24) & 0x7f;
  }

  #elements(at: number): number {
    return this.#word(at + 4) & 0xffffff;
  }

  #findStarts(): BtfProblem | undefined {
    const end = this.#view.byteLength;
    let at = 0;
    while (at + RECORD_BYTES <= end) {
      const typeKind = this.#kind(at);
      const shape = SHAPES[typeKind];
      if (shape === undefined) return { kind: "unknown kind", typeKind };
      const next = at + RECORD_BYTES + shape[0] + shape[1] * this.#elements(at);
      if (next > end) return { kind: "type cut off", typeId: this.#firstId + this.#starts.length };
      this.#starts.push(at);
      at = next;
    }
    return at === end ? undefined : { kind: "types cut off" };
  }

  #firstProblem(): BtfProblem | undefined {
    for (const [index, at] of this.#starts.entries()) {
      const typeId = this.#firstId + index;
      const found = this.#name(typeId, "type", at) ?? this.#inside(typeId, at);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** What is wrong in a record behind its own name. */
  #inside(typeId: number, at: number): BtfProblem | undefined {
    const body = at + RECORD_BYTES;
    switch (this.#kind(at)) {
      case BTF_KIND_PTR:
      case BTF_KIND_TYPEDEF:
      case BTF_KIND_VOLATILE:
      case BTF_KIND_CONST:
      case BTF_KIND_RESTRICT:
      case BTF_KIND_VAR:
      case BTF_KIND_DECL_TAG:
      case BTF_KIND_TYPE_TAG:
        return this.#reference(typeId, at + 8);
      case BTF_KIND_ARRAY:
        return this.#reference(typeId, body) ?? this.#reference(typeId, body + 4);
      case BTF_KIND_STRUCT:
      case BTF_KIND_UNION:
        return this.#each(
          at,
          12,
          (one) => this.#name(typeId, "field", one) ?? this.#reference(typeId, one + 4),
        );
      case BTF_KIND_ENUM:
        return this.#each(at, 8, (one) => this.#name(typeId, "enum", one));
      case BTF_KIND_ENUM64:
        return this.#each(at, 12, (one) => this.#name(typeId, "enum", one));
      case BTF_KIND_FUNC:
        return this.#reference(typeId, at + 8) ?? this.#prototype(typeId, this.#word(at + 8));
      case BTF_KIND_FUNC_PROTO:
        return this.#each(
          at,
          8,
          (one) => this.#name(typeId, "param", one) ?? this.#reference(typeId, one + 4),
        );
      case BTF_KIND_DATASEC:
        return this.#each(at, 12, (one) => this.#reference(typeId, one));
      default:
        return undefined;
    }
  }

  #each(
    at: number,
    sizeBytes: number,
    check: (element: number) => BtfProblem | undefined,
  ): BtfProblem | undefined {
    for (let i = 0, one = at + RECORD_BYTES; i < this.#elements(at); i++, one += sizeBytes) {
      const found = check(one);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #name(typeId: number, of: NameOf, at: number): BtfProblem | undefined {
    const offset = this.#word(at);
    return offset < this.#stringsEnd ? undefined : { kind: "name", typeId, of, offset };
  }

  #reference(typeId: number, at: number): BtfProblem | undefined {
    const target = this.#word(at);
    return target < this.#firstId + this.#starts.length ? undefined : { kind: "reference", typeId, target };
  }

  #prototype(typeId: number, target: number): BtfProblem | undefined {
    const own = this.#starts[target - this.#firstId];
    const kind = own === undefined ? (this.#base?.kindNumber(target) ?? 0) : this.#kind(own);
    return kind === BTF_KIND_FUNC_PROTO ? undefined : { kind: "no prototype", typeId, target };
  }
}
