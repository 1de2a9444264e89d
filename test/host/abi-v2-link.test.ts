import assert from "node:assert/strict";
import { closeSync, openSync } from "node:fs";
import { test } from "node:test";
import { KernelDescriptor } from "../../src/host/abi-v2/kernel-descriptor.ts";
import { FILETYPE_DIRECTORY } from "../../src/host/wasi/constants.ts";
import { Descriptor } from "../../src/host/wasi/descriptor.ts";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import { BPF_CGROUP_INET_EGRESS, BPF_TRACE_ITER, BPF_TRACE_RAW_TP } from "../../src/uapi/bpf.ts";
import { EBADF, EFAULT, EINVAL, ENOENT, EOPNOTSUPP, ESRCH } from "../../src/uapi/errno.ts";
import { PERF_COUNT_SW_CPU_CLOCK, PERF_TYPE_SOFTWARE } from "../../src/uapi/perf.ts";
import type { AbiGuest } from "../support/abi-v2.ts";
import { TestCgroup } from "../support/cgroup.ts";
import {
  CGROUP,
  FREPLACE,
  fire,
  KPROBE,
  LinkFixture,
  PERF_EVENT,
  RAW_TRACEPOINT,
  STRUCT_OPS,
  TARGET,
  TCX,
  TRACEPOINT,
  UPROBE,
  UPROBE_MULTI,
  USDT,
  XDP,
} from "../support/link-fixture.ts";
import { mapIteratorRefusal } from "../support/map-iterator.ts";

failOnLeaks();

test("where the section name says", (t) => {
  const fixture = new LinkFixture(t, "on_tracepoint", "on_raw", "on_typed");
  fixture.checkRuns(fixture.attach("on_tracepoint", 0), 1);
  fixture.checkRuns(fixture.attach("on_typed", 0));
  fixture.checkRuns(fixture.attach("on_raw", 0));
});

test("section names that say nothing, or nonsense, are refused as libbpf does", (t) => {
  const fixture = new LinkFixture(t, "on_any_tracepoint", "on_xdp", "on_bad_uprobe", "on_bad_kretprobe");
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
  const fixture = new LinkFixture(t, "on_tracepoint");
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
  const fixture = new LinkFixture(t, "on_raw");
  const { guest } = fixture;
  fixture.checkRuns(fixture.attach("on_raw", RAW_TRACEPOINT, { 16: guest.text("sys_enter") }));
  assert.equal(fixture.attach("on_raw", RAW_TRACEPOINT, { 16: guest.text("no_such") }), -ENOENT);
  assert.equal(guest.lines, "libbpf: prog 'on_raw': failed to attach to raw tracepoint 'no_such': -ENOENT\n");
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
  const fixture = new LinkFixture(t, "on_perf_event");
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
  const fixture = new LinkFixture(t, "on_egress", "on_egress_2");
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
  assert.equal(guest.call("link_detach", directory), -EINVAL);
  assert.equal(fixture.closeFd(made), 0);
});

test("links of program descriptors, by the kernel's own arguments", (t) => {
  const fixture = new LinkFixture(t, "on_raw", "on_typed");
  const { guest } = fixture;
  const raw = guest.programFd(fixture.object.object.program("on_raw"));
  const named = guest.block(112, { 4: RAW_TRACEPOINT, 16: guest.text("sys_enter") });
  fixture.checkRuns(guest.call("link_create", raw, 0, 0, named));
  const typed = guest.programFd(fixture.object.object.program("on_typed"));
  fixture.checkRuns(guest.call("link_create", typed, 0, BPF_TRACE_RAW_TP, 0));
  const map = guest.mapFd(fixture.object.object.map("numbers"));
  assert.equal(guest.call("link_create", map, 0, BPF_TRACE_ITER, 0), -EINVAL);
  assert.equal(guest.call("link_create", typed, 0, BPF_TRACE_ITER, 0), -EINVAL);
  assert.equal(guest.call("link_create", typed, 0, 0x7fffffff, 0), -EBADF);
  assert.equal(
    guest.call("link_create", typed, 1, BPF_TRACE_RAW_TP, guest.block(112, { 4: KPROBE })),
    -EINVAL,
  );
});

test("an iterator of a map's elements, by its program's descriptor", { skip: mapIteratorRefusal() }, (t) => {
  const fixture = new LinkFixture(t, "on_element");
  const { guest } = fixture;
  const element = guest.programFd(fixture.object.object.program("on_element"));
  const map = guest.mapFd(fixture.object.object.map("numbers"));
  const info = guest.put(new Uint8Array(new Uint32Array([map, 0]).buffer));
  const iterator = guest.block(112, { 96: info, 100: 8 });
  assert.ok(guest.call("link_create", element, 0, BPF_TRACE_ITER, iterator) >= 0);
  assert.equal(guest.call("link_create", map, 0, BPF_TRACE_ITER, iterator), -EBADF);
});

test("links outlive their object", (t) => {
  const fixture = new LinkFixture(t, "on_tracepoint", "on_uprobe", "on_usdt");
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
  const fixture = new LinkFixture(t, "on_tracepoint");
  const { guest } = fixture;
  const link = fixture.attach("on_tracepoint", 0);
  assert.equal(guest.call("link_disconnect", link), 0);
  assert.equal(fixture.closeFd(link), 0);
  assert.equal(fixture.counts(fire), 1);
  guest.context.handles.closeAll();
  assert.equal(guest.call("link_disconnect", link), -EBADF);
});

test("hostile values are answered with an error number", (t) => {
  const fixture = new LinkFixture(t, "on_tracepoint", "on_uprobe", "on_xdp", "on_packet");
  const { guest, handle } = fixture;
  const index = fixture.index("on_tracepoint");
  assert.equal(guest.call("link_attach", handle, index, 0), -EFAULT);
  assert.equal(guest.call("link_attach", handle, index, -4), -EFAULT);
  assert.equal(guest.call("link_attach", handle, 999, guest.block(112)), -EINVAL);
  assert.equal(guest.call("link_attach", handle, -1, guest.block(112)), -EINVAL);
  assert.equal(guest.call("link_attach", handle + 1, index, guest.block(112)), -EBADF);
  assert.equal(fixture.attach("on_tracepoint", 999), -EINVAL);
  assert.equal(fixture.attach("on_tracepoint", STRUCT_OPS), -EINVAL);
  assert.equal(fixture.attach("on_tracepoint", TRACEPOINT), -ENOENT);
  assert.equal(fixture.attach("on_tracepoint", TRACEPOINT, { 16: -1 }), -EFAULT);
  assert.ok([-EINVAL, -EOPNOTSUPP].includes(fixture.attach("on_tracepoint", KPROBE)));
  // The kernel looks at the kind of program first.
  assert.ok([-EBADF, -EINVAL].includes(fixture.attach("on_tracepoint", CGROUP, { 12: 0 })));
  assert.equal(fixture.attach("on_tracepoint", XDP, { 12: 0x7fffffff }), -EINVAL);
  assert.equal(fixture.attach("on_packet", TCX, { 12: 0 }), -EINVAL);
  assert.equal(fixture.attach("on_packet", FREPLACE, { 12: 5 }), -EINVAL);
  assert.equal(fixture.attach("on_uprobe", UPROBE, { 16: guest.text(TARGET), 48: -1n }), -EINVAL);
  assert.equal(fixture.attach("on_uprobe", UPROBE_MULTI, { 16: guest.text(TARGET), 56: 0xffffffff }), -7);
  assert.equal(fixture.attach("on_uprobe", USDT, { 16: 4096 }), -ENOENT);
  assert.ok(
    fixture.attach("on_uprobe", UPROBE, {
      12: 0x7fffffff,
      16: guest.text(TARGET),
      20: guest.text("probed"),
    }) === -ESRCH,
  );
  for (const name of ["link_detach", "link_disconnect", "iter_create"]) {
    for (const fd of [-1, 0, 5, 0x7fffffff]) {
      const refusal = guest.context.fds.get(fd) === undefined ? -EBADF : -EINVAL;
      assert.equal(guest.call(name, fd), refusal, name);
    }
  }
  assert.equal(guest.call("link_update", 0, 0, 0, 0), -EINVAL);
  assert.equal(guest.call("link_create", -1, -1, -1, -1), -EFAULT);
});
