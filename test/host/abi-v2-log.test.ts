import assert from "node:assert/strict";
import { test } from "node:test";
import * as errno from "../../src/uapi/errno.ts";
import { AbiGuest } from "../support/abi-v2.ts";

const WARNING = 0;
const INFO = 1;
const DEBUG = 2;

/** All lines that wait, as level and text. */
function take(guest: AbiGuest, room = 65536): [level: number, text: string][] {
  const at = guest.alloc(room);
  const lines: [number, string][] = [];
  for (;;) {
    const used = guest.call("log_take", at, room);
    assert.ok(used >= 0, String(used));
    if (used === 0) return lines;
    for (let offset = 0; offset < used; ) {
      const view = guest.view(at + offset, 8);
      const length = view.getUint32(4, true);
      lines.push([view.getUint32(0, true), guest.string(at + offset + 8, length)]);
      offset += 8 + Math.ceil(length / 4) * 4;
    }
  }
}

test("without a binding, warnings and information are printed as libbpf prints them", () => {
  using guest = new AbiGuest();
  const { log } = guest.context;
  assert.equal(log.bound, false);
  log.write(WARNING, "bad thing");
  log.write(INFO, "two\nlines");
  log.write(DEBUG, "detail");
  assert.equal(guest.lines, "libbpf: bad thing\nlibbpf: two\nlines\n");
  assert.equal(log.wants(DEBUG), false);
  assert.equal(guest.call("log_level", DEBUG), INFO);
  assert.equal(log.wants(DEBUG), false, "libbpf's own printer leaves debugging out whatever is asked");
});

test("a bound guest finds the number of bytes that wait, and takes whole lines", () => {
  using guest = new AbiGuest();
  const { log } = guest.context;
  const pending = guest.alloc(4);
  const bytes = (): number => guest.view(pending, 4).getUint32(0, true);
  assert.equal(guest.call("log_bind", pending), 0);
  assert.equal(log.bound, true);
  assert.equal(guest.call("log_take", 0, 0), 0, "nothing waits");
  log.write(WARNING, "one");
  log.write(DEBUG, "not kept");
  assert.equal(guest.call("log_level", DEBUG), INFO);
  log.write(DEBUG, "kept");
  assert.equal(bytes(), 8 + 12 + 8 + 16);
  assert.equal(guest.call("log_take", guest.alloc(16), 16), -errno.EMSGSIZE);
  assert.equal(guest.call("log_take", 0, 0), -errno.EMSGSIZE);
  const small = guest.alloc(24);
  assert.equal(guest.call("log_take", small, 24), 20, "only what fits");
  assert.equal(guest.string(small + 8, 12), "libbpf: one\n");
  assert.deepEqual(take(guest), [[DEBUG, "libbpf: kept\n"]]);
  assert.equal(bytes(), 0);
  assert.equal(guest.lines, "");
  log.write(WARNING, "left");
  assert.equal(guest.call("log_bind", 0), 0);
  log.write(WARNING, "later");
  assert.equal(guest.lines, "libbpf: left\nlibbpf: later\n");
});

test("what is kept has a limit: the oldest go, and that is said", () => {
  using guest = new AbiGuest();
  const { log } = guest.context;
  const pending = guest.alloc(4);
  assert.equal(guest.call("log_bind", pending), 0);
  const count = 30_000;
  for (let i = 0; i < count; i++) log.write(WARNING, `line ${String(i).padStart(40, "0")}`);
  assert.ok(guest.view(pending, 4).getUint32(0, true) <= 1 << 20);
  const lines = take(guest);
  const dropped = Number(/^libbpf: (\d+) older lines/.exec(lines[0]?.[1] ?? "")?.[1]);
  assert.equal(lines.length - 1 + dropped, count);
  assert.equal(lines.at(-1)?.[1], `libbpf: line ${String(count - 1).padStart(40, "0")}\n`);
  log.write(WARNING, "x".repeat(2 << 20));
  assert.equal(take(guest, 1 << 20).length, 1, "a line that is longer than all that is kept is cut");
});

test("wild parameters are errors", () => {
  using guest = new AbiGuest();
  for (const at of [-1, -4, 0x7fffffff]) assert.equal(guest.call("log_bind", at), -errno.EFAULT);
  for (const level of [-1, 3, 0x7fffffff]) assert.equal(guest.call("log_level", level), -errno.EINVAL);
  assert.equal(guest.call("log_take", -8, 64), -errno.EFAULT);
  assert.equal(guest.call("log_take", 16, -1), -errno.EFAULT);
});
