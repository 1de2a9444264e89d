import assert from "node:assert/strict";
import { test } from "node:test";
import { PerfBuffer, RingBuffer, UserRingBuffer } from "../../src/buffer/index.ts";
import {
  BpfMap,
  BpfObject,
  bytesCodec,
  openPinnedProgram,
  openProgramById,
  ProcessFd,
  RunStats,
  TypedMap,
} from "../../src/ebpf/index.ts";
import { kernelVersion, objectIds, versionCode } from "../../src/kernel/index.ts";
import { attachProgram, createIterator, openLinkById, openPinnedLink } from "../../src/link/index.ts";
import { getSys } from "../../src/sys/index.ts";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import {
  BPF_EXIST,
  BPF_MAP_TYPE_ARRAY,
  BPF_MAP_TYPE_HASH,
  BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  BPF_MAP_TYPE_QUEUE,
  BPF_MAP_TYPE_STACK,
  BPF_NOEXIST,
  BPF_PERF_EVENT_EVENT,
  BPF_PERF_EVENT_TRACEPOINT,
  BPF_PERF_EVENT_UNSPEC,
} from "../../src/uapi/bpf.ts";
import { withBpfFileSystem } from "../support/bpf-file-system.ts";
import { compileBpf } from "../support/compile-bpf.ts";
import { numbered, perfSender } from "./event-programs.ts";

failOnLeaks();

const PROGRAMS = compileBpf(`
struct task_struct { int pid; int tgid; } __attribute__((preserve_access_index));
struct seq_file;
struct bpf_iter_meta { struct seq_file *seq; } __attribute__((preserve_access_index));
struct bpf_iter__task { struct bpf_iter_meta *meta; struct task_struct *task; } __attribute__((preserve_access_index));
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u64);
} runs SEC(".maps");

SEC("socket") int packet(struct __sk_buff *skb) {
  __u32 key = 0;
  __u64 *value = bpf_map_lookup_elem(&runs, &key);
  if (value) __sync_fetch_and_add(value, 1);
  return 7;
}
SEC("iter/task") int on_task(struct bpf_iter__task *ctx) {
  struct task_struct *task = ctx->task;
  if (task) BPF_SEQ_PRINTF(ctx->meta->seq, "%d\\n", task->tgid);
  return 0;
}
SEC("tp/sched/sched_process_exec") int on_exec(void *ctx) { return 0; }
SEC("perf_event") int on_tick(void *ctx) { return 0; }
`);

const key = (number: number): Uint8Array => new Uint8Array(Uint32Array.of(number).buffer);

function opened(): BpfObject {
  const object = BpfObject.open(PROGRAMS);
  object.load();
  return object;
}

test("maps, programs and links are listed by id and opened by it", () => {
  using object = opened();
  const map = object.map("runs");
  const program = object.program("packet");
  using link = attachProgram(object.program("on_task"));

  assert.ok(objectIds("map").includes(map.info().id));
  assert.ok(objectIds("btf").includes(program.info().btfId));
  using sameProgram = openProgramById(program.info().id);
  assert.equal(sameProgram.testRun({ data: new Uint8Array(64) }).returnValue, 7);
  assert.deepEqual(sameProgram.info(), program.info());
  using sameMap = BpfMap.fromId(map.info().id);
  assert.deepEqual(sameMap.lookup(key(0)), map.lookup(key(0)));
  assert.equal(new DataView((sameMap.lookup(key(0)) as Uint8Array).buffer).getBigUint64(0, true), 1n);
  const ids = objectIds("link");
  assert.deepEqual(
    ids,
    [...ids].sort((a, b) => a - b),
  );
  assert.ok(ids.includes(link.info().id));
  using sameLink = openLinkById(link.info().id);
  assert.deepEqual(sameLink.info(), link.info());
  using tasks = createIterator(sameLink);
  assert.ok(tasks.text().split("\n").includes(`${process.pid}`));

  for (const open of [BpfMap.fromId, openProgramById, openLinkById]) {
    assert.throws(() => open(2 ** 31 - 1), { errnoName: "ENOENT", message: /with id 2147483647/ });
  }
});

test("what is pinned is opened as what it is, and as nothing else", () => {
  using object = opened();
  using link = attachProgram(object.program("on_task"));
  withBpfFileSystem((root) => {
    object.program("packet").pin(`${root}/program`);
    object.map("runs").pin(`${root}/map`);
    link.pin(`${root}/link`);
    const openers = { program: openPinnedProgram, map: BpfMap.fromPin, link: openPinnedLink };
    for (const [wanted, open] of Object.entries(openers)) {
      for (const pinned of Object.keys(openers)) {
        if (pinned === wanted) open(`${root}/${pinned}`).close();
        else
          assert.throws(() => open(`${root}/${pinned}`), {
            message: `Cannot open the ${wanted} pinned at ${root}/${pinned}: a ${pinned} is pinned there`,
          });
      }
    }
    assert.throws(() => link.pin(`${root}/link`), { errnoName: "EEXIST" });
    assert.throws(() => link.pin("/tmp/no-pin"), { code: "NOT_SUPPORTED", message: /BPF file system/ });
  });
  const other = BpfObject.open(PROGRAMS);
  const fd = object.program("packet").fd;
  assert.throws(() => other.map("runs").reuse(fd), {
    code: "INVALID_ARGUMENT",
    message: /it is a program's$/,
  });
  other.close();
});

test("what is closed says so", () => {
  using object = opened();
  const program = openProgramById(object.program("packet").info().id);
  program.close();
  program.close();
  const closed = { code: "CLOSED", message: /is closed$/ };
  assert.throws(() => program.fd, closed);
  assert.throws(() => program.info(), closed);
  assert.throws(() => program.testRun({ data: new Uint8Array(64) }), closed);
  const self = new ProcessFd(process.pid);
  self.close();
  assert.throws(() => self.fd, closed);
  const link = attachProgram(object.program("on_task"));
  const tasks = createIterator(link);
  tasks.close();
  assert.throws(() => tasks.text(), closed);
  link.close();
  assert.throws(() => createIterator(link), closed);
  assert.throws(() => link.pin("/sys/fs/bpf/closed"), closed);
  assert.throws(() => link.update(object.program("on_task")), closed);
});

test("links of perf events tell what they are attached to", (context) => {
  using object = opened();
  const cookie = 0x1234_5678_9abcn;
  using exec = attachProgram(object.program("on_exec"), "", { cookie });
  using tick = attachProgram(object.program("on_tick"), "", { cookie, pid: process.pid });
  if (exec.fd === undefined || exec.info().perfEventType === BPF_PERF_EVENT_UNSPEC) {
    assert.ok(kernelVersion() < versionCode(6, 6, 0), "a new kernel has links that tell");
    return context.skip("the kernel does not tell");
  }
  assert.equal(exec.info().perfEventType, BPF_PERF_EVENT_TRACEPOINT);
  assert.equal(exec.info().targetName, "sched_process_exec");
  assert.equal(tick.info().perfEventType, BPF_PERF_EVENT_EVENT);
  if (kernelVersion() < versionCode(6, 9, 0)) return;
  assert.equal(exec.info().cookie, cookie);
  assert.equal(tick.info().cookie, cookie);
});

test("a link is not updated by a program of another type, and says why", () => {
  using object = opened();
  using link = attachProgram(object.program("on_task"));
  assert.throws(() => link.update(object.program("packet")), {
    errnoName: "EINVAL",
    message: /of another type/,
  });
  assert.equal(link.program, object.program("on_task"));
});

test("runs are counted while somebody wants it", () => {
  using object = opened();
  const program = object.program("on_task");
  using link = attachProgram(program);
  const { loadTimeNs, createdByUid, gplCompatible, runCount } = program.info();
  assert.ok(loadTimeNs > 0n && gplCompatible);
  assert.equal(createdByUid, process.getuid?.());
  const stats = new RunStats();
  using tasks = createIterator(link);
  assert.ok(tasks.readAll().length > 0);
  stats.close();
  stats.close();
  assert.ok(program.info().runCount > runCount);
  assert.ok(program.info().runTimeNs > 0n);
});

test("refused updates of elements say why", () => {
  using map = BpfMap.create({ type: BPF_MAP_TYPE_HASH, keySizeBytes: 4, valueSizeBytes: 4, maxEntries: 2 });
  using array = BpfMap.create({
    type: BPF_MAP_TYPE_ARRAY,
    keySizeBytes: 4,
    valueSizeBytes: 4,
    maxEntries: 2,
  });
  // Flags are the numbers of the uapi.
  map.update(key(1), key(10), BPF_NOEXIST);
  assert.throws(() => map.update(key(1), key(11), BPF_NOEXIST), { errnoName: "EEXIST" });
  assert.throws(() => map.update(key(2), key(11), BPF_EXIST), { errnoName: "ENOENT" });
  const typed = new TypedMap(map, bytesCodec(4), bytesCodec(4));
  typed.update(key(2), key(11), BPF_NOEXIST);
  assert.throws(() => map.update(key(3), key(1)), {
    message: /E2BIG\. The map is full, or has no such index\.$/,
  });
  assert.throws(() => array.update(key(2), key(1)), {
    message: /E2BIG\. The map is full, or has no such index\.$/,
  });
  map.freeze();
  assert.throws(() => map.update(key(1), key(1)), { message: /EPERM\. The map is frozen, or its flags/ });
});

test("queues and stacks are emptied at once, and have no keys", () => {
  for (const type of [BPF_MAP_TYPE_QUEUE, BPF_MAP_TYPE_STACK]) {
    using map = BpfMap.create({ type, valueSizeBytes: 4, maxEntries: 8 });
    const none = new Uint8Array(0);
    assert.deepEqual(map.takeAll(), []);
    for (let number = 0; number < 8; number++) map.update(none, key(number));
    const values = map.takeAll().map(({ value }) => new DataView(value.buffer).getUint32(0, true));
    const pushed = [0, 1, 2, 3, 4, 5, 6, 7];
    assert.deepEqual(values, type === BPF_MAP_TYPE_QUEUE ? pushed : pushed.reverse());
    for (const walk of [() => [...map.keys()], () => map.readAll(), () => map.nextKey()]) {
      assert.throws(walk, { code: "NOT_SUPPORTED", message: /has no keys/ });
    }
  }
});

test("a buffer is opened on a map of its type only", () => {
  using map = BpfMap.create({ type: BPF_MAP_TYPE_HASH, keySizeBytes: 4, valueSizeBytes: 4, maxEntries: 8 });
  for (const Buffer of [RingBuffer, PerfBuffer, UserRingBuffer]) {
    assert.throws(() => new Buffer(map), { code: "INVALID_ARGUMENT", message: /its type is 1, not/ });
  }
  assert.deepEqual(map.readAll(), [], "nothing was put into it");
});

test("a perf buffer wakes up after as many records as it is told to", () => {
  using map = BpfMap.create({ type: BPF_MAP_TYPE_PERF_EVENT_ARRAY, keySizeBytes: 4, valueSizeBytes: 4 });
  assert.throws(() => new PerfBuffer(map, { wakeupEvents: 0 }), { code: "INVALID_ARGUMENT" });
  using buffer = new PerfBuffer(map, { wakeupEvents: 3 });
  const sender = perfSender(map.fd);
  try {
    const ready = (): number => getSys().epollWait(buffer.fd, new Uint32Array(2), 1, 0);
    assert.ok(sender.send(numbered(0, 12)));
    assert.ok(sender.send(numbered(1, 12)));
    assert.equal(ready(), 0);
    assert.ok(buffer.hasRecords);
    // Some CPU has three of so many.
    const records = 2 * buffer.cpus.length + 1;
    for (let number = 2; number < records; number++) assert.ok(sender.send(numbered(number, 12)));
    assert.equal(ready(), 1);
    assert.equal(
      buffer.consume(() => {}),
      records,
    );
  } finally {
    sender.close();
  }
});
