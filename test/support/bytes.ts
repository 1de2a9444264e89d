/** Words in the machine's byte order, as map keys and values are written. */
export function u32(...words: number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(words).buffer);
}

export function u64(...words: (bigint | number)[]): Uint8Array {
  return new Uint8Array(BigUint64Array.from(words, BigInt).buffer);
}

/** The 32-bit words of a value. */
export function words(value: Uint8Array | undefined): number[] | undefined {
  return value && [...new Uint32Array(value.slice().buffer)];
}

/** The 64-bit words of a value, which have to be small. */
export function longs(value: Uint8Array | undefined): number[] | undefined {
  return value && Array.from(new BigUint64Array(value.slice().buffer), Number);
}
