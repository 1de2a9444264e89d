import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { disassemble } from "../../src/asm/index.ts";
import { parseElf, SHF_EXECINSTR } from "../../src/elf/index.ts";
import { objectFiles, testdata, testdataPath } from "../support/testdata.ts";

const objdump = ["llvm-objdump-19", "llvm-objdump"].find(
  (name) => spawnSync(name, ["--version"]).status === 0,
);
const skip = objdump === undefined ? "llvm-objdump is not installed" : false;

/** Instructions by section; symbol names after jumps and loads are notes that only llvm-objdump makes. */
function listing(file: string): Map<string, string[]> {
  const { stdout } = spawnSync(objdump ?? "", ["-d", "--no-show-raw-insn", "--mcpu=v4", testdataPath(file)], {
    encoding: "utf8",
  });
  const sections = new Map<string, string[]>();
  let lines: string[] = [];
  for (const line of stdout.split("\n")) {
    const section = /^Disassembly of section (.*):$/.exec(line)?.[1];
    if (section !== undefined) {
      lines = [];
      sections.set(section, lines);
    }
    const text = /^\s+\d+:\s+(.*?)(?: <[^<>]+>)?\s*$/.exec(line)?.[1];
    if (text !== undefined) lines.push(text);
  }
  return sections;
}

for (const name of objectFiles()) {
  test(`${name}: the same text as llvm-objdump`, { skip }, () => {
    const expected = listing(name);
    const file = parseElf(testdata(name));
    const code = file.sections.filter(({ flags, size }) => (flags & SHF_EXECINSTR) !== 0 && size > 0);
    assert.ok(code.length > 0);
    for (const section of code) {
      const lines = disassemble(section.data, file.littleEndian).map((line) => line.replace(/^\s*\d+: /, ""));
      assert.deepEqual(lines, expected.get(section.name), section.name);
    }
  });
}
