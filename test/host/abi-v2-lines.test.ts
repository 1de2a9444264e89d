import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { BpfMap } from "../../src/ebpf/index.ts";
import { parseElf, STT_FUNC } from "../../src/elf/index.ts";
import { openPreopen } from "../../src/host/wasi/index.ts";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import { BPF_MAP_TYPE_HASH } from "../../src/uapi/bpf.ts";
import { EINVAL, ENOENT, EOPNOTSUPP, ESRCH } from "../../src/uapi/errno.ts";
import { AbiGuest } from "../support/abi-v2.ts";
import { GuestObjectFixture } from "../support/abi-v2-object.ts";
import { mountBpfFileSystem } from "../support/bpf-file-system.ts";
import { withDirectory } from "../support/compile.ts";
import { compileBpf } from "../support/compile-bpf.ts";
import { testdata } from "../support/testdata.ts";

// The texts are those of libbpf 1.8 for the same objects; what the host adds of its own is not among them.

failOnLeaks();
mountBpfFileSystem();

const FORMAT = 4001;
const SET_AUTOLOAD = 1;
const STT_FILE = 4;
const SET_KEY_SIZE = 2;
const SET_AUTOCREATE = 9;
const PIN = `/sys/fs/bpf/wasm-bpf-lines-${process.pid}`;

const bytes = compileBpf(`
struct task_struct { int pid; int no_such_field; } __attribute__((preserve_access_index));
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 16); __type(key, __u32); __type(value, __u64); }
  numbers SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } ring SEC(".maps");
__u32 counter;

SEC("raw_tp/task_newtask")
int good(struct bpf_raw_tracepoint_args *ctx)
{
  struct task_struct *task = (void *)ctx->args[0];

  counter += BPF_CORE_READ(task, pid);
  return bpf_map_lookup_elem(&numbers, &(int){1}) != 0;
}

SEC("?raw_tp/task_newtask")
int core(struct bpf_raw_tracepoint_args *ctx)
{
  struct task_struct *task = (void *)ctx->args[0];

  return BPF_CORE_READ(task, no_such_field);
}

SEC("?raw_tp/task_newtask")
int ring_user(void *ctx) { return bpf_ringbuf_query(&ring, 0); }

SEC("?strange")
int strange(void *ctx) { return 0; }
`);

/** An object whose load is refused. @returns the error, and the lines */
function refused(
  t: TestContext,
  object: Uint8Array,
  prepare: (opened: GuestObjectFixture) => void = () => {},
): { result: number; lines: string[] } {
  const opened = new GuestObjectFixture(t, object, {}, new AbiGuest({ permissions: { kernel: true } }));
  prepare(opened);
  const result = opened.guest.call("object_load", opened.handle);
  return { result, lines: opened.guest.lines.trimEnd().split("\n") };
}

function loads(opened: GuestObjectFixture, program: string): void {
  assert.equal(opened.guest.call("program_set", opened.handle, opened.program(program), SET_AUTOLOAD, 1), 0);
}

test("a map that is refused fails before anything is loaded", (t) => {
  const { result, lines } = refused(t, bytes, (opened) => {
    const { guest, handle } = opened;
    assert.equal(guest.call("map_set", handle, opened.map("numbers"), SET_KEY_SIZE, 0, 0), 0);
  });
  assert.equal(result, -EINVAL);
  assert.equal(lines.at(-1), "libbpf: map 'numbers': failed to create: -EINVAL");
});

test("a pin that cannot be used, and one that cannot be made", (t) => {
  const foreign = BpfMap.create({
    type: BPF_MAP_TYPE_HASH,
    keySizeBytes: 4,
    valueSizeBytes: 4,
    maxEntries: 16,
  });
  t.after(() => foreign.close());
  foreign.pin(PIN);
  t.after(() => rmSync(PIN, { force: true }));
  const pinned = (path: string) => (opened: GuestObjectFixture) => {
    const { guest, handle } = opened;
    assert.equal(guest.call("map_set_name", handle, opened.map("numbers"), 1, guest.text(path)), 0);
  };
  assert.deepEqual(refused(t, bytes, pinned(PIN)), {
    result: -EINVAL,
    lines: [
      `libbpf: couldn't reuse pinned map at '${PIN}': parameter mismatch`,
      "libbpf: map 'numbers': error reusing pinned map",
      "libbpf: map 'numbers': failed to create: -EINVAL",
    ],
  });
  assert.deepEqual(refused(t, bytes, pinned("/tmp/no-bpf-file-system")), {
    result: -EINVAL,
    lines: [
      "libbpf: specified path /tmp/no-bpf-file-system is not on BPF FS",
      "libbpf: map 'numbers': failed to auto-pin at '/tmp/no-bpf-file-system': -EINVAL",
      "libbpf: map 'numbers': failed to create: -EINVAL",
    ],
  });
});

test("the verifier's log tells in libbpf's words what could not be relocated", (t) => {
  const core = refused(t, bytes, (opened) => loads(opened, "core"));
  assert.ok(core.lines.includes("0: <invalid CO-RE relocation>"));
  assert.match(
    core.lines.join("\n"),
    /\nfailed to resolve CO-RE relocation <byte_off> \[\d+\] struct task_struct\.no_such_field \(0:1 @ offset 4\)\n/,
  );
  const map = refused(t, bytes, (opened) => {
    const { guest, handle } = opened;
    loads(opened, "ring_user");
    assert.equal(guest.call("map_set", handle, opened.map("ring"), SET_AUTOCREATE, 0, 0), 0);
  });
  const at = map.lines.indexOf("0: <invalid BPF map reference>");
  assert.equal(map.lines[at + 1], "BPF map 'ring' is referenced but wasn't created");
  assert.deepEqual(map.lines.slice(-2), [
    "libbpf: prog 'ring_user': failed to load: -EINVAL",
    "libbpf: failed to load object 'test'",
  ]);
});

test("a program without a type", (t) => {
  assert.deepEqual(
    refused(t, bytes, (opened) => loads(opened, "strange")),
    {
      result: -EINVAL,
      lines: [
        "libbpf: prog 'strange': missing BPF prog type, check ELF section name 'strange'",
        "libbpf: prog 'strange': failed to load: -EINVAL",
        "libbpf: failed to load object 'test'",
      ],
    },
  );
});

test("what the kernel has not got", (t) => {
  const extern = (declaration: string, use: string): Uint8Array =>
    compileBpf(`${declaration}
SEC("raw_tp/task_newtask") int good(void *ctx) { ${use}; return 0; }`);
  const cases: [string, string, number, string][] = [
    [
      "extern void no_such_kfunc(void) __ksym;",
      "no_such_kfunc()",
      -EINVAL,
      "extern (func ksym) 'no_such_kfunc': not found in kernel or module BTFs",
    ],
    [
      "extern const int no_such_variable __ksym;",
      "return (long)&no_such_variable",
      -EINVAL,
      "extern (var ksym) 'no_such_variable': not found in kernel BTF",
    ],
    [
      "extern const void no_such_symbol __ksym;",
      "return (long)&no_such_symbol > 0",
      -ESRCH,
      "extern 'no_such_symbol' (strong): not resolved",
    ],
    [
      "extern int CONFIG_NO_SUCH_THING __kconfig;",
      "return CONFIG_NO_SUCH_THING",
      -ESRCH,
      "extern 'CONFIG_NO_SUCH_THING' (strong): not resolved",
    ],
  ];
  for (const [declaration, use, result, line] of cases) {
    assert.deepEqual(refused(t, extern(declaration, use)), { result, lines: [`libbpf: ${line}`] });
  }
});

/** Opens what is refused. @returns what the import answers, and the lines */
function openThing(object: Uint8Array): [number, string] {
  using guest = new AbiGuest();
  const request = { 4: guest.put(object), 8: object.length, 16: guest.text("thing") };
  return [guest.call("object_open", guest.block(48, request)), guest.lines];
}

test("what is no object", () => {
  const elf = new Uint8Array(readFileSync(process.execPath).subarray(0, 4096));
  assert.deepEqual(openThing(new TextEncoder().encode("no object")), [
    -FORMAT,
    "libbpf: elf: 'thing' is not a proper ELF object\n",
  ]);
  assert.equal(openThing(elf)[0], -FORMAT);
  assert.deepEqual(openThing(testdata("legacy-maps.bpf.o")), [
    -EOPNOTSUPP,
    "libbpf: elf: legacy map definitions in 'maps' section are not supported by libbpf v1.0+\n",
  ]);
});

test("declarations that have no meaning", () => {
  const map = (fields: string): string => `struct { ${fields} } odd SEC(".maps");`;
  const cases: [declaration: string, errno: number, line: string][] = [
    [
      map("__uint(type, BPF_MAP_TYPE_ARRAY); __uint(colour, 1);"),
      EOPNOTSUPP,
      "map 'odd': unknown field 'colour'.",
    ],
    [map("__uint(max_entries, 1);"), EINVAL, "map 'odd': map type isn't specified."],
    [
      map("__uint(type, BPF_MAP_TYPE_ARRAY); __uint(key_size, 8); __type(key, __u32);"),
      EINVAL,
      "map 'odd': conflicting key size 8 != 4.",
    ],
    [
      map("__uint(type, BPF_MAP_TYPE_ARRAY); __type(value, __u64); __uint(value_size, 2);"),
      EINVAL,
      "map 'odd': conflicting value size 8 != 2.",
    ],
  ];
  for (const [declaration, errno, line] of cases) {
    assert.deepEqual(openThing(compileBpf(declaration)), [-errno, `libbpf: ${line}\n`]);
  }
  const [result, lines] = openThing(
    compileBpf(`extern int nowhere; SEC("socket") int f(void *ctx) { return nowhere; }`),
  );
  assert.equal(result, -ENOENT);
  assert.match(lines, /^libbpf: failed to find BTF for extern 'nowhere' \[\d+\] section: -2\n$/);
});

test("types to adapt to that cannot be had, said once", async (t) => {
  await withDirectory((directory) => {
    const cut = readFileSync(process.execPath).subarray(0, 4096);
    const cases: [name: string, content: Uint8Array, error: string, reasons: (path: string) => string[]][] = [
      ["cut", cut, "-4001", (path) => [`failed to get EHDR from ${path}`]],
      [
        "untyped",
        testdata("no-btf.bpf.o"),
        "-ENODATA",
        (path) => [`failed to find '.BTF' ELF section in ${path}`],
      ],
      ["short", Uint8Array.of(0x9f, 0xeb, 1, 0), "-EINVAL", () => []],
    ];
    for (const [name, content, error, reasons] of cases) {
      writeFileSync(join(directory, name), content);
      const guest = new AbiGuest({ permissions: { kernel: true } });
      const { sys, interrupts, fds } = guest.context;
      fds.add(openPreopen({ sys, interrupts }, { host: directory, guest: "/types" }));
      const path = `/types/${name}`;
      const opened = new GuestObjectFixture(t, bytes, { 28: guest.text(path) }, guest);
      assert.ok(guest.call("object_load", opened.handle) < 0);
      const lines = [
        ...reasons(path),
        `failed to parse target BTF: ${error}`,
        `failed to perform CO-RE relocations: ${error}`,
      ];
      assert.deepEqual(
        guest.lines.trimEnd().split("\n"),
        lines.map((line) => `libbpf: ${line}`),
      );
    }
  });
});

test("who wants to know is told each step, in order", (t) => {
  const guest = new AbiGuest();
  const pending = guest.alloc(4);
  assert.equal(guest.call("log_bind", pending), 0);
  guest.call("log_level", 2);
  const opened = new GuestObjectFixture(t, bytes, {}, guest);
  opened.load();
  const size = guest.view(pending, 4).getUint32(0, true);
  const at = guest.alloc(size);
  const taken = guest.call("log_take", at, size);
  const view = guest.view(at, taken);
  const lines: string[] = [];
  for (let offset = 0; offset < taken; ) {
    const length = view.getUint32(offset + 4, true);
    assert.equal(view.getUint32(offset, true), 2, "a load that succeeds warns of nothing");
    lines.push(guest.string(at + offset + 8, length).trimEnd());
    offset += 8 + Math.ceil(length / 4) * 4;
  }
  const wanted = [
    /^libbpf: loading object 'test' from buffer$/,
    /^libbpf: elf: section\(\d+\) raw_tp\/task_newtask, size \d+, link 0, flags 6, type=1$/,
    /^libbpf: sec 'raw_tp\/task_newtask': found program 'good' at insn offset 0 \(0 bytes\), code size \d+ insns \(\d+ bytes\)$/,
    /^libbpf: license of test is GPL$/,
    /^libbpf: map 'numbers': at sec_idx \d+, offset 0\.$/,
    /^libbpf: map 'numbers': found max_entries = 16\.$/,
    /^libbpf: map 'test\.bss' \(global data\): at sec_idx \d+, offset 0, flags 400\.$/,
    /^libbpf: prog 'strange': unrecognized ELF section name 'strange'$/,
    /^libbpf: sec '\.relraw_tp\/task_newtask': collecting relocation for section\(\d+\) 'raw_tp\/task_newtask'$/,
    /^libbpf: prog 'good': found map 0 \(numbers, sec \d+, off 0\) for insn #\d+$/,
    /^libbpf: sec 'raw_tp\/task_newtask': found 1 CO-RE relocations$/,
    /^libbpf: prog 'good': relo #0: <byte_off> \[\d+\] struct task_struct\.pid \(0:0 @ offset 0\)$/,
    /^libbpf: prog 'good': relo #0: patched insn #\d+ \(ALU\/ALU64\) imm 0 -> \d+$/,
    /^libbpf: map 'numbers': created successfully, fd=\d+$/,
    /^libbpf: prog 'core': skipped loading$/,
  ];
  let next = 0;
  for (const line of lines) if (wanted[next]?.test(line)) next++;
  assert.equal(next, wanted.length, `missing: ${wanted[next]}\n${lines.join("\n")}`);
});

test("an object whose symbols and types tell lies is answered, whatever is told about it", (t) => {
  const lying = bytes.slice();
  const view = new DataView(lying.buffer);
  const file = parseElf(lying);
  const placeOf = (name: string): number => file.section(name)?.data.byteOffset ?? 0;
  // What names the source file is a function of 4096 bytes in the section of the license, which has relocations.
  const symbol = placeOf(".symtab") + 24 * (file.symbols().find(({ type }) => type === STT_FILE)?.index ?? 0);
  view.setUint8(symbol + 4, STT_FUNC);
  view.setUint16(symbol + 6, file.section("license")?.index ?? 0, true);
  view.setBigUint64(symbol + 16, 4096n, true);
  const types = placeOf(".BTF");
  const strings = types + view.getUint32(types + 4, true) + view.getUint32(types + 16, true);
  const text = new TextDecoder("latin1").decode(lying.subarray(strings));
  const records = placeOf(".BTF.ext");
  const group = records + view.getUint32(records + 4, true) + view.getUint32(records + 24, true) + 4;
  view.setUint32(group, text.indexOf("\0license\0") + 1, true);
  view.setUint32(group + 8, 800, true);
  const guest = new AbiGuest();
  guest.call("log_bind", guest.alloc(4));
  guest.call("log_level", 2);
  const opened = new GuestObjectFixture(t, lying, {}, guest);
  assert.equal(guest.call("object_load", opened.handle), 0);
});
