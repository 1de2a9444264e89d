import { alignUp } from "../internal/index.ts";
import type { BpfMap } from "./map.ts";

/** Turns bytes of a map into values and back. What `wasm-bpf gen bindings --lang ts` writes fits. */
export interface ValueCodec<T, Input = T> {
  readonly sizeBytes: number;
  decode(bytes: Uint8Array): T;
  encode(value: Input): Uint8Array;
}

/** A map whose keys and values have types. Every method is that of {@link BpfMap} with the same name. */
export class TypedMap<K, V, KInput = K, VInput = V> {
  /** The map itself, for everything that is not about keys and values. */
  readonly map: BpfMap;
  readonly #key: ValueCodec<K, KInput>;
  readonly #value: ValueCodec<V, VInput>;

  constructor(map: BpfMap, key: ValueCodec<K, KInput>, value: ValueCodec<V, VInput>) {
    this.map = map;
    this.#key = key;
    this.#value = value;
  }

  /** @returns the value, or `undefined` when there is no such key */
  lookup(key: KInput, flags: bigint | number = 0n): V | undefined {
    const value = this.map.lookup(this.#key.encode(key), flags);
    return value === undefined ? undefined : this.#value.decode(value);
  }

  /** @param flags BPF_ANY (0), BPF_NOEXIST, BPF_EXIST, BPF_F_LOCK */
  update(key: KInput, value: VInput, flags: bigint | number = 0n): void {
    this.map.update(this.#key.encode(key), this.#value.encode(value), flags);
  }

  /** @returns false when there was no such key */
  delete(key: KInput): boolean {
    return this.map.delete(this.#key.encode(key));
  }

  /** Takes an entry out. @returns `undefined` when there is no such key */
  lookupAndDelete(key: KInput, flags: bigint | number = 0n): V | undefined {
    const value = this.map.lookupAndDelete(this.#key.encode(key), flags);
    return value === undefined ? undefined : this.#value.decode(value);
  }

  *keys(): IterableIterator<K> {
    for (const key of this.map.keys()) yield this.#key.decode(key);
  }

  *entries(): IterableIterator<[key: K, value: V]> {
    for (const [key, value] of this.map.entries()) yield [this.#key.decode(key), this.#value.decode(value)];
  }

  [Symbol.iterator](): IterableIterator<[key: K, value: V]> {
    return this.entries();
  }
}

/** Values of a per-CPU map: one for each possible CPU, in their order. */
export function perCpuCodec<T, Input = T>(element: ValueCodec<T, Input>): ValueCodec<T[], readonly Input[]> {
  const strideBytes = alignUp(element.sizeBytes, 8);
  return {
    sizeBytes: strideBytes,
    decode: (bytes) => {
      const values: T[] = [];
      for (let at = 0; at + strideBytes <= bytes.length; at += strideBytes) {
        values.push(element.decode(bytes.subarray(at, at + element.sizeBytes)));
      }
      return values;
    },
    encode: (values) => {
      const bytes = new Uint8Array(strideBytes * values.length);
      values.forEach((value, cpu) => {
        bytes.set(element.encode(value), cpu * strideBytes);
      });
      return bytes;
    },
  };
}

/** Bytes as they are. */
export function bytesCodec(sizeBytes: number): ValueCodec<Uint8Array> {
  return { sizeBytes, decode: (bytes) => bytes.slice(), encode: (bytes) => bytes };
}
