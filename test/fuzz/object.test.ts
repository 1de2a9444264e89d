import assert from "node:assert/strict";
import { test } from "node:test";
import { WasmBpfError } from "../../src/internal/index.ts";
import { loadableBtf, parseObject } from "../../src/object/index.ts";
import { mutate, randomNumbers } from "../support/mutate.ts";
import { objectFiles, testdata } from "../support/testdata.ts";

/** Mutants per object; set WASM_BPF_FUZZ for a long run and WASM_BPF_FUZZ_SEED for other mutants. */
const rounds = Number(process.env.WASM_BPF_FUZZ ?? 250);
const seed = Number(process.env.WASM_BPF_FUZZ_SEED ?? 1);

/** Only the errors that say what is wrong may come out. */
function parse(bytes: Uint8Array, what: string): boolean {
  try {
    loadableBtf(parseObject(bytes));
    return true;
  } catch (error) {
    if (error instanceof WasmBpfError && ["MALFORMED_INPUT", "NOT_SUPPORTED"].includes(error.code))
      return false;
    throw new Error(`${what}: ${error}`, { cause: error });
  }
}

for (const name of objectFiles()) {
  test(`${name}: mutants parse or are malformed input`, () => {
    const original = testdata(name);
    const random = randomNumbers(seed + name.length);
    let accepted = 0;
    for (let round = 0; round < rounds; round++) {
      const mutant = mutate(original, random);
      if (parse(mutant, `${name}, seed ${seed}, round ${round}`)) accepted++;
    }
    // Mutations that break every object, or none, would show nothing.
    assert.ok(accepted < rounds);
  });

  test(`${name}: truncations parse or are malformed input`, () => {
    const original = testdata(name);
    const step = Math.max(1, Math.floor(original.length / 200));
    for (let length = 0; length < original.length; length += step) {
      assert.equal(parse(original.subarray(0, length), `${name}, ${length} bytes`), false);
    }
  });
}
