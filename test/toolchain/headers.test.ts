import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Btf, type BtfComposite } from "../../src/btf/index.ts";
import { skeletonHeader, structHeader, vmlinuxHeader } from "../../src/codegen/index.ts";
import { parseObject } from "../../src/object/index.ts";
import { check, clang, targets, withDirectory } from "../support/compile.ts";
import { objectFiles, testdata } from "../support/testdata.ts";

const kernel = Btf.parse(new Uint8Array(readFileSync("/sys/kernel/btf/vmlinux")));

/** Named structs and unions whose name is theirs alone. */
function composites(btf: Btf): BtfComposite[] {
  const found = new Map<string, BtfComposite | undefined>();
  for (const type of btf.types()) {
    const composite = type.kind === "struct" || type.kind === "union";
    if ((!composite && type.kind !== "enum" && type.kind !== "enum64") || type.name === "") continue;
    found.set(type.name, composite && !found.has(type.name) ? type : undefined);
  }
  return [...found.values()].filter((type) => type !== undefined);
}

/** Whether a member's type is the compiler's own, which is another one on every machine. */
function hasVariableArguments(btf: Btf, type: BtfComposite): boolean {
  return type.members.some((member) => {
    let at = btf.type(btf.skipModifiers(member.type));
    while (at.kind === "typedef") {
      if (at.name === "__builtin_va_list") return true;
      at = btf.type(btf.skipModifiers(at.type));
    }
    return false;
  });
}

/** C that asserts the size of every struct and the offset of every member that has a name. */
function layoutAssertions(btf: Btf, types = composites(btf)): string {
  const lines: string[] = [];
  for (const type of types) {
    if (type.sizeBytes === 0) continue;
    const name = `${type.kind} ${type.name}`;
    lines.push(`_Static_assert(sizeof(${name}) == ${type.sizeBytes}, "");`);
    const visit = (composite: BtfComposite, offsetBits: number): void => {
      for (const member of composite.members) {
        const at = offsetBits + member.offsetBits;
        const inner = btf.type(btf.skipModifiers(member.type));
        if (member.name === "" && (inner.kind === "struct" || inner.kind === "union")) visit(inner, at);
        else if (member.name !== "" && member.bitfieldBits === 0) {
          lines.push(`_Static_assert(__builtin_offsetof(${name}, ${member.name}) == ${at / 8}, "");`);
        }
      }
    };
    visit(type, 0);
  }
  return `${lines.join("\n")}\n`;
}

test("struct header of the whole kernel: the same layout for wasm32, BPF and this machine", async () => {
  const assertions = layoutAssertions(kernel);
  assert.ok(assertions.split("\n").length > 10_000);
  await withDirectory((directory) => {
    writeFileSync(join(directory, "types.h"), structHeader(kernel));
    writeFileSync(join(directory, "test.c"), `#include "types.h"\n${assertions}`);
    for (const target of ["wasm32", "bpf", "native"] as const) {
      assert.equal(check(target, join(directory, "test.c")), "", target);
    }
  });
});

test("vmlinux.h of the running kernel compiles for BPF and has its layout", async () => {
  await withDirectory((directory) => {
    const types = composites(kernel).filter((type) => !hasVariableArguments(kernel, type));
    assert.ok(types.length > 5000);
    writeFileSync(join(directory, "vmlinux.h"), vmlinuxHeader(kernel));
    writeFileSync(join(directory, "test.c"), `#include "vmlinux.h"\n${layoutAssertions(kernel, types)}`);
    // The kernel's own prototypes of compiler builtins differ from the compiler's.
    assert.equal(check("bpf", join(directory, "test.c"), "-Wno-incompatible-library-redeclaration"), "");
  });
});

test("struct headers of the objects in testdata compile as C and as C++", async () => {
  await withDirectory((directory) => {
    let compiled = 0;
    for (const file of objectFiles()) {
      let btf: Btf | undefined;
      try {
        ({ btf } = parseObject(testdata(file)));
      } catch {
        continue; // Objects that are refused have their own tests.
      }
      if (btf === undefined) continue;
      writeFileSync(join(directory, "types.h"), structHeader(btf));
      writeFileSync(join(directory, "test.c"), `#include "types.h"\n${layoutAssertions(btf)}`);
      for (const target of ["wasm32", "bpf", "native"] as const) {
        assert.equal(check(target, join(directory, "test.c")), "", `${file} ${target}`);
      }
      writeFileSync(join(directory, "test.cc"), '#include "types.h"\n');
      assert.equal(check("wasm32", join(directory, "test.cc")), "", `${file} C++`);
      compiled++;
    }
    assert.ok(compiled >= 8, `only ${compiled} headers`);
  });
});

test("skeletons of the objects in testdata compile without a warning, as C and as C++", async () => {
  await withDirectory((directory) => {
    let compiled = 0;
    for (const file of objectFiles()) {
      const name = file.replace(/[^a-z0-9]/g, "_");
      const bytes = testdata(file);
      let header: string;
      try {
        header = skeletonHeader(parseObject(bytes, { name }), bytes, { name });
      } catch {
        continue;
      }
      const program = `struct pair { int first; long long second; };
#include "skel.h"
int main(void)
{
	struct ${name} *skel = ${name}__open_and_load();
	int err = skel ? ${name}__attach(skel) : 1;
	${name}__destroy(skel);
	return err;
}
`;
      writeFileSync(join(directory, "skel.h"), header);
      for (const source of ["test.c", "test.cc"]) {
        writeFileSync(join(directory, source), program);
        assert.equal(check("wasm32", join(directory, source)), "", `${file} ${source}`);
      }
      for (const standard of ["-std=c11", "-std=c2x"]) {
        assert.equal(check("wasm32", join(directory, "test.c"), standard), "", `${file} ${standard}`);
      }
      compiled++;
    }
    assert.ok(compiled >= 6, `only ${compiled} skeletons`);
  });
});

test("a global whose type has another layout on wasm32 stops the compilation with its name", async () => {
  await withDirectory((directory) => {
    const name = "globals_bpf";
    const bytes = testdata("globals.bpf.o");
    writeFileSync(join(directory, "skel.h"), skeletonHeader(parseObject(bytes, { name }), bytes, { name }));
    writeFileSync(join(directory, "test.c"), `struct pair { int first; long second; };\n#include "skel.h"\n`);
    assert.match(check("wasm32", join(directory, "test.c")), /static assertion failed.*last_pair/);
    assert.equal(check("native", join(directory, "test.c")), "");
  });
});

test("the embedded bytes are the object's bytes, whatever they are", async () => {
  await withDirectory((directory) => {
    const name = "globals_bpf";
    const spec = parseObject(testdata("globals.bpf.o"), { name });
    // All pairs of bytes: every byte before and after every other.
    const bytes = new Uint8Array(2 * 65536);
    for (let pair = 0; pair < 65536; pair++) bytes.set([pair >> 8, pair & 0xff], pair * 2);
    writeFileSync(join(directory, "skel.h"), skeletonHeader(spec, bytes, { name }));
    writeFileSync(
      join(directory, "test.c"),
      `#include <stdio.h>
struct pair { int first; long long second; };
#include "skel.h"
int main(void)
{
	size_t size;
	const void *data = globals_bpf__elf_bytes(&size);
	return fwrite(data, 1, size, stdout) != size;
}
`,
    );
    // Only the bytes are asked for, so libbpf is not linked.
    const program = join(directory, "test");
    const args = [...targets.native, "-O1", "-o", program, join(directory, "test.c")];
    const compiled = spawnSync(clang, args, { encoding: "utf8" });
    assert.equal(compiled.stderr, "");
    const { stdout } = spawnSync(program, [], { maxBuffer: 1 << 20 });
    assert.deepEqual(new Uint8Array(stdout), bytes);
  });
});
