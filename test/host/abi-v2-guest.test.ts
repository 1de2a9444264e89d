import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import { compileBpf } from "../support/compile-bpf.ts";
import { compileGuest, type GuestRun, runCli, runGuest } from "../support/guest.ts";

failOnLeaks();

const ENTRIES = 10_000;
const bytes = compileBpf(`
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, ${ENTRIES}); __type(key, __u32); __type(value, __u64); }
  numbers SEC(".maps");
const volatile __u32 step = 1;
__u32 counter;
__u32 start = 5;

SEC("socket")
int count(struct __sk_buff *skb)
{
  counter += step;
  return counter + start;
}
`);

/** The header of the guest library, which is also good for guests that go without the library. */
const header = readFileSync(new URL("../../../sdk/include/wasm-bpf/abi2.h", import.meta.url), "utf8");

const PROLOGUE = `${header}
#include <stdio.h>
#include <string.h>
static int open_object(void)
{
  struct wb_object_open req = { .size = sizeof(req), .data_at = wb_address(object), .data_size = object_size };
  return wb_object_open(wb_address(&req));
}
static int map_index(int handle, const char *name)
{
  static char description[8192];
  const struct wb_object_header *head = (const void *)description;
  wb_object_describe(handle, wb_address(description), sizeof(description));
  const struct wb_map_record *maps = (const void *)(description + head->maps_at);
  for (unsigned i = 0; i < head->map_count; i++)
    if (strcmp(description + maps[i].name, name) == 0) return i;
  return -1;
}
static char packet[64];
static int run(int fd)
{
  struct wb_test_run req = { .size = sizeof(req), .data_in_at = wb_address(packet), .data_in_size = 64 };
  int err = wb_program_test_run(fd, wb_address(&req));
  return err < 0 ? err : (int)req.return_value;
}
#define CHECK(expression) do { if (!(expression)) { printf("failed: %s\\n", #expression); return 1; } } while (0)
`;

function passes(source: string): GuestRun {
  const run = runGuest(compileGuest(PROLOGUE + source, bytes));
  assert.equal(run.stdout, "");
  assert.equal(run.status, 0, run.stderr);
  return run;
}

test("a guest's own memory is the kernel's, also when it has grown", () => {
  passes(`
static unsigned bss[1024] __attribute__((aligned(4096))), data[1024] __attribute__((aligned(4096)));
static unsigned rodata[1024] __attribute__((aligned(4096)));
int main(void)
{
  int handle = open_object();
  CHECK(handle > 0);
  CHECK(wb_map_bind(handle, map_index(handle, ".bss"), wb_address(bss), 4096) == 0);
  CHECK(wb_map_bind(handle, map_index(handle, ".data"), wb_address(data), 4096) == 0);
  CHECK(wb_map_bind(handle, map_index(handle, ".rodata"), wb_address(rodata), 4096) == 0);
  CHECK(data[0] == 5 && rodata[0] == 1);
  rodata[0] = 3;
  CHECK(wb_object_load(handle) == 0);
  int fd = wb_program_fd(handle, 0);
  CHECK(run(fd) == 8 && bss[0] == 3);
  CHECK(__builtin_wasm_memory_grow(0, 100) > 0);
  CHECK(run(fd) == 11 && bss[0] == 6);
  bss[0] = 100;
  data[0] = 0;
  CHECK(run(fd) == 103);
  CHECK(wb_object_close(handle) == 0);
  CHECK(bss[0] == 103);
  bss[0] = 1;
  CHECK(__builtin_wasm_memory_grow(0, 100) > 0);
  CHECK(bss[0] == 1);
  handle = open_object();
  CHECK(wb_map_bind(handle, map_index(handle, ".bss"), wb_address(bss), 4096) == 0);
  CHECK(bss[0] == 0);
  CHECK(wb_object_load(handle) == 0);
  CHECK(run(wb_program_fd(handle, 0)) == 6 && bss[0] == 1);
  return 0;
}
`);
});

test("a guest that reads a large map entry by entry", () => {
  passes(`
int main(void)
{
  int handle = open_object();
  CHECK(wb_object_load(handle) == 0);
  int fd = wb_map_fd(handle, map_index(handle, "numbers"));
  for (unsigned key = 0; key < ${ENTRIES}; key++) {
    unsigned long long value = key * 3ull;
    CHECK(wb_map_update(fd, wb_address(&key), wb_address(&value), 0, 0) == 0);
  }
  unsigned key, next, count = 0;
  unsigned long long sum = 0, value;
  for (unsigned *at = 0; wb_map_next_key(fd, wb_address(at), wb_address(&next)) == 0; at = &key) {
    key = next;
    CHECK(wb_map_lookup(fd, wb_address(&key), wb_address(&value), 0, 0) == 0);
    sum += value;
    count++;
  }
  CHECK(count == ${ENTRIES} && sum == 3ull * ${ENTRIES} * (${ENTRIES} - 1) / 2);
  return 0;
}
`);
});

test("optional functions that this host has not got answer ENOSYS", () => {
  passes(`
__attribute__((import_module("wasm_bpf_2_optional"), import_name("of_the_future"))) int of_the_future(int a, int b);
__attribute__((import_module("wasm_bpf_2_optional"), import_name("abi_version"))) int version(void);
int main(void)
{
  CHECK(of_the_future(1, 2) == -38);
  CHECK(version() == wb_abi_version() && version() >> 16 == 2);
  CHECK(wb_abi_has(wb_address("map_lookup")) == 1);
  CHECK(wb_abi_has(wb_address("abi_has")) == 1);
  CHECK(wb_abi_has(wb_address("of_the_future")) == 0);
  CHECK(wb_abi_has(wb_address("toString")) == 0);
  CHECK(wb_abi_has(0) == -14 && wb_abi_has(0xfffffff0) == -14);
  return 0;
}
`);
});

test("whatever a guest leaves is closed at its end, in the middle of a load that failed, too", () => {
  const run = runGuest(
    compileGuest(
      `${PROLOGUE}
int main(void)
{
  int handle = open_object();
  wb_object_load(handle);
  wb_map_fd(handle, 0);
  open_object();
  __builtin_trap();
}
`,
      bytes,
    ),
  );
  assert.equal(run.status, 134);
});

test("a module that needs another version is one line and status 126", async () => {
  const module = compileGuest("int main(void) { return 0; }");
  const runWith = (major: number, minor: number, length = 4): Promise<GuestRun> => {
    const name = new TextEncoder().encode("wasm_bpf.abi");
    const content = Uint8Array.of(major & 255, major >> 8, minor & 255, minor >> 8).subarray(0, length);
    const section = [0, 1 + name.length + content.length, name.length, ...name, ...content];
    return runCli(["-"], Uint8Array.from([...module.subarray(0, 8), ...section, ...module.subarray(8)]));
  };
  assert.deepEqual(await runWith(2, 0), { status: 0, stdout: "", stderr: "" });
  const newer = await runWith(2, 999);
  assert.equal(newer.status, 126);
  assert.match(
    newer.stderr,
    /^wasm-bpf: .* needs guest interface 2\.999, this wasm-bpf offers 2\.\d+: update wasm-bpf\n$/,
  );
  assert.match((await runWith(3, 0)).stderr, /needs guest interface 3\.0, .*: update wasm-bpf\n$/);
  assert.equal((await runWith(1, 0)).status, 126);
  assert.equal((await runWith(2, 0, 2)).status, 126);
});
