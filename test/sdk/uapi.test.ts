import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { BtfMember } from "../../src/btf/index.ts";
import { kernelBtf } from "../../src/kernel/index.ts";
import { findLp64Compiler } from "../../src/toolchain/lp64.ts";
import { findClang } from "../support/compile-bpf.ts";
import { checkGuest, directory, run } from "./both-ways.ts";

const compiler = await findLp64Compiler(process.env);
const include = new URL("../../../sdk/include/", import.meta.url);

/** All headers of the kernel's interfaces that guests have. */
const headers = ["linux", "linux/byteorder", "linux/tc_act", "asm", "asm-generic"].flatMap((folder) =>
  readdirSync(new URL(folder, include))
    .filter((name) => name.endsWith(".h"))
    .map((name) => `${folder}/${name}`),
);
const onMachine = headers.filter((name) => existsSync(`/usr/include/${name}`));

/** Headers that are the C library's in guests: names of padding and the like are its own, and it may lack some. */
const LIBRARY = new Set(
  headers.filter((name) => readFileSync(new URL(name, include), "utf8").includes("C library")),
);

/** Headers that only include the C library's, which other tests compare. */
function isWholly(name: string): boolean {
  return readFileSync(new URL(name, include), "utf8").includes("The C library has it.");
}

/** Numbers that grow with the kernel, and limits of C libraries. */
const GROWING =
  /MAX|LAST|__NR_|NUM|_CNT$|__UAPI_DEF_|_END$|_MASK$|^(LINUX_VERSION_|NR_|NGROUPS_|__BITS_|CAP_|TCA_\w+_UNSPEC)/;
/** Names that say something else in newer kernels. */
const CHANGED = new Set(["BPF_F_REDIRECT_FLAGS"]);

/** Classifiers and disciplines that Linux 6.3 has removed. */
const REMOVED = /^TC[AF]?_(RSVP|TCINDEX|ATM|CBQ|DSMARK)_/;

/** Compilers' options for the machine's headers and for ours. */
const machine = [findClang(), "-w"] as const;
const guest = [compiler.clang, ...compiler.target, ...compiler.options, "-w"] as const;

test("each header compiles on its own, for guests and for the BPF side, without a warning", () => {
  assert.ok(headers.length > 40, `${headers.length} headers`);
  for (const name of headers) {
    for (const target of [compiler.target, ["--target=bpf"]]) {
      const options = [...target, ...compiler.options.filter((option) => option !== "-mbulk-memory")];
      const path = join(directory, "one.c");
      writeFileSync(path, `#include <${name}>\n`);
      run(compiler.clang, [
        ...options,
        "-I",
        fileURLToPath(include),
        "-fsyntax-only",
        "-Wall",
        "-Wextra",
        "-Werror",
        path,
      ]);
    }
  }
});

test("headers of the kernel and of the C library can be used together, in any order", () => {
  const library = [
    ...["arpa/inet.h", "endian.h", "errno.h", "limits.h", "net/ethernet.h", "net/if.h", "net/if_arp.h"],
    ...["netinet/if_ether.h", "netinet/in.h", "sched.h", "stddef.h", "sys/ioctl.h"],
    ...["sys/prctl.h", "sys/socket.h", "sys/syscall.h", "sys/sysinfo.h", "sys/time.h", "unistd.h"],
  ];
  const lines = (names: readonly string[]): string => names.map((name) => `#include <${name}>\n`).join("");
  checkGuest(lines(library) + lines(headers));
  checkGuest(lines(headers) + lines(library));
});

test("every constant that the machine's header has, too, has the same value", () => {
  let compared = 0;
  for (const name of onMachine.filter((header) => !isWholly(header))) {
    const [theirs, ours] = [constants(machine, name), constants(guest, name)];
    const shared = [...theirs].filter(
      (constant) => ours.has(constant) && !GROWING.test(constant) && !CHANGED.has(constant),
    );
    const values = evaluate(name, shared);
    checkGuest(
      `#include <sys/types.h>\n#include <${name}>\n${[...values]
        .map(
          ([constant, value]) =>
            `_Static_assert((unsigned long long)(${constant}) == ${value}ULL, "${constant} of ${name}");`,
        )
        .join("\n")}\n`,
    );
    compared += values.size;
  }
  assert.ok(compared > 2500, `${compared} constants`);
});

test("nothing that the machine's header has is missing", () => {
  for (const name of onMachine.filter((header) => !LIBRARY.has(header))) {
    const [theirs, ours] = [constants(machine, name), constants(guest, name)];
    const text = readFileSync(`/usr/include/${name}`, "utf8");
    const own = [...theirs].filter((constant) => new RegExp(`\\b${constant}\\b`).test(text));
    const missing = own.filter(
      (constant) => !ours.has(constant) && !/^_/.test(constant) && !REMOVED.test(constant),
    );
    assert.deepEqual(missing, [], name);
  }
});

test("every field of the machine's structs has the same place", () => {
  let compared = 0;
  for (const name of onMachine.filter((header) => !LIBRARY.has(header))) {
    const [theirs, ours] = [layouts(machine, name), layouts(guest, name)];
    for (const [record, layout] of theirs) {
      const mine = ours.get(record);
      if (mine === undefined || !isOwn(name, `${record}\\s*{`)) continue;
      assert.ok(mine.size >= layout.size, `${record} of ${name}: ${mine.size} bytes, not ${layout.size}`);
      for (const [field, place] of layout.fields) {
        // The C library's own names for the parts of an IPv6 address, and what newer kernels have made use of.
        if (/\bin6_u\b|^__reserved|rsvd$/.test(field)) continue;
        assert.equal(mine.fields.get(field), place, `${record}.${field} of ${name}`);
        compared++;
      }
    }
  }
  assert.ok(compared > 1500, `${compared} fields`);
});

test("every field of the running kernel's BPF structs has the same place", () => {
  const ours = layouts(guest, "linux/bpf.h");
  const btf = kernelBtf();
  let compared = 0;
  for (const [record, layout] of ours) {
    const name = /^(?:struct|union) (\w+)$/.exec(record)?.[1];
    const id = name === undefined ? undefined : btf.find(name, "struct");
    const type = id === undefined ? undefined : btf.type(id);
    if (type?.kind !== "struct") continue;
    for (const member of type.members) {
      if (member.name === "") continue;
      assert.equal(layout.fields.get(member.name), placeOf(member), `${record}.${member.name}`);
      compared++;
    }
    assert.ok(layout.size >= type.sizeBytes, record);
  }
  assert.ok(compared > 200, `${compared} fields`);
});

/** Names of macros without parameters that a header defines with some value, and of enumerators. */
function constants(command: readonly string[], name: string): Set<string> {
  const macros = (text: string): string[] =>
    [...preprocess(command, ["-dM"], text).matchAll(/^#define (\w+) \S/gm)].map(([, macro = ""]) => macro);
  const before = new Set(macros("#include <sys/types.h>\n"));
  const found = new Set(
    macros(`#include <sys/types.h>\n#include <${name}>\n`).filter((macro) => !before.has(macro)),
  );
  const text = preprocess(command, ["-P"], `#include <${name}>\n`);
  for (const [, body = ""] of text.matchAll(/\benum\b[^{};]*\{([^}]*)\}/g)) {
    for (const [, enumerator = ""] of body.matchAll(/(?:^|,)\s*([A-Za-z_]\w*)/g)) found.add(enumerator);
  }
  return new Set([...found].filter((constant) => command !== machine || isOwn(name, constant)));
}

/** Whether the machine's header itself has a name, and not one that it includes. */
function isOwn(header: string, name: string): boolean {
  return new RegExp(`\\b${name}(?!\\w)`).test(readFileSync(`/usr/include/${header}`, "utf8"));
}

function preprocess(command: readonly string[], options: readonly string[], text: string): string {
  const [program = "", ...args] = command;
  return execFileSync(program, [...args, "-E", ...options, "-x", "c", "-"], {
    input: text,
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
}

/** Values of those that are integers, as the machine's compiler has them. */
function evaluate(header: string, names: readonly string[]): Map<string, string> {
  const path = join(directory, "values");
  let left = names;
  for (;;) {
    const lines = left.map((name) => `printf("%llu\\n", (unsigned long long)(1 * (${name})));`);
    const text = `#include <sys/types.h>\n#include <${header}>\nextern int printf(const char *, ...);\nint main(void) {\n${lines.join("\n")}\n}\n`;
    writeFileSync(`${path}.c`, text);
    const [program, ...options] = machine;
    try {
      run(program, [
        ...options,
        "-Werror=int-conversion",
        "-Werror=pointer-to-int-cast",
        "-ferror-limit=0",
        `${path}.c`,
        "-o",
        path,
      ]);
    } catch (error) {
      // Macros that are no expressions, types for example.
      const bad = new Set(
        [...String(error).matchAll(/values\.c:(\d+):/g)].map(([, line]) => Number(line) - 5),
      );
      const rest = left.filter((_, index) => !bad.has(index));
      if (rest.length === left.length) throw error;
      left = rest;
      continue;
    }
    const values = run(path, []).split("\n");
    return new Map(left.map((name, index) => [name, values[index] ?? ""]));
  }
}

interface Layout {
  readonly size: number;
  /** Where a field begins: bytes, and bits for bit-fields. Fields of structs inside have the path of their names. */
  readonly fields: Map<string, string>;
}

/** Layouts of the named structs and unions of a header. */
function layouts(command: readonly string[], name: string): Map<string, Layout> {
  const path = join(directory, "layouts.c");
  writeFileSync(path, `#include <${name}>\n`);
  const [program = "", ...args] = command;
  const text = execFileSync(
    program,
    [...args, "-fsyntax-only", "-Xclang", "-fdump-record-layouts-complete", path],
    { encoding: "utf8", maxBuffer: 1 << 28 },
  );
  const found = new Map<string, Layout>();
  for (const block of text.split("*** Dumping AST Record Layout").slice(1)) {
    const lines = block.split("\n").filter((line) => line.includes("|"));
    const record = /\| (?:(?:struct|union) \w+)$/.exec(lines[0] ?? "")?.[0].slice(2);
    const size = /sizeof=(\d+)/.exec(block)?.[1];
    if (record === undefined || size === undefined) continue;
    found.set(record, { size: Number(size), fields: fieldsOf(lines.slice(1)) });
  }
  return found;
}

function fieldsOf(lines: readonly string[]): Map<string, string> {
  const fields = new Map<string, string>();
  const path: string[] = [];
  for (const line of lines) {
    const [, place = "", indent = "", declaration = ""] = /^\s*([\d:-]+) \|(\s+)(.*)$/.exec(line) ?? [];
    if (declaration === "" || declaration.startsWith("[")) continue;
    const depth = (indent.length - 3) / 2;
    // Without a name: padding, or a struct whose fields belong to the record itself.
    const name = /(\w+)$/.exec(declaration)?.[1] ?? "";
    path.length = depth;
    path[depth] = name;
    if (name !== "") fields.set(path.filter((part) => part !== "").join("."), place.split("-")[0] ?? "");
  }
  return fields;
}

/** The place of a member as clang writes it. */
function placeOf({ offsetBits, bitfieldBits }: BtfMember): string {
  const bytes = Math.floor(offsetBits / 8);
  return bitfieldBits > 0 ? `${bytes}:${offsetBits % 8}` : `${bytes}`;
}

test("the comparison of layouts sees a difference", () => {
  const insn = layouts(guest, "linux/bpf.h").get("struct bpf_insn");
  assert.equal(insn?.size, 8);
  assert.deepEqual(
    [...(insn?.fields ?? [])],
    [
      ["code", "0"],
      ["dst_reg", "1:0"],
      ["src_reg", "1:4"],
      ["off", "2"],
      ["imm", "4"],
    ],
  );
  assert.equal(layouts(guest, "linux/bpf.h").get("struct bpf_link_info")?.fields.get("tracing.cookie"), "32");
});
