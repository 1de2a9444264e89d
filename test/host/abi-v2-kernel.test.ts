import assert from "node:assert/strict";
import { existsSync, rmSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { BpfMap } from "../../src/ebpf/index.ts";
import type { Permissions } from "../../src/host/options.ts";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import { BPF_MAP_TYPE_HASH } from "../../src/uapi/bpf.ts";
import { E2BIG, EFAULT, EINVAL, ENOENT, EPERM } from "../../src/uapi/errno.ts";
import { AbiGuest } from "../support/abi-v2.ts";
import { GuestObjectFixture } from "../support/abi-v2-object.ts";
import { mountBpfFileSystem } from "../support/bpf-file-system.ts";
import { compileBpf } from "../support/compile-bpf.ts";

failOnLeaks();
mountBpfFileSystem();

const bytes = compileBpf(`
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 16); __type(key, __u32); __type(value, __u64); }
  numbers SEC(".maps");
SEC("socket") int seven(struct __sk_buff *skb) { return bpf_map_lookup_elem(&numbers, &(int){1}) ? 1 : 7; }
SEC("raw_tp/task_newtask") int on_task(void *ctx) { return 0; }
`);

const LIKE_LIBBPF = 1 << 31;

function opened(t: TestContext, permissions: Permissions = {}): GuestObjectFixture {
  const object = new GuestObjectFixture(t, bytes, {}, new AbiGuest({ permissions }));
  object.load();
  return object;
}

/** A map of somebody else. */
function foreignMap(t: TestContext): BpfMap {
  const map = BpfMap.create({
    type: BPF_MAP_TYPE_HASH,
    name: "foreign",
    keySizeBytes: 4,
    valueSizeBytes: 8,
    maxEntries: 3,
  });
  t.after(() => map.close());
  return map;
}

test("what belongs to others is reached with a permission only, and one line says which", (t) => {
  const foreign = foreignMap(t);
  const object = opened(t);
  const { guest } = object;
  const next = guest.alloc(4);
  const path = guest.text("/sys/fs/bpf/somebody/elses");
  const calls: [string, ...number[]][] = [
    ["kernel_next_id", 2, 0, next],
    ["kernel_open_id", 2, foreign.info().id, 0],
    ["kernel_get", path, 0, 0],
    ["kernel_unpin", path],
    ["kernel_pin", object.mapFd("numbers"), guest.text("/tmp/elsewhere"), 0, 0],
    ["kernel_pin", object.mapFd("numbers"), guest.text("/sys/fs/bpf/../bpf/x"), 0, 0],
    ["kernel_task_query", 1, 0, next, 0, 0],
    ["kernel_stats", 0],
    ["kernel_token", 3, 0],
  ];
  for (const [name, ...parameters] of calls) assert.equal(guest.call(name, ...parameters), -EPERM, name);
  assert.equal(
    guest.lines,
    "The guest wants to reach BPF objects that are not its own, which needs --allow-kernel\n",
  );
});

test("with the permission objects are found by id, and opened", (t) => {
  const foreign = foreignMap(t);
  const object = opened(t, { kernel: true });
  const { guest } = object;
  const next = guest.alloc(4);
  const ids: number[] = [];
  for (let id = 0; ; ) {
    const result = guest.call("kernel_next_id", 2, id, next);
    if (result === -ENOENT) break;
    assert.equal(result, 0);
    id = guest.view(next, 4).getUint32(0, true);
    ids.push(id);
  }
  assert.ok(ids.includes(foreign.info().id));
  const fd = guest.call("kernel_open_id", 2, foreign.info().id, 0);
  const info = guest.alloc(104);
  assert.ok(guest.call("kernel_info", fd, info, 104) >= 80);
  assert.deepEqual(
    [0, 4, 8, 12, 16].map((at) => guest.view(info, 104).getUint32(at, true)),
    [BPF_MAP_TYPE_HASH, foreign.info().id, 4, 8, 3],
  );
  assert.equal(guest.call("kernel_open_id", 2, 0x7fffffff, 0), -ENOENT);
  assert.equal(guest.call("kernel_open_id", 9, 1, 0), -EINVAL);
  assert.equal(guest.call("kernel_next_id", 2, 0, -2), -EFAULT);
});

test("what the kernel says about the guest's own descriptors", (t) => {
  const object = opened(t);
  const { guest } = object;
  const info = guest.alloc(232);
  const program = object.programFd("seven");
  const ids = guest.alloc(16);
  guest.view(info, 232).setUint32(52, 4, true);
  guest.view(info, 232).setUint32(56, ids, true);
  assert.ok(guest.call("kernel_info", program, info, 232) > 200);
  assert.equal(guest.string(info + 64, 5), "seven");
  assert.equal(guest.view(info, 232).getUint32(52, true), 1);
  assert.ok(guest.view(ids, 4).getUint32(0, true) > 0);
  // Addresses in it are the guest's before and after.
  assert.equal(guest.view(info, 232).getBigUint64(56, true), BigInt(ids));
  for (const wild of [0xfffffff0n, 0x7ffff7ff0000n, 0xffffffff_ffffffffn]) {
    guest.view(info, 232).setUint32(52, 4, true);
    guest.view(info, 232).setBigUint64(56, wild, true);
    assert.equal(guest.call("kernel_info", program, info, 232), -EFAULT);
  }
  const btf = guest.call("object_btf_fd", object.handle);
  assert.ok(btf > 2);
  const name = guest.alloc(64);
  const btfInfo = guest.alloc(32);
  guest.view(btfInfo, 32).setUint32(16, name, true);
  guest.view(btfInfo, 32).setUint32(24, 64, true);
  assert.equal(guest.call("kernel_info", btf, btfInfo, 32), 32);
  assert.ok(guest.view(btfInfo, 32).getUint32(12, true) > 0);
  assert.equal(guest.call("kernel_info", 1, info, 232), -EINVAL);
  assert.equal(guest.call("kernel_info", program, -4, 232), -EFAULT);
  assert.equal(guest.call("kernel_info", program, info, 5000), -E2BIG);
  assert.equal(guest.call("kernel_info", program, info, -1), -E2BIG);
});

test("the name of a raw tracepoint's link comes into the guest's memory", (t) => {
  const object = opened(t);
  const { guest, handle } = object;
  const link = guest.call("link_attach", handle, object.program("on_task"), guest.block(112));
  assert.ok(link > 2, `${link}: ${guest.lines}`);
  const [info, name] = [guest.alloc(80), guest.alloc(64)];
  guest.view(info, 80).setUint32(16, name, true);
  guest.view(info, 80).setUint32(24, 64, true);
  assert.ok(guest.call("kernel_info", link, info, 80) > 0);
  assert.match(guest.string(name, 64), /^task_newtask\0/);
  assert.equal(guest.view(info, 80).getBigUint64(16, true), BigInt(name));
  guest.view(info, 80).setUint32(16, 0xfffffff0, true);
  guest.view(info, 80).setUint32(24, 64, true);
  assert.equal(guest.call("kernel_info", link, info, 80), -EFAULT);
});

test("a guest pins what is its own, opens and removes it", (t) => {
  const path = `/sys/fs/bpf/wasm-bpf-abi-v2-${process.pid}`;
  t.after(() => rmSync(path, { recursive: true, force: true }));
  const object = opened(t);
  const { guest } = object;
  const at = guest.text(`${path}/numbers`);
  assert.equal(guest.call("kernel_pin", object.mapFd("numbers"), at, 0, 0), -ENOENT);
  assert.equal(guest.call("kernel_pin", object.mapFd("numbers"), at, LIKE_LIBBPF, 0), 0);
  assert.ok(existsSync(`${path}/numbers`));
  const again = guest.call("kernel_get", at, 0, 0);
  assert.ok(again > 2);
  const [key, value] = [guest.alloc(4), guest.put(Uint8Array.of(9, 0, 0, 0, 0, 0, 0, 0))];
  assert.equal(guest.call("map_update", again, key, value, 0, 0), 0);
  assert.equal(guest.call("map_lookup", object.mapFd("numbers"), key, value, 0, 0), 0);
  assert.equal(guest.call("kernel_unpin", at), 0);
  assert.equal(guest.call("kernel_unpin", at), -EPERM);
  assert.ok(!existsSync(`${path}/numbers`));
  const other = opened(t, { kernel: true });
  const outside = other.guest.text("/tmp/no-bpf-file-system");
  assert.equal(other.guest.call("kernel_pin", other.mapFd("numbers"), outside, LIKE_LIBBPF, 0), -EINVAL);
  assert.match(other.guest.lines, /libbpf: specified path \/tmp\/no-bpf-file-system is not on BPF FS\n/);
  assert.equal(other.guest.call("kernel_unpin", outside), -EINVAL);
  assert.equal(other.guest.call("kernel_pin", 1, at, 0, 0), -EINVAL);
});
