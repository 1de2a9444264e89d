import assert from "node:assert/strict";
import { test } from "node:test";
import { Btf, minCoreBtf } from "../../src/btf/index.ts";
import { WasmBpfError } from "../../src/internal/index.ts";
import {
  checkKernel,
  findObjects,
  linkObjects,
  objectTypes,
  parseObject,
  reachableSlots,
} from "../../src/object/index.ts";
import { mutate, randomNumbers } from "../support/mutate.ts";
import { objectFiles, testdata } from "../support/testdata.ts";

/** Mutants per object; set WASM_BPF_FUZZ for a long run and WASM_BPF_FUZZ_SEED for other mutants. */
const rounds = Number(process.env.WASM_BPF_FUZZ ?? 40);
const seed = Number(process.env.WASM_BPF_FUZZ_SEED ?? 1);

/** Only the errors that say what is wrong may come out. @returns whether none did */
function survives(what: string, body: () => void): boolean {
  try {
    body();
    return true;
  } catch (error) {
    if (error instanceof WasmBpfError) return false;
    throw new Error(`${what}: ${error}`, { cause: error });
  }
}

for (const name of objectFiles()) {
  test(`${name}: mutants are linked, reduced and checked, or refused`, () => {
    const original = testdata(name);
    const random = randomNumbers(seed + name.length);
    const kernel = name === "no-btf.bpf.o" ? undefined : objectTypes(original).btf;
    let linked = 0;
    for (let round = 0; round < rounds; round++) {
      const what = `${name}, seed ${seed}, round ${round}`;
      const mutant = mutate(original, random);
      const inputs = [
        { name: "mutant", bytes: mutant },
        { name: "other", bytes: testdata("static-in-section.bpf.o") },
      ];
      if (survives(what, () => Btf.parse(linkedTypes(linkObjects(inputs))))) linked++;
      if (kernel === undefined) continue;
      survives(what, () => minCoreBtf(kernel, [objectTypes(mutant)]));
      survives(what, () => checkKernel(parseObject(mutant), kernel));
      survives(what, () => {
        for (const program of parseObject(mutant).programs) reachableSlots(program.instructions, true);
      });
    }
    if (!name.includes(".be.")) assert.ok(linked < rounds, "no mutant was refused");
  });
}

function linkedTypes(bytes: Uint8Array): Uint8Array {
  return objectTypes(bytes).btf?.raw ?? new Uint8Array(0);
}

test("mutants of a module with objects in it are searched or refused", () => {
  const object = testdata("globals.bpf.o");
  const size = [0, 7, 14].map((shift) => ((object.length >> shift) & 127) | 128).concat(0);
  const content = [1, 0, 0x41, 8, 0x0b, ...size, ...object];
  const total = [0, 7, 14].map((shift) => ((content.length >> shift) & 127) | 128).concat(0);
  const module = Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 11, ...total, ...content]);
  assert.equal(findObjects(module).length, 1);
  const random = randomNumbers(seed);
  let found = 0;
  for (let round = 0; round < rounds * 10; round++) {
    const mutant = mutate(module, random);
    survives(`seed ${seed}, round ${round}`, () => {
      found += findObjects(mutant).length;
    });
  }
  assert.ok(found > 0);
});
