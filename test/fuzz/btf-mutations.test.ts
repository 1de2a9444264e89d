import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import test from "node:test";
import {
  Btf,
  BtfBuilder,
  type BtfFeatures,
  dumpTypeData,
  formatC,
  parseBtfExt,
  RelocationError,
  relocateCore,
  sanitizeBtf,
  TypeDump,
} from "../../src/btf/index.ts";
import { ByteWriter, MalformedInputError, WasmBpfError } from "../../src/internal/index.ts";

const ROUNDS = 500;

const LACKS_ALL: BtfFeatures = {
  func: false,
  funcGlobal: false,
  datasec: false,
  questionMarkDatasec: false,
  float: false,
  declTag: false,
  typeTag: false,
  enum64: false,
  attributeTags: false,
};

/** Deterministic numbers below `limit`, so that a failure can be repeated. */
function generator(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 0x100000000) * limit);
  };
}

/** A small BTF in which every kind occurs and refers to others. */
function sample(littleEndian: boolean): Uint8Array {
  const builder = new BtfBuilder({ littleEndian });
  const int = builder.add({
    kind: "int",
    name: "int",
    sizeBytes: 4,
    signed: true,
    char: false,
    bool: false,
    offsetBits: 0,
    bits: 32,
  });
  const array = builder.add({ kind: "array", elementType: int, indexType: int, length: 4 });
  const pointer = builder.add({ kind: "ptr", type: builder.nextId + 1 });
  const struct = builder.add({
    kind: "struct",
    name: "node",
    sizeBytes: 40,
    members: [
      { name: "next", type: pointer, offsetBits: 0, bitfieldBits: 0 },
      { name: "flag", type: int, offsetBits: 64, bitfieldBits: 3 },
      { name: "", type: builder.nextId + 1, offsetBits: 96, bitfieldBits: 0 },
      { name: "values", type: array, offsetBits: 160, bitfieldBits: 0 },
    ],
  });
  builder.add({
    kind: "union",
    name: "",
    sizeBytes: 8,
    members: [{ name: "inner", type: int, offsetBits: 0, bitfieldBits: 0 }],
  });
  const color = builder.add({
    kind: "enum",
    name: "color",
    sizeBytes: 4,
    signed: true,
    values: [{ name: "RED", value: -1n }],
  });
  builder.add({
    kind: "enum64",
    name: "big",
    sizeBytes: 8,
    signed: false,
    values: [{ name: "HUGE", value: 1n << 40n }],
  });
  builder.add({ kind: "fwd", name: "elsewhere", union: true });
  const constant = builder.add({ kind: "const", type: struct });
  const typedef = builder.add({ kind: "typedef", name: "node_t", type: constant });
  builder.add({ kind: "volatile", type: typedef });
  builder.add({ kind: "restrict", type: pointer });
  const prototype = builder.add({
    kind: "func_proto",
    returnType: int,
    parameters: [
      { name: "node", type: pointer },
      { name: "color", type: color },
    ],
  });
  const func = builder.add({ kind: "func", name: "visit", type: prototype, linkage: "global" });
  const variable = builder.add({ kind: "var", name: "counter", type: int, linkage: "global" });
  builder.add({
    kind: "datasec",
    name: ".bss",
    sizeBytes: 4,
    variables: [{ type: variable, offsetBytes: 0, sizeBytes: 4 }],
  });
  builder.add({ kind: "float", name: "double", sizeBytes: 8 });
  builder.add({ kind: "decl_tag", name: "bpf_kfunc", type: func, componentIndex: -1, attribute: false });
  builder.add({ kind: "type_tag", name: "user", type: int, attribute: false });
  builder.addString("0:1");
  builder.addString("socket");
  return builder.toBytes();
}

function sampleExt(btf: Btf, littleEndian: boolean): Uint8Array {
  const offset = (text: string): number =>
    new TextDecoder("latin1").decode(btf.stringBytes).indexOf(`\0${text}\0`) + 1;
  const writer = new ByteWriter(littleEndian);
  writer.u16(0xeb9f).u8(1).u8(0).u32(32);
  writer.u32(0).u32(20).u32(20).u32(28).u32(48).u32(28);
  writer.u32(8).u32(offset("socket")).u32(1).u32(0).u32(14);
  writer.u32(16).u32(offset("socket")).u32(1).u32(0).u32(0).u32(0).u32(1024);
  writer.u32(16).u32(offset("socket")).u32(1).u32(0).u32(4).u32(offset("0:1")).u32(3);
  return writer.finish();
}

/** Runs `action`, which may only fail with an error of this package. */
function tolerate(action: () => void): void {
  try {
    action();
  } catch (error) {
    if (error instanceof MalformedInputError || error instanceof RelocationError) return;
    throw error;
  }
}

/** Uses everything that reads a BTF. */
function exercise(btf: Btf, original: Btf): void {
  for (let id = 0; id < btf.typeCount; id++) {
    tolerate(() => btf.type(id));
    tolerate(() => btf.resolve(id));
    tolerate(() => btf.sizeOf(id));
    tolerate(() => btf.alignOf(id));
  }
  btf.find("node");
  btf.candidates("node", ["struct"]);
  tolerate(() => formatC(btf));
  const data = new Uint8Array(64).fill(7);
  for (let id = 0; id < btf.typeCount; id++) {
    tolerate(() => new TypeDump(btf).dump(id));
    tolerate(() => new TypeDump(btf).writer.declare(id, "x"));
    // What cannot be shown is told, not thrown.
    dumpTypeData(btf, new TypeDump(btf).writer, id, data);
    dumpTypeData(btf, new TypeDump(btf).writer, id, data.subarray(0, 3), { emitZeroes: true });
  }
  tolerate(() => {
    sanitizeBtf(btf, LACKS_ALL);
  });
  for (let kind = 0; kind < 14; kind++) {
    for (const [local, target] of [
      [original, btf],
      [btf, original],
    ] as const) {
      for (const [typeId, accessString] of [
        [4, "0:1"],
        [4, "0:2:0"],
        [4, "0:3:2"],
        [4, "0"],
        [6, "0"],
        [10, "0"],
        [13, "0"],
      ] as const) {
        const instructions = new Uint8Array(16);
        instructions[0] = 0xb7;
        tolerate(() => {
          relocateCore({
            programName: "fuzz",
            instructions,
            relocations: [{ instructionIndex: 0, typeId, accessString, kind }],
            local,
            targets: [() => target],
            littleEndian: true,
          });
        });
      }
    }
  }
}

for (const littleEndian of [true, false]) {
  const order = littleEndian ? "little" : "big";
  test(`mutated BTF gives nothing but MalformedInputError (${order}-endian)`, () => {
    const bytes = sample(littleEndian);
    const original = Btf.parse(bytes);
    exercise(original, original);
    const random = generator(1);
    for (let round = 0; round < ROUNDS; round++) {
      const mutant = bytes.slice();
      const changes = 1 + random(3);
      for (let i = 0; i < changes; i++) {
        mutant[random(mutant.length)] = [0, 1, 0x7f, 0x80, 0xff, random(256)][random(6)] as number;
      }
      const cut = random(8) === 0 ? mutant.subarray(0, random(mutant.length)) : mutant;
      tolerate(() => exercise(Btf.parse(cut), original));
    }
  });

  test(`mutated BTF.ext gives nothing but MalformedInputError (${order}-endian)`, () => {
    const btf = Btf.parse(sample(littleEndian));
    const bytes = sampleExt(btf, littleEndian);
    assert.equal(parseBtfExt(bytes, btf).coreRelocations.get("socket")?.[0]?.accessString, "0:1");
    const random = generator(2);
    for (let round = 0; round < ROUNDS * 10; round++) {
      const mutant = bytes.slice();
      for (let i = 0; i <= random(3); i++) mutant[random(mutant.length)] = random(256);
      const cut = random(8) === 0 ? mutant.subarray(0, random(mutant.length)) : mutant;
      tolerate(() => parseBtfExt(cut, btf));
    }
  });
}

test("types that double at every level are refused, not written out", () => {
  const builder = new BtfBuilder();
  let last = builder.add({ kind: "struct", name: "", sizeBytes: 0, members: [] });
  for (let level = 0; level < 60; level++) {
    const inner = last;
    last = builder.add({
      kind: "struct",
      name: level === 59 ? "bomb" : "",
      sizeBytes: 0,
      members: ["a", "b"].map((name) => ({ name, type: inner, offsetBits: 0, bitfieldBits: 0 })),
    });
  }
  const btf = Btf.parse(builder.toBytes());
  assert.throws(() => formatC(btf), MalformedInputError);
  assert.throws(() => new TypeDump(btf).dump(last), MalformedInputError);
  const { problem } = dumpTypeData(btf, new TypeDump(btf).writer, last, new Uint8Array(8), {
    emitZeroes: true,
  });
  assert.equal(problem, "invalid");
  assert.equal(btf.alignOf(last), 1);
});

test("long chains and cycles of types are refused", () => {
  for (const kind of ["const", "ptr"] as const) {
    const builder = new BtfBuilder();
    for (let i = 0; i < 100_000; i++) builder.add({ kind, type: i });
    builder.add({ kind: "typedef", name: "chain", type: 100_000 });
    const btf = Btf.parse(builder.toBytes());
    assert.throws(() => formatC(btf), MalformedInputError);
    if (kind === "const") assert.throws(() => btf.resolve(100_000), MalformedInputError);
  }
  const builder = new BtfBuilder();
  builder.add({ kind: "const", type: 2 });
  builder.add({ kind: "typedef", name: "loop", type: 1 });
  builder.add({
    kind: "struct",
    name: "self",
    sizeBytes: 4,
    members: [{ name: "self", type: 3, offsetBits: 0, bitfieldBits: 0 }],
  });
  const btf = Btf.parse(builder.toBytes());
  assert.throws(() => btf.resolve(1), MalformedInputError);
  assert.throws(() => btf.sizeOf(2), MalformedInputError);
  assert.throws(() => formatC(btf, { ids: [3] }), MalformedInputError);
});

const KERNEL_BTF = "/sys/kernel/btf/vmlinux";

test("the kernel's BTF with damaged bytes still answers or refuses", {
  skip: existsSync(KERNEL_BTF) ? false : `${KERNEL_BTF} does not exist`,
}, () => {
  const bytes = new Uint8Array(readFileSync(KERNEL_BTF));
  const random = generator(3);
  for (let round = 0; round < 20; round++) {
    const mutant = bytes.slice();
    for (let i = 0; i < 3; i++) mutant[24 + random(mutant.length - 24)] = random(256);
    try {
      const btf = Btf.parse(mutant);
      for (const id of btf.findAll("task_struct")) tolerate(() => btf.sizeOf(id));
    } catch (error) {
      assert.ok(error instanceof WasmBpfError, String(error));
    }
  }
});
