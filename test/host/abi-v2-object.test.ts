import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import { E2BIG, EACCES, EBADF, EBUSY, EFAULT, EINVAL, ENOENT, ESRCH } from "../../src/uapi/errno.ts";
import { AbiGuest } from "../support/abi-v2.ts";
import { GuestObjectFixture } from "../support/abi-v2-object.ts";
import { compileBpf } from "../support/compile-bpf.ts";

failOnLeaks();

const bytes = compileBpf(`
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 16); __type(key, __u32); __type(value, __u64); }
  numbers SEC(".maps");
struct inner { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u32); };
struct { __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); __uint(max_entries, 4); __type(key, __u32);
  __array(values, struct inner); } nested SEC(".maps");
const volatile __u32 limit = 7;
__u32 counter;
__u32 start = 5;

SEC("socket")
int count(struct __sk_buff *skb)
{
  __u32 key = 1;
  __u64 *value = bpf_map_lookup_elem(&numbers, &key);

  counter += start;
  return value ? *value : limit;
}

SEC("?socket")
int refused(struct __sk_buff *skb)
{
  return *(volatile int *)((void *)0 + (long)skb->len);
}

SEC("?fentry")
int nowhere(void *ctx) { return 0; }

SEC("?fentry/no_such_function_anywhere")
int missing(void *ctx) { return 0; }
`);

/** LIBBPF_ERRNO__FORMAT */
const FORMAT = 4001;
const SET_AUTOLOAD = 1;
const SET_MAX_ENTRIES = 4;
const SET_AUTOCREATE = 9;

describe("object_open", () => {
  test("refuses what is no object, and hands out nothing", () => {
    const guest = new AbiGuest();
    const open = (fields: Record<number, number>): number =>
      guest.call("object_open", guest.block(48, fields));
    const text = guest.put(new TextEncoder().encode("#!/bin/sh\nexit 0\n"));
    const cut = guest.put(bytes.subarray(0, bytes.length / 2));
    assert.equal(open({ 4: text, 8: 17 }), -FORMAT);
    assert.equal(open({ 4: cut, 8: bytes.length / 2 }), -FORMAT);
    assert.equal(open({ 4: 0xfffffff0, 8: 4096 }), -EFAULT);
    assert.equal(open({ 4: text, 8: 0xffffffff }), -EFAULT);
    assert.equal(open({}), -EINVAL);
    assert.equal(open({ 12: guest.text("/etc/passwd") }), -EACCES);
    assert.equal(open({ 4: text, 8: 17, 40: 0xfffffff0 }), -EFAULT);
    assert.equal(guest.call("object_open", 0), -EFAULT);
    assert.equal(guest.call("object_open", -1), -EFAULT);
    guest.close();
  });

  test("blocks of other sizes: shorter ones lack fields, longer ones must be empty there", (t) => {
    const guest = new AbiGuest();
    t.after(() => guest.close());
    const data = guest.put(bytes);
    const short = guest.block(12, { 4: data, 8: bytes.length });
    assert.ok(guest.call("object_open", short) > 0);
    assert.ok(guest.call("object_open", guest.block(64, { 4: data, 8: bytes.length })) > 0);
    assert.equal(guest.call("object_open", guest.block(64, { 4: data, 8: bytes.length, 60: 1 })), -E2BIG);
    const sizeless = guest.alloc(48);
    assert.equal(guest.call("object_open", sizeless), -EINVAL);
  });
});

test("the description has programs, maps, templates of inner maps and strings", (t) => {
  const object = new GuestObjectFixture(t, bytes);
  assert.equal(object.header(0), 40);
  assert.equal(object.text(object.header(28)), "test");
  assert.equal(object.text(object.header(32)), "GPL");
  assert.deepEqual(
    object.programs.map(({ name, text, field }) => [name, text(4), field(16)]),
    [
      ["count", "socket", 3],
      ["refused", "socket", 2],
      ["nowhere", "fentry", 6],
      ["missing", "fentry/no_such_function_anywhere", 6],
    ],
  );
  assert.equal(object.programs[3]?.text(32), "no_such_function_anywhere");
  const maps = Object.fromEntries(object.maps.map((map) => [map.name, map]));
  assert.deepEqual(Object.keys(maps).sort(), [".bss", ".data", ".rodata", "nested", "numbers"]);
  assert.deepEqual(
    [12, 16, 20, 24].map((at) => maps.numbers?.field(at)),
    [1, 4, 8, 16],
  );
  assert.equal(maps[".rodata"]?.text(4), "test.rodata");
  assert.deepEqual(
    [".data", ".rodata", ".bss"].map((name) => maps[name]?.field(60)),
    [1, 2, 3],
  );
  assert.deepEqual([maps[".rodata"]?.field(64), (maps[".rodata"]?.field(68) ?? 0) & 4], [4, 0]);
  // The template follows the maps of the object, and can be set like one.
  const template = (maps.nested?.field(56) ?? 0) - 1;
  assert.equal(template, object.maps.length);
  assert.equal(object.guest.call("map_set", object.handle, template, SET_MAX_ENTRIES, 2, 0), 0);
  object.describe();
  assert.equal(object.header(object.header(24) + template * 96 + 24), 2);
});

test("an object is opened from a file that the guest may read, with types of another", (t) => {
  const guest = new AbiGuest();
  t.after(() => guest.close());
  assert.equal(guest.call("object_open", guest.block(48, { 12: guest.text("") })), -ENOENT);
});

test("settings before load, and their end with it", (t) => {
  const object = new GuestObjectFixture(t, bytes);
  const { guest, handle } = object;
  const numbers = object.map("numbers");
  assert.equal(guest.call("map_set", handle, numbers, SET_MAX_ENTRIES, 3, 0), 0);
  assert.equal(guest.call("map_set", handle, object.map("nested"), SET_AUTOCREATE, 0, 0), 0);
  assert.equal(guest.call("map_set", handle, numbers, 99, 0, 0), -EINVAL);
  assert.equal(guest.call("map_set", handle, 99, SET_MAX_ENTRIES, 3, 0), -EINVAL);
  assert.equal(guest.call("map_set", handle + 1, numbers, SET_MAX_ENTRIES, 3, 0), -EBADF);
  assert.equal(guest.call("map_fd", handle, numbers), -ENOENT);
  assert.equal(guest.call("program_fd", handle, object.program("count")), -ENOENT);
  assert.equal(guest.call("object_prepare", handle), 0);
  assert.equal(guest.call("map_set", handle, numbers, SET_MAX_ENTRIES, 4, 0), -EBUSY);
  assert.equal(guest.call("object_prepare", handle), -EINVAL);
  assert.equal(guest.call("map_fd", handle, object.map("nested")), -ENOENT);
  assert.equal(object.mapFd("numbers"), object.mapFd("numbers"));
  object.load();
  assert.equal(guest.call("program_set", handle, object.program("count"), SET_AUTOLOAD, 0), -EBUSY);
  assert.equal(guest.call("object_load", handle), -EINVAL);
  assert.match(guest.lines, /libbpf: object 'test': load can't be attempted twice\n/);
  assert.equal(object.run("count"), 7);
  const fd = object.mapFd("numbers");
  assert.equal(guest.call("object_close", handle), 0);
  assert.equal(guest.call("object_close", handle), -EBADF);
  assert.equal(guest.call("map_freeze", fd), -EBADF);
});

test("the initial contents are read and replaced", (t) => {
  const object = new GuestObjectFixture(t, bytes);
  const { guest, handle } = object;
  const rodata = object.map(".rodata");
  const value = guest.put(Uint8Array.of(42, 0, 0, 0));
  assert.equal(guest.call("map_set_initial", handle, rodata, value, 8), -EINVAL);
  assert.equal(guest.call("map_set_initial", handle, rodata, value, 4), 0);
  assert.equal(guest.call("map_set_initial", handle, object.map("numbers"), value, 4), -EINVAL);
  assert.equal(guest.call("map_initial", handle, object.map("numbers"), 0, 0), -ENOENT);
  const out = guest.alloc(8);
  assert.equal(guest.call("map_initial", handle, rodata, out, 8), 4);
  assert.equal(guest.view(out, 4).getUint32(0, true), 42);
  object.load();
  assert.equal(object.run("count"), 42);
});

describe("a load that fails leaves nothing, and says what libbpf says", () => {
  test("the verifier refuses a program", (t) => {
    const object = new GuestObjectFixture(t, bytes);
    const { guest, handle } = object;
    const refused = object.program("refused");
    assert.equal(guest.call("program_set", handle, refused, SET_AUTOLOAD, 1), 0);
    assert.equal(guest.call("object_load", handle), -EACCES);
    assert.match(
      guest.lines,
      new RegExp(
        "libbpf: prog 'refused': BPF program load failed: -EACCES\n" +
          "libbpf: prog 'refused': -- BEGIN PROG LOAD LOG --\n[^]*\n-- END PROG LOAD LOG --\n" +
          "libbpf: prog 'refused': failed to load: -EACCES\n" +
          "libbpf: failed to load object 'test'\n$",
      ),
    );
    const size = guest.call("program_log", handle, refused, 0, 0);
    assert.ok(size > 0);
    assert.equal(guest.call("map_fd", handle, object.map("numbers")), -ENOENT);
    assert.equal(guest.call("object_load", handle), -EINVAL);
    assert.equal(guest.call("map_set", handle, 0, SET_MAX_ENTRIES, 3, 0), -EBUSY);
  });

  test("a target that is not there", (t) => {
    const object = new GuestObjectFixture(t, bytes);
    const { guest, handle } = object;
    assert.equal(guest.call("program_set", handle, object.program("missing"), SET_AUTOLOAD, 1), 0);
    assert.equal(guest.call("object_load", handle), -ESRCH);
    assert.equal(
      guest.lines,
      "libbpf: prog 'missing': failed to find kernel BTF type ID of 'no_such_function_anywhere': -ESRCH\n" +
        "libbpf: prog 'missing': failed to prepare load attributes: -ESRCH\n" +
        "libbpf: prog 'missing': failed to load: -ESRCH\n" +
        "libbpf: failed to load object 'test'\n",
    );
  });

  test("no target at all, until one is set", (t) => {
    const object = new GuestObjectFixture(t, bytes);
    const { guest, handle } = object;
    const nowhere = object.program("nowhere");
    const set = (fd: number, name: number): number =>
      guest.call("program_set_target", handle, nowhere, fd, name);
    assert.equal(set(0, 0), -EINVAL);
    assert.equal(set(0, guest.text("no_such_function_anywhere")), -ESRCH);
    assert.equal(set(0, guest.text("vfs_read")), 0);
    assert.equal(set(1, guest.text("vfs_read")), -EINVAL);
    assert.equal(guest.call("program_set", handle, nowhere, SET_AUTOLOAD, 1), 0);
    const other = new GuestObjectFixture(t, bytes);
    other.guest.call("program_set", other.handle, other.program("nowhere"), SET_AUTOLOAD, 1);
    assert.equal(other.guest.call("object_load", other.handle), -EINVAL);
    assert.match(
      other.guest.lines,
      /no BTF-based attach target is specified, use bpf_program__set_attach_target/,
    );
  });
});

test("handles of one kind are none of another, and are never used again", (t) => {
  const object = new GuestObjectFixture(t, bytes);
  const { guest, handle } = object;
  const buffer = guest.call("buffer_new", 1);
  assert.equal(guest.call("object_close", buffer), -EBADF);
  assert.equal(guest.call("buffer_close", handle), -EBADF);
  assert.equal(guest.call("object_close", handle), 0);
  const next = new GuestObjectFixture(t, bytes, {}, guest);
  assert.ok(next.handle > handle && next.handle > buffer);
  for (const wrong of [0, -1, 0x7fffffff, -0x80000000, handle]) {
    for (const call of ["object_load", "object_prepare", "object_close", "object_btf_fd"]) {
      assert.equal(guest.call(call, wrong), -EBADF, call);
    }
    assert.equal(guest.call("object_describe", wrong, 0, 0), -EBADF);
    assert.equal(guest.call("map_fd", wrong, 0), -EBADF);
    assert.equal(guest.call("program_fd", wrong, 0), -EBADF);
  }
});

test("wild addresses are answered", (t) => {
  const object = new GuestObjectFixture(t, bytes);
  const { guest, handle } = object;
  for (const wild of [0, 0x7ffffff0, -1, -4096, 64 * 65536]) {
    assert.equal(guest.call("object_describe", handle, wild, 0x7fffffff), -EFAULT);
    assert.equal(guest.call("map_set_initial", handle, object.map(".data"), wild, 4), -EFAULT);
    if (wild !== 0) assert.equal(guest.call("map_set_name", handle, 0, 1, wild), -EFAULT);
  }
  const unended = guest.put(new Uint8Array(5000).fill(97));
  assert.equal(guest.call("map_set_name", handle, 0, 1, unended), -EFAULT);
});

test("a template of an inner map is taken from a map that exists", (t) => {
  const object = new GuestObjectFixture(t, bytes);
  const { guest, handle } = object;
  const inner = guest.call(
    "map_create",
    guest.block(80, { 4: 2, 8: guest.text("given"), 12: 4, 16: 4, 20: 9 }),
  );
  assert.ok(inner >= 0);
  assert.equal(guest.call("map_set_fd", handle, object.map("numbers"), 2, inner), -EINVAL);
  assert.equal(guest.call("map_set_fd", handle, object.map("nested"), 2, inner), 0);
  assert.equal(guest.call("map_set_fd", handle, object.map("numbers"), 1, 1), -EINVAL);
  guest.context.fds.close(inner);
  object.load();
  const entry = guest.call("map_create", guest.block(80, { 4: 2, 12: 4, 16: 4, 20: 9 }));
  const key = guest.put(Uint8Array.of(0, 0, 0, 0));
  const value = guest.put(Uint8Array.of(entry, 0, 0, 0));
  assert.equal(guest.call("map_update", object.mapFd("nested"), key, value, 0, 0), 0);
  // A number of the host, or one that is no map, is none.
  for (const fd of [1, 99, -1]) {
    guest.view(value, 4).setInt32(0, fd, true);
    assert.equal(guest.call("map_update", object.mapFd("nested"), key, value, 0, 0), -EBADF);
  }
});

test("a map that exists takes the place of an object's", (t) => {
  const object = new GuestObjectFixture(t, bytes);
  const { guest, handle } = object;
  const given = guest.call("map_create", guest.block(80, { 4: 1, 12: 4, 16: 8, 20: 5 }));
  assert.equal(guest.call("map_set_fd", handle, object.map("numbers"), 1, given), 0);
  assert.equal(guest.call("map_set", handle, object.map("numbers"), SET_MAX_ENTRIES, 3, 0), -EBUSY);
  object.load();
  const key = guest.put(Uint8Array.of(1, 0, 0, 0));
  const value = guest.put(Uint8Array.of(23, 0, 0, 0, 0, 0, 0, 0));
  assert.equal(guest.call("map_update", given, key, value, 0, 0), 0);
  assert.equal(object.run("count"), 23);
});

const CONTROL = compileBpf(`
struct sock;
struct tcp_congestion_ops {
  unsigned int (*ssthresh)(struct sock *sk);
  void (*cong_avoid)(struct sock *sk, unsigned int ack, unsigned int acked);
  unsigned int (*undo_cwnd)(struct sock *sk);
  char name[16];
};
SEC("struct_ops/ssthresh") unsigned int ssthresh(__u64 *ctx) { return 2; }
SEC("struct_ops/cong_avoid") void cong_avoid(__u64 *ctx) { }
SEC("struct_ops/undo_cwnd") unsigned int undo_cwnd(__u64 *ctx) { return 2; }
SEC(".struct_ops") struct tcp_congestion_ops control = {
  .ssthresh = (void *)ssthresh, .cong_avoid = (void *)cong_avoid, .undo_cwnd = (void *)undo_cwnd, .name = "abi_control",
};
SEC("socket") int one(struct __sk_buff *skb) { return 1; }
`);

test("programs are loaded one by one; those of a struct_ops map that is not created are left out", (t) => {
  const object = new GuestObjectFixture(t, CONTROL);
  const { guest, handle } = object;
  const load = (name: string): number => guest.call("object_load_program", handle, object.program(name), 0);
  assert.equal(load("one"), -EINVAL, "not prepared");
  assert.equal(guest.call("map_set", handle, object.map("control"), SET_AUTOCREATE, 0, 0), 0);
  assert.equal(guest.call("object_prepare", handle), 0, guest.lines);
  for (const name of ["ssthresh", "cong_avoid", "undo_cwnd", "one"]) assert.equal(load(name), 0, name);
  assert.equal(load("one"), -EINVAL, "loaded");
  assert.equal(guest.call("program_fd", handle, object.program("ssthresh")), -ENOENT);
  assert.equal(object.run("one"), 1);
  object.load();
});
