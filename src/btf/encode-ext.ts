import { ByteWriter } from "../internal/index.ts";
import type { BtfExt } from "./ext.ts";

const MAGIC = 0xeb9f;
const HEADER_BYTES = 32;

/**
 * Writes a `.BTF.ext` section. Type ids and the string offsets of lines are those of the BTF that goes with it.
 *
 * @param string offset of a string in that BTF's table, which gets it if it is not there yet
 */
export function encodeBtfExt(
  ext: BtfExt,
  littleEndian: boolean,
  string: (text: string) => number,
): Uint8Array {
  const part = <T>(
    groups: ReadonlyMap<string, readonly T[]>,
    recordBytes: number,
    words: (record: T) => readonly number[],
  ): Uint8Array => {
    const out = new ByteWriter(littleEndian);
    for (const [section, records] of groups) {
      if (records.length === 0) continue;
      if (out.length === 0) out.u32(recordBytes);
      out.u32(string(section)).u32(records.length);
      for (const record of records) for (const word of words(record)) out.u32(word);
    }
    return out.finish();
  };
  const parts = [
    part(ext.functionInfos, 8, (info) => [info.offsetBytes, info.typeId]),
    part(ext.lineInfos, 16, (line) => [
      line.offsetBytes,
      line.fileNameOffset,
      line.lineOffset,
      line.lineColumn,
    ]),
    part(ext.coreRelocations, 16, (core) => [
      core.offsetBytes,
      core.typeId,
      string(core.accessString),
      core.kind,
    ]),
  ];
  const out = new ByteWriter(littleEndian);
  out.u16(MAGIC).u8(1).u8(0).u32(HEADER_BYTES);
  let offset = 0;
  for (const { length } of parts) {
    out.u32(offset).u32(length);
    offset += length;
  }
  for (const bytes of parts) out.bytes(bytes);
  return out.finish();
}
