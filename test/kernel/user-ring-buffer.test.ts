import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { UserRingBuffer } from "../../src/buffer/index.ts";
import { BpfObject } from "../../src/ebpf/index.ts";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import { compileBpf } from "../support/compile-bpf.ts";

failOnLeaks();

/** Drains the buffer: counts the records and sums up their first bytes; `limit` records at most. */
const DRAIN = compileBpf(`
struct {
	__uint(type, BPF_MAP_TYPE_USER_RINGBUF);
	__uint(max_entries, 4096);
} commands SEC(".maps");
volatile __u64 records, sum, last;
volatile __u32 limit = 1000;

static long take(struct bpf_dynptr *record, void *ctx)
{
	__u8 first;
	if (bpf_dynptr_read(&first, 1, record, 0, 0))
		return 1;
	records++;
	sum += first;
	last = first;
	return records % limit == 0;
}

SEC("socket") int drain(struct __sk_buff *skb)
{
	return bpf_user_ringbuf_drain(&commands, take, 0, 0);
}
`);

const PAGE = 4096;

interface Drain {
  readonly ring: UserRingBuffer;
  readonly object: BpfObject;
  /** What the helper returned: records taken or -errno. */
  drain(): number;
  seen(): { records: number; sum: number };
}

function withDrain<T>(body: (drain: Drain) => T): T {
  const object = BpfObject.open(DRAIN);
  object.load();
  const ring = new UserRingBuffer(object.map("commands"));
  const close = (): void => {
    ring.close();
    object.close();
  };
  const data = new Uint8Array(64);
  let result: T;
  try {
    result = body({
      ring,
      object,
      drain: () => object.program("drain").testRun({ data }).returnValue | 0,
      seen() {
        const bss = object.map(".bss").lookup(new Uint8Array(4));
        const words = new BigUint64Array((bss ?? new Uint8Array(24)).buffer);
        const place = (name: string): number =>
          (object.map(".bss").spec.internal?.variables.find((variable) => variable.name === name)
            ?.offsetBytes ?? 0) / 8;
        return { records: Number(words[place("records")]), sum: Number(words[place("sum")]) };
      },
    });
  } catch (error) {
    close();
    throw error;
  }
  if (result instanceof Promise) return result.finally(close) as T;
  close();
  return result;
}

function send(ring: UserRingBuffer, first: number, sizeBytes: number): boolean {
  const sample = ring.reserve(sizeBytes);
  if (sample === undefined) return false;
  sample.fill(first);
  ring.submit(sample);
  return true;
}

test("records of many sizes reach the program in order, over many turns of the ring", () => {
  withDrain(({ ring, drain, seen }) => {
    let [count, sum] = [0, 0];
    for (let size = 1; size <= 1000; size += 7) {
      assert.ok(send(ring, size % 251, size));
      assert.ok(send(ring, 1, 3));
      count += 2;
      sum += (size % 251) + 1;
      assert.equal(drain(), 2);
      assert.deepEqual(seen(), { records: count, sum });
      assert.equal(ring.waitingBytes, 0);
    }
  });
});

test("what is discarded is stepped over, what is only reserved holds the program up", () => {
  withDrain(({ ring, drain, seen }) => {
    const [first, second, third] = [ring.reserve(4), ring.reserve(4), ring.reserve(4)];
    assert.ok(first && second && third);
    first.fill(1);
    second.fill(2);
    third.fill(4);
    ring.submit(third);
    ring.discard(second);
    assert.ok(drain() <= 0);
    assert.equal(seen().records, 0);
    ring.submit(first);
    drain();
    assert.deepEqual(seen(), { records: 2, sum: 5 });
    assert.throws(() => ring.submit(first), { code: "INVALID_ARGUMENT", message: /handed over already/ });
    assert.throws(() => ring.discard(new Uint8Array(4)), { code: "INVALID_ARGUMENT" });
  });
});

test("a full ring gives no room until it is drained; sizes that never fit are refused", () => {
  withDrain(({ ring, drain }) => {
    let sent = 0;
    while (send(ring, 1, 56)) sent++;
    assert.equal(sent, PAGE / 64);
    assert.equal(ring.reserveBlocking(56, 0), undefined);
    assert.equal(ring.reserveBlocking(56, 20), undefined);
    assert.equal(drain(), sent);
    assert.ok(send(ring, 1, PAGE - 8));
    assert.equal(drain(), 1);
    for (const size of [0, -1, 1.5, PAGE - 7, PAGE, 2 ** 31]) {
      assert.throws(() => ring.reserve(size), { code: "INVALID_ARGUMENT" }, String(size));
    }
    ring.close();
    assert.throws(() => ring.reserve(8), { code: "CLOSED" });
  });
});

const BLOCKED = `
  const { parentPort, workerData } = require("node:worker_threads");
  import(workerData.buffer).then(({ UserRingBuffer }) => {
    const ring = new UserRingBuffer(workerData.map);
    parentPort.postMessage("full");
    const sample = ring.reserveBlocking(2000, workerData.timeoutMs);
    if (sample !== undefined) {
      sample.fill(9);
      ring.submit(sample);
    }
    ring.close();
    parentPort.postMessage(sample === undefined ? "timeout" : "sent");
  });
`;

test("a blocked writer goes on when the program has made enough room, not before", async () => {
  await withDrain(async ({ ring, object, drain, seen }) => {
    const limit = object.map(".data");
    limit.update(new Uint8Array(4), new Uint8Array(Uint32Array.of(1).buffer));
    let filled = 0;
    while (send(ring, 1, 504)) filled++;
    assert.equal(filled, 8);
    const { fd, maxEntries } = object.map("commands");
    const buffer = new URL("../../src/buffer/index.js", import.meta.url).href;
    const worker = new Worker(BLOCKED, {
      eval: true,
      workerData: { buffer, map: { fd, maxEntries }, timeoutMs: -1 },
    });
    // The exit may come together with the last message.
    const exit = once(worker, "exit");
    assert.deepEqual(await once(worker, "message"), ["full"]);
    const answer = once(worker, "message");
    // One record of 512 bytes at a time: three make too little room, the fourth makes enough.
    for (let taken = 1; taken <= 4; taken++) assert.equal(drain(), 1);
    assert.deepEqual(await answer, ["sent"]);
    await exit;
    while (seen().records < 9) assert.equal(drain(), 1);
    assert.deepEqual(seen(), { records: 9, sum: 8 + 9 });
  });
});

test("a writer that awaits room writes every record, while the program drains from time to time", async () => {
  await withDrain(async ({ ring, drain, seen }) => {
    const records = 100;
    let waits = 0;
    const draining = setInterval(() => assert.ok(drain() >= 0), 1);
    try {
      for (let sent = 0; sent < records; sent++) {
        while (!send(ring, 1, 504)) {
          waits++;
          assert.ok(await ring.writable());
        }
      }
    } finally {
      clearInterval(draining);
    }
    assert.ok(waits > 0);
    assert.ok(drain() >= 0);
    assert.deepEqual(seen(), { records, sum: records });
  });
});
