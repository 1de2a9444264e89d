import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readWasmSections, wasmImports } from "../../src/internal/index.ts";
import { BothWays, directory } from "./both-ways.ts";

const program = BothWays.guestOnly("minimal");

test("a program of a skeleton alone links what skeletons need", () => {
  const imports = wasmImports(new Uint8Array(readFileSync(program.guest)));
  const used = imports.filter(({ module }) => module === "wasm_bpf_2").map(({ name }) => name);
  const families = new Set(used.map((name) => name.split("_")[0]));
  assert.deepEqual([...families].sort(), ["link", "map", "object", "program", "system"]);
});

test("the library's share of it is small", () => {
  const object = statSync(join(directory, "minimal.bpf.o")).size;
  const module = readFileSync(program.guest);
  // Without what a strip takes away: names and the like.
  const custom = readWasmSections(module).filter(({ id }) => id === 0);
  const size = module.length - object - custom.reduce((sum, { payload }) => sum + payload.length, 0);
  // Most of it is printf and malloc of the C library.
  assert.ok(size < 45_000, `${size} bytes`);
});

test("it runs", () => {
  const { status, stderr } = program.run([], []);
  assert.equal(stderr, "");
  assert.equal(status, 0);
});
