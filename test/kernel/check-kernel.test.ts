import assert from "node:assert/strict";
import { test } from "node:test";
import { BpfObject, VerifierError } from "../../src/ebpf/index.ts";
import { kernelBtf } from "../../src/kernel/index.ts";
import { checkKernel } from "../../src/object/index.ts";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import { compileBpf } from "../support/compile-bpf.ts";

failOnLeaks();

/** Ways in which programs depend on a field that this kernel has not: `missing` is no member of anything. */
const BODIES: Readonly<Record<string, string>> = {
  plain: "return BPF_CORE_READ(task, pid);",
  unguarded: "return BPF_CORE_READ(task, missing);",
  guarded: "return bpf_core_field_exists(task->missing) ? BPF_CORE_READ(task, missing) : 0;",
  negated: "if (!bpf_core_field_exists(task->pid)) return BPF_CORE_READ(task, missing); return 0;",
  wrong_guard: "return bpf_core_field_exists(task->pid) ? BPF_CORE_READ(task, missing) : 0;",
  type_guard: "if (bpf_core_type_exists(struct nowhere)) return BPF_CORE_READ(task, missing); return 0;",
  size_guard: "if (bpf_core_field_size(task->pid) == 8) return BPF_CORE_READ(task, missing); return 0;",
  across_call:
    "int there = bpf_core_field_exists(task->missing); bpf_get_prandom_u32(); return there ? BPF_CORE_READ(task, missing) : 0;",
  subprogram: "return read_missing(task);",
  guarded_subprogram: "return bpf_core_field_exists(task->missing) ? read_missing(task) : 0;",
  run_time: "return limit ? BPF_CORE_READ(task, missing) : 0;",
};

const source = `
struct nowhere { int x; };
struct task_struct { int pid; int missing; } __attribute__((preserve_access_index));
int limit;
static __attribute__((noinline)) int read_missing(struct task_struct *task) { return BPF_CORE_READ(task, missing); }
${Object.entries(BODIES)
  .map(
    ([name, body]) => `SEC("raw_tp/sys_enter") int ${name}(void *ctx) {
  struct task_struct *task = (void *)bpf_get_current_task();
  ${body}
}`,
  )
  .join("\n")}`;

test("what the check says about a program is what the verifier does", () => {
  const bytes = compileBpf(source);
  for (const name of Object.keys(BODIES)) {
    using object = BpfObject.open(bytes);
    for (const program of object.programs.values()) program.autoload = program.name === name;
    const check = checkKernel(object.spec, kernelBtf()).find(({ program }) => program === name);
    assert.ok(check !== undefined);
    if (check.ok) object.load();
    else assert.throws(() => object.load(), VerifierError, `${name} was to be refused`);
  }
  const fine = checkKernel(BpfObject.open(bytes).spec, kernelBtf()).filter(({ ok }) => ok);
  const expected = Object.keys(BODIES).filter(
    (name) => !["unguarded", "wrong_guard", "subprogram", "run_time"].includes(name),
  );
  assert.deepEqual(
    fine.map(({ program }) => program),
    expected,
  );
});
