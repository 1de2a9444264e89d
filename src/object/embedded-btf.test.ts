import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Btf, BtfBuilder } from "../btf/index.ts";
import { appendWasmCustomSection, MalformedInputError } from "../internal/index.ts";
import { chooseEmbeddedBtf, EMBEDDED_BTF_SECTION, embedBtf, embeddedBtfs } from "./embedded-btf.ts";

const MODULE = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

test("a module carries the BTF of several kernels, and the one for a release and machine is chosen", () => {
  const btf = Btf.parse(new BtfBuilder().toBytes());
  let module = embedBtf(MODULE, { release: "4.19.0-1-amd64", machine: "" }, btf);
  module = embedBtf(module, { release: "5.4.0-42-generic", machine: "x86_64" }, btf);
  module = embedBtf(module, { release: "5.4.0-42-generic", machine: "" }, btf);
  const found = embeddedBtfs(module);
  assert.deepEqual(
    found.map(({ release, machine }) => [release, machine]),
    [
      ["4.19.0-1-amd64", ""],
      ["5.4.0-42-generic", "x86_64"],
      ["5.4.0-42-generic", ""],
    ],
  );
  for (const { btf } of found) assert.equal(Btf.parse(btf).typeCount, 1);
  const choose = (release: string, machine: string): number =>
    found.indexOf(chooseEmbeddedBtf(found, { release, machine }) ?? assert.fail());
  assert.equal(choose("4.19.0-1-amd64", "x86_64"), 0);
  assert.equal(choose("5.4.0-42-generic", "x86_64"), 1);
  assert.equal(choose("5.4.0-42-generic", "aarch64"), 2);
  assert.equal(chooseEmbeddedBtf(found, { release: "4.19.0-1", machine: "x86_64" }), undefined);
});

test("damaged sections are malformed input", () => {
  for (const payload of [[], [1], [2, 0, 0, 0, 0, 0], [1, 0, 9, 0, 0, 0, 65], [1, 0, 0, 0, 255, 255]]) {
    const module = appendWasmCustomSection(MODULE, EMBEDDED_BTF_SECTION, Uint8Array.from(payload));
    assert.throws(() => embeddedBtfs(module), MalformedInputError);
  }
});

test("objects that need nothing of the kernel are no obstacle", () => {
  const object = readFileSync(new URL("../../../testdata/maps.bpf.o", import.meta.url));
  const data = [1, 1, ...leb(object.length), ...object];
  const module = Uint8Array.from([...MODULE, 11, ...leb(data.length), ...data]);
  const btf = Btf.parse(new BtfBuilder().toBytes());
  assert.equal(embeddedBtfs(embedBtf(module, { release: "1", machine: "" }, btf)).length, 1);
});

function leb(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...leb(value >>> 7)];
}
