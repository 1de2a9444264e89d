/** What makes libbpf 1.8 refuse the bytes of `.BTF.ext`. */
export type BtfExtProblem =
  | { readonly kind: "short header" }
  | { readonly kind: "magic"; readonly magic: number }
  | { readonly kind: "version"; readonly version: number }
  | { readonly kind: "flags"; readonly flags: number }
  | { readonly kind: "no header" }
  | { readonly kind: "no data" }
  | { readonly kind: "header without records" }
  | { readonly kind: "not aligned"; readonly of: ExtPart }
  | { readonly kind: "past the end"; readonly of: ExtPart; readonly at: number; readonly sizeBytes: number }
  | { readonly kind: "no record size"; readonly of: ExtPart }
  | { readonly kind: "record size"; readonly of: ExtPart; readonly sizeBytes: number }
  | { readonly kind: "no records"; readonly of: ExtPart }
  | { readonly kind: "no group"; readonly of: ExtPart }
  | { readonly kind: "record count"; readonly of: ExtPart };

/** The records of one kind, as libbpf calls them. */
type ExtPart = "func_info" | "line_info" | "core_relo";

/** Where a part's place stands in the header, and the smallest record. */
const PARTS: readonly (readonly [of: ExtPart, fieldAt: number, recordBytes: number])[] = [
  ["func_info", 8, 8],
  ["line_info", 16, 16],
  ["core_relo", 24, 16],
];
const MAGIC = 0xeb9f;
const SWAPPED_MAGIC = 0x9feb;
/** The header up to its own size, and with the parts that every one has. */
const START_BYTES = 8;
const HEADER_BYTES = 24;
const GROUP_BYTES = 8;

/** Looks through the bytes as libbpf does, in the same order. @param littleEndian the machine's order */
export function findBtfExtProblem(bytes: Uint8Array, littleEndian: boolean): BtfExtProblem | undefined {
  if (bytes.length < START_BYTES) return { kind: "short header" };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const magic = view.getUint16(0, littleEndian);
  if (magic !== MAGIC && magic !== SWAPPED_MAGIC) return { kind: "magic", magic };
  const isSwapped = magic !== MAGIC;
  const word = (at: number): number => view.getUint32(at, littleEndian !== isSwapped);
  const [version, flags, headerBytes] = [view.getUint8(2), view.getUint8(3), word(4)];
  if (version !== 1) return { kind: "version", version };
  if (flags !== 0) return { kind: "flags", flags };
  if (bytes.length < headerBytes) return { kind: "no header" };
  if (bytes.length === headerBytes) return { kind: "no data" };
  if (headerBytes < HEADER_BYTES) return { kind: "header without records" };
  for (const [of, fieldAt, recordBytes] of PARTS) {
    const [at, sizeBytes] = fieldAt + 8 > headerBytes ? [0, 0] : [word(fieldAt), word(fieldAt + 4)];
    if (sizeBytes === 0) continue;
    if (at % 4 !== 0) return { kind: "not aligned", of };
    const start = headerBytes + at;
    if (start + sizeBytes > bytes.length) return { kind: "past the end", of, at, sizeBytes };
    if (sizeBytes < 4) return { kind: "no record size", of };
    const each = word(start);
    if (each < recordBytes || (isSwapped && each !== recordBytes) || each % 4 !== 0) {
      return { kind: "record size", of, sizeBytes: each };
    }
    if (sizeBytes === 4) return { kind: "no records", of };
    for (let group = start + 4; group < start + sizeBytes; ) {
      const left = start + sizeBytes - group;
      if (left < GROUP_BYTES) return { kind: "no group", of };
      const whole = GROUP_BYTES + word(group + 4) * each;
      if (whole === GROUP_BYTES || whole > left) return { kind: "record count", of };
      group += whole;
    }
  }
  return undefined;
}
