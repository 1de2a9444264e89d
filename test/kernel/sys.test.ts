import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { BpfAttr, getSys } from "../../src/sys/index.ts";
import { failOnLeaks, kernelMappings } from "../../src/sys/leaks.ts";
import {
  BPF_F_MMAPABLE,
  BPF_MAP_CREATE,
  BPF_MAP_LOOKUP_ELEM,
  BPF_MAP_TYPE_ARRAY,
} from "../../src/uapi/bpf.ts";
import { EACCES, EBADF, EINVAL, ENODEV, ENOENT } from "../../src/uapi/errno.ts";
import {
  EFD_NONBLOCK,
  EPOLL_CTL_ADD,
  EPOLLIN,
  MAP_ANONYMOUS,
  MAP_PRIVATE,
  MAP_SHARED,
  O_RDONLY,
  PROT_READ,
  PROT_WRITE,
  RLIMIT_NOFILE,
} from "../../src/uapi/linux.ts";

failOnLeaks();

const RW = PROT_READ | PROT_WRITE;

interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}
type MemoryConstructor = new (limits: { initial: number; maximum: number }) => Memory;
/** Node's types for version 20 do not declare WebAssembly. */
const { Memory } = (globalThis as unknown as { WebAssembly: { Memory: MemoryConstructor } }).WebAssembly;

/** An array map of `pages` pages with one element that can be mapped. */
function mappableMap(pages: number): number {
  const fd = getSys().bpf(
    BPF_MAP_CREATE,
    new BpfAttr(72)
      .u32(0, BPF_MAP_TYPE_ARRAY)
      .u32(4, 4)
      .u32(8, pages * getSys().pageSize)
      .u32(12, 1)
      .u32(16, BPF_F_MMAPABLE),
  );
  assert.ok(fd > 0);
  return fd;
}

function lookup(map: number, size: number): Uint8Array {
  const value = new Uint8Array(size);
  const attr = new BpfAttr(32).u32(0, map).pointer(8, new Uint8Array(4)).pointer(16, value);
  assert.equal(getSys().bpf(BPF_MAP_LOOKUP_ELEM, attr), 0);
  return value;
}

test("descriptors are closed on exec, whatever opened them", () => {
  const sys = getSys();
  const epoll = sys.epollCreate();
  const event = sys.eventfd(0, 0);
  const fds = [epoll, event, sys.dup(event), sys.open("/dev/null", O_RDONLY), mappableMap(1)];
  for (const fd of fds) {
    const flags = /^flags:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"))?.[1];
    assert.ok((Number.parseInt(flags ?? "", 8) & 0o2000000) !== 0, `descriptor ${fd} has flags ${flags}`);
    assert.equal(sys.close(fd), 0);
  }
  assert.equal(sys.close(epoll), -EBADF);
});

test("read, write and epoll work on an eventfd", () => {
  const sys = getSys();
  const event = sys.eventfd(0, EFD_NONBLOCK);
  const epoll = sys.epollCreate();
  const events = new Uint32Array(4);
  assert.equal(sys.epollCtl(epoll, EPOLL_CTL_ADD, event, EPOLLIN, 0xfffffffe), 0);
  assert.equal(sys.epollWait(epoll, events, 2, 0), 0);
  assert.equal(sys.epollWait(epoll, events, 2, 3), 0);
  const five = new Uint8Array(8);
  five[0] = 5;
  assert.equal(sys.write(event, five), 8);
  assert.equal(sys.epollWait(epoll, events, 2, -1), 1);
  assert.deepEqual([...events.subarray(0, 2)], [EPOLLIN, 0xfffffffe]);
  const value = new Uint8Array(8);
  assert.equal(sys.read(event, value), 8);
  assert.deepEqual(value, five);
  assert.equal(sys.epollWait(epoll, events, 3, 0), -EINVAL, "more events than the array holds");
  assert.equal(sys.epollWait(epoll, events, 0, 0), -EINVAL);
  sys.close(epoll);
  sys.close(event);
});

test("paths that do not exist or hold a NUL are refused", () => {
  assert.equal(getSys().open("/no/such/file", O_RDONLY), -ENOENT);
  assert.equal(getSys().open("/dev/null\0x", O_RDONLY), -ENOENT);
  assert.equal(getSys().open(`/${"x".repeat(5000)}`, O_RDONLY), -ENOENT);
});

test("limits and interface numbers", () => {
  const sys = getSys();
  const [soft, hard] = sys.getRlimit(RLIMIT_NOFILE);
  assert.ok(soft > 0n && soft <= hard);
  assert.equal(sys.setRlimit(RLIMIT_NOFILE, soft, hard), 0);
  assert.deepEqual(sys.getRlimit(RLIMIT_NOFILE), [soft, hard]);
  assert.equal(sys.ifNameToIndex("lo"), 1);
  assert.equal(sys.ifNameToIndex("no-such-if"), -ENODEV);
  assert.equal(sys.ifNameToIndex("x".repeat(100)), -ENODEV);
  assert.equal(sys.sleep(1000n), 0);
});

test("a mapping shows the kernel's memory and is gone after munmap", () => {
  const sys = getSys();
  const map = mappableMap(1);
  const memory = sys.mmap(sys.pageSize, RW, MAP_SHARED, map, 0);
  assert.ok(typeof memory !== "number");
  const bytes = new Uint8Array(memory);
  bytes[17] = 42;
  assert.equal(lookup(map, sys.pageSize)[17], 42);
  assert.equal(kernelMappings().length, 1);
  assert.equal(sys.munmap(memory), 0);
  assert.equal(kernelMappings().length, 0);
  assert.equal(bytes.length, 0, "views are empty");
  assert.equal(sys.munmap(memory), -EINVAL);
  assert.equal(sys.munmap(new ArrayBuffer(16)), -EINVAL);
  assert.equal(sys.mmap(0, RW, MAP_SHARED, map, 0), -EINVAL);
  assert.ok((sys.mmap(64 * sys.pageSize, RW, MAP_SHARED, map, 0) as number) < 0);
  sys.close(map);
});

test("a mapping that is forgotten is unmapped by garbage collection", async () => {
  const sys = getSys();
  const map = mappableMap(1);
  assert.ok(typeof sys.mmap(sys.pageSize, RW, MAP_SHARED, map, 0) !== "number");
  sys.close(map);
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as () => void;
  for (let i = 0; i < 50 && kernelMappings().length > 0; i++) {
    gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual(kernelMappings(), []);
});

test("a map is mapped into a WebAssembly memory, survives its growth and can be replaced", () => {
  const sys = getSys();
  const memory = new Memory({ initial: 2, maximum: 100 });
  const map = mappableMap(1);
  const at = 65536;
  new Uint8Array(memory.buffer).fill(7);
  assert.equal(sys.mmapFixed(memory.buffer, at, sys.pageSize, RW, MAP_SHARED, map, 0), 0);
  new Uint8Array(memory.buffer)[at + 5] = 99;
  memory.grow(50);
  const bytes = new Uint8Array(memory.buffer);
  assert.equal(bytes[at + 5], 99);
  bytes[at + 6] = 98;
  assert.deepEqual([...lookup(map, sys.pageSize).subarray(4, 8)], [0, 99, 98, 0]);
  assert.equal(bytes[at - 1], 7);
  assert.equal(bytes[at + sys.pageSize], 7);
  assert.equal(sys.mmapFixed(memory.buffer, at, sys.pageSize, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 0);
  assert.equal(bytes[at + 5], 0);
  assert.equal(kernelMappings().length, 0);
  sys.close(map);
});

test("mmapFixed stays inside the buffer, on whole pages, and refuses read-only pages", () => {
  const sys = getSys();
  const page = sys.pageSize;
  const { buffer } = new Memory({ initial: 2, maximum: 2 });
  const map = mappableMap(1);
  const over = (offset: number, length: number, prot = RW, fd = map): number =>
    sys.mmapFixed(buffer, offset, length, prot, MAP_SHARED, fd, 0);
  assert.equal(over(1, page), -EINVAL);
  assert.equal(over(0, page - 1), -EINVAL);
  assert.equal(over(0, 0), -EINVAL);
  assert.equal(over(-page, page), -EINVAL);
  assert.equal(over(2 * 65536, page), -EINVAL);
  assert.equal(over(2 * 65536 - page, 2 * page), -EINVAL);
  assert.equal(over(2 ** 52, page), -EINVAL);
  assert.equal(over(0, page, PROT_READ), -EACCES);
  // A refused mapping leaves the old pages.
  new Uint8Array(buffer)[3] = 3;
  assert.equal(over(0, page, RW, -1), -EBADF);
  assert.ok(over(0, 2 * page) < 0);
  assert.equal(new Uint8Array(buffer)[3], 3);
  sys.close(map);
});

test("structures that claim more than they hold, and wrong types, are refused", () => {
  const sys = getSys();
  const attr = new Uint8Array(64);
  new DataView(attr.buffer).setUint32(4, 120, true);
  assert.equal(sys.perfEventOpen(attr, -1, 0, -1, 0), -EINVAL);
  assert.equal(sys.perfEventOpen(new Uint8Array(8), -1, 0, -1, 0), -EINVAL);
  assert.equal(sys.bpf(BPF_MAP_LOOKUP_ELEM, new BpfAttr(8).pointer(4, new Uint8Array(4))), -EINVAL);
  const mistake = (message: RegExp) => ({ name: "TypeError", message });
  assert.throws(() => sys.close("3" as unknown as number), mistake(/argument 1 of close must be a number/));
  const floats = new Float64Array(1) as unknown as Uint8Array;
  assert.throws(() => sys.read(0, floats), mistake(/argument 2 of read must be a Uint8Array or Uint32Array/));
  assert.throws(() => sys.munmap({} as ArrayBuffer), mistake(/argument 1 of munmap must be an ArrayBuffer/));
  assert.throws(() => sys.sleep(1 as unknown as bigint), mistake(/argument 1 of sleep must be a bigint/));
  const nothing = undefined as unknown as Uint8Array;
  assert.throws(() => sys.ioctl(0, 0, nothing), mistake(/argument 3 of ioctl must be a number, a bigint or/));
});
