import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Btf } from "../../src/btf/index.ts";
import { BpfObject } from "../../src/ebpf/index.ts";
import { parseElf, SHN_UNDEF, STT_FUNC, STT_OBJECT } from "../../src/elf/index.ts";
import {
  findObjects,
  linkObjects,
  type MapSpec,
  type ObjectSpec,
  parseObject,
} from "../../src/object/index.ts";
import { withDirectory } from "../support/compile.ts";
import { compileBpf } from "../support/compile-bpf.ts";
import { objectFiles, testdata, testdataPath } from "../support/testdata.ts";

const skip = existsSync("/usr/sbin/bpftool") ? false : "bpftool is not installed";

/** What both halves of the application include. */
const SHARED = `
struct other;
struct node { int id; struct node *next; struct other *other; };
struct event { __u32 pid; __u64 ns; char comm[16]; };
enum color { RED, GREEN = 5 };
struct event_map {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 16);
  __type(key, __u32);
  __type(value, struct event);
};
extern int LINUX_KERNEL_VERSION __kconfig;
`;

const MAIN = `${SHARED}
extern int shared_add(int a, struct event *e);
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 16); __type(key, __u32); __type(value, struct event); } events SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, struct node); } nodes SEC(".maps");
int counter = 5;
static volatile int hidden = 7;
const volatile int limit = 9;
static volatile const char tag[] = "abc";
int zeros[3];
static volatile __u64 sum;
struct task_struct { int pid; struct task_struct *real_parent; } __attribute__((preserve_access_index));
static __attribute__((noinline)) int helper(int x) { hidden += x; return hidden * 2; }
__weak __attribute__((noinline)) int weak_fn(struct event *e) { return e ? e->pid : 0; }
SEC("tp/syscalls/sys_enter_write") int main_program(void *ctx) {
  struct event e = {};
  struct task_struct *task = (void *)bpf_get_current_task();
  __u32 key = 1;
  e.pid = BPF_CORE_READ(task, real_parent, pid);
  e.ns = LINUX_KERNEL_VERSION;
  counter++;
  sum++;
  zeros[1]++;
  bpf_map_update_elem(&events, &key, &e, 0);
  bpf_map_lookup_elem(&nodes, &key);
  return helper(limit) + shared_add(1, &e) + weak_fn(&e) + tag[limit & 1];
}`;

const LIBRARY = `${SHARED}
struct other { struct node *node; enum color color; };
extern struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 16); __type(key, __u32); __type(value, struct event); } events SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, struct other); } others SEC(".maps");
extern int counter;
static volatile int hidden = 70;
static volatile const char tag[] = "xyzw";
static volatile __u64 sum;
struct task_struct { int pid; int tgid; struct task_struct *real_parent; } __attribute__((preserve_access_index));
static __attribute__((noinline)) int helper(int x) { hidden += x; return hidden * 3; }
__attribute__((noinline)) int shared_add(int a, struct event *e) { return a + helper(a) + (e ? e->pid : 0); }
__attribute__((noinline)) int weak_fn(struct event *e) { return e ? e->pid + 1 : 0; }
static long visit(void *map, __u32 *key, void *value, void *context) { return 0; }
SEC("tp/syscalls/sys_enter_write") int library_program(void *ctx) {
  struct task_struct *task = (void *)bpf_get_current_task();
  __u32 key = 1;
  counter += LINUX_KERNEL_VERSION + BPF_CORE_READ(task, tgid);
  sum++;
  bpf_map_lookup_elem(&others, &key);
  bpf_for_each_map_elem(&events, visit, 0, 0);
  return helper(counter) + weak_fn(0) + tag[counter & 3];
}
SEC("raw_tp/sched_switch") int switch_program(void *ctx) { return helper(3); }`;

interface Input {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Links with bpftool; its message when it refuses. */
function bpftool(directory: string, inputs: readonly Input[]): Uint8Array | string {
  const out = join(directory, "bpftool.o");
  const paths = inputs.map(({ name, bytes }) => {
    writeFileSync(join(directory, name), bytes);
    return join(directory, name);
  });
  const { status, stderr } = spawnSync("bpftool", ["gen", "object", out, ...paths], { encoding: "utf8" });
  return status === 0 ? new Uint8Array(readFileSync(out)) : stderr;
}

/** Functions and variables with their sections, places, sizes and bindings. */
function symbolLines(bytes: Uint8Array): string[] {
  const file = parseElf(bytes);
  return file
    .symbols()
    .filter(({ type, sectionIndex }) => [STT_FUNC, STT_OBJECT].includes(type) || sectionIndex === SHN_UNDEF)
    .map(({ name, value, size, type, binding, visibility, sectionIndex }) => {
      const section = file.sections[sectionIndex]?.name;
      return `${name} ${section}+${value} size=${size} type=${type} binding=${binding} visibility=${visibility}`;
    })
    .sort();
}

/** Relocations as "section+offset type symbol". */
function relocationLines(bytes: Uint8Array): string[] {
  const file = parseElf(bytes);
  return file.sections
    .filter(({ type }) => type === 9)
    .flatMap((section) =>
      file.relocations(section).map(({ offset, type, symbolIndex }) => {
        const symbol = file.symbols()[symbolIndex] ?? assert.fail();
        const target = file.sections[symbol.sectionIndex]?.name;
        return `${section.name}+${offset} ${type} ${symbol.name || target}@${target}+${symbol.value}`;
      }),
    )
    .sort();
}

function mapLine({ btf }: ObjectSpec, map: MapSpec): string {
  const variables = map.internal?.variables ?? [];
  return [
    `${map.name} ${map.type} ${map.keySizeBytes} ${map.valueSizeBytes} ${map.maxEntries} ${map.flags}`,
    `${btf?.name(map.keyTypeId)} ${btf?.name(map.valueTypeId)}`,
    map.internal === undefined ? "" : Array.from(map.internal.contents).join(","),
    ...variables.map((variable) => `${variable.name}@${variable.offsetBytes}+${variable.sizeBytes}`),
  ].join(" ");
}

/** What does not depend on how types and strings are numbered. */
function summary(bytes: Uint8Array): unknown {
  const spec = parseObject(bytes, { name: "linked" });
  const { btf } = spec;
  return {
    license: spec.license,
    maps: spec.maps.map((map) => mapLine(spec, map)).sort(),
    externs: spec.externs.map(({ name, kind, weak }) => `${kind} ${name} ${weak}`).sort(),
    programs: spec.programs.map((program) => ({
      name: program.name,
      section: program.sectionName,
      instructions: Buffer.from(program.instructions).toString("hex"),
      references: program.references,
      functions: program.functions.map(({ instructionIndex, name }) => `${instructionIndex} ${name}`),
      lines: program.lines.map(
        (line) =>
          `${line.instructionIndex} ${btf?.string(line.fileNameOffset)} ${btf?.string(line.lineOffset)} ${line.lineColumn}`,
      ),
      core: program.coreRelocations.map(
        ({ instructionIndex, typeId, accessString, kind }) =>
          `${instructionIndex} ${btf?.kind(typeId)} ${btf?.name(typeId)} ${accessString} ${kind}`,
      ),
    })),
  };
}

function typesOf(bytes: Uint8Array): Btf {
  return Btf.parse(parseElf(bytes).section(".BTF")?.data ?? assert.fail("no BTF"));
}

/** Tags that the kernel gives the programs. */
function tags(bytes: Uint8Array): string[] {
  using object = BpfObject.open(bytes, { name: "linked" });
  object.load();
  return [...object.programs.values()].map((program) => `${program.name} ${program.info().tag}`);
}

test("a program and a library become the object that bpftool makes, and load with the same tags", {
  skip,
}, async () => {
  await withDirectory((directory) => {
    const inputs = [
      { name: "main.o", bytes: compileBpf(MAIN) },
      { name: "library.o", bytes: compileBpf(LIBRARY) },
    ];
    for (const order of [inputs, [...inputs].reverse()]) {
      const theirs = bpftool(directory, order);
      assert.ok(typeof theirs !== "string", String(theirs));
      const ours = linkObjects(order);
      assert.deepEqual(symbolLines(ours), symbolLines(theirs));
      assert.deepEqual(relocationLines(ours), relocationLines(theirs));
      if (order === inputs) {
        assert.deepEqual(summary(ours), summary(theirs));
        assert.deepEqual(tags(ours), tags(theirs));
      } else {
        // With the extern first, bpftool's libbpf 1.1 leaves the map at offset 0, where another one is.
        assert.throws(() => parseObject(theirs), /"events", where no map is defined/);
        assert.equal(tags(ours).length, 3);
      }
      // Types that both inputs have are there once, and the forward declaration of one is the other's struct.
      const { btf } = parseObject(ours);
      assert.ok(btf !== undefined && btf.typeCount <= typesOf(theirs).typeCount);
      for (const name of ["event", "node", "other"]) assert.equal(btf.findAll(name).length, 1, name);
      assert.equal(btf.findAll("task_struct").length, 2, "types that differ stay apart");
      // What was linked can be linked again.
      assert.deepEqual(summary(linkObjects([{ name: "again.o", bytes: ours }])), summary(ours));
    }
  });
});

test("big-endian objects are linked as little-endian ones are", () => {
  const compile = (source: string, target: string): Uint8Array => compileBpf(source, ["-target", target]);
  const link = (target: string): Uint8Array =>
    linkObjects([
      { name: "main.o", bytes: compile(MAIN, target) },
      { name: "library.o", bytes: compile(LIBRARY, target) },
    ]);
  const big = link("bpfeb");
  assert.equal(parseElf(big).littleEndian, false);
  const little = link("bpfel");
  assert.deepEqual(symbolLines(big), symbolLines(little));
  assert.deepEqual(relocationLines(big), relocationLines(little));
  const functions = (bytes: Uint8Array): unknown =>
    parseObject(bytes).programs.map(({ functions }) => functions.map(({ name }) => name));
  assert.deepEqual(functions(big), functions(little));
});

for (const name of objectFiles()) {
  test(`${name} alone goes through the linker unchanged`, { skip }, async (t) => {
    await withDirectory((directory) => {
      const input = { name, bytes: testdata(name) };
      const theirs = name.includes(".be.") ? "other byte order" : bpftool(directory, [input]);
      let before: unknown;
      try {
        before = summary(input.bytes);
      } catch {
        t.diagnostic(`${name} cannot be parsed, with or without linking`);
        linkObjects([input]);
        return;
      }
      const ours = linkObjects([input]);
      assert.deepEqual(summary(ours), before);
      if (typeof theirs === "string") {
        t.diagnostic(`not compared, bpftool refuses it: ${theirs.trim().split("\n")[0]}`);
        return;
      }
      assert.deepEqual(summary(ours), summary(theirs));
      assert.deepEqual(symbolLines(ours), symbolLines(theirs));
      assert.deepEqual(relocationLines(ours), relocationLines(theirs));
    });
  });
}

test("any two objects are linked as bpftool links them, or refused as it refuses them", {
  skip,
}, async () => {
  const names = objectFiles().filter((name) => !name.includes(".be.") && name !== "no-btf.bpf.o");
  let same = 0;
  let refused = 0;
  await withDirectory((directory) => {
    for (const [i, first] of names.entries()) {
      for (const second of names.slice(i + 1)) {
        const inputs = [first, second].map((name) => ({ name, bytes: testdata(name) }));
        const theirs = bpftool(directory, inputs);
        if (typeof theirs === "string") {
          assert.throws(
            () => linkObjects(inputs),
            { code: "INVALID_ARGUMENT" },
            `${first} ${second}: ${theirs}`,
          );
          refused++;
        } else {
          const ours = linkObjects(inputs);
          assert.deepEqual(attempt(ours), attempt(theirs), `${first} ${second}`);
          assert.ok(typesOf(ours).typeCount <= typesOf(theirs).typeCount, `${first} ${second}`);
          same++;
        }
      }
    }
  });
  assert.ok(same > 50 && refused > 10, `${same} linked, ${refused} refused`);
});

/** The summary, or why there is none: some test data is not for our loader. */
function attempt(bytes: Uint8Array): unknown {
  try {
    return summary(bytes);
  } catch (error) {
    return String(error);
  }
}

test("objects of the examples go through the linker unchanged and load with the same tags", async () => {
  const examples = fileURLToPath(new URL("../../../examples/", import.meta.url));
  const objects = readdirSync(examples, { recursive: true, encoding: "utf8" })
    .filter((name) => /^[^/]+\/[^/]+\.wasm$/.test(name))
    .flatMap((name) => findObjects(new Uint8Array(readFileSync(join(examples, name)))));
  for (const { bytes } of objects) {
    const linked = linkObjects([{ name: "example", bytes }]);
    assert.deepEqual(summary(linked), summary(bytes));
    assert.deepEqual(tags(linked), tags(bytes));
  }
});

test("objects that contradict each other are refused by both, with both names in our message", {
  skip,
}, async () => {
  const map = (entries: number): string =>
    `{ __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, ${entries}); __type(key, int); __type(value, long); }`;
  const program = (name: string, body: string): string => `SEC("xdp") int ${name}(void *ctx) { ${body} }`;
  const cases: [a: string, b: string, reason: RegExp][] = [
    [
      "int shared = 1;",
      "int shared = 2;",
      /"shared" is defined in a\.o and in b\.o; make one of them extern/,
    ],
    [
      "__attribute__((noinline)) int f(int x) { return x; }",
      "__attribute__((noinline)) int f(int x) { return -x; }",
      /"f" is defined in a\.o and in b\.o/,
    ],
    [
      `struct ${map(4)} m SEC(".maps");`,
      `extern struct ${map(8)} m SEC(".maps"); ${program("p", "return (long)bpf_map_lookup_elem(&m, ctx);")}`,
      /map "m" has different max_entries: 4 and 8 \(in a\.o and b\.o\)/,
    ],
    [
      "long v = 3;",
      `extern int v; ${program("p", "return v;")}`,
      /"v" has different types in a\.o and b\.o: int long and int int|"v" has different types/,
    ],
    [
      "struct s { int a; }; struct s v = { 1 };",
      `struct s { int b; }; extern struct s v; ${program("p", "return v.b;")}`,
      /"v" has different types in a\.o and b\.o: member 1 of struct s is a and b/,
    ],
    [
      "__attribute__((noinline)) int f(int x) { return x; }",
      `extern int f(int x, int y); ${program("p", "return f(1, 2);")}`,
      /"f" has different types in a\.o and b\.o: 1 and 2 parameters/,
    ],
  ];
  await withDirectory((directory) => {
    for (const [a, b, reason] of cases) {
      const inputs = [
        { name: "a.o", bytes: compileBpf(a) },
        { name: "b.o", bytes: compileBpf(b) },
      ];
      assert.equal(typeof bpftool(directory, inputs), "string", `bpftool accepts ${a} ${b}`);
      assert.throws(() => linkObjects(inputs), { code: "INVALID_ARGUMENT", message: reason });
    }
    const [little, big] = [testdata("globals.bpf.o"), testdata("globals.be.bpf.o")];
    assert.throws(
      () =>
        linkObjects([
          { name: "a.o", bytes: little },
          { name: "b.o", bytes: big },
        ]),
      /a\.o and b\.o have different byte orders/,
    );
    const other = compileBpf("int x;", ["-DGPL"]);
    const renamed = other.slice();
    const at = Buffer.from(renamed).indexOf("GPL\0");
    renamed.set([0x4d, 0x49, 0x54], at);
    assert.throws(
      () =>
        linkObjects([
          { name: "a.o", bytes: other },
          { name: "b.o", bytes: renamed },
        ]),
      /a\.o and b\.o differ in their license \("GPL" and "MIT"\)/,
    );
  });
});

test("the command writes the same, and damaged input is one line and status 1", async () => {
  await withDirectory((directory) => {
    const command = fileURLToPath(new URL("../../../bin/wasm-bpf", import.meta.url));
    const run = (...args: string[]): ReturnType<typeof spawnSync> =>
      spawnSync(process.execPath, [command, "gen", "object", ...args], { encoding: "utf8" });
    const out = join(directory, "out.o");
    assert.equal(run(out, testdataPath("globals.bpf.o")).status, 0);
    const bytes = testdata("globals.bpf.o");
    assert.deepEqual(new Uint8Array(readFileSync(out)), linkObjects([{ name: "globals.bpf.o", bytes }]));
    const cut = join(directory, "cut.o");
    writeFileSync(cut, bytes.subarray(0, 700));
    const failed = run(out, testdataPath("globals.bpf.o"), cut);
    assert.equal(failed.status, 1);
    assert.match(String(failed.stderr), /^wasm-bpf: .*cut\.o: .*needs[^\n]*\n$/);
    assert.equal(run(out).status, 2);
    const noDirectory = run(join(directory, "none", "out.o"), testdataPath("globals.bpf.o"));
    assert.match(String(noDirectory.stderr), /^wasm-bpf: cannot write [^\n]*\n$/);
  });
});
