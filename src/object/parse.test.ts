import assert from "node:assert/strict";
import { test } from "node:test";
import { objectFiles, testdata } from "../../test/support/testdata.ts";
import { decodeInstructions, disassemble } from "../asm/index.ts";
import type { BtfType } from "../btf/index.ts";
import * as bpf from "../uapi/bpf.ts";
import { loadableBtf, type MapSpec, type ObjectSpec, type ProgramSpec, parseObject } from "./index.ts";
import { internalMapName } from "./names.ts";

function program(spec: ObjectSpec, name: string): ProgramSpec {
  const found = spec.programs.find((one) => one.name === name);
  assert.ok(found !== undefined, `program ${name}`);
  return found;
}

function map(spec: ObjectSpec, name: string): MapSpec {
  const found = spec.maps.find((one) => one.name === name);
  assert.ok(found !== undefined, `map ${name}`);
  return found;
}

/** What has to be equal in both byte orders: everything but the bytes of instructions and contents. */
function shape(spec: ObjectSpec): unknown {
  return {
    programs: spec.programs.map(({ instructions: _, ...rest }) => rest),
    maps: spec.maps.map(({ internal, ...rest }) => ({ ...rest, variables: internal?.variables })),
    externs: spec.externs,
    license: spec.license,
    kernelVersion: spec.kernelVersion,
  };
}

test("both byte orders of an object give the same spec", () => {
  const bigEndian = objectFiles().filter((name) => name.endsWith(".be.bpf.o"));
  assert.ok(bigEndian.length >= 4);
  for (const name of bigEndian) {
    const big = parseObject(testdata(name), { name: "x" });
    const little = parseObject(testdata(name.replace(".be.", ".")), { name: "x" });
    assert.equal(big.littleEndian, false);
    assert.equal(little.littleEndian, true);
    assert.deepEqual(shape(big), shape(little), name);
    big.programs.forEach((one, index) => {
      const other = little.programs[index]?.instructions ?? new Uint8Array();
      assert.deepEqual(disassemble(one.instructions, false), disassemble(other, true));
    });
  }
});

test("reads license, version and the variables of every data section", () => {
  const spec = parseObject(testdata("globals.bpf.o"), { name: "dir/globals.bpf.o" });
  assert.equal(spec.name, "globals");
  assert.equal(spec.license, "Dual BSD/GPL");
  assert.equal(spec.kernelVersion, 0x060c00);

  const rodata = map(spec, ".rodata");
  assert.equal(rodata.kernelName, "globals.rodata");
  assert.equal(rodata.flags, bpf.BPF_F_RDONLY_PROG | bpf.BPF_F_MMAPABLE);
  assert.deepEqual(
    rodata.internal?.variables.map(({ name, offsetBytes, sizeBytes }) => [name, offsetBytes, sizeBytes]),
    [
      ["min_level", 0, 4],
      ["greeting", 4, 8],
    ],
  );
  assert.deepEqual(
    [...(rodata.internal?.contents ?? [])],
    [3, 0, 0, 0, ...new TextEncoder().encode("hello\0\0\0")],
  );

  const data = map(spec, ".data");
  assert.equal(data.flags, bpf.BPF_F_MMAPABLE);
  const flagsOf = (name: string): unknown => {
    const variable = data.internal?.variables.find((one) => one.name === name);
    return variable && [variable.global, variable.weak];
  };
  assert.deepEqual(flagsOf("last_pair"), [true, false]);
  assert.deepEqual(flagsOf("internal_count"), [false, false]);
  assert.deepEqual(flagsOf("weak_count"), [true, true]);

  assert.equal(map(spec, ".bss").internal?.kind, "bss");
  assert.equal(map(spec, ".data.custom").kernelName, ".data.custom");
  assert.equal(map(spec, ".data.private").flags, 0);
});

test("completes the places of variables in the BTF", () => {
  const { btf } = parseObject(testdata("globals.bpf.o"));
  assert.ok(btf !== undefined);
  const id = btf.find(".data", "datasec");
  const datasec = id === undefined ? undefined : btf.type(id);
  assert.ok(datasec?.kind === "datasec");
  assert.equal(datasec.sizeBytes, 24);
  assert.deepEqual(
    datasec.variables.map(({ type, offsetBytes }) => [btf.name(type), offsetBytes]),
    [
      ["last_pair", 0],
      ["internal_count", 16],
      ["weak_count", 20],
    ],
  );
});

test("instructions refer to variables by map and offset", () => {
  const { references } = program(parseObject(testdata("globals.bpf.o")), "count");
  assert.deepEqual(references.slice(0, 3), [
    { instructionIndex: 0, kind: "map", map: ".bss", valueOffset: 0 },
    { instructionIndex: 7, kind: "map", map: ".rodata", valueOffset: 0 },
    { instructionIndex: 11, kind: "map", map: ".rodata", valueOffset: 4 },
  ]);
});

test("reads every field of a map declaration", () => {
  const spec = parseObject(testdata("maps.bpf.o"));
  const hash = map(spec, "typed_hash");
  assert.deepEqual(
    [hash.type, hash.keySizeBytes, hash.valueSizeBytes, hash.maxEntries, hash.flags],
    [bpf.BPF_MAP_TYPE_HASH, 16, 16, 1024, bpf.BPF_F_NO_PREALLOC],
  );
  assert.equal(spec.btf?.name(hash.keyTypeId), "key");
  assert.equal(spec.btf?.name(hash.valueTypeId), "value");
  assert.deepEqual([map(spec, "sized_events").keySizeBytes, map(spec, "sized_events").keyTypeId], [4, 0]);
  assert.equal(map(spec, "ring").maxEntries, 262144);
  const pinned = map(spec, "pinned_by_its_very_long_name");
  assert.deepEqual([pinned.pinning, pinned.kernelName], ["by-name", "pinned_by_its_v"]);
  const bloom = map(spec, "bloom");
  assert.deepEqual([bloom.mapExtra, bloom.numaNode], [5n, 0]);
  assert.equal(hash.numaNode, undefined);
  const arena = map(parseObject(testdata("map-extra.bpf.o")), "arena");
  assert.deepEqual([arena.mapExtra, arena.flags], [1n << 44n, bpf.BPF_F_MMAPABLE]);
  assert.deepEqual(
    arena.arena?.variables.map(({ name, offsetBytes, sizeBytes }) => [name, offsetBytes, sizeBytes]),
    [
      ["in_arena", 0, 4],
      ["also_in_arena", 8, 8],
    ],
  );
  assert.equal(arena.arena?.contents[0], 7);
});

test("reads inner maps and the initial entries of maps of maps and program arrays", () => {
  const spec = parseObject(testdata("maps.bpf.o"));
  const outer = map(spec, "outer");
  assert.equal(outer.valueSizeBytes, 4);
  assert.equal(outer.innerMap?.name, "outer.inner");
  assert.equal(outer.innerMap?.maxEntries, 2);
  assert.deepEqual(outer.values, [
    { slot: 1, kind: "map", name: "inner_a" },
    { slot: 4, kind: "map", name: "inner_b" },
  ]);
  assert.equal(map(spec, "outer_hash").innerMap?.valueSizeBytes, 16);
  assert.equal(map(spec, "outer_hash").values, undefined);
  assert.deepEqual(map(spec, "jumps").values, [{ slot: 2, kind: "program", name: "tail" }]);
});

test("links the subprograms that a program reaches, in the order of their first calls", () => {
  const spec = parseObject(testdata("subprograms.bpf.o"));
  assert.deepEqual(
    spec.programs.map(({ name, autoload }) => [name, autoload]),
    [
      ["first", true],
      ["second", true],
      ["third", false],
    ],
  );
  const names = (name: string): string[] => program(spec, name).functions.map((info) => info.name);
  assert.deepEqual(names("first"), ["first", "global_sum", "leaf", "read_pid", "weak_twice"]);
  assert.deepEqual(names("second"), ["second", "each", "leaf", "read_pid", "hidden_half"]);
  assert.deepEqual(names("third"), ["third", "leaf", "read_pid"]);
});

test("every call and callback of a linked program goes to the start of a function", () => {
  for (const { name, instructions, functions } of parseObject(testdata("subprograms.bpf.o")).programs) {
    const starts = new Set(functions.map(({ instructionIndex }) => instructionIndex));
    let slot = 0;
    let calls = 0;
    for (const { opcode, src, imm } of decodeInstructions(instructions, true)) {
      const isCall = opcode === 0x85 && src === bpf.BPF_PSEUDO_CALL;
      const isCallback = opcode === 0x18 && src === bpf.BPF_PSEUDO_FUNC;
      if (isCall || isCallback) {
        calls++;
        assert.ok(starts.has(slot + imm + 1), `${name}, instruction ${slot}`);
      }
      slot += opcode === 0x18 ? 2 : 1;
    }
    assert.ok(calls > 0, name);
  }
});

test("lines and CO-RE relocations move with the subprograms", () => {
  const spec = parseObject(testdata("subprograms.bpf.o"));
  for (const one of spec.programs) {
    const readPid = one.functions.find(({ name }) => name === "read_pid");
    assert.ok(readPid !== undefined);
    assert.equal(one.coreRelocations.length, 1);
    const [relocation] = one.coreRelocations;
    assert.ok(relocation !== undefined && relocation.instructionIndex > readPid.instructionIndex);
    assert.equal(relocation.accessString, "0:0");
    assert.equal(spec.btf?.name(relocation.typeId), "task_struct");
    for (const { instructionIndex } of one.functions) {
      assert.ok(one.lines.some((line) => line.instructionIndex === instructionIndex));
    }
    assert.deepEqual(
      one.lines.map(({ instructionIndex }) => instructionIndex),
      one.lines.map(({ instructionIndex }) => instructionIndex).sort((a, b) => a - b),
    );
  }
});

test("hidden functions become static in the BTF", () => {
  const { btf } = parseObject(testdata("subprograms.bpf.o"));
  const linkage = (name: string): unknown => {
    const id = btf?.find(name, "func");
    const type = id === undefined ? undefined : btf?.type(id);
    return type?.kind === "func" ? type.linkage : undefined;
  };
  assert.equal(linkage("hidden_half"), "static");
  assert.equal(linkage("global_sum"), "global");
});

test("a static function in a program's section is a subprogram", () => {
  const spec = parseObject(testdata("static-in-section.bpf.o"));
  assert.deepEqual(
    spec.programs.map(({ name, functions }) => [name, functions.map((info) => info.name)]),
    [["main_program", ["main_program", "helper"]]],
  );
});

test("an object without BTF has programs and variables, but no debug information", () => {
  const spec = parseObject(testdata("no-btf.bpf.o"));
  assert.equal(spec.btf, undefined);
  const { functions, lines, references, instructions } = program(spec, "entry");
  assert.deepEqual([functions, lines], [[], []]);
  assert.equal(references.length, 2);
  assert.ok(disassemble(instructions, true).some((line) => line.endsWith("call 0x1")));
  assert.equal(map(spec, ".data").internal?.variables[0]?.name, "limit");
  assert.equal(map(spec, ".data").flags, 0);
});

test("externs are ordered so that kernel configuration values pack", () => {
  const spec = parseObject(testdata("externs.bpf.o"), { name: "externs" });
  assert.deepEqual(
    spec.externs
      .filter(({ kind }) => kind === "kconfig")
      .map(({ name, offsetBytes, sizeBytes, weak }) => [name, offsetBytes, sizeBytes, weak]),
    [
      ["CONFIG_HZ", 0, 8, false],
      ["CONFIG_NOT_THERE_AT_ALL", 8, 4, true],
      ["LINUX_KERNEL_VERSION", 12, 4, false],
      ["CONFIG_BPF", 16, 1, false],
      ["CONFIG_CC_VERSION_TEXT", 17, 64, true],
    ],
  );
  assert.deepEqual(
    spec.externs.filter(({ kind }) => kind !== "kconfig").map(({ name, kind, weak }) => [name, kind, weak]),
    [
      ["absent_kfunc", "kfunc", true],
      ["bpf_task_acquire", "kfunc", false],
      ["bpf_task_release", "kfunc", false],
      ["no_such_variable", "ksym", true],
      ["not_in_any_kernel", "ksym", true],
      ["schedule", "ksym", false],
    ],
  );
  const kconfig = map(spec, ".kconfig");
  assert.deepEqual([kconfig.kernelName, kconfig.valueSizeBytes], ["externs.kconfig", 81]);
  const uses = program(spec, "use").references;
  assert.deepEqual(
    uses.filter((use) => use.kind !== "map" && use.extern === "absent_kfunc").map(({ kind }) => kind),
    ["ksym", "kfunc"],
  );
});

test("externs become variables in the BTF for the kernel", () => {
  const spec = parseObject(testdata("externs.bpf.o"));
  const btf = loadableBtf(spec);
  assert.ok(btf !== undefined && spec.btf !== undefined);
  for (let id = 1; id < spec.btf.typeCount; id++) assert.equal(btf.name(id), spec.btf.name(id));
  for (const name of [".kconfig", ".ksyms"]) {
    const id: number | undefined = btf.find(name, "datasec");
    const datasec: BtfType | undefined = id === undefined ? undefined : btf.type(id);
    assert.ok(datasec?.kind === "datasec");
    let end = 0;
    for (const { type, offsetBytes, sizeBytes } of datasec.variables) {
      const variable = btf.type(type);
      assert.ok(variable.kind === "var" && variable.linkage === "global");
      assert.equal(btf.sizeOf(variable.type), sizeBytes);
      assert.ok(offsetBytes >= end);
      end = offsetBytes + sizeBytes;
    }
    assert.equal(datasec.sizeBytes, end);
  }
  for (const type of btf.types()) if (type.kind === "func") assert.notEqual(type.linkage, "extern");
});

test("a struct of callbacks becomes a struct_ops map", () => {
  const spec = parseObject(testdata("struct-ops.bpf.o"));
  const simple = map(spec, "simple");
  assert.equal(simple.type, bpf.BPF_MAP_TYPE_STRUCT_OPS);
  assert.equal(simple.flags, bpf.BPF_F_LINK);
  assert.equal(simple.structOps?.typeName, "tcp_congestion_ops");
  assert.deepEqual(simple.structOps?.programs, [
    { offsetBytes: 0, program: "threshold" },
    { offsetBytes: 8, program: "avoid" },
    { offsetBytes: 16, program: "undo" },
  ]);
});

test("maps in the legacy section are refused with the remedy", () => {
  assert.throws(() => parseObject(testdata("legacy-maps.bpf.o")), {
    code: "NOT_SUPPORTED",
    message: /legacy section "maps"\. Define them in SEC\("\.maps"\)/,
  });
});

test("a file that is no BPF object is refused by its machine", () => {
  const bytes = testdata("globals.bpf.o");
  bytes[18] = 62;
  assert.throws(() => parseObject(bytes), { code: "MALFORMED_INPUT", message: /not a BPF object/ });
});

test("internal maps are named in the kernel as libbpf names them", () => {
  assert.equal(internalMapName("my_object_name", ".rodata"), "my_objec.rodata");
  assert.equal(internalMapName("my_object_name", ".bss"), "my_objec.bss");
  assert.equal(internalMapName("my_object_name", ".kconfig"), "my_obje.kconfig");
  assert.equal(internalMapName("my_object_name", ".rodata.abracadabra"), ".rodata.abracad");
  assert.equal(internalMapName("a", ".data"), "a.data");
});
