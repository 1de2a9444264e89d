import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { LOG_DEBUG } from "../../src/host/abi-v2/log.ts";
import { setSys } from "../../src/sys/index.ts";
import { scriptedSys } from "../../src/sys/scripted.ts";
import { AbiGuest } from "../support/abi-v2.ts";
import { mutate, randomNumbers } from "../support/mutate.ts";
import { objectFiles, testdata } from "../support/testdata.ts";

/**
 * Mutants per object, a tenth of those that are only parsed: loading takes longer. Set WASM_BPF_FUZZ for a long run and
 * WASM_BPF_FUZZ_SEED for other mutants.
 */
const rounds = Math.ceil(Number(process.env.WASM_BPF_FUZZ ?? 250) / 10);
const seed = Number(process.env.WASM_BPF_FUZZ_SEED ?? 1);

afterEach(() => setSys(undefined));

/** Opens and loads an object as a guest that wants to be told everything does: an import may refuse, and not throw. */
function load(bytes: Uint8Array, what: string): "refused" | "opened" {
  setSys(scriptedSys());
  using guest = new AbiGuest();
  const pending = guest.alloc(4);
  assert.equal(guest.call("log_bind", pending), 0);
  guest.call("log_level", LOG_DEBUG);
  try {
    const request = { 4: guest.put(bytes), 8: bytes.length, 16: guest.text("mutant") };
    const object = guest.call("object_open", guest.block(48, request));
    assert.ok(guest.view(pending, 4).getUint32(0, true) > 0, "nothing was said");
    if (object <= 0) return "refused";
    guest.call("object_load", object);
    return "opened";
  } catch (error) {
    throw new Error(`${what}: ${error}`, { cause: error });
  }
}

for (const name of objectFiles()) {
  test(`${name}: whatever a mutant is, its lines can be written`, () => {
    const original = testdata(name);
    const random = randomNumbers(seed + name.length);
    const outcomes = new Set([load(original, name)]);
    for (let round = 0; round < rounds; round++) {
      outcomes.add(load(mutate(original, random), `${name}, seed ${seed}, round ${round}`));
    }
    // Mutations that break every object, or none, would show nothing.
    assert.ok(outcomes.has("refused"));
  });
}
