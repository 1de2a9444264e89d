import assert from "node:assert/strict";
import { test } from "node:test";
import { BpfMap, BpfObject } from "../../src/ebpf/index.ts";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import {
  BPF_F_INNER_MAP,
  BPF_MAP_TYPE_ARRAY,
  BPF_MAP_TYPE_HASH,
  BPF_MAP_TYPE_HASH_OF_MAPS,
} from "../../src/uapi/bpf.ts";
import { u32, words } from "../support/bytes.ts";
import { compileBpf } from "../support/compile-bpf.ts";
import { openMapKinds } from "../support/map-kinds.ts";

failOnLeaks();

const PACKET = { data: new Uint8Array(64) };

/** The maps are declared without their inner maps: code has to say what those are like. */
const OPEN_ENDED = compileBpf(`
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__uint(key_size, 4);
	__uint(value_size, 4);
} outer SEC(".maps");
SEC("socket") int prog(struct __sk_buff *skb)
{
	__u32 slot = skb->len > 100, zero = 0;
	void *inner = bpf_map_lookup_elem(&outer, &slot);
	__u32 *value = inner ? bpf_map_lookup_elem(inner, &zero) : 0;
	if (!value)
		return 0;
	return __sync_fetch_and_add(value, 1);
}`);

const ARRAY = { type: BPF_MAP_TYPE_ARRAY, keySizeBytes: 4, valueSizeBytes: 4, maxEntries: 1 };

test("code says what the inner maps are like, with a map that exists", () => {
  const refused = BpfObject.open(OPEN_ENDED);
  assert.throws(() => refused.load(), {
    code: "INVALID_ARGUMENT",
    message: /"outer".*call setInnerMap\(\)/,
  });
  using inner = BpfMap.create({ ...ARRAY, name: "inner" });
  using other = BpfMap.create({ ...ARRAY, name: "other" });
  using object = BpfObject.open(OPEN_ENDED);
  const outer = object.map("outer");
  outer.setInnerMap(inner);
  object.load();
  assert.throws(() => outer.setInnerMap(other), { code: "INVALID_ARGUMENT", message: /before it is loaded/ });
  assert.throws(() => inner.setInnerMap(other), { code: "INVALID_ARGUMENT", message: /is no map of maps/ });
  outer.update(u32(0), u32(inner.fd));
  inner.update(u32(0), u32(5));
  const run = (): number => object.program("prog").testRun(PACKET).returnValue;
  assert.deepEqual([run(), run()], [5, 6]);

  // A map with another shape does not fit.
  using wrong = BpfMap.create({ ...ARRAY, type: BPF_MAP_TYPE_HASH });
  assert.throws(() => outer.update(u32(1), u32(wrong.fd)), { message: /EINVAL/ });
  object.close();
  assert.equal(inner.loaded, true, "a map of the caller's stays the caller's");
});

test("the inner map is swapped between two runs of the program, and the old one lives on while it is used", () => {
  using object = BpfObject.open(OPEN_ENDED);
  const outer = object.map("outer");
  const maps = Array.from({ length: 20 }, (_, index) => {
    const map = BpfMap.create({ ...ARRAY, name: `m${index}` });
    map.update(u32(0), u32(index * 100));
    return map;
  });
  try {
    outer.setInnerMap(maps[0] ?? outer);
    object.load();
    for (const [index, map] of maps.entries()) {
      outer.update(u32(0), u32(map.fd));
      assert.equal(object.program("prog").testRun({ ...PACKET, repeat: 3 }).returnValue, index * 100 + 2);
      assert.deepEqual(words(map.lookup(u32(0))), [index * 100 + 3]);
    }
    assert.ok(outer.delete(u32(0)));
    assert.equal(object.program("prog").testRun(PACKET).returnValue, 0);
    assert.equal(outer.delete(u32(0)), false);
  } finally {
    for (const map of maps) map.close();
  }
});

test("the declared inner map is a blueprint that can be configured", () => {
  using object = openMapKinds();
  for (const program of object.programs.values()) program.autoload = false;
  for (const name of ["array_of_maps", "hash_of_maps"]) {
    object.map(name).innerMap?.configure({ maxEntries: 9 });
  }
  object.map("inner").configure({ maxEntries: 9 });
  object.load();
  const inner = object.map("inner").info().id;
  assert.deepEqual(words(object.map("array_of_maps").lookup(u32(1))), [inner]);
  assert.deepEqual(words(object.map("hash_of_maps").lookup(u32(1))), [inner]);
  assert.equal(object.map("hash").innerMap, undefined);
});

test("maps of maps are made from code; flagged arrays of any length fit", () => {
  const flexible = { ...ARRAY, flags: BPF_F_INNER_MAP };
  using shape = BpfMap.create(flexible);
  using outer = BpfMap.create(
    { type: BPF_MAP_TYPE_HASH_OF_MAPS, keySizeBytes: 4, valueSizeBytes: 4, maxEntries: 4 },
    shape,
  );
  using long = BpfMap.create({ ...flexible, maxEntries: 100 });
  outer.update(u32(7), u32(long.fd));
  outer.update(u32(8), u32(shape.fd));
  assert.equal([...outer.entries()].length, 2);
  assert.equal(outer.readAll().length, 2);
  assert.deepEqual(words(outer.lookup(u32(7))), [long.info().id]);
});

test("tail calls follow the prog array as it changes", () => {
  const bytes = compileBpf(`
int second(struct __sk_buff *skb);
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 4);
	__uint(key_size, 4);
	__array(values, int(struct __sk_buff *));
} jumps SEC(".maps") = { .values = { [3] = (void *)&second } };
SEC("socket") int second(struct __sk_buff *skb) { return 2; }
SEC("socket") int third(struct __sk_buff *skb) { return 3; }
SEC("socket") int first(struct __sk_buff *skb) { bpf_tail_call(skb, &jumps, 3); return 1; }
`);
  using object = BpfObject.open(bytes);
  object.load();
  const [jumps, first] = [object.map("jumps"), object.program("first")];
  assert.equal(first.testRun(PACKET).returnValue, 2);
  assert.deepEqual(words(jumps.lookup(u32(3))), [object.program("second").info().id]);
  jumps.update(u32(3), u32(object.program("third").fd));
  assert.equal(first.testRun(PACKET).returnValue, 3);
  assert.ok(jumps.delete(u32(3)));
  assert.equal(first.testRun(PACKET).returnValue, 1);
  assert.throws(() => jumps.update(u32(9), u32(object.program("third").fd)), { message: /E2BIG/ });
});
