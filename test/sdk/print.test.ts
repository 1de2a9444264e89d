import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { compiledBpfPath } from "../support/compile-bpf.ts";
import { BothWays, directory, source } from "./both-ways.ts";

const program = new BothWays("print");

/** Lines of one level, as the program prints them. */
function ofLevel(stdout: string, level: number): string[] {
  const lines = stdout.split("\n").filter((line) => line.startsWith(`<${level}>`));
  return lines.map((line) => line.slice(3));
}

test("print: a program that is refused is told in libbpf's lines, then the verifier's log, then the skeleton", () => {
  const { stdout, stderr, status } = program.run(["bad"]);
  assert.equal(status, 0, stdout + stderr);
  assert.equal(stderr, "");
  assert.deepEqual(
    ofLevel(stdout, 0).filter((line) => !line.includes("map 'values'")),
    [
      "libbpf: prog 'bad': BPF program load failed: -EACCES",
      "libbpf: prog 'bad': -- BEGIN PROG LOAD LOG --",
      "libbpf: prog 'bad': failed to load: -EACCES",
      "libbpf: failed to load object 'print'",
      "libbpf: failed to load BPF skeleton 'print': -EACCES",
    ],
  );
  assert.match(
    stdout,
    /invalid mem access 'map_value_or_null'\n(.*\n)*-- END PROG LOAD LOG --\n<0>libbpf: prog/,
  );
  assert.match(stdout, /load: -13, errno Permission denied\n/);
});

test("print: the same number of warnings as the machine's libbpf, whose texts differ in the error's name", () => {
  const outline = (stdout: string): string[] =>
    ofLevel(stdout, 0).map((line) => line.replace(/: (-E\w+|-?\d+|Permission denied)$/, ""));
  assert.deepEqual(outline(program.run(["bad"]).stdout), outline(program.native("bad").stdout));
});

test("print: a load that succeeds says what it does to those who want to know", () => {
  const { stdout, status } = program.run(["good"]);
  assert.equal(status, 0, stdout);
  assert.deepEqual(ofLevel(stdout, 0), []);
  const debug = ofLevel(stdout, 2).join("\n");
  assert.match(debug, /^libbpf: loading object 'print' from buffer$/m);
  assert.match(debug, /^libbpf: map 'values': created successfully, fd=\d+$/m);
  assert.match(stdout, /^load: 0, errno $/m);
});

test("print: without a function warnings go to standard error, with NULL nowhere", () => {
  const guest = program.run(["default"]);
  assert.equal(guest.status, 1);
  assert.match(guest.stderr, /^libbpf: prog 'bad': BPF program load failed: -EACCES$/m);
  assert.match(guest.stderr, /^libbpf: failed to load BPF skeleton 'print': -EACCES$/m);
  assert.doesNotMatch(guest.stderr, /from buffer/);
  const none = program.run(["none"]);
  assert.equal(none.stdout, "load: -13, errno Permission denied\n");
  assert.equal(none.stderr, "");
});

test("print: the first function can be put back", () => {
  const { stdout, stderr } = program.run(["restored"]);
  assert.match(stdout, /^1\n/);
  assert.match(stderr, /^libbpf: failed to load BPF skeleton 'print': -EACCES$/m);
  assert.doesNotMatch(stderr, /from buffer/);
});

test("print: a function may use the library", () => {
  const { stdout, stderr, status } = program.run(["nested"]);
  assert.equal(status, 0, stdout + stderr);
  assert.match(stdout, /^load: 0/m);
  assert.match(stdout, /^<2>libbpf: loading object '\w+-8' from buffer$/m);
});

test("print: logs go to the program's buffers instead", () => {
  const { stdout, stderr, status } = program.run(["logs"]);
  assert.equal(status, 0, stdout + stderr);
  assert.match(stdout, /^load: -13\nbuffer: 1 65536\nlog: 1 1$/m);
  assert.match(stdout, /^load: 0\nlog: 1$/m);
  assert.doesNotMatch(stdout, /BEGIN PROG LOAD LOG/);
});

test("print: where the kernel's types cannot be seen, asking for them says so and is ESRCH", (t) => {
  const asking = BothWays.ofText(
    "asking",
    `#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
int main(void) { printf("%d %d\\n", btf__load_vmlinux_btf() != NULL, errno); }`,
  );
  const hidden = 'mount -t tmpfs none /sys/kernel/btf || exit 77; exec "$@"';
  const args = ["--mount", "sh", "-c", hidden, "sh", ...asking.commands().guest];
  const { status, stdout, stderr, error } = spawnSync("unshare", args, { encoding: "utf8" });
  if (error !== undefined || status === 77) {
    t.skip(`cannot hide the kernel's types: ${error?.message ?? stderr.trim()}`);
    return;
  }
  assert.equal(stdout, "0 3\n");
  assert.match(stderr, /^libbpf: kernel BTF is missing at .*\nlibbpf: failed to find valid kernel BTF\n$/);
});

/** Without what other compilers and kernels have other numbers for, and without the token that some have none of. */
function outline(stdout: string): string[] {
  const lines = stdout.split("\n").filter((line) => !/^<2>.*BPF (token|FS)/.test(line));
  const numbers = /(?<![\w<])(0x)?[0-9a-f]*[0-9][0-9a-f]*(?![\w>])/g;
  return lines.map((line) => (line.startsWith("<") ? line.replace(numbers, "N") : line));
}

test("print: every line of a load at debug level, as with libbpf 1.8", () => {
  copyFileSync(compiledBpfPath(source("lines-object.bpf.c")), join(directory, "lines.o"));
  const { stdout, stderr, status } = BothWays.guestOnly("lines").run(["lines.o"]);
  assert.equal(stderr, "");
  // What the same program prints that is linked with libbpf 1.8 itself.
  assert.deepEqual(outline(stdout), source("lines.expected").split("\n"));
  assert.equal(status, 0);
});
