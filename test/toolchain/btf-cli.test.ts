import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { withDirectory } from "../support/compile.ts";
import { compileBpf } from "../support/compile-bpf.ts";
import { runCli } from "../support/guest.ts";
import { testdataPath } from "../support/testdata.ts";

async function output(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await runCli(args);
  assert.deepEqual([status, stderr], [0, ""]);
  return stdout;
}

test("btf diff: what a program written for one kernel finds different in another", async () => {
  await withDirectory(async (directory) => {
    const object = (name: string, definitions: string): string => {
      const path = join(directory, name);
      writeFileSync(path, compileBpf(`${definitions}\nstruct task task; enum state state;`));
      return path;
    };
    const before = object("a.o", "enum state { IDLE, BUSY }; struct task { int pid, a, b, c; long old; };");
    const after = object(
      "b.o",
      "enum state { IDLE, BUSY = 4, DEAD }; struct task { long pid; int a, b, c; };",
    );
    assert.equal(
      await output("btf", "diff", before, after),
      `~ enum state
    ~ BUSY = 1 -> 4
    + DEAD = 5
~ struct task
    ~ pid: int -> long
    ~ 3 fields, a to c: moved by +4
    - old: long, at 16
0 added, 0 removed, 2 changed
`,
    );
    assert.match(await output("btf", "diff", before, after, "state"), /^~ enum state\n.*, 1 changed\n$/s);
    const { differences } = JSON.parse(await output("btf", "diff", "--json", before, after));
    assert.deepEqual(differences[0].values[1], { name: "DEAD", after: "5" });
    assert.deepEqual(differences[1].fields[0], {
      name: "pid",
      before: { type: "int", offsetBits: 0, bitfieldBits: 0 },
      after: { type: "long", offsetBits: 0, bitfieldBits: 0 },
    });
    assert.equal(await output("btf", "diff", before, before), "0 added, 0 removed, 0 changed\n");
    const { stdout } = await runCli(["btf", "diff", before, "vmlinux", "task"]);
    assert.equal(stdout, "- struct task: size 24\n0 added, 1 removed, 0 changed\n");
  });
});

test("btf dump --json is bpftool's", async () => {
  for (const file of [testdataPath("maps.bpf.o"), "/sys/kernel/btf/vmlinux"]) {
    const args = ["--json", "btf", "dump", "file", file];
    const expected = spawnSync("bpftool", args, { encoding: "utf8", maxBuffer: 256 << 20 });
    assert.equal(expected.status, 0, expected.stderr);
    // bpftool 7.1 prints unsigned enumerators above 2^31 with their sign extended.
    const unsigned = expected.stdout.replace(/"kind":"ENUM",[^\]]*UNSIGNED[^\]]*\]/g, (type) =>
      type.replace(/"val":(\d{20})\b/g, (_, digits: string) => `"val":${BigInt.asUintN(32, BigInt(digits))}`),
    );
    const actual = (await output("btf", "dump", "file", file, "--json")).replaceAll("\n", "");
    assert.ok(actual === unsigned.trimEnd(), `${file} differs`);
  }
});

test("btf dump: several roots, in C and raw", async () => {
  const object = testdataPath("maps.bpf.o");
  const id = async (pattern: RegExp): Promise<string> =>
    pattern.exec(await output("btf", "dump", "file", object))?.[1] ?? "";
  const inner = await id(/^\[(\d+)\] STRUCT 'inner'/m);
  const typedef = await id(/^\[(\d+)\] TYPEDEF '__u32'/m);
  const roots = ["root_id", inner, "root_id", typedef];
  const raw = await output("btf", "dump", "file", object, ...roots);
  assert.match(
    raw,
    new RegExp(`^\\[${inner}\\] STRUCT .*\\n\\[${typedef}\\] TYPEDEF '__u32' type_id=\\d+\\n$`, "s"),
  );
  const c = await output("btf", "dump", "file", object, "format", "c", ...roots);
  assert.match(c, /^struct inner \{$/m);
  assert.match(c, /^typedef unsigned int __u32;$/m);
});
