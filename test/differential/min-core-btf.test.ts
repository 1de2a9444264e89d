import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Btf, minCoreBtf, relocateCore } from "../../src/btf/index.ts";
import { findObjects, objectTypes, parseObject } from "../../src/object/index.ts";
import { withDirectory } from "../support/compile.ts";
import { compileBpf } from "../support/compile-bpf.ts";
import { objectFiles, testdata } from "../support/testdata.ts";

const skip = existsSync("/usr/sbin/bpftool") ? false : "bpftool is not installed";
const kernelBytes = new Uint8Array(readFileSync("/sys/kernel/btf/vmlinux"));
const kernel = Btf.parse(kernelBytes);

/** Types, fields and enumerators of every kind of relocation; some do not exist. */
const RELOCATIONS = `
struct list_head { struct list_head *next; } __attribute__((preserve_access_index));
struct thread_info { unsigned long flags; } __attribute__((preserve_access_index));
struct task_struct {
  int pid; struct task_struct *real_parent; char comm[16]; struct list_head tasks; unsigned sched_reset_on_fork : 1;
  struct thread_info thread_info; int no_such_field;
} __attribute__((preserve_access_index));
struct nowhere { int x; } __attribute__((preserve_access_index));
struct list_head___whole { struct list_head *next, *prev; } __attribute__((preserve_access_index));
enum bpf_map_type___mine { BPF_MAP_TYPE_HASH___mine = 77 };
union bpf_attr___mine { int map_type; } __attribute__((preserve_access_index));
typedef struct { int counter; } atomic_t;
SEC("tp/syscalls/sys_enter_write") int program(void *ctx) {
  struct task_struct *task = (void *)bpf_get_current_task();
  long sum = BPF_CORE_READ(task, real_parent, real_parent, pid) + BPF_CORE_READ(task, comm[3]);
  sum += BPF_CORE_READ_BITFIELD_PROBED(task, sched_reset_on_fork) + BPF_CORE_READ(task, thread_info.flags);
  sum += (long)BPF_CORE_READ(task, tasks.next, next);
  if (bpf_core_field_exists(task->no_such_field)) sum += BPF_CORE_READ(task, no_such_field);
  sum += bpf_core_type_exists(struct nowhere) + bpf_core_type_size(struct task_struct) + bpf_core_type_size(atomic_t);
  sum += bpf_core_type_matches(struct list_head___whole) + bpf_core_type_id_kernel(union bpf_attr___mine);
  sum += bpf_core_enum_value(enum bpf_map_type___mine, BPF_MAP_TYPE_HASH___mine) + bpf_core_type_id_local(struct task_struct);
  return sum;
}`;

/** Objects of the test data, the examples and this file. */
function inputs(): [name: string, bytes: Uint8Array][] {
  const files = objectFiles().filter((name) => !name.includes(".be.") && name !== "no-btf.bpf.o");
  const examples = fileURLToPath(new URL("../../../examples/", import.meta.url));
  const modules = readdirSync(examples, { recursive: true, encoding: "utf8" })
    .filter((name) => /^[^/]+\/[^/]+\.wasm$/.test(name))
    .map((name) => join(examples, name));
  return [
    ["every-kind.bpf.o", compileBpf(RELOCATIONS)],
    ...files.map((name): [string, Uint8Array] => [name, testdata(name)]),
    ...modules.flatMap((path) =>
      findObjects(new Uint8Array(readFileSync(path))).map(({ bytes }): [string, Uint8Array] => [
        basename(path),
        bytes,
      ]),
    ),
  ];
}

for (const [name, bytes] of inputs()) {
  test(`${name}: the reduced BTF is bpftool's`, { skip }, async () => {
    await withDirectory((directory) => {
      const object = join(directory, "object.bpf.o");
      const out = join(directory, "out.btf");
      writeFileSync(object, bytes);
      const args = ["gen", "min_core_btf", "/sys/kernel/btf/vmlinux", out, object];
      const { status, stderr } = spawnSync("bpftool", args, { encoding: "utf8" });
      assert.equal(status, 0, stderr);
      const ours = minCoreBtf(kernel, [objectTypes(bytes)]);
      assert.deepEqual(types(ours), types(new Uint8Array(readFileSync(out))));
    });
  });
}

function types(bytes: Uint8Array): unknown[] {
  return [...Btf.parse(bytes).types()];
}

test("an object is relocated the same by the whole and by the reduced BTF", () => {
  const { btf, programs } = parseObject(compileBpf(RELOCATIONS));
  const [program] = programs;
  assert.ok(btf !== undefined && program !== undefined);
  const reduced = Btf.parse(minCoreBtf(kernel, [objectTypes(compileBpf(RELOCATIONS))]));
  assert.ok(reduced.raw.length < 2000);
  const [whole, part] = [kernel, reduced].map((target) => {
    const instructions = program.instructions.slice();
    const { failures } = relocateCore({
      programName: program.name,
      instructions,
      // Ids of types are those of the BTF that was asked.
      relocations: program.coreRelocations.filter(({ kind }) => kind !== 7),
      local: btf,
      targets: [() => target],
      littleEndian: true,
    });
    return { instructions, failures: failures.map(({ description }) => description) };
  });
  assert.deepEqual(part, whole);
  assert.equal(whole?.failures.length, 1);
});
