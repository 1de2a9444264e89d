import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync, symlinkSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { parseElf, usdtProbes } from "../../src/elf/index.ts";
import { MalformedInputError } from "../../src/internal/index.ts";
import { attachObject, attachProgram, type Link } from "../../src/link/index.ts";
import { getSys, setSys } from "../../src/sys/index.ts";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import { BPF_FUNC_get_attach_cookie, BPF_PROG_LOAD, BPF_TRACE_UPROBE_MULTI } from "../../src/uapi/bpf.ts";
import { EINVAL } from "../../src/uapi/errno.ts";
import { compileBpf } from "../support/compile-bpf.ts";
import { compileProgram } from "../support/compile-program.ts";
import { covers } from "../support/covers.ts";
import { TestObject } from "../support/test-object.ts";

failOnLeaks();

/** Two places of one probe, with different arguments. */
const SOURCE = `
#include <sys/sdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
static volatile signed char small = -3;
static volatile unsigned short numbers[4] = { 1, 2, 50000, 4 };
__attribute__((noinline)) static void one(long a, int b) {
  signed char c = small;
  __asm__ volatile("" : "+r"(c));
  STAP_PROBE3(own, twice, a, b, c);
}
__attribute__((noinline)) static void two(int i) {
  volatile unsigned short *p = numbers + i;
  __asm__ volatile("" : "+r"(p));
  STAP_PROBE3(own, twice, 7, *p, (signed char)-1);
}
int main(int count, char **arguments) {
  if (count > 2) { char c; puts("ready"); fflush(stdout); while (read(0, &c, 1) == 1) one(1, 1); return 0; }
  for (int i = 0; i < atoi(arguments[1]); i++) { one(1L << 40 | i, -i); two(2); }
  return 0;
}
`;
const TARGET = compileProgram(SOURCE);
/** Same, at another address in each process. */
const MOVABLE = compileProgram(SOURCE, ["-static-pie", "-fPIE"]);

/** A probe with a semaphore, which is the exit status. */
const GUARDED = compileProgram(`
#define _SDT_HAS_SEMAPHORES 1
#include <sys/sdt.h>
unsigned short own_guarded_semaphore __attribute__((section(".probes")));
int main(int count, char **arguments) {
  (void)arguments;
  if (own_guarded_semaphore) STAP_PROBE1(own, guarded, count);
  return own_guarded_semaphore;
}
`);

/** Two places of a probe whose argument is a variable. On x86-64, the compiler names it and the instruction pointer. */
const VARIABLE_SOURCE = `
#include <sys/sdt.h>
int counter = 40;
static volatile int table[4] = { 1, 2, 3, -4 };
int main(void) {
  STAP_PROBE2(own, variable, counter, table[3]);
  counter++;
  __asm__ volatile("" : : "r"(&table[1]) : "memory");
  STAP_PROBE2(own, variable, counter, table[2]);
  return 0;
}
`;

/** A path that is the same on every machine. */
const LINK = "/tmp/wasm-bpf-usdt-target";

const PROGRAMS = compileBpf(`
#include <asm/ptrace.h>
#include <stdbool.h>
#include <bpf/usdt.bpf.h>
long count, sum_first, sum_second, sum_third, cookie, arguments;
SEC("usdt") int BPF_USDT(on_twice, long first, long second, long third) {
  __sync_fetch_and_add(&count, 1);
  __sync_fetch_and_add(&sum_first, first);
  __sync_fetch_and_add(&sum_second, second);
  __sync_fetch_and_add(&sum_third, third);
  arguments = bpf_usdt_arg_cnt(ctx);
  cookie = bpf_usdt_cookie(ctx);
  return 0;
}
SEC("usdt") int BPF_USDT(on_variable, int first, int second) {
  __sync_fetch_and_add(&sum_first, first);
  __sync_fetch_and_add(&sum_second, second);
  return 0;
}
SEC("usdt") int BPF_USDT(on_guarded, int value) { __sync_fetch_and_add(&count, value); return 0; }
SEC("usdt.s") int BPF_USDT(on_sleepable, int value) { __sync_fetch_and_add(&count, value); return 0; }
SEC("usdt/${LINK}:own:guarded") int BPF_USDT(by_section, int value) { __sync_fetch_and_add(&count, value); return 0; }
`);

test("usdt: probes of a binary are found with their arguments and semaphores", () => {
  const probes = usdtProbes(parseElf(readFileSync(TARGET)));
  const twice = probes.filter(({ provider, name }) => provider === "own" && name === "twice");
  assert.equal(twice.length, 2);
  for (const { semaphoreOffset } of twice) assert.equal(semaphoreOffset, undefined);
  const [guarded] = usdtProbes(parseElf(readFileSync(GUARDED))).filter(({ name }) => name === "guarded");
  assert.ok(guarded?.semaphoreOffset !== undefined);
});

test("usdt: damaged notes are malformed input and nothing else", () => {
  const bytes = new Uint8Array(readFileSync(GUARDED));
  const section = parseElf(bytes).section(".note.stapsdt");
  assert.ok(section !== undefined && section.size > 0);
  let refused = 0;
  for (let at = section.offset; at < section.offset + section.size; at++) {
    const before = bytes[at] ?? 0;
    for (const value of [0, 1, 0x7f, 0xff]) {
      bytes[at] = value;
      try {
        usdtProbes(parseElf(bytes));
      } catch (error) {
        assert.ok(error instanceof MalformedInputError, String(error));
        refused++;
      }
    }
    bytes[at] = before;
  }
  assert.ok(refused > 0);
});

test("usdt: a program sees the arguments of every place of a probe, and its cookie", (context) => {
  const loaded = TestObject.load(context, PROGRAMS, "on_twice");
  const program = loaded.object.program("on_twice");
  const link = attachProgram(program, `${TARGET}:own:twice`, { cookie: 99n });
  execFileSync(TARGET, ["3"]);
  assert.equal(loaded.get("count"), 6);
  assert.equal(loaded.get("sum_first"), 3 * 2 ** 40 + 3 + 3 * 7);
  assert.equal(loaded.get("sum_second"), -3 + 3 * 50000);
  assert.equal(loaded.get("sum_third"), 3 * -3 + 3 * -1);
  assert.equal(loaded.get("cookie"), 99);
  assert.equal(loaded.get("arguments"), 3);
  link.close();
  execFileSync(TARGET, ["1"]);
  assert.equal(loaded.get("count"), 6);
  covers(context, "usdt", "target", "fired");
});

test("usdt: the semaphore counts attached links, and is 0 again after close", (context) => {
  const run = (): number => {
    try {
      execFileSync(GUARDED);
      return 0;
    } catch (error) {
      return (error as { status: number }).status;
    }
  };
  const loaded = TestObject.load(context, PROGRAMS, "on_guarded", "on_sleepable");
  assert.equal(run(), 0);
  const link = attachProgram(loaded.object.program("on_guarded"), `${GUARDED}:own:guarded`);
  assert.equal(run(), 1);
  assert.equal(loaded.get("count"), 1);
  const other = attachProgram(loaded.object.program("on_sleepable"), `${GUARDED}:own:guarded`);
  // The kernel counts places, not who listens to them.
  assert.equal(run(), 1);
  assert.equal(loaded.get("count"), 3);
  link.close();
  other.close();
  assert.equal(run(), 0);
  covers(context, "usdt.s", "target", "fired");
});

test("usdt: attached by its section", (context) => {
  const loaded = TestObject.load(context, PROGRAMS, "by_section");
  // A run that was killed leaves it.
  rmSync(LINK, { force: true });
  symlinkSync(GUARDED, LINK);
  try {
    assert.equal(attachObject(loaded.object).length, 1);
  } finally {
    rmSync(LINK);
  }
  try {
    execFileSync(GUARDED);
  } catch {
    // its status is the semaphore
  }
  assert.equal(loaded.get("count"), 1);
  covers(context, "usdt", "auto");
});

test("usdt: arguments that are variables, in a program at a fixed and at any address", (context) => {
  for (const options of [[], ["-static-pie", "-fPIE"]]) {
    const target = compileProgram(VARIABLE_SOURCE, options);
    const places = usdtProbes(parseElf(readFileSync(target))).filter(({ name }) => name === "variable");
    if (process.arch === "x64") assert.match(places[0]?.arguments ?? "", /@counter\(%rip\)/);
    const loaded = TestObject.load(context, PROGRAMS, "on_variable");
    const link = attachProgram(loaded.object.program("on_variable"), `${target}:own:variable`);
    execFileSync(target);
    link.close();
    assert.equal(loaded.get("sum_first"), 40 + 41);
    assert.equal(loaded.get("sum_second"), -4 + 3);
  }
});

/**
 * Makes the kernel one without attach cookies and uprobe_multi links for this test: their probes are refused.
 */
function withoutCookies(context: TestContext): void {
  const real = getSys();
  setSys({
    ...real,
    bpf(command, attr) {
      // Probes have two instructions; the first of one calls the helper.
      const isProbe = command === BPF_PROG_LOAD && attr.u32At(4) === 2;
      const code = isProbe ? attr.pointerAt(8)?.slice() : undefined;
      const called = code === undefined ? -1 : new DataView(code.buffer).getInt32(4, true);
      const refused =
        isProbe && (called === BPF_FUNC_get_attach_cookie || attr.u32At(68) === BPF_TRACE_UPROBE_MULTI);
      return refused ? -EINVAL : real.bpf(command, attr);
    },
  });
  context.after(() => setSys(real));
}

test("usdt: without attach cookies the arguments are found by address", (context) => {
  withoutCookies(context);
  const loaded = TestObject.load(context, PROGRAMS, "on_twice");
  const link = attachProgram(loaded.object.program("on_twice"), `${TARGET}:own:twice`, { cookie: 4n });
  const addresses = loaded.object.map("__bpf_usdt_ip_to_spec_id");
  assert.equal([...addresses.keys()].length, 2);
  execFileSync(TARGET, ["2"]);
  assert.equal(loaded.get("count"), 4);
  assert.equal(loaded.get("sum_second"), -1 + 2 * 50000);
  assert.equal(loaded.get("cookie"), 4);
  link.close();
  assert.equal([...addresses.keys()].length, 0);
});

test("usdt: without attach cookies a position-independent binary needs the process", async (context) => {
  withoutCookies(context);
  const loaded = TestObject.load(context, PROGRAMS, "on_twice");
  const program = loaded.object.program("on_twice");
  const target = `${MOVABLE}:own:twice`;
  assert.throws(() => attachProgram(program, target), { code: "NOT_SUPPORTED", message: /needs the pid/ });
  const child = spawn(MOVABLE, ["0", "wait"], { stdio: ["pipe", "pipe", "inherit"] });
  context.after(() => child.kill());
  await once(child.stdout, "data");
  assert.ok(child.pid !== undefined);
  assert.throws(() => attachProgram(program, target, { pid: process.pid }), { code: "NOT_FOUND" });
  using _link = attachProgram(program, target, { pid: child.pid });
  child.stdin.end("xx");
  await once(child, "exit");
  assert.equal(loaded.get("count"), 2);
  assert.equal(loaded.get("sum_first"), 2);
});

test("usdt: of one process only", async (context) => {
  const loaded = TestObject.load(context, PROGRAMS, "on_twice");
  const children = [0, 1].map(() => spawn(TARGET, ["0", "wait"], { stdio: ["pipe", "pipe", "inherit"] }));
  context.after(() => {
    for (const child of children) child.kill();
  });
  await Promise.all(children.map((child) => once(child.stdout, "data")));
  const pid = children[0]?.pid;
  assert.ok(pid !== undefined);
  // The binary as that process sees it: the way into containers.
  using _link = attachProgram(loaded.object.program("on_twice"), `/proc/${pid}/root${TARGET}:own:twice`, {
    pid,
  });
  for (const child of children) child.stdin.end("xx");
  await Promise.all(children.map((child) => once(child, "exit")));
  assert.equal(loaded.get("count"), 2);
});

test("usdt: places of argument descriptions are used again", (context) => {
  const { object } = new TestObject(context, PROGRAMS, ["on_twice"]);
  object.map("__bpf_usdt_specs").configure({ maxEntries: 2 });
  object.load();
  const attach = (): Link => attachProgram(object.program("on_twice"), `${TARGET}:own:twice`);
  attach().close();
  attach().detach();
  const link = attach();
  assert.throws(attach, { code: "INVALID_ARGUMENT", message: /all 2 places .* are taken/ });
  link.close();
  attach().close();
});

test("usdt: what is not there is named", (context) => {
  const program = TestObject.load(context, PROGRAMS, "on_twice").object.program("on_twice");
  assert.throws(() => attachProgram(program, `${TARGET}:own:nothing`), {
    code: "NOT_FOUND",
    message: /has no probe own:nothing$/,
  });
  assert.throws(() => attachProgram(program, `${TARGET}:twice`), { code: "INVALID_ARGUMENT" });
  assert.throws(() => attachProgram(program), { code: "INVALID_ARGUMENT", message: /binary:provider:name/ });
});
