import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { describe, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { BpfObject } from "../../src/ebpf/index.ts";
import type { InterruptSource } from "../../src/host/interrupts.ts";
import { attachProgram } from "../../src/link/index.ts";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import { E2BIG, EBADF, EFAULT, EINTR, EINVAL, EMSGSIZE, ENOSPC } from "../../src/uapi/errno.ts";
import { AbiGuest } from "../support/abi-v2.ts";
import { withDirectory } from "../support/compile.ts";
import { compileBpf } from "../support/compile-bpf.ts";
import { compileGuest, runGuest } from "../support/guest.ts";
import { recordsObject } from "../support/records-object.ts";
import { TestObject } from "../support/test-object.ts";

failOnLeaks();

const bytes = recordsObject();
const RING = 1;
const PERF = 2;
const ALL = -1;
const SIZE = 65536;

interface Record {
  readonly source: number;
  readonly cpu: number;
  readonly number: number;
  readonly size: number;
  /** PERF_RECORD_*, 0 in ring buffers. */
  readonly type: number;
}

/** A guest with the object of records loaded and attached. */
class Fixture {
  readonly guest: AbiGuest;
  readonly object: TestObject;
  readonly out: number;

  constructor(t: TestContext, options: ConstructorParameters<typeof AbiGuest>[0] = {}) {
    this.object = TestObject.load(t, bytes);
    this.object.object.adopt(attachProgram(this.object.object.program("on_mkdir")));
    this.guest = new AbiGuest(options);
    t.after(() => this.guest.close());
    this.out = this.guest.alloc(SIZE);
  }

  map(name: string): number {
    return this.guest.mapFd(this.object.object.map(name));
  }

  /** A buffer over one map. */
  open(kind: number, name: string, request = 0): number {
    const buffer = this.guest.call("buffer_new", kind);
    assert.ok(buffer > 0);
    assert.equal(this.guest.call("buffer_add", buffer, this.map(name), request), 0);
    return buffer;
  }

  emit(count: number, size: number, perf = false): void {
    const config = this.object.object.map("config");
    [count, size, perf ? 1 : 0].forEach((value, index) => {
      config.update(words(index), words(value));
    });
    try {
      // It is there; the program runs all the same.
      mkdirSync(tmpdir());
    } catch {}
    config.update(words(0), words(0));
  }

  fill(buffer: number, options: { source?: number; size?: number; limit?: number; timeout?: number } = {}) {
    const { source = ALL, size = SIZE, limit = 0, timeout = 0 } = options;
    return this.guest.call("buffer_fill", buffer, source, this.out, size, limit, timeout);
  }

  /** Walks the spans as the library does. */
  records(length: number): { records: Record[]; left: number[] } {
    const view = this.guest.view(this.out, length);
    const records: Record[] = [];
    const left: number[] = [];
    for (let at = 0; at < length; ) {
      const end = at + 16 + view.getUint32(at, true);
      const source = view.getUint32(at + 4, true);
      const cpu = view.getInt32(at + 8, true);
      left.push(view.getUint32(at + 12, true));
      at += 16;
      while (at < end) {
        if (cpu < 0) {
          const size = view.getUint32(at, true);
          records.push({ source, cpu, number: view.getUint32(at + 8, true), size, type: 0 });
          at += (8 + size + 7) & ~7;
        } else {
          const type = view.getUint32(at, true);
          records.push({
            source,
            cpu,
            number: view.getUint32(at + 12, true),
            size: view.getUint32(at + 8, true),
            type,
          });
          at += view.getUint16(at + 6, true);
        }
      }
      assert.equal(at, end);
    }
    return { records, left };
  }

  numbers(length: number): number[] {
    return this.records(length).records.map(({ number }) => number);
  }
}

function words(value: number): Uint8Array {
  return new Uint8Array(new Uint32Array([value]).buffer);
}

describe("ring buffers", () => {
  test("records come in order, with their headers, in one span", (t) => {
    const fixture = new Fixture(t);
    const buffer = fixture.open(RING, "records");
    fixture.emit(3, 8);
    fixture.emit(2, 100);
    const length = fixture.fill(buffer);
    assert.equal(length, 16 + 3 * 16 + 2 * 112);
    const { records, left } = fixture.records(length);
    assert.deepEqual(left, [0]);
    assert.deepEqual(
      records.map(({ size }) => size),
      [8, 8, 8, 100, 100],
    );
    assert.deepEqual(fixture.numbers(length), [0, 1, 2, 3, 4]);
    assert.equal(fixture.fill(buffer), 0);
  });

  test("a small place takes whole records only, and says what the next one needs", (t) => {
    const fixture = new Fixture(t);
    const buffer = fixture.open(RING, "records");
    fixture.emit(2, 8);
    fixture.emit(1, 100);
    assert.equal(fixture.fill(buffer, { size: 40 }), 32);
    assert.deepEqual(fixture.records(32).left, [1]);
    assert.equal(fixture.fill(buffer, { size: 40 }), 32);
    assert.equal(fixture.fill(buffer, { size: 40 }), -EMSGSIZE);
    assert.equal(fixture.guest.view(fixture.out, 4).getUint32(0, true), 16 + 112);
    assert.equal(fixture.fill(buffer, { size: 0 }), -EMSGSIZE);
    const length = fixture.fill(buffer, { size: 128 });
    assert.deepEqual(fixture.numbers(length), [2]);
  });

  test("no more than the limit", (t) => {
    const fixture = new Fixture(t);
    const buffer = fixture.open(RING, "records");
    fixture.emit(5, 8);
    assert.deepEqual(fixture.numbers(fixture.fill(buffer, { limit: 2 })), [0, 1]);
    assert.deepEqual(fixture.numbers(fixture.fill(buffer)), [2, 3, 4]);
  });

  test("several maps are sources of one buffer", (t) => {
    const [first, second] = [new Fixture(t), new Fixture(t)];
    const buffer = first.open(RING, "records");
    const other = first.guest.mapFd(second.object.object.map("records"));
    assert.equal(first.guest.call("buffer_add", buffer, other, 0), 1);
    // Both programs run at each event of this process.
    first.emit(1, 8);
    second.emit(2, 8);
    const sources = first.records(first.fill(buffer)).records.map(({ source }) => source);
    assert.deepEqual(sources, [0, 1, 1]);
    second.emit(2, 8);
    assert.equal(first.fill(buffer, { source: 0 }), 0);
    assert.deepEqual(first.numbers(first.fill(buffer, { source: 1 })), [2, 3]);
    assert.equal(first.fill(buffer, { source: 2 }), -EINVAL);
  });

  test("waiting ends with the time", (t) => {
    const fixture = new Fixture(t);
    const buffer = fixture.open(RING, "records");
    assert.equal(fixture.fill(buffer, { timeout: 5 }), 0);
    assert.equal(fixture.fill(buffer, { timeout: 5, source: 0 }), 0);
  });

  test("the state counts what was taken", (t) => {
    const fixture = new Fixture(t);
    const buffer = fixture.open(RING, "records");
    fixture.emit(3, 8);
    fixture.fill(buffer, { limit: 1 });
    assert.equal(fixture.guest.call("buffer_state", buffer, 0, fixture.out), 0);
    const view = fixture.guest.view(fixture.out, 40);
    const [consumer, producer, available, size] = [0, 8, 16, 24].map((at) =>
      Number(view.getBigUint64(at, true)),
    );
    assert.deepEqual(
      { consumer, producer, available, size },
      { consumer: 16, producer: 48, available: 32, size: 65536 },
    );
    assert.equal(view.getInt32(32, true), -1);
  });

  test("a descriptor that can be waited for", (t) => {
    const fixture = new Fixture(t);
    const buffer = fixture.open(RING, "records");
    const fd = fixture.guest.call("buffer_fd", buffer);
    assert.equal(fixture.guest.call("buffer_fd", buffer), fd);
    const { hostFd } = fixture.guest.context.fds.get(fd)?.readiness(false) ?? {};
    const ready = (): number[] | number =>
      fixture.guest.context.interrupts.waitFor([{ fd: hostFd ?? -1, events: 1, data: 7 }], 0);
    assert.deepEqual(ready(), []);
    fixture.emit(1, 8);
    assert.deepEqual(ready(), [7]);
    assert.equal(fixture.guest.call("buffer_close", buffer), 0);
    assert.equal(fixture.guest.context.fds.get(fd), undefined);
    assert.equal(fixture.guest.call("buffer_close", buffer), -EBADF);
    assert.equal(fixture.fill(buffer), -EBADF);
  });
});

/** Signals that come when a test says so. */
function scriptedSignals(): InterruptSource & { pending: number } {
  return {
    pending: 0,
    start: () => {},
    take() {
      const { pending } = this;
      this.pending = 0;
      return pending;
    },
    wakeFd: undefined,
    hold: () => {},
    resume: () => {},
    stop: () => {},
  };
}

describe("signals", () => {
  test("records that wait come before -EINTR, which comes once", (t) => {
    const interrupts = scriptedSignals();
    const fixture = new Fixture(t, { interrupts });
    const buffer = fixture.open(RING, "records");
    fixture.emit(1, 8);
    interrupts.pending = 1 << 2;
    assert.deepEqual(fixture.numbers(fixture.fill(buffer, { timeout: 30_000 })), [0]);
    fixture.emit(1, 8);
    assert.equal(fixture.fill(buffer, { timeout: 30_000 }), -EINTR);
    assert.deepEqual(fixture.numbers(fixture.fill(buffer, { timeout: 30_000 })), [1]);
  });

  test("an empty buffer answers at once", (t) => {
    const interrupts = scriptedSignals();
    const fixture = new Fixture(t, { interrupts });
    const buffer = fixture.open(RING, "records");
    interrupts.pending = 1 << 2;
    assert.equal(fixture.fill(buffer, { timeout: 30_000 }), -EINTR);
  });
});

describe("perf buffers", () => {
  test("samples with their CPU, losses as records", (t) => {
    const fixture = new Fixture(t);
    const { guest } = fixture;
    const buffer = fixture.open(PERF, "perf_records", guest.block(32, { 4: 1 }));
    fixture.emit(2, 12, true);
    const { records } = fixture.records(fixture.fill(buffer, { timeout: 30_000 }));
    assert.deepEqual(
      records.map(({ type, number, size }) => [type, number, size]),
      [
        [9, 0, 12],
        [9, 1, 12],
      ],
    );
    assert.ok(records.every(({ cpu }) => cpu >= 0));
    // More than a page holds, several times: a loss is told with the next record of its CPU that fits.
    let [samples, lost] = [0, 0];
    for (let round = 0; round < 20; round++) {
      fixture.emit(64, 512, true);
      const view = fixture.records(fixture.fill(buffer)).records;
      samples += view.filter(({ type }) => type === 9).length;
      lost += view.filter(({ type }) => type === 2).length;
    }
    assert.ok(samples >= 20 && lost > 0, `${samples} samples, ${lost} losses`);
  });

  test("records that wrap around the end of the ring are whole", (t) => {
    const fixture = new Fixture(t);
    const buffer = fixture.open(PERF, "perf_records", fixture.guest.block(32, { 4: 1 }));
    let next = 0;
    for (let round = 0; round < 40; round++) {
      fixture.emit(3, 500, true);
      const { records } = fixture.records(fixture.fill(buffer, { timeout: 30_000 }));
      for (const { number, size, type } of records) assert.deepEqual([number, size, type], [next++, 500, 9]);
    }
    assert.equal(next, 120);
  });

  test("the CPUs and keys of the block", (t) => {
    const fixture = new Fixture(t);
    const { guest } = fixture;
    const cpus = guest.put(words(0));
    const buffer = fixture.open(PERF, "perf_records", guest.block(32, { 4: 2, 20: 1, 24: cpus, 28: cpus }));
    assert.equal(guest.call("buffer_state", buffer, 0, fixture.out), 0);
    assert.equal(guest.view(fixture.out, 40).getInt32(32, true), 0);
    assert.equal(guest.call("buffer_state", buffer, 1, fixture.out), -EINVAL);
  });

  test("what libbpf refuses, with its words", (t) => {
    const fixture = new Fixture(t);
    const { guest } = fixture;
    const buffer = guest.call("buffer_new", PERF);
    assert.equal(
      guest.call("buffer_add", buffer, fixture.map("perf_records"), guest.block(32, { 4: 3 })),
      -EINVAL,
    );
    assert.equal(guest.call("buffer_add", buffer, fixture.map("config"), 0), -EINVAL);
    const ring = guest.call("buffer_new", RING);
    const fd = fixture.map("config");
    assert.equal(guest.call("buffer_add", ring, fd, 0), -EINVAL);
    assert.equal(
      guest.lines,
      "libbpf: page count should be power of two, but is 3\n" +
        "libbpf: map 'config' should be BPF_MAP_TYPE_PERF_EVENT_ARRAY\n" +
        `libbpf: ringbuf: map fd=${fd} is not BPF_MAP_TYPE_RINGBUF\n`,
    );
  });
});

test("hostile values are answered with an error number", (t) => {
  const fixture = new Fixture(t);
  const { guest } = fixture;
  const buffer = fixture.open(RING, "records");
  fixture.emit(3, 8);
  const fill = (at: number, size: number, source = ALL): number =>
    guest.call("buffer_fill", buffer, source, at, size, 0, 0);
  assert.equal(fill(0, SIZE), -EFAULT);
  assert.equal(fill(-1, SIZE), -EFAULT);
  assert.equal(fill(fixture.out, -1), -EFAULT);
  assert.equal(fill(64 * 65536 - 8, 16), -EFAULT);
  assert.equal(fill(64 * 65536 - 8, 8), -EMSGSIZE);
  assert.equal(fill(fixture.out, SIZE, -2), -EINVAL);
  assert.equal(fill(fixture.out, SIZE, 0x7fffffff), -EINVAL);
  assert.equal(guest.call("buffer_new", 0), -EINVAL);
  assert.equal(guest.call("buffer_new", 4), -EINVAL);
  assert.equal(guest.call("buffer_add", buffer, -1, 0), -EBADF);
  assert.equal(guest.call("buffer_add", buffer + 1, fixture.map("records"), 0), -EBADF);
  assert.equal(guest.call("buffer_add", buffer, 999, 0), -EBADF);
  assert.equal(guest.call("buffer_state", buffer, 0, -16), -EFAULT);
  assert.equal(guest.call("buffer_state", buffer, -1, fixture.out), -EINVAL);
  assert.equal(guest.call("buffer_reserve", buffer, 8, 0), -EINVAL);
  const perf = guest.call("buffer_new", PERF);
  const add = (fields: { [offset: number]: number }): number =>
    guest.call("buffer_add", perf, fixture.map("perf_records"), guest.block(32, fields));
  assert.equal(add({ 4: 1, 12: -8, 16: 112 }), -EFAULT);
  assert.equal(add({ 4: 1, 12: fixture.out, 16: 8 }), -EINVAL);
  assert.equal(add({ 4: 1, 12: guest.put(words(6)), 16: 112 }), -EINVAL);
  assert.equal(add({ 4: 1, 20: -1 }), -EINVAL);
  assert.equal(add({ 4: 1, 20: 2 }), -EFAULT);
  assert.ok(add({ 4: 0x80000000 }) < 0);
  assert.deepEqual(fixture.numbers(fill(fixture.out, SIZE)), [0, 1, 2]);
});

/** Takes all records; `sum` and `count` are what it saw. */
const DRAIN = compileBpf(`
struct { __uint(type, BPF_MAP_TYPE_USER_RINGBUF); __uint(max_entries, 4096); } commands SEC(".maps");
volatile __u32 count, sum;
static long take(struct bpf_dynptr *record, void *ctx) {
  __u32 first = 0;
  bpf_dynptr_read(&first, 4, record, 0, 0);
  count++;
  sum += first;
  return 0;
}
SEC("socket") int drain(struct __sk_buff *skb) { return bpf_user_ringbuf_drain(&commands, take, 0, 0); }
`);

describe("user ring buffers", () => {
  const USER = 3;

  class User {
    readonly object: TestObject;
    readonly guest = new AbiGuest();
    readonly buffer: number;

    constructor(t: TestContext) {
      this.object = TestObject.load(t, DRAIN);
      t.after(() => this.guest.close());
      this.buffer = this.guest.call("buffer_new", USER);
      const map = this.guest.mapFd(this.object.object.map("commands"));
      assert.equal(this.guest.call("buffer_add", this.buffer, map, 0), 0);
    }
    reserve(size: number, timeoutMs = 0): number {
      return this.guest.call("buffer_reserve", this.buffer, size, timeoutMs);
    }
    submit(ticket: number, value: number): number {
      return this.guest.call("buffer_submit", this.buffer, ticket, this.guest.put(words(value)), 4);
    }
    drain(): number {
      return this.object.object.program("drain").testRun({ data: new Uint8Array(64) }).returnValue | 0;
    }
  }

  test("the program gets what was submitted, in the order of reservation", (t) => {
    const user = new User(t);
    const [first, second, third] = [user.reserve(4), user.reserve(4), user.reserve(4)] as [
      number,
      number,
      number,
    ];
    assert.equal(user.submit(third, 100), 0);
    assert.equal(user.drain(), 0, "the first is only reserved");
    assert.equal(user.guest.call("buffer_discard", user.buffer, second), 0);
    assert.equal(user.submit(first, 1), 0);
    user.drain();
    assert.equal(user.object.get("count"), 2);
    assert.equal(user.object.get("sum"), 101);
  });

  test("a full buffer has no room, and none comes in time", (t) => {
    const user = new User(t);
    const ticket = user.reserve(4088);
    assert.ok(ticket > 0);
    assert.equal(user.reserve(4), -ENOSPC);
    assert.equal(user.reserve(4, 5), -ENOSPC);
    assert.equal(user.guest.call("buffer_discard", user.buffer, ticket), 0);
    user.drain();
    assert.ok(user.reserve(4, 5) > 0);
  });

  test("a signal ends the wait for room", (t) => {
    const interrupts = scriptedSignals();
    const object = TestObject.load(t, DRAIN);
    const guest = new AbiGuest({ interrupts });
    t.after(() => guest.close());
    const buffer = guest.call("buffer_new", USER);
    guest.call("buffer_add", buffer, guest.mapFd(object.object.map("commands")), 0);
    assert.ok(guest.call("buffer_reserve", buffer, 4088, 30_000) > 0);
    interrupts.pending = 1 << 2;
    assert.equal(guest.call("buffer_reserve", buffer, 4, 30_000), -EINTR);
  });

  test("hostile values", (t) => {
    const user = new User(t);
    const { guest, buffer } = user;
    assert.equal(user.reserve(4089), -E2BIG);
    assert.equal(user.reserve(-1), -E2BIG);
    assert.equal(user.reserve(0), -EINVAL);
    assert.equal(user.submit(77, 1), -EINVAL);
    const ticket = user.reserve(4);
    assert.equal(guest.call("buffer_submit", buffer, ticket, guest.put(words(1)), 8), -EINVAL);
    assert.equal(guest.call("buffer_submit", buffer, ticket, -2, 4), -EFAULT);
    assert.equal(user.submit(ticket, 1), 0);
    assert.equal(user.submit(ticket, 1), -EINVAL);
    assert.equal(guest.call("buffer_discard", buffer, ticket), -EINVAL);
    assert.equal(guest.call("buffer_fill", buffer, -1, guest.alloc(64), 64, 0, 0), -EINVAL);
    const unmapped = guest.call("buffer_new", USER);
    assert.equal(guest.call("buffer_reserve", unmapped, 8, 0), -EINVAL);
  });
});

function placeOfMap(name: string): number {
  return [...BpfObject.open(bytes).maps.keys()].indexOf(name);
}

/** Opens the object, attaches the program by its section, and takes records as a library would. */
const WHOLE_GUEST = compileGuest(
  `#include <poll.h>
#include <sys/stat.h>
#include <wasm-bpf/abi2.h>
static unsigned char out[4096];
int main(void) {
  struct wb_object_open req = { .size = sizeof(req), .data_at = wb_address(object), .data_size = object_size };
  int obj = wb_object_open(wb_address(&req));
  if (obj < 0 || wb_object_load(obj)) return 1;
  struct wb_link_attach attach = { .size = sizeof(attach) };
  int link = wb_link_attach(obj, 0, wb_address(&attach));
  int records = wb_map_fd(obj, RECORDS), config = wb_map_fd(obj, CONFIG);
  uint32_t index = 0, count = 3, size = 8;
  wb_map_update(config, wb_address(&index), wb_address(&count), 0, 0);
  index = 1;
  wb_map_update(config, wb_address(&index), wb_address(&size), 0, 0);
  int buffer = wb_buffer_new(1);
  printf("%d ", wb_buffer_add(buffer, records, 0));
  struct pollfd wanted = { .fd = wb_buffer_fd(buffer), .events = POLLIN };
  printf("%d ", poll(&wanted, 1, 10));
  mkdir("/data/d", 0755);
  printf("%d ", poll(&wanted, 1, 30000));
  int length = wb_buffer_fill(buffer, -1, wb_address(out), sizeof(out), 0, 30000);
  printf("%d:", length);
  for (int at = 16; at < length; at += 16) printf(" %u", *(uint32_t *)(out + at + 8));
  close(link);
  mkdir("/data/d", 0755);
  printf(" %d", wb_buffer_fill(buffer, -1, wb_address(out), sizeof(out), 0, 0));
  printf(" %d %d", wb_buffer_close(buffer), wb_object_close(obj));
  printf(" %zd", read(wanted.fd, out, 1));
  return 0;
}
`,
  bytes,
  [
    `-DRECORDS=${placeOfMap("records")}`,
    `-DCONFIG=${placeOfMap("config")}`,
    ...["-idirafter", fileURLToPath(new URL("../../../sdk/include", import.meta.url))],
  ],
);

test("a guest that waits with poll, takes records, and closes everything", async () => {
  await withDirectory((directory) => {
    const { stdout, status, stderr } = runGuest(WHOLE_GUEST, {
      preopens: [{ host: directory, guest: "/data" }],
    });
    assert.equal(stderr, "");
    assert.equal(stdout, "0 0 1 64: 0 1 2 0 0 0 -1");
    assert.equal(status, 0);
  });
});
