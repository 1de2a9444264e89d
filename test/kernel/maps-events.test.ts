import assert from "node:assert/strict";
import { closeSync, openSync } from "node:fs";
import { test } from "node:test";
import { PerfBuffer, RingBuffer } from "../../src/buffer/index.ts";
import { BpfObject } from "../../src/ebpf/index.ts";
import { possibleCpuCount } from "../../src/kernel/index.ts";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import { longs, u32, words } from "../support/bytes.ts";
import { cgroupRoot, TestCgroup } from "../support/cgroup.ts";
import { compileBpf } from "../support/compile-bpf.ts";
import { openMapKinds } from "../support/map-kinds.ts";

failOnLeaks();

test("stack traces are found by the id that the program got", () => {
  using object = BpfObject.open(
    compileBpf(`
struct { __uint(type, BPF_MAP_TYPE_STACK_TRACE); __uint(max_entries, 64); __uint(key_size, 4); __uint(value_size, 8 * 20); }
	stacks SEC(".maps");
SEC("raw_tp/sys_enter") int take(void *ctx) { return bpf_get_stackid(ctx, &stacks, 0); }
`),
  );
  object.load();
  const stacks = object.map("stacks");
  const id = object.program("take").testRun({ context: new Uint8Array(16) }).returnValue;
  assert.ok(id >= 0 && id < 64, String(id));
  const addresses = new BigUint64Array(stacks.lookup(u32(id))?.buffer ?? new ArrayBuffer(0));
  assert.equal(addresses.length, 20);
  assert.ok((addresses[0] ?? 0n) > 0xffff_0000_0000_0000n, "an address in the kernel");
  assert.deepEqual(
    [...stacks.keys()].map((key) => words(key)?.[0]),
    [id],
  );
  assert.ok(stacks.delete(u32(id)));
  assert.equal(stacks.lookup(u32(id)), undefined);
  assert.throws(() => stacks.update(u32(id), new Uint8Array(160)), { code: "SYSCALL" });
});

test("a program's events arrive in both kinds of buffer of one object", () => {
  using object = openMapKinds();
  object.load();
  assert.equal(object.map("perf_events").info().maxEntries, possibleCpuCount());
  using ring = new RingBuffer(object.map("ring"));
  using perf = new PerfBuffer(object.map("perf_events"));
  assert.equal(object.program("use_events").testRun({ context: new Uint8Array(16) }).returnValue, 0);
  assert.deepEqual(words(ring.take()), [7]);
  assert.deepEqual(words(perf.take()?.slice(0, 4)), [7]);
});

test("a control group in an array: the program says whether the process is under it", () => {
  using object = BpfObject.open(
    compileBpf(`
struct { __uint(type, BPF_MAP_TYPE_CGROUP_ARRAY); __uint(max_entries, 2); __uint(key_size, 4); __uint(value_size, 4); }
	groups SEC(".maps");
__u64 answers[2];
SEC("raw_tp/sys_enter") int ask(void *ctx)
{
	answers[0] = bpf_current_task_under_cgroup(&groups, 0);
	answers[1] = bpf_current_task_under_cgroup(&groups, 1);
	return 0;
}`),
  );
  object.load();
  const own = new TestCgroup("array");
  const fds = [openSync(cgroupRoot() ?? "", "r"), openSync(own.path, "r")];
  try {
    const groups = object.map("groups");
    for (const [index, fd] of fds.entries()) groups.update(u32(index), u32(fd));
    assert.equal(object.program("ask").testRun({ context: new Uint8Array(16) }).returnValue, 0);
    assert.deepEqual(longs(object.map(".bss").lookup(u32(0))), [1, 0]);
    assert.ok(groups.delete(u32(1)));
    assert.throws(() => groups.update(u32(0), u32(0)), { message: /EBADF|EINVAL/ });
  } finally {
    for (const fd of fds) closeSync(fd);
    own.remove();
  }
});
