import assert from "node:assert/strict";
import { test } from "node:test";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import { errnoName } from "../../src/uapi/errno.ts";
import { AbiGuest } from "../support/abi-v2.ts";
import { GuestObjectFixture, pages } from "../support/abi-v2-object.ts";
import { compileBpf } from "../support/compile-bpf.ts";

failOnLeaks();

const bytes = compileBpf(`
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 16); __type(key, __u32); __type(value, __u64); }
  numbers SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } ring SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(max_entries, 2); __type(key, __u32); __type(value, __u32); }
  tails SEC(".maps");
const volatile __u32 limit = 7;
__u32 counter;
SEC("socket") int seven(struct __sk_buff *skb) { counter++; return bpf_map_lookup_elem(&numbers, &(int){1}) ? 1 : limit; }
SEC("raw_tp/task_newtask") int on_task(void *ctx) { return 0; }
`);

/** What waits for ever, changes the network of the machine, or sets timers of the process. */
const LEFT_OUT = ["signal_wait", "signal_timer", "tc", "xdp"];
/** Parameters that are a time to wait. */
const TIMEOUTS: Readonly<Record<string, readonly number[]>> = {
  buffer_fill: [5],
  buffer_reserve: [2],
  fd_poll: [2, 3],
};
/** Parameters that are a size: the kernel would really make a map of billions of entries. */
const SIZES: Readonly<Record<string, number>> = { map_set: 3 };
const SOCK_NONBLOCK = 0x800;
const CALLS_PER_IMPORT = 1500;

/** The same numbers each time (mulberry32). */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

test("every import answers whatever integers come", (t) => {
  const guest = new AbiGuest();
  t.after(() => guest.close());
  const below = randomNumbers(2);
  const memoryBytes = guest.context.memory.bytes.length;
  const scratch = guest.alloc(4096);
  const page = pages(guest, 8192);
  const texts = ["seven", "numbers", "task_newtask", "/sys/fs/bpf/x", "", "task_struct"].map((text) =>
    guest.text(text),
  );
  const blocks = [24, 32, 40, 48, 64, 80, 112, 200, 5000].map((size) => guest.alloc(size));
  /** Handles and descriptors that are something. */
  let open: number[] = [];
  let handle = 0;
  const reopen = (): void => {
    const object = new GuestObjectFixture(t, bytes, {}, guest);
    const isLoaded = object.handle % 2 === 0;
    handle = object.handle;
    const buffer = guest.call("buffer_new", 1);
    open = [handle, handle, buffer, guest.call("object_btf", handle)];
    if (!isLoaded) return;
    object.load();
    guest.call("buffer_add", buffer, object.mapFd("ring"), 0);
    open.push(object.programFd("seven"), ...["numbers", "ring", "tails"].map((name) => object.mapFd(name)));
  };

  /** Fills the scratch memory and the blocks with what may be sizes, addresses and descriptors. */
  const refill = (): void => {
    const words = guest.view(scratch, 4096);
    for (let at = 0; at < 4096; at += 4) words.setUint32(at, number() >>> 0, true);
    for (const [index, block] of blocks.entries()) {
      const size = [24, 32, 40, 48, 64, 80, 112, 200, 5000][index] ?? 0;
      const view = guest.view(block, size);
      for (let at = 0; at + 4 <= size; at += 4) view.setUint32(at, below(3) === 0 ? number() >>> 0 : 0, true);
      view.setUint32(0, below(8) === 0 ? number() >>> 0 : size, true);
    }
  };
  const number = (): number => {
    switch (below(20)) {
      case 0:
        return 0;
      case 1:
        return -1 - below(64);
      case 2:
        return memoryBytes - below(64);
      case 3:
        return (0x80000000 - below(4)) | 0;
      case 4:
        return below(0x7fffffff) * 2;
      case 5:
        return texts[below(texts.length)] ?? 0;
      case 6:
        return blocks[below(blocks.length)] ?? 0;
      case 7:
        return open[below(open.length)] ?? 0;
      case 8:
        return page;
      case 9:
        return 4096 << below(3);
      default:
        return below(3) === 0 ? scratch + below(4000) : below(12);
    }
  };

  refill();
  const names = Object.keys(guest.imports).filter((name) => !LEFT_OUT.includes(name));
  assert.ok(names.length > 90);
  const seen = new Set<string>();
  for (let round = 0; round < CALLS_PER_IMPORT; round++) {
    if (round % 10 === 0) refill();
    if (guest.call("object_describe", handle, 0, 0) < 0 || round % 25 === 0) {
      guest.call("object_close", handle);
      reopen();
    }
    for (const name of names) {
      // Closing has its turn, but not so often that nothing is open.
      if (/close|unload|unbind|fd_dup/.test(name) && below(20) !== 0) continue;
      const count = guest.imports[name]?.signature.parameters.length ?? 0;
      const parameters = Array.from({ length: count }, () => number() | 0);
      // A door that is right lets further in.
      if (count > 0 && below(2) === 0) parameters[0] = open[below(open.length)] ?? 0;
      for (const timeout of TIMEOUTS[name] ?? []) parameters[timeout] = 0;
      // Sockets that nobody sends to are not to be waited for.
      if (name === "fd_pair") parameters[0] = (parameters[0] ?? 0) | SOCK_NONBLOCK;
      const size = SIZES[name];
      if (size !== undefined) parameters[size] = (parameters[size] ?? 0) & 0xffff;
      const result = guest.call(name, ...parameters);
      assert.ok(Number.isInteger(result), `${name}(${parameters}) gives ${result}`);
      if (result < 0 && result > -4000) assert.match(errnoName(-result), /^E/, `${name}: ${result}`);
      if (result >= 0) seen.add(name);
      if (name === "fd_dup") guest.context.fds.close(result);
      // What it opened is not for ever: there is room for as many as a guest may have.
      if (guest.context.fds.get(900) !== undefined) {
        for (let fd = 40; fd < 1024; fd++) guest.context.fds.close(fd);
      }
    }
  }
  // They were not all refused at the door.
  for (const name of [
    "object_describe",
    "map_fd",
    "map_next_key",
    "buffer_fill",
    "btf_type",
    "system_info",
    "fd_poll",
    "fd_event",
  ]) {
    assert.ok(seen.has(name), `${name} never succeeded`);
  }
});
