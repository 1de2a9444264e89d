import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { getSys } from "../../src/sys/index.ts";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import { EBADF, EBUSY, EFAULT, EINVAL, ENODEV, ENOENT } from "../../src/uapi/errno.ts";
import { GuestObjectFixture, pages } from "../support/abi-v2-object.ts";
import { compileBpf } from "../support/compile-bpf.ts";

failOnLeaks();

const bytes = compileBpf(`
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1000); __uint(map_flags, BPF_F_MMAPABLE);
  __type(key, __u32); __type(value, __u64); } table SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 16); __type(key, __u32); __type(value, __u64); }
  numbers SEC(".maps");
const volatile __u32 step = 1;
__u32 counter;
__u32 start = 5;

SEC("socket")
int count(struct __sk_buff *skb)
{
  __u32 key = 999;
  __u64 *value = bpf_map_lookup_elem(&table, &key);

  counter += step;
  if (value)
    *value += 1;
  return counter + start;
}
`);

const PAGE = getSys().pageSize;
/** Property of `map_set`. */
const SET_FLAGS = 5;

class Bound extends GuestObjectFixture {
  readonly at = new Map<string, number>();

  constructor(t: TestContext, ...names: string[]) {
    super(t, bytes);
    for (const name of names) this.bind(name);
  }

  bind(name: string, size = PAGE * (name === "table" ? 2 : 1)): number {
    const at = pages(this.guest, size);
    const result = this.guest.call("map_bind", this.handle, this.map(name), at, size);
    assert.equal(result, 0);
    this.at.set(name, at);
    return at;
  }

  get(name: string, offset = 0): number {
    return this.guest.view((this.at.get(name) ?? 0) + offset, 4).getUint32(0, true);
  }

  set(name: string, value: number): void {
    this.guest.view(this.at.get(name) ?? 0, 4).setUint32(0, value, true);
  }

  /** The variable as the kernel has it. */
  kernel(name: string): number {
    const [key, value] = [this.guest.alloc(4), this.guest.alloc(16)];
    assert.equal(this.guest.call("map_lookup", this.mapFd(name), key, value, 0, 0), 0);
    return this.guest.view(value, 4).getUint32(0, true);
  }
}

/** Makes the memory of a fixture's guest larger: its buffer is another one afterwards. */
function grow(object: GuestObjectFixture, wasmPages: number): void {
  const before = object.guest.context.memory.bytes.length;
  object.guest.grow(wasmPages);
  assert.equal(object.guest.context.memory.bytes.length, before + wasmPages * 65536);
}

test("before load the memory has the initial contents, and load takes what it has then", (t) => {
  const object = new Bound(t, ".rodata", ".data", ".bss");
  assert.deepEqual(
    [".rodata", ".data", ".bss"].map((name) => object.get(name)),
    [1, 5, 0],
  );
  object.set(".rodata", 10);
  object.set(".data", 100);
  object.set(".bss", 1000);
  object.load();
  assert.equal(object.run("count"), 1110);
  assert.equal(object.get(".bss"), 1010);
});

test("what a child of fork has bound in new memory is the kernel's also for its parent", (t) => {
  const object = new Bound(t);
  const { guest } = object;
  object.load();
  assert.equal(guest.call("run_fork", 0, 0), 0);
  const at = guest.context.memory.bytes.length;
  grow(object, 2);
  assert.equal(guest.call("map_bind", object.handle, object.map(".data"), at + PAGE, PAGE), 0);
  for (const place of [at, at + PAGE, at + 2 * PAGE]) guest.context.memory.setU32(place, 7);
  assert.ok(guest.call("run_fork", 1, 0) > 0);
  assert.ok(guest.call("run_wait", -1, 0, 0) > 0);
  assert.equal(object.kernel(".data"), 7);
  assert.deepEqual(
    [at, at + PAGE, at + 2 * PAGE].map((place) => guest.context.memory.u32(place)),
    [0, 7, 0],
  );
});

test("after load both sides write the same memory", (t) => {
  const object = new Bound(t, ".data", ".bss", "table");
  object.load();
  object.run("count");
  assert.deepEqual([object.get(".bss"), object.get("table", 999 * 8)], [1, 1]);
  object.set(".bss", 40);
  assert.equal(object.kernel(".bss"), 40);
  object.set(".data", 2);
  assert.equal(object.run("count"), 43);
});

test("globals that cannot be mapped are copied when the guest asks for it", (t) => {
  const object = new Bound(t, ".data");
  const { guest, handle } = object;
  const sync = (direction: number): number => guest.call("map_sync", handle, object.map(".bss"), direction);
  assert.equal(sync(1), -ENOENT);
  assert.equal(guest.call("map_set", handle, object.map(".bss"), SET_FLAGS, 0, 0), 0);
  object.bind(".bss");
  object.set(".bss", 7);
  object.load();
  assert.equal(object.run("count"), 13);
  assert.deepEqual([object.get(".bss"), object.kernel(".bss")], [7, 8]);
  assert.equal(sync(1), 0);
  assert.equal(object.get(".bss"), 8);
  object.set(".bss", 20);
  assert.equal(object.kernel(".bss"), 8);
  assert.equal(sync(2), 0);
  assert.equal(object.run("count"), 26);
  assert.equal(sync(3), -EINVAL);
});

test("read-only data stay the guest's own memory, which it may write in vain", (t) => {
  const object = new Bound(t, ".rodata");
  object.load();
  object.set(".rodata", 77);
  assert.equal(object.kernel(".rodata"), 1);
  assert.equal(object.run("count"), 6);
});

test("memory that grows keeps what is bound, before and after load", (t) => {
  const object = new Bound(t, ".rodata", ".bss");
  object.set(".bss", 6);
  grow(object, 16);
  object.load();
  object.run("count");
  assert.equal(object.get(".bss"), 7);
  grow(object, 64);
  object.run("count");
  assert.equal(object.get(".bss"), 8);
  object.set(".bss", 20);
  assert.equal(object.kernel(".bss"), 20);
});

test("binding after load, unbinding, and binding again somewhere else", (t) => {
  const object = new Bound(t);
  object.load();
  object.run("count");
  object.bind(".bss");
  assert.equal(object.get(".bss"), 1);
  const first = object.at.get(".bss") ?? 0;
  assert.equal(object.guest.call("map_unbind", object.handle, object.map(".bss")), 0);
  assert.equal(object.guest.call("map_unbind", object.handle, object.map(".bss")), -ENOENT);
  object.set(".bss", 50);
  assert.equal(object.kernel(".bss"), 1);
  object.bind(".bss");
  object.run("count");
  assert.deepEqual([object.get(".bss"), object.guest.view(first, 4).getUint32(0, true)], [2, 50]);
});

test("closing gives the memory back with its last contents; another object may have it then", (t) => {
  const object = new Bound(t, ".bss");
  object.load();
  object.run("count");
  const at = object.at.get(".bss") ?? 0;
  assert.equal(object.guest.call("object_close", object.handle), 0);
  assert.equal(object.get(".bss"), 1);
  object.set(".bss", 9);
  const again = new GuestObjectFixture(t, bytes, {}, object.guest);
  assert.equal(object.guest.call("map_bind", again.handle, again.map(".bss"), at, PAGE), 0);
  assert.equal(object.get(".bss"), 0);
  again.load();
  again.run("count");
  again.run("count");
  assert.equal(object.get(".bss"), 2);
});

test("two objects have memory of their own", (t) => {
  const one = new Bound(t, ".bss");
  const other = new GuestObjectFixture(t, bytes, {}, one.guest);
  const at = pages(one.guest, PAGE);
  assert.equal(one.guest.call("map_bind", other.handle, other.map(".bss"), at, PAGE), 0);
  one.load();
  other.load();
  one.run("count");
  one.run("count");
  other.run("count");
  assert.deepEqual([one.get(".bss"), one.guest.view(at, 4).getUint32(0, true)], [2, 1]);
});

test("a load that fails leaves the memory private", (t) => {
  const object = new Bound(t, ".bss");
  object.set(".bss", 3);
  const huge = object.map("numbers");
  assert.equal(object.guest.call("map_set", object.handle, huge, 2, 0, 0), 0); // keys of 0 bytes
  assert.equal(object.guest.call("object_load", object.handle), -EINVAL);
  assert.match(object.guest.lines, /libbpf: map 'numbers': failed to create: -EINVAL\n/);
  assert.equal(object.get(".bss"), 3);
  assert.equal(object.guest.call("map_bind", object.handle, object.map(".bss"), PAGE, PAGE), -EINVAL);
});

describe("what cannot be bound", () => {
  test("ranges that are wrong, and maps that have no memory", (t) => {
    const object = new Bound(t, ".bss");
    const { guest, handle } = object;
    const bind = (name: string, at: number, size: number): number =>
      guest.call("map_bind", handle, object.map(name), at, size);
    const free = pages(guest, 4 * PAGE);
    assert.equal(bind(".data", free + 8, PAGE), -EINVAL);
    assert.equal(bind(".data", free, PAGE + 1), -EINVAL);
    assert.equal(bind(".data", free, 2 * PAGE), -EINVAL);
    assert.equal(bind(".data", free, 0), -EINVAL);
    assert.equal(bind(".data", 0, PAGE), -EFAULT);
    assert.equal(bind(".data", 0xfffff000, PAGE), -EFAULT);
    assert.equal(bind("numbers", free, PAGE), -EINVAL);
    assert.equal(bind("numbers", free, 0), -EINVAL);
    assert.equal(guest.call("map_bind", handle, 99, free, PAGE), -EINVAL);
    assert.equal(guest.call("map_bind", handle + 1, 0, free, PAGE), -EBADF);
  });

  test("ranges that are bound already", (t) => {
    const object = new Bound(t, "table");
    const { guest, handle } = object;
    const at = object.at.get("table") ?? 0;
    const bind = (name: string, place: number): number =>
      guest.call("map_bind", handle, object.map(name), place, PAGE);
    assert.equal(bind(".data", at), -EBUSY);
    assert.equal(bind(".data", at + PAGE), -EBUSY);
    assert.equal(guest.call("map_bind", handle, object.map("table"), at + 4 * PAGE, 2 * PAGE), -EBUSY);
    object.load();
    assert.equal(bind(".data", at + PAGE), -EBUSY);
    // What is bound cannot be resized under the memory.
    assert.equal(guest.call("map_set", handle, object.map("table"), 4, 10, 0), -EBUSY);
  });
});

test("a map is mapped by its descriptor, in part, and outlives it", (t) => {
  const object = new Bound(t, ".bss");
  object.load();
  const { guest } = object;
  const fd = object.mapFd("table");
  const at = pages(guest, PAGE);
  const map = (place: number, size: number, page: number, which = fd): number =>
    guest.call("map_map", which, place, size, page);
  assert.equal(map(at, PAGE, 1), 0);
  object.run("count");
  assert.equal(guest.view(at, PAGE).getUint32(999 * 8 - PAGE, true), 1);
  grow(object, 16);
  object.run("count");
  assert.equal(guest.view(at, PAGE).getUint32(999 * 8 - PAGE, true), 2);
  const free = pages(guest, 2 * PAGE);
  assert.equal(map(at, PAGE, 0), -EBUSY);
  assert.equal(map(object.at.get(".bss") ?? 0, PAGE, 0), -EBUSY);
  assert.equal(map(free, PAGE, 7), -EINVAL);
  assert.equal(map(free, PAGE, -1), -EINVAL);
  assert.equal(map(free + 8, PAGE, 0), -EINVAL);
  assert.equal(map(free, 0, 0), -EINVAL);
  assert.equal(map(0xfffff000, PAGE, 0), -EFAULT);
  assert.equal(map(free, PAGE, 0, 1), -ENODEV);
  assert.equal(map(free, PAGE, 0, 999), -EBADF);
  assert.ok(map(free, PAGE, 0, object.mapFd("numbers")) < 0);
  assert.ok(map(free, PAGE, 0, object.mapFd(".rodata")) < 0);
  assert.equal(guest.call("object_close", object.handle), 0);
  guest.view(at, 4).setUint32(0, 5, true);
  assert.equal(guest.call("map_unmap", at, 2 * PAGE), -EINVAL);
  assert.equal(guest.call("map_unmap", at, PAGE), 0);
  assert.equal(guest.call("map_unmap", at, PAGE), -EINVAL);
  assert.deepEqual(
    [0, 999 * 8 - PAGE].map((offset) => guest.view(at, PAGE).getUint32(offset, true)),
    [5, 2],
  );
});
