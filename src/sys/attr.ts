import { encodeCString } from "../internal/index.ts";

/** One pointer of a {@link BpfAttr}: the address of `bytes` goes to `offset` when the call is made. */
export interface AttrPointer {
  readonly offset: number;
  readonly bytes: Uint8Array;
  /** The views whose addresses fill `bytes`, when it is a table of pointers. */
  readonly table: readonly Uint8Array[] | undefined;
}

/**
 * A `union bpf_attr`, or another structure that holds pointers. It keeps what it points to alive, and can be used
 * for many calls: setting a field again replaces it. Offsets are those of `linux/bpf.h`.
 *
 * Fields are little-endian, as on every supported machine.
 */
export class BpfAttr {
  readonly bytes: Uint8Array;
  /** Pointers by the order they were set first. */
  readonly pointers: AttrPointer[] = [];
  readonly #view: DataView;

  /** @param sizeBytes size passed to the kernel: where the last field used ends, so that old kernels accept it */
  constructor(sizeBytes: number) {
    this.bytes = new Uint8Array(sizeBytes);
    this.#view = new DataView(this.bytes.buffer);
  }

  u32(offset: number, value: number): this {
    this.#view.setUint32(offset, value, true);
    return this;
  }

  i32(offset: number, value: number): this {
    this.#view.setInt32(offset, value, true);
    return this;
  }

  u64(offset: number, value: bigint | number): this {
    this.#view.setBigUint64(offset, BigInt.asUintN(64, BigInt(value)), true);
    return this;
  }

  /** Address of `target`; `undefined` and an empty view are NULL. */
  pointer(offset: number, target: Uint8Array | undefined): this {
    return this.#point(offset, target, undefined);
  }

  /** An address as a number, of memory that the caller keeps in place: no allocation. */
  address(offset: number, address: number): this {
    this.#view.setUint32(offset, address >>> 0, true);
    this.#view.setUint32(offset + 4, Math.floor(address / 0x1_0000_0000), true);
    return this;
  }

  /** Forgets the views that pointers point to; the fields stay as they are. */
  clearPointers(): void {
    if (this.pointers.length > 0) this.pointers.length = 0;
  }

  /** Address of a NUL-terminated copy of `text`. */
  cstring(offset: number, text: string): this {
    return this.#point(offset, encodeCString(text), undefined);
  }

  /** Address of a table of addresses, one of each target; no targets are NULL. */
  pointerArray(offset: number, targets: readonly Uint8Array[]): this {
    return this.#point(offset, new Uint8Array(targets.length * 8), targets);
  }

  /** Copies `text` into the structure itself, cut so that `sizeBytes` keep a NUL at the end. */
  text(offset: number, text: string, sizeBytes: number): this {
    const encoded = encodeCString(text).subarray(0, sizeBytes - 1);
    this.bytes.fill(0, offset, offset + sizeBytes);
    this.bytes.set(encoded, offset);
    return this;
  }

  u32At(offset: number): number {
    return this.#view.getUint32(offset, true);
  }

  i32At(offset: number): number {
    return this.#view.getInt32(offset, true);
  }

  u64At(offset: number): bigint {
    return this.#view.getBigUint64(offset, true);
  }

  /** What the pointer at `offset` points to; `undefined` for NULL. */
  pointerAt(offset: number): Uint8Array | undefined {
    return this.pointers.find((pointer) => pointer.offset === offset)?.bytes;
  }

  #point(offset: number, bytes: Uint8Array | undefined, table: readonly Uint8Array[] | undefined): this {
    const { pointers } = this;
    const at = pointers.findIndex((pointer) => pointer.offset === offset);
    if (bytes === undefined || bytes.length === 0) {
      if (at >= 0) pointers.splice(at, 1);
      return this.u64(offset, 0n);
    }
    pointers[at < 0 ? pointers.length : at] = { offset, bytes, table };
    return this;
  }
}
