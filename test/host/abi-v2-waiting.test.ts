import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import { EINTR } from "../../src/uapi/errno.ts";
import { AF_INET, SIGALRM, SOCK_DGRAM, SOCK_STREAM } from "../../src/uapi/linux.ts";
import { AbiGuest } from "../support/abi-v2.ts";

failOnLeaks();

const CATCH = 2;

/** A guest with everything allowed, to which SIGALRM comes while it waits. */
function guestWithAlarm(): AbiGuest {
  const guest = new AbiGuest({ permissions: { run: true, net: true } });
  guest.call("signal_catch", SIGALRM, CATCH);
  return guest;
}

/** Runs a call that would never end, and takes the signal that ended it. */
function interrupted(guest: AbiGuest, call: () => number | undefined): void {
  const timer = guest.alloc(32);
  guest.view(timer, 32).setBigInt64(24, 20_000n, true);
  assert.equal(guest.call("signal_timer", 0, timer, 0), 0);
  assert.equal(call(), -EINTR);
  const mask = guest.alloc(8);
  assert.equal(guest.call("signal_take", mask), 1);
  assert.equal(guest.view(mask, 8).getBigUint64(0, true), 1n << BigInt(SIGALRM - 1));
}

/** Starts a program. @returns its id, and the guest's end of a pipe to its standard input or output. */
function start(
  guest: AbiGuest,
  args: readonly string[],
  pipe: "stdin" | "stdout",
): [pid: number, fd: number] {
  const list = guest.alloc(4 * args.length);
  for (const [index, text] of args.entries())
    guest.view(list, 4 * args.length).setUint32(4 * index, guest.text(text), true);
  const offset = pipe === "stdin" ? 20 : 24;
  const block = guest.block(32, {
    4: list,
    8: args.length,
    20: 0xffffffff,
    24: 0xffffffff,
    28: 0xffffffff,
    [offset]: 0xfffffffe,
  });
  const pid = guest.call("run_start", block);
  assert.ok(pid > 0, String(pid));
  return [pid, guest.view(block, 32).getInt32(offset, true)];
}

describe("a signal ends waiting", () => {
  test("for a program", () => {
    using guest = guestWithAlarm();
    const [pid] = start(guest, ["sleep", "1000"], "stdin");
    interrupted(guest, () => guest.call("run_wait", pid, 0, 0));
    interrupted(guest, () => guest.call("run_wait", -1, 0, 0));
  });

  test("for what a program prints, and for it to read", () => {
    using guest = guestWithAlarm();
    const [, output] = start(guest, ["sleep", "1000"], "stdout");
    interrupted(guest, () => guest.context.fds.get(output)?.read([new Uint8Array(8)]));
    const [, input] = start(guest, ["sleep", "1000"], "stdin");
    const pipe = guest.context.fds.get(input);
    const most = 16 << 20;
    const alarm = guest.alloc(32);
    // What fits is written, until nothing does. On a busy machine the alarm may come before there is anything to end.
    let [written, result] = [0, 0];
    while (written === 0 || result !== -EINTR) {
      guest.view(alarm, 32).setBigInt64(24, 20_000n, true);
      assert.equal(guest.call("signal_timer", 0, alarm, 0), 0);
      result = pipe?.write([new Uint8Array(most)]) ?? 0;
      assert.equal(guest.call("signal_take", guest.alloc(8)), 1);
      written += Math.max(result, 0);
    }
    assert.ok(written < most, String(written));
  });

  test("for sockets", () => {
    using guest = guestWithAlarm();
    const datagrams = guest.call("net_socket", AF_INET, SOCK_DGRAM, 0);
    const address = guest.alloc(16);
    guest.view(address, 16).setUint16(0, AF_INET, true);
    guest.view(address, 16).setUint32(4, 0x7f000001);
    assert.equal(guest.call("net_bind", datagrams, address, 16), 0);
    interrupted(guest, () => guest.context.fds.get(datagrams)?.read([new Uint8Array(8)]));
    const server = guest.call("net_socket", AF_INET, SOCK_STREAM, 0);
    assert.equal(guest.call("net_bind", server, address, 16), 0);
    assert.equal(guest.call("net_listen", server, 1), 0);
    interrupted(guest, () => guest.context.fds.get(server)?.accept(0) as number);
  });

  test("for nothing at all", () => {
    using guest = guestWithAlarm();
    interrupted(guest, () => guest.call("signal_wait"));
  });
});

/** Numbers that programs pass by mistake, and that attack. */
const WILD = [
  0, 1, 2, 3, 7, 16, 64, 4096, 65535, 65536, 4_194_300, 0x7fffffff, -1, -2, -8, -4096, -0x80000000,
];
/** Imports of these families that return whatever they are asked. */
const TOTAL = /^(log|signal|system|run|net)_/;

describe("any numbers", () => {
  test("give a number", () => {
    using guest = new AbiGuest({ permissions: { run: ["true"], net: true } });
    const names = Object.keys(guest.imports).filter((name) => TOTAL.test(name) && name !== "signal_wait");
    assert.ok(names.length > 20);
    let seed = 1;
    const next = (): number => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return WILD[(seed >>> 16) % WILD.length] ?? 0;
    };
    const { signals } = guest.context.interrupts;
    for (let round = 0; round < 20_000; round++) {
      const name = names[round % names.length] ?? "";
      const count = guest.imports[name]?.signature.parameters.length ?? 0;
      const parameters = Array.from({ length: count }, next);
      const result = guest.call(name, ...parameters);
      assert.ok(Number.isInteger(result) && result >= -4095, `${name}(${parameters}) = ${result}`);
      // What it may have set would end this guest, or keep it from waiting.
      for (let signal = 1; signal < 32; signal++) signals.setDisposition(signal, CATCH);
      signals.setTimer({ intervalUs: 0, leftUs: 0 });
    }
  });
});
