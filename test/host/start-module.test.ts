import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { runModule, type StartOptions, startModule } from "../../src/host/index.ts";
import { MalformedInputError, WasmBpfError } from "../../src/internal/index.ts";
import { failOnLeaks, kernelMappings, openFds } from "../../src/sys/leaks.ts";
import { compileGuest } from "../support/guest.ts";
import { recordsGuest, recordsObject } from "../support/records-object.ts";

failOnLeaks();

const guest = compileGuest(
  `${recordsGuest}
#include <time.h>
static int callback(uint32_t ctx, uint32_t at, uint32_t size) { return 0; }
int main(int argc, char **argv) {
  const char *what = argv[1];
  struct timespec hour = {3600, 0};
  char line[16];
  if (!strcmp(what, "exit")) return atoi(argv[2]);
  if (!strcmp(what, "trap")) __builtin_trap();
  if (!strcmp(what, "input")) { while (fgets(line, sizeof line, stdin)) printf("<%s>", line); return 0; }
  if (open_object()) return 1;
  printf("ready\\n");
  if (!strcmp(what, "poll")) {
    printf("%d\\n", poll_buffer(obj, records, PTR(callback), 0, PTR(data), sizeof data, -1));
    return 7;
  }
  if (!strcmp(what, "sleep on")) for (;;) nanosleep(&hour, NULL);
  if (!strcmp(what, "loop")) for (volatile int i = 0;; i++) {}
  return 0;
}
`,
  recordsObject(),
);

/** Starts the guest and collects its output; `ready` resolves at its first line. */
function start(
  args: readonly string[],
  options: StartOptions = {},
): ReturnType<typeof startModule> & {
  output: { stdout: string; stderr: string };
  ready: Promise<void>;
} {
  const output = { stdout: "", stderr: "" };
  let gotReady = (): void => {};
  const ready = new Promise<void>((resolve) => {
    gotReady = resolve;
  });
  const run = startModule(guest, {
    args: ["guest.wasm", ...args],
    stdout: (bytes) => {
      output.stdout += Buffer.from(bytes).toString();
      if (output.stdout.includes("\n")) gotReady();
    },
    stderr: (bytes) => {
      output.stderr += Buffer.from(bytes).toString();
    },
    ...options,
  });
  return { ...run, output, ready };
}

describe("startModule", () => {
  test("gives the exit status, or what the module lacks", async () => {
    assert.equal(await start(["exit", "77"]).status, 77);
    const trapped = start(["trap"]);
    assert.equal(await trapped.status, 134);
    assert.match(trapped.output.stderr, /unreachable/);
    await assert.rejects(
      startModule(new Uint8Array(8)).status,
      (error) => error instanceof WasmBpfError && error.code === "MALFORMED_INPUT",
    );
    assert.throws(() => runModule(new Uint8Array(8)), MalformedInputError);
  });

  test("takes input and delivers output", async () => {
    const run = start(["input"], { stdin: new TextEncoder().encode("one\ntwo\n") });
    assert.equal(await run.status, 0);
    assert.equal(run.output.stdout, "<one\n><two\n>");
  });

  test("stop() interrupts a poll, and the guest ends by itself", async () => {
    const run = start(["poll"]);
    await run.ready;
    assert.equal(await run.stop(), 7);
    assert.equal(run.output.stdout, "ready\n-4\n");
    assert.equal(await run.stop(), 7);
  });

  for (const what of ["sleep on", "loop"]) {
    test(`stop() ends a guest that goes on (${what}), and nothing is left of it`, async () => {
      const fds = openFds();
      const run = start([what]);
      await run.ready;
      assert.equal(await run.stop(), 143);
      const left = [...openFds()].filter(
        ([fd, target]) => fds.get(fd) !== target && /bpf|perf_event/.test(target),
      );
      assert.deepEqual(left, []);
      assert.deepEqual(kernelMappings(), []);
    });
  }
});
