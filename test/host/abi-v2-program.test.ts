import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import {
  encodeInstructions,
  exit,
  type Instruction,
  loadMapFd,
  loadMapValue,
  loadMem,
  mov64Imm,
} from "../../src/asm/index.ts";
import { openPreopen } from "../../src/host/wasi/index.ts";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import {
  BPF_CGROUP_INET_EGRESS,
  BPF_PROG_TYPE_CGROUP_SKB,
  BPF_PROG_TYPE_SOCKET_FILTER,
} from "../../src/uapi/bpf.ts";
import { E2BIG, EBADF, EFAULT, EINVAL, ENOENT } from "../../src/uapi/errno.ts";
import { AbiGuest } from "../support/abi-v2.ts";
import { GuestObjectFixture } from "../support/abi-v2-object.ts";
import { TestCgroup } from "../support/cgroup.ts";
import { compileBpf } from "../support/compile-bpf.ts";

failOnLeaks();

const BPF_W = 0;

/** A guest that loads programs itself. */
class Loader {
  readonly guest = new AbiGuest();
  readonly license: number;

  constructor(t: TestContext) {
    t.after(() => this.guest.close());
    this.license = this.guest.text("GPL");
  }

  load(instructions: readonly Instruction[], fields: Record<number, number | bigint> = {}): number {
    const { guest, license } = this;
    const bytes = encodeInstructions(instructions, true);
    const at = guest.put(bytes);
    const request = {
      4: BPF_PROG_TYPE_SOCKET_FILTER,
      12: license,
      16: at,
      20: bytes.length / 8,
      ...fields,
    };
    return guest.call("program_load", guest.block(112, request));
  }

  /** An array map with one element of 8 bytes. */
  map(): number {
    return this.guest.call("map_create", this.guest.block(80, { 4: 2, 12: 4, 16: 8, 20: 1 }));
  }
}

test("a program that was put together by the guest runs, with the guest's map", (t) => {
  const loader = new Loader(t);
  const { guest } = loader;
  const map = loader.map();
  const [key, value] = [guest.alloc(4), guest.put(Uint8Array.of(42, 0, 0, 0, 0, 0, 0, 0))];
  assert.equal(guest.call("map_update", map, key, value, 0, 0), 0);
  const program = loader.load([loadMapValue(1, map, 0), loadMem(BPF_W, 0, 1, 0), exit()], {
    8: guest.text("reads_a_map_of_the_guest"),
  });
  assert.ok(program > 2, `${program}`);
  const request = guest.block(64, { 4: guest.alloc(64), 8: 64 });
  assert.equal(guest.call("program_test_run", program, request), 0);
  assert.equal(guest.view(request, 64).getUint32(36, true), 42);
  assert.equal(guest.call("program_bind_map", program, map, 0), 0);
  assert.equal(guest.call("program_bind_map", program, program, 0), -EINVAL);
  assert.equal(guest.call("program_bind_map", map, map, 0), -EINVAL);
});

test("the log is the guest's memory, also without a level", (t) => {
  const loader = new Loader(t);
  const { guest } = loader;
  const log = guest.alloc(4096);
  assert.equal(loader.load([exit()], { 68: log, 72: 4096 }), -13);
  assert.match(guest.string(log, 4096), /R0 !read_ok/);
  guest.context.memory.range(log, 4096)?.fill(0);
  const program = loader.load([mov64Imm(0, 0), exit()], { 64: 1, 68: log, 72: 4096 });
  assert.ok(program > 0);
  assert.match(guest.string(log, 4096), /processed 2 insns/);
  assert.equal(loader.load([exit()], { 68: log }), -EINVAL);
  assert.equal(loader.load([exit()], { 68: -8, 72: 4096 }), -EFAULT);
});

test("descriptors in instructions are the guest's: those of the host are not reachable", (t) => {
  const loader = new Loader(t);
  const { guest } = loader;
  const map = loader.map();
  const hostFd = guest.context.fds.get(map);
  assert.ok(hostFd);
  for (const fd of [0, 1, 2, 100, -1]) {
    assert.equal(loader.load([loadMapFd(1, fd), mov64Imm(0, 0), exit()]), -EBADF, `${fd}`);
  }
  const array = guest.alloc(8);
  const byIndex = { ...loadMapFd(1, 0), src: 5 };
  assert.equal(loader.load([byIndex, mov64Imm(0, 0), exit()], { 56: array }), -EBADF);
  guest.view(array, 4).setInt32(0, map, true);
  assert.ok(loader.load([byIndex, mov64Imm(0, 0), exit()], { 56: array }) > 0);
  // The kernel looks at types only where there are records of functions or lines.
  assert.ok(loader.load([mov64Imm(0, 0), exit()], { 40: map }) > 0);
  assert.equal(loader.load([mov64Imm(0, 0), exit()], { 48: map }), -EINVAL);
  assert.equal(loader.load([mov64Imm(0, 0), exit()], { 48: 1, 52: 1 }), -EINVAL);
});

test("hostile load requests", (t) => {
  const loader = new Loader(t);
  const { guest } = loader;
  const body = [mov64Imm(0, 0), exit()];
  assert.equal(loader.load(body, { 20: 0 }), -E2BIG);
  assert.equal(loader.load(body, { 20: 0xffffffff }), -E2BIG);
  assert.equal(loader.load(body, { 16: 0 }), -EFAULT);
  assert.equal(loader.load(body, { 16: -8 }), -EFAULT);
  assert.equal(loader.load(body, { 8: -1 }), -EFAULT);
  assert.equal(loader.load(body, { 12: 0 }), -EFAULT);
  assert.equal(loader.load(body, { 80: -16, 84: 8, 88: 100 }), -EFAULT);
  assert.equal(loader.load(body, { 92: 4096, 96: 0xffffffff, 100: 0xffffffff }), -EFAULT);
  assert.equal(loader.load([{ ...loadMapFd(1, 0), src: 5, imm: 0x7fffffff }, ...body], { 56: 4096 }), -E2BIG);
  // Half of a 64-bit load at the end.
  const half = encodeInstructions([loadMapFd(1, 3)], true).subarray(0, 8);
  assert.equal(loader.load(body, { 16: guest.put(half), 20: 1 }), -EINVAL);
  assert.equal(guest.call("program_test_run", 77, guest.block(64)), -EBADF);
  const program = loader.load(body);
  for (const fields of [
    { 4: -1, 8: 64 },
    { 12: -1, 16: 64 },
    { 20: -1, 24: 4 },
    { 28: -1, 32: 4 },
  ]) {
    assert.equal(guest.call("program_test_run", program, guest.block(64, fields)), -EFAULT);
  }
  const stream = guest.call("program_stream_read", program, 1, guest.alloc(16), 16);
  assert.ok(stream === 0 || stream === -EINVAL || stream === -ENOENT, `${stream}`);
  assert.equal(guest.call("program_stream_read", program, 1, -4, 16), -EFAULT);
});

const object = compileBpf(`
__u32 value = 5;
SEC("socket") int first(struct __sk_buff *skb) { return value; }
SEC("socket") int second(struct __sk_buff *skb) { return 2; }
`);

test("instructions of an object are read, relocated once prepared, and replaced", (t) => {
  const opened = new GuestObjectFixture(t, object);
  const { guest, handle } = opened;
  const [first, second] = [opened.program("first"), opened.program("second")];
  const size = guest.call("program_instructions", handle, first, 0, 0);
  const at = guest.alloc(size);
  const map = (): number => {
    assert.equal(guest.call("program_instructions", handle, first, at, size), size);
    return guest.view(at, 16).getInt32(4, true);
  };
  assert.equal(map(), 0);
  assert.equal(guest.call("object_prepare", handle), 0);
  assert.equal(map(), opened.mapFd(".data"));
  // Back in again: the numbers are the guest's in both directions.
  assert.equal(guest.call("program_set_instructions", handle, second, at, size / 8), 0);
  assert.equal(guest.call("program_set_instructions", handle, second, -8, 1), -EFAULT);
  assert.equal(guest.call("program_set_instructions", handle, second, at, -1), -E2BIG);
  opened.load();
  assert.deepEqual([opened.run("first"), opened.run("second")], [5, 5]);
});

test("a program is unloaded by itself", (t) => {
  const opened = new GuestObjectFixture(t, object);
  const { guest, handle } = opened;
  opened.load();
  const fd = opened.programFd("first");
  assert.equal(guest.call("program_unload", handle, opened.program("first")), 0);
  assert.equal(guest.call("program_unload", handle, opened.program("first")), 0);
  assert.equal(guest.call("program_fd", handle, opened.program("first")), -ENOENT);
  assert.equal(guest.call("program_test_run", fd, guest.block(64)), -EBADF);
  assert.equal(opened.run("second"), 2);
});

test("attaching to a control group, asking, and detaching", (t) => {
  const cgroup = new TestCgroup("abi-v2-attach");
  t.after(() => cgroup.remove());
  const loader = new Loader(t);
  const { guest } = loader;
  const directory = guest.context.fds.add(
    openPreopen(
      { sys: guest.context.sys, interrupts: guest.context.interrupts },
      { host: cgroup.path, guest: "/cgroup" },
    ),
  );
  const program = loader.load([mov64Imm(0, 1), exit()], {
    4: BPF_PROG_TYPE_CGROUP_SKB,
    24: BPF_CGROUP_INET_EGRESS,
  });
  const request = (): number => guest.block(64);
  const call = (name: string, fd: number, target: number): number =>
    guest.call(name, fd, target, BPF_CGROUP_INET_EGRESS, request());
  assert.equal(call("program_attach", program, directory), 0);
  const ids = guest.alloc(16);
  const query = guest.block(64, { 40: ids, 44: 4 });
  assert.equal(guest.call("program_query", 0, directory, BPF_CGROUP_INET_EGRESS, query), 0);
  assert.equal(guest.view(query, 64).getUint32(44, true), 1);
  assert.ok(guest.view(ids, 4).getUint32(0, true) > 0);
  for (const foreign of [0, 1, 99, program]) assert.equal(call("program_attach", program, foreign), -EBADF);
  assert.equal(call("program_attach", directory, directory), -EINVAL);
  assert.equal(
    guest.call("program_query", 0, directory, BPF_CGROUP_INET_EGRESS, guest.block(64, { 40: ids, 44: -1 })),
    -EFAULT,
  );
  assert.equal(call("program_detach", program, directory), 0);
  assert.equal(call("program_detach", program, directory), -ENOENT);
});
