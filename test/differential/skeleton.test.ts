import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { skeletonHeader, skeletonName, toIdentifier } from "../../src/codegen/index.ts";
import { parseObject } from "../../src/object/index.ts";
import { buildProject } from "../../src/toolchain/index.ts";
import { check, withDirectory } from "../support/compile.ts";
import { objectFiles, testdataPath } from "../support/testdata.ts";

const examples = fileURLToPath(new URL("../../../examples/", import.meta.url));

/** Members of the skeleton's struct in their order, as `maps.rb` or `rodata.min_duration_ns`. */
function members(header: string, name: string): string[] {
  const start = header.indexOf(`struct ${name} {\n`);
  assert.ok(start >= 0, `no struct ${name}`);
  const found: string[] = [];
  let group: string[] = [];
  let declaration = "";
  let depth = 0;
  for (const line of header
    .slice(start)
    .replace(/\/\*.*?\*\//gs, "")
    .split("\n")) {
    if (line.startsWith("#ifdef __cplusplus")) break;
    for (const piece of line.split(/(?<=[{};])/)) {
      if (piece.endsWith("{")) depth++;
      // A type inside a declaration does not say how the member is called.
      if (depth > 2 || piece.includes("}")) declaration = "";
      if (piece.includes("}")) depth--;
      if (depth === 1 && piece.includes("}")) continue;
      declaration = depth === 2 && !piece.endsWith("{") ? `${declaration} ${piece}` : declaration;
      if (depth === 2 && piece.endsWith(";")) {
        const member = /\(\*(\w+)\)|(\w+)\s*(?:\[\d*\]\s*|:\s*\d+\s*)*;$/.exec(declaration.trim());
        const id = member?.[1] ?? member?.[2];
        if (id !== undefined && !id.startsWith("__pad")) group.push(id);
        declaration = "";
      }
      if (depth === 1 && piece.endsWith(";")) {
        const id = /(\w+);$/.exec(piece.trim())?.[1] ?? "";
        found.push(...(group.length === 0 ? [id] : group.map((member) => `${id}.${member}`)));
        group = [];
      }
    }
  }
  return found;
}

/** bpftool's skeleton, or why it refuses the object. */
function bpftool(path: string): { header: string } | { refusal: string } {
  const { status, stdout, stderr, error } = spawnSync("bpftool", ["gen", "skeleton", path], {
    encoding: "utf8",
  });
  if (error !== undefined) throw error;
  return status === 0 ? { header: stdout } : { refusal: stderr.trim().split("\n").join("; ") };
}

/** Compares, up to what libbpf before 1.3 did differently. @returns false when bpftool refuses the object. */
function compare(path: string): boolean {
  const reference = bpftool(path);
  if ("refusal" in reference) return false;
  const name = skeletonName(path);
  const bytes = new Uint8Array(readFileSync(path));
  const spec = parseObject(bytes, { name });
  // It showed variables with restricted visibility, and sections that have no global variable.
  const hidden = spec.maps.flatMap((map) =>
    (map.internal?.variables ?? [])
      .filter((variable) => !variable.global)
      .map((variable) => `${toIdentifier(map.name.slice(1))}.${toIdentifier(variable.name)}`),
  );
  const expected = members(reference.header, name).filter(
    (member) =>
      !member.startsWith("struct_ops.") &&
      !hidden.includes(member) &&
      (member.includes(".") || member === "skeleton" || member === "obj"),
  );
  assert.ok(expected.includes("skeleton") && expected.includes("obj"));
  // It left out the maps of the section .struct_ops.link, and the links of all struct_ops maps.
  const linked = spec.maps.filter((map) => map.structOps !== undefined);
  const unknown = linked.flatMap((map) => [`maps.${map.name}`, `links.${map.name}`]);
  const actual = members(skeletonHeader(spec, bytes, { name }), name).filter(
    (member) => !member.startsWith("struct_ops."),
  );
  assert.deepEqual(
    actual.filter((member) => expected.includes(member) || !unknown.includes(member)),
    expected,
  );
  return true;
}

test("the objects of testdata have bpftool's members in bpftool's order", (t) => {
  let compared = 0;
  for (const file of objectFiles()) {
    if (compare(testdataPath(file))) compared++;
    else t.diagnostic(`bpftool refuses ${file}`);
  }
  // Big-endian objects, and those that need a newer libbpf than the oldest supported Debian has.
  assert.ok(compared >= 5, `only ${compared} objects were compared`);
});

/** bpftool's skeletons that are no C for wasm32, and what the compiler then says. */
const unfit = new Map<string, RegExp>([
  ["globals.bpf.o", /incomplete type 'struct pair'/], // the program has to define its types before
  ["kconfig.bpf.o", /unexpected size of 'CONFIG_HZ'/], // a long, declared as such
  ["no-btf.bpf.o", /no member named 'data'/], // refers to members that it does not declare
]);

test("bpftool's skeletons compile against the guest headers", async (t) => {
  await withDirectory((directory) => {
    let compiled = 0;
    for (const file of objectFiles()) {
      const reference = bpftool(testdataPath(file));
      if ("refusal" in reference) {
        t.diagnostic(`bpftool refuses ${file}`);
        continue;
      }
      const name = skeletonName(testdataPath(file));
      writeFileSync(join(directory, "stock.skel.h"), reference.header);
      const path = join(directory, "guest.c");
      writeFileSync(
        path,
        `#include "stock.skel.h"
int main(void)
{
	struct ${name} *skel = ${name}__open_and_load();
	int err = skel ? ${name}__attach(skel) : -1;
	${name}__destroy(skel);
	return err ? 1 : 0;
}
`,
      );
      const messages = check("wasm32", path);
      const expected = unfit.get(file);
      // A newer bpftool may have mended its own.
      if (expected !== undefined && messages !== "") assert.match(messages, expected, file);
      else assert.equal(messages, "", file);
      compiled++;
    }
    assert.ok(compiled >= 5, `only ${compiled} skeletons were compiled`);
  });
});

for (const example of readdirSync(examples).filter((entry) =>
  existsSync(join(examples, entry, `${entry}.bpf.c`)),
)) {
  test(`example ${example}: bpftool's members in bpftool's order`, async () => {
    await withDirectory(async (directory) => {
      const filter = (path: string): boolean => !/\/(build|\.build)$|\.wasm$/.test(path);
      cpSync(join(examples, example), directory, { recursive: true, filter });
      await buildProject(directory);
      assert.ok(compare(join(directory, ".build", `${example}.bpf.o`)), "bpftool refused it");
    });
  });
}

test("the comparison sees a missing and a moved member", () => {
  const header = (fields: string): string =>
    `struct x {\n\tstruct {\n${fields}\t} maps;\n#ifdef __cplusplus\n};\n`;
  const a = "\t\tstruct bpf_map *a;\n";
  const b = "\t\tstruct { int q; } b[2];\n";
  assert.deepEqual(members(header(a + b), "x"), ["maps.a", "maps.b"]);
  assert.deepEqual(members(header(b + a), "x"), ["maps.b", "maps.a"]);
});
