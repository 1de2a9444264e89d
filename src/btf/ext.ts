import { ByteReader, MalformedInputError } from "../internal/index.ts";
import type { Btf } from "./btf.ts";

const MAGIC = 0xeb9f;
const HEADER_BYTES = 24;
const HEADER_WITH_CORE_BYTES = 32;

/** Function that starts at an instruction of a section. */
export interface FunctionInfo {
  readonly offsetBytes: number;
  readonly typeId: number;
}

/** Source position of an instruction of a section. */
export interface LineInfo {
  readonly offsetBytes: number;
  /** String offset of the file name. */
  readonly fileNameOffset: number;
  /** String offset of the source text. */
  readonly lineOffset: number;
  /** Line number shifted left by 10, plus the column. */
  readonly lineColumn: number;
}

/** CO-RE relocation of an instruction of a section. */
export interface CoreRelocationInfo {
  readonly offsetBytes: number;
  readonly typeId: number;
  /** For example `0:1:2`. */
  readonly accessString: string;
  /** `BPF_CORE_*` number. */
  readonly kind: number;
}

/** Contents of a `.BTF.ext` section, by name of the program section it describes. */
export interface BtfExt {
  readonly functionInfos: ReadonlyMap<string, readonly FunctionInfo[]>;
  readonly lineInfos: ReadonlyMap<string, readonly LineInfo[]>;
  readonly coreRelocations: ReadonlyMap<string, readonly CoreRelocationInfo[]>;
}

/**
 * Parses a `.BTF.ext` section of either byte order. Records longer than known are accepted and cut.
 *
 * @param btf The type information of the same object, for strings and to check type ids.
 * @throws {MalformedInputError} when the section is not well-formed.
 */
export function parseBtfExt(bytes: Uint8Array, btf: Btf, section = ".BTF.ext"): BtfExt {
  const littleEndian = new ByteReader(bytes, true, section).u16(0, "BTF.ext magic") === MAGIC;
  const reader = new ByteReader(bytes, littleEndian, section);
  if (reader.u16(0) !== MAGIC) throw new MalformedInputError("not BTF.ext: wrong magic", reader.at(0));
  if (reader.u8(2, "version") !== 1) {
    throw new MalformedInputError(`BTF.ext version ${reader.u8(2)} is not known`, reader.at(2));
  }
  const headerBytes = reader.u32(4, "BTF.ext header length");
  if (headerBytes < HEADER_BYTES) {
    throw new MalformedInputError(`BTF.ext header of ${headerBytes} bytes is too short`, reader.at(4));
  }
  reader.need(0, headerBytes, "BTF.ext header");

  const typeId = (at: number): number => {
    const id = reader.u32(at);
    if (id >= btf.typeCount) throw new MalformedInputError(`type id ${id} is out of range`, reader.at(at));
    return id;
  };
  const stringOffset = (at: number): number => {
    const offset = reader.u32(at);
    if (offset >= btf.stringsEnd) {
      throw new MalformedInputError(`string offset ${offset} is past the string table`, reader.at(at));
    }
    return offset;
  };
  const part = <T>(
    at: number,
    name: string,
    recordBytes: number,
    read: (at: number) => T,
  ): Map<string, T[]> =>
    readPart({ reader, btf, name, recordBytes, read }, headerBytes + reader.u32(at), reader.u32(at + 4));

  return {
    functionInfos: part(8, "function info", 8, (at) => ({
      offsetBytes: reader.u32(at),
      typeId: typeId(at + 4),
    })),
    lineInfos: part(16, "line info", 16, (at) => ({
      offsetBytes: reader.u32(at),
      fileNameOffset: stringOffset(at + 4),
      lineOffset: stringOffset(at + 8),
      lineColumn: reader.u32(at + 12),
    })),
    coreRelocations:
      headerBytes < HEADER_WITH_CORE_BYTES
        ? new Map()
        : part(24, "CO-RE relocation", 16, (at) => ({
            offsetBytes: reader.u32(at),
            typeId: typeId(at + 4),
            accessString: btf.string(stringOffset(at + 8)),
            kind: reader.u32(at + 12),
          })),
  };
}

interface PartReader<T> {
  readonly reader: ByteReader;
  readonly btf: Btf;
  readonly name: string;
  /** Smallest record that holds all known fields. */
  readonly recordBytes: number;
  read(at: number): T;
}

/** A part is the record size followed by groups: section name, record count, records. */
function readPart<T>(part: PartReader<T>, start: number, length: number): Map<string, T[]> {
  const { reader, name } = part;
  const groups = new Map<string, T[]>();
  if (length === 0) return groups;
  reader.need(start, length, name);
  if (start % 4 !== 0) throw new MalformedInputError(`${name} is not aligned to 4 bytes`, reader.at(start));
  const end = start + length;
  const recordBytes = length < 4 ? 0 : reader.u32(start);
  if (recordBytes < part.recordBytes || recordBytes % 4 !== 0) {
    throw new MalformedInputError(`${name} records of ${recordBytes} bytes are not known`, reader.at(start));
  }
  let at = start + 4;
  while (at < end) {
    if (end - at < 8) throw new MalformedInputError(`${name} group header is cut off`, reader.at(at));
    const nameOffset = reader.u32(at);
    if (nameOffset >= part.btf.stringsEnd) {
      throw new MalformedInputError(`string offset ${nameOffset} is past the string table`, reader.at(at));
    }
    const sectionName = part.btf.string(nameOffset);
    const count = reader.u32(at + 4);
    at += 8;
    if (count === 0) throw new MalformedInputError(`${name} group has no records`, reader.at(at - 4));
    if (count * recordBytes > end - at) {
      throw new MalformedInputError(`${name} group of ${count} records is cut off`, reader.at(at - 4));
    }
    let records = groups.get(sectionName);
    if (records === undefined) {
      records = [];
      groups.set(sectionName, records);
    }
    for (let i = 0; i < count; i++, at += recordBytes) records.push(part.read(at));
  }
  return groups;
}
