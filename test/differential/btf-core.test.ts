import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { Btf, parseBtfExt, relocateCore } from "../../src/btf/index.ts";
import { parseElf } from "../../src/elf/index.ts";
import { compileBpf } from "../support/compile-bpf.ts";

/** Relocations of every kind against a target that differs from the program's types in every way. */
const LOCAL = `
typedef int (*hook_t)(struct device *, int);
struct inner { int i; };
union choice { int number; char *text; };
enum color { RED, GREEN = 7, GONE };
enum wide { HUGE_VALUE = 1ULL << 40 };
struct device {
	int id;
	unsigned int flags : 3, mode : 7;
	signed int delta : 5;
	unsigned int length;
	char name[16];
	struct inner inners[4];
	struct { short nested; };
	struct device *parent;
	unsigned char level;
	union choice choice;
	int missing;
	enum color color;
	int tail[];
} __attribute__((preserve_access_index));
struct device___flavor { long id; int extra; } __attribute__((preserve_access_index));
struct absent { int x; } __attribute__((preserve_access_index));

SEC("socket") int all_kinds(void *ctx)
{
	struct device *d = ctx;
	struct device___flavor *f = ctx;
	struct absent *a = ctx;
	long r = 0;
	r += d->id + d->length + d->name[5] + d->inners[2].i + d->nested + (long)d->parent + d->tail[3];
	r += d[2].id + d->choice.number;
	r += d->level;
	if (bpf_core_field_exists(d->missing)) r += d->missing;
	if (bpf_core_field_exists(f->extra)) r += f->extra;
	if (bpf_core_field_exists(a->x)) r += a->x;
	r += bpf_core_field_offset(d->flags) + bpf_core_field_offset(d->name) + bpf_core_field_offset(d->missing);
	r += bpf_core_field_size(d->name) + bpf_core_field_size(d->mode) + bpf_core_field_size(d->parent);
	r += __builtin_preserve_field_info(d->delta, BPF_FIELD_SIGNED);
	r += __builtin_preserve_field_info(d->mode, BPF_FIELD_SIGNED);
	r += __builtin_preserve_field_info(d->color, BPF_FIELD_SIGNED);
	r += __builtin_preserve_field_info(d->mode, BPF_FIELD_LSHIFT_U64);
	r += __builtin_preserve_field_info(d->mode, BPF_FIELD_RSHIFT_U64);
	r += __builtin_preserve_field_info(d->delta, BPF_FIELD_LSHIFT_U64);
	r += __builtin_preserve_field_info(d->id, BPF_FIELD_LSHIFT_U64);
	r += bpf_core_type_exists(struct device) + bpf_core_type_exists(struct absent);
	r += bpf_core_type_exists(hook_t) + bpf_core_type_exists(union choice) + bpf_core_type_exists(enum color);
	r += bpf_core_type_size(struct device) + bpf_core_type_size(struct absent) + bpf_core_type_size(enum wide);
	r += bpf_core_type_matches(struct inner) + bpf_core_type_matches(struct device) + bpf_core_type_matches(enum color);
	r += bpf_core_type_id_local(struct device) + bpf_core_type_id_kernel(struct device);
	r += bpf_core_type_id_kernel(struct absent);
	r += bpf_core_enum_value_exists(enum color, GREEN) + bpf_core_enum_value_exists(enum color, GONE);
	r += bpf_core_enum_value(enum color, GREEN) + bpf_core_enum_value(enum wide, HUGE_VALUE);
	return r;
}
`;

const TARGET = `
typedef int (*hook_t)(struct device *, int);
struct inner { long before; int i; };
union choice { char *text; int number; };
enum color { RED = 3, GREEN, BLUE };
enum wide { OTHER = 1ULL << 50, HUGE_VALUE = 1ULL << 41 };
struct device {
	struct device *parent;
	long pad;
	int id;
	unsigned int wide : 30, mode : 7, flags : 3;
	int delta : 9;
	unsigned long length;
	struct inner inners[8];
	union { struct { int other; short nested; }; long whole; };
	char name[32];
	unsigned short level;
	union choice choice;
	enum color color;
	int tail[];
};
struct device *used_device; hook_t used_hook; struct device target_device; enum wide used_wide;
`;

const PRINTER = `
#include <bpf/libbpf.h>
#include <stdarg.h>
#include <stdio.h>
static int quiet(enum libbpf_print_level level, const char *format, va_list arguments) { return 0; }
int main(int argc, char **argv)
{
	struct bpf_program *program;
	struct bpf_object *object;
	LIBBPF_OPTS(bpf_object_open_opts, options, .btf_custom_path = argv[2]);
	libbpf_set_print(quiet);
	object = bpf_object__open_file(argv[1], &options);
	if (!object) return 1;
	bpf_object__load(object); /* the program is not valid, but it is relocated before the kernel says so */
	bpf_object__for_each_program(program, object)
		for (size_t i = 0; i < bpf_program__insn_cnt(program); i++)
			printf("%016llx\\n", *(unsigned long long *)&bpf_program__insns(program)[i]);
	return 0;
}
`;

function section(object: Uint8Array, name: string): Uint8Array {
  const found = parseElf(object).sections.find((candidate) => candidate.name === name);
  assert.ok(found, `section ${name}`);
  return found.data;
}

const LIBBPF = "/usr/include/bpf/libbpf.h";

function obstacle(): string | false {
  if (!existsSync(LIBBPF)) return `${LIBBPF} does not exist; install libbpf-dev`;
  return process.getuid?.() === 0 ? false : "libbpf relocates only where it may load programs; run as root";
}

test("every relocation kind gives the instructions that libbpf gives", { skip: obstacle() }, () => {
  const directory = mkdtempSync(join(tmpdir(), "btf-core-"));
  try {
    const program = compileBpf(LOCAL, ["-mcpu=v3"]);
    const target = compileBpf(TARGET);
    writeFileSync(join(directory, "program.o"), program);
    writeFileSync(join(directory, "target.o"), target);
    writeFileSync(join(directory, "print.c"), PRINTER);
    const print = join(directory, "print");
    execFileSync("cc", ["-o", print, `${print}.c`, "-lbpf"], { stdio: ["ignore", "ignore", "inherit"] });
    const result = spawnSync(print, ["program.o", "target.o"], { cwd: directory, encoding: "utf8" });
    assert.equal(result.status, 0, result.stderr);
    const expected = result.stdout.trim().split("\n");

    const local = Btf.parse(section(program, ".BTF"));
    const relocations = parseBtfExt(section(program, ".BTF.ext"), local).coreRelocations.get("socket") ?? [];
    assert.equal(new Set(relocations.map((relocation) => relocation.kind)).size, 13);
    const instructions = section(program, "socket").slice();
    relocateCore({
      programName: "all_kinds",
      instructions,
      relocations: relocations.map((relocation) => ({
        ...relocation,
        instructionIndex: relocation.offsetBytes / 8,
      })),
      local,
      targets: [() => Btf.parse(section(target, ".BTF"))],
      littleEndian: true,
    });
    const view = new DataView(instructions.buffer);
    const own = Array.from({ length: instructions.length / 8 }, (_, i) =>
      view
        .getBigUint64(i * 8, true)
        .toString(16)
        .padStart(16, "0"),
    );
    assert.deepEqual(own, expected);
    assert.notDeepEqual(instructions, section(program, "socket"));
  } finally {
    rmSync(directory, { recursive: true });
  }
});
