import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { appendWasmCustomSection } from "../../src/internal/index.ts";
import type { ModuleReport, ObjectReport } from "../../src/object/index.ts";
import { inspectModule, inspectObject } from "../../src/object/index.ts";
import { withDirectory } from "../support/compile.ts";
import { compileBpf } from "../support/compile-bpf.ts";
import { compileGuest, runCli } from "../support/guest.ts";
import { objectFiles, testdata } from "../support/testdata.ts";

const SOURCE = `
struct task_struct { int pid; } __attribute__((preserve_access_index));
struct event { long a; };
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 10); __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int); __type(value, struct event); } values SEC(".maps");
const volatile int level;
long total;
extern void bpf_rcu_read_lock(void) __ksym;
SEC("?tp/sched/sched_switch") int on_switch(void *ctx) {
  struct task_struct *task = (void *)bpf_get_current_task();
  int key = level + BPF_CORE_READ(task, pid);
  bpf_probe_write_user((void *)8, &key, 4);
  bpf_send_signal(9);
  bpf_map_delete_elem(&values, &key);
  return 0;
}
SEC("xdp") int on_frame(struct xdp_md *ctx) { total++; return bpf_xdp_adjust_head(ctx, 4) ? XDP_DROP : XDP_PASS; }
SEC("lsm.s/file_open") int on_open(void *ctx) { bpf_rcu_read_lock(); return 0; }
SEC("fmod_ret/bpf_modify_return_test") int on_call(void *ctx) { return 0; }
SEC("raw_tp/sys_enter") int on_enter(void *ctx) { total++; return 0; }
`;
const object = compileBpf(SOURCE);

function find<T extends { readonly name: string }>(list: readonly T[], name: string): T {
  const found = list.find((candidate) => candidate.name === name);
  assert.ok(found !== undefined, `${name} is there`);
  return found;
}

test("programs: hooks, helpers, kernel functions, CO-RE", () => {
  const { programs, btfTypes, sizeBytes, license } = inspectObject(object);
  assert.deepEqual([sizeBytes, license], [object.length, "GPL"]);
  assert.ok(btfTypes > 10);
  const { instructions, abilities, ...rest } = find(programs, "on_switch");
  assert.ok(instructions > 5);
  assert.equal(abilities.length, 2);
  assert.deepEqual(rest, {
    name: "on_switch",
    section: "?tp/sched/sched_switch",
    type: "tracepoint",
    hook: "tracepoint",
    target: "sched/sched_switch",
    autoload: false,
    sleepable: false,
    helpers: [
      "bpf_get_current_task",
      "bpf_probe_read_kernel",
      "bpf_probe_write_user",
      "bpf_send_signal",
      "bpf_map_delete_elem",
    ],
    kfuncs: [],
    maps: [".rodata", "values"],
    coreRelocations: ["byte offset of struct task_struct::pid (0:0)"],
  });
  const open = find(programs, "on_open");
  assert.deepEqual([open.sleepable, open.kfuncs], [true, ["bpf_rcu_read_lock"]]);
});

test("maps, global variables, externs", () => {
  const { maps, globals, externs } = inspectObject(object);
  assert.deepEqual(find(maps, "values"), {
    name: "values",
    type: "hash",
    keySizeBytes: 4,
    valueSizeBytes: 8,
    maxEntries: 10,
    flags: ["no_prealloc"],
    pinned: false,
    keyType: "int",
    valueType: "struct event",
  });
  assert.deepEqual(find(globals, "level"), {
    name: "level",
    section: ".rodata",
    type: "const volatile int",
    sizeBytes: 4,
    constant: true,
  });
  assert.deepEqual([find(globals, "total").section, find(globals, "total").constant], [".bss", false]);
  assert.deepEqual(externs, [{ name: "bpf_rcu_read_lock", kind: "kfunc", weak: false }]);
});

test("what programs can change, and the capabilities they need", () => {
  const report = inspectObject(object);
  const changes = (name: string): string[] =>
    find(report.programs, name).abilities.map(({ kind, by }) => `${kind}: ${by}`);
  assert.deepEqual(changes("on_switch"), ["user-memory: bpf_probe_write_user", "signals: bpf_send_signal"]);
  assert.deepEqual(changes("on_frame"), ["packets: xdp program", "packets: bpf_xdp_adjust_head"]);
  assert.deepEqual(changes("on_open"), ["decisions: lsm program", "kernel: bpf_rcu_read_lock"]);
  assert.deepEqual(changes("on_call"), ["decisions: fmod_ret program"]);
  assert.deepEqual(changes("on_enter"), []);
  assert.deepEqual([...report.capabilities].sort(), [
    "CAP_BPF",
    "CAP_MAC_ADMIN",
    "CAP_NET_ADMIN",
    "CAP_PERFMON",
    "CAP_SYS_ADMIN",
  ]);
  const plain = inspectObject(compileBpf('SEC("socket") int f(void *ctx) { return 0; }'));
  assert.deepEqual(plain.capabilities, ["CAP_BPF"]);
});

test("every object of the test data is described, of either byte order", () => {
  for (const name of objectFiles()) {
    if (name === "legacy-maps.bpf.o") {
      assert.throws(() => inspectObject(testdata(name)), { code: "NOT_SUPPORTED" });
      continue;
    }
    const report = inspectObject(testdata(name));
    assert.equal(report.littleEndian, !name.includes(".be."), name);
    for (const program of report.programs) assert.notEqual(program.type, "", `${name} ${program.name}`);
  }
});

const guest = compileGuest("int main(void) { return load(PTR(object), object_size) == 0; }", object);

test("a module: imports, ABI version, the objects in it", () => {
  const report = inspectModule(guest);
  assert.equal(report.abiVersion, 1);
  assert.deepEqual(report.imports.wasm_bpf, ["wasm_load_bpf_object"]);
  assert.ok(report.usesWasi);
  assert.ok(report.exports.includes("_start"));
  assert.equal(report.objects.length, 1);
  const { address, ...embedded } = report.objects[0] ?? assert.fail();
  assert.ok((address ?? 0) > 0);
  assert.deepEqual(embedded, inspectObject(object));
});

test("a module's label, and one that is none", () => {
  const labelled = (text: string): ModuleReport =>
    inspectModule(appendWasmCustomSection(guest, "wasm-bpf.build", new TextEncoder().encode(text)));
  const report = labelled('{"format":1,"name":"app"}');
  assert.deepEqual(report.build, { format: 1, name: "app" });
  assert.equal(report.customSections["wasm-bpf.build"], 25);
  assert.equal(labelled("{").build, undefined);
});

test("a module of version 2: what it could ask for", () => {
  const source = `
IMPORT("wasm_bpf_2", "abi_version") int abi_version(void);
IMPORT("wasm_bpf_2", "run_start") int run_start(ptr req);
IMPORT("wasm_bpf_2_optional", "kernel_get") int kernel_get(ptr path, int flags, int directory);
int main(void) { return abi_version() + run_start(0) + kernel_get(0, 0, 0) == 0; }`;
  const report = inspectModule(compileGuest(source));
  assert.equal(report.abiVersion, 2);
  assert.ok(report.options.includes("--allow-run") && report.options.includes("--allow-kernel"));
  assert.ok(!report.options.includes("--allow-net"));
  assert.deepEqual(inspectModule(guest).options.includes("--allow-run"), false);
});

test("a module that loads nothing", () => {
  const report: ModuleReport = inspectModule(compileGuest("int main(void) { return 0; }"));
  assert.deepEqual([report.abiVersion, report.objects], [undefined, []]);
});

test("wasm-bpf inspect: text and JSON", async () => {
  await withDirectory(async (directory) => {
    const module = join(directory, "guest.wasm");
    writeFileSync(module, guest);
    const { status, stdout, stderr } = await runCli(["inspect", module]);
    assert.deepEqual([status, stderr], [0, ""]);
    for (const line of [
      `${module}: WebAssembly module, `,
      "  ABI: version 1\n",
      "  imports wasm_bpf: wasm_load_bpf_object\n",
      "\nBPF object 1 of 1, ",
      "    on_switch: ?tp/sched/sched_switch (tracepoint, off at first), ",
      "        byte offset of struct task_struct::pid (0:0)\n",
      "    values: hash, key int (4 B), value struct event (8 B), 10 entries, no_prealloc\n",
      "    level in .rodata: const volatile int, 4 B, constant once loaded\n",
      "    kfunc bpf_rcu_read_lock\n",
      "    writes to the memory of processes (bpf_probe_write_user)\n",
      "  needs: CAP_BPF, CAP_PERFMON",
    ]) {
      assert.ok(stdout.includes(line), `${line} in\n${stdout}`);
    }
    const json: ModuleReport & { kind: string } = JSON.parse(
      (await runCli(["inspect", "--json", module])).stdout,
    );
    assert.equal(json.kind, "module");
    assert.deepEqual(json.objects, JSON.parse(JSON.stringify(inspectModule(guest).objects)));
    const file = join(directory, "x.bpf.o");
    writeFileSync(file, object);
    const plain: ObjectReport & { kind: string } = JSON.parse(
      (await runCli(["inspect", "--json", file])).stdout,
    );
    assert.equal(plain.kind, "object");
    assert.equal(plain.programs.length, 5);
  });
});
