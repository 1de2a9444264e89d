import { MalformedInputError } from "../internal/index.ts";

/** 32-bit words of a record without its elements, and of each element; 0 for kinds that do not exist. */
const RECORD_WORDS = byKind([0, 4, 3, 6, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4, 3, 3, 4, 3, 3]);
const ELEMENT_WORDS = byKind([0, 0, 0, 0, 3, 3, 2, 0, 0, 0, 0, 0, 0, 2, 0, 3, 0, 0, 0, 3]);

/** A number for each kind that fits into a record. */
function byKind(numbers: readonly number[]): Uint8Array {
  const table = new Uint8Array(32);
  table.set(numbers);
  return table;
}

export interface TypeIndex {
  /** Word index of each type, in order of id; entry 0 is the first type of this blob. */
  readonly starts: Uint32Array;
  /** String offset of each type's name: dense, so that a native `indexOf` finds a name in no time. */
  readonly names: Uint32Array;
}

/**
 * Finds the start of every type in a type section.
 *
 * @param words The section as 32-bit words in host byte order.
 * @param stringsEnd First string offset past the table (past both tables of a split BTF).
 */
export function indexTypes(words: Uint32Array, stringsEnd: number, section: string): TypeIndex {
  const starts = new Uint32Array(Math.floor(words.length / 3));
  const names = new Uint32Array(starts.length);
  const length = words.length;
  let count = 0;
  let at = 0;
  while (at < length) {
    const start = at;
    if (at + 3 > length) {
      throw new MalformedInputError("type record is cut off", { section, offsetBytes: start * 4 });
    }
    const info = words[at + 1] as number;
    const kind = (info >>> 24) & 0x1f;
    const recordWords = RECORD_WORDS[kind] as number;
    if (recordWords === 0 || (info & 0x60ff0000) !== 0) {
      const what = recordWords === 0 ? `unknown kind ${kind}` : "reserved bits set";
      throw new MalformedInputError(`type record has ${what}`, { section, offsetBytes: start * 4 + 4 });
    }
    const name = words[at] as number;
    if (name >= stringsEnd) {
      const message = `type name offset ${name} is past the string table of ${stringsEnd} bytes`;
      throw new MalformedInputError(message, { section, offsetBytes: start * 4 });
    }
    at += recordWords + (ELEMENT_WORDS[kind] as number) * (info & 0xffff);
    // A function's element count is its linkage; ELEMENT_WORDS is 0 there.
    names[count] = name;
    starts[count++] = start;
  }
  if (at > length) {
    const offsetBytes = (starts[count - 1] as number) * 4;
    throw new MalformedInputError("type record runs past the end of the type section", {
      section,
      offsetBytes,
    });
  }
  return { starts: starts.subarray(0, count), names: names.subarray(0, count) };
}
