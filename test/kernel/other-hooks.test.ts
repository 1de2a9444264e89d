import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { type TestContext, test } from "node:test";
import { openPinnedProgram } from "../../src/ebpf/index.ts";
import {
  attachObject,
  attachProgram,
  createIterator,
  type Link,
  openPinnedLink,
} from "../../src/link/index.ts";
import { getSys } from "../../src/sys/index.ts";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import { withBpfFileSystem } from "../support/bpf-file-system.ts";
import { TestCgroup } from "../support/cgroup.ts";
import { compileBpf, compiledBpfPath } from "../support/compile-bpf.ts";
import { covers } from "../support/covers.ts";
import { runInNamespace } from "../support/namespace-child.ts";
import { refusedToRoot } from "../support/refused.ts";
import { TestObject } from "../support/test-object.ts";

failOnLeaks();

const PROGRAMS = compileBpf(`
struct task_struct { int pid; int tgid; char comm[16]; } __attribute__((preserve_access_index));
struct seq_file;
struct bpf_iter_meta { struct seq_file *seq; } __attribute__((preserve_access_index));
struct bpf_iter__task { struct bpf_iter_meta *meta; struct task_struct *task; } __attribute__((preserve_access_index));
long count, second;
static int counted(int result) { __sync_fetch_and_add(&count, 1); return result; }

SEC("iter/task") int on_task(struct bpf_iter__task *ctx) {
  struct task_struct *task = ctx->task;
  if (task) BPF_SEQ_PRINTF(ctx->meta->seq, "%d\\n", task->tgid);
  return 0;
}
SEC("iter.s/task") int on_task_sleepable(struct bpf_iter__task *ctx) {
  struct task_struct *task = ctx->task;
  if (task) BPF_SEQ_PRINTF(ctx->meta->seq, "%d\\n", task->tgid);
  return 0;
}
struct args { __u64 first; __u64 second; };
SEC("syscall") int on_request(struct args *ctx) { ctx->second = ctx->first * 2; return 7; }
/* Other processes of the machine make test runs as well. */
__u32 target;
static int counted_of_target(void) { return bpf_get_current_pid_tgid() >> 32 == target ? counted(0) : 0; }
SEC("raw_tp.w/bpf_test_finish") int on_finish(void *ctx) { return counted_of_target(); }
SEC("raw_tracepoint.w/bpf_test_finish") int on_finish_long(void *ctx) { return counted_of_target(); }
SEC("xdp") int packet(struct xdp_md *ctx) { return XDP_PASS; }
SEC("socket") int filter(struct __sk_buff *skb) { return skb->len; }
SEC("raw_tp/sys_enter") int on_enter(void *ctx) { return counted(0); }
SEC("cgroup/sock_create") int on_create(void *ctx) { return counted(1); }
SEC("cgroup/sock_create") int on_create_2(void *ctx) { __sync_fetch_and_add(&second, 1); return 1; }
SEC("lsm_cgroup/socket_bind") int on_bind(void *ctx) { return counted(1); }
`);

for (const [kind, program] of [
  ["iter", "on_task"],
  ["iter.s", "on_task_sleepable"],
] as const) {
  test(`${kind}: a task iterator finds this process`, (context) => {
    const loaded = TestObject.loadOrSkip(context, PROGRAMS, program);
    if (loaded === undefined) return;
    const [link] = attachObject(loaded.object) as Link[];
    assert.ok(link !== undefined);
    using stream = createIterator(link);
    assert.ok(stream.text().split("\n").includes(`${process.pid}`));
    assert.equal(link.info().targetName, "task");
    covers(context, kind, "auto", "fired");
  });
}

test("syscall: a test run with a context that the program changes", (context) => {
  const object = TestObject.loadOrSkip(context, PROGRAMS, "on_request")?.object;
  if (object === undefined) return;
  const given = new Uint8Array(new BigUint64Array([21n, 0n]).buffer);
  const { returnValue, context: left } = object.program("on_request").testRun({ context: given });
  assert.equal(returnValue, 7);
  assert.deepEqual([...new BigUint64Array(left.slice().buffer)], [21n, 42n]);
  assert.equal(given[8], 0);
  covers(context, "syscall", "fired");
});

test("test runs: data goes in and out, and is counted", (context) => {
  const { object } = TestObject.load(context, PROGRAMS, "packet");
  const data = Uint8Array.from({ length: 64 }, (_, index) => index);
  const result = object.program("packet").testRun({ data, dataOutSizeBytes: 100, repeat: 10 });
  assert.equal(result.returnValue, 2);
  assert.deepEqual(result.data, data);
  const filter = TestObject.load(context, PROGRAMS, "filter").object.program("filter");
  assert.throws(() => filter.testRun({ data: new Uint8Array(1) }), { errnoName: "EINVAL" });
});

for (const [kind, program] of [
  ["raw_tp.w", "on_finish"],
  ["raw_tracepoint.w", "on_finish_long"],
] as const) {
  test(`${kind}: attached to a tracepoint that can be written to`, (context) => {
    const loaded = TestObject.loadOrSkip(context, PROGRAMS, program, "filter");
    if (loaded === undefined) return;
    loaded.set("target", process.pid);
    const filter = loaded.object.program("filter");
    filter.autoattach = false;
    const [link] = attachObject(loaded.object);
    assert.ok(link !== undefined);
    filter.testRun({ data: new Uint8Array(64) });
    assert.equal(loaded.get("count"), 1);
    link.close();
    filter.testRun({ data: new Uint8Array(64) });
    assert.equal(loaded.get("count"), 1);
    covers(context, kind, "auto", "fired");
  });
}

/** A control group for one test. @returns its directory */
function groupFor(context: TestContext): string {
  const group = new TestCgroup("other-hooks");
  context.after(() => group.remove());
  return group.path;
}

/** Binds a socket in a process of a control group. @returns its status */
function bindIn(group: string): number | null {
  const script = `require("node:dgram").createSocket("udp4").bind(0, "127.0.0.1", function () { this.close(); })`;
  const join = `echo $$ > ${group}/cgroup.procs && exec "$0" -e '${script}'`;
  return spawnSync("sh", ["-c", join, process.execPath]).status;
}

test("lsm_cgroup: runs for the processes of a control group", (context) => {
  const loaded = new TestObject(context, PROGRAMS, ["on_bind"]);
  try {
    loaded.object.load();
  } catch (error) {
    // A kernel that makes no trampolines refuses root; an older one than 6.0 does not know the attach type.
    const refusal =
      refusedToRoot(error) ?? /^.*this kernel has no BPF_LSM_CGROUP.*$/.exec(String(error))?.[0];
    if (refusal === undefined) throw error;
    context.skip(refusal);
    return;
  }
  const group = groupFor(context);
  const link = attachProgram(loaded.object.program("on_bind"), group);
  const run = (): number | null => bindIn(group);
  assert.equal(run(), 0);
  const count = loaded.get("count");
  assert.ok(count >= 1);
  link.close();
  assert.equal(run(), 0);
  assert.equal(loaded.get("count"), count);
  covers(context, "lsm_cgroup", "target", "fired");
});

test("a pinned link outlives its maker, is opened again, updated, and taken off by force", (context) => {
  const group = groupFor(context);
  const loaded = TestObject.load(context, PROGRAMS, "on_create", "on_create_2");
  const make = (): void => {
    assert.equal(bindIn(group), 0);
  };
  withBpfFileSystem((root) => {
    const link = attachProgram(loaded.object.program("on_create"), group);
    link.pin(`${root}/link`);
    const { id } = link.info();
    link.close();
    make();
    const count = loaded.get("count");
    assert.ok(count >= 1, "the pinned link runs");
    const opened = openPinnedLink(`${root}/link`);
    assert.equal(opened.info().id, id);
    opened.update(loaded.object.program("on_create_2"), loaded.object.program("on_create"));
    make();
    assert.equal(loaded.get("count"), count);
    const second = loaded.get("second");
    assert.ok(second >= 1, "the new program runs");
    opened.detach();
    make();
    assert.equal(loaded.get("second"), second);
    const again = openPinnedLink(`${root}/link`);
    again.unpin(`${root}/link`);
    again.close();
    assert.throws(() => again.info(), { code: "CLOSED" });
    assert.throws(() => openPinnedLink(`${root}/link`), { errnoName: "ENOENT" });
    // A pinned program is no link.
    loaded.object.program("on_create").pin(`${root}/program`);
    assert.throws(() => openPinnedLink(`${root}/program`), {
      code: "INVALID_ARGUMENT",
      message: /a program is pinned there$/,
    });
  });
});

test("a pinned program is opened again and runs", (context) => {
  const { object } = TestObject.load(context, PROGRAMS, "packet");
  withBpfFileSystem((root) => {
    const program = object.program("packet");
    program.pin(`${root}/packet`);
    using opened = openPinnedProgram(`${root}/packet`);
    assert.deepEqual(opened.info(), program.info());
    assert.equal(opened.testRun({ data: new Uint8Array(64) }).returnValue, 2);
    program.unpin(`${root}/packet`);
    assert.throws(() => openPinnedProgram(`${root}/packet`), { errnoName: "ENOENT" });
  });
});

test("links report what they are attached to", (context) => {
  const loaded = TestObject.load(context, PROGRAMS, "on_enter");
  using link = attachProgram(loaded.object.program("on_enter"));
  const info = link.info();
  assert.equal(info.targetName, "sys_enter");
  assert.equal(info.programId, loaded.object.program("on_enter").info().id);
  link.close();
  assert.throws(() => link.update(loaded.object.program("on_enter")), { code: "CLOSED" });
});

/** A TCP congestion control that counts, in two versions. */
const CONGESTION = compiledBpfPath(`
struct sock;
struct tcp_congestion_ops {
  unsigned int (*ssthresh)(struct sock *sk);
  void (*cong_avoid)(struct sock *sk, unsigned int ack, unsigned int acked);
  unsigned int (*undo_cwnd)(struct sock *sk);
  void (*init)(struct sock *sk);
  unsigned int flags;
  char name[16];
};
long count, second;
SEC("struct_ops/ssthresh") unsigned int ssthresh(unsigned long long *ctx) { return 2; }
SEC("struct_ops/cong_avoid") void cong_avoid(unsigned long long *ctx) { __sync_fetch_and_add(&count, 1); }
SEC("struct_ops/undo_cwnd") unsigned int undo_cwnd(unsigned long long *ctx) { return 3; }
SEC("struct_ops/init") void init(unsigned long long *ctx) { __sync_fetch_and_add(&count, 1); }
SEC("struct_ops/init") void init_2(unsigned long long *ctx) { __sync_fetch_and_add(&second, 1); }
SEC(".struct_ops.link") struct tcp_congestion_ops first_version = {
  .ssthresh = (void *)ssthresh, .cong_avoid = (void *)cong_avoid, .undo_cwnd = (void *)undo_cwnd, .init = (void *)init,
  .name = "bpf_counting",
};
SEC(".struct_ops.link") struct tcp_congestion_ops second_version = {
  .ssthresh = (void *)ssthresh, .cong_avoid = (void *)cong_avoid, .undo_cwnd = (void *)undo_cwnd, .init = (void *)init_2,
  .name = "bpf_counting",
};
/* Before links there were only maps. */
SEC(".struct_ops") struct tcp_congestion_ops unlinked = {
  .ssthresh = (void *)ssthresh, .cong_avoid = (void *)cong_avoid, .undo_cwnd = (void *)undo_cwnd, .init = (void *)init,
  .name = "bpf_unlinked",
};
`);

test("struct_ops: a loopback connection uses a congestion control of ours", (context) => {
  runInNamespace(context, "congestion-child.js", CONGESTION);
});

const DUMMY = compileBpf(`
struct bpf_dummy_ops_state { int val; };
struct bpf_dummy_ops {
  int (*test_1)(struct bpf_dummy_ops_state *cb);
  int (*test_sleepable)(struct bpf_dummy_ops_state *cb);
};
long count;
SEC("struct_ops.s/test_sleepable") int sleeper(unsigned long long *ctx) { __sync_fetch_and_add(&count, 1); return 5; }
SEC(".struct_ops") struct bpf_dummy_ops dummy = { .test_sleepable = (void *)sleeper };
`);

test("struct_ops.s: a sleepable operation runs", (context) => {
  const loaded = new TestObject(context, DUMMY);
  try {
    loaded.object.load();
  } catch (error) {
    // The kernel's own operations for tests: some are built without them, or before they had this member.
    const { code } = error as { code?: string };
    assert.ok(code === "NOT_FOUND" || code === "NOT_SUPPORTED", String(error));
    context.skip((error as Error).message);
    return;
  }
  if (!loaded.object.program("sleeper").loaded) {
    // As libbpf does, a member that the kernel's operations lack takes its program out of the load.
    context.skip("this kernel's bpf_dummy_ops has no test_sleepable");
    return;
  }
  // The context are the operation's arguments, of which the only one is a pointer.
  const state = new Uint8Array(4);
  const args = new Uint8Array(new BigUint64Array([getSys().addressOf(state)]).buffer);
  const { returnValue } = loaded.object.program("sleeper").testRun({ context: args });
  assert.equal(state.length, 4);
  assert.equal(returnValue, 5);
  assert.equal(loaded.get("count"), 1);
  covers(context, "struct_ops.s", "fired");
});
