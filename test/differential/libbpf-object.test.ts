import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { type MapSpec, type ObjectSpec, type ProgramSpec, parseObject } from "../../src/object/index.ts";
import { getSys } from "../../src/sys/index.ts";
import {
  BPF_MAP_TYPE_RINGBUF,
  BPF_MAP_TYPE_STRUCT_OPS,
  BPF_MAP_TYPE_USER_RINGBUF,
} from "../../src/uapi/bpf.ts";
import { objectFiles, testdata, testdataPath } from "../support/testdata.ts";

const skip = existsSync("/usr/include/bpf/libbpf.h") ? false : "libbpf-dev is not installed";

/** Objects that every kernel loads, so that what libbpf links can be seen. */
const LOADABLE = ["globals", "no-btf", "subprograms", "externs"];

const directory = mkdtempSync(join(tmpdir(), "libbpf-object-"));
const tool = join(directory, "libbpf-object");
const source = resolve(import.meta.dirname, "../../../test/differential/libbpf-object.c");

before(() => {
  if (skip !== false) return;
  const { status, stderr } = spawnSync("cc", ["-O1", "-Wall", "-o", tool, source, "-lbpf"], {
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
});
after(() => rmSync(directory, { recursive: true }));

/** What libbpf says about an object, or why it refuses it. */
function libbpf(name: string, ...options: string[]): { lines: string[]; refusal: string | undefined } {
  const result = spawnSync(tool, [testdataPath(`${name}.bpf.o`), name, ...options], { encoding: "utf8" });
  return {
    lines: result.stdout.trim().split("\n"),
    refusal: result.status === 0 ? undefined : result.stderr.trim().split("\n")[0],
  };
}

/** Size of a ring buffer as the loaders round it: pages, and a power of two of them. */
function ringSize(sizeBytes: number): number {
  let size = getSys().pageSize;
  while (size < sizeBytes) size *= 2;
  return size;
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function mapLine(map: MapSpec): string {
  const name = map.internal === undefined ? map.name : map.kernelName;
  const isRing = map.type === BPF_MAP_TYPE_RINGBUF || map.type === BPF_MAP_TYPE_USER_RINGBUF;
  const maxEntries = isRing ? ringSize(map.maxEntries) : map.maxEntries;
  const fields = [
    `map ${name} type=${map.type} key=${map.keySizeBytes} value=${map.valueSizeBytes} max=${maxEntries}`,
    `flags=${map.flags} extra=${map.mapExtra} numa=${map.numaNode ?? 0}`,
    `pin=${map.pinning === "none" ? "no" : "yes"} types=${map.keyTypeId},${map.valueTypeId}`,
  ];
  if (map.internal !== undefined) fields.push(`initial=${hex(map.internal.contents)}`);
  return fields.join(" ");
}

function programLine(program: ProgramSpec): string {
  const { name, sectionName, section, autoload } = program;
  const attach = section.expectedAttachType ?? 0;
  const shown = sectionName.replace(/^\?/, "");
  return `program ${name} section=${shown} type=${section.programType} attach=${attach} autoload=${Number(autoload)}`;
}

/** Zeros what a loader fills in: fds, addresses and offsets at references and CO-RE relocations. */
function withoutReferences(program: ProgramSpec, instructions: Uint8Array): string {
  const copy = instructions.slice();
  for (const { instructionIndex } of [...program.references, ...program.coreRelocations]) {
    const at = instructionIndex * 8;
    const isWide = copy[at] === 0x18;
    copy.fill(0, at + 1, at + 8);
    if (isWide) copy.fill(0, at + 8, at + 16);
  }
  return hex(copy);
}

for (const file of objectFiles()) {
  const name = file.replace(".bpf.o", "");
  // libbpf before 1.5 reads only the machine's own byte order.
  if (name.endsWith(".be")) continue;

  test(`${name}: the same maps and programs as libbpf`, { skip }, (context) => {
    const { lines, refusal } = libbpf(name);
    if (refusal !== undefined) {
      // Our parser knows more than the libbpf of a distribution; what every object needs is in LOADABLE.
      assert.ok(!LOADABLE.includes(name), refusal);
      context.skip(`this libbpf refuses it: ${refusal}`);
      return;
    }
    const spec: ObjectSpec = parseObject(testdata(file), { name });
    // Which struct_ops maps there are depends on libbpf's version; the loader's tests cover them.
    const maps = spec.maps.filter(({ structOps }) => structOps === undefined);
    const expected = lines.filter(
      (line) => line.startsWith("map ") && !line.includes(` type=${BPF_MAP_TYPE_STRUCT_OPS} `),
    );
    assert.deepEqual(maps.map(mapLine), expected);
    assert.deepEqual(
      spec.programs.map(programLine),
      // The attach type of a callback is its place in the struct, which libbpf since 1.4 sets at load.
      lines
        .filter((line) => line.startsWith("program "))
        .map((line) => line.replace(/(type=27) attach=\d+/, "$1 attach=0")),
    );
  });

  if (!LOADABLE.includes(name)) continue;
  test(`${name}: programs are linked as libbpf links them`, { skip }, () => {
    const spec = parseObject(testdata(file), { name });
    const linked = new Map<string, Uint8Array>();
    const { lines, refusal } = libbpf(name, "load");
    assert.equal(refusal, undefined);
    for (const line of lines) {
      const [, program, digits] = /^program (\S+) .* insns=([0-9a-f]+)$/.exec(line) ?? [];
      if (program !== undefined && digits !== undefined) {
        linked.set(
          program,
          Uint8Array.from(digits.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16)),
        );
      }
    }
    assert.ok(linked.size > 0);
    for (const program of spec.programs) {
      const other = linked.get(program.name);
      assert.equal(other !== undefined, program.autoload, program.name);
      if (other === undefined) continue;
      assert.equal(
        withoutReferences(program, program.instructions),
        withoutReferences(program, other),
        program.name,
      );
    }
  });
}
