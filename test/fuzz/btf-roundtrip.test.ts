import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import test from "node:test";
import { Btf, BtfBuilder } from "../../src/btf/index.ts";
import { parseElf } from "../../src/elf/index.ts";
import { objectFiles, testdata } from "../support/testdata.ts";

/** Everything decoded and written again, with the strings in their places. */
function rewritten(btf: Btf): Uint8Array {
  const builder = new BtfBuilder({ littleEndian: btf.littleEndian, strings: btf.stringBytes });
  assert.equal(builder.append(btf), 0);
  return builder.toBytes();
}

/** Compares the sections, which a header may place elsewhere. */
function assertSame(btf: Btf, bytes: Uint8Array): void {
  const again = Btf.parse(bytes);
  assert.equal(again.typeCount, btf.typeCount);
  assert.equal(compare(again.stringBytes, btf.stringBytes), 0, "strings");
  assert.equal(compare(typeSection(again), typeSection(btf)), 0, "types");
}

function typeSection(btf: Btf): Uint8Array {
  const view = new DataView(btf.raw.buffer, btf.raw.byteOffset, btf.raw.byteLength);
  const start = view.getUint32(4, btf.littleEndian) + view.getUint32(8, btf.littleEndian);
  return btf.raw.subarray(start, start + view.getUint32(12, btf.littleEndian));
}

function compare(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) return a.length - b.length;
  const differing = a.findIndex((byte, i) => byte !== b[i]);
  return differing < 0 ? 0 : differing + 1;
}

const KERNEL_BTF = "/sys/kernel/btf/vmlinux";

test("decoding and encoding the kernel's BTF gives the same bytes", {
  skip: existsSync(KERNEL_BTF) ? false : `${KERNEL_BTF} does not exist`,
}, () => {
  const btf = Btf.parse(new Uint8Array(readFileSync(KERNEL_BTF)));
  assertSame(btf, rewritten(btf));
});

test("decoding and encoding what compilers wrote gives the same bytes", () => {
  let compared = 0;
  for (const name of objectFiles()) {
    const section = parseElf(testdata(name)).sections.find((candidate) => candidate.name === ".BTF");
    if (section === undefined) continue;
    const btf = Btf.parse(section.data);
    assertSame(btf, rewritten(btf));
    compared++;
  }
  assert.ok(compared > 0, "no object has BTF");
});

test("the other byte order says the same", () => {
  for (const name of objectFiles()) {
    const section = parseElf(testdata(name)).sections.find((candidate) => candidate.name === ".BTF");
    if (section === undefined) continue;
    const btf = Btf.parse(section.data);
    const builder = new BtfBuilder({ littleEndian: !btf.littleEndian });
    builder.append(btf);
    assert.deepEqual([...Btf.parse(builder.toBytes()).types()], [...btf.types()]);
  }
});
