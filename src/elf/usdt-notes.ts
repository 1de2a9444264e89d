import { alignUp, ByteReader, MalformedInputError } from "../internal/index.ts";
import { PF_X, PT_LOAD, SHT_NOTE } from "./constants.ts";
import type { ElfFile, ElfSegment } from "./elf-file.ts";

const NOTES = ".note.stapsdt";
const OWNER = "stapsdt";
const TYPE_SDT = 3;
const HEADER_SIZE = 12;
/** Description: location 0, base 8, semaphore 16, then provider, name and arguments as strings. */
const STRINGS_AT = 24;

/** One static probe point (USDT) of a program or library; a probe has one per place where it was expanded. */
export interface UsdtProbe {
  readonly provider: string;
  readonly name: string;
  /** Where its arguments are, for example `-4@%eax 8@-8(%rbp)`; the syntax is the machine's assembler's. */
  readonly arguments: string;
  /** Virtual address of the probe point. */
  readonly address: number;
  /** Byte offset of the probe point in the file. */
  readonly offset: number;
  /** Byte offset in the file of the counter of attached tracers; `undefined` when the probe has none. */
  readonly semaphoreOffset: number | undefined;
}

/**
 * Reads the static probe points of a file, in the order of their notes.
 *
 * @returns an empty list when there are none.
 * @throws {MalformedInputError} when a note is damaged or points outside the file's segments.
 */
export function usdtProbes(file: ElfFile): UsdtProbe[] {
  const section = file.section(NOTES);
  if (section === undefined || section.type !== SHT_NOTE) return [];
  // Prelinking moves the code but not what the notes say; this section moves along.
  const base = file.section(".stapsdt.base")?.addr;
  const notes = new ByteReader(section.data, file.littleEndian, NOTES);
  const probes: UsdtProbe[] = [];
  let at = 0;
  while (at + HEADER_SIZE <= notes.length) {
    const nameSize = notes.u32(at, "note name size");
    const size = notes.u32(at + 4, "note size");
    const type = notes.u32(at + 8, "note type");
    const owner = notes.slice(at + HEADER_SIZE, nameSize, "note name");
    const start = at + HEADER_SIZE + alignUp(nameSize, 4);
    if (type === TYPE_SDT && new TextDecoder().decode(owner) === `${OWNER}\0`) {
      probes.push(readProbe(file, notes, start, size, base));
    }
    at = start + alignUp(size, 4);
  }
  return probes;
}

function readProbe(
  file: ElfFile,
  notes: ByteReader,
  start: number,
  size: number,
  base: bigint | undefined,
): UsdtProbe {
  const note = new ByteReader(notes.slice(start, size, "probe note"), file.littleEndian, NOTES);
  const [provider = "", name = "", args = ""] = strings(note, STRINGS_AT, 3);
  const noteBase = note.u64(8, "probe base");
  const moved = base === undefined || base === 0n || noteBase === 0n ? 0n : base - noteBase;
  const address = BigInt.asUintN(64, note.u64(0, "probe address") + moved);
  const semaphore = note.u64(16, "probe semaphore");
  const offsetOf = (of: bigint, executable: boolean): number => {
    const segment = file.segments.find((one) => containsAddress(one, of));
    if (segment === undefined || ((segment.flags & PF_X) !== 0) !== executable) {
      const what = executable ? "code" : "data";
      throw new MalformedInputError(
        `probe ${provider}:${name} points to 0x${of.toString(16)}, where no ${what} is`,
        notes.at(start),
      );
    }
    return Number(of - segment.virtualAddress) + segment.offset;
  };
  return {
    provider,
    name,
    arguments: args,
    address: Number(address),
    offset: offsetOf(address, true),
    semaphoreOffset: semaphore === 0n ? undefined : offsetOf(BigInt.asUintN(64, semaphore + moved), false),
  };
}

function containsAddress(segment: ElfSegment, address: bigint): boolean {
  return (
    segment.type === PT_LOAD &&
    address >= segment.virtualAddress &&
    address < segment.virtualAddress + BigInt(segment.memorySize)
  );
}

function strings(note: ByteReader, start: number, count: number): string[] {
  const result: string[] = [];
  let at = start;
  for (let index = 0; index < count; index++) {
    result.push(note.cstring(at, "probe string"));
    at = note.bytes.indexOf(0, at) + 1;
  }
  return result;
}
