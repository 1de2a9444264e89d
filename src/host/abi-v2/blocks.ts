import { E2BIG, EFAULT, EINVAL } from "../../uapi/errno.ts";
import type { GuestMemory } from "../memory.ts";
import { Refusal } from "./refusal.ts";

/** Longest block that is looked at, as the kernel limits its own. */
const LONGEST_BLOCK_BYTES = 4096;
/** Longest string a block or a parameter may name. */
const LONGEST_TEXT_BYTES = 4096;

/**
 * A request block, copied out of the guest's memory: a u32 with its own size, then fields. Fields past the guest's
 * block are zero, and what is written to them is dropped.
 */
export class Block {
  readonly #memory: GuestMemory;
  readonly #at: number;
  /** Bytes that the guest's block has. */
  readonly #sizeBytes: number;
  readonly #view: DataView;

  /**
   * @param at address of the block
   * @param knownBytes size of the block as this host knows it
   * @throws {Refusal} EFAULT, EINVAL (shorter than its size field), or E2BIG when it has fields this host does not know
   */
  constructor(memory: GuestMemory, at: number, knownBytes: number) {
    const sizeBytes = at === 0 ? undefined : memory.u32(at);
    if (sizeBytes === undefined) throw new Refusal(EFAULT);
    if (sizeBytes < 4) throw new Refusal(EINVAL);
    if (sizeBytes > LONGEST_BLOCK_BYTES) throw new Refusal(E2BIG);
    const given = memory.range(at, sizeBytes);
    if (given === undefined) throw new Refusal(EFAULT);
    if (given.subarray(knownBytes).some((byte) => byte !== 0)) throw new Refusal(E2BIG);
    const known = new Uint8Array(knownBytes);
    known.set(given.subarray(0, knownBytes));
    this.#memory = memory;
    this.#at = at >>> 0;
    this.#sizeBytes = sizeBytes;
    this.#view = new DataView(known.buffer);
  }

  u32(offset: number): number {
    return this.#view.getUint32(offset, true);
  }

  i32(offset: number): number {
    return this.#view.getInt32(offset, true);
  }

  u64(offset: number): bigint {
    return this.#view.getBigUint64(offset, true);
  }

  /** The string whose address is at `offset`; `undefined` for address 0. @throws {Refusal} EFAULT */
  text(offset: number): string | undefined {
    return optionalText(this.#memory, this.u32(offset));
  }

  /**
   * The bytes of guest memory whose address is at `offset`; `undefined` for address 0. The view is valid until the
   * guest runs again.
   * @throws {Refusal} EFAULT
   */
  bytes(offset: number, lengthBytes: number): Uint8Array | undefined {
    const at = this.u32(offset);
    if (at === 0) return undefined;
    return guestRange(this.#memory, at, lengthBytes);
  }

  setU32(offset: number, value: number): void {
    if (offset + 4 <= this.#sizeBytes) this.#memory.setU32(this.#at + offset, value);
  }

  setU64(offset: number, value: bigint): void {
    if (offset + 8 <= this.#sizeBytes) this.#memory.setU64(this.#at + offset, value);
  }
}

/** View of guest memory, valid until the guest runs again. @throws {Refusal} EFAULT, also for address 0 */
export function guestRange(memory: GuestMemory, at: number, lengthBytes: number): Uint8Array {
  const range = at === 0 ? undefined : memory.range(at, lengthBytes);
  if (range === undefined) throw new Refusal(EFAULT);
  return range;
}

/** A string parameter. @throws {Refusal} EFAULT for address 0, or without an end */
export function requiredText(memory: GuestMemory, at: number): string {
  const text = optionalText(memory, at);
  if (text === undefined) throw new Refusal(EFAULT);
  return text;
}

/** A string parameter that may be left out: `undefined` for address 0. @throws {Refusal} EFAULT without an end */
export function optionalText(memory: GuestMemory, at: number): string | undefined {
  if (at === 0) return undefined;
  const text = memory.cstring(at, LONGEST_TEXT_BYTES);
  if (text === undefined) throw new Refusal(EFAULT);
  return text;
}

/**
 * Sized output: writes as much of `bytes` as fits in `size` bytes at `at`.
 *
 * @returns the whole length
 * @throws {Refusal} EFAULT
 */
export function sizedOutput(memory: GuestMemory, at: number, size: number, bytes: Uint8Array): number {
  const fits = Math.min(size >>> 0, bytes.length);
  if (fits > 0) guestRange(memory, at, fits).set(bytes.subarray(0, fits));
  return bytes.length;
}
