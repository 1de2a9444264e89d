import assert from "node:assert/strict";
import { test } from "node:test";
import { Poller, RingBuffer } from "../../src/buffer/index.ts";
import { getSys } from "../../src/sys/index.ts";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import { BPF_MAP_TYPE_RINGBUF } from "../../src/uapi/bpf.ts";
import {
  createMap,
  discarder,
  MAX_RECORD,
  numbered,
  ringSender,
  run,
  type Sender,
} from "./event-programs.ts";

failOnLeaks();

const SIZE = 16384;
const NONE = new Uint8Array(1);

function withRing(body: (ring: RingBuffer, sender: Sender, map: number) => void): void {
  const map = createMap(BPF_MAP_TYPE_RINGBUF, 0, 0, SIZE);
  const ring = new RingBuffer({ fd: map, maxEntries: SIZE });
  const sender = ringSender(map);
  try {
    body(ring, sender, map);
  } finally {
    sender.close();
    ring.close();
    getSys().close(map);
  }
}

test("records of every size come out whole and in order, over many turns of the ring", () => {
  withRing((ring, sender) => {
    let sent = 0;
    for (let size = 4; size <= MAX_RECORD; size += size < 300 ? 1 : 37) {
      const record = numbered(sent++, size);
      assert.ok(sender.send(record));
      assert.deepEqual(ring.take(), record);
      assert.equal(ring.lastSizeBytes, size);
      assert.equal(ring.take(), undefined);
    }
    assert.ok(sent > 300);
  });
});

test("all records that wait are delivered by one consume, in order", () => {
  withRing((ring, sender) => {
    for (let round = 0; round < 30; round++) {
      const sizes = Array.from({ length: 20 }, (_, i) => 4 + ((round * 97 + i * 61) % 500));
      for (const [i, size] of sizes.entries()) assert.ok(sender.send(numbered(i, size)));
      const got: Uint8Array[] = [];
      assert.equal(
        ring.consume((record) => got.push(record.slice())),
        20,
      );
      assert.deepEqual(
        got,
        sizes.map((size, i) => numbered(i, size)),
      );
    }
    assert.equal(ring.waitingBytes, 0);
  });
});

test("records that were copied as a span are not read again, nor what lies behind them", () => {
  withRing((ring, sender) => {
    const span = new Uint8Array(1024);
    assert.ok(sender.send(numbered(0, 40)));
    assert.ok(sender.send(numbered(1, 40)));
    assert.deepEqual(ring.take(), numbered(0, 40));
    assert.ok(sender.send(numbered(2, 40)));
    assert.equal(ring.copySpan(span), 2 * 48);
    assert.equal(ring.take(), undefined);
    assert.ok(sender.send(numbered(3, 40)));
    assert.deepEqual(ring.take(), numbered(3, 40));
  });
});

test("discarded records are skipped and their space is given back", () => {
  withRing((ring, sender, map) => {
    const discard = discarder(map, 1000);
    try {
      for (let i = 0; i < 100; i++) {
        assert.equal(run(discard, NONE), 0, "the ring is full");
        assert.equal(run(discard, NONE), 0, "the ring is full");
        assert.ok(sender.send(numbered(i, 40)));
        assert.equal(run(discard, NONE), 0, "the ring is full");
        assert.deepEqual(ring.take(), numbered(i, 40));
        assert.equal(ring.take(), undefined);
        assert.equal(ring.waitingBytes, 0);
      }
    } finally {
      getSys().close(discard);
    }
  });
});

test("a full ring refuses records and takes them again once it is read", () => {
  withRing((ring, sender) => {
    let sent = 0;
    while (sender.send(numbered(sent, 1000))) sent++;
    assert.equal(sent, Math.floor((SIZE - 1) / 1008));
    assert.equal(
      ring.consume(() => 0),
      sent,
    );
    assert.ok(sender.send(numbered(1, 1000)));
    assert.deepEqual(ring.take(), numbered(1, 1000));
  });
});

test("a copy is truncated, never written past its limit, and tells the real size", () => {
  withRing((ring, sender) => {
    for (const size of [10, 64, 65, 500]) {
      assert.ok(sender.send(numbered(1, size)));
      assert.ok(sender.send(numbered(2, size)));
      assert.deepEqual(ring.take(7), numbered(1, size).subarray(0, 7));
      assert.equal(ring.lastSizeBytes, size);
      const target = new Uint8Array(600).fill(0xee);
      assert.equal(ring.takeInto(target, 9, size - 1), size - 1);
      assert.deepEqual(target.subarray(9, 9 + size - 1), numbered(2, size).subarray(0, size - 1));
      assert.ok(target.subarray(0, 9).every((byte) => byte === 0xee));
      assert.ok(target.subarray(9 + size - 1).every((byte) => byte === 0xee));
      assert.equal(ring.takeInto(target, 0, 600), -1);
    }
  });
});

test("a callback may take from the ring itself, stop it, throw, or close it", () => {
  withRing((ring, sender) => {
    for (let i = 0; i < 6; i++) sender.send(numbered(i, 100));
    const seen: number[] = [];
    const first = ring.consume((record) => {
      const nested = ring.take();
      if (nested !== undefined) sender.send(numbered(99, 100)); // must not overwrite the view in use
      seen.push(record[0] ?? -1, nested?.[0] ?? -1);
      return seen.length === 4 ? -7 : 0;
    });
    assert.equal(first, -7);
    assert.deepEqual(seen, [0, 1, 2, 3]);
    assert.throws(() =>
      ring.consume(() => {
        throw new Error("from the callback");
      }),
    );
    assert.equal(ring.take()?.[0], 5);
    assert.equal(ring.take()?.[0], 99);
    assert.equal(
      ring.consume(() => ring.close()),
      1,
    );
    assert.throws(() => ring.take(), { code: "CLOSED" });
    ring.close();
  });
});

test("copySpan copies committed records with their headers, as many as fit", () => {
  withRing((ring, sender, map) => {
    const discard = discarder(map, 24);
    sender.send(numbered(1, 20)); // 32 bytes with header and padding
    run(discard, NONE); // 32
    sender.send(numbered(2, 24)); // 32
    getSys().close(discard);
    const span = new Uint8Array(80);
    assert.equal(ring.copySpan(span), 64);
    const view = new DataView(span.buffer);
    assert.equal(view.getUint32(0, true), 20);
    assert.deepEqual(span.subarray(8, 28), numbered(1, 20));
    assert.equal(view.getUint32(32, true) >>> 30, 1, "the discard bit");
    assert.equal(ring.copySpan(span), 32);
    assert.deepEqual(span.subarray(8, 32), numbered(2, 24));
    assert.equal(ring.copySpan(span), 0);
  });
});

test("a reader of the map starts where the one before it was closed", () => {
  withRing((ring, sender, map) => {
    for (let i = 0; i < 3; i++) sender.send(numbered(i, 8));
    ring.take();
    ring.close();
    const second = new RingBuffer({ fd: map, maxEntries: SIZE });
    try {
      assert.equal(second.take()?.[0], 1);
    } finally {
      second.close();
    }
  });
});

test("the poller reports a buffer with records and none without", () => {
  withRing((ring, sender) => {
    const poller = new Poller([ring]);
    try {
      assert.equal(poller.wait(0), 0);
      assert.equal(poller.wait(5), 0);
      sender.send(numbered(1, 8));
      assert.equal(poller.wait(-1), 1);
      assert.deepEqual(poller.ready(0), [ring]);
      ring.take();
      assert.equal(poller.wait(0), 0);
      poller.remove(ring);
      sender.send(numbered(1, 8));
      assert.equal(poller.wait(0), 0);
    } finally {
      poller.close();
    }
  });
});
