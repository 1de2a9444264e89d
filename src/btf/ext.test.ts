import assert from "node:assert/strict";
import test from "node:test";
import { int } from "../../test/support/btf-sample.ts";
import { ByteWriter, MalformedInputError } from "../internal/index.ts";
import { Btf, BtfBuilder, type BtfBuilderOptions, parseBtfExt } from "./index.ts";

function objectBtf(options: BtfBuilderOptions): { btf: Btf; string: (text: string) => number } {
  const builder = new BtfBuilder(options);
  builder.add(int("int", 4));
  for (const text of ["xdp", "file.c", "return 0;", "0:1:2"]) builder.addString(text);
  return { btf: Btf.parse(builder.toBytes()), string: (text) => builder.addString(text) };
}

/** One group of one record in each part; `extra` makes records longer by that many bytes. */
function ext(
  littleEndian: boolean,
  string: (text: string) => number,
  extra = 0,
  headerBytes = 32,
): Uint8Array {
  const parts = [
    [0, 1],
    [8, string("file.c"), string("return 0;"), (12 << 10) | 5],
    [16, 1, string("0:1:2"), 0],
  ];
  const body = new ByteWriter(littleEndian);
  const header = new ByteWriter(littleEndian).u16(0xeb9f).u8(1).u8(0).u32(headerBytes);
  for (const [i, record] of parts.entries()) {
    if (headerBytes === 24 && i === 2) continue;
    const start = body.length;
    body
      .u32(record.length * 4 + extra)
      .u32(string("xdp"))
      .u32(1);
    for (const word of record) body.u32(word);
    body.zeros(extra);
    header.u32(start).u32(body.length - start);
  }
  return header.bytes(body.finish()).finish();
}

for (const littleEndian of [true, false]) {
  const { btf, string } = objectBtf({ littleEndian });
  for (const extra of [0, 8]) {
    test(`all three parts are read, ${littleEndian ? "little" : "big"}-endian, ${extra} unknown bytes`, () => {
      const parsed = parseBtfExt(ext(littleEndian, string, extra), btf);
      assert.deepEqual(parsed.functionInfos.get("xdp"), [{ offsetBytes: 0, typeId: 1 }]);
      assert.deepEqual(parsed.lineInfos.get("xdp"), [
        {
          offsetBytes: 8,
          fileNameOffset: string("file.c"),
          lineOffset: string("return 0;"),
          lineColumn: (12 << 10) | 5,
        },
      ]);
      assert.deepEqual(parsed.coreRelocations.get("xdp"), [
        { offsetBytes: 16, typeId: 1, accessString: "0:1:2", kind: 0 },
      ]);
    });
  }
}

test("a header from before CO-RE has no relocations", () => {
  const { btf, string } = objectBtf({});
  const parsed = parseBtfExt(ext(true, string, 0, 24), btf);
  assert.equal(parsed.functionInfos.size, 1);
  assert.equal(parsed.coreRelocations.size, 0);
});

test("sections that are not well-formed are refused", () => {
  const { btf, string } = objectBtf({});
  const good = ext(true, string);
  const bad: Record<string, [offset: number, value: number]> = {
    magic: [0, 0],
    "header too short": [4, 20],
    "header past the end": [4, 4096],
    "part past the end": [12, 4096],
    "part cut off": [12, 6],
    "records too small": [32, 4],
    "records of odd size": [32, 9],
    "section name past the table": [36, 9999],
    "no records": [40, 0],
    "too many records": [40, 0xffffffff],
    "type id out of range": [48, 77],
    "file name past the table": [68, 9999],
  };
  for (const [what, [offset, value]] of Object.entries(bad)) {
    const bytes = good.slice();
    new DataView(bytes.buffer).setUint32(offset, value, true);
    assert.throws(() => parseBtfExt(bytes, btf), MalformedInputError, what);
  }
});
