import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { compileGuest, runGuest } from "../support/guest.ts";

const guest = compileGuest(
  `
static volatile int zero;
static void (*volatile function)(int);
__attribute__((noinline)) static int deep(int n) { volatile char room[64]; room[0] = n; return deep(n + 1) + room[0]; }
__attribute__((noinline)) static int divide(int a) { return a / zero; }
__attribute__((noinline)) static int outside(void) { return *(volatile int *)0xfffffff0u; }
__attribute__((noinline)) static void fail(void) { __builtin_trap(); }
__attribute__((noinline)) static void indirect(void) { function = (void (*)(int))(uintptr_t)9999; function(1); }
int main(int argc, char **argv) {
  printf("before\\n");
  switch (argv[1][0]) {
    case 'u': fail(); break;
    case 'd': return divide(7);
    case 'o': return outside();
    case 's': return deep(0);
    case 'i': indirect(); break;
    case 'a': abort();
  }
  return 0;
}
`,
  undefined,
  ["-g", "-Wno-infinite-recursion"],
);

const traps: Readonly<Record<string, RegExp>> = {
  unreachable: /unreachable instruction executed in function "fail" \(function \d+ at offset 0x[0-9a-f]+\)/,
  divide: /integer divide by zero in function "divide"/,
  outside: /memory access out of bounds in function "outside"/,
  "stack overflow": /(stack overflow|memory access out of bounds) in function "deep"/,
  indirect: /table index out of bounds in function "indirect"/,
  abort: /unreachable instruction executed in function "abort"/,
};

describe("a trap", () => {
  for (const [name, message] of Object.entries(traps)) {
    test(`${name} ends the guest with 134 and names itself and the function`, () => {
      const { status, stdout, stderr } = runGuest(guest, { args: ["guest.wasm", name] });
      assert.equal(status, 134);
      assert.equal(stdout, "before\n");
      assert.match(stderr, message);
      assert.match(stderr, /^wasm-bpf: The guest trapped: [^\n]*\n$/);
    });
  }

  test("a stack that ends inside a host import is one as well", () => {
    const deep = compileGuest(
      `
IMPORT("wasi_snapshot_preview1", "path_open")
uint32_t open_path(uint32_t, uint32_t, const char *, uint32_t, uint32_t, uint64_t, uint64_t, uint32_t, void *);
IMPORT("wasi_snapshot_preview1", "random_get") uint32_t random_bytes(void *, uint32_t);
static int recurse(int n) {
  char room[16];
  random_bytes(room, 4);
  open_path(3, 0, "missing", 7, 0, 0, 0, 0, room);
  return recurse(n + room[0]) + room[1];
}
int main(void) { return recurse(0); }`,
      undefined,
      ["-Wno-infinite-recursion", "-Wl,-z,stack-size=33554432"],
    );
    const { status, stderr } = runGuest(deep, { preopens: [{ host: "/tmp", guest: "/" }] });
    assert.equal(status, 134);
    assert.match(stderr, /^wasm-bpf: The guest trapped: stack overflow in function [^\n]*\n$/);
  });

  test("in a module without names tells the number of the function", () => {
    const stripped = compileGuest("int main(void) { __builtin_trap(); }", undefined, ["-Wl,--strip-all"]);
    assert.match(runGuest(stripped).stderr, /unreachable instruction executed in function \d+ at offset 0x/);
  });
});
