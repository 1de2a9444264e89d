import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { Btf, type BtfType, formatC } from "../../src/btf/index.ts";
import { parseElf } from "../../src/elf/index.ts";
import { findClang } from "../support/compile-bpf.ts";

const KERNEL_BTF = "/sys/kernel/btf/vmlinux";
const skip = existsSync(KERNEL_BTF) ? false : `${KERNEL_BTF} does not exist`;

function kernel(): Btf {
  return Btf.parse(new Uint8Array(readFileSync(KERNEL_BTF)));
}

/** The BTF that the compiler makes of a source. */
function compiledBtf(source: string): Btf {
  const directory = mkdtempSync(join(tmpdir(), "btf-c-"));
  try {
    const input = join(directory, "types.bpf.c");
    const output = join(directory, "types.bpf.o");
    writeFileSync(input, source);
    const warnings = ["-Wall", "-Werror"];
    execFileSync(findClang(), ["-target", "bpf", "-g", "-O0", ...warnings, "-c", input, "-o", output], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    const section = parseElf(new Uint8Array(readFileSync(output))).sections.find(
      ({ name }) => name === ".BTF",
    );
    assert.ok(section);
    return Btf.parse(section.data);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Size, members, offsets and enumerators as text; named structs inside only by their size. */
function shape(btf: Btf, id: number, depth = 0): string {
  const type = btf.type(btf.resolve(id));
  switch (type.kind) {
    case "array":
      return `${shape(btf, type.elementType, depth + 1)}[${type.length}]`;
    case "struct":
    case "union": {
      if (type.name !== "" && depth > 0) return `${type.kind} of ${type.sizeBytes}`;
      const members = type.members
        .filter(({ name }) => !name.startsWith("__pad"))
        .map(
          ({ name, type: member, offsetBits, bitfieldBits }) =>
            `${name}@${offsetBits}:${bitfieldBits} ${shape(btf, member, depth + 1)}`,
        );
      return `${type.kind} of ${type.sizeBytes} {${members.join("; ")}}`;
    }
    case "enum":
    case "enum64":
      return `enum of ${type.sizeBytes} ${depth === 0 ? type.values.map(({ value }) => value).join() : ""}`;
    case "int":
      // Kernels are compiled with an unsigned char.
      return `${type.signed && type.sizeBytes > 1 ? "signed" : "unsigned"} of ${type.sizeBytes}`;
    default:
      return type.kind;
  }
}

type TaggedType = Extract<BtfType, { kind: "struct" | "union" | "enum" | "enum64" }>;

function isTagged(type: BtfType): type is TaggedType {
  if (type.kind === "struct" || type.kind === "union") return type.name !== "";
  return (type.kind === "enum" || type.kind === "enum64") && type.name !== "" && type.values.length > 0;
}

/** Whether a struct has bitfields, be it in an anonymous member. */
function hasBitfields(btf: Btf, type: TaggedType): boolean {
  if (!("members" in type)) return false;
  return type.members.some(({ name, type: id, bitfieldBits }) => {
    if (bitfieldBits > 0) return true;
    const inner = btf.type(btf.resolve(id));
    return name === "" && (inner.kind === "struct" || inner.kind === "union") && hasBitfields(btf, inner);
  });
}

/** The compiler's own va_list is a pointer on BPF, so what holds one has another size there, as with bpftool. */
function holdsVaList(btf: Btf, type: BtfType): boolean {
  if (type.kind !== "struct") return false;
  return type.members.some(({ type: id }) => {
    for (let at = id; ; ) {
      if (btf.name(at) === "__builtin_va_list") return true;
      const next = btf.type(at);
      if (!("type" in next) || next.kind === "ptr") return false;
      at = next.type;
    }
  });
}

/** Structs, unions and enums by the names that the header gives them. */
function taggedTypes(btf: Btf): Map<string, TaggedType> {
  const counts = new Map<string, number>();
  const types = new Map<string, TaggedType>();
  for (const type of btf.types()) {
    if (!isTagged(type)) continue;
    const count = (counts.get(type.name) ?? 0) + 1;
    counts.set(type.name, count);
    types.set(count === 1 ? type.name : `${type.name}___${count}`, type);
  }
  assert.ok(types.size > 1000, `${types.size} types`);
  return types;
}

/** C that does not compile unless a type has the size and the members their offsets. */
function assertions(name: string, type: TaggedType): string {
  const tag = `${type.kind === "enum64" ? "enum" : type.kind} ${name}`;
  let text = `_Static_assert(sizeof(${tag}) == ${type.sizeBytes}, "size of ${tag}");\n`;
  if (!("members" in type)) return text;
  for (const { name: member, offsetBits, bitfieldBits } of type.members) {
    if (member === "" || bitfieldBits > 0) continue;
    const offset = `__builtin_offsetof(${tag}, ${member})`;
    text += `_Static_assert(${offset} == ${offsetBits / 8}, "${tag}.${member}");\n`;
  }
  return text;
}

test("every struct, union and enum of the kernel has its size and offsets in C", { skip }, () => {
  const btf = kernel();
  let source = formatC(btf);
  for (const [name, type] of taggedTypes(btf)) {
    if (!holdsVaList(btf, type)) source += assertions(name, type);
  }
  compiledBtf(`${source}int variable;\n`);
});

test("every struct and union of the kernel with bitfields has them in their places", { skip }, () => {
  const btf = kernel();
  const withBitfields = [...taggedTypes(btf)].filter(([, type]) => hasBitfields(btf, type));
  assert.ok(withBitfields.length > 50, `${withBitfields.length} types`);
  const variables = withBitfields.map(([name, { kind, id }]) => `${kind} ${name} variable_${id};\n`);
  const again = compiledBtf(formatC(btf) + variables.join(""));
  const found = new Map([...again.types()].filter(isTagged).map((type) => [type.name, type.id]));
  for (const [name, type] of withBitfields) {
    const id = found.get(name);
    assert.ok(id !== undefined, `${name} is missing`);
    assert.equal(shape(again, id), shape(btf, type.id), name);
  }
});

test("a header with a few types and what they need compiles alone", { skip }, () => {
  const btf = kernel();
  for (const name of ["task_struct", "sk_buff", "bpf_prog", "inode"]) {
    const id = btf.find(name, "struct");
    assert.ok(id !== undefined);
    const header = formatC(btf, { ids: [id] });
    const again = compiledBtf(`${header}struct ${name} variable;\n`);
    const compiled = again.find(name, "struct");
    assert.ok(compiled !== undefined);
    assert.equal(shape(again, compiled), shape(btf, id));
  }
});

const BPFTOOL = "/usr/sbin/bpftool";

test("bpftool's header of the kernel has the same types", {
  skip: skip || (existsSync(BPFTOOL) ? false : `${BPFTOOL} does not exist`),
}, () => {
  const theirs = execFileSync(BPFTOOL, ["btf", "dump", "file", KERNEL_BTF, "format", "c"], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  const names = (text: string): Set<string> =>
    new Set([...text.matchAll(/^(?:struct|union|enum) \w+(?= \{)/gm)].map((match) => match[0]));
  const own = names(formatC(kernel()));
  // Which of several types of one name gets the suffix differs.
  const essential = (set: Set<string>): string[] =>
    [...new Set([...set].map((name) => name.replace(/___\d+$/, "")))].sort();
  assert.deepEqual(essential(own), essential(names(theirs)));
  assert.equal(own.size, names(theirs).size);
});
