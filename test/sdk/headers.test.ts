import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { type AstNode, checkGuest, declarations, directory, run } from "./both-ways.ts";

const INCLUDES = `#include <stddef.h>
#include <bpf/libbpf.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
`;
const machine = declarations(INCLUDES, "native");
const guest = declarations(INCLUDES, "guest");

/** Names that libbpf's headers declare; others are the kernel's and the C library's. */
const ours =
  /^(libbpf_|bpf_|btf_|btf__|ring_buffer__|ring__|user_ring_buffer__|perf_buffer__|(__)?LIBBPF_|BPF_TC_|TRI_)/;

/**
 * Types that changed between the libbpf of the machine and the one that is followed, 1.8: what it has now. A caller
 * that compiles with the older one compiles with the newer one, too.
 */
const CHANGED: Readonly<Record<string, string>> = {
  bpf_btf_load: "int (const void *, size_t, struct bpf_btf_load_opts *)",
  bpf_map__initial_value: "void *(const struct bpf_map *, size_t *)",
  bpf_prog_load:
    "int (enum bpf_prog_type, const char *, const char *, const struct bpf_insn *, size_t, struct bpf_prog_load_opts *)",
  btf_vlen: "__u32 (const struct btf_type *)",
};

test("every function of the machine's libbpf headers has the same type in ours", () => {
  const functions = (tree: AstNode): Map<string, string> =>
    new Map(
      named(tree, "FunctionDecl")
        .filter(({ name = "" }) => ours.test(name))
        .map(({ name = "", type }) => [name, type?.qualType ?? ""]),
    );
  const [theirs, mine] = [functions(machine), functions(guest)];
  assert.ok(theirs.size > 300, `${theirs.size} functions`);
  const different = [...theirs].filter(([name, type]) => {
    const found = mine.get(name);
    return found !== type && (found === undefined || found !== CHANGED[name]);
  });
  assert.deepEqual(
    different.map(([name, type]) => `${name}: ${type}, not ${mine.get(name)}`),
    [],
  );
});

test("every field of the machine's libbpf structs has the same place in ours", () => {
  const lines: string[] = [];
  for (const { name = "", tagUsed, completeDefinition, inner = [] } of named(machine, "RecordDecl")) {
    if (!ours.test(name) || completeDefinition !== true || !/(_opts|_skeleton|_hook)$/.test(name)) continue;
    for (const field of inner) {
      if (field.kind === "FieldDecl" && field.name !== undefined)
        lines.push(`${tagUsed} ${name}, ${field.name}`);
    }
  }
  assert.ok(lines.length > 100, `${lines.length} fields`);
  // The machine's compiler says where they are, and ours asserts it.
  const program = join(directory, "offsets");
  const prints = lines.map(
    (line, index) => `printf("%zu %zu\\n", offsetof(${line}), SIZE(${field(index)}));`,
  );
  function field(index: number): string {
    return lines[index] ?? "";
  }
  writeFileSync(
    `${program}.c`,
    `${INCLUDES}#include <stdio.h>\n#define SIZE(type, name) sizeof(((type *)0)->name)\nint main(void) {\n${prints.join("\n")}\n}\n`,
  );
  run("cc", ["-w", `${program}.c`, "-o", program]);
  const places = run(program, []).trim().split("\n");
  assert.equal(places.length, lines.length);
  const assertions = lines.map((line, index) => {
    const [offset, size] = places[index]?.split(" ") ?? [];
    return `_Static_assert(offsetof(${line}) == ${offset} && SIZE(${line}) == ${size}, "${line}");`;
  });
  checkGuest(`${INCLUDES}#define SIZE(type, name) sizeof(((type *)0)->name)\n${assertions.join("\n")}\n`);
  assert.throws(() =>
    checkGuest(`${INCLUDES}_Static_assert(offsetof(struct bpf_kprobe_opts, offset) == 8, "");`),
  );
});

test("every constant of the machine's libbpf headers has the same value in ours", () => {
  const names = named(machine, "EnumDecl")
    .flatMap(({ inner = [] }) => inner)
    .filter(
      ({ kind, name = "" }) => kind === "EnumConstantDecl" && ours.test(name) && !/LAST|END|MAX/.test(name),
    )
    .map(({ name = "" }) => name);
  assert.ok(names.length > 30, `${names.length} constants`);
  const program = join(directory, "constants");
  const prints = names.map((name) => `printf("%lld\\n", (long long)${name});`);
  writeFileSync(`${program}.c`, `${INCLUDES}#include <stdio.h>\nint main(void) {\n${prints.join("\n")}\n}\n`);
  run("cc", ["-w", `${program}.c`, "-o", program]);
  const values = run(program, []).trim().split("\n");
  const assertions = names.map(
    (name, index) => `_Static_assert((long long)${name} == ${values[index]}, "${name}");`,
  );
  checkGuest(`${INCLUDES}${assertions.join("\n")}\n`);
});

test("options are declared and reset by macros, and C++ finds the functions of C", () => {
  checkGuest(`${INCLUDES}
int f(void)
{
	LIBBPF_OPTS(bpf_uprobe_opts, opts, .retprobe = true, .func_name = "f");
	DECLARE_LIBBPF_OPTS(bpf_object_open_opts, open_opts);
	LIBBPF_OPTS_RESET(opts, .bpf_cookie = 1);
	_Static_assert(LIBBPF_MAJOR_VERSION == 1 && LIBBPF_MINOR_VERSION == 8, "");
	return opts.sz + open_opts.sz;
}`);
  checkGuest(`${INCLUDES}extern "C" int bpf_object__load(struct bpf_object *obj);`, ["-x", "c++"]);
});

test("the header of version 1 and libbpf's are not for the same program", () => {
  const old = fileURLToPath(new URL("../../../sdk/c/libbpf-wasm.h", import.meta.url));
  assert.throws(() => checkGuest(`${INCLUDES}#include "${old}"\n`), /include it or bpf\/libbpf.h, not both/);
  assert.throws(() => checkGuest(`#include "${old}"\n${INCLUDES}`), /include it or bpf\/libbpf.h, not both/);
  checkGuest(`#include "${old}"\n`);
});

test("imports: the C declarations are those of the document", () => {
  const root = new URL("../../../", import.meta.url);
  const document = readFileSync(new URL("docs/abi-v2.md", root), "utf8");
  const header = readFileSync(new URL("sdk/include/wasm-bpf/abi2.h", root), "utf8");
  const specified = new Map<string, number>();
  for (const [, name = "", parameters = ""] of document.matchAll(/`(\w+)\(([^`]*?)\)\s*->\s*i32`/gs)) {
    // A sized output is two parameters in the list already: `buf: out, size: i32`.
    specified.set(name, parameters.trim() === "" ? 0 : splitParameters(parameters).length);
  }
  const declared = new Map<string, number>();
  for (const [, name = "", symbol, parameters = ""] of header.matchAll(
    /^WB_IMPORT\((\w+)\) int (\w+)\(([^)]*)\);$/gm,
  )) {
    assert.equal(symbol, `wb_${name}`);
    declared.set(name, parameters === "void" ? 0 : parameters.split(",").length);
  }
  assert.ok(declared.size > 90, `${declared.size} imports`);
  for (const [name, count] of specified) assert.equal(declared.get(name), count, name);
  const mentioned = new Set([...document.matchAll(/`(\w+)\(/g)].map(([, name = ""]) => name));
  assert.deepEqual(
    [...declared.keys()].filter((name) => !mentioned.has(name)),
    [],
  );
});

/** Parameters of a signature of the document, where `in(N)` has brackets of its own. */
function splitParameters(text: string): string[] {
  return text.replaceAll(/\([^)]*\)/g, "").split(",");
}

function named(tree: AstNode, kind: string): AstNode[] {
  return (tree.inner ?? [])
    .filter((node) => node.kind === kind && node.name !== undefined)
    .concat(
      kind === "EnumDecl"
        ? (tree.inner ?? []).filter((node) => node.kind === kind && node.name === undefined)
        : [],
    );
}
