import { MalformedInputError } from "../internal/index.ts";

const utf8 = new TextDecoder("utf-8");

/** Strings up to this length that are plain ASCII are decoded without the cost of a `TextDecoder` call. */
const SHORT = 48;

/**
 * Length of the part of a type name that CO-RE compares: everything before the last `___` that has
 * neither an underscore nor the end of the name next to it (`task_struct___old` is a flavor of `task_struct`).
 */
export function essentialNameLength(name: string): number {
  let at = name.lastIndexOf("___");
  while (at > 0) {
    const before = name[at - 1];
    const after = name[at + 3];
    if (before !== "_" && after !== undefined && after !== "_") return at;
    at = name.lastIndexOf("___", at - 1);
  }
  return name.length;
}

/** A type name without its flavor. */
export function essentialName(name: string): string {
  return name.slice(0, essentialNameLength(name));
}

/** The string table of one BTF blob: decoding by offset and search by content. */
export class StringTable {
  readonly bytes: Uint8Array;
  #text: string | undefined;

  /** @param bytes Table that starts and ends with a NUL byte (a split BTF's part only has to end with one). */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** @throws {MalformedInputError} when `offset` is not inside the table. */
  at(offset: number): string {
    const bytes = this.bytes;
    if (!(offset >= 0 && offset < bytes.length)) {
      throw new MalformedInputError(
        `string offset ${offset} is past the string table of ${bytes.length} bytes`,
      );
    }
    let text = "";
    const limit = Math.min(bytes.length, offset + SHORT);
    for (let i = offset; i < limit; i++) {
      const byte = bytes[i] ?? 0;
      if (byte === 0) return text;
      if (byte >= 0x80) break;
      text += String.fromCharCode(byte);
    }
    return utf8.decode(bytes.subarray(offset, bytes.indexOf(0, offset)));
  }

  /** Offsets of the strings that equal `name`, ascending. */
  find(name: string): number[] {
    return this.#search(name, false, Number.MAX_SAFE_INTEGER);
  }

  /** Lowest offset of a string that equals `name`, which in most tables is the only one; found in half the time. */
  findFirst(name: string): number | undefined {
    return this.#search(name, false, 1)[0];
  }

  /** Offsets of the strings whose essential name is `name`, ascending. */
  findFlavors(name: string): number[] {
    return this.#search(name, true, Number.MAX_SAFE_INTEGER);
  }

  #search(name: string, flavors: boolean, most: number): number[] {
    if (name === "" || name.includes("\0")) return [];
    // One character per byte, so positions in the text are offsets in the table.
    const latin1 = new TextDecoder("latin1");
    this.#text ??= latin1.decode(this.bytes);
    const text = this.#text;
    const own = latin1.decode(new TextEncoder().encode(name));
    // Ends included, a name is found at once; common ones are part of thousands of others.
    const pattern = flavors ? `\0${own}` : `\0${own}\0`;
    const found: number[] = [];
    // The first string of a split table has no NUL in front of it.
    if (text.startsWith(own)) this.#add(found, 0, own.length, name, flavors);
    let at = -1;
    while (found.length < most) {
      at = text.indexOf(pattern, at + 1);
      if (at < 0) break;
      this.#add(found, at + 1, own.length, name, flavors);
    }
    return found;
  }

  #add(found: number[], at: number, length: number, name: string, flavors: boolean): void {
    const next = this.bytes[at + length];
    if (next === 0) found.push(at);
    else if (flavors && next === 0x5f && essentialName(this.at(at)) === name) found.push(at);
  }
}
