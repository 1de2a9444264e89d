const INTERESTING = [0, 1, 7, 8, 0x7f, 0x80, 0xff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];

/** xorshift32: the same numbers on every machine. */
export function randomNumbers(start: number): (below: number) => number {
  let state = start * 2654435761 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** A copy of an object with a few bytes changed or moved; one of ten is cut off. */
export function mutate(original: Uint8Array, random: (below: number) => number): Uint8Array {
  const bytes = original.slice();
  const view = new DataView(bytes.buffer);
  const pick = (): number => INTERESTING[random(INTERESTING.length)] ?? 0;
  for (let change = random(8); change >= 0; change--) {
    const at = random(bytes.length - 8);
    switch (random(5)) {
      case 0:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
        break;
      case 1:
        bytes[at] = random(256);
        break;
      case 2:
        view.setUint32(at & ~3, pick(), true);
        break;
      case 3:
        view.setUint32(at & ~3, (view.getUint32(at & ~3, true) + random(9) - 4) >>> 0, true);
        break;
      default:
        bytes.copyWithin(at, random(bytes.length - 8), random(bytes.length));
    }
  }
  return random(10) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes;
}
