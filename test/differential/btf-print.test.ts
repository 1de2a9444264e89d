import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { Btf, dumpTypeData, TypeDump } from "../../src/btf/index.ts";
import { parseElf } from "../../src/elf/index.ts";
import { MalformedInputError } from "../../src/internal/index.ts";
import { compiledBpfPath } from "../support/compile-bpf.ts";

const skip = existsSync("/usr/include/bpf/btf.h") ? false : "libbpf-dev is not installed";

const OBJECT = compiledBpfPath(`
enum plain { ZERO, ONE, TWO, SEVEN = 7 };
enum negative { BELOW = -2, ABOVE = 3 };
enum large { LOW = 1, HIGH = 0x100000000ULL };
enum below { DEEP = -0x100000000LL };
typedef unsigned long word;
typedef word pair[2];
typedef int (*callback)(struct outer *, const char *name, ...);
struct forward;
struct inner { short a; int b; };
struct bits { enum plain which : 4; unsigned first : 3; int second : 7; unsigned long third : 40; long after[2]; };
struct packed { char c; long l; short s; } __attribute__((packed));
union either { int number; unsigned char bytes[4]; struct inner inner; };
struct pointers {
  const volatile int *const *values;
  void *(*make)(unsigned long, struct forward *);
  callback callbacks[2];
  char (*rows)[4];
  char *(*names)[3];
  int (*(*nested)(int))(long);
  struct pointers *restrict next;
  const char *const text;
};
struct outer {
  struct inner inner;
  union either either;
  struct { int x, y; } point;
  struct { struct forward *only; union { long l; double d; }; };
  enum plain plain;
  enum negative negative;
  enum large large;
  enum below below;
  pair pairs[2];
  int matrix[2][3];
  _Bool flag;
  signed char small;
  unsigned short half;
  unsigned __int128 wide;
  float single;
  double both;
  struct outer *self;
};
struct aligned { char c; long l __attribute__((aligned(16))); char end; };
struct { long nameless; } variable = { 1 };
static volatile int hidden = 2;
struct outer outer; struct bits bits; struct packed packed; struct pointers pointers; struct aligned aligned;
SEC("socket") int program(void *ctx) { return hidden + variable.nameless; }
`);

const directory = mkdtempSync(join(tmpdir(), "btf-print-"));
const tool = join(directory, "btf-print");

before(() => {
  if (skip !== false) return;
  const source = resolve(import.meta.dirname, "../../../test/differential/native/btf-print.c");
  execFileSync("cc", ["-Wall", "-Wextra", "-O1", "-o", tool, source, "-lbpf"], {
    stdio: ["ignore", "ignore", "inherit"],
  });
});
after(() => rmSync(directory, { recursive: true }));

function objectBtf(): Btf {
  const section = parseElf(new Uint8Array(readFileSync(OBJECT))).section(".BTF");
  assert.ok(section !== undefined);
  return Btf.parse(section.data.slice());
}

/** What libbpf prints, as the lines after each head. */
function libbpf(...options: string[]): Map<string, string> {
  const output = execFileSync(tool, [OBJECT, ...options], { encoding: "latin1", maxBuffer: 1 << 28 });
  const parts = output.split(/^=== ((?:type|declaration|data) \d+)\n/m);
  const found = new Map<string, string>();
  for (let i = 1; i < parts.length; i += 2) found.set(parts[i] ?? "", parts[i + 1] ?? "");
  return found;
}

test("types and declarations are written as libbpf does", { skip }, () => {
  const btf = objectBtf();
  const expected = libbpf();
  let compared = 0;
  for (let id = 1; id < btf.typeCount; id++) {
    const { kind } = btf.type(id);
    if (["func", "var", "datasec", "decl_tag"].includes(kind)) continue;
    const dump = new TypeDump(btf);
    assert.equal(`${dump.dump(id)}=== 0\n`, expected.get(`type ${id}`));
    const { writer } = dump;
    const stripped = writer.declare(id, "field", { level: 1, stripModifiers: true });
    assert.equal(`${writer.declare(id, "")}\n${stripped}\n`, expected.get(`declaration ${id}`));
    compared++;
  }
  assert.ok(compared > 50, `${compared} types`);
});

/** As in the C program. */
function bytesOf(id: number, size: number): Uint8Array {
  let seed = id;
  return Uint8Array.from({ length: size }, (_, at) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (at >> 3) % 3 === 2 ? 0 : ((seed >>> 16) & 0xff) | 1;
  });
}

function sizeOf(btf: Btf, id: number): number {
  try {
    return btf.sizeOf(id);
  } catch (error) {
    if (error instanceof MalformedInputError) return 0;
    throw error;
  }
}

for (const [flags, name] of [
  [0, "as it is"],
  [1, "on one line"],
  [2, "without names"],
  [4, "with zeroes"],
  [8, "indented"],
  [15, "all of it"],
] as const) {
  test(`data is shown as libbpf shows it: ${name}`, { skip }, () => {
    const btf = objectBtf();
    const expected = libbpf(String(flags));
    for (let id = 1; id < btf.typeCount; id++) {
      const size = sizeOf(btf, id);
      if (size === 0) continue;
      const { text, problem } = dumpTypeData(btf, new TypeDump(btf).writer, id, bytesOf(id, size), {
        compact: (flags & 1) !== 0,
        skipNames: (flags & 2) !== 0,
        emitZeroes: (flags & 4) !== 0,
        ...((flags & 8) === 0 ? {} : { indentLevel: 2, indent: "  " }),
      });
      assert.equal(problem, undefined);
      assert.equal(`${text}\n=== ${size}\n`, expected.get(`data ${id}`), btf.name(id));
    }
  });
}
