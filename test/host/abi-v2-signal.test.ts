import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { startModule } from "../../src/host/index.ts";
import * as errno from "../../src/uapi/errno.ts";
import { AbiGuest } from "../support/abi-v2.ts";
import { withDirectory } from "../support/compile.ts";
import { CliProcess, compileGuest, runWithoutReader } from "../support/guest.ts";

const DEFAULT = 0;
const IGNORE = 1;
const CATCH = 2;
const [SIGHUP, SIGINT, SIGKILL, SIGSEGV, SIGPIPE, SIGALRM, SIGSTOP] = [1, 2, 9, 11, 13, 14, 19];

/** What follows the name of a test is a list of signals, with what to do about each. */
const guest = compileGuest(`
#include <time.h>
#include <poll.h>
IMPORT("wasm_bpf_2", "signal_catch") int signal_catch(int number, int how);
IMPORT("wasm_bpf_2", "signal_bind") int signal_bind(ptr pending);
IMPORT("wasm_bpf_2", "signal_take") int signal_take(ptr mask);
IMPORT("wasm_bpf_2", "signal_wait") int signal_wait(void);
IMPORT("wasm_bpf_2", "signal_timer") int signal_timer(int which, ptr new_value, ptr old_value);
static unsigned pending;
static void say_taken(int result) {
  unsigned long long mask = 0;
  int count = signal_take(PTR(&mask));
  printf("%d, taken %d: %llx\\n", result, count, mask);
}
static void timer(long long us, long long interval) {
  long long value[4] = { interval / 1000000, interval % 1000000, us / 1000000, us % 1000000 };
  if (signal_timer(0, PTR(value), 0)) printf("no timer\\n");
}
int main(int argc, char **argv) {
  const char *what = argv[1];
  struct timespec hour = { 3600, 0 };
  char line[64];
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (int i = 2; i + 1 < argc; i += 2) signal_catch(atoi(argv[i]), atoi(argv[i + 1]));
  printf("ready\\n");
  if (!strcmp(what, "wait")) {
    say_taken(signal_wait());
  } else if (!strcmp(what, "waits")) {
    for (int i = 0; i < 8; i++) say_taken(signal_wait());
  } else if (!strcmp(what, "sleep")) {
    /* The C library of this target turns EINTR of a sleep into ENOTSUP. */
    say_taken(nanosleep(&hour, NULL));
  } else if (!strcmp(what, "poll")) {
    struct pollfd in = { 0, POLLIN, 0 };
    int result = poll(&in, 1, -1);
    say_taken(result < 0 && errno == EINTR ? -4 : result);
  } else if (!strcmp(what, "read")) {
    int result = (int)read(0, line, sizeof line);
    say_taken(result < 0 && errno == EINTR ? -4 : result);
  } else if (!strcmp(what, "loop")) {
    signal_bind(PTR(&pending));
    while (!*(volatile unsigned *)&pending) { struct timespec now; clock_gettime(CLOCK_MONOTONIC, &now); }
    say_taken(pending);
    printf("%u left\\n", pending);
  } else if (!strcmp(what, "spin")) {
    for (volatile int i = 0;; i++) {}
  } else if (!strcmp(what, "calls")) {
    for (;;) { struct timespec now; clock_gettime(CLOCK_MONOTONIC, &now); }
  } else if (!strcmp(what, "stubborn")) {
    for (;;) nanosleep(&hour, NULL);
  } else if (!strcmp(what, "alarm")) {
    timer(20000, 0);
    say_taken(signal_wait());
  } else if (!strcmp(what, "alarm in read")) {
    timer(20000, 0);
    int result = (int)read(0, line, sizeof line);
    say_taken(result < 0 && errno == EINTR ? -4 : result);
  } else if (!strcmp(what, "alarms")) {
    timer(20000, 10000);
    for (int i = 0; i < 3; i++) say_taken(signal_wait());
    timer(0, 0);
    long long value[4];
    signal_timer(0, 0, PTR(value));
    printf("%lld %lld %lld %lld\\n", value[0], value[1], value[2], value[3]);
  } else if (!strcmp(what, "print")) {
    while (printf("line\\n") > 0 && !fflush(stdout)) {}
    fprintf(stderr, "%d\\n", errno == EPIPE);
    unsigned long long mask = 0;
    signal_take(PTR(&mask));
    fprintf(stderr, "%llx\\n", mask);
    return 9;
  }
  return 7;
}
`);

interface Run {
  readonly status: number;
  readonly stdout: string;
}

/** Resolves when nothing that was sent to the process waits for its handler. */
async function delivered(pid: number): Promise<void> {
  for (;;) {
    const status = readFileSync(`/proc/${pid}/status`, "latin1");
    if (/^ShdPnd:\t0+$/m.test(status)) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/**
 * Runs the guest.
 *
 * @param steps signals to send; a number waits until so many lines were printed
 */
async function run(args: readonly (string | number)[], ...steps: (NodeJS.Signals | number)[]): Promise<Run> {
  let result: Run | undefined;
  await withGuest(async (path) => {
    const process = new CliProcess([path, ...args.map(String)]);
    await process.until((stdout) => stdout.startsWith("ready\n"));
    for (const [index, step] of steps.entries()) {
      if (typeof step === "number") {
        await process.until((stdout) => stdout.split("\n").length > step + 1);
        continue;
      }
      process.kill(step);
      if (index < steps.length - 1) await delivered(process.child.pid ?? 0);
    }
    const status = await process.ended();
    assert.equal(process.stderr, "");
    result = { status, stdout: process.stdout.replace("ready\n", "") };
  });
  assert.ok(result !== undefined);
  return result;
}

function withGuest(body: (path: string) => Promise<void>): Promise<void> {
  return withDirectory(async (directory) => {
    const path = join(directory, "guest.wasm");
    writeFileSync(path, guest);
    await body(path);
  });
}

describe("signals of a guest of version 2", () => {
  for (const what of ["wait", "poll", "read"]) {
    test(`one that it handles ends ${what} with EINTR, and the guest goes on`, async () => {
      assert.deepEqual(await run([what, SIGINT, CATCH], "SIGINT"), { status: 7, stdout: "-4, taken 1: 2\n" });
    });
  }

  test("a sleep is interrupted, too, by signals of all kinds", async () => {
    for (const [number, name, mask] of [
      [15, "SIGTERM", "4000"],
      [10, "SIGUSR1", "200"],
      [17, "SIGCHLD", "10000"],
      [28, "SIGWINCH", "8000000"],
      [SIGHUP, "SIGHUP", "1"],
    ] as const) {
      assert.deepEqual(await run(["sleep", number, CATCH], name), {
        status: 7,
        stdout: `-1, taken 1: ${mask}\n`,
      });
    }
  });

  test("a guest that does not wait sees that one is there", async () => {
    assert.deepEqual(await run(["loop", SIGINT, CATCH], "SIGINT"), {
      status: 7,
      stdout: "1, taken 1: 2\n0 left\n",
    });
  });

  test("the default ends the guest as Linux does, and at once", async () => {
    assert.deepEqual(await run(["sleep"], "SIGINT"), { status: 130, stdout: "" });
    assert.deepEqual(await run(["sleep"], "SIGTERM"), { status: 143, stdout: "" });
    assert.deepEqual(await run(["sleep"], "SIGHUP"), { status: 129, stdout: "" });
    assert.deepEqual(await run(["calls"], "SIGINT"), { status: 130, stdout: "" });
    assert.deepEqual(await run(["spin"], "SIGINT"), { status: 130, stdout: "" });
    assert.deepEqual(await run(["sleep", 10, CATCH, 10, DEFAULT], "SIGUSR1"), { status: 138, stdout: "" });
  });

  test("an ignored one does nothing", async () => {
    const { status, stdout } = await run(
      ["waits", SIGINT, IGNORE, 12, CATCH],
      "SIGINT",
      "SIGUSR2",
      1,
      "SIGTERM",
    );
    assert.deepEqual([status, stdout], [143, "-4, taken 1: 800\n"]);
  });

  test("the third of one kind ends a guest that handles or ignores it", async () => {
    const handled = await run(["waits", SIGINT, CATCH], "SIGINT", 1, "SIGINT", 2, "SIGINT");
    assert.deepEqual(handled, { status: 130, stdout: "-4, taken 1: 2\n-4, taken 1: 2\n" });
    const ignored = await run(["sleep", SIGINT, IGNORE], "SIGINT", "SIGINT", "SIGINT");
    assert.deepEqual(ignored, { status: 130, stdout: "" });
    const spinning = await run(["spin", 15, IGNORE], "SIGTERM", "SIGTERM", "SIGTERM");
    assert.deepEqual(spinning, { status: 143, stdout: "" });
  });

  test("each kind counts for itself", async () => {
    const steps = ["SIGINT", 1, "SIGINT", 2, "SIGTERM", 3, "SIGTERM", 4, "SIGKILL"] as const;
    const { stdout } = await run(["waits", SIGINT, CATCH, 15, CATCH], ...steps);
    assert.equal(stdout, "-4, taken 1: 2\n-4, taken 1: 2\n-4, taken 1: 4000\n-4, taken 1: 4000\n");
  });

  test("a guest that does not take it is ended, whether it calls the host or not", async () => {
    const runs = [run(["stubborn", SIGINT, CATCH], "SIGINT"), run(["spin", 15, CATCH], "SIGTERM")];
    assert.deepEqual(await Promise.all(runs), [
      { status: 130, stdout: "" },
      { status: 143, stdout: "" },
    ]);
  });
});

describe("the timer of a guest", () => {
  for (const what of ["alarm", "alarm in read"]) {
    test(`ends a waiting call: ${what}`, async () => {
      assert.deepEqual(await run([what, SIGALRM, CATCH]), { status: 7, stdout: "-4, taken 1: 2000\n" });
    });
  }

  test("ends a guest that does not handle it", async () => {
    assert.deepEqual(await run(["alarm"]), { status: 142, stdout: "" });
  });

  test("goes off again and again, until it is stopped", async () => {
    const { status, stdout } = await run(["alarms", SIGALRM, CATCH]);
    assert.deepEqual([status, stdout], [7, `${"-4, taken 1: 2000\n".repeat(3)}0 0 0 0\n`]);
  });
});

describe("SIGPIPE", () => {
  /** Runs the guest with a reader that goes away. */
  async function printing(...args: (string | number)[]): Promise<{ status: number; stderr: string }> {
    let result = { status: -1, stderr: "" };
    await withGuest(async (path) => {
      const { status, stderr } = await runWithoutReader([path, "print", ...args.map(String)]);
      result = { status, stderr };
    });
    return result;
  }

  test("ends the guest, or the write fails", async () => {
    assert.deepEqual(await printing(), { status: 141, stderr: "" });
    assert.deepEqual(await printing(SIGPIPE, IGNORE), { status: 9, stderr: "1\n0\n" });
    assert.deepEqual(await printing(SIGPIPE, CATCH), { status: 9, stderr: "1\n1000\n" });
  });
});

describe("stop() of a guest in its thread", () => {
  async function stopped(...args: (string | number)[]): Promise<Run> {
    let stdout = "";
    const running = startModule(guest, {
      args: ["guest.wasm", ...args.map(String)],
      stdout: (bytes) => {
        stdout += new TextDecoder().decode(bytes);
        if (stdout === "ready\n") void running.stop();
      },
    });
    const status = await running.status;
    return { status, stdout: stdout.replace("ready\n", "") };
  }

  test("is SIGTERM to a guest that handles it, and the end of others", async () => {
    assert.deepEqual(await stopped("wait", 15, CATCH), { status: 7, stdout: "-4, taken 1: 4000\n" });
    assert.deepEqual(await stopped("sleep"), { status: 143, stdout: "" });
    const ended = [
      stopped("stubborn", 15, CATCH),
      stopped("stubborn", 15, IGNORE),
      stopped("spin", 15, CATCH),
    ];
    for (const run of await Promise.all(ended)) assert.deepEqual(run, { status: 143, stdout: "" });
  });

  test("timers work there as well", async () => {
    const running = startModule(guest, {
      args: ["guest.wasm", "alarm", String(SIGALRM), String(CATCH)],
      stdout: () => {},
    });
    assert.equal(await running.status, 7);
  });
});

describe("wild parameters", () => {
  test("of signal_catch, which tells what was before", () => {
    using abi = new AbiGuest();
    assert.equal(abi.call("signal_catch", SIGINT, CATCH), DEFAULT);
    assert.equal(abi.call("signal_catch", SIGINT, IGNORE), CATCH);
    assert.equal(abi.call("signal_catch", SIGSEGV, CATCH), DEFAULT, "is accepted and never comes");
    assert.equal(abi.call("signal_catch", SIGSEGV, DEFAULT), CATCH);
    for (const number of [SIGKILL, SIGSTOP, 0, -1, 32, 65, 0x7fffffff]) {
      assert.equal(abi.call("signal_catch", number, CATCH), -errno.EINVAL);
    }
    for (const how of [-1, 3]) assert.equal(abi.call("signal_catch", SIGINT, how), -errno.EINVAL);
  });

  test("of signal_take and signal_bind", () => {
    using abi = new AbiGuest();
    for (const at of [0, -4, 0x7fffffff]) assert.equal(abi.call("signal_take", at), -errno.EFAULT);
    assert.equal(abi.call("signal_bind", -2), -errno.EFAULT);
    const at = abi.alloc(16);
    abi.view(at, 16).setBigUint64(8, 1n, true);
    assert.equal(abi.call("signal_take", at + 8), 0);
    assert.equal(abi.view(at, 16).getBigUint64(8, true), 0n);
  });

  test("of signal_timer, which tells what is left", () => {
    using abi = new AbiGuest();
    const at = abi.alloc(64);
    const set = (...values: bigint[]) => {
      for (const [index, value] of values.entries()) abi.view(at, 64).setBigInt64(8 * index, value, true);
      return abi.call("signal_timer", 0, at, at + 32);
    };
    const [started, lengthMs] = [performance.now(), 1_000_000n];
    assert.equal(set(2n, 5n, lengthMs, 0n), 0);
    assert.deepEqual(
      [...new BigInt64Array(abi.context.memory.copy(at + 32, 32)?.buffer ?? new ArrayBuffer(0))],
      [0n, 0n, 0n, 0n],
    );
    assert.equal(set(0n, 0n, 1n << 62n, 0n), 0, "longer than anything");
    const view = abi.view(at + 32, 32);
    assert.deepEqual([view.getBigInt64(0, true), view.getBigInt64(8, true)], [2n, 5n]);
    const leftMs = view.getBigInt64(16, true);
    assert.ok(
      leftMs <= lengthMs && Number(lengthMs - leftMs) <= performance.now() - started + 1,
      `${leftMs}`,
    );
    for (const wrong of [
      [0n, -1n, 0n, 0n],
      [0n, 0n, -1n, 0n],
      [0n, 0n, 0n, 1_000_000n],
    ]) {
      assert.equal(set(...wrong), -errno.EINVAL);
    }
    for (const which of [1, 2, 3, -1]) assert.equal(abi.call("signal_timer", which, 0, 0), -errno.EINVAL);
    assert.equal(abi.call("signal_timer", 0, -4, 0), -errno.EFAULT);
    assert.equal(abi.call("signal_timer", 0, 0, -4), -errno.EFAULT);
  });
});
