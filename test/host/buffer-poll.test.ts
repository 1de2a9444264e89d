import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, test } from "node:test";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import { withDirectory } from "../support/compile.ts";
import { compileGuest, type GuestRun, runGuest } from "../support/guest.ts";
import { recordsGuest, recordsObject } from "../support/records-object.ts";

failOnLeaks();

const guest = compileGuest(
  `${recordsGuest}
static int buffer;
static int show(uint32_t ctx, uint32_t at, uint32_t size) {
  printf("%u:%u:%u ", number(), size, ctx);
  return 0;
}
static int stop(uint32_t ctx, uint32_t at, uint32_t size) {
  printf("%u ", number());
  return number() == 2 ? -7 : 0;
}
static int nested(uint32_t ctx, uint32_t at, uint32_t size) {
  uint32_t n = number();
  printf("(%u", n);
  if (n == 1) printf(" %d", poll_buffer(obj, buffer, PTR(show), 9, PTR(data), sizeof data, 0));
  printf(") ");
  return 0;
}
static int uses(uint32_t ctx, uint32_t at, uint32_t size) {
  uint32_t key = 0, value = 0;
  if (number() == 0) emit(2, 8);
  printf("%u %d ", number(), map_operate(config, 1, PTR(&key), PTR(&value), 0, 0));
  return 0;
}
static int closes(uint32_t ctx, uint32_t at, uint32_t size) {
  printf("%u %d ", number(), close_object(obj));
  return 0;
}
static int traps(uint32_t ctx, uint32_t at, uint32_t size) { printf("%u\\n", number()); __builtin_trap(); }
static int exits(uint32_t ctx, uint32_t at, uint32_t size) { exit(77); }
static int grows(uint32_t ctx, uint32_t at, uint32_t size) {
  __builtin_wasm_memory_grow(0, 16);
  printf("%u ", number());
  return 0;
}
static int two(uint32_t ctx, uint32_t at) { return 0; }
static int skip(uint32_t ctx, uint32_t at, uint32_t size) { return 0; }
static int wide(uint64_t ctx, uint64_t at, uint64_t size) { return 0; }
static int poll(void *callback, int max_size, int timeout) {
  return poll_buffer(obj, buffer, PTR(callback), 5, PTR(data), max_size, timeout);
}
int main(int argc, char **argv) {
  const char *what = argv[1];
  if (open_object()) return 1;
  buffer = records;
  if (argc > 2) { set(2, 1); buffer = map_fd(obj, PTR("perf_records")); printf("%d ", poll(show, 64, 0)); }
  if (!strcmp(what, "order")) { emit(5, 8); emit(3, 100); printf("= %d ", poll(show, 1024, -1)); printf("%d", poll(show, 1024, 0)); }
  else if (!strcmp(what, "empty")) printf("%d %d", poll(show, 8, 0), poll(show, 8, 3));
  else if (!strcmp(what, "truncated")) {
    memset(data, 0xee, sizeof data);
    emit(2, 100); emit(1, 16);
    printf("= %d ", poll(show, 16, 0));
    int kept = 0; for (int i = 16; i < 1024; i++) kept += data[i] == 0xee;
    printf("%d", kept);
  }
  else if (!strcmp(what, "nothing")) { emit(2, 8); memset(data, 0, 8); printf("= %d", poll(show, 0, 0)); }
  else if (!strcmp(what, "stop")) { emit(5, 8); printf("= %d ", poll(stop, 8, 0)); printf("= %d", poll(stop, 8, 0)); }
  else if (!strcmp(what, "nested")) { emit(4, 8); printf("= %d", poll(nested, 8, 0)); }
  else if (!strcmp(what, "uses")) { emit(1, 8); printf("= %d", poll(uses, 8, 0)); }
  else if (!strcmp(what, "closes")) { emit(3, 8); printf("= %d %d %d", poll(closes, 8, 0), poll(show, 8, 0), close_object(obj)); }
  else if (!strcmp(what, "traps")) { emit(3, 8); poll(traps, 8, 0); printf("went on"); }
  else if (!strcmp(what, "exits")) { emit(3, 8); poll(exits, 8, 0); printf("went on"); }
  else if (!strcmp(what, "grows")) { emit(3, 8); printf("= %d", poll(grows, 8, 0)); }
  else if (!strcmp(what, "lost"))
    /* More than the rings hold, several times: a loss is told with the next record of its CPU that fits. */
    for (int round = 0; round < 10; round++) { for (int i = 0; i < 20; i++) emit(64, 512); poll(skip, 8, 0); }
  else if (!strcmp(what, "wide")) { emit(1, 8); printf("%d", poll(wide, 8, 0)); }
  else if (!strcmp(what, "refused")) {
    emit(1, 8);
    printf("%d ", poll_buffer(obj + 1, records, PTR(show), 0, PTR(data), 8, 0));
    printf("%d ", poll_buffer(obj, config, PTR(show), 0, PTR(data), 8, 0));
    for (int fd = -1; fd < 40; fd += 10) printf("%d ", poll_buffer(obj, fd, PTR(show), 0, PTR(data), 8, 0));
    printf("%d ", poll_buffer(obj, records, 0, 0, PTR(data), 8, 0));
    printf("%d ", poll_buffer(obj, records, 123456, 0, PTR(data), 8, 0));
    printf("%d ", poll_buffer(obj, records, PTR(two), 0, PTR(data), 8, 0));
    printf("%d ", poll_buffer(obj, records, PTR(show), 0, PTR(data), -1, 0));
    printf("%d ", poll_buffer(obj, records, PTR(show), 0, PTR(data), 0x7fffffff, 0));
    printf("%d ", poll_buffer(obj, records, PTR(show), 0, -4, 8, 0));
    printf("= %d", poll(show, 8, 0));
  }
  printf("\\n");
  return 0;
}
`,
  recordsObject(),
  ["-g"],
);

function run(...args: string[]): Promise<GuestRun> {
  return withDirectory((directory) =>
    runGuest(guest, {
      args: ["guest.wasm", ...args],
      preopens: [{ host: directory, guest: "/data" }],
      verbose: args[0] === "truncated",
    }),
  );
}

async function output(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await run(...args);
  assert.equal(status, 0, stderr);
  return stdout.trim();
}

describe("wasm_bpf_buffer_poll", () => {
  test("delivers all records that wait, in order, in one call", async () => {
    const records = [0, 1, 2, 3, 4].map((n) => `${n}:8:5`).concat([5, 6, 7].map((n) => `${n}:100:5`));
    assert.equal(await output("order"), `${records.join(" ")} = 8 0`);
  });

  test("delivers those of a perf event array", async () => {
    // Each CPU has a ring of its own; the records have an order on one only.
    execFileSync("taskset", ["-cp", "0", String(process.pid)], { stdio: "ignore" });
    // The kernel pads raw samples to 8 bytes after their 4-byte length.
    const records = [0, 1, 2, 3, 4].map((n) => `${n}:12:5`).concat([5, 6, 7].map((n) => `${n}:100:5`));
    assert.equal(await output("order", "perf"), `0 ${records.join(" ")} = 8 0`);
  });

  test("tells the user how many records found a perf event array full", async () => {
    const { status, stderr } = await run("lost", "perf");
    assert.equal(status, 0);
    assert.match(
      stderr,
      /^wasm-bpf: [1-9]\d* records were lost: the guest did not read its perf buffer in time\n$/,
    );
    assert.equal((await run("lost")).stderr, "");
  });

  test("returns 0 when no record comes in time", async () => {
    assert.equal(await output("empty"), "0 0");
  });

  test("cuts off what is longer than the guest's buffer, counts it, and writes nothing past it", async () => {
    const { stdout, stderr } = await run("truncated");
    assert.equal(stdout, "0:16:5 1:16:5 2:16:5 = 3 1008\n");
    assert.equal(stderr, "wasm-bpf: 3 records delivered, 2 of them truncated to the guest's buffer\n");
  });

  test("delivers records of which the guest wants nothing", async () => {
    assert.equal(await output("nothing"), "0:0:5 0:0:5 = 2");
  });

  test("ends the batch with a negative result, and keeps the rest", async () => {
    assert.equal(await output("stop"), "0 1 2 = -7 3 4 = 2");
  });

  test("can be called from its callback", async () => {
    assert.equal(await output("nested"), "(0) (12:8:9 3:8:9  2) = 2");
  });

  test("lets its callback use other imports, and delivers what comes meanwhile", async () => {
    assert.equal(await output("uses"), "0 0 1 0 2 0 = 3");
  });

  test("ends the batch when the callback closes the object", async () => {
    assert.equal(await output("closes"), "0 0 = 1 -9 -9");
  });

  test("ends the guest when the callback traps or exits", async () => {
    const trap = await run("traps");
    assert.deepEqual([trap.status, trap.stdout], [134, "0\n"]);
    assert.match(trap.stderr, /unreachable instruction executed in function "traps"/);
    const exit = await run("exits");
    assert.deepEqual([exit.status, exit.stdout, exit.stderr], [77, "", ""]);
  });

  test("writes to the memory as it is after the callback made it grow", async () => {
    assert.equal(await output("grows"), "0 1 2 = 3");
  });

  test("a callback with other parameters is a trap, as inside the guest", async () => {
    const { status, stderr } = await run("wide");
    assert.equal(status, 134);
    assert.match(stderr, /indirect call of a null function or one with another signature/);
  });

  test("refuses wrong objects, maps, callbacks and buffers, and loses no record", async () => {
    assert.equal(await output("refused"), "-9 -22 -2 -2 -2 -2 -2 -22 -22 -22 -22 -14 -14 0:8:5 = 1");
  });
});
