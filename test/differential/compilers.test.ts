import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { BpfObject, type BpfProgram } from "../../src/ebpf/index.ts";
import { WasmBpfError } from "../../src/internal/index.ts";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import {
  BPF_PROG_TYPE_RAW_TRACEPOINT,
  BPF_PROG_TYPE_SCHED_CLS,
  BPF_PROG_TYPE_SOCKET_FILTER,
  BPF_PROG_TYPE_SYSCALL,
} from "../../src/uapi/bpf.ts";
import { withBpfFileSystem } from "../support/bpf-file-system.ts";
import { COMPILERS, compileTestdata } from "../support/testdata.ts";

failOnLeaks();

const directory = mkdtempSync(join(tmpdir(), "compilers-"));
after(() => rmSync(directory, { recursive: true }));

/** What an object declares, and what its programs do when they are run in the order of the file. */
function behaviour(bytes: Uint8Array, name: string, pinRoot: string): unknown {
  using object = BpfObject.open(bytes, { name, pinRoot });
  const { programs, maps, externs } = object.spec;
  const declared = {
    programs: programs.map(({ name, sectionName, autoload }) => [name, sectionName, autoload]).sort(),
    maps: maps.map(({ name, type, keySizeBytes, valueSizeBytes, maxEntries, flags, innerMap, values }) => ({
      name,
      type,
      keySizeBytes,
      valueSizeBytes,
      maxEntries,
      flags,
      inner: innerMap?.valueSizeBytes,
      values,
    })),
    externs: externs.map(({ name, kind, weak, sizeBytes }) => [name, kind, weak, sizeBytes]),
  };
  try {
    object.load();
  } catch (error) {
    if (!(error instanceof WasmBpfError)) throw error;
    return { declared, refused: error.code };
  }
  const results = [...object.programs.values()].map((program) => [program.name, run(program)]).sort();
  const variables = [...object.maps.values()].flatMap((map) => {
    const { internal } = map.spec;
    const value = internal === undefined ? undefined : map.lookup(new Uint8Array(4));
    if (internal === undefined || value === undefined) return [];
    return internal.variables.map(({ name, offsetBytes, sizeBytes }) => [
      name,
      value.slice(offsetBytes, offsetBytes + sizeBytes),
    ]);
  });
  return { declared, results, variables: Object.fromEntries(variables) };
}

function run(program: BpfProgram): number | undefined {
  if (!program.loaded) return undefined;
  switch (program.type) {
    case BPF_PROG_TYPE_SOCKET_FILTER:
    case BPF_PROG_TYPE_SCHED_CLS:
      return program.testRun({ data: new Uint8Array(64) }).returnValue;
    case BPF_PROG_TYPE_RAW_TRACEPOINT:
      return program.testRun({ context: new Uint8Array(16) }).returnValue;
    case BPF_PROG_TYPE_SYSCALL:
      return program.testRun().returnValue;
    default:
      return undefined;
  }
}

test("objects of the oldest, a middle and the newest compiler declare and do the same", () => {
  const skipped = COMPILERS.map((compiler) => compileTestdata(compiler, join(directory, compiler)));
  assert.deepEqual(skipped.at(-1), [], "the newest compiler takes every source");
  const [oldest = "", ...others] = COMPILERS;
  const files = readdirSync(join(directory, oldest));
  assert.ok(files.length >= 15);
  const ran = new Set<string>();
  for (const file of files) {
    const results = [oldest, ...others].map((compiler) => {
      let result: unknown;
      withBpfFileSystem((root) => {
        const bytes = new Uint8Array(readFileSync(join(directory, compiler, file)));
        try {
          result = behaviour(bytes, file, root);
        } catch (error) {
          if (!(error instanceof WasmBpfError)) throw error;
          result = { unreadable: error.code };
        }
      });
      return result;
    });
    for (const result of results.slice(1)) assert.deepEqual(result, results[0], file);
    if (typeof results[0] === "object" && results[0] !== null && "results" in results[0]) ran.add(file);
  }
  for (const name of ["core", "kconfig", "map-kinds", "global-functions", "linked", "maps", "globals"]) {
    assert.ok(ran.has(`${name}.bpf.o`), `${name} was run`);
  }
});
