import assert from "node:assert/strict";
import { test } from "node:test";
import { BpfObject } from "../../src/ebpf/index.ts";
import { cachedFeature } from "../../src/kernel/feature-cache.ts";
import { haveFullValueOffsets, kernelVersion, versionCode } from "../../src/kernel/index.ts";
import { getSys, setSys } from "../../src/sys/index.ts";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import { testdata } from "../support/testdata.ts";

failOnLeaks();

const skip = kernelVersion() < versionCode(6, 9, 0) ? "arenas need Linux 6.9" : false;
/** Arm64 translates casts of arena pointers since 6.10, which the program's list needs. */
const ADDRESS = 0x1000_0000_0000n;

/** Has the kernel's answer to whether programs may name every place in a map's value be this one. */
function withFullOffsets(have: boolean, body: () => void): void {
  const real = getSys();
  setSys({ ...real });
  cachedFeature("full value offsets", () => have);
  try {
    body();
  } finally {
    setSys(real);
  }
}

for (const atEnd of [false, true]) {
  const where = atEnd ? "end, as on newer kernels" : "start";
  test(`a program's list in an arena is followed here, its variables are shared at its ${where}`, {
    skip,
  }, () => {
    withFullOffsets(atEnd, () => checkArena(atEnd));
  });
}

function checkArena(atEnd: boolean): void {
  for (const address of [0n, ADDRESS]) {
    using object = BpfObject.open(testdata("arena.bpf.o"));
    const arena = object.map("arena");
    const variables = arena.spec.arena?.variables ?? [];
    const placeOf = (name: string): number =>
      variables.find((variable) => variable.name === name)?.offsetBytes ?? -1;
    const offsetOf = (name: string): number => arena.variablesOffsetBytes + placeOf(name);
    assert.equal(arena.variablesOffsetBytes, atEnd ? 15 * getSys().pageSize : 0);
    const initial = arena.initialValue;
    assert.ok(initial !== undefined);
    new DataView(initial.buffer).setInt32(placeOf("preset"), 100, true);
    arena.configure({ mapExtra: address });
    object.load();
    assert.equal(arena.info().mapExtra, address);
    const memory = arena.mmap();
    assert.equal(memory, arena.mmap(), "there is one mapping");
    assert.equal(memory.byteLength, 16 * getSys().pageSize);
    const base = getSys().addressOf(new Uint8Array(memory));
    if (address !== 0n) assert.equal(base, address);
    const view = new DataView(memory);
    assert.equal(view.getInt32(offsetOf("preset"), true), 100);
    assert.equal(object.program("build").testRun().returnValue, 0);
    assert.equal(view.getInt32(offsetOf("preset"), true), 101);

    const values: number[] = [];
    for (let at = view.getBigUint64(offsetOf("head"), true); at !== 0n; ) {
      const offset = Number(at - base);
      values.push(view.getInt32(offset + 8, true));
      at = view.getBigUint64(offset, true);
    }
    assert.deepEqual(values, [1, 2, 3]);
    object.close();
    assert.equal(memory.byteLength, 0, "the mapping is gone");
  }
}

test("variables that do not fit into the arena are refused", { skip }, () => {
  const object = BpfObject.open(testdata("arena.bpf.o"));
  object.map("arena").configure({ maxEntries: 0 });
  assert.throws(() => object.load(), { message: /"arena"/ });
});

test("the kernel says whether every place in a map's value can be named", () => {
  if (kernelVersion() <= versionCode(6, 18, 255)) assert.equal(haveFullValueOffsets(), false);
  else assert.equal(typeof haveFullValueOffsets(), "boolean");
});
