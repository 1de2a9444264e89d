import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import {
  type EventBuffer,
  PerfBuffer,
  Poller,
  RingBuffer,
  TypedBuffer,
  UserRingBuffer,
} from "../../src/buffer/index.ts";
import { BpfMap, bytesCodec } from "../../src/ebpf/index.ts";
import { getSys } from "../../src/sys/index.ts";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import {
  BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  BPF_MAP_TYPE_RINGBUF,
  BPF_MAP_TYPE_USER_RINGBUF,
} from "../../src/uapi/bpf.ts";
import { createMap, numbered, perfSender, ringSender, type Sender } from "./event-programs.ts";

failOnLeaks();

const SIZE = 16384;

function only(ready: EventBuffer[] | number): EventBuffer | undefined {
  assert.ok(typeof ready !== "number" && ready.length === 1);
  return ready[0];
}

async function withRing(
  body: (ring: RingBuffer, sender: Sender, map: number) => Promise<void>,
): Promise<void> {
  const map = createMap(BPF_MAP_TYPE_RINGBUF, 0, 0, SIZE);
  const ring = new RingBuffer({ fd: map, maxEntries: SIZE });
  const sender = ringSender(map);
  try {
    await body(ring, sender, map);
  } finally {
    sender.close();
    ring.close();
    getSys().close(map);
  }
}

test("records are awaited one after the other, those that wait already among them", async () => {
  await withRing(async (ring, sender) => {
    assert.ok(sender.send(numbered(0, 100)));
    assert.ok(sender.send(numbered(1, 100)));
    let expected = 0;
    for await (const record of ring) {
      assert.deepEqual(record, numbered(expected++, 100));
      if (expected === 50) break;
      if (expected >= 2) setTimeout(() => sender.send(numbered(expected, 100)), expected % 3);
    }
    assert.equal(expected, 50);
    assert.equal(ring.closed, false);
    assert.ok(sender.send(numbered(7, 8)));
    assert.deepEqual(ring.take(), numbered(7, 8), "the buffer is still open");
  });
});

test("the event loop goes on while a buffer is waited for, also while records pour in", async () => {
  await withRing(async (ring, sender) => {
    let turns = 0;
    const waiting = ring.readable();
    for (; turns < 10; turns++) await turn();
    assert.ok(sender.send(numbered(0, 8)));
    assert.equal(await waiting, true);

    // Each record that is taken is followed by another: there is always one.
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 20);
    await assert.rejects(
      async () => {
        for await (const record of ring.records({ signal: abort.signal })) assert.ok(sender.send(record));
      },
      { name: "AbortError" },
    );
  });
});

test("a signal ends the waiting, before and meanwhile", async () => {
  await withRing(async (ring, sender) => {
    await assert.rejects(ring.readable({ signal: AbortSignal.abort() }), { name: "AbortError" });
    const abort = new AbortController();
    const first = ring.readable({ signal: abort.signal });
    const second = ring.readable();
    abort.abort(new Error("enough"));
    await assert.rejects(first, { message: "enough" });
    assert.ok(sender.send(numbered(0, 8)));
    assert.equal(await second, true, "the other one waits on");
  });
});

test("closing a buffer ends whoever waits for it", async () => {
  await withRing(async (ring) => {
    const waiting = [ring.readable(), ring.readable()];
    const all = (async () => {
      for await (const _ of ring) assert.fail("no record was sent");
    })();
    await turn();
    ring.close();
    assert.deepEqual(await Promise.all(waiting), [false, false]);
    await all;
    assert.equal(await ring.readable(), false);
  });
  await withRing(async (ring, sender) => {
    assert.ok(sender.send(numbered(0, 8)));
    assert.ok(sender.send(numbered(1, 8)));
    let records = 0;
    for await (const _ of ring) {
      records++;
      ring.close();
    }
    assert.equal(records, 1);
  });
});

test("a buffer whose map is closed can still be waited for", async () => {
  const map = createMap(BPF_MAP_TYPE_RINGBUF, 0, 0, SIZE);
  const sender = ringSender(map);
  const ring = new RingBuffer({ fd: map, maxEntries: SIZE });
  try {
    const waiting = ring.readable();
    await turn();
    getSys().close(map);
    assert.ok(sender.send(numbered(3, 8)));
    assert.equal(await waiting, true);
    assert.deepEqual(ring.take(), numbered(3, 8));
  } finally {
    ring.close();
    sender.close();
  }
});

test("perf buffers, typed buffers and several buffers at once are waited for alike", async () => {
  using array = BpfMap.create({
    type: BPF_MAP_TYPE_PERF_EVENT_ARRAY,
    keySizeBytes: 4,
    valueSizeBytes: 4,
  });
  using map = BpfMap.create({ type: BPF_MAP_TYPE_RINGBUF, maxEntries: SIZE });
  using perf = new PerfBuffer(array);
  using typed = new TypedBuffer(map, bytesCodec(8));
  const toPerf = perfSender(array.fd);
  const toRing = ringSender(map.fd);
  try {
    setTimeout(() => toPerf.send(numbered(1, 12)), 1);
    assert.equal(await perf.readable(), true);
    setTimeout(() => toRing.send(numbered(2, 8)), 1);
    for await (const event of typed) {
      assert.deepEqual(event, numbered(2, 8));
      break;
    }
    using poller = new Poller([perf, typed.buffer]);
    assert.ok(only(poller.ready(0)) === perf);
    perf.consume(() => {});
    setTimeout(() => toRing.send(numbered(3, 8)), 1);
    assert.equal(await poller.readable(), true);
    assert.ok(only(poller.ready(0)) === typed.buffer);
    typed.take();
    const waiting = poller.readable();
    poller.close();
    assert.equal(await waiting, false);
    assert.throws(() => poller.wait(0), { code: "CLOSED" });
    assert.throws(() => poller.add(perf), { code: "CLOSED" });
  } finally {
    toPerf.close();
    toRing.close();
  }
});

test("a poller leaves out what is closed, whose map may still be readable", async () => {
  await withRing(async (ring, sender, map) => {
    using poller = new Poller([ring]);
    assert.ok(sender.send(numbered(0, 8)));
    assert.equal(poller.wait(0), 1);
    ring.close();
    assert.equal(poller.wait(0), 0);
    using again = new RingBuffer({ fd: map, maxEntries: SIZE });
    poller.add(again);
    assert.ok(only(poller.ready(-1)) === again);
  });
});

test("room in a user ring buffer is waited for; closing it ends that", async () => {
  using map = BpfMap.create({ type: BPF_MAP_TYPE_USER_RINGBUF, maxEntries: 4096 });
  const ring = new UserRingBuffer(map);
  assert.equal(await ring.writable(), true, "there is room");
  while (ring.reserve(1000) !== undefined);
  // Nobody drains it: there is no news of room.
  const abort = new AbortController();
  const waiting = ring.writable({ signal: abort.signal });
  await turn();
  abort.abort();
  await assert.rejects(waiting, { name: "AbortError" });
  const last = ring.writable();
  ring.close();
  assert.equal(await last, false);
});

const BUFFERS = pathToFileURL(`${import.meta.dirname}/../../src/buffer/index.js`);

test("a thread that is ended while it waits ends", async () => {
  using map = BpfMap.create({ type: BPF_MAP_TYPE_RINGBUF, maxEntries: SIZE });
  const code = `
    const { parentPort, workerData } = await import("node:worker_threads");
    const { RingBuffer } = await import(${JSON.stringify(BUFFERS)});
    const ring = new RingBuffer(workerData);
    void ring.readable();
    parentPort.postMessage("waits");
    if (workerData.exits) process.exit(3);
  `;
  const before = getSys().dup(map.fd);
  for (const exits of [false, true]) {
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`), {
      workerData: { fd: map.fd, maxEntries: map.maxEntries, exits },
    });
    await once(worker, "message");
    const status = exits ? (await once(worker, "exit"))[0] : await worker.terminate();
    assert.equal(status, exits ? 3 : 1);
  }
  // The descriptor that each of the threads waited with is this process's, and nobody else's by now.
  const after = getSys().dup(map.fd);
  for (let fd = before + 1; fd < after; fd++) getSys().close(fd);
  getSys().close(before);
  getSys().close(after);
});

test("a process that waits stays, and ends once nobody waits", () => {
  const run = (code: string): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, ["--input-type=module", "-e", code], { encoding: "utf8", timeout: 30_000 });
  const open = `
    import { RingBuffer } from ${JSON.stringify(BUFFERS)};
    import { BpfMap } from ${JSON.stringify(new URL("../ebpf/index.js", BUFFERS))};
    const map = BpfMap.create({ type: ${BPF_MAP_TYPE_RINGBUF}, maxEntries: 4096 });
    const ring = new RingBuffer(map);
  `;
  // Nothing else keeps the process: the timer does not.
  const stays = run(`${open}
    setTimeout(() => { console.log("still here"); ring.close(); }, 50).unref();
    console.log(await ring.readable());
  `);
  assert.equal(stays.stdout, "still here\nfalse\n", stays.stderr);
  assert.equal(stays.status, 0);
  const ends = run(`${open}
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 1);
    await ring.readable({ signal: abort.signal }).catch((error) => console.log(error.name));
  `);
  assert.equal(ends.stdout, "AbortError\n", ends.stderr);
  assert.equal(ends.status, 0);
  const exits = run(`${open} void ring.readable(); setTimeout(() => process.exit(4), 1);`);
  assert.equal(exits.status, 4, exits.stderr);
});
