import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { commands } from "../../src/cli/commands.ts";
import { withDirectory } from "../support/compile.ts";
import { compileGuest, runCli } from "../support/guest.ts";
import { recordsObject } from "../support/records-object.ts";
import { testdata } from "../support/testdata.ts";
import type { CommandOutcome } from "./command-child.ts";

const object = testdata("maps.bpf.o");
const module = compileGuest(
  "int main(void) { return load(PTR(object), object_size) == 0; }",
  recordsObject(),
);

/** A changed copy. */
function changed(bytes: Uint8Array, change: (view: DataView) => void): Uint8Array {
  const copy = bytes.slice();
  change(new DataView(copy.buffer));
  return copy;
}

/** Header and tables of a BTF whose first type claims `count` members. */
function btf(count: number): Uint8Array {
  const bytes = new Uint8Array(24 + 12 + 1);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 0xeb9f, true);
  view.setUint8(2, 1);
  view.setUint32(4, 24, true);
  view.setUint32(12, 12, true);
  view.setUint32(16, 12, true);
  view.setUint32(20, 1, true);
  view.setUint32(28, (4 << 24) | count, true);
  return bytes;
}

/** Where an ELF header says where the section headers are. */
const sectionTable = 40;

const damaged = new Map<string, Uint8Array>([
  ["an empty file", new Uint8Array()],
  ["text", new TextEncoder().encode("#!/bin/sh\necho no ELF file\n")],
  ["one byte of an object", object.slice(0, 1)],
  ["an ELF header and nothing else", object.slice(0, 64)],
  ["an object cut in the middle", object.slice(0, object.length >> 1)],
  ["an object cut at the end", object.slice(0, -1)],
  ["an object with 65535 sections", changed(object, (view) => view.setUint16(60, 0xffff, true))],
  [
    "an object whose sections start beyond its end",
    changed(object, (view) => view.setBigUint64(sectionTable, 1n << 62n, true)),
  ],
  ["32-bit ELF", changed(object, (view) => view.setUint8(4, 1))],
  ["an object of an unknown byte order", changed(object, (view) => view.setUint8(5, 7))],
  ["half a module", module.slice(0, module.length >> 1)],
  ["a module of another version", changed(module, (view) => view.setUint8(4, 9))],
  [
    "a module with a section of 4 GB",
    new Uint8Array([...module.slice(0, 8), 1, 0xff, 0xff, 0xff, 0xff, 0x0f, 0]),
  ],
  [
    "a module with 4 billion imports",
    new Uint8Array([...module.slice(0, 8), 2, 5, 0xff, 0xff, 0xff, 0xff, 0x0f]),
  ],
  [
    "a module with 4 billion segments",
    new Uint8Array([...module.slice(0, 8), 11, 5, 0xff, 0xff, 0xff, 0xff, 0x0f]),
  ],
  ["BTF of a type with 65535 members", btf(0xffff)],
  ["BTF cut after its magic number", btf(0).slice(0, 2)],
  ["BTF with types beyond its end", changed(btf(0), (view) => view.setUint32(12, 0xfffffff0, true))],
  ["BTF with strings beyond its end", changed(btf(0), (view) => view.setUint32(20, 0xffffffff, true))],
]);

/** Files that are what one command wants and another does not: they must not crash any. */
const foreign = new Map<string, Uint8Array>([
  ["a big-endian object", testdata("maps.be.bpf.o")],
  ["an object without BTF", testdata("no-btf.bpf.o")],
  ["an object with legacy maps", testdata("legacy-maps.bpf.o")],
  ["a module", module],
  ["an object", object],
]);

/** Command lines of every place where a command reads a file. */
function commandLines(path: string): { title: string; args: string[] }[] {
  return commands.flatMap(({ name, reads }) =>
    reads.map((words) => ({
      title: `${name} ${words.join(" ")}`,
      args: [...name.split(" "), ...words.map((word) => (word === "FILE" ? path : word))],
    })),
  );
}

/** Fails unless every command explains in one line what is wrong with a file; with `mayWork` it may also do with it. */
function assertExplains(path: string, what: string, mayWork = false): void {
  // That a good module runs is shown elsewhere.
  const lines = commandLines(path).filter(({ title }) => !mayWork || !title.startsWith("run "));
  assert.ok(lines.length >= commands.length, "most commands read a file");
  const child = join(import.meta.dirname, "command-child.js");
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [child, JSON.stringify(lines.map(({ args }) => args))],
    { encoding: "utf8", maxBuffer: 1 << 28, timeout: 600_000 },
  );
  assert.equal(status, 0, `${what}: ${stderr}`);
  const outcomes: CommandOutcome[] = JSON.parse(stdout);
  for (const [i, { title }] of lines.entries()) {
    const outcome = outcomes[i] ?? assert.fail();
    const shown = `${title}: ${what}: status ${outcome.status}\n${outcome.stderr.slice(0, 2000)}`;
    if (mayWork && outcome.status === 0) continue;
    assert.equal(outcome.status, 1, shown);
    assert.match(outcome.stderr, /^wasm-bpf: [^\n]{10,}\n$/, shown);
    assert.doesNotMatch(outcome.stderr, /RangeError|TypeError/, shown);
    assert.equal(outcome.stdout, "", shown);
  }
}

describe("every command explains bad input in one line, with status 1", () => {
  for (const [what, bytes] of damaged) {
    test(what, () =>
      withDirectory((directory) => {
        const path = join(directory, "input");
        writeFileSync(path, bytes);
        assertExplains(path, what);
      }),
    );
  }

  test("a missing file", () => assertExplains("/nonexistent/file", "a missing file"));

  test("a directory", () =>
    withDirectory((directory) => {
      mkdirSync(join(directory, "input"));
      assertExplains(join(directory, "input"), "a directory");
    }));
});

describe("no command fails without an explanation on files of another kind", () => {
  for (const [what, bytes] of foreign) {
    test(what, () =>
      withDirectory((directory) => {
        const path = join(directory, "input");
        writeFileSync(path, bytes);
        assertExplains(path, what, true);
      }),
    );
  }
});

describe("gen header explains what is no header; its last line is its own, after the compiler's", () => {
  for (const [what, bytes] of damaged) {
    test(what, () =>
      withDirectory(async (directory) => {
        const path = join(directory, "input.h");
        writeFileSync(path, bytes);
        const { status, stdout, stderr } = await runCli(["gen", "header", path]);
        assert.deepEqual([status, stdout], [1, ""], `${what}: ${stderr}`);
        assert.match(stderr, /(^|\n)wasm-bpf: [^\n]{10,}\n$/, what);
        if (bytes.includes(0)) assert.equal(stderr, `wasm-bpf: "${path}" is no C header: it has NUL bytes\n`);
      }),
    );
  }
});

test("init explains names that a project cannot have", async () => {
  for (const name of ["", ".", "..", "../x", "x/y", "a b", "1st", "_x", "ä", "a\nb", "a".repeat(5000)]) {
    const { status, stdout, stderr } = await runCli(["init", name]);
    assert.deepEqual([status, stdout], [1, ""], name);
    assert.match(stderr, /^wasm-bpf: "[^"]{0,83}" cannot be a project's name: [^\n]+\n$/, name);
  }
});

test("every command of the table is dispatched: it prints its help", async () => {
  for (const { name, usage } of commands) {
    if (name === "run") continue;
    const { status, stdout, stderr } = await runCli([...name.split(" "), "--help"]);
    assert.deepEqual([status, stderr], [0, ""], name);
    assert.ok(stdout.startsWith(`Usage: wasm-bpf ${name} ${usage[0]}\n`), name);
    const wrong = await runCli([...name.split(" "), "--no-such-option"]);
    assert.equal(wrong.status, 2, name);
    assert.match(
      wrong.stderr,
      /^wasm-bpf: [^\n]*unknown option --no-such-option[^\n]*\nUsage: wasm-bpf /,
      name,
    );
  }
});
