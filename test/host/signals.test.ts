import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { startModule } from "../../src/host/index.ts";
import { withDirectory } from "../support/compile.ts";
import { compileBpf } from "../support/compile-bpf.ts";
import { CliProcess, compileGuest, runWithoutReader } from "../support/guest.ts";
import { recordsGuest, recordsObject } from "../support/records-object.ts";

const guest = compileGuest(`
#include <time.h>
int main(int argc, char **argv) {
  const char *what = argv[1];
  struct timespec hour = {3600, 0};
  char line[16];
  printf("ready\\n");
  if (!strcmp(what, "sleep once")) {
    /* wasi-libc turns EINTR of a sleep into ENOTSUP */
    if (nanosleep(&hour, NULL)) { printf("interrupted\\n"); return 3; }
  } else if (!strcmp(what, "sleep on")) {
    for (;;) { nanosleep(&hour, NULL); printf("goes on\\n"); }
  } else if (!strcmp(what, "read")) {
    if (!fgets(line, sizeof line, stdin) && errno == EINTR) { printf("interrupted\\n"); return 4; }
  } else if (!strcmp(what, "loop")) {
    for (volatile int i = 0;; i++) {}
  } else if (!strcmp(what, "print")) {
    for (;;) printf("line\\n");
  }
  return 0;
}
`);

function withGuest(body: (path: string) => Promise<void>, module: Uint8Array = guest): Promise<void> {
  return withDirectory(async (directory) => {
    const path = join(directory, "guest.wasm");
    writeFileSync(path, module);
    await body(path);
  });
}

/** Starts the guest, sends the signal when it is ready, and tells how it ended. */
async function interrupt(
  path: string,
  what: string,
  signal: NodeJS.Signals,
): Promise<CliProcess & { status: number }> {
  const run = new CliProcess([path, what]);
  await run.until((stdout) => stdout.startsWith("ready\n"));
  run.kill(signal);
  const status = await run.ended();
  assert.equal(run.stderr, "");
  return Object.assign(run, { status });
}

// The guests wait most of the time, for their grace time to be over.
describe("SIGINT and SIGTERM", { concurrency: 3 }, () => {
  for (const [signal, status] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    test(`${signal} interrupts a sleep, and the guest ends with its own status`, () =>
      withGuest(async (path) => {
        const run = await interrupt(path, "sleep once", signal);
        assert.deepEqual([run.status, run.stdout], [3, "ready\ninterrupted\n"]);
      }));

    test(`${signal} interrupts a read of standard input`, () =>
      withGuest(async (path) => {
        const run = await interrupt(path, "read", signal);
        assert.deepEqual([run.status, run.stdout], [4, "ready\ninterrupted\n"]);
      }));

    test(`${signal} ends a guest that waits again, with its output`, () =>
      withGuest(async (path) => {
        const run = await interrupt(path, "sleep on", signal);
        assert.deepEqual([run.status, run.stdout], [status, "ready\ngoes on\n"]);
      }));

    test(`${signal} ends a guest that never waits`, () =>
      withGuest(async (path) => {
        assert.equal((await interrupt(path, "print", signal)).status, status);
      }));

    test(`${signal} ends a guest that calls nothing`, () =>
      withGuest(async (path) => {
        assert.equal((await interrupt(path, "loop", signal)).status, status);
      }));
  }

  test("a second one ends at once", () =>
    withGuest(async (path) => {
      const run = new CliProcess([path, "sleep on"]);
      await run.until((stdout) => stdout.startsWith("ready\n"));
      run.kill("SIGINT");
      await run.until((stdout) => stdout.includes("goes on"));
      run.kill("SIGINT");
      assert.equal(await run.ended(), 130);
    }));
});

describe("a guest that polls", () => {
  const polling = compileGuest(
    `${recordsGuest}
static int callback(uint32_t ctx, uint32_t at, uint32_t size) { return 0; }
int main(int argc, char **argv) {
  if (open_object()) return 1;
  printf("ready\\n");
  for (;;) {
    int result = poll_buffer(obj, records, PTR(callback), 0, PTR(data), sizeof data, -1);
    printf("%d\\n", result);
    if (argc < 3) return close_object(obj) ? 1 : 5;
  }
}`,
    recordsObject(),
  );

  test("without a timeout gets -EINTR and can clean up", () =>
    withGuest(async (path) => {
      const run = await interrupt(path, "", "SIGINT");
      assert.deepEqual([run.status, run.stdout], [5, "ready\n-4\n"]);
    }, polling));

  test("and goes on is ended when the grace time is over", () =>
    withGuest(async (path) => {
      const run = new CliProcess([path, "", "on"]);
      await run.until((stdout) => stdout.startsWith("ready\n"));
      run.kill("SIGTERM");
      assert.equal(await run.ended(), 143);
      assert.deepEqual([run.stdout, run.stderr], ["ready\n-4\n", ""]);
    }, polling));
});

describe("a guest with many tracepoints", () => {
  // The kernel waits for every processor when the last program leaves a tracepoint: together for longer than the grace.
  const calls =
    "mkdirat unlinkat renameat2 fchmod fchown linkat symlinkat truncate mknodat sync umask acct statfs fstatfs msync " +
    "mlock munlock capset getsid setsid getpgid setpgid getpriority setpriority";
  const names = calls.split(" ").map((call) => `on_${call}`);
  const programs = calls
    .split(" ")
    .map(
      (call) => `SEC("tracepoint/syscalls/sys_enter_${call}") int on_${call}(void *context) { return 0; }`,
    );
  const many = compileGuest(
    `
#include <time.h>
int main(int argc, char **argv) {
  struct timespec hour = {3600, 0};
  const char *names[] = {${names.map((name) => `"${name}"`).join()}};
  uint64_t obj = load(PTR(object), object_size);
  if (!obj) return 1;
  for (int i = 0; i < ${names.length}; i++) if (attach(obj, PTR(names[i]), 0)) return 2;
  printf("ready\\n");
  nanosleep(&hour, NULL);
  int closed = close_object(obj);
  printf("closed %d\\n", closed);
  if (!strcmp(argv[1], "on")) for (;;) nanosleep(&hour, NULL);
  return 7;
}`,
    compileBpf(programs.join("\n")),
  );

  test("has time to close them, and to say so, after SIGINT", () =>
    withGuest(async (path) => {
      const run = await interrupt(path, "end", "SIGINT");
      assert.deepEqual([run.status, run.stdout], [7, "ready\nclosed 0\n"]);
    }, many));

  test("is ended all the same when it goes on afterwards", () =>
    withGuest(async (path) => {
      const run = await interrupt(path, "on", "SIGTERM");
      assert.deepEqual([run.status, run.stdout], [143, "ready\nclosed 0\n"]);
    }, many));

  test("has that time after stop(), too", async () => {
    let output = "";
    const run = startModule(many, {
      args: ["guest.wasm", "end"],
      stdout: (bytes) => {
        output += Buffer.from(bytes).toString();
        if (output === "ready\n") void run.stop();
      },
    });
    assert.equal(await run.status, 7);
    assert.equal(output, "ready\nclosed 0\n");
  });
});

test("SIGUSR1 ends a guest, and opens no door for debuggers", () =>
  withGuest(async (path) => {
    const run = await interrupt(path, "sleep on", "SIGUSR1");
    assert.deepEqual([run.status, run.stdout], [138, "ready\n"]);
  }));

test("a reader that goes away ends the guest as SIGPIPE would", () =>
  withGuest(async (path) => {
    const { status, stderr } = await runWithoutReader([path, "print"]);
    assert.deepEqual([status, stderr], [141, ""]);
  }));
