import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { possibleCpuCount } from "../../src/kernel/index.ts";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import {
  BPF_MAP_TYPE_ARRAY,
  BPF_MAP_TYPE_ARRAY_OF_MAPS,
  BPF_MAP_TYPE_BLOOM_FILTER,
  BPF_MAP_TYPE_HASH,
  BPF_MAP_TYPE_PERCPU_HASH,
  BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  BPF_MAP_TYPE_PROG_ARRAY,
  BPF_MAP_TYPE_QUEUE,
} from "../../src/uapi/bpf.ts";
import { E2BIG, EBADF, EEXIST, EFAULT, EINVAL, ENOENT, EPERM } from "../../src/uapi/errno.ts";
import { AbiGuest } from "../support/abi-v2.ts";
import { GuestObjectFixture } from "../support/abi-v2-object.ts";
import { compileBpf } from "../support/compile-bpf.ts";

failOnLeaks();

/** A guest and a map that it has created, with room for a key and a value. */
class MapFixture {
  readonly guest = new AbiGuest();
  readonly fd: number;
  readonly key: number;
  readonly value: number;

  constructor(
    t: TestContext,
    type: number,
    sizes: { key: number; value: number; entries: number; flags?: number },
  ) {
    t.after(() => this.guest.close());
    const { key, value, entries, flags = 0 } = sizes;
    const request = { 4: type, 8: this.guest.text("test"), 12: key, 16: value, 20: entries, 24: flags };
    this.fd = this.guest.call("map_create", this.guest.block(80, request));
    assert.ok(this.fd > 2, `map_create: ${this.fd}`);
    this.key = this.guest.alloc(64);
    this.value = this.guest.alloc(4096);
  }

  set(key: number, value: number, flags = 0): number {
    this.guest.view(this.key, 4).setUint32(0, key, true);
    this.guest.view(this.value, 4).setUint32(0, value, true);
    return this.guest.call("map_update", this.fd, this.key, this.value, flags, 0);
  }

  get(key: number, call = "map_lookup"): number {
    this.guest.view(this.key, 4).setUint32(0, key, true);
    const result = this.guest.call(call, this.fd, this.key, this.value, 0, 0);
    return result < 0 ? result : this.guest.view(this.value, 4).getUint32(0, true);
  }
}

test("elements of a hash", (t) => {
  const map = new MapFixture(t, BPF_MAP_TYPE_HASH, { key: 4, value: 8, entries: 10 });
  const { guest, fd, key, value } = map;
  assert.equal(map.get(1), -ENOENT);
  assert.deepEqual([map.set(1, 11), map.set(2, 22)], [0, 0]);
  assert.equal(map.set(1, 12, 1), -EEXIST);
  assert.equal(map.set(3, 33, 2), -ENOENT);
  assert.deepEqual([map.get(1), map.get(2)], [11, 22]);
  const next = guest.alloc(4);
  const keys: number[] = [];
  for (let at = 0; guest.call("map_next_key", fd, at, next) === 0; at = next) {
    keys.push(guest.view(next, 4).getUint32(0, true));
  }
  assert.deepEqual(keys.sort(), [1, 2]);
  assert.equal(map.get(2, "map_take"), 22);
  assert.equal(map.get(2), -ENOENT);
  guest.view(key, 4).setUint32(0, 1, true);
  assert.equal(guest.call("map_delete", fd, key, 0, 0), 0);
  assert.equal(guest.call("map_delete", fd, key, 0, 0), -ENOENT);
  assert.equal(guest.call("map_next_key", fd, 0, next), -ENOENT);
  void value;
});

test("a value of a per-CPU map has all possible CPUs", (t) => {
  const cpus = possibleCpuCount();
  const map = new MapFixture(t, BPF_MAP_TYPE_PERCPU_HASH, { key: 4, value: 4, entries: 4 });
  const { guest, value } = map;
  for (let cpu = 0; cpu < cpus; cpu++) guest.view(value + cpu * 8, 4).setUint32(0, 100 + cpu, true);
  assert.equal(map.set(1, 100), 0);
  guest.context.memory.range(value, 4096)?.fill(0);
  assert.equal(map.get(1), 100);
  for (let cpu = 0; cpu < cpus; cpu++) {
    assert.equal(guest.view(value + cpu * 8, 4).getUint32(0, true), 100 + cpu);
  }
  // The last byte of all CPUs has to be in the memory.
  const end = guest.context.memory.bytes.length;
  guest.view(map.key, 4).setUint32(0, 1, true);
  const at = (size: number): number => guest.call("map_lookup", map.fd, map.key, end - size, 0, 0);
  assert.equal(at(8 * cpus - 1), -EFAULT);
  assert.equal(at(8 * cpus), 0);
});

test("maps without keys", (t) => {
  const queue = new MapFixture(t, BPF_MAP_TYPE_QUEUE, { key: 0, value: 4, entries: 4 });
  const { guest, fd, key, value } = queue;
  const push = (number: number): number => {
    guest.view(value, 4).setUint32(0, number, true);
    return guest.call("map_update", fd, 0, value, 0, 0);
  };
  assert.deepEqual([push(1), push(2)], [0, 0]);
  assert.equal(guest.call("map_update", fd, key, value, 0, 0), -EINVAL);
  assert.equal(guest.call("map_take", fd, 0, value, 0, 0), 0);
  assert.equal(guest.view(value, 4).getUint32(0, true), 1);
  const filter = new MapFixture(t, BPF_MAP_TYPE_BLOOM_FILTER, { key: 0, value: 4, entries: 100 });
  const add = filter.guest;
  add.view(filter.value, 4).setUint32(0, 5, true);
  assert.equal(add.call("map_update", filter.fd, 0, filter.value, 0, 0), 0);
  assert.equal(add.call("map_lookup", filter.fd, 0, filter.value, 0, 0), 0);
});

describe("batches", () => {
  const ENTRIES = 1000;

  /** A filled map, with arrays for all of it. */
  function filled(t: TestContext, type: number): MapFixture & { keys: number; values: number } {
    const map = new MapFixture(t, type, { key: 4, value: 8, entries: ENTRIES });
    const keys = map.guest.alloc(ENTRIES * 4);
    const values = map.guest.alloc(ENTRIES * 8);
    for (let index = 0; index < ENTRIES; index++) {
      map.guest.view(keys + index * 4, 4).setUint32(0, index, true);
      map.guest.view(values + index * 8, 8).setUint32(0, index * 3, true);
    }
    const request = map.guest.block(40, { 12: keys, 16: values, 20: ENTRIES });
    assert.equal(map.guest.call("map_batch", map.fd, 3, request), 0);
    return Object.assign(map, { keys, values });
  }

  test("what was written together is read together, in pieces", (t) => {
    const { guest, fd, keys, values } = filled(t, BPF_MAP_TYPE_HASH);
    guest.context.memory.range(keys, ENTRIES * 4)?.fill(0);
    guest.context.memory.range(values, ENTRIES * 8)?.fill(0);
    const position = guest.alloc(4);
    const found = new Map<number, number>();
    for (let result = 0, first = true; result === 0; first = false) {
      const request = guest.block(40, {
        4: first ? 0 : position,
        8: position,
        12: keys,
        16: values,
        20: 100,
      });
      result = guest.call("map_batch", fd, 1, request);
      assert.ok(result === 0 || result === -ENOENT, `${result}`);
      const count = guest.view(request, 40).getUint32(20, true);
      for (let index = 0; index < count; index++) {
        const key = guest.view(keys + index * 4, 4).getUint32(0, true);
        found.set(key, guest.view(values + index * 8, 4).getUint32(0, true));
      }
    }
    assert.equal(found.size, ENTRIES);
    assert.ok([...found].every(([key, value]) => value === key * 3));
  });

  test("taking empties, deleting tells how far it came", (t) => {
    const { guest, fd, keys, values } = filled(t, BPF_MAP_TYPE_HASH);
    const request = guest.block(40, { 12: keys, 20: 10 });
    assert.equal(guest.call("map_batch", fd, 4, request), 0);
    assert.equal(guest.call("map_batch", fd, 4, request), -ENOENT);
    assert.equal(guest.view(request, 40).getUint32(20, true), 0);
    const position = guest.alloc(4);
    const take = guest.block(40, { 8: position, 12: keys, 16: values, 20: ENTRIES });
    assert.equal(guest.call("map_batch", fd, 2, take), -ENOENT);
    assert.equal(guest.view(take, 40).getUint32(20, true), ENTRIES - 10);
    assert.equal(guest.call("map_next_key", fd, 0, position), -ENOENT);
  });

  test("hostile requests", (t) => {
    const { guest, fd, keys, values } = filled(t, BPF_MAP_TYPE_ARRAY);
    const call = (operation: number, fields: Record<number, number | bigint>): number =>
      guest.call("map_batch", fd, operation, guest.block(40, fields));
    assert.equal(call(9, {}), -EINVAL);
    assert.equal(call(0, {}), -EINVAL);
    assert.equal(call(-1, {}), -EINVAL);
    assert.equal(call(1, { 12: keys, 16: values, 20: 0xffffffff }), -EFAULT);
    assert.equal(call(1, { 12: 0xfffffff0, 16: values, 20: 100 }), -EFAULT);
    assert.equal(call(3, { 16: values, 20: 100 }), -EFAULT);
    assert.equal(call(3, { 12: keys, 20: 100 }), -EFAULT);
    assert.ok(call(1, { 8: -2, 12: keys, 16: values, 20: 100 }) === -EFAULT);
    assert.equal(guest.call("map_batch", fd, 1, -4), -EFAULT);
    assert.equal(guest.call("map_batch", fd + 1, 1, guest.block(40)), -EBADF);
  });
});

test("foreign descriptors and wild pointers", (t) => {
  const map = new MapFixture(t, BPF_MAP_TYPE_HASH, { key: 8, value: 8, entries: 10 });
  const { guest, key, value } = map;
  const element = (...parameters: number[]): number => guest.call("map_lookup", ...parameters);
  for (const fd of [-1, 0, 1, 1023, 0x7fffffff, -0x80000000, map.fd + 1]) {
    // As in the kernel: nothing is open, or something that is no map.
    const refusal = guest.context.fds.get(fd) === undefined ? -EBADF : -EINVAL;
    assert.equal(element(fd, key, value, 0, 0), refusal);
    assert.equal(guest.call("map_next_key", fd, 0, value), refusal);
    assert.equal(guest.call("map_freeze", fd), refusal);
  }
  const end = guest.context.memory.bytes.length;
  for (const wild of [0, -1, -8, end - 7, end, 0x7ffffff9]) {
    assert.equal(element(map.fd, wild, value, 0, 0), -EFAULT);
    assert.equal(guest.call("map_next_key", map.fd, 0, wild), -EFAULT);
    assert.equal(guest.call("map_update", map.fd, key, wild, 0, 0), -EFAULT);
    if (wild !== 0) assert.equal(guest.call("map_next_key", map.fd, wild, value), -EFAULT);
  }
  assert.equal(element(map.fd, key, value, -1, -1), -EINVAL);
  const block = (fields: Record<number, number | bigint>): number =>
    guest.call("map_create", guest.block(80, fields));
  assert.equal(block({ 4: BPF_MAP_TYPE_HASH, 12: 4, 16: 4, 20: 0 }), -EINVAL);
  assert.equal(block({ 4: 0x7fffffff, 12: 4, 16: 4, 20: 1 }), -EINVAL);
  assert.equal(block({ 4: BPF_MAP_TYPE_HASH, 12: 4, 16: 0xffffffff, 20: 1 }), -E2BIG);
  const nested = { 4: BPF_MAP_TYPE_ARRAY_OF_MAPS, 12: 4, 16: 4, 20: 1 };
  for (const foreign of [1, 2, 99, -1]) assert.equal(block({ ...nested, 44: foreign }), -EBADF);
  assert.equal(block({ 4: BPF_MAP_TYPE_HASH, 12: 4, 16: 4, 20: 1, 48: map.fd, 52: 1, 56: 1 }), -EINVAL);
  assert.equal(block({ 4: BPF_MAP_TYPE_HASH, 12: 4, 16: 4, 20: 1, 48: 99, 52: 1, 56: 1 }), -EBADF);
  assert.equal(block({ 4: BPF_MAP_TYPE_HASH, 8: -1, 12: 4, 16: 4, 20: 1 }), -EFAULT);
  // Closing the guest's number closes the map: nothing is left behind it.
  assert.equal(guest.context.fds.close(map.fd), 0);
  assert.equal(element(map.fd, key, value, 0, 0), -EBADF);
});

test("a frozen map is read-only for system calls", (t) => {
  const map = new MapFixture(t, BPF_MAP_TYPE_ARRAY, { key: 4, value: 8, entries: 1 });
  assert.equal(map.set(0, 1), 0);
  assert.equal(map.guest.call("map_freeze", map.fd), 0);
  assert.equal(map.set(0, 2), -EPERM);
  assert.equal(map.get(0), 1);
});

test("values that are descriptors are the guest's", (t) => {
  const programs = new MapFixture(t, BPF_MAP_TYPE_PROG_ARRAY, { key: 4, value: 4, entries: 2 });
  const { guest } = programs;
  const object = new GuestObjectFixture(
    t,
    compileBpf(`SEC("socket") int seven(struct __sk_buff *skb) { return 7; }`),
    {},
    guest,
  );
  object.load();
  assert.equal(programs.set(0, object.programFd("seven")), 0);
  for (const foreign of [0, 1, 2, programs.fd, 200]) assert.equal(programs.set(0, foreign), -EBADF);
  // What the kernel answers with is the program's id.
  assert.ok(programs.get(0) > 0);
  const events = new MapFixture(t, BPF_MAP_TYPE_PERF_EVENT_ARRAY, { key: 4, value: 4, entries: 2 });
  assert.equal(events.set(0, events.fd), -EBADF);
  const outside = guest.block(40, { 12: programs.key, 16: programs.value, 20: 1 });
  guest.view(programs.value, 4).setUint32(0, 1, true);
  assert.equal(guest.call("map_batch", programs.fd, 3, outside), -EBADF);
});
