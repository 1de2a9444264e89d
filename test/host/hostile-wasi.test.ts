import assert from "node:assert/strict";
import * as fs from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { withDirectory } from "../support/compile.ts";
import { compileGuest, runGuest } from "../support/guest.ts";

/** Every call of WASI preview1 but proc_exit, with its parameters: i is i32, I is i64. */
const calls: Readonly<Record<string, string>> = {
  args_get: "ii",
  args_sizes_get: "ii",
  environ_get: "ii",
  environ_sizes_get: "ii",
  clock_res_get: "ii",
  clock_time_get: "iIi",
  fd_advise: "iIIi",
  fd_allocate: "iII",
  fd_close: "i",
  fd_datasync: "i",
  fd_fdstat_get: "ii",
  fd_fdstat_set_flags: "ii",
  fd_fdstat_set_rights: "iII",
  fd_filestat_get: "ii",
  fd_filestat_set_size: "iI",
  fd_filestat_set_times: "iIIi",
  fd_pread: "iiiIi",
  fd_prestat_get: "ii",
  fd_prestat_dir_name: "iii",
  fd_pwrite: "iiiIi",
  fd_read: "iiii",
  fd_readdir: "iiiIi",
  fd_renumber: "ii",
  fd_seek: "iIii",
  fd_sync: "i",
  fd_tell: "ii",
  fd_write: "iiii",
  path_create_directory: "iii",
  path_filestat_get: "iiiii",
  path_filestat_set_times: "iiiiIIi",
  path_link: "iiiiiii",
  path_open: "iiiiiIIii",
  path_readlink: "iiiiii",
  path_remove_directory: "iii",
  path_rename: "iiiiii",
  path_symlink: "iiiii",
  path_unlink_file: "iii",
  poll_oneoff: "iiii",
  random_get: "ii",
  sched_yield: "",
  sock_accept: "iii",
  sock_recv: "iiiiii",
  sock_send: "iiiii",
  sock_shutdown: "ii",
};

const declarations = Object.entries(calls).map(([name, parameters]) => {
  const types = [...parameters].map((letter) => (letter === "i" ? "uint32_t" : "uint64_t")).join(", ");
  return `IMPORT("wasi_snapshot_preview1", "${name}") uint32_t w_${name}(${types || "void"});`;
});
const cases = Object.entries(calls).map(([name, parameters], index) => {
  const values = [...parameters].map((letter) => (letter === "i" ? "wild()" : "wild64()")).join(", ");
  return `case ${index}: result = w_${name}(${values}); break;`;
});

/** Calls everything with integers that are near borders, or anything. */
const guest = compileGuest(`
${declarations.join("\n")}
IMPORT("wasi_snapshot_preview1", "proc_exit") _Noreturn void w_proc_exit(uint32_t);
static uint64_t state;
static uint32_t next(void) {
  state = state * 6364136223846793005ull + 1442695040888963407ull;
  return state >> 33;
}
static char scratch[4096] = "sub/../a/../../x";
static uint32_t wild(void) {
  uint32_t size = __builtin_wasm_memory_size(0) * 65536;
  switch (next() % 12) {
    case 0: return 0;
    case 1: return next() % 8;
    case 2: return size - next() % 64;
    case 3: return -(next() % 64);
    case 4: return 0x80000000u - next() % 4;
    case 5: return next() << 1;
    case 6: return 1u << next() % 32;
    default: return PTR(scratch) + next() % 64 * 8;
    case 11: return next() % 2048;
  }
}
static uint64_t wild64(void) {
  switch (next() % 5) {
    case 0: return 0;
    case 1: return -(uint64_t)(next() % 16);
    case 2: return 1ull << next() % 64;
    case 3: return next() % 4096;
    default: return (uint64_t)next() << 32 | next();
  }
}
int main(int argc, char **argv) {
  state = strtoull(argv[1], NULL, 10);
  for (int i = atoi(argv[2]); i > 0; i--) {
    uint32_t result = 0;
    // A sleep of a random length would be a long test: subscriptions are only taken from outside the memory.
    int call = next() % ${cases.length};
    if (call == ${Object.keys(calls).indexOf("poll_oneoff")}) {
      result = w_poll_oneoff(-(next() % 4096), wild(), wild(), wild());
      if (result == 0) w_proc_exit(2);
      continue;
    }
    switch (call) { ${cases.join("\n")} }
    if (result > 76) w_proc_exit(1);
    memcpy(scratch, "sub/../a/../../x", 17);
  }
  // What the host wrote has ruined the C library's memory by now: no way out but this one.
  w_proc_exit(42);
}
`);

describe("a hostile guest", () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    test(`gets an error number for every WASI call with wild parameters (seed ${seed})`, () =>
      withDirectory((directory) => {
        const inside = join(directory, "inside");
        fs.mkdirSync(join(inside, "sub"), { recursive: true });
        const { status, stderr } = runGuest(guest, {
          args: ["guest.wasm", String(seed), "20000"],
          preopens: [{ host: inside, guest: "/" }],
        });
        assert.equal(status, 42, stderr);
        assert.doesNotMatch(stderr, /internal error/);
        assert.deepEqual(fs.readdirSync(directory), ["inside"]);
      }));
  }

  test("calls without a memory give EFAULT", () => {
    // (module (import "wasi_snapshot_preview1" "random_get" (func (param i32 i32) (result i32)))
    //   (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
    //   (func (export "_start") (call 1 (call 0 (i32.const 0) (i32.const 8)))))
    const text = (value: string): number[] => [value.length, ...Buffer.from(value)];
    const section = (id: number, body: number[]): number[] => [id, body.length, ...body];
    const wasi = text("wasi_snapshot_preview1");
    const module = Uint8Array.from([
      ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      ...section(1, [3, 0x60, 2, 0x7f, 0x7f, 1, 0x7f, 0x60, 1, 0x7f, 0, 0x60, 0, 0]),
      ...section(2, [2, ...wasi, ...text("random_get"), 0, 0, ...wasi, ...text("proc_exit"), 0, 1]),
      ...section(3, [1, 2]),
      ...section(7, [1, ...text("_start"), 0, 2]),
      ...section(10, [1, 10, 0, 0x41, 0, 0x41, 8, 0x10, 0, 0x10, 1, 0x0b]),
    ]);
    assert.equal(runGuest(module).status, 21);
  });
});
