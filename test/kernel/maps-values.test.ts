import assert from "node:assert/strict";
import { test } from "node:test";
import { BpfMap, BpfObject } from "../../src/ebpf/index.ts";
import { kernelVersion, possibleCpuCount, versionCode } from "../../src/kernel/index.ts";
import { getSys, type Sys, setSys } from "../../src/sys/index.ts";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import {
  BPF_ANY,
  BPF_EXIST,
  BPF_F_LOCK,
  BPF_F_NO_PREALLOC,
  BPF_F_NUMA_NODE,
  BPF_F_RDONLY,
  BPF_MAP_DELETE_BATCH,
  BPF_MAP_LOOKUP_AND_DELETE_BATCH,
  BPF_MAP_LOOKUP_AND_DELETE_ELEM,
  BPF_MAP_LOOKUP_BATCH,
  BPF_MAP_TYPE_ARRAY,
  BPF_MAP_TYPE_HASH,
  BPF_MAP_TYPE_LPM_TRIE,
  BPF_MAP_TYPE_LRU_HASH,
  BPF_MAP_TYPE_QUEUE,
  BPF_MAP_TYPE_STACK,
  BPF_MAP_UPDATE_BATCH,
} from "../../src/uapi/bpf.ts";
import { EINVAL } from "../../src/uapi/errno.ts";
import { withBpfFileSystem } from "../support/bpf-file-system.ts";
import { longs, u32, u64, words } from "../support/bytes.ts";
import { compileBpf } from "../support/compile-bpf.ts";
import { openMapKinds } from "../support/map-kinds.ts";

failOnLeaks();

const NONE = new Uint8Array(0);
const PACKET = { data: new Uint8Array(64) };

/** Runs `use_values` of map-kinds, which counts under key 1 in every kind of map. */
function withMapKinds(body: (object: BpfObject, run: () => number) => void): void {
  using object = openMapKinds();
  object.load();
  body(object, () => object.program("use_values").testRun(PACKET).returnValue);
}

test("a program and system calls see the same entries in hashes, arrays, tries and maps of maps", () => {
  withMapKinds((object, run) => {
    run();
    const second = run();
    // What the second run found: 2 in each of the nine, but 1 in each of the two ways to the inner map more.
    assert.ok(second > 0);
    const length = 50; // a packet of 64 bytes without its Ethernet header
    for (const name of ["hash", "array", "lru_hash"]) {
      const [count] = longs(object.map(name).lookup(u32(1))) ?? [];
      assert.ok(count === 1 || count === 2, `${name}: ${count}`);
      assert.equal(words(object.map(name).lookup(u32(1)))?.[2], length, name);
    }
    assert.equal(longs(object.map("hash").lookup(u32(1)))?.[0], 2);
    // Arrays hold zeros from the start, so that the first run counted already.
    assert.equal(longs(object.map("array").lookup(u32(1)))?.[0], 2);
    assert.equal(longs(object.map("inner").lookup(u32(1)))?.[0], 4);
    const key = Uint8Array.of(...u32(32), 10, 1, 2, 3);
    assert.equal(longs(object.map("trie").lookup(key))?.[0], 2);
  });
});

test("per-CPU values have the program's count at the CPU that it ran on", () => {
  withMapKinds((object, run) => {
    for (let round = 0; round < 5; round++) run();
    for (const name of ["percpu_hash", "percpu_array", "lru_percpu_hash"]) {
      const map = object.map(name);
      assert.equal(map.valueSizeBytes, 16 * possibleCpuCount());
      const value = longs(map.lookup(u32(1))) ?? [];
      const counts = value.filter((_, index) => index % 2 === 0);
      assert.equal(counts.length, possibleCpuCount());
      const sum = counts.reduce((total, count) => total + count, 0);
      // A hash entry is made with the program's value on one CPU and zeros elsewhere.
      assert.equal(sum, 5, name);
    }
    const map = object.map("percpu_array");
    const value = new Uint8Array(map.valueSizeBytes);
    new BigUint64Array(value.buffer).forEach((_, index, all) => {
      all[index] = BigInt(index);
    });
    map.update(u32(7), value);
    // The padding of an element is not stored.
    const stored = map.lookup(u32(7));
    assert.deepEqual(longs(stored)?.[0], 0);
    assert.deepEqual(longs(stored)?.[2], 2);
    assert.equal(map.rawUpdate(u32(7), new Uint8Array(8), 0n), -EINVAL);
  });
});

test("queue, stack and bloom filter have no keys", () => {
  withMapKinds((object, run) => {
    run();
    const [queue, stack, bloom] = ["queue", "stack", "bloom_filter"].map((name) => object.map(name));
    assert.ok(queue && stack && bloom);
    assert.equal(queue.lookup(NONE), undefined, "the program popped what it pushed");
    for (const map of [queue, stack]) for (const value of [1, 2, 3]) map.update(NONE, u32(value));
    assert.deepEqual([words(queue.lookup(NONE)), words(queue.lookup(NONE))], [[1], [1]]);
    assert.deepEqual(
      [1, 2, 3].map(() => words(queue.lookupAndDelete(NONE))),
      [[1], [2], [3]],
    );
    assert.equal(queue.lookupAndDelete(NONE), undefined);
    assert.deepEqual(
      [1, 2, 3, 4].map(() => words(stack.lookupAndDelete(NONE))),
      [[3], [2], [1], [50]],
    );
    for (const value of [1, 2, 3, 4]) queue.update(NONE, u32(value));
    assert.throws(() => queue.update(NONE, u32(5)), { message: /E2BIG/ });
    queue.update(NONE, u32(5), BigInt(BPF_EXIST));
    assert.deepEqual(words(queue.lookup(NONE)), [2], "the oldest made room");
    assert.throws(() => queue.nextKey(), { code: "NOT_SUPPORTED" });

    assert.equal(bloom.mayContain(u32(50)), true);
    const absent = Array.from({ length: 200 }, (_, value) => u32(1000 + value)).filter(
      (value) => !bloom.mayContain(value),
    );
    assert.ok(absent.length > 150);
    bloom.update(NONE, absent[0] ?? u32(0));
    assert.equal(bloom.mayContain(absent[0] ?? u32(0)), true);
  });
});

test("a longest-prefix trie gives the longest match and its keys", () => {
  using trie = BpfMap.create({
    type: BPF_MAP_TYPE_LPM_TRIE,
    name: "routes",
    keySizeBytes: 8,
    valueSizeBytes: 4,
    maxEntries: 10,
    flags: BPF_F_NO_PREALLOC,
  });
  const key = (bits: number, ...address: number[]): Uint8Array => Uint8Array.of(...u32(bits), ...address);
  trie.update(key(0, 0, 0, 0, 0), u32(1));
  trie.update(key(8, 10, 0, 0, 0), u32(2));
  trie.update(key(24, 10, 1, 2, 0), u32(3));
  const match = (...address: number[]): number[] | undefined => words(trie.lookup(key(32, ...address)));
  assert.deepEqual(match(10, 1, 2, 99), [3]);
  assert.deepEqual(match(10, 1, 3, 99), [2]);
  assert.deepEqual(match(11, 1, 3, 99), [1]);
  assert.equal([...trie.keys()].length, 3);
  assert.equal(trie.readAll().length, 3);
  trie.delete(key(8, 10, 0, 0, 0));
  assert.deepEqual(match(10, 1, 3, 99), [1]);
});

test("an LRU hash makes room by itself", () => {
  using map = BpfMap.create({
    type: BPF_MAP_TYPE_LRU_HASH,
    name: "recent",
    keySizeBytes: 4,
    valueSizeBytes: 4,
    maxEntries: 32,
  });
  for (let key = 0; key < 1000; key++) map.update(u32(key), u32(key));
  const { length } = [...map.keys()];
  assert.ok(length > 0 && length <= 32, String(length));
  assert.deepEqual(words(map.lookup(u32(999))), [999]);
});

/** Runs `body` with a kernel that knows neither batches nor, when asked for, taking entries out of hashes. */
function withoutBatches(refused: readonly number[], body: () => void): void {
  const real = getSys();
  const bpf: Sys["bpf"] = (command, attr) => (refused.includes(command) ? -EINVAL : real.bpf(command, attr));
  setSys({ ...real, bpf });
  try {
    body();
  } finally {
    setSys(real);
  }
}

const BATCHES = [
  BPF_MAP_LOOKUP_BATCH,
  BPF_MAP_LOOKUP_AND_DELETE_BATCH,
  BPF_MAP_UPDATE_BATCH,
  BPF_MAP_DELETE_BATCH,
];

function checkManyEntries(type: number): void {
  const isTrie = type === BPF_MAP_TYPE_LPM_TRIE;
  // A trie looks for the next key from its root.
  const [total, deleted] = isTrie ? [500, 100] : [5000, 1000];
  const flags = isTrie ? BPF_F_NO_PREALLOC : 0;
  using map = BpfMap.create({ type, keySizeBytes: 8, valueSizeBytes: 4, maxEntries: 20_000, flags });
  const entries = Array.from({ length: total }, (_, index) => ({ key: u32(32, index), value: u32(index) }));
  map.writeAll(entries);
  assert.equal(map.readAll().length, total, `type ${type}`);
  map.deleteAll([u32(32, 9999), ...entries.slice(0, deleted).map(({ key }) => key), u32(32, 0)]);
  assert.equal(map.readAll().length, total - deleted, `type ${type}`);
  const taken = map.takeAll();
  assert.equal(new Set(taken.map(({ value }) => words(value)?.[0])).size, total - deleted, `type ${type}`);
  assert.equal(map.nextKey(), undefined);
  assert.deepEqual(map.takeAll(), []);
  assert.throws(() => map.deleteAll([u32(1)]), { code: "INVALID_ARGUMENT", message: /got a key of 4/ });
}

test("many entries are written, read, taken out and deleted, with batches and one by one", () => {
  for (const type of [BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_LRU_HASH, BPF_MAP_TYPE_LPM_TRIE]) {
    checkManyEntries(type);
    withoutBatches(BATCHES, () => checkManyEntries(type));
    withoutBatches([...BATCHES, BPF_MAP_LOOKUP_AND_DELETE_ELEM], () => checkManyEntries(type));
  }
});

test("maps are made from code, and refused with their sizes", () => {
  using map = BpfMap.create({
    type: BPF_MAP_TYPE_ARRAY,
    name: "a name that is long!",
    keySizeBytes: 4,
    valueSizeBytes: 8,
    maxEntries: 4,
    numaNode: 0,
  });
  const info = map.info();
  assert.equal(info.name, "a_name_that_is_");
  assert.equal(info.flags, BPF_F_NUMA_NODE);
  map.update(u32(3), u64(33), BigInt(BPF_ANY));
  assert.deepEqual(longs(map.lookup(u32(3))), [33]);
  assert.throws(() => map.lookup(u32(3), BigInt(BPF_F_LOCK)), { message: /EINVAL/ });
  assert.equal(map.delete.length, 1);
  assert.throws(() => map.delete(u32(3)), { message: /EINVAL/ });
  assert.throws(
    () => BpfMap.create({ type: BPF_MAP_TYPE_ARRAY, keySizeBytes: 4, maxEntries: 1, numaNode: 999 }),
    {
      message: /EINVAL/,
    },
  );
  assert.throws(() => BpfMap.create({ type: 9999 }), {
    code: "SYSCALL",
    message: /Cannot create map "" \(type 9999, keys of 0 and values of 0 bytes, 0 entries\)/,
  });
  for (const type of [BPF_MAP_TYPE_QUEUE, BPF_MAP_TYPE_STACK]) {
    using created = BpfMap.create({ type, valueSizeBytes: 4, maxEntries: 1 });
    assert.equal(created.keySizeBytes, 0);
  }
});

test("flags of one side keep that side from writing or reading", () => {
  using map = BpfMap.create({
    type: BPF_MAP_TYPE_HASH,
    keySizeBytes: 4,
    valueSizeBytes: 4,
    maxEntries: 1,
    flags: BPF_F_RDONLY,
  });
  assert.equal(map.lookup(u32(1)), undefined);
  assert.throws(() => map.update(u32(1), u32(1)), { message: /EPERM/ });
});

/** A value with a lock, in a hash and, when `inner` says so, in a map of such hashes. */
function guarded(inner: string): Uint8Array {
  return compileBpf(`
struct guarded { struct bpf_spin_lock lock; __u32 a; __u64 b; };
struct guarded_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, struct guarded);
} guarded SEC(".maps");
${inner}
SEC("tc") int prog(struct __sk_buff *skb)
{
	__u32 key = 1;
	struct guarded *value = bpf_map_lookup_elem(&guarded, &key);
	if (!value)
		return 1;
	bpf_spin_lock(&value->lock);
	value->a++;
	value->b += 2;
	bpf_spin_unlock(&value->lock);
	return 0;
}`);
}

test("a value with a spin lock is read and written whole", () => {
  using object = BpfObject.open(guarded(""));
  object.load();
  const map = object.map("guarded");
  assert.equal(object.program("prog").testRun(PACKET).returnValue, 1);
  map.update(u32(1), u32(0, 5, 6, 0));
  assert.equal(object.program("prog").testRun(PACKET).returnValue, 0);
  assert.deepEqual(words(map.lookup(u32(1), BigInt(BPF_F_LOCK))), [0, 6, 8, 0]);
});

test("an inner map whose values have a lock is made with its types", (context) => {
  if (kernelVersion() < versionCode(6, 4, 0)) {
    context.skip("locks in inner maps need Linux 6.4");
    return;
  }
  const outer = `struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct guarded_map);
} outer SEC(".maps");`;
  using object = BpfObject.open(guarded(outer));
  object.load();
  // The kernel compares the locks' places, which it knows from the types.
  object.map("outer").update(u32(0), u32(object.map("guarded").fd));
  assert.deepEqual(words(object.map("outer").lookup(u32(0))), [object.map("guarded").info().id]);
});

test("a map is pinned by its configured path, found again by another object, and unpinned", () => {
  withBpfFileSystem((root) => {
    const open = (): BpfObject => {
      const object = openMapKinds();
      for (const program of object.programs.values()) program.autoload = program.name === "use_values";
      object.map("hash").configure({ pinPath: `${root}/shared`, maxEntries: 99 });
      object.map("ring").configure({ pinPath: `${root}/ring` });
      return object;
    };
    using first = open();
    first.load();
    first.program("use_values").testRun(PACKET);
    using second = open();
    second.load();
    assert.equal(second.map("hash").info().id, first.map("hash").info().id);
    assert.equal(second.map("ring").info().id, first.map("ring").info().id);
    assert.equal(longs(second.map("hash").lookup(u32(1)))?.[0], 1);
    assert.equal(second.map("hash").info().maxEntries, 99);
    first.map("hash").unpin();
    using third = open();
    third.load();
    assert.notEqual(third.map("hash").info().id, first.map("hash").info().id);
  });
});

test("type, sizes and flags change before load and never after it", () => {
  using object = openMapKinds();
  for (const program of object.programs.values()) program.autoload = false;
  object.map("hash").configure({ type: BPF_MAP_TYPE_LRU_HASH, maxEntries: 77, flags: BPF_F_NUMA_NODE });
  object.map("bloom_filter").configure({ mapExtra: 7n });
  object.map("array").configure({ valueSizeBytes: 24 });
  object.map("devices").configure({ autocreate: false });
  object.load();
  const { type, maxEntries, flags } = object.map("hash").info();
  assert.deepEqual([type, maxEntries, flags], [BPF_MAP_TYPE_LRU_HASH, 77, BPF_F_NUMA_NODE]);
  assert.equal(object.map("bloom_filter").info().mapExtra, 7n);
  assert.deepEqual(
    [object.map("array").info().valueSizeBytes, object.map("array").info().valueTypeId],
    [24, 0],
  );
  assert.equal(object.map("devices").loaded, false);
  assert.throws(() => object.map("hash").configure({ maxEntries: 1 }), { code: "INVALID_ARGUMENT" });
  assert.equal(getSys().pageSize * 2, object.map("ring").info().maxEntries);
});
