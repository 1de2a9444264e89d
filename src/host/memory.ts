import { decodeCString } from "../internal/index.ts";
import { getSys } from "../sys/index.ts";
import type { WasmMemory } from "./engine.ts";

/** Longest string a guest may pass: longer than any path, program or map name. */
const LONGEST_STRING_BYTES = 65536;
/** Page of WebAssembly. */
const PAGE_BYTES = 65536;

/**
 * The guest's linear memory, seen from the host: every access is checked against the memory as it is now.
 *
 * SAFETY: pointers and lengths are whatever integers the guest passed. A view from {@link range} is valid until the
 * guest runs again, since `memory.grow` detaches it; nothing may keep one across a call into the guest.
 */
export class GuestMemory {
  #memory: WasmMemory | undefined;
  #bytes = new Uint8Array(0);
  #view = new DataView(new ArrayBuffer(0));
  /** Address of the bytes of {@link #addressOf}. */
  #base = 0;
  #addressOf: Uint8Array | undefined;

  /** Binds the memory the module exports; until then every range is out of bounds. */
  bind(memory: WasmMemory): void {
    this.#memory = memory;
  }

  #refresh(): void {
    // Growing detaches the buffer, which makes views of it empty. Asking the memory itself for its buffer takes longer
    // than all else that a short record costs.
    if (this.#bytes.length !== 0) return;
    const buffer = this.#memory?.buffer;
    if (buffer === undefined) return;
    this.#bytes = new Uint8Array(buffer);
    this.#view = new DataView(buffer);
  }

  /** @returns whether `[pointer, pointer + length)` lies in the memory; both are taken as unsigned. */
  has(pointer: number, length: number): boolean {
    this.#refresh();
    return (pointer >>> 0) + length <= this.#bytes.length;
  }

  /**
   * View of guest memory.
   * @param length in bytes, a non-negative number that may exceed 32 bits
   * @returns `undefined` when any byte of the range is outside
   */
  range(pointer: number, length: number): Uint8Array | undefined {
    if (!this.has(pointer, length)) return undefined;
    const start = pointer >>> 0;
    return this.#bytes.subarray(start, start + length);
  }

  /** The whole memory as it is now; valid until the guest runs again. */
  get bytes(): Uint8Array {
    this.#refresh();
    return this.#bytes;
  }

  /**
   * Address in the host of a byte of the guest, for system calls that read or write a checked range themselves: without
   * a view, which loops of calls would throw away each time. Valid as one.
   */
  address(pointer: number): number {
    this.#refresh();
    if (this.#addressOf !== this.#bytes) {
      this.#addressOf = this.#bytes;
      this.#base = Number(getSys().addressOf(this.#bytes));
    }
    return this.#base + (pointer >>> 0);
  }

  /**
   * Makes the memory larger by a part that the guest's allocator does not give to anybody.
   * @returns its address; `undefined` when the memory cannot grow
   */
  extend(length: number): number | undefined {
    try {
      const pages = this.#memory?.grow(Math.ceil(length / PAGE_BYTES));
      return pages === undefined ? undefined : pages * PAGE_BYTES;
    } catch {
      return undefined;
    }
  }

  /** Copy of guest memory, for bytes that outlive a call into the guest. */
  copy(pointer: number, length: number): Uint8Array | undefined {
    return this.range(pointer, length)?.slice();
  }

  /**
   * NUL-terminated UTF-8 string.
   * @param longestBytes with the NUL
   * @returns `undefined` when it leaves the memory or is longer
   */
  cstring(pointer: number, longestBytes: number = LONGEST_STRING_BYTES): string | undefined {
    this.#refresh();
    const start = pointer >>> 0;
    const end = Math.min(start + longestBytes, this.#bytes.length);
    if (start >= end) return undefined;
    const window = this.#bytes.subarray(start, end);
    return window.indexOf(0) < 0 ? undefined : decodeCString(window);
  }

  u8(pointer: number): number | undefined {
    return this.has(pointer, 1) ? this.#view.getUint8(pointer >>> 0) : undefined;
  }

  u16(pointer: number): number | undefined {
    return this.has(pointer, 2) ? this.#view.getUint16(pointer >>> 0, true) : undefined;
  }

  u32(pointer: number): number | undefined {
    return this.has(pointer, 4) ? this.#view.getUint32(pointer >>> 0, true) : undefined;
  }

  u64(pointer: number): bigint | undefined {
    return this.has(pointer, 8) ? this.#view.getBigUint64(pointer >>> 0, true) : undefined;
  }

  /** @returns false when the place is outside the memory; nothing is written then. */
  setU8(pointer: number, value: number): boolean {
    if (!this.has(pointer, 1)) return false;
    this.#view.setUint8(pointer >>> 0, value);
    return true;
  }

  setU16(pointer: number, value: number): boolean {
    if (!this.has(pointer, 2)) return false;
    this.#view.setUint16(pointer >>> 0, value, true);
    return true;
  }

  setU32(pointer: number, value: number): boolean {
    if (!this.has(pointer, 4)) return false;
    this.#view.setUint32(pointer >>> 0, value, true);
    return true;
  }

  setU64(pointer: number, value: bigint): boolean {
    if (!this.has(pointer, 8)) return false;
    this.#view.setBigUint64(pointer >>> 0, BigInt.asUintN(64, value), true);
    return true;
  }

  /** Copies `bytes` into the guest. */
  write(pointer: number, bytes: Uint8Array): boolean {
    if (!this.has(pointer, bytes.length)) return false;
    this.#bytes.set(bytes, pointer >>> 0);
    return true;
  }
}
