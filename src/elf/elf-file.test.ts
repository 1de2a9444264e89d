import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteWriter, encodeCString, MalformedInputError } from "../internal/index.ts";
import {
  ET_DYN,
  fileOffsetOfAddress,
  functionFileOffset,
  PT_LOAD,
  parseElf,
  SHT_PROGBITS,
  SHT_REL,
  SHT_STRTAB,
  SHT_SYMTAB,
  STB_GLOBAL,
  STT_FUNC,
} from "./index.ts";

interface Part {
  name: string;
  type: number;
  data: Uint8Array;
  link?: number;
  info?: number;
  entrySize?: number;
}

/** A shared object with one segment, one function symbol and one relocation. */
function buildElf(littleEndian: boolean): Uint8Array {
  const strings = encodeCString("\0entry");
  const symbols = new ByteWriter(littleEndian).zeros(24);
  symbols
    .u32(1)
    .u8((STB_GLOBAL << 4) | STT_FUNC)
    .u8(0)
    .u16(1)
    .u64(0x1010n)
    .u64(8n);
  const relocations = new ByteWriter(littleEndian).u64(8n);
  if (littleEndian) relocations.u32(10).u32(1);
  else relocations.u32(1).u32(10);
  const parts: Part[] = [
    { name: "", type: 0, data: new Uint8Array(0) },
    { name: ".text", type: SHT_PROGBITS, data: new Uint8Array(32).fill(0x95) },
    { name: ".strtab", type: SHT_STRTAB, data: strings },
    { name: ".symtab", type: SHT_SYMTAB, data: symbols.finish(), link: 2, info: 1, entrySize: 24 },
    { name: ".rel.text", type: SHT_REL, data: relocations.finish(), link: 3, info: 1, entrySize: 16 },
  ];
  const names = new ByteWriter(littleEndian);
  const nameOffsets = [...parts.map((part) => part.name), ".shstrtab"].map((name) => {
    const offset = names.length;
    names.bytes(encodeCString(name));
    return offset;
  });
  parts.push({ name: ".shstrtab", type: SHT_STRTAB, data: names.finish() });

  const bodyAt = 64 + 56;
  const tableAt = bodyAt + parts.reduce((sum, part) => sum + part.data.length, 0);
  const out = new ByteWriter(littleEndian);
  out.bytes(Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 2, littleEndian ? 1 : 2, 1, 0)).zeros(8);
  out.u16(ET_DYN).u16(247).u32(1).u64(0n).u64(64n).u64(BigInt(tableAt)).u32(0);
  out
    .u16(64)
    .u16(56)
    .u16(1)
    .u16(64)
    .u16(parts.length)
    .u16(parts.length - 1);
  out.u32(PT_LOAD).u32(5).u64(0x78n).u64(0x1000n).u64(0n).u64(32n).u64(32n).u64(0x1000n);
  let offset = bodyAt;
  for (const part of parts) out.bytes(part.data);
  parts.forEach((part, index) => {
    out
      .u32(nameOffsets[index] ?? 0)
      .u32(part.type)
      .u64(index === 1 ? 6n : 0n)
      .u64(0n);
    out
      .u64(BigInt(offset))
      .u64(BigInt(part.data.length))
      .u32(part.link ?? 0)
      .u32(part.info ?? 0);
    out.u64(1n).u64(BigInt(part.entrySize ?? 0));
    offset += part.data.length;
  });
  return out.finish();
}

for (const littleEndian of [true, false]) {
  const order = littleEndian ? "little" : "big";

  test(`reads sections, symbols, relocations and segments of a ${order}-endian file`, () => {
    const file = parseElf(buildElf(littleEndian));
    assert.equal(file.littleEndian, littleEndian);
    assert.equal(file.machine, 247);
    assert.deepEqual(
      file.sections.map((section) => section.name),
      ["", ".text", ".strtab", ".symtab", ".rel.text", ".shstrtab"],
    );
    assert.equal(file.section(".text")?.flags, 6);
    assert.equal(file.section(".text")?.data.length, 32);
    const [, entry] = file.symbols();
    assert.equal(entry?.name, "entry");
    assert.equal(entry?.type, STT_FUNC);
    assert.equal(entry?.binding, STB_GLOBAL);
    assert.equal(entry?.sectionIndex, 1);
    const relocations = file.section(".rel.text");
    assert.ok(relocations !== undefined);
    assert.deepEqual(file.relocations(relocations), [{ offset: 8, type: 10, symbolIndex: 1 }]);
  });

  test(`translates a function's address to its file offset in a ${order}-endian file`, () => {
    const file = parseElf(buildElf(littleEndian));
    assert.equal(functionFileOffset(file, "entry"), 0x88);
    assert.equal(functionFileOffset(file, "entry@@V1"), 0x88);
    assert.equal(functionFileOffset(file, "ntry"), undefined);
    assert.equal(functionFileOffset(file, "absent"), undefined);
    assert.equal(fileOffsetOfAddress(file, 0x1020), undefined);
  });

  test(`every truncation of a ${order}-endian file is malformed input or parses`, () => {
    const whole = buildElf(littleEndian);
    for (let length = 0; length < whole.length; length++) {
      assert.throws(() => parseElf(whole.subarray(0, length)), MalformedInputError, `length ${length}`);
    }
  });
}

test("says what is wrong with a file that is not ELF", () => {
  assert.throws(() => parseElf(new TextEncoder().encode("#!/bin/sh\nexit 0\n")), {
    name: "MalformedInputError",
    message: "not an ELF file: it does not start with the ELF magic at offset 0",
  });
});

test("a symbol in a section that does not exist is malformed input", () => {
  const bytes = buildElf(true);
  const file = parseElf(bytes);
  const table = file.section(".symtab");
  assert.ok(table !== undefined);
  bytes[table.offset + 24 + 6] = 77;
  assert.throws(() => file.symbols(), { name: "MalformedInputError", section: ".symtab" });
});
