import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import { BPF_MAP_TYPE_ARRAY } from "../../src/uapi/bpf.ts";
import * as errno from "../../src/uapi/errno.ts";
import { AF_UNIX, SIGALRM, SOCK_DGRAM, SOCK_STREAM } from "../../src/uapi/linux.ts";
import { AbiGuest } from "../support/abi-v2.ts";

failOnLeaks();

const NONBLOCK = 0x800;
const CLOSE_ON_EXEC = 0x80000;
const POLLIN = 1;
const POLLHUP = 16;
const POLLNVAL = 32;
const FOR_EVER = -1;

function two(guest: AbiGuest, make: (at: number) => number): [first: number, second: number] {
  const at = guest.alloc(8);
  assert.equal(make(at), 0);
  const view = guest.view(at, 8);
  return [view.getInt32(0, true), view.getInt32(4, true)];
}

function write(guest: AbiGuest, fd: number, text: string): number {
  return guest.context.fds.get(fd)?.write([Buffer.from(text)]) ?? -errno.EBADF;
}

function read(guest: AbiGuest, fd: number): string | number {
  const into = new Uint8Array(64);
  const count = guest.context.fds.get(fd)?.read([into]) ?? -errno.EBADF;
  return count < 0 ? count : Buffer.from(into.subarray(0, count)).toString();
}

function poll(
  guest: AbiGuest,
  wanted: readonly (readonly [fd: number, events: number])[],
  timeout: number,
): number[] {
  const at = guest.alloc(8 * wanted.length);
  const view = guest.view(at, 8 * wanted.length);
  for (const [index, [fd, events]] of wanted.entries()) {
    view.setInt32(8 * index, fd, true);
    view.setUint16(8 * index + 4, events, true);
  }
  const count = guest.call("fd_poll", at, wanted.length, timeout, timeout);
  return [count, ...wanted.map((_, index) => view.getUint16(8 * index + 6, true))];
}

describe("numbers of descriptors", () => {
  test("stand for the same until the last is closed", () => {
    using guest = new AbiGuest();
    const [reading, writing] = two(guest, (at) => guest.call("fd_pipe", at, NONBLOCK));
    const other = guest.call("fd_dup", writing, 100, 0, CLOSE_ON_EXEC);
    assert.equal(other, 100);
    assert.deepEqual([guest.call("fd_flags", other, -1), guest.call("fd_flags", writing, -1)], [1, 0]);
    assert.equal(guest.call("fd_dup", writing, 100, 0, 0), 101);
    assert.equal(guest.call("fd_dup", reading, 101, 1, 0), 101, "what it was is closed");
    guest.context.fds.close(writing);
    assert.equal(write(guest, other, "text"), 4);
    assert.equal(read(guest, 101), "text");
    assert.equal(read(guest, reading), -errno.EAGAIN);
    guest.context.fds.close(other);
    assert.equal(read(guest, reading), "", "nobody writes any more");
    assert.equal(guest.call("fd_dup", other, 0, 0, 0), -errno.EBADF);
    assert.equal(guest.call("fd_dup", reading, 1 << 20, 1, 0), -errno.EBADF);
    assert.equal(guest.call("fd_dup", reading, 1 << 20, 0, 0), -errno.EINVAL);
    assert.equal(guest.call("fd_dup", reading, 0, 2, 0), -errno.EINVAL);
    assert.equal(guest.call("fd_flags", other, 1), -errno.EBADF);
  });

  test("of a map lead to the map after the first is closed", () => {
    using guest = new AbiGuest();
    const request = guest.block(80, { 4: BPF_MAP_TYPE_ARRAY, 12: 4, 16: 4, 20: 1 });
    const map = guest.call("map_create", request);
    assert.ok(map > 0);
    const other = guest.call("fd_dup", map, 0, 0, 0);
    const [key, value] = [guest.alloc(4), guest.alloc(4)];
    guest.view(value, 4).setUint32(0, 77, true);
    assert.equal(guest.call("map_update", map, key, value, 0, 0), 0);
    guest.context.fds.close(map);
    guest.view(value, 4).setUint32(0, 0, true);
    assert.equal(guest.call("map_lookup", other, key, value, 0, 0), 0);
    assert.equal(guest.view(value, 4).getUint32(0, true), 77);
    assert.equal(guest.call("map_lookup", map, key, value, 0, 0), -errno.EBADF);
  });
});

describe("fd_poll", () => {
  test("says what each is, and waits for one at most as long as it was told", () => {
    using guest = new AbiGuest();
    const [reading, writing] = two(guest, (at) => guest.call("fd_pipe", at, 0));
    const event = guest.call("fd_event", 0, 0);
    assert.deepEqual(poll(guest, [[reading, POLLIN]], 0), [0, 0]);
    const started = process.hrtime.bigint();
    const low = guest.alloc(8);
    guest.view(low, 8).setInt32(0, reading, true);
    guest.view(low, 8).setUint16(4, POLLIN, true);
    assert.equal(guest.call("fd_poll", low, 1, 3_000_000, 0), 0);
    assert.ok(process.hrtime.bigint() - started >= 3_000_000n);
    write(guest, writing, "x");
    assert.deepEqual(
      poll(
        guest,
        [
          [event, POLLIN],
          [reading, POLLIN],
          [reading, 0],
          [77, POLLIN],
          [-1, POLLIN],
        ],
        FOR_EVER,
      ),
      [2, 0, POLLIN, 0, POLLNVAL, 0],
    );
    guest.context.fds.close(writing);
    assert.deepEqual(poll(guest, [[reading, POLLIN]], FOR_EVER), [1, POLLIN | POLLHUP]);
    assert.equal(guest.call("fd_poll", -8, 2, 0, 0), -errno.EFAULT);
    assert.equal(guest.call("fd_poll", guest.alloc(8), -1, 0, 0), -errno.EINVAL);
  });

  test("tells of all that are ready, however many", () => {
    using guest = new AbiGuest();
    const events = Array.from({ length: 200 }, (_, index) =>
      guest.call("fd_event", index % 4 === 0 ? 0 : 1, 0),
    );
    const [count, ...found] = poll(
      guest,
      events.map((fd) => [fd, POLLIN]),
      FOR_EVER,
    );
    assert.equal(count, 150);
    assert.deepEqual(
      found,
      events.map((_, index) => (index % 4 === 0 ? 0 : POLLIN)),
    );
  });

  test("ends when a signal comes, and so do reading and writing", () => {
    using guest = new AbiGuest();
    guest.call("signal_catch", SIGALRM, 2);
    const event = guest.call("fd_event", 0, 0);
    const full = guest.call("fd_event", 0, 0);
    const timer = guest.call("fd_timer", 1, 0);
    const [reading] = two(guest, (at) => guest.call("fd_pipe", at, 0));
    const [, writing] = two(guest, (at) => guest.call("fd_pipe", at, NONBLOCK));
    const fullPipe = guest.context.fds.get(writing);
    while ((fullPipe?.write([Buffer.alloc(4096)]) ?? 0) > 0);
    assert.equal(fullPipe?.setFlags(0), 0);
    const most = Buffer.alloc(8, 0xff);
    most[0] = 0xfe;
    assert.equal(guest.context.fds.get(full)?.write([most]), 8);
    const soon = guest.alloc(32);
    for (const call of [
      () => poll(guest, [[event, POLLIN]], FOR_EVER)[0],
      () => read(guest, event),
      () => read(guest, timer),
      () => read(guest, reading),
      () => guest.context.fds.get(full)?.write([most]),
      () => fullPipe?.write([Buffer.alloc(1)]),
    ]) {
      guest.view(soon, 32).setBigInt64(24, 10_000n, true);
      assert.equal(guest.call("signal_timer", 0, soon, 0), 0);
      assert.equal(call(), -errno.EINTR, String(call));
      assert.equal(guest.call("signal_take", guest.alloc(8)), 1);
    }
  });
});

test("timers: only clocks that wake nobody", () => {
  using guest = new AbiGuest();
  for (const clock of [0, 1, 7]) assert.ok(guest.call("fd_timer", clock, CLOSE_ON_EXEC) > 0);
  for (const clock of [8, 9]) assert.equal(guest.call("fd_timer", clock, 0), -errno.EPERM);
  for (const clock of [2, -1]) assert.equal(guest.call("fd_timer", clock, 0), -errno.EINVAL);
  assert.equal(guest.call("fd_timer", 1, 1), -errno.EINVAL);
  assert.equal(guest.call("fd_timer_set", 0, 0, 0, 0), -errno.EINVAL);
  assert.equal(guest.call("fd_timer_set", 99, 0, 0, 0), -errno.EBADF);
});

test("a pair of sockets reaches nobody else without --allow-net", () => {
  using guest = new AbiGuest();
  const [first, second] = two(guest, (at) => guest.call("fd_pair", SOCK_DGRAM | NONBLOCK, 0, at));
  assert.equal(write(guest, first, "text"), 4);
  assert.equal(read(guest, second), "text");
  const address = guest.alloc(16);
  guest.view(address, 16).setUint16(0, AF_UNIX, true);
  guest.view(address, 16).setUint8(3, 65);
  for (const call of ["net_bind", "net_connect"]) {
    assert.equal(guest.call(call, first, address, 4), -errno.EPERM, call);
  }
  assert.equal(guest.call("net_send", first, address, 4, 0, address, 4), -errno.EPERM);
  assert.equal(guest.call("net_listen", first, 1), -errno.EOPNOTSUPP);
  assert.equal(guest.lines.match(/which needs --allow-net\n/g)?.length, 1);
  assert.equal(guest.call("fd_pair", SOCK_STREAM, 0, -4), -errno.EFAULT);
  assert.equal(guest.call("fd_pair", 0x100, 0, guest.alloc(8)), -errno.EINVAL);
});
