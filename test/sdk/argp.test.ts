import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { BothWays } from "./both-ways.ts";

const tables = new BothWays("argp-tables", ["-D_GNU_SOURCE"]);
const random = new BothWays("argp-random", ["-D_GNU_SOURCE"]);

const LINES: readonly string[][] = [
  ["--help"],
  ["-?"],
  ["--usage"],
  ["--version"],
  ["-V"],
  [],
  ["-v", "-p", "12", "1", "2"],
  ["1", "-v", "2", "--pid=4", "--", "-T"],
  ["-vTp12", "-t", "-t5", "--time=9", "-d", "--duration=3"],
  ["--verb", "--ti"],
  ["--timest"],
  ["--t=5"],
  ["--nothing"],
  ["--nothing=5"],
  ["-Q"],
  ["-p"],
  ["--pid"],
  ["--verbose=yes"],
  ["-p", "abc"],
  ["-p", "7"],
  ["1", "2", "3", "4"],
  ["refuse"],
  ["1", "refuse", "-v"],
  ["-verbose", "-pid", "3"],
  ["-time=4", "-al"],
  ["-z", "-A", "--al", "--alpha", "-b", "3"],
  ["--program-name=other", "-Q"],
  ["again"],
];

const FEW: readonly string[][] = [
  ["--help"],
  ["--usage"],
  ["1", "-v", "2", "--pid=4", "--", "-T"],
  ["-verbose", "-pid", "3"],
  ["--t=5"],
  ["1", "refuse", "-v"],
  ["again"],
];

const TABLES = ["groups", "parent", "bare", "rest", "order", "none", "long", "silent", "stay", "nohelp"];

function compare(table: string, line: readonly string[]): void {
  assert.deepEqual(tables.run([table, ...line]), tables.native(table, ...line), line.join(" "));
}

test("command lines end as with glibc", () => {
  for (const line of LINES) compare("tool", line);
});

for (const table of TABLES) {
  test(`command lines for the table "${table}" end as with glibc`, () => {
    for (const line of FEW) compare(table, line);
  });
}

test("--version prints what the program has set", () => {
  const run = tables.run(["tool", "--version"], ["--env", "VERSION=tool 2.5"]);
  assert.equal(run.stdout, "0x1000003 tool 2.5\n");
  assert.equal(run.status, 0);
});

test("the layout can be changed by ARGP_HELP_FMT", () => {
  for (const format of [
    "rmargin=60",
    "no-dup-args-note,opt-doc-col=40",
    "dup-args,header-col=4",
    "what=3",
    "rmargin",
    "=5",
  ]) {
    const [program = "", ...args] = tables.commands("parent", "--help").native;
    const env = { LC_ALL: "C", ARGP_HELP_FMT: format };
    const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8", env });
    const guest = tables.run(["parent", "--help"], ["--env", `ARGP_HELP_FMT=${format}`]);
    assert.deepEqual(guest, { status, stdout, stderr }, format);
  }
});

test("300 random tables print and parse as with glibc", () => {
  const native = random.native("0", "300").stdout.split(/^(?==== )/m);
  const guest = random.run(["0", "300"]).stdout.split(/^(?==== )/m);
  assert.equal(native.length, 300);
  for (const [i, expected] of native.entries()) assert.equal(guest[i], expected, `table ${i}`);
});
