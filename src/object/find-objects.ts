import { EM_BPF, EM_NONE, ET_REL, parseElf, SHT_NOBITS } from "../elf/index.ts";
import { MalformedInputError, wasmDataSegments } from "../internal/index.ts";

/** Zeros that tools leave out between two segments, a large empty variable of an object, are at most this many bytes. */
const MAX_GAP = 1 << 20;
/** How much of a memory is put together from its segments, in bytes. */
const MAX_IMAGE = 1 << 28;
/** An object ends with a section header, of which the last bytes may be zeros that were left out. */
const TAIL = 64;
const SECTION_HEADER_SIZE = 64;

/** A BPF object inside a WebAssembly module. */
export interface EmbeddedObject {
  /** Address in the guest's memory; `undefined` when it is in a segment that the guest places itself. */
  readonly address: number | undefined;
  /** The ELF file. */
  readonly bytes: Uint8Array;
}

/**
 * Finds the BPF objects that a guest carries in the initial content of its memory, as skeletons put them there.
 * Objects that the guest keeps compressed or computes cannot be found.
 *
 * @throws {MalformedInputError} when the module is damaged.
 */
export function findObjects(module: Uint8Array): EmbeddedObject[] {
  const found: EmbeddedObject[] = [];
  for (const { address, bytes } of memoryRuns(module)) {
    for (let at = bytes.indexOf(0x7f); at >= 0; at = bytes.indexOf(0x7f, at)) {
      const size = objectSize(bytes.subarray(at));
      if (size === undefined) {
        at++;
        continue;
      }
      found.push({
        address: address === undefined ? undefined : address + at,
        bytes: bytes.slice(at, at + size),
      });
      at += size;
    }
  }
  return found;
}

interface MemoryRun {
  readonly address: number | undefined;
  readonly bytes: Uint8Array;
}

/** The segments as they lie in memory: neighbours are one run, since an object may be split at runs of zeros. */
function memoryRuns(module: Uint8Array): MemoryRun[] {
  const segments = wasmDataSegments(module);
  const runs: MemoryRun[] = segments.filter(({ address }) => address === undefined);
  const placed = segments
    .flatMap(({ address, bytes }) => (address === undefined ? [] : [{ address, bytes }]))
    .sort((a, b) => a.address - b.address);
  let image = 0;
  for (let first = 0; first < placed.length; ) {
    const start = placed[first]?.address ?? 0;
    let end = start;
    let next = first;
    for (; next < placed.length; next++) {
      const segment = placed[next];
      if (segment === undefined || segment.address > end + MAX_GAP) break;
      end = Math.max(end, segment.address + segment.bytes.length);
    }
    const parts = placed.slice(first, next);
    image += end - start + TAIL;
    if (image > MAX_IMAGE) runs.push(...parts);
    else {
      const bytes = new Uint8Array(end - start + TAIL);
      for (const part of parts) bytes.set(part.bytes, part.address - start);
      runs.push({ address: start, bytes });
    }
    first = next;
  }
  return runs;
}

/** Size of the BPF object that `bytes` starts with; `undefined` when there is none. */
function objectSize(bytes: Uint8Array): number | undefined {
  if (bytes[1] !== 0x45 || bytes[2] !== 0x4c || bytes[3] !== 0x46) return undefined;
  try {
    const file = parseElf(bytes);
    if (file.type !== ET_REL || (file.machine !== EM_BPF && file.machine !== EM_NONE)) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let end = Number(view.getBigUint64(40, file.littleEndian)) + file.sections.length * SECTION_HEADER_SIZE;
    for (const { type, offset, size } of file.sections) {
      if (type !== SHT_NOBITS) end = Math.max(end, offset + size);
    }
    return end > 64 && end <= bytes.length ? end : undefined;
  } catch (error) {
    if (error instanceof MalformedInputError) return undefined;
    throw error;
  }
}
