import assert from "node:assert/strict";
import { test } from "node:test";
import {
  EM_BPF,
  ET_REL,
  R_BPF_64_64,
  SHF_ALLOC,
  SHT_NOBITS,
  SHT_PROGBITS,
  STB_GLOBAL,
  STB_LOCAL,
  STT_NOTYPE,
  STT_OBJECT,
} from "./constants.ts";
import { parseElf } from "./elf-file.ts";
import { type NewElfFile, writeElf } from "./write-elf.ts";

function sample(littleEndian: boolean): NewElfFile {
  const plain = { type: SHT_PROGBITS, flags: SHF_ALLOC, entrySize: 0, relocations: [] };
  const code = Uint8Array.from({ length: 16 }, (_, i) => i);
  const symbol = { type: STT_OBJECT, visibility: 0, size: 4 };
  return {
    littleEndian,
    type: ET_REL,
    machine: EM_BPF,
    sections: [
      { ...plain, name: ".text", alignment: 8, size: 3, data: code.subarray(0, 3) },
      {
        ...plain,
        name: "prog",
        alignment: 8,
        size: 16,
        data: code,
        relocations: [
          { offset: 0, type: R_BPF_64_64, symbolIndex: 2 },
          { offset: 8, type: R_BPF_64_64, symbolIndex: 3 },
        ],
      },
      { ...plain, name: ".bss", type: SHT_NOBITS, alignment: 64, size: 1 << 20, data: new Uint8Array(0) },
    ],
    symbols: [
      { ...symbol, name: "hidden", binding: STB_LOCAL, sectionIndex: 3, value: 4 },
      { ...symbol, name: "shared", binding: STB_GLOBAL, sectionIndex: 3, value: 8, visibility: 2 },
      { ...symbol, name: "wanted", binding: STB_GLOBAL, type: STT_NOTYPE, sectionIndex: 0, value: 0 },
    ],
  };
}

for (const littleEndian of [true, false]) {
  test(`what is written is read back, ${littleEndian ? "little" : "big"}-endian`, () => {
    const wanted = sample(littleEndian);
    const bytes = writeElf(wanted);
    assert.ok(bytes.length < 2000, "a section without bytes takes none");
    const file = parseElf(bytes);
    assert.equal(file.littleEndian, littleEndian);
    assert.deepEqual([file.type, file.machine], [ET_REL, EM_BPF]);
    for (const [i, section] of wanted.sections.entries()) {
      const { name, type, flags, alignment, entrySize, size, data, offset } =
        file.sections[i + 1] ?? assert.fail();
      const { relocations, ...rest } = section;
      assert.deepEqual(
        { name, type, flags, alignment, entrySize, size, data },
        { ...rest, data: data.slice() },
      );
      assert.deepEqual([...data], [...section.data]);
      assert.equal(offset % Math.max(1, alignment), 0);
      const table = file.section(`.rel${name}`);
      assert.deepEqual(table === undefined ? [] : file.relocations(table), relocations);
      if (table !== undefined) assert.equal(table.info, i + 1);
    }
    assert.deepEqual(
      file
        .symbols()
        .slice(1)
        .map(({ index: _, nameOffset: __, ...symbol }) => symbol),
      wanted.symbols,
    );
    assert.equal(file.section(".symtab")?.info, 2, "index of the first symbol that is not local");
  });
}
