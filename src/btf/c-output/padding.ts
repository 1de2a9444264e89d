import type { Btf } from "../btf.ts";
import type { BtfComposite, BtfMember } from "../types.ts";

/** Types for unnamed bitfields that fill gaps, largest first. */
const FILLERS: readonly (readonly [string, number])[] = [
  ["long", 64],
  ["int", 32],
  ["short", 16],
  ["char", 8],
];

/** Larger gaps become an array, which has a name but one line. */
const LARGEST_FILLED_BYTES = 8192;

/**
 * Unnamed bitfields that fill the bits from `from` to `to`. Each lies within one unit of its type, so the
 * compiler puts it exactly where the one before ends. Unnamed bitfields do not add to the alignment of a struct.
 */
export function fillGap(from: number, to: number): string[] {
  const lines: string[] = [];
  for (let at = from; at < to; ) {
    const bytes = Math.floor((to - at) / 8);
    if (bytes > LARGEST_FILLED_BYTES && at % 8 === 0) {
      lines.push(`char __pad_at_${at / 8}[${bytes}];`);
      at += bytes * 8;
      continue;
    }
    const bits = Math.min(to - at, 64 - (at % 64));
    let name = "long";
    for (const [filler, width] of FILLERS) if ((at % width) + bits <= width) name = filler;
    lines.push(`${name}: ${bits};`);
    at += bits;
  }
  return lines;
}

/** Whether members or size only come out right with the packed attribute. */
export function isPacked(btf: Btf, type: BtfComposite): boolean {
  let alignment = 1;
  for (const member of type.members) {
    const own = btf.alignOf(member.type);
    if (member.bitfieldBits === 0 && member.offsetBits % (8 * own) !== 0) return true;
    if (member.bitfieldBits !== 0 && crossesUnit(btf, member)) return true;
    alignment = Math.max(alignment, own);
  }
  return type.sizeBytes % alignment !== 0;
}

function crossesUnit(btf: Btf, member: BtfMember): boolean {
  const unit = btf.sizeOf(member.type) * 8;
  return unit > 0 && (member.offsetBits % unit) + member.bitfieldBits > unit;
}

/** Bit at which the compiler would put a member, left alone, when the one before ends at bit `end`. */
export function naturalOffset(btf: Btf, member: BtfMember, end: number, packed: boolean): number {
  const bits = member.bitfieldBits;
  if (bits === 0) return roundUp(end, packed ? 8 : btf.alignOf(member.type) * 8);
  if (packed) return end;
  const unit = btf.sizeOf(member.type) * 8;
  return unit > 0 && (end % unit) + bits > unit ? roundUp(end, btf.alignOf(member.type) * 8) : end;
}

export function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}
