import * as fs from "node:fs";
import { EINVAL } from "../../uapi/errno.ts";
import type { GuestMemory } from "../memory.ts";
import { attempt } from "./attempt.ts";
import { FILETYPE_REGULAR_FILE, WHENCE_CUR, WHENCE_SET } from "./constants.ts";
import { Descriptor } from "./descriptor.ts";

/**
 * `/proc/PID/maps` of the host process, whose pid is the guest's. The vDSO is in no file: programs that want its symbols
 * read it in their own memory, where this file says it is. A guest's memory is another, so a copy is put there, and a
 * line before all others tells where.
 */
export class OwnMaps {
  readonly #memory: GuestMemory;
  /** Address of the copy in the guest's memory. */
  #copy: number | undefined;

  constructor(memory: GuestMemory) {
    this.#memory = memory;
  }

  /** @returns what stands for `opened` when it is this file (then `opened` is closed), or `opened` */
  insteadOf(opened: Descriptor): Descriptor {
    const fd = opened.fileFd;
    if (fd === undefined) return opened;
    if (attempt(() => fs.readlinkSync(`/proc/self/fd/${fd}`)) !== `/proc/${process.pid}/maps`) return opened;
    const text = attempt(() => fs.readFileSync(`/proc/${process.pid}/maps`, "latin1"));
    if (typeof text === "number") return opened;
    const [, start, end, rest] = /^([0-9a-f]+)-([0-9a-f]+)( .*\[vdso\])$/m.exec(text) ?? [];
    if (start === undefined || end === undefined) return opened;
    const bytes = ownMemory(BigInt(`0x${start}`), BigInt(`0x${end}`));
    if (bytes === undefined) return opened;
    this.#copy ??= this.#memory.extend(bytes.length);
    if (this.#copy === undefined) return opened;
    this.#memory.range(this.#copy, bytes.length)?.set(bytes);
    const range = [this.#copy, this.#copy + bytes.length].map((at) => at.toString(16).padStart(8, "0"));
    opened.close();
    return new TextDescriptor(Buffer.from(`${range.join("-")}${rest}\n${text}`, "latin1"), opened);
  }
}

function ownMemory(start: bigint, end: bigint): Uint8Array | undefined {
  const fd = attempt(() => fs.openSync("/proc/self/mem", fs.constants.O_RDONLY));
  if (fd < 0) return undefined;
  const bytes = new Uint8Array(Number(end - start));
  const count = attempt(() => fs.readSync(fd, bytes, 0, bytes.length, start));
  attempt(() => fs.closeSync(fd));
  return count === bytes.length ? bytes : undefined;
}

/** A text that is read like a file. */
class TextDescriptor extends Descriptor {
  readonly #text: Uint8Array;
  #position = 0;

  /** @param like the open file whose rights and flags it gets */
  constructor(text: Uint8Array, like: Descriptor) {
    super(FILETYPE_REGULAR_FILE, like.rights, 0n, like.flags);
    this.#text = text;
  }

  override read(into: readonly Uint8Array[]): number {
    const count = this.readAt(into, BigInt(this.#position));
    this.#position += count;
    return count;
  }

  override readAt(into: readonly Uint8Array[], offset: bigint): number {
    let from = Number(offset);
    for (const buffer of into) {
      const part = this.#text.subarray(from, from + buffer.length);
      buffer.set(part);
      from += part.length;
    }
    return from - Number(offset);
  }

  override seek(offset: bigint, whence: number): bigint | number {
    if (whence !== WHENCE_SET && whence !== WHENCE_CUR) return -EINVAL;
    const position = Number(offset) + (whence === WHENCE_CUR ? this.#position : 0);
    if (position < 0 || !Number.isSafeInteger(position)) return -EINVAL;
    this.#position = position;
    return BigInt(position);
  }
}
