import assert from "node:assert/strict";
import { test } from "node:test";
import { BothWays, directory, nodes, runGuest, sourceFile, writeSource } from "./lp64.ts";

const program = new BothWays(sourceFile("processes.c"));
const environment = { PASSED: "passed on" };

for (const args of [[], ["exec"]]) {
  test(`children of fork start programs and end as native ones do: ${args.join() || "exit"}`, () => {
    const native = program.runNative(args, environment);
    assert.equal(native.stderr, "");
    assert.equal(native.status, args.length === 0 ? 0 : 9);
    for (const node of nodes()) {
      const options = ["--allow-run", `--allow-read=${directory}`];
      assert.deepEqual(runGuest(node, program.guest, args, environment, options), native, node);
    }
  });
}

function guest(name: string, body: string): BothWays {
  const text = `
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
${body}`;
  return new BothWays(writeSource(`${name}.c`, text));
}

test("a program is started with permission only", () => {
  const { stdout, stderr, status } = program.runGuest([], environment, [`--allow-read=${directory}`]);
  assert.match(stdout, /^exec: own, exited 1 with 127, signal 0$/m);
  assert.match(stderr, /start sh .*--allow-run/);
  assert.equal(status, 0);
  const named = program.runGuest(["exec"], environment, ["--allow-run=sh", `--allow-read=${directory}`]);
  assert.match(named.stdout, /^exec: own, exited 1 with 127, signal 0$/m, "under another name");
  assert.match(named.stdout, /^killed: own, exited 0 with 0, signal 9$/m);
  assert.match(named.stdout, /^in its place$/m);
  assert.equal(named.status, 9);
});

test("a child that returns to where fork was called from is told what is wrong", () => {
  const returning = guest(
    "returning",
    `static __attribute__((noinline)) int start(void) { return fork(); }
int main(int argc, char **argv)
{
	if (argc > 1 && fork() == 0)
		return 0;
	if (argc == 1 && start() == 0)
		_exit(0);
	return 0;
}`,
  );
  const called = returning.runGuest([]);
  assert.match(called.stderr, /^fork: the child has returned from the function that called fork\n/);
  assert.equal(called.status, 134);
  const main = returning.runGuest(["main"]);
  assert.match(main.stderr, /a child of fork did not end by exec, exit or _exit: it returned from main/);
  assert.equal(main.status, 134);
});

test("children are not deeper than there is reason to", () => {
  const deep = guest(
    "deep",
    `static int descend(int depth)
{
	pid_t process = fork();
	int status;

	if (process == 0)
		_exit(descend(depth + 1));
	if (process < 0) {
		printf("%d %s\\n", depth, strerror(errno));
		fflush(stdout);
		return 0;
	}
	waitpid(process, &status, 0);
	return WEXITSTATUS(status) + 1;
}
int main(void) { return descend(0); }`,
  );
  const { stdout, status, stderr } = deep.runGuest([]);
  assert.equal(stderr, "");
  assert.equal(stdout, "8 Resource temporarily unavailable\n");
  assert.equal(status, 8);
});

test("pipes, descriptors and events work between a program and what it starts", () => {
  const plumbing = new BothWays(sourceFile("plumbing.c"), ["-Wno-unused-result"]);
  const native = plumbing.runNative([]);
  assert.equal(native.stderr, "");
  assert.match(native.stdout, /^exists 1, silent 1\nbegins\nread 0\nheld back 4$/m);
  for (const node of nodes()) {
    assert.deepEqual(runGuest(node, plumbing.guest, [], {}, ["--allow-run"]), native, node);
  }
  // What was foretold did not come.
  const two = plumbing.runGuest(["two"], {}, ["--allow-run"]);
  assert.match(two.stdout, /^exists 1, silent 1\nread 0\nheld back 127$/m);
  assert.match(two.stderr, /^wasm-bpf: a program was not started: /m);
  const waits = plumbing.runGuest(["waits"]);
  assert.equal(waits.stdout, "error 1\nwaits 1\n");
  assert.match(waits.stderr, /A child of fork waits for what its parent is to do/);
});
