/**
 * A cpio archive in the "newc" format, the one that Linux unpacks as its initial file system.
 * Format: Documentation/driver-api/early-userspace/buffer-format.rst of the kernel.
 */
import { readFileSync } from "node:fs";

const MODE_DIRECTORY = 0o040000;
const MODE_FILE = 0o100000;
const MODE_SYMLINK = 0o120000;

export class CpioArchive {
  readonly #parts: Uint8Array[] = [];
  readonly #present = new Set<string>();
  #inode = 1;

  /** Adds a directory and those above it, once each. */
  directory(path: string): this {
    const name = relative(path);
    if (name === "" || this.#present.has(name)) return this;
    this.directory(name.slice(0, Math.max(0, name.lastIndexOf("/"))));
    this.#entry(name, MODE_DIRECTORY | 0o755, new Uint8Array(0));
    return this;
  }

  file(path: string, contents: Uint8Array, mode = 0o644): this {
    return this.#within(path, MODE_FILE | mode, contents);
  }

  symlink(path: string, target: string): this {
    return this.#within(path, MODE_SYMLINK | 0o777, new TextEncoder().encode(target));
  }

  /** Adds a file of this machine under its own path or another one. */
  copy(source: string, path: string = source, mode = 0o755): this {
    return this.file(path, readFileSync(source), mode);
  }

  has(path: string): boolean {
    return this.#present.has(relative(path));
  }

  /** @returns the archive in pieces, in order, the trailer last. */
  finish(): Uint8Array[] {
    this.#entry("TRAILER!!!", 0, new Uint8Array(0));
    return this.#parts;
  }

  #within(path: string, mode: number, contents: Uint8Array): this {
    const name = relative(path);
    if (this.#present.has(name)) throw new Error(`${name} is in the archive already`);
    this.directory(name.slice(0, Math.max(0, name.lastIndexOf("/"))));
    this.#entry(name, mode, contents);
    return this;
  }

  #entry(name: string, mode: number, contents: Uint8Array): void {
    this.#present.add(name);
    // inode, mode, uid, gid, links, mtime, size, device (2), special device (2), length of name, checksum
    const nameBytes = new TextEncoder().encode(`${name}\0`);
    const fields = [this.#inode++, mode, 0, 0, 1, 0, contents.length, 0, 0, 0, 0, nameBytes.length, 0];
    const header = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`;
    this.#parts.push(padded(new TextEncoder().encode(header), nameBytes), padded(contents));
  }
}

function relative(path: string): string {
  return path.replace(/^\/+|\/+$/g, "");
}

function padded(...pieces: Uint8Array[]): Uint8Array {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const out = new Uint8Array(Math.ceil(length / 4) * 4);
  let offset = 0;
  for (const piece of pieces) {
    out.set(piece, offset);
    offset += piece.length;
  }
  return out;
}
