import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { failOnLeaks, kernelMappings, openFds } from "../../src/sys/leaks.ts";
import { withDirectory } from "../support/compile.ts";
import { compileBpf } from "../support/compile-bpf.ts";
import { compileGuest, type GuestRun, runGuest } from "../support/guest.ts";
import { recordsGuest, recordsObject } from "../support/records-object.ts";

failOnLeaks();

const object = recordsObject();
const guest = compileGuest(
  `${recordsGuest}
#include <fcntl.h>
static int fd(const char *name) { return map_fd(obj, PTR(name)); }
static int lookup(int map, void *key, void *value) { return map_operate(map, 1, PTR(key), PTR(value), 0, 0); }
static int update(int map, void *key, void *value) { return map_operate(map, 2, PTR(key), PTR(value), 0, 0); }
static int next(int map, void *key, void *result) { return map_operate(map, 4, PTR(key), 0, PTR(result), 0); }
int main(int argc, char **argv) {
  const char *what = argv[1];
  uint32_t end = __builtin_wasm_memory_size(0) * 65536;
  uint64_t key = 5, found = 0;
  uint32_t value = 50, zero = 0;
  if (open_object()) return 1;
  int table = fd("table");
  if (!strcmp(what, "maps")) {
    printf("%d ", lookup(table, &key, &value));
    printf("%d ", update(table, &key, &value));
    printf("%d ", map_operate(table, 2, PTR(&key), PTR(&value), 0, 1));
    value = 0; printf("%d %u ", lookup(table, &key, &value), value);
    printf("%d %d ", next(table, NULL, &found), (int)found);
    printf("%d ", next(table, &found, &found));
    printf("%d %d ", map_operate(table, 3, PTR(&key), 0, 0, 0), map_operate(table, 3, PTR(&key), 0, 0, 0));
    printf("%d %d ", update(fd("queue"), NULL, &value), fd("table") == table);
    printf("%d %d", fd("nothing") , fd(".bss") == fd(".bss"));
  } else if (!strcmp(what, "refused")) {
    for (int command = -1; command < 30; command++) if (command < 1 || command > 4)
      if (map_operate(table, command, PTR(&key), PTR(&value), PTR(&found), 0) != -22) printf("command %d ", command);
    for (int number = -3; number < 300; number++) if (lookup(number, &key, &value) != -9) printf("number %d ", number);
    printf("%d ", map_operate(table, 1, end - 7, PTR(&value), 0, 0));
    printf("%d ", map_operate(table, 1, PTR(&key), end - 3, 0, 0));
    printf("%d ", map_operate(table, 1, -1, -1, -1, -1));
    printf("%d ", map_operate(table, 1, 0, PTR(&value), 0, 0));
    printf("%d ", map_operate(table, 2, PTR(&key), 0, 0, 0));
    printf("%d ", map_operate(table, 4, PTR(&key), 0, 0, 0));
    printf("%d ", map_operate(table, 2, PTR(&key), PTR(&value), 0, ~0ull));
    printf("%d %d ", map_fd(obj, 0), map_fd(obj, -1));
    *(char *)(uintptr_t)(end - 1) = 'x'; printf("%d ", map_fd(obj, end - 1));
    printf("%d %d", map_fd(obj + 7, PTR("table")), map_fd(0, PTR("table")));
  } else if (!strcmp(what, "per cpu")) {
    static unsigned char values[8 * 1024];
    int per_cpu = fd("per_cpu"), cpus = atoi(argv[2]);
    memset(values, 0xee, sizeof values);
    printf("%d ", lookup(per_cpu, &zero, values));
    int kept = 0; while (kept < 8192 && values[8191 - kept] == 0xee) kept++;
    printf("%d ", 8192 - kept == cpus * 8);
    /* One CPU's value fits, all of them do not. */
    printf("%d", map_operate(per_cpu, 1, PTR(&zero), end - 8, 0, 0));
  } else if (!strcmp(what, "numbers")) {
    int outer = fd("outer"), inner = config, bad = 0;
    /* Descriptors of the host are not the guest's. */
    for (uint32_t number = 0; number < 300; number++) bad += update(outer, &zero, &number) != -9;
    printf("%d %d ", bad, update(outer, &zero, &inner));
    for (uint32_t number = 0; number < 300; number++) bad += update(fd("programs"), &zero, &number) != -9;
    for (uint32_t number = 0; number < 300; number++) bad += update(fd("groups"), &zero, &number) != -9;
    for (uint32_t number = 0; number < 300; number++) bad += update(fd("perf_records"), &zero, &number) != -9;
    printf("%d", bad);
  } else if (!strcmp(what, "programs")) {
    printf("%d ", attach(obj, PTR("nothing"), 0));
    printf("%d %d ", attach(obj, 0, 0), attach(obj, -1, 0));
    printf("%d ", attach(obj, PTR("on_mkdir"), -1));
    printf("%d ", attach(obj + 1, PTR("on_mkdir"), 0));
    printf("%d ", attach(obj, PTR("on_mkdir"), PTR("nowhere:nothing")));
    printf("%d ", attach(obj, PTR("on_mkdir"), PTR("")));
    printf("%d ", attach_fd(obj, PTR("on_mkdir"), -1));
    int bad = 0; for (int number = 0; number < 300; number++) bad += number != 3 && attach_fd(obj, PTR("on_mkdir"), number) != -9;
    printf("%d", bad);
  } else if (!strcmp(what, "stale")) {
    uint64_t old = obj;
    printf("%d %d ", close_object(obj), close_object(obj));
    printf("%d %d %d ", lookup(table, &key, &value), map_fd(obj, PTR("table")), attach(obj, PTR("on_mkdir"), 0));
    if (open_object()) return 1;
    printf("%d %d %d", obj != old, lookup(table, &key, &value), fd("table") != table);
  } else if (!strcmp(what, "load")) {
    printf("%d", load(0, 0) == 0);
    printf("%d", load(PTR(object), 100) == 0);
    printf("%d", load(end - 64, 64) == 0);
    printf("%d", load(end - 64, 65) == 0);
    printf("%d", load(-1, -1) == 0);
    printf("%d", load(PTR(data), sizeof data) == 0);
    printf("%d", load(PTR(object), -1) == 0);
  }
  printf("\\n");
  return 0;
}
`,
  object,
);

function run(...args: string[]): Promise<GuestRun> {
  return withDirectory((directory) =>
    runGuest(guest, { args: ["guest.wasm", ...args], preopens: [{ host: directory, guest: "/data" }] }),
  );
}

async function output(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await run(...args);
  assert.equal(status, 0, stderr);
  return stdout.trim();
}

/** Possible CPUs, from the kernel's list such as 0-3. */
function possibleCpus(): number {
  const list = readFileSync("/sys/devices/system/cpu/possible", "utf8").trim();
  return list.split(",").reduce((sum, range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return sum + last - first + 1;
  }, 0);
}

describe("ABI version 1", () => {
  test("looks up, updates, deletes and walks maps", async () => {
    assert.equal(await output("maps"), "-2 0 -17 0 50 0 5 -2 0 -2 0 1 -2 1");
  });

  test("answers wild map operations with error numbers", async () => {
    assert.equal(await output("refused"), "-14 -14 -14 -14 -14 -14 -22 -14 -14 -14 -9 -9");
  });

  test("checks values of per-CPU maps at their whole size", async () => {
    assert.equal(await output("per cpu", String(possibleCpus())), "0 1 -14");
  });

  test("gives a map no descriptor that is not the guest's", async () => {
    assert.equal(await output("numbers"), "0 0 0");
  });

  test("answers wrong programs, strings and targets with error numbers, and explains refusals", async () => {
    const { stdout, stderr } = await run("programs");
    assert.equal(stdout, "-2 -14 -14 -14 -9 -2 -17 -17 0\n");
    const [unknown = "", target = ""] = stderr.trimEnd().split("\n");
    assert.match(unknown, /^wasm-bpf: .*"nothing".*on_mkdir/);
    assert.match(target, /^wasm-bpf: Cannot attach program "on_mkdir" to nowhere:nothing: /);
  });

  test("uses no handle and no map number again", async () => {
    assert.equal(await output("stale"), "0 -9 -9 -9 -9 1 -9 1");
  });

  test("survives objects that are none", async () => {
    assert.equal(await output("load"), "1111111");
  });

  test("leaves nothing open, whatever way the guest ends", async () => {
    await run("maps");
    const fds = openFds();
    const mappings = kernelMappings();
    for (const what of ["maps", "stale", "load", "programs"]) await run(what);
    const trapping = compileGuest(
      `${recordsGuest}
      static int callback(uint32_t a, uint32_t b, uint32_t c) { __builtin_trap(); }
      int main(void) { open_object(); emit(1, 8); poll_buffer(obj, records, PTR(callback), 0, PTR(data), 8, 0); }`,
      object,
    );
    const { status } = await withDirectory((directory) =>
      runGuest(trapping, { preopens: [{ host: directory, guest: "/data" }] }),
    );
    assert.equal(status, 134);
    assert.deepEqual(openFds(), fds);
    assert.deepEqual(kernelMappings(), mappings);
    assert.deepEqual(ownLinks(), []);
  });
});

/** Descriptors of this process that are BPF links. */
function ownLinks(): string[] {
  return readdirSync("/proc/self/fdinfo").filter((fd) => {
    try {
      return /link_id|prog_id/.test(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"));
    } catch {
      return false; // the descriptor of the directory itself
    }
  });
}

describe("a refused object", () => {
  const refused = compileGuest(
    "int main(void) { return load(PTR(object), object_size) ? 1 : 0; }",
    compileBpf(`
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 1); __type(key, __u32); __type(value, __u32); } values SEC(".maps");
SEC("raw_tp/sys_enter")
int careless(void *context) {
  __u32 key = 0;
  __u32 *value = bpf_map_lookup_elem(&values, &key);
  return *value;
}
`),
  );

  test("is explained by program, last lines of the log and source line", () => {
    const { status, stderr } = runGuest(refused);
    assert.equal(status, 0);
    assert.match(stderr, /^wasm-bpf: .*program "careless"/);
    assert.match(stderr, /invalid mem access 'map_value_or_null'/);
    assert.match(stderr, /test\.bpf\.c:7/);
    assert.match(stderr, /return \*value;/);
    assert.doesNotMatch(stderr, /func#0 @0/);
  });

  test("shows the whole log when asked to", () => {
    const { stderr } = runGuest(refused, { verbose: true });
    assert.match(stderr, /processed \d+ insns/);
    assert.ok(stderr.length > runGuest(refused).stderr.length);
  });
});

describe("guests of other languages", () => {
  test("may declare pointers as 64-bit integers", () => {
    const wide = compileGuest(
      `
IMPORT("wasm_bpf", "wasm_bpf_map_operate")
int wide_operate(int fd, int cmd, uint64_t key, uint64_t value, uint64_t next_key, uint64_t flags);
int main(void) {
  uint64_t obj = load(PTR(object), object_size), key = 1;
  uint32_t value = 7;
  int table = map_fd(obj, PTR("table"));
  printf("%d ", wide_operate(table, 2, PTR(&key), PTR(&value), 0, 0));
  value = 0;
  printf("%d %u ", wide_operate(table, 1, PTR(&key), PTR(&value), 0, 0), value);
  printf("%d ", wide_operate(table, 1, PTR(&key) | 1ull << 40, PTR(&value), 0, 0));
  printf("%d\\n", wide_operate(table, 4, 0, 0, PTR(&key), 0));
  return 0;
}`,
      object,
    );
    assert.equal(runGuest(wide).stdout, "0 0 7 -14 0\n");
  });

  const tiny = (callback: string): string => `${recordsGuest}
IMPORT("wrapper", "wasm_bpf_buffer_poll")
int wrapped_poll(uint64_t obj, int fd, uint32_t ctx, ptr data, int max_size, int timeout_ms);
EXPORT("${callback}") int callback(uint32_t ctx, uint32_t at, uint32_t size) {
  printf("%u:%u:%u ", number(), ctx, size);
  return 0;
}
int main(void) {
  if (open_object()) return 1;
  emit(3, 8);
  printf("= %d\\n", wrapped_poll(obj, records, 4, PTR(data), sizeof data, 0));
  return 0;
}`;

  test("may name their callback by an export, as TinyGo's do", async () => {
    await withDirectory((directory) => {
      const options = { preopens: [{ host: directory, guest: "/data" }], wrapperModuleName: "wrapper" };
      const named = compileGuest(tiny("my-callback"), object);
      assert.equal(
        runGuest(named, { ...options, callbackExportName: "my-callback" }).stdout,
        "0:4:8 1:4:8 2:4:8 = 3\n",
      );
      assert.throws(
        () => runGuest(named, options),
        /exports no function "go-callback".*--callback-export-name/,
      );
      assert.throws(() => runGuest(named, { preopens: [] }), /--wrapper-module-name wrapper/);
    });
  });
});
