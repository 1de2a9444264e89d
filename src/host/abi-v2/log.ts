import { encodeText } from "../../internal/index.ts";
import type { GuestMemory } from "../memory.ts";

/** Levels of libbpf's print function. */
export type LogLevel = 0 | 1 | 2;
export const LOG_WARNING = 0;
export const LOG_INFO = 1;
export const LOG_DEBUG = 2;

/** What is kept for a guest that does not fetch it. */
const MOST_BYTES = 1 << 20;
const HEADER_BYTES = 8;

/** Lines that libbpf would print: kept for the guest, or printed. */
export class GuestLog {
  readonly #print: (bytes: Uint8Array) => void;
  readonly #memory: GuestMemory | undefined;
  /** Lines as `log_take` gives them. */
  #lines: Uint8Array[] = [];
  #keptBytes = 0;
  /** Lines that had to go since the last time the guest took some. */
  #dropped = 0;
  /** Address of the guest's count of waiting bytes; 0 while the host prints. */
  #pendingAt = 0;
  #level: number = LOG_INFO;

  /**
   * @param print writes to the guest's standard error
   * @param memory the guest's; without it, lines are always printed
   */
  constructor(print: (bytes: Uint8Array) => void, memory?: GuestMemory) {
    this.#print = print;
    this.#memory = memory;
  }

  /** Whether the guest takes the lines itself. */
  get bound(): boolean {
    return this.#pendingAt !== 0;
  }

  /** Whether lines of this level go anywhere, so that texts that are expensive to make can be left out. */
  wants(level: LogLevel): boolean {
    return level <= (this.bound ? this.#level : LOG_INFO);
  }

  /** @param text one line, or several, as libbpf's: without `libbpf: ` in front and without the last newline */
  write(level: LogLevel, text: string): void {
    if (!this.wants(level)) return;
    const line = encodeText(`libbpf: ${text}\n`);
    if (this.bound) this.#keep(level, line);
    else this.#print(line);
  }

  /**
   * From now on lines are kept for the guest, which finds the number of bytes at `pendingAt`; 0 ends that, and prints
   * what is left.
   *
   * @returns false when the address is outside the guest's memory
   */
  bind(pendingAt: number): boolean {
    if (pendingAt !== 0 && this.#memory?.setU32(pendingAt, this.#keptBytes) !== true) return false;
    this.#pendingAt = pendingAt >>> 0;
    if (pendingAt === 0) {
      const rest = this.#lines.splice(0);
      this.#keptBytes = 0;
      for (const entry of rest) {
        const size = new DataView(entry.buffer).getUint32(4, true);
        this.#print(entry.subarray(HEADER_BYTES, HEADER_BYTES + size));
      }
    }
    return true;
  }

  /** Sets the least important level that is kept. @returns the one before */
  setLevel(level: number): number {
    const before = this.#level;
    this.#level = level;
    return before;
  }

  /**
   * Moves whole lines into `room`: u32 level, u32 length and text each, padded to 4.
   *
   * @returns bytes moved, 0 when no line waits, -1 when the first does not fit
   */
  take(room: Uint8Array): number {
    this.#noteDropped();
    let used = 0;
    let count = 0;
    for (const entry of this.#lines) {
      if (used + entry.length > room.length) break;
      room.set(entry, used);
      used += entry.length;
      count++;
    }
    if (count === 0 && this.#lines.length > 0) return -1;
    this.#lines.splice(0, count);
    this.#keptBytes -= used;
    this.#publish();
    return used;
  }

  #keep(level: number, text: Uint8Array): void {
    const line = entryOf(level, text);
    this.#lines.push(line);
    this.#keptBytes += line.length;
    let gone = 0;
    while (this.#keptBytes > MOST_BYTES && gone < this.#lines.length - 1) {
      this.#keptBytes -= this.#lines[gone++]?.length ?? 0;
    }
    this.#lines.splice(0, gone);
    this.#dropped += gone;
    this.#publish();
  }

  #noteDropped(): void {
    if (this.#dropped === 0) return;
    const text = `libbpf: ${this.#dropped} older lines were lost: the program did not fetch them\n`;
    const note = entryOf(LOG_WARNING, encodeText(text));
    this.#dropped = 0;
    this.#lines.unshift(note);
    this.#keptBytes += note.length;
  }

  #publish(): void {
    if (this.bound) this.#memory?.setU32(this.#pendingAt, this.#keptBytes);
  }
}

function entryOf(level: number, text: Uint8Array): Uint8Array {
  // A line longer than what is kept, such as the log of a large program, is cut: its end is what tells.
  const kept = text.length + HEADER_BYTES > MOST_BYTES ? text.subarray(text.length - MOST_BYTES / 2) : text;
  const entry = new Uint8Array(HEADER_BYTES + Math.ceil(kept.length / 4) * 4);
  const view = new DataView(entry.buffer);
  view.setUint32(0, level, true);
  view.setUint32(4, kept.length, true);
  entry.set(kept, HEADER_BYTES);
  return entry;
}
