import assert from "node:assert/strict";
import { test } from "node:test";
import { openBuffer, PerfBuffer, Poller } from "../../src/buffer/index.ts";
import { possibleCpuCount } from "../../src/kernel/index.ts";
import { getSys } from "../../src/sys/index.ts";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import { BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_PERF_EVENT_ARRAY } from "../../src/uapi/bpf.ts";
import { PATIENCE_MS } from "../support/until.ts";
import { createMap, MAX_RECORD, numbered, perfSender, type Sender } from "./event-programs.ts";

failOnLeaks();

/** More entries than this machine has CPUs, as a rule, and never fewer. */
const CPUS = Math.max(8, possibleCpuCount());

/** The kernel pads a record so that its length and the 4 bytes before it fill whole words. */
function padded(size: number): number {
  return Math.ceil((size + 4) / 8) * 8 - 4;
}

function withBuffer(pages: number, body: (buffer: PerfBuffer, sender: Sender) => void): void {
  const map = createMap(BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, CPUS);
  const buffer = new PerfBuffer({ fd: map, maxEntries: CPUS }, { pagesPerCpu: pages });
  const sender = perfSender(map);
  try {
    body(buffer, sender);
  } finally {
    sender.close();
    buffer.close();
    getSys().close(map);
  }
}

test("records of every size come out whole, wrapped ones too, with their CPU", () => {
  withBuffer(1, (buffer, sender) => {
    let sent = 0;
    for (let size = 4; size <= MAX_RECORD; size += size < 200 ? 1 : 37) {
      const record = numbered(sent++, size);
      assert.ok(sender.send(record));
      const got = buffer.take();
      assert.deepEqual(got?.subarray(0, size), record);
      assert.equal(got?.length, padded(size));
      assert.ok(buffer.cpus.includes(buffer.lastCpu));
      assert.equal(buffer.take(), undefined);
    }
    // The same through views.
    for (let i = 0; i < 50; i++) {
      sender.send(numbered(i, 620));
      sender.send(numbered(i + 1, 620));
      const got: Uint8Array[] = [];
      assert.equal(
        buffer.consume((record) => got.push(record.slice(0, 620))),
        2,
      );
      // Two CPUs may have taken one each.
      assert.deepEqual(got.map((record) => record[0]).sort(), [i, i + 1].sort());
      for (const record of got) assert.deepEqual(record, numbered(record[0] ?? 0, 620));
    }
    assert.equal(buffer.lost, 0);
  });
});

test("lost records are counted", () => {
  withBuffer(1, (buffer, sender) => {
    let sent = 0;
    while (sent < 40) sender.send(numbered(sent++, 1000));
    let delivered = buffer.consume(() => 0);
    assert.ok(delivered < sent);
    // The kernel reports a loss with the next record that fits on the CPU that lost it: where this thread comes again.
    const end = Date.now() + PATIENCE_MS;
    while (delivered + buffer.lost < sent && Date.now() < end) {
      sender.send(numbered(sent++, 8));
      delivered += buffer.consume(() => 0);
    }
    assert.equal(delivered + buffer.lost, sent);
    assert.ok(buffer.lost > 0);
  });
});

test("a copy is truncated and tells the real size; a negative result stops", () => {
  withBuffer(2, (buffer, sender) => {
    sender.send(numbered(1, 100));
    const target = new Uint8Array(32).fill(0xee);
    assert.equal(buffer.takeInto(target, 8, 16), 16);
    assert.equal(buffer.lastSizeBytes, padded(100));
    assert.deepEqual(target.subarray(8, 24), numbered(1, 100).subarray(0, 16));
    assert.ok(target.subarray(24).every((byte) => byte === 0xee));
    sender.send(numbered(2, 100));
    assert.equal(
      buffer.consume(() => -3),
      -3,
    );
    assert.equal(
      buffer.consume(() => 0),
      0,
    );
  });
});

test("a callback may take from the buffer itself and close it", () => {
  withBuffer(2, (buffer, sender) => {
    for (let i = 0; i < 4; i++) sender.send(numbered(i, 100));
    const seen: (number | undefined)[] = [];
    buffer.consume((record) => {
      seen.push(record[0], buffer.take()?.[0]);
    });
    assert.deepEqual(seen.sort(), [0, 1, 2, 3]);
    sender.send(numbered(5, 100));
    assert.equal(
      buffer.consume(() => buffer.close()),
      1,
    );
    assert.throws(() => buffer.take(), { code: "CLOSED" });
  });
});

test("the poller wakes for any CPU's records", () => {
  withBuffer(2, (buffer, sender) => {
    const poller = new Poller([buffer]);
    try {
      assert.equal(poller.wait(0), 0);
      sender.send(numbered(1, 8));
      assert.equal(poller.wait(-1), 1);
      assert.equal(
        buffer.consume(() => 0),
        1,
      );
      assert.equal(poller.wait(0), 0);
    } finally {
      poller.close();
    }
  });
});

test("a size that is no power of two and a map of another type are refused", () => {
  const map = createMap(BPF_MAP_TYPE_ARRAY, 4, 4, 1);
  try {
    assert.throws(() => new PerfBuffer({ fd: map, maxEntries: 1 }, { pagesPerCpu: 3 }), {
      code: "INVALID_ARGUMENT",
    });
    assert.throws(() => openBuffer({ fd: map, maxEntries: 1, type: BPF_MAP_TYPE_ARRAY, name: "counters" }), {
      code: "INVALID_ARGUMENT",
      message: /"counters"/,
    });
    // A map that no event fits into: the kernel's refusal leaves nothing behind.
    assert.throws(() => new PerfBuffer({ fd: -1, maxEntries: CPUS }), { errnoName: "EBADF" });
  } finally {
    getSys().close(map);
  }
});
