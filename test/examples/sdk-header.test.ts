import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { parseObject } from "../../src/object/index.ts";
import { clang, sdk, targets } from "../support/compile.ts";
import { compileBpf } from "../support/compile-bpf.ts";

const directory = mkdtempSync(join(tmpdir(), "sdk-header-"));
after(() => rmSync(directory, { recursive: true, force: true }));

const object = join(directory, "object.bpf.o");
writeFileSync(
  object,
  compileBpf(`
const volatile int limit = 1;
int level = 2;
int count;
struct task { int pid; } __attribute__((preserve_access_index));
extern int CONFIG_HZ __kconfig;
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } events SEC(".maps");
__attribute__((noinline)) int subprogram(int x) { return x + limit; }
SEC("raw_tp/sys_enter") int traced(void *ctx) { count += subprogram(level); return CONFIG_HZ; }
SEC("raw_tp/sys_enter") int neighbour(void *ctx) { count += limit; return 0; }
SEC("?raw_tp/sys_exit") int optional(void *ctx) { return subprogram(3); }
SEC("?raw_tp/sys_exit") int other(void *ctx) { return bpf_core_field_offset(struct task, pid) + count; }
SEC("xdp") int network(void *ctx) { return 2; }
`),
);

const driver = join(directory, "driver");
execFileSync("cc", [
  ...["-std=gnu11", "-g", "-O1", "-Wall", "-Wextra", "-Werror", "-I", sdk],
  ...["-fsanitize=address,undefined", "-fno-sanitize-recover=all"],
  ...["-o", driver, fileURLToPath(new URL("../../../test/examples/sdk-driver.c", import.meta.url))],
]);

/** The object that the host is given after these changes. */
function patched(...edits: string[]): ReturnType<typeof parseObject> {
  return parseObject(new Uint8Array(execFileSync(driver, ["patch", object, ...edits])));
}

const warnings = [
  ...["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wsign-conversion", "-Wshadow"],
  ...["-Wcast-qual", "-Wundef", "-Werror"],
];

for (const [compiler, options] of [
  [clang, [...targets.wasm32, "-std=c11", "-Wstrict-prototypes"]],
  [clang, [...targets.wasm32, "-std=gnu23"]],
  [clang, [...targets.wasm32, "-xc++", "-std=c++17"]],
  [clang, [...targets.wasm32, "-xc++", "-std=c++20"]],
  ["cc", ["-I", sdk, "-std=c11", "-Wstrict-prototypes"]],
  ["cc", ["-I", sdk, "-std=gnu17"]],
] as const) {
  test(`the header compiles alone with all warnings: ${compiler} ${options.join(" ")}`, () => {
    const source = join(directory, "alone.c");
    writeFileSync(
      source,
      '#include "libbpf-wasm.h"\n#include "libbpf-wasm.h"\nint main(void) { return 0; }\n',
    );
    const args = [...options, ...warnings, "-fsyntax-only", source];
    const { status, stderr } = spawnSync(compiler, args, { encoding: "utf8" });
    assert.equal(stderr, "");
    assert.equal(status, 0);
  });
}

test("an object that nothing was changed in is passed on as it is", () => {
  assert.ok(readFileSync(object).equals(execFileSync(driver, ["patch", object])));
});

test("initial values are written into .rodata and .data", () => {
  const { maps } = patched(".rodata:1=5", "object.data:0=9");
  const contents = (name: string): number[] => [
    ...(maps.find((map) => map.name === name)?.internal?.contents ?? []),
  ];
  assert.deepEqual(contents(".rodata").slice(0, 4), [1, 5, 0, 0]);
  assert.deepEqual(contents(".data").slice(0, 4), [9, 0, 0, 0]);
});

test("a program that is not wanted is gone, its neighbours are not", () => {
  const names = (...edits: string[]): string[] =>
    patched(...edits).programs.flatMap(({ name, autoload }) => (autoload ? [name] : []));
  assert.deepEqual(names(), ["traced", "neighbour", "network"]);
  assert.deepEqual(names("traced=0"), ["neighbour", "network"]);
  assert.deepEqual(names("neighbour=0", "network=0"), ["traced"]);
  assert.deepEqual(names("optional=1"), ["traced", "neighbour", "optional", "network"]);
  assert.deepEqual(names("optional=1", "other=1", "traced=0"), ["neighbour", "optional", "other", "network"]);
});

test("the remaining programs keep instructions, lines and relocations", () => {
  const whole = parseObject(new Uint8Array(readFileSync(object)));
  const { programs } = patched("traced=0", "other=1");
  assert.deepEqual(
    programs.map(({ name }) => name),
    ["neighbour", "other", "network"],
  );
  for (const { name, instructions, references, functions, lines, coreRelocations } of programs) {
    const original = whole.programs.find((program) => program.name === name);
    assert.deepEqual(instructions, original?.instructions);
    assert.deepEqual(references, original?.references);
    assert.deepEqual(functions, original?.functions);
    assert.deepEqual(lines, original?.lines);
    assert.deepEqual(coreRelocations, original?.coreRelocations);
    assert.equal(coreRelocations.length, name === "other" ? 1 : 0);
    assert.ok(lines.length > 0);
  }
});

test("damaged objects are refused or opened, never read past their end", () => {
  const opened = Number(execFileSync(driver, ["mutate", object, "30000"], { encoding: "utf8" }));
  assert.ok(opened > 1000, `${opened} opened`);
});

test("calls reach the host as they should, and its errors come back in the C library's numbers", () => {
  execFileSync(driver, ["calls", object]);
});
