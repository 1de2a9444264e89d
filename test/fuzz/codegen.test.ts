import assert from "node:assert/strict";
import { test } from "node:test";
import { Btf } from "../../src/btf/index.ts";
import {
  btfRaw,
  cBindings,
  jsonSchema,
  skeletonHeader,
  skeletonJson,
  structHeader,
  typescriptBindings,
  typescriptSkeleton,
  vmlinuxHeader,
} from "../../src/codegen/index.ts";
import { parseElf } from "../../src/elf/index.ts";
import { WasmBpfError } from "../../src/internal/index.ts";
import { parseObject } from "../../src/object/index.ts";
import { objectFiles, testdata } from "../support/testdata.ts";

/** Mutants per object and generator; set WASM_BPF_FUZZ for a long run. */
const rounds = Number(process.env.WASM_BPF_FUZZ ?? 150);

/** Deterministic numbers below `limit`. */
function generator(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 0x100000000) * limit);
  };
}

/** Changes a few words to values that are likely ids, sizes and offsets of something else. */
function mutate(original: Uint8Array, random: (limit: number) => number): Uint8Array {
  const bytes = original.slice();
  const view = new DataView(bytes.buffer);
  for (let change = random(4); change >= 0; change--) {
    const at = random(Math.floor(bytes.length / 4)) * 4;
    const value = random(3) === 0 ? random(0xffffffff) : view.getUint32(at, true) + random(17) - 8;
    view.setUint32(at, value >>> 0, true);
  }
  return bytes;
}

/** True when the generator accepts the input; only errors that say what is wrong may come out. */
function accepts(generate: () => string, what: string): boolean {
  try {
    assert.equal(typeof generate(), "string");
    return true;
  } catch (error) {
    if (error instanceof WasmBpfError && ["MALFORMED_INPUT", "NOT_SUPPORTED"].includes(error.code))
      return false;
    throw new Error(`${what}: ${error}`, { cause: error });
  }
}

const withJson = { json: true };
const bindings = [
  function typescript(btf: Btf): string {
    return typescriptBindings(btf, withJson);
  },
  function c(btf: Btf): string {
    return cBindings(btf, withJson);
  },
  function schema(btf: Btf): string {
    return jsonSchema(btf);
  },
];

for (const file of objectFiles()) {
  test(`${file}: generators write text for every mutant or call it malformed`, () => {
    const original = testdata(file);
    const random = generator(file.length + 7);
    const types = parseElf(original).sections.find((section) => section.name === ".BTF")?.data;
    for (let round = 0; round < rounds; round++) {
      const what = `${file}, round ${round}`;
      const mutant = mutate(original, random);
      const spec = () => parseObject(mutant, { name: "fuzz" });
      accepts(() => skeletonHeader(spec(), mutant, { name: "fuzz" }), what);
      accepts(() => skeletonJson(spec(), { name: "fuzz" }), what);
      accepts(() => typescriptSkeleton(spec(), mutant, { name: "fuzz" }), what);
      if (types === undefined) continue;
      const btf = mutate(types, random);
      for (const generate of [structHeader, vmlinuxHeader, btfRaw, ...bindings]) {
        accepts(() => generate(Btf.parse(btf)), `${what}, ${generate.name}`);
      }
    }
    if (types !== undefined) assert.ok(accepts(() => structHeader(Btf.parse(types)), file));
  });
}
