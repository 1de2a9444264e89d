import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { type TypeScriptSkeletonOptions, typescriptSkeleton } from "../../src/codegen/index.ts";
import { parseObject } from "../../src/object/index.ts";
import { buildProject, headerTypes } from "../../src/toolchain/index.ts";
import { withDirectory } from "../support/compile.ts";
import { compileBpf } from "../support/compile-bpf.ts";
import { importTypeScript } from "../support/typescript.ts";

const example = fileURLToPath(new URL("../../../examples/bootstrap/", import.meta.url));
const layers = fileURLToPath(new URL("../../src/", import.meta.url));

/** A generated skeleton that imports the layers of this build, with a program that uses it behind. */
function withProgram(object: Uint8Array, options: TypeScriptSkeletonOptions, program: string): string {
  const skeleton = typescriptSkeleton(parseObject(object, { name: options.name }), object, options);
  return `${skeleton.replace(/"wasm-bpf\/(\w+)"/g, `"${layers}$1/index.js"`)}\n${program}`;
}

/** Compiles a program in strict mode and calls its function `run`. */
async function run(directory: string, text: string, ...args: readonly unknown[]): Promise<unknown> {
  const module = await importTypeScript(directory, "program", text);
  return (module as { run(...args: readonly unknown[]): unknown }).run(...args);
}

test("bootstrap's skeleton is strict TypeScript and brings typed events, maps and variables", async () => {
  await withDirectory(async (directory) => {
    for (const file of ["bootstrap.bpf.c", "bootstrap.h"]) {
      copyFileSync(join(example, file), join(directory, file));
    }
    await buildProject(directory);
    const object = new Uint8Array(readFileSync(join(directory, ".build/bootstrap.bpf.o")));
    const { btf } = await headerTypes(join(directory, "bootstrap.h"));
    const program = `
export function run(spawn: () => number): { seen: event[]; startedBefore: bigint | undefined; dropped: bigint; refused: string } {
  const skeleton = bootstrap_bpf.open();
  skeleton.rodata.min_duration_ns = 0n;
  skeleton.load().attach();
  const events = skeleton.buffers.events();
  let refused = "";
  try {
    skeleton.rodata.min_duration_ns = 1;
  } catch (error) {
    refused = String(error);
  }
  skeleton.maps.started.update(-5, 77);
  const startedBefore: bigint | undefined = skeleton.maps.started.lookup(-5);
  const pid = spawn();
  const seen: event[] = [];
  while (seen.length < 2) {
    events.poll(1000, (event) => {
      if (event.pid === pid) seen.push(event);
    });
  }
  const first: event | undefined = seen[0];
  if (first !== undefined && text(first.comm) !== "true") throw new Error(text(first.comm));
  const { dropped } = skeleton.bss;
  events.close();
  skeleton.close();
  return { seen, startedBefore, dropped, refused };
}
`;
    const text = withProgram(object, { name: "bootstrap_bpf", types: [btf] }, program);
    const result = (await run(directory, text, () => {
      const child = spawnSync("/bin/true", []);
      assert.equal(child.status, 0);
      return child.pid;
    })) as {
      seen: { pid: number; ppid: number; is_exit: number; exit_code: number; filename: Uint8Array }[];
      startedBefore: bigint;
      dropped: bigint;
      refused: string;
    };
    assert.deepEqual(
      result.seen.map(({ is_exit, ppid, exit_code }) => [is_exit, ppid, exit_code]),
      [
        [0, process.pid, 0],
        [1, process.pid, 0],
      ],
    );
    const { filename } = result.seen[0] ?? {};
    assert.equal(new TextDecoder().decode(filename?.subarray(0, 9)), "/bin/true");
    assert.equal(result.startedBefore, 77n);
    assert.equal(result.dropped, 0n);
    assert.match(result.refused, /read-only from load on/);
  });
});

test("variables are the kernel's memory, per-CPU values are lists, keys can be structs", async () => {
  const object = compileBpf(`
struct key { int kind; unsigned char tag[4]; };
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); __type(key, struct key); __type(value, struct { long count; char name[8]; }); } by_kind SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 1); __type(key, int); __type(value, int); } per_cpu SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_QUEUE); __uint(max_entries, 4); __type(value, int); } queue SEC(".maps");
const volatile int pid;
int calls;
struct key last = { 3 };
_Bool flags[3];
unsigned long long add = 1;
SEC("raw_tp/sys_enter") int enter(void *ctx)
{
	if (bpf_get_current_pid_tgid() >> 32 != pid) return 0;
	calls += add;
	last.kind = 9;
	flags[1] = 1;
	return 0;
}`);
  const program = `
export function run(pid: number): unknown {
  const skeleton = typed.open();
  try {
    const starts = [skeleton.data.add, skeleton.data.last.kind];
    skeleton.rodata.pid = pid;
    skeleton.data.add = 5n;
    skeleton.load().attach();
    let calls = 0;
    for (let i = 0; i < 1e6 && calls === 0; i++) {
      process.getgroups?.();
      calls = skeleton.bss.calls;
    }
    const { by_kind, per_cpu, queue } = skeleton.maps;
    by_kind.update({ kind: 1, tag: [1, 2] }, { count: 7, name: "seven" });
    const entries = [...by_kind].map(([key, value]) => [key.kind, [...key.tag], value.count, text(value.name)]);
    const cpus = per_cpu.lookup(0) ?? [];
    per_cpu.update(0, cpus.map((_, cpu) => cpu + 1));
    skeleton.bss.flags = [true, false, true];
    return {
      starts,
      multiple: calls > 0 && calls % 5 === 0,
      last: skeleton.data.last.kind,
      entries,
      cpus: cpus.length,
      after: per_cpu.lookup(0),
      queue: queue.keySizeBytes,
      deleted: [by_kind.delete({ kind: 1, tag: [1, 2] }), by_kind.delete({})],
      flags: skeleton.bss.flags.length,
    };
  } finally {
    skeleton.close();
  }
}
`;
  await withDirectory(async (directory) => {
    const text = withProgram(object, { name: "typed" }, program);
    const result = (await run(directory, text, process.pid)) as Record<string, unknown> & { cpus: number };
    assert.ok(result.cpus >= 1);
    assert.deepEqual(result, {
      starts: [1n, 3],
      multiple: true,
      last: 9,
      entries: [[1, [1, 2, 0, 0], 7n, "seven"]],
      cpus: result.cpus,
      after: Array.from({ length: result.cpus }, (_, cpu) => cpu + 1),
      queue: 0,
      deleted: [true, false],
      flags: 3,
    });
  });
});

test("events of a type that is not there, and buffers that are none, are said", () => {
  const object = compileBpf(`
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } rb SEC(".maps");
SEC("raw_tp/sys_enter") int enter(void *ctx) { void *p = bpf_ringbuf_reserve(&rb, 8, 0); if (p) bpf_ringbuf_discard(p, 0); return 0; }`);
  const generate = (events: Readonly<Record<string, string>>) => () =>
    typescriptSkeleton(parseObject(object), object, { name: "x", events });
  assert.throws(generate({ rb: "nothing" }), /there is no struct "nothing"/);
  assert.throws(generate({ other: "x" }), /there is no ring or perf buffer "other"/);
  assert.match(generate({})(), /rb: \(\) => TypedBuffer<Uint8Array>/);
});
