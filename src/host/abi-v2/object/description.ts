import { type BpfMap, type BpfProgram, sectionFlags } from "../../../ebpf/index.ts";
import { encodeCString } from "../../../internal/index.ts";
import { namesTarget } from "../../../link/index.ts";
import { BPF_MAP_TYPE_ARENA } from "../../../uapi/bpf.ts";
import type { GuestObject } from "../guest-object.ts";

const HEADER_BYTES = 40;
const PROGRAM_BYTES = 64;
const MAP_BYTES = 96;

const PROGRAM_AUTOLOAD = 1;
const PROGRAM_AUTOATTACH = 2;
const PROGRAM_ATTACHES = 4;

const MAP_AUTOCREATE = 1;
const MAP_AUTOATTACH = 2;
const MAP_MMAPABLE = 4;
const MAP_PINNED_BY_NAME = 8;

const CONTENT_BY_KIND = { data: 1, rodata: 2, bss: 3, kconfig: 4 } as const;
const CONTENT_STRUCT_OPS = 5;
const CONTENT_ARENA = 6;

/** What `object_describe` gives: header, program records, map records, strings; offsets as in `docs/abi-v2.md`. */
export function describeObject(described: GuestObject): Uint8Array {
  const { object, programs, maps } = described;
  const ownMapCount = object.maps.size;
  const programsAt = HEADER_BYTES;
  const mapsAt = programsAt + programs.length * PROGRAM_BYTES;
  const strings = new Strings(mapsAt + maps.length * MAP_BYTES);
  const fixed = new DataView(new ArrayBuffer(mapsAt + maps.length * MAP_BYTES));
  words(fixed, 0, [
    HEADER_BYTES,
    programs.length,
    PROGRAM_BYTES,
    programsAt,
    ownMapCount,
    MAP_BYTES,
    mapsAt,
    strings.add(described.name),
    strings.add(object.spec.license),
    object.spec.kernelVersion,
  ]);
  for (const [index, program] of programs.entries()) {
    words(fixed, programsAt + index * PROGRAM_BYTES, programWords(program, strings));
  }
  for (const [index, map] of maps.entries()) {
    const at = mapsAt + index * MAP_BYTES;
    const inner = map.innerMap === undefined ? 0 : maps.indexOf(map.innerMap, ownMapCount) + 1;
    words(fixed, at, mapWords(map, inner, strings));
  }
  const bytes = new Uint8Array(fixed.byteLength + strings.sizeBytes);
  bytes.set(new Uint8Array(fixed.buffer));
  strings.writeTo(bytes);
  return bytes;
}

function programWords(program: BpfProgram, strings: Strings): number[] {
  const { spec } = program;
  return [
    strings.add(program.name),
    strings.add(spec.sectionName.replace(/^\?/, "")),
    program.type,
    program.expectedAttachType,
    (program.autoload ? PROGRAM_AUTOLOAD : 0) |
      (program.autoattach ? PROGRAM_AUTOATTACH : 0) |
      (namesTarget(program) ? PROGRAM_ATTACHES : 0),
    program.flags,
    program.instructions.length / 8,
    program.logLevel,
    strings.add(program.attachTarget.functionName ?? program.section.target ?? ""),
    spec.functions.length,
    spec.lines.length,
    sectionFlags(program),
  ];
}

function mapWords(map: BpfMap, innerIndex: number, strings: Strings): number[] {
  const { spec, definition } = map;
  const extra = definition.mapExtra;
  return [
    strings.add(map.name),
    strings.add(spec.kernelName),
    strings.add(map.pinPath),
    map.type,
    map.keySizeBytes,
    map.elementSizeBytes,
    map.maxEntries,
    map.flags,
    Number(extra & 0xffffffffn),
    Number(extra >> 32n),
    definition.numaNode ?? 0,
    definition.ifindex,
    definition.keyTypeId,
    definition.valueTypeId,
    innerIndex,
    contentKind(map),
    map.initialValue?.length ?? 0,
    (map.autocreate ? MAP_AUTOCREATE : 0) |
      (spec.structOps === undefined ? 0 : MAP_AUTOATTACH) |
      (map.mmapable ? MAP_MMAPABLE : 0) |
      (spec.pinning === "by-name" ? MAP_PINNED_BY_NAME : 0),
  ];
}

function contentKind({ spec, type }: BpfMap): number {
  if (spec.internal !== undefined) return CONTENT_BY_KIND[spec.internal.kind];
  if (spec.structOps !== undefined) return CONTENT_STRUCT_OPS;
  return type === BPF_MAP_TYPE_ARENA ? CONTENT_ARENA : 0;
}

function words(view: DataView, at: number, values: readonly number[]): void {
  for (const [index, value] of values.entries()) view.setUint32(at + index * 4, value >>> 0, true);
}

/** Strings after the records. */
class Strings {
  readonly #offsets = new Map<string, number>();
  readonly #pieces: Uint8Array[] = [];
  readonly #start: number;
  #end: number;

  constructor(start: number) {
    this.#start = start;
    this.#end = start;
  }

  /** @returns the offset, 0 for "" */
  add(text: string): number {
    if (text === "") return 0;
    const known = this.#offsets.get(text);
    if (known !== undefined) return known;
    const offset = this.#end;
    const piece = encodeCString(text);
    this.#offsets.set(text, offset);
    this.#pieces.push(piece);
    this.#end += piece.length;
    return offset;
  }

  get sizeBytes(): number {
    return this.#end - this.#start;
  }

  writeTo(bytes: Uint8Array): void {
    let at = this.#start;
    for (const piece of this.#pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
  }
}
