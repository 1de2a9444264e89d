import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { BpfObject } from "../../src/ebpf/index.ts";
import { KernelDescriptor } from "../../src/host/abi-v2/kernel-descriptor.ts";
import { FILETYPE_DIRECTORY } from "../../src/host/wasi/constants.ts";
import { Descriptor } from "../../src/host/wasi/descriptor.ts";
import { missingFeature } from "../../src/kernel/index.ts";
import { BpfAttr, setSys } from "../../src/sys/index.ts";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import { scriptedSys } from "../../src/sys/scripted.ts";
import {
  BPF_CGROUP_INET_EGRESS,
  BPF_LINK_CREATE,
  BPF_TRACE_ITER,
  BPF_TRACE_KPROBE_MULTI,
  BPF_TRACE_KPROBE_SESSION,
  BPF_TRACE_RAW_TP,
  BPF_TRACE_UPROBE_MULTI,
} from "../../src/uapi/bpf.ts";
import { EBADF, EFAULT, EINVAL, ENOENT, EOPNOTSUPP, ESRCH } from "../../src/uapi/errno.ts";
import { PERF_COUNT_SW_CPU_CLOCK, PERF_TYPE_SOFTWARE } from "../../src/uapi/perf.ts";
import { AbiGuest } from "../support/abi-v2.ts";
import { TestCgroup } from "../support/cgroup.ts";
import { compileBpf } from "../support/compile-bpf.ts";
import { compileProgram } from "../support/compile-program.ts";
import { compileGuest, runGuest } from "../support/guest.ts";
import { TestObject } from "../support/test-object.ts";

failOnLeaks();

const TARGET = compileProgram(`
#include <fcntl.h>
#include <sys/sdt.h>
#include <sys/syscall.h>
#include <unistd.h>
__attribute__((noinline)) int probed(int x) { __asm__ volatile("" : "+r"(x)); return x * 2; }
__attribute__((noinline)) int probed_too(int x) { __asm__ volatile("" : "+r"(x)); return x * 2; }
int main(void) {
  STAP_PROBE1(own, once, 7);
  syscall(SYS_unlinkat, AT_FDCWD, "/tmp/wasm-bpf-no-such-file", 0);
  return probed(0) + probed_too(0);
}
`);

function fire(): void {
  execFileSync(TARGET);
}

const PROGRAMS = compileBpf(`
#include <asm/ptrace.h>
#include <stdbool.h>
#include <bpf/usdt.bpf.h>
#define RELOCATED __attribute__((preserve_access_index))
struct seq_file;
struct bpf_iter_meta { struct seq_file *seq; } RELOCATED;
struct bpf_iter__task { struct bpf_iter_meta *meta; void *task; } RELOCATED;
struct task_struct { struct task_struct *real_parent; int tgid; } RELOCATED;
struct bpf_iter__bpf_map_elem { struct bpf_iter_meta *meta; void *map, *key; } RELOCATED;
const volatile int parent;
long count, cookie;
static int counted(void *ctx) { __sync_fetch_and_add(&count, 1); return 0; }
static int with_cookie(void *ctx) { cookie = bpf_get_attach_cookie(ctx); return counted(ctx); }
/* Other processes of the machine call the kernel's functions as well. */
static int of_child(void *ctx) {
  struct task_struct *task = (void *)bpf_get_current_task();
  return BPF_CORE_READ(task, real_parent, tgid) == parent ? with_cookie(ctx) : 0;
}
SEC("tp/syscalls/sys_enter_unlinkat") int on_tracepoint(void *ctx) { return of_child(ctx); }
SEC("tp") int on_any_tracepoint(void *ctx) { return counted(ctx); }
SEC("raw_tp/sys_enter") int on_raw(void *ctx) { return counted(ctx); }
SEC("tp_btf/sys_enter") int on_typed(void *ctx) { return counted(ctx); }
SEC("kprobe/do_unlinkat") int on_kprobe(void *ctx) { return of_child(ctx); }
SEC("kprobe") int on_any_kprobe(void *ctx) { return of_child(ctx); }
SEC("kretprobe/do_unlinkat+4") int on_bad_kretprobe(void *ctx) { return counted(ctx); }
SEC("kprobe.multi") int on_kprobes(void *ctx) { return of_child(ctx); }
SEC("ksyscall/unlinkat") int on_ksyscall(void *ctx) { return counted(ctx); }
SEC("uprobe") int on_uprobe(void *ctx) { return with_cookie(ctx); }
SEC("uprobe/no-colon") int on_bad_uprobe(void *ctx) { return counted(ctx); }
SEC("uprobe.multi") int on_uprobes(void *ctx) { return with_cookie(ctx); }
SEC("usdt") int BPF_USDT(on_usdt, long first) { cookie = bpf_usdt_cookie(ctx) + first; return counted(ctx); }
SEC("perf_event") int on_perf_event(void *ctx) { return counted(ctx); }
SEC("cgroup_skb/egress") int on_egress(struct __sk_buff *skb) { counted(skb); return 1; }
SEC("cgroup_skb/egress") int on_egress_2(struct __sk_buff *skb) { counted(skb); return 1; }
SEC("socket") int on_packet(struct __sk_buff *skb) { return counted(skb); }
SEC("xdp") int on_xdp(struct xdp_md *ctx) { counted(ctx); return XDP_PASS; }
SEC("iter/task") int on_task(struct bpf_iter__task *ctx) {
  if (ctx->task) bpf_seq_write(ctx->meta->seq, "task\\n", 5);
  return 0;
}
SEC("iter/bpf_map_elem") int on_element(struct bpf_iter__bpf_map_elem *ctx) {
  __u32 *key = ctx->key, copy;
  if (!key) return 0;
  copy = *key;
  bpf_seq_write(ctx->meta->seq, &copy, 4);
  return 0;
}
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 3); __type(key, __u32); __type(value, __u32); } numbers SEC(".maps");
`);

/** Hooks of `link_attach`. */
const TRACEPOINT = 1;
const RAW_TRACEPOINT = 2;
const KPROBE = 3;
const KPROBE_MULTI = 4;
const UPROBE = 6;
const UPROBE_MULTI = 7;
const USDT = 8;
const PERF_EVENT = 9;
const CGROUP = 12;
const XDP = 15;
const FREPLACE = 16;
const NETFILTER = 17;
const TCX = 18;
const ITERATOR = 20;
const STRUCT_OPS = 21;

type Fields = Readonly<Record<number, number | bigint>>;

class Fixture {
  readonly guest = new AbiGuest();
  readonly object: TestObject;
  readonly handle: number;

  constructor(t: TestContext, ...programs: string[]) {
    this.object = new TestObject(t, PROGRAMS, programs);
    this.object.set("parent", process.pid);
    this.object.object.load();
    t.after(() => this.guest.close());
    this.handle = this.guest.object(this.object.object);
  }

  index(name: string): number {
    return [...this.object.object.programs.keys()].indexOf(name);
  }

  attach(name: string, hook: number, fields: Fields = {}): number {
    const request = this.guest.block(112, { 4: hook, ...fields });
    return this.guest.call("link_attach", this.handle, this.index(name), request);
  }

  get count(): number {
    return this.object.get("count");
  }

  /** How often the program ran meanwhile. */
  counts(action: () => void): number {
    const before = this.count;
    action();
    return this.count - before;
  }

  closeFd(fd: number): number {
    return this.guest.context.fds.close(fd);
  }

  /** Says that an attached program runs, and that closing the link ends that. */
  checkRuns(link: number, times?: number): void {
    assert.ok(link >= 0, `attached: ${link}, ${this.guest.lines}`);
    const ran = this.counts(fire);
    assert.ok(times === undefined ? ran > 0 : ran === times, `ran ${ran} times`);
    assert.equal(this.closeFd(link), 0);
    assert.equal(this.counts(fire), 0, "detached");
  }
}

test("where the section name says", (t) => {
  const fixture = new Fixture(t, "on_tracepoint", "on_raw", "on_typed");
  fixture.checkRuns(fixture.attach("on_tracepoint", 0), 1);
  fixture.checkRuns(fixture.attach("on_typed", 0));
  fixture.checkRuns(fixture.attach("on_raw", 0));
});

test("section names that say nothing, or nonsense, are refused as libbpf does", (t) => {
  const fixture = new Fixture(t, "on_any_tracepoint", "on_xdp", "on_bad_uprobe", "on_bad_kretprobe");
  assert.equal(fixture.attach("on_any_tracepoint", 0), -EOPNOTSUPP);
  assert.equal(fixture.attach("on_xdp", 0), -EOPNOTSUPP);
  assert.equal(fixture.attach("on_bad_uprobe", 0), -EINVAL);
  assert.equal(fixture.attach("on_bad_kretprobe", 0), -EINVAL);
  assert.equal(fixture.attach("on_typed", 0), -EINVAL);
  assert.equal(
    fixture.guest.lines,
    "libbpf: prog 'on_bad_uprobe': section 'uprobe/no-colon' missing ':function[+offset]' specification\n" +
      "libbpf: kretprobes do not support offset specification\n" +
      "libbpf: prog 'on_typed': can't attach BPF program without FD (was it loaded?)\n",
  );
});

test("a tracepoint with a cookie", (t) => {
  const fixture = new Fixture(t, "on_tracepoint");
  const { guest } = fixture;
  const names = { 16: guest.text("syscalls"), 20: guest.text("sys_enter_unlinkat") };
  fixture.checkRuns(fixture.attach("on_tracepoint", TRACEPOINT, { ...names, 32: 0x1_0000_0007n }), 1);
  assert.equal(fixture.object.object.map(".bss").lookup(new Uint8Array(4)) !== undefined, true);
  assert.equal(fixture.object.get("cookie"), 0x1_0000_0007);
  assert.equal(fixture.attach("on_tracepoint", TRACEPOINT, { ...names, 20: guest.text("no_such") }), -ENOENT);
  assert.equal(
    fixture.attach("on_tracepoint", TRACEPOINT, { ...names, 20: guest.text("../sched/sched_switch") }),
    -ENOENT,
  );
  assert.match(
    guest.lines,
    /^libbpf: failed to determine tracepoint 'syscalls\/no_such' perf event ID: -ENOENT\nlibbpf: prog 'on_tracepoint': failed to create tracepoint 'syscalls\/no_such' perf event: -ENOENT\n/,
  );
});

test("a raw tracepoint", (t) => {
  const fixture = new Fixture(t, "on_raw");
  const { guest } = fixture;
  fixture.checkRuns(fixture.attach("on_raw", RAW_TRACEPOINT, { 16: guest.text("sys_enter") }));
  assert.equal(fixture.attach("on_raw", RAW_TRACEPOINT, { 16: guest.text("no_such") }), -ENOENT);
  assert.equal(guest.lines, "libbpf: prog 'on_raw': failed to attach to raw tracepoint 'no_such': -ENOENT\n");
});

test("kernel probes, or the words of libbpf where the kernel has none", (t) => {
  const fixture = new Fixture(t, "on_any_kprobe", "on_kprobe");
  const { guest } = fixture;
  const fields = { 16: guest.text("do_unlinkat"), 32: 5n };
  const link = fixture.attach("on_any_kprobe", KPROBE, fields);
  if (link >= 0) {
    fixture.checkRuns(link, 1);
    fixture.checkRuns(fixture.attach("on_kprobe", 0), 1);
    fixture.checkRuns(fixture.attach("on_any_kprobe", KPROBE, { 16: fields[16], 108: 1 }), 1);
    return;
  }
  assert.equal(link, -ENOENT);
  assert.equal(
    guest.lines,
    "libbpf: failed to add legacy kprobe event for 'do_unlinkat+0x0': -ENOENT\n" +
      "libbpf: prog 'on_any_kprobe': failed to create kprobe 'do_unlinkat+0x0' perf event: -ENOENT\n",
  );
  assert.equal(fixture.attach("on_any_kprobe", KPROBE, { ...fields, 108: 2 }), -EOPNOTSUPP);
  assert.equal(fixture.attach("on_any_kprobe", KPROBE, { ...fields, 108: 4 }), -EINVAL);
});

test("many kernel probes", (t) => {
  const missing = missingFeature("attach type", 42);
  if (missing !== undefined) return t.skip(missing);
  const opened = new TestObject(t, PROGRAMS, ["on_kprobes"]);
  opened.set("parent", process.pid);
  const guest = new AbiGuest();
  t.after(() => guest.close());
  try {
    opened.object.load();
  } catch (error) {
    return t.skip(String(error));
  }
  const index = [...opened.object.programs.keys()].indexOf("on_kprobes");
  const handle = guest.object(opened.object);
  const attach = (fields: Fields): number =>
    guest.call("link_attach", handle, index, guest.block(112, { 4: KPROBE_MULTI, ...fields }));
  assert.equal(attach({}), -EINVAL);
  assert.equal(attach({ 16: guest.text("a*"), 56: 1 }), -EINVAL);
  const link = attach({ 16: guest.text("do_unlinkat") });
  if (link < 0) {
    assert.match(guest.lines, /^libbpf: prog 'on_kprobes': failed to attach: -E[A-Z]+\n$/);
    t.diagnostic(`this kernel answers ${guest.lines}`);
    return undefined;
  }
  const before = opened.get("count");
  fire();
  assert.equal(opened.get("count"), before + 1);
  return undefined;
});

test("user probes: by function, by offset, at return, of one process, in the older ways", (t) => {
  const fixture = new Fixture(t, "on_uprobe");
  const { guest } = fixture;
  const path = guest.text(TARGET);
  const at = { 8: 8, 16: path, 20: guest.text("probed") };
  fixture.checkRuns(fixture.attach("on_uprobe", UPROBE, { ...at, 32: 9n }), 1);
  assert.equal(fixture.object.get("cookie"), 9);
  fixture.checkRuns(fixture.attach("on_uprobe", UPROBE, { ...at, 8: 9 }), 1);
  for (const mode of [1, 2, 3]) {
    fixture.checkRuns(fixture.attach("on_uprobe", UPROBE, { ...at, 108: mode }), 1);
  }
  // Of this process, which does not run the function.
  const own = fixture.attach("on_uprobe", UPROBE, { ...at, 8: 0, 12: 0 });
  assert.ok(own >= 0);
  assert.equal(fixture.counts(fire), 0);
  assert.equal(fixture.closeFd(own), 0);
  assert.equal(guest.lines, "");
});

test("user probes that cannot be, in the words of libbpf", (t) => {
  const fixture = new Fixture(t, "on_uprobe");
  const { guest } = fixture;
  const attach = (binary: string, symbol?: string, more: Fields = {}): [number, string] => {
    guest.lines = "";
    const name = symbol === undefined ? {} : { 20: guest.text(symbol) };
    const result = fixture.attach("on_uprobe", UPROBE, { 8: 8, 16: guest.text(binary), ...name, ...more });
    return [result, guest.lines.replaceAll("libbpf: ", "").trimEnd()];
  };
  assert.deepEqual(attach("no-such-program", "main"), [
    -ENOENT,
    "prog 'on_uprobe': failed to resolve full path for 'no-such-program': -ENOENT",
  ]);
  assert.deepEqual(attach("/no/such", "main"), [-ENOENT, "elf: failed to open /no/such: -ENOENT"]);
  assert.deepEqual(attach("/etc/passwd", "main"), [
    -4001,
    "elf: failed to get ehdr from /etc/passwd: invalid `Elf' handle",
  ]);
  assert.deepEqual(attach(TARGET, "no_such"), [
    -ENOENT,
    `elf: failed to find symbol 'no_such' in '${TARGET}'`,
  ]);
  assert.deepEqual(attach(TARGET, undefined, { 40: 0x7fff_ffff_ffffn }), [
    -EINVAL,
    `prog 'on_uprobe': failed to create uprobe '${TARGET}:0x7fffffffffff' perf event: -EINVAL`,
  ]);
  // A name is looked up in PATH.
  const [found] = attach("sh", undefined, { 40: 0x7fff_ffff_ffffn });
  assert.equal(found, -EINVAL);
  assert.match(guest.lines, /failed to create uprobe '\/.*\/sh:0x7fffffffffff' perf event: -EINVAL/);
});

test("many user probes: by pattern, by names, by offsets, with cookies", (t) => {
  const missing = missingFeature("attach type", BPF_TRACE_UPROBE_MULTI);
  if (missing !== undefined) return t.skip(missing);
  const fixture = new Fixture(t, "on_uprobes");
  const { guest } = fixture;
  const path = guest.text(TARGET);
  const at = { 8: 8, 16: path };
  fixture.checkRuns(fixture.attach("on_uprobes", UPROBE_MULTI, { ...at, 20: guest.text("probed*") }), 2);
  const names = guest.put(
    new Uint8Array(new Uint32Array([guest.text("probed"), guest.text("probed_too")]).buffer),
  );
  const cookies = guest.put(new Uint8Array(new BigUint64Array([3n, 4n]).buffer));
  fixture.checkRuns(fixture.attach("on_uprobes", UPROBE_MULTI, { ...at, 56: 2, 60: names, 76: cookies }), 2);
  assert.equal(fixture.object.get("cookie"), 4);
  assert.equal(fixture.attach("on_uprobes", UPROBE_MULTI, at), -EINVAL);
  assert.equal(fixture.attach("on_uprobes", UPROBE_MULTI, { ...at, 20: path, 56: 1 }), -EINVAL);
  assert.equal(fixture.attach("on_uprobes", UPROBE_MULTI, { ...at, 20: guest.text("no*such") }), -ENOENT);
  assert.equal(fixture.attach("on_uprobes", UPROBE_MULTI, { ...at, 56: 2, 60: path }), -EFAULT);
  return undefined;
});

test("a static probe", (t) => {
  const fixture = new Fixture(t, "on_usdt");
  const { guest } = fixture;
  const at = { 8: 8, 16: guest.text(TARGET), 20: guest.text("own"), 24: guest.text("once") };
  fixture.checkRuns(fixture.attach("on_usdt", USDT, { ...at, 32: 100n }), 1);
  assert.equal(fixture.object.get("cookie"), 107);
  assert.equal(fixture.attach("on_usdt", USDT, { ...at, 24: guest.text("never") }), -ENOENT);
  assert.equal(guest.lines, "");
  assert.equal(fixture.attach("on_usdt", USDT, { ...at, 16: guest.text("/bin/true") }), -ENOENT);
  assert.equal(guest.lines, "libbpf: usdt: no USDT notes section (.note.stapsdt) found in '/bin/true'\n");
});

/** A perf event of the guest: this process's CPU clock. */
function perfEvent(guest: AbiGuest): number {
  const { sys, interrupts, fds } = guest.context;
  const attr = new Uint8Array(112);
  const view = new DataView(attr.buffer);
  view.setUint32(0, PERF_TYPE_SOFTWARE, true);
  view.setUint32(4, attr.length, true);
  view.setBigUint64(8, BigInt(PERF_COUNT_SW_CPU_CLOCK), true);
  view.setBigUint64(16, 100_000n, true);
  view.setBigUint64(40, 1n, true); // disabled
  const hostFd = sys.perfEventOpen(attr, process.pid, -1, -1, 0);
  assert.ok(hostFd >= 0, `perf_event_open: ${hostFd}`);
  return fds.add(new KernelDescriptor({ sys, interrupts, kind: "perf-event", hostFd, object: undefined }));
}

function burn(): void {
  const end = process.hrtime.bigint() + 20_000_000n;
  while (process.hrtime.bigint() < end) {}
}

/** Burns until `condition` holds, or half a minute. */
function burnUntil(condition: () => boolean): void {
  const end = Date.now() + 30_000;
  do burn();
  while (!condition() && Date.now() < end);
}

test("a perf event of the guest's, which stays open", (t) => {
  const fixture = new Fixture(t, "on_perf_event");
  const { guest } = fixture;
  for (const mode of [0, 2]) {
    const event = perfEvent(guest);
    const link = fixture.attach("on_perf_event", PERF_EVENT, { 12: event, 108: mode });
    assert.ok(link >= 0, guest.lines);
    const before = fixture.count;
    burnUntil(() => fixture.count > before);
    assert.ok(fixture.count > before, `mode ${mode}`);
    assert.equal(fixture.closeFd(link), 0);
    assert.equal(fixture.counts(burn), 0, "detached");
    assert.equal(fixture.closeFd(event), 0);
  }
  const disabled = fixture.attach("on_perf_event", PERF_EVENT, { 8: 16, 12: perfEvent(guest) });
  assert.ok(disabled >= 0);
  assert.equal(fixture.counts(burn), 0);
  assert.equal(fixture.attach("on_perf_event", PERF_EVENT, { 12: -1 }), -EINVAL);
  assert.equal(fixture.attach("on_perf_event", PERF_EVENT, { 12: disabled }), -EBADF);
});

/** A directory that the guest has open. */
class Directory extends Descriptor {
  readonly #fd: number;
  constructor(path: string) {
    super(FILETYPE_DIRECTORY, 0n, 0n);
    this.#fd = openSync(path, "r");
  }
  override get directoryFd(): number {
    return this.#fd;
  }
  override close(): void {
    closeSync(this.#fd);
  }
}

test("a control group, by an open directory; programs in order, replaced and detached", (t) => {
  const fixture = new Fixture(t, "on_egress", "on_egress_2");
  const { guest } = fixture;
  const cgroup = new TestCgroup("abi-v2-link");
  t.after(() => cgroup.remove());
  const directory = guest.context.fds.add(new Directory(cgroup.path));
  const link = fixture.attach("on_egress", CGROUP, { 12: directory });
  assert.ok(link >= 0, guest.lines);
  assert.equal(fixture.attach("on_egress", CGROUP, { 12: link }), -EBADF);
  assert.equal(fixture.attach("on_egress", CGROUP, { 12: directory, 80: 1, 84: 1 }), -EINVAL);
  assert.match(guest.lines, /relative_fd and relative_id cannot be set at the same time/);
  const second = guest.programFd(fixture.object.object.program("on_egress_2"));
  const made = guest.call("link_create", second, directory, BPF_CGROUP_INET_EGRESS, 0);
  assert.ok(made >= 0, String(made));
  assert.equal(
    guest.call("link_update", made, guest.programFd(fixture.object.object.program("on_egress")), 0, 0),
    0,
  );
  assert.equal(guest.call("link_update", made, second, second, 4), -1, "another program is there (EPERM)");
  assert.equal(guest.call("link_update", made, link, 0, 0), -EBADF);
  assert.equal(guest.call("link_detach", made), 0);
  assert.ok(guest.context.fds.get(made) !== undefined);
  assert.equal(guest.call("link_detach", directory), -EBADF);
  assert.equal(fixture.closeFd(made), 0);
});

test("an iterator is read with WASI, each time anew", (t) => {
  const fixture = new Fixture(t, "on_task", "on_element");
  const { guest } = fixture;
  const link = fixture.attach("on_task", 0);
  assert.ok(link >= 0, guest.lines);
  for (let round = 0; round < 2; round++) {
    const fd = guest.call("iter_create", link);
    const stream = guest.context.fds.get(fd);
    const bytes = new Uint8Array(65536);
    let length = 0;
    for (let count = 1; count > 0; length += count) count = stream?.read([bytes.subarray(length)]) ?? -1;
    const text = new TextDecoder().decode(bytes.subarray(0, length));
    assert.match(text, /^(task\n)+$/);
    assert.equal(fixture.closeFd(fd), 0);
  }
  assert.equal(guest.call("iter_create", 999), -EBADF);
  const map = guest.mapFd(fixture.object.object.map("numbers"));
  const info = guest.put(new Uint8Array(new Uint32Array([map, 0, 0, 0]).buffer));
  const elements = fixture.attach("on_element", ITERATOR, { 96: info, 100: 16 });
  assert.ok(elements >= 0, guest.lines);
  const fd = guest.call("iter_create", elements);
  const keys = new Uint8Array(64);
  assert.equal(guest.context.fds.get(fd)?.read([keys]), 12);
  assert.deepEqual([...new Uint32Array(keys.buffer, 0, 3)], [0, 1, 2]);
  new DataView(keys.buffer).setUint32(0, link, true);
  const wrong = guest.put(keys.subarray(0, 16));
  assert.equal(fixture.attach("on_element", ITERATOR, { 96: wrong, 100: 16 }), -EBADF);
  assert.equal(fixture.attach("on_element", ITERATOR, { 96: -4, 100: 16 }), -EFAULT);
});

const ITERATES = compileBpf(`
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 3); __type(key, __u32); __type(value, __u32); } numbers SEC(".maps");
struct seq_file;
struct bpf_iter_meta { struct seq_file *seq; } __attribute__((preserve_access_index));
struct bpf_iter__bpf_map_elem { struct bpf_iter_meta *meta; void *map, *key; } __attribute__((preserve_access_index));
SEC("iter/bpf_map_elem") int on_element(struct bpf_iter__bpf_map_elem *ctx) {
  __u32 *key = ctx->key, copy;
  if (!key) return 0;
  copy = *key;
  bpf_seq_write(ctx->meta->seq, &copy, 4);
  return 0;
}
`);

test("a guest reads an iterator to its end", () => {
  const guest = compileGuest(
    `#include <wasm-bpf/abi2.h>
int main(void) {
  struct wb_object_open req = { .size = sizeof(req), .data_at = wb_address(object), .data_size = object_size };
  int obj = wb_object_open(wb_address(&req));
  if (obj < 0 || wb_object_load(obj)) return 1;
  uint32_t info[4] = { wb_map_fd(obj, 0) }, key;
  struct wb_link_attach attach = {
    .size = sizeof(attach), .hook = WB_HOOK_ITERATOR, .iterator_at = wb_address(info), .iterator_size = sizeof(info),
  };
  int link = wb_link_attach(obj, 0, wb_address(&attach));
  int fd = wb_iter_create(link);
  printf("%d %d:", link >= 0, fd >= 0);
  for (;;) {
    ssize_t length = read(fd, &key, sizeof(key));
    if (length <= 0) { printf(" %zd", length); break; }
    printf(" %u", key);
  }
  printf(" %d %d", close(fd), close(link));
  return 0;
}
`,
    ITERATES,
    ["-idirafter", new URL("../../../sdk/include", import.meta.url).pathname],
  );
  const { stdout, stderr, status } = runGuest(guest);
  assert.deepEqual([stdout, stderr, status], ["1 1: 0 1 2 0 0 0", "", 0]);
});

test("links of program descriptors, by the kernel's own arguments", (t) => {
  const fixture = new Fixture(t, "on_raw", "on_typed", "on_element");
  const { guest } = fixture;
  const raw = guest.programFd(fixture.object.object.program("on_raw"));
  const named = guest.block(112, { 4: RAW_TRACEPOINT, 16: guest.text("sys_enter") });
  fixture.checkRuns(guest.call("link_create", raw, 0, 0, named));
  const typed = guest.programFd(fixture.object.object.program("on_typed"));
  fixture.checkRuns(guest.call("link_create", typed, 0, BPF_TRACE_RAW_TP, 0));
  const element = guest.programFd(fixture.object.object.program("on_element"));
  const map = guest.mapFd(fixture.object.object.map("numbers"));
  const info = guest.put(new Uint8Array(new Uint32Array([map, 0]).buffer));
  const iterator = guest.block(112, { 96: info, 100: 8 });
  assert.ok(guest.call("link_create", element, 0, BPF_TRACE_ITER, iterator) >= 0);
  assert.equal(guest.call("link_create", map, 0, BPF_TRACE_ITER, iterator), -EBADF);
  assert.equal(guest.call("link_create", typed, 0, BPF_TRACE_ITER, 0), -EINVAL);
  assert.equal(guest.call("link_create", typed, 0, 0x7fffffff, 0), -EBADF);
  assert.equal(
    guest.call("link_create", typed, 1, BPF_TRACE_RAW_TP, guest.block(112, { 4: KPROBE })),
    -EINVAL,
  );
});

test("links outlive their object", (t) => {
  const fixture = new Fixture(t, "on_tracepoint", "on_uprobe", "on_usdt");
  const { guest } = fixture;
  const usdt = { 8: 8, 16: guest.text(TARGET), 20: guest.text("own"), 24: guest.text("once") };
  const uprobe = { 8: 8, 16: guest.text(TARGET), 20: guest.text("probed"), 108: 1 };
  const links = [
    fixture.attach("on_tracepoint", 0),
    fixture.attach("on_usdt", USDT, usdt),
    fixture.attach("on_uprobe", UPROBE, uprobe),
  ];
  assert.ok(links.every((link) => link >= 0));
  assert.equal(guest.call("object_close", fixture.handle), 0);
  for (const link of links) assert.equal(fixture.closeFd(link), 0);
  assert.equal(guest.call("link_attach", fixture.handle, 0, guest.block(112)), -EBADF);
});

test("a link that was disconnected stays until the guest ends", (t) => {
  const fixture = new Fixture(t, "on_tracepoint");
  const { guest } = fixture;
  const link = fixture.attach("on_tracepoint", 0);
  assert.equal(guest.call("link_disconnect", link), 0);
  assert.equal(fixture.closeFd(link), 0);
  assert.equal(fixture.counts(fire), 1);
  guest.context.handles.closeAll();
  assert.equal(guest.call("link_disconnect", link), -EBADF);
});

test("hostile values are answered with an error number", (t) => {
  const fixture = new Fixture(t, "on_tracepoint", "on_uprobe", "on_xdp", "on_packet");
  const { guest, handle } = fixture;
  const index = fixture.index("on_tracepoint");
  assert.equal(guest.call("link_attach", handle, index, 0), -EFAULT);
  assert.equal(guest.call("link_attach", handle, index, -4), -EFAULT);
  assert.equal(guest.call("link_attach", handle, 999, guest.block(112)), -EINVAL);
  assert.equal(guest.call("link_attach", handle, -1, guest.block(112)), -EINVAL);
  assert.equal(guest.call("link_attach", handle + 1, index, guest.block(112)), -EBADF);
  assert.equal(fixture.attach("on_tracepoint", 999), -EINVAL);
  assert.equal(fixture.attach("on_tracepoint", STRUCT_OPS), -EINVAL);
  assert.equal(fixture.attach("on_tracepoint", TRACEPOINT), -EINVAL);
  assert.equal(fixture.attach("on_tracepoint", TRACEPOINT, { 16: -1 }), -EFAULT);
  assert.ok([-EINVAL, -EOPNOTSUPP].includes(fixture.attach("on_tracepoint", KPROBE)));
  // The kernel looks at the kind of program first.
  assert.ok([-EBADF, -EINVAL].includes(fixture.attach("on_tracepoint", CGROUP, { 12: 0 })));
  assert.equal(fixture.attach("on_tracepoint", XDP, { 12: 0x7fffffff }), -EINVAL);
  assert.equal(fixture.attach("on_packet", TCX, { 12: 0 }), -EINVAL);
  assert.equal(fixture.attach("on_packet", FREPLACE, { 12: 5 }), -EINVAL);
  assert.equal(fixture.attach("on_uprobe", UPROBE, { 16: guest.text(TARGET), 48: -1n }), -EINVAL);
  assert.equal(fixture.attach("on_uprobe", UPROBE_MULTI, { 16: guest.text(TARGET), 56: 0xffffffff }), -7);
  assert.equal(fixture.attach("on_uprobe", USDT, { 16: 4096 }), -EINVAL);
  assert.ok(
    fixture.attach("on_uprobe", UPROBE, {
      12: 0x7fffffff,
      16: guest.text(TARGET),
      20: guest.text("probed"),
    }) === -ESRCH,
  );
  for (const name of ["link_detach", "link_disconnect", "iter_create"]) {
    for (const fd of [-1, 0, 5, 0x7fffffff]) assert.equal(guest.call(name, fd), -EBADF, name);
  }
  assert.equal(guest.call("link_update", 0, 0, 0, 0), -EBADF);
  assert.equal(guest.call("link_create", -1, -1, -1, -1), -EFAULT);
});

/** What a link is made with, on a kernel that takes everything. */
function creation(
  program: string,
  attach: (guest: AbiGuest, hook: (hook: number, fields: Fields) => number) => number,
): { attr: DataView; pointers: BpfAttr["pointers"] } {
  const sys = scriptedSys();
  setSys(sys);
  try {
    const object = BpfObject.open(MANY);
    for (const one of object.programs.values()) one.autoload = one.name === program;
    object.load();
    const guest = new AbiGuest();
    const handle = guest.object(object);
    const index = [...object.programs.keys()].indexOf(program);
    const hook = (number: number, fields: Fields): number =>
      guest.call("link_attach", handle, index, guest.block(112, { 4: number, ...fields }));
    const link = attach(guest, hook);
    assert.ok(link >= 0, guest.lines);
    const call = sys.bpfCalls(BPF_LINK_CREATE).at(-1);
    const [, attr] = call?.args ?? [];
    assert.ok(attr instanceof BpfAttr && call?.attr !== undefined);
    guest.close();
    assert.deepEqual([...sys.openFds], [], "everything is closed");
    return { attr: new DataView(call.attr.buffer), pointers: attr.pointers };
  } finally {
    setSys(undefined);
  }
}

const MANY = compileBpf(`
SEC("kprobe.multi") int probes(void *ctx) { return 0; }
SEC("kprobe.session/do_*") int session(void *ctx) { return 0; }
SEC("uprobe.multi") int uprobes(void *ctx) { return 0; }
SEC("netfilter") int filter(void *ctx) { return 0; }
`);

function bytesAt(pointers: BpfAttr["pointers"], offset: number): Uint8Array | undefined {
  return pointers.find((pointer) => pointer.offset === offset)?.bytes;
}

test("what the kernel is asked for: kernel probes by name and by address, at return, with cookies", () => {
  const named = creation("probes", (guest, attach) => {
    const names = new Uint32Array([guest.text("first"), guest.text("second")]);
    const cookies = guest.put(new Uint8Array(new BigUint64Array([7n, 8n]).buffer));
    return attach(KPROBE_MULTI, { 8: 1, 56: 2, 60: guest.put(new Uint8Array(names.buffer)), 76: cookies });
  });
  assert.equal(named.attr.getUint32(8, true), BPF_TRACE_KPROBE_MULTI);
  assert.equal(named.attr.getUint32(16, true), 1, "at return");
  assert.equal(named.attr.getUint32(20, true), 2);
  const table = named.pointers.find(({ offset }) => offset === 24)?.table ?? [];
  assert.deepEqual(
    table.map((name) => new TextDecoder().decode(name)),
    ["first\0", "second\0"],
  );
  assert.equal(
    named.pointers.find(({ offset }) => offset === 32),
    undefined,
  );
  assert.deepEqual(bytesAt(named.pointers, 40), new Uint8Array(new BigUint64Array([7n, 8n]).buffer));

  const address = new Uint8Array(new BigUint64Array([0xffffffff81000000n]).buffer);
  const placed = creation("session", (guest, attach) =>
    attach(KPROBE_MULTI, { 8: 2, 56: 1, 64: guest.put(address) }),
  );
  assert.equal(placed.attr.getUint32(8, true), BPF_TRACE_KPROBE_SESSION);
  assert.equal(placed.attr.getUint32(16, true), 0);
  assert.deepEqual(bytesAt(placed.pointers, 32), address);
});

test("what the kernel is asked for: user probes at offsets, with counters, of one process", () => {
  const places = new Uint8Array(new BigUint64Array([64n, 128n]).buffer);
  const { attr, pointers } = creation("uprobes", (guest, attach) => {
    const at = guest.put(places);
    return attach(UPROBE_MULTI, { 12: 77, 16: guest.text("/bin/sh"), 56: 2, 68: at, 72: at });
  });
  assert.equal(new TextDecoder().decode(bytesAt(pointers, 16)), "/bin/sh\0");
  assert.deepEqual([bytesAt(pointers, 24), bytesAt(pointers, 32)], [places, places]);
  assert.deepEqual([attr.getUint32(48, true), attr.getUint32(52, true), attr.getInt32(56, true)], [2, 0, 77]);
});

test("what the kernel is asked for: a netfilter hook", () => {
  const { attr } = creation("filter", (_guest, attach) =>
    attach(NETFILTER, { 28: 1, 96: 10, 100: 2, 104: -5 }),
  );
  assert.deepEqual(
    [16, 20, 28].map((at) => attr.getUint32(at, true)),
    [10, 2, 1],
  );
  assert.equal(attr.getInt32(24, true), -5);
});
