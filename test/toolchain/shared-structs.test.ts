import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { wasmCustomSections } from "../../src/internal/index.ts";
import { BUILD_INFO_SECTION, type BuildInfo, buildProject, headerTypes } from "../../src/toolchain/index.ts";
import { withDirectory } from "../support/compile.ts";

const BPF = `#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "shared.h"
int count;
SEC("raw_tp/sys_enter") int enter(void *ctx) { struct event e = {}; count += sizeof(e); return 0; }
char LICENSE[] SEC("license") = "GPL";
`;

const guest = (header: string): string => `#include <stdio.h>
#include "${header}"
#include "app.skel.h"
int main(void) { printf("%d %d\\n", (int)sizeof(struct event), LIMIT); return 0; }
`;

/** Builds a project whose halves share this header; the error's message, or "" when the build is content. */
async function buildWith(directory: string, header: string, included = "shared.h"): Promise<string> {
  writeFileSync(join(directory, "shared.h"), `#define LIMIT 3\n${header}\n`);
  writeFileSync(join(directory, "app.bpf.c"), BPF);
  writeFileSync(join(directory, "app.c"), guest(included));
  try {
    await buildProject(directory, { wasm32: true });
    return "";
  } catch (error) {
    assert.ok(error instanceof Error);
    assert.doesNotMatch(error.message, /\n/);
    return error.message;
  }
}

test("a shared struct of another layout is an error that names the field, both offsets and the remedy", async () => {
  await withDirectory(async (directory) => {
    const cases: readonly (readonly [header: string, message: RegExp])[] = [
      [
        "struct event { int pid; long when; int cpu; };",
        /^struct event of shared\.h .*: field "when" is at offset 8 in BPF and 4 in the guest\. Include "app\.wasm\.h", .* instead of "shared\.h" in app\.c/,
      ],
      [
        "struct event { unsigned long a : 20, b : 20; };",
        /bit-field "a" lies in units of 8 bytes in BPF and 4 in the guest/,
      ],
      ["struct event { int pid; void *where; };", /field "where" is at offset 8 in BPF and 4 in the guest/],
      [
        "struct event { long long a; long b; };",
        /field "b" at offset 8 has 8 bytes in BPF and 4 in the guest/,
      ],
      [
        "struct event { int a; union { struct { char c; unsigned long inner; }; }; };",
        /field "c" is at offset 8 in BPF and 4 in the guest/,
      ],
      [
        "typedef struct { long x; } other_t; struct event { int a; }; extern other_t *other;",
        /^other_t of shared\.h .*field "x"/,
      ],
      [
        "typedef struct nowhere_else { int pid; long x; } event_t; struct event { int a; }; extern event_t *last;",
        /^event_t of shared\.h .*field "x" is at offset 8 in BPF and 4 in the guest/,
      ],
      [
        "#include <stdint.h>\nstruct event { uintptr_t where; };",
        /^struct event .*field "where" at offset 0 has 8 bytes in BPF and 4 in the guest/,
      ],
      [
        "struct event { long a; }; struct second { long b; }; extern struct second *second;",
        /^struct event .* \(also struct second\)\. Include/,
      ],
      [
        "#ifdef __bpf__\nstruct event { int a; int b; };\n#else\nstruct event { int a; };\n#endif",
        /^struct event .*field "b" is there in BPF only/,
      ],
    ];
    for (const [header, message] of cases) assert.match(await buildWith(directory, header), message, header);
  });
});

test("so it is for the type of a variable, which the skeleton asserts, too", async () => {
  await withDirectory(async (directory) => {
    const message = await buildWith(
      directory,
      "struct event { int pid; long when; };\n#ifdef __bpf__\nstruct event latest;\n#endif",
    );
    assert.match(
      message,
      /^struct event of shared\.h .*field "when" is at offset 8 in BPF and 4 in the guest/,
    );
  });
});

test("the generated header is the remedy: it has the structs, the enums and the macros", async () => {
  await withDirectory(async (directory) => {
    const header =
      "enum { NONE = 7 }; typedef struct event { int pid; long when; void *where; char name[LIMIT]; } event_t;";
    assert.notEqual(await buildWith(directory, header), "");
    assert.equal(await buildWith(directory, header, "app.wasm.h"), "");
    assert.match(
      readFileSync(join(directory, ".build/app.wasm.h"), "utf8"),
      /^typedef struct event event_t;$/m,
    );
    // A change of what both include is noticed although the guest stays as it is.
    assert.equal(await buildWith(directory, header.replace("long", "short"), "app.wasm.h"), "");
    assert.match(await buildWith(directory, header), /field "when"/);
    assert.match(await buildWith(directory, header), /field "when"/, "again");
    assert.equal(await buildWith(directory, "struct event { int pid; };"), "");
  });
});

test("structs that are alike, that only one half has or that nobody uses are no error", async () => {
  await withDirectory(async (directory) => {
    const alike = `struct nested { unsigned long long a[2]; } __attribute__((aligned(16)));
struct event { int pid; struct nested n; unsigned flags : 3, more : 9; char tail[]; };`;
    assert.equal(await buildWith(directory, alike), "");
    const bpfOnly = "#ifdef __bpf__\nstruct kernel_only { long x; };\n#endif\nstruct event { int pid; };";
    assert.equal(await buildWith(directory, bpfOnly), "");
    assert.equal(await buildWith(directory, "struct lonely { long x; }; struct event { int pid; };"), "");
  });
});

test("in an LP64 guest, structs with long and pointers are right as they are", async () => {
  await withDirectory(async (directory) => {
    await buildWith(directory, "struct event { int pid; long when; void *where; };");
    await buildProject(directory);
  });
});

test("the module says what it was built from", async () => {
  await withDirectory(async (directory) => {
    const read = (): BuildInfo => {
      const sections = wasmCustomSections(readFileSync(join(directory, "app.wasm")), BUILD_INFO_SECTION);
      assert.equal(sections.length, 1);
      return JSON.parse(new TextDecoder().decode(sections[0]));
    };
    assert.equal(await buildWith(directory, "struct event { int pid; };"), "");
    const info = read();
    const digest = (file: string): string =>
      createHash("sha256")
        .update(readFileSync(join(directory, file)))
        .digest("hex");
    const files = ["app.bpf.c", "app.c", "shared.h"];
    assert.deepEqual(info.inputs, Object.fromEntries(files.map((file) => [file, digest(file)])));
    assert.match(info.compilers.join(), /clang version \d+/);
    assert.match(info.builder, /^wasm-bpf \d/);
    const { objects, ...rest } = info;
    assert.deepEqual(
      objects.map(({ name, license, programs, maps }) => ({ name, license, programs, maps })),
      [{ name: "app", license: "GPL", programs: { enter: "raw_tp/sys_enter" }, maps: [".bss"] }],
    );
    assert.equal(objects[0]?.sizeBytes, readFileSync(join(directory, ".build/app.bpf.o")).length);
    assert.deepEqual([rest.format, rest.name, rest.version], [1, "app", undefined]);
    writeFileSync(join(directory, "package.json"), '{ "version": "1.2.3" }');
    assert.equal(await buildWith(directory, "struct event { int pid, tid; };"), "");
    assert.equal(read().version, "1.2.3");
  });
});

test("everything that a header defines is found, used or not", async () => {
  await withDirectory(async (directory) => {
    writeFileSync(join(directory, "inner.h"), "struct inner { long x; };\n");
    writeFileSync(
      join(directory, "types.h"),
      `#include <linux/types.h>
#include "inner.h"
#define LENGTH 4
enum mode { ON }; enum { LONELY = 9 };
union both { int a; char b; };
typedef struct { __u64 t; char name[LENGTH]; } stamp_t;
typedef struct inner inner_t;
#include <stdint.h>
#include <sys/types.h>
struct machine { uintptr_t u; off_t o; int64_t i; };
struct announced;
static inline int unused(void) { struct local { int x; } l = { 0 }; return l.x; }
`,
    );
    const { btf, rootIds, macros } = await headerTypes(join(directory, "types.h"));
    const names = rootIds.map((id) => btf.name(id));
    assert.deepEqual(names, [
      ...["inner", "mode", "wasm_bpf_anonymous_0", "both", "stamp_t", "machine"],
      "inner_t",
    ]);
    assert.equal(btf.sizeOf(rootIds[5] ?? 0), 24, "BPF has 64 bits, whatever the machine's C library thinks");
    assert.match(macros, /#define LENGTH 4/);
    writeFileSync(join(directory, "empty.h"), "#define NOTHING 1\n");
    await assert.rejects(headerTypes(join(directory, "empty.h")), /defines no struct, union or enum/);
    writeFileSync(join(directory, "wrong.h"), "struct {\n");
    let messages = "";
    await assert.rejects(
      headerTypes(join(directory, "wrong.h"), {
        diagnostics: (text) => {
          messages += text;
        },
      }),
      /cannot compile ".*wrong\.h"/,
    );
    assert.match(messages, /wrong\.h:1:\d+: error/);
    const hostile = join(directory, "$(touch pwned) 'x\".h");
    writeFileSync(hostile, "struct a { int b; };\n");
    assert.equal((await headerTypes(hostile)).rootIds.length, 1);
    for (const place of [directory, "."]) assert.ok(!existsSync(join(place, "pwned")));
  });
});
