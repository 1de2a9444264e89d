import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { readWasmSections } from "../../src/internal/index.ts";
import { findLp64Compiler } from "../../src/toolchain/lp64.ts";
import { BothWays, moduleBytes, nodes, runGuest, sourceFile, writeSource } from "./lp64.ts";

const TAG_SECTION = 13;

test("jumps arrive where those of the native program do, on every Node.js there is", () => {
  const program = new BothWays(sourceFile("jumps.c"), [
    "-Wno-infinite-recursion",
    "-Wno-unknown-warning-option",
  ]);
  const native = program.runNative([]);
  assert.equal(native.status, 0, native.stderr);
  assert.match(native.stdout, /^end$/m);
  for (const node of nodes()) assert.deepEqual(runGuest(node, program.guest, []), native, node);
});

test("they do without optimization, too", () => {
  const program = new BothWays(sourceFile("jumps.c"), [
    "-O0",
    "-Wno-infinite-recursion",
    "-Wno-unknown-warning-option",
  ]);
  assert.deepEqual(program.runGuest([]), program.runNative([]));
});

test("a program without them has no exceptions", () => {
  const plain = writeSource(
    "plain.c",
    '#include <stdio.h>\n#include <unistd.h>\n#include <setjmp.h>\nint main(void) { puts("here"); return 0; }\n',
  );
  const { guest } = new BothWays(plain);
  assert.ok(!readWasmSections(moduleBytes(guest)).some(({ id }) => id === TAG_SECTION));
});

const GONE = `
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
static jmp_buf place;
static __attribute__((noinline)) void set(void)
{
	if (setjmp(place) == 0)
		puts("set");
}
static __attribute__((noinline)) int below(void)
{
	char room[4096];
	memset(room, 1, sizeof(room));
	puts(room + sizeof(room) - 1 - (room[7] == 1));
	longjmp(place, 1);
}
int main(int argc, char **argv)
{
	if (argc > 1)
		set();
	if (argc > 2)
		below();
	longjmp(place, 1);
}
`;

test("a jump to a call that has returned, or was never made, says so", () => {
  const program = new BothWays(writeSource("gone.c", GONE));
  for (const args of [[], ["set"]]) {
    const { status, stderr } = program.runGuest(args);
    assert.match(stderr, /^longjmp: the function that called setjmp has returned\n/, args.join());
    assert.equal(status, 134);
  }
});

test("and so does one that nothing catches", () => {
  const program = new BothWays(writeSource("gone.c", GONE));
  const { status, stderr } = program.runGuest(["set", "below"]);
  assert.match(stderr, /^wasm-bpf: The guest trapped: .*exception.* setjmp \(or fork\) has returned/m);
  assert.equal(status, 134);
});

test("a compiler that was not told of exceptions says what is missing", async () => {
  const { clang, target, options } = await findLp64Compiler(process.env);
  const without = options.filter((option) => !/^-mllvm$|sjlj/.test(option));
  const source = sourceFile("jumps.c");
  const { status, stderr } = spawnSync(clang, [...target, ...without, "-S", "-o", "/dev/null", source], {
    encoding: "utf8",
  });
  assert.match(
    stderr,
    /setjmp needs exceptions: compile with clang 19 or newer and -mllvm -wasm-enable-sjlj/,
  );
  assert.notEqual(status, 0);
});
