import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { cliPages } from "../../scripts/gen-cli-docs.ts";
import { commands } from "../../src/cli/commands.ts";

const root = resolve(import.meta.dirname, "../../..");

test("docs/cli is what the table of commands says; if not: node dist/scripts/gen-cli-docs.js", () => {
  const folder = join(root, "docs/cli");
  const pages = cliPages();
  assert.deepEqual(readdirSync(folder).sort(), [...pages.keys()].sort());
  for (const [name, text] of pages) assert.equal(readFileSync(join(folder, name), "utf8"), text, name);
});

test("the README lists every command", () => {
  const readme = readFileSync(join(root, "README.md"), "utf8");
  for (const { name } of commands) assert.ok(readme.includes(`    wasm-bpf ${name} `), name);
});

test("the table is consistent", () => {
  assert.equal(new Set(commands.map(({ name }) => name)).size, commands.length, "names are unique");
  for (const { name, usage, options = [], arguments: words = [], examples } of commands) {
    const forms = usage.join("\n");
    for (const word of words) {
      assert.ok(
        word.name.split(" ").every((part) => forms.includes(part)),
        `${name}: ${word.name} is not in its usage`,
      );
    }
    const long = options.map((option) => option.long);
    assert.equal(new Set(long).size, long.length, `${name}: options are unique`);
    for (const { command } of examples) assert.ok(command.startsWith("wasm-bpf "), command);
  }
});
