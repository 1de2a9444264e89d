import assert from "node:assert/strict";
import { test } from "node:test";
import { BpfMap, BpfObject } from "../../src/ebpf/index.ts";
import { possibleCpuCount } from "../../src/kernel/index.ts";
import { getSys, SystemCallError } from "../../src/sys/index.ts";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import { BPF_NOEXIST } from "../../src/uapi/bpf.ts";
import { EBADF, EEXIST, EFAULT, EINVAL, ENOENT } from "../../src/uapi/errno.ts";
import { withBpfFileSystem } from "../support/bpf-file-system.ts";
import { compileBpf } from "../support/compile-bpf.ts";

failOnLeaks();

const MAPS = compileBpf(`
struct point { int x; int y; };
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 5000);
	__type(key, __u32);
	__type(value, struct point);
} hash SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 10);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, __u64);
} array SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 10);
	__type(key, __u32);
	__type(value, __u32);
} percpu SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 4);
	__uint(value_size, 4);
} queue SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
} perf SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 5000);
} ring SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 4);
	__uint(key_size, 8);
	__uint(value_size, 4);
	__uint(map_flags, BPF_F_NO_PREALLOC);
} trie SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u64);
} storage SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 16);
	__uint(key_size, 4);
	__uint(value_size, 8 * 16);
} stacks SEC(".maps");
`);

function loadMaps(): BpfObject {
  const object = BpfObject.open(MAPS);
  object.load();
  return object;
}

function u32(...words: number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(words).buffer);
}

test("maps are made with the sizes, defaults and types of their declaration", () => {
  using object = loadMaps();
  const hash = object.map("hash").info();
  assert.deepEqual(
    [hash.keySizeBytes, hash.valueSizeBytes, hash.maxEntries, hash.name],
    [4, 8, 5000, "hash"],
  );
  assert.ok(hash.btfId > 0 && hash.keyTypeId > 0 && hash.valueTypeId > 0);
  assert.equal(object.map("perf").info().maxEntries, possibleCpuCount());
  assert.equal(object.map("ring").info().maxEntries, 8192);
  assert.equal(object.map("ring").maxEntries, 8192);
  assert.ok(object.map("storage").info().keyTypeId > 0);
  assert.equal(object.map("stacks").info().btfId, 0);
});

test("lookup, update, delete, keys, entries", () => {
  using object = loadMaps();
  const hash = object.map("hash");
  assert.equal(hash.lookup(u32(1)), undefined);
  hash.update(u32(1), u32(10, 11));
  hash.update(u32(2), u32(20, 21));
  assert.deepEqual(hash.lookup(u32(1)), u32(10, 11));
  assert.throws(() => hash.update(u32(1), u32(0, 0), BigInt(BPF_NOEXIST)), {
    code: "SYSCALL",
    message: /Cannot update a key in map "hash": bpf\(BPF_MAP_UPDATE_ELEM\) failed with EEXIST/,
  });
  assert.deepEqual([...hash.keys()].map((key) => key[0]).sort(), [1, 2]);
  assert.equal([...hash.entries()].length, 2);
  assert.deepEqual(hash.lookupAndDelete(u32(2)), u32(20, 21));
  assert.equal(hash.lookupAndDelete(u32(2)), undefined);
  assert.equal(hash.delete(u32(1)), true);
  assert.equal(hash.delete(u32(1)), false);
  assert.equal(hash.nextKey(), undefined);
  assert.deepEqual([...hash.keys()], []);
  for (const wrong of [
    () => hash.lookup(u32(1, 2)),
    () => hash.delete(u32()),
    () => hash.update(u32(1), u32(1)),
  ]) {
    assert.throws(wrong, { code: "INVALID_ARGUMENT", message: /keys of 4 and values of 8 bytes, got/ });
  }
});

test("thousands of entries in few calls, and one by one where the map has no batches", () => {
  using object = loadMaps();
  const hash = object.map("hash");
  const entries = Array.from({ length: 5000 }, (_, index) => ({
    key: u32(index),
    value: u32(index, index * 2),
  }));
  hash.writeAll(entries);
  const read = hash.readAll();
  assert.equal(read.length, 5000);
  assert.equal(new Set(read.map(({ key }) => new Uint32Array(key.slice().buffer)[0])).size, 5000);
  assert.throws(() => hash.writeAll([{ key: u32(9000), value: u32(0, 0) }]), SystemCallError);
  assert.throws(() => hash.writeAll([{ key: u32(0), value: u32(0) }]), { code: "INVALID_ARGUMENT" });

  const array = object.map("array");
  array.writeAll([{ key: u32(3), value: u32(33, 0) }]);
  assert.equal(array.readAll().length, 10);
  assert.deepEqual(array.readAll()[3]?.value, u32(33, 0));

  const trie = object.map("trie");
  trie.writeAll([{ key: u32(32, 1), value: u32(9) }]);
  assert.deepEqual(trie.readAll(), [{ key: u32(32, 1), value: u32(9) }]);
});

test("per-CPU values have an element for every possible CPU, in multiples of 8 bytes", () => {
  using object = loadMaps();
  const percpu = object.map("percpu");
  assert.equal(percpu.elementSizeBytes, 4);
  assert.equal(percpu.valueSizeBytes, 8 * possibleCpuCount());
  const value = new Uint8Array(percpu.valueSizeBytes);
  for (let cpu = 0; cpu < possibleCpuCount(); cpu++) value[cpu * 8] = cpu + 1;
  percpu.update(u32(1), value);
  assert.deepEqual(percpu.lookup(u32(1)), value);
  percpu.writeAll([{ key: u32(2), value }]);
  assert.equal(percpu.readAll().length, 2);
  assert.equal(percpu.rawLookup(u32(1), new Uint8Array(4), 0n), -EINVAL);
});

test("a queue has no keys", () => {
  using object = loadMaps();
  const queue = object.map("queue");
  const none = new Uint8Array(0);
  queue.update(none, u32(7));
  queue.update(none, u32(8));
  assert.deepEqual(queue.lookup(none), u32(7));
  assert.deepEqual(queue.lookupAndDelete(none), u32(7));
  assert.deepEqual(queue.lookupAndDelete(none), u32(8));
  assert.equal(queue.lookupAndDelete(none), undefined);
});

test("the raw calls answer -errno to whatever they get", () => {
  const object = loadMaps();
  const hash = object.map("hash");
  const value = new Uint8Array(8);
  assert.equal(hash.rawLookup(u32(5), value, 0n), -ENOENT);
  assert.equal(hash.rawLookup(undefined, value, 0n), -EFAULT);
  assert.equal(hash.rawLookup(new Uint8Array(3), value, 0n), -EINVAL);
  assert.equal(hash.rawLookup(u32(5), new Uint8Array(7), 0n), -EINVAL);
  assert.equal(hash.rawLookup(u32(5), value, 1n << 60n), -EINVAL);
  assert.equal(hash.rawUpdate(u32(5), value, 0n), 0);
  assert.equal(hash.rawUpdate(u32(5), value, BigInt(BPF_NOEXIST)), -EEXIST);
  const next = new Uint8Array(4);
  assert.equal(hash.rawNextKey(undefined, next), 0);
  assert.deepEqual(next, u32(5));
  assert.equal(hash.rawNextKey(u32(5), next), -ENOENT);
  assert.equal(hash.rawNextKey(undefined, new Uint8Array(1)), -EINVAL);
  assert.equal(hash.rawLookupAndDelete(u32(5), value, 0n), 0);
  assert.equal(hash.rawDelete(u32(5), 0n), -ENOENT);
  object.close();
  assert.equal(hash.rawLookup(u32(5), value, 0n), -EBADF);
  assert.equal(hash.rawNextKey(undefined, next), -EBADF);
  assert.throws(() => hash.lookup(u32(5)), { code: "CLOSED", message: 'Map "hash" is closed' });
  assert.throws(() => hash.readAll(), { code: "CLOSED" });
});

test("an mmapable array is the kernel's own memory", () => {
  using object = loadMaps();
  const array = object.map("array");
  const words = new BigUint64Array(array.mmap());
  array.update(u32(2), u32(77, 0));
  assert.equal(words[2], 77n);
  words[3] = 88n;
  assert.deepEqual(array.lookup(u32(3)), u32(88, 0));
  getSys().munmap(words.buffer as ArrayBuffer);
  assert.throws(() => object.map("hash").mmap(), { code: "NOT_SUPPORTED", message: /BPF_F_MMAPABLE/ });
});

test("a frozen map refuses updates", () => {
  using object = loadMaps();
  const hash = object.map("hash");
  hash.freeze();
  assert.throws(() => hash.update(u32(1), u32(1, 1)), { message: /EPERM/ });
});

test("a map is configured before load and refused sizes are named", () => {
  const object = BpfObject.open(MAPS);
  object.map("hash").configure({ maxEntries: 3, valueSizeBytes: 16 });
  object.map("ring").configure({ maxEntries: 100_000 });
  object.map("stacks").configure({ autocreate: false });
  object.load();
  const info = object.map("hash").info();
  assert.deepEqual([info.maxEntries, info.valueSizeBytes, info.btfId], [3, 16, 0]);
  assert.equal(object.map("ring").info().maxEntries, 131072);
  assert.equal(object.map("stacks").loaded, false);
  object.close();

  const refused = BpfObject.open(MAPS);
  refused.map("hash").configure({ keySizeBytes: 0 });
  assert.throws(() => refused.load(), {
    message: /Cannot create map "hash" \(type 1, keys of 0 and values of 8 bytes, 5000 entries\): .*EINVAL/,
  });
});

test("maps in maps: declared inner map, static slots, and those the program sees", () => {
  const bytes = compileBpf(`
struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} inner_a SEC(".maps"), inner_b SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 3);
	__type(key, __u32);
	__array(values, struct inner);
} outer SEC(".maps") = { .values = { [0] = &inner_a, [2] = &inner_b } };
struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, 3);
	__type(key, __u32);
	__array(values, struct inner);
} dynamic SEC(".maps");
SEC("socket") int prog(struct __sk_buff *skb)
{
	__u32 zero = 0, two = 2, sum = 0;
	void *map = bpf_map_lookup_elem(&outer, &two);
	if (map) {
		__u32 *value = bpf_map_lookup_elem(map, &zero);
		if (value)
			sum += *value;
	}
	map = bpf_map_lookup_elem(&dynamic, &two);
	if (map) {
		__u32 *value = bpf_map_lookup_elem(map, &zero);
		if (value)
			sum += *value;
	}
	return sum;
}`);
  using object = BpfObject.open(bytes);
  object.load();
  const outer = object.map("outer");
  assert.deepEqual(outer.lookup(u32(0)), u32(object.map("inner_a").info().id));
  assert.equal(outer.lookup(u32(1)), undefined);
  assert.deepEqual(outer.lookup(u32(2)), u32(object.map("inner_b").info().id));
  object.map("inner_b").update(u32(0), u32(5));
  object.map("inner_a").update(u32(0), u32(6));
  object.map("dynamic").update(u32(2), u32(object.map("inner_a").fd));
  assert.equal(object.program("prog").testRun({ data: new Uint8Array(64) }).returnValue, 11);
});

test("a prog array gets the programs its declaration names", () => {
  const bytes = compileBpf(`
int called(struct __sk_buff *skb);
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 2);
	__uint(key_size, 4);
	__array(values, int(struct __sk_buff *));
} jumps SEC(".maps") = { .values = { [1] = (void *)&called } };
SEC("socket") int called(struct __sk_buff *skb) { return 42; }
SEC("socket") int prog(struct __sk_buff *skb) { bpf_tail_call(skb, &jumps, 1); return 1; }
`);
  using object = BpfObject.open(bytes);
  object.load();
  assert.equal(object.program("prog").testRun({ data: new Uint8Array(64) }).returnValue, 42);
});

test("a program that uses a map that was left out is refused with the map's name", () => {
  const bytes = compileBpf(`
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} left_out SEC(".maps");
SEC("socket") int prog(struct __sk_buff *skb)
{
	__u32 zero = 0;
	return bpf_map_lookup_elem(&left_out, &zero) != 0;
}`);
  const object = BpfObject.open(bytes);
  object.map("left_out").configure({ autocreate: false });
  assert.throws(() => object.load(), {
    code: "VERIFIER",
    message: /it uses map "left_out", which was not created/,
  });
});

test("maps are pinned by name, found again, and checked", () => {
  const source = (entries: number): Uint8Array =>
    compileBpf(`
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, ${entries});
	__type(key, __u32);
	__type(value, __u32);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} shared SEC(".maps");
SEC("socket") int prog(void *ctx) { return 0; }
`);
  withBpfFileSystem((root) => {
    const pinRoot = `${root}/made/here`;
    using first = BpfObject.open(source(2), { pinRoot: root });
    first.load();
    first.map("shared").update(u32(1), u32(11));
    using second = BpfObject.open(source(2), { pinRoot: root });
    second.load();
    assert.deepEqual(second.map("shared").lookup(u32(1)), u32(11));
    assert.equal(second.map("shared").info().id, first.map("shared").info().id);
    const other = BpfObject.open(source(3), { pinRoot: root });
    assert.throws(() => other.load(), {
      code: "INVALID_ARGUMENT",
      message: /its number of entries is 2, the object wants 3/,
    });
    using opened = BpfMap.fromPin(`${root}/shared`);
    assert.deepEqual(opened.lookup(u32(1)), u32(11));
    assert.equal(opened.name, "shared");
    opened.unpin(`${root}/shared`);
    assert.throws(() => BpfMap.fromPin(`${root}/shared`), { message: /ENOENT/ });
    assert.throws(() => BpfObject.open(source(2), { pinRoot }).load(), { code: "NOT_SUPPORTED" });
  });
  const object = BpfObject.open(source(2), { pinRoot: "/tmp" });
  assert.throws(() => object.load(), {
    code: "NOT_SUPPORTED",
    message: /\/tmp is not in a BPF file system.*mount -t/,
  });
});

test("a pin made by a load that fails later is removed", () => {
  const bytes = compileBpf(`
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} shared SEC(".maps");
SEC("tp/sched/sched_process_exec") int prog(void *ctx) { return *(volatile int *)0; }
`);
  withBpfFileSystem((root) => {
    assert.throws(() => BpfObject.open(bytes, { pinRoot: root }).load(), { code: "VERIFIER" });
    assert.throws(() => BpfMap.fromPin(`${root}/shared`), { message: /ENOENT/ });
  });
});
