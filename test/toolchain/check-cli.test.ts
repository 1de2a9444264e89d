import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { Btf } from "../../src/btf/index.ts";
import { ET_REL, SHT_PROGBITS, writeElf } from "../../src/elf/index.ts";
import { embeddedBtfs } from "../../src/object/index.ts";
import { btfOf, int, member, struct } from "../support/btf-sample.ts";
import { withDirectory } from "../support/compile.ts";
import { compileBpf } from "../support/compile-bpf.ts";
import { compileGuest, runCli } from "../support/guest.ts";

const object = compileBpf(`
struct task_struct { int pid; long state; } __attribute__((preserve_access_index));
SEC("raw_tp/sys_enter") int reader(void *ctx) {
  struct task_struct *task = (void *)bpf_get_current_task();
  return BPF_CORE_READ(task, pid) + (bpf_core_field_exists(task->state) ? BPF_CORE_READ(task, state) : 0);
}
SEC("raw_tp/sys_exit") int user(void *ctx) {
  struct task_struct *task = (void *)bpf_get_current_task();
  return BPF_CORE_READ(task, state);
}`);

/** Types of a kernel whose tasks have these fields. */
function kernel(...fields: string[]): Btf {
  const members = fields.map((name, i) => member(name, 1, 64 + i * 64));
  return btfOf([int("int", 4), struct("task_struct", 64, members)]);
}

/** An ELF file with BTF in it, as large enough for every decompressor. */
function vmlinux(btf: Btf): Uint8Array {
  const section = {
    name: ".BTF",
    type: SHT_PROGBITS,
    flags: 0,
    alignment: 8,
    entrySize: 0,
    size: btf.raw.length,
    data: btf.raw,
    relocations: [],
  };
  return writeElf({ littleEndian: true, type: ET_REL, machine: 62, sections: [section], symbols: [] });
}

/** A kernel for x86 as its build makes it: boot sectors, then the payload and its size. */
function bzImage(payload: Uint8Array): Uint8Array {
  const setupSectors = 2;
  const start = (setupSectors + 1) * 512 + 64;
  const image = new Uint8Array(start + payload.length + 100);
  const view = new DataView(image.buffer);
  view.setUint8(0x1f1, setupSectors);
  view.setUint32(0x202, 0x53726448, true);
  view.setUint16(0x206, 0x020f, true);
  view.setUint32(0x248, 64, true);
  view.setUint32(0x24c, payload.length + 4, true);
  image.set(payload, start);
  view.setUint32(start + payload.length, 4711, true);
  return image;
}

test("check tells per kernel and need whether it is there", async () => {
  await withDirectory(async (directory) => {
    const write = (name: string, bytes: Uint8Array): string => {
      writeFileSync(join(directory, name), bytes);
      return join(directory, name);
    };
    const [old, young] = [
      write("old.btf", kernel("pid", "state").raw),
      write("young.btf", kernel("pid").raw),
    ];
    const file = write("app.bpf.o", object);
    const fine = await runCli(["check", file, "--btf", old]);
    assert.deepEqual([fine.status, fine.stdout], [0, "old.btf: ok, 4 needs, 3 moved\n"]);

    const module = write(
      "app.wasm",
      compileGuest("int main(void) { return load(PTR(object), object_size) == 0; }", object),
    );
    for (const path of [file, module]) {
      const { status, stdout, stderr } = await runCli(["check", "--btf", old, "--btf", young, path]);
      assert.deepEqual([status, stderr], [1, ""]);
      assert.equal(
        stdout,
        `old.btf: ok, 4 needs, 3 moved
young.btf: NOT OK, 4 needs, 1 moved, 1 absent, 1 unreachable, 1 missing
  user: missing: byte offset of struct task_struct::state (0:1): the kernel's struct task_struct has no member state
`,
      );
    }
    const { stdout } = await runCli(["check", "--json", "--btf", young, file]);
    const [report] = JSON.parse(stdout);
    assert.deepEqual([report.kernel, report.ok], ["young.btf", false]);
    const [reader, user] = report.objects[0].programs;
    assert.deepEqual([reader.program, reader.ok, user.program, user.ok], ["reader", true, "user", false]);
    assert.deepEqual(
      reader.needs.map(({ answer }: { answer: string }) => answer),
      ["moved", "absent", "unreachable"],
    );
    // Without a kernel, the running one is asked.
    assert.match((await runCli(["check", file])).stdout, /^vmlinux: NOT OK/);
    const empty = write("empty.wasm", Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
    assert.match((await runCli(["check", empty])).stderr, /^wasm-bpf: .*carries no BPF object[^\n]*\n$/);
  });
});

test("BTF comes out of kernels as they lie on disk, whatever they are compressed with", async (t) => {
  const tools: [name: string, command: string[]][] = [
    ["gzip", []],
    ["xz", ["xz", "--check=crc32", "-c"]],
    ["zstd", ["zstd", "-c"]],
    ["lz4", ["lz4", "-l", "-c"]],
    ["bzip2", ["bzip2", "-c"]],
    ["lzma", ["xz", "--format=lzma", "-c"]],
  ];
  await withDirectory(async (directory) => {
    const file = join(directory, "app.bpf.o");
    writeFileSync(file, object);
    const image = vmlinux(kernel("pid", "state"));
    for (const [name, [program, ...args]] of tools) {
      const result = program === undefined ? undefined : spawnSync(program, args, { input: image });
      if (result?.error !== undefined) {
        t.diagnostic(`${name} not tried: ${result.error.message}`);
        continue;
      }
      const packed = new Uint8Array(result?.stdout ?? gzipSync(image));
      const path = join(directory, `vmlinuz-${name}`);
      writeFileSync(path, bzImage(packed));
      const { status, stdout, stderr } = await runCli(["check", file, "--vmlinuz", path]);
      assert.deepEqual([status, stdout, stderr], [0, `${path}: ok, 4 needs, 3 moved\n`, ""], name);
    }
    const project = join(directory, "project");
    mkdirSync(project);
    writeFileSync(
      join(project, "app.bpf.c"),
      '#include "vmlinux.h"\nint size = sizeof(struct task_struct);\n',
    );
    for (const built of [true, false]) {
      const { status, stderr } = await runCli(["build", "--btf", join(directory, "vmlinuz-gzip"), project]);
      assert.equal(status, 0, stderr);
      assert.equal(/vmlinux\.h/.test(stderr), built, stderr);
    }
    const header = readFileSync(join(project, ".build/vmlinux.h"), "utf8");
    assert.match(header, /^struct task_struct \{[^}]*int pid;[^}]*int state;/m);
    const whole = join(directory, "Image.gz");
    writeFileSync(whole, gzipSync(image));
    assert.equal(
      (await runCli(["check", file, "--btf", whole])).status,
      0,
      "other machines compress all of it",
    );
    for (const [name, bytes] of [
      ["garbage", bzImage(new Uint8Array(64).fill(1))],
      ["cut", bzImage(gzipSync(image)).subarray(0, 1700)],
      ["damaged", bzImage(Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 1, 2, 3))],
      [
        "none",
        bzImage(gzipSync(writeElf({ littleEndian: true, type: 1, machine: 62, sections: [], symbols: [] }))),
      ],
    ] as const) {
      writeFileSync(join(directory, name), bytes);
      const { status, stderr } = await runCli(["check", file, "--btf", join(directory, name)]);
      assert.equal(status, 1);
      assert.match(stderr, /^wasm-bpf: [^\n]+\n$/, name);
    }
  });
});

test("BTF comes out of a Debian package", async (t) => {
  await withDirectory(async (directory) => {
    const tree = join(directory, "tree");
    mkdirSync(join(tree, "DEBIAN"), { recursive: true });
    // dpkg-deb wants this mode, whatever the umask is.
    chmodSync(join(tree, "DEBIAN"), 0o755);
    mkdirSync(join(tree, "boot"));
    writeFileSync(
      join(tree, "DEBIAN/control"),
      "Package: linux-image-test\nVersion: 1\nArchitecture: all\nMaintainer: t\nDescription: t\n",
    );
    writeFileSync(join(tree, "boot/vmlinuz-test"), bzImage(gzipSync(vmlinux(kernel("pid", "state")))));
    const path = join(directory, "linux-image-test.deb");
    const packed = spawnSync("dpkg-deb", ["--build", "--root-owner-group", tree, path], { encoding: "utf8" });
    if (packed.error !== undefined) {
      t.skip(`no package can be made: ${packed.error.message}`);
      return;
    }
    assert.equal(packed.status, 0, packed.stderr);
    const file = join(directory, "app.bpf.o");
    writeFileSync(file, object);
    const { status, stdout } = await runCli(["check", file, "--btf", path]);
    assert.deepEqual([status, stdout], [0, "linux-image-test.deb: ok, 4 needs, 3 moved\n"]);
  });
});

test("gen min_core_btf reduces what objects and modules need, damaged input is one line and status 1", async () => {
  await withDirectory(async (directory) => {
    const [file, module, out] = ["app.bpf.o", "app.wasm", "out.btf"].map((name) => join(directory, name));
    assert.ok(file !== undefined && module !== undefined && out !== undefined);
    writeFileSync(file, object);
    writeFileSync(
      module,
      compileGuest("int main(void) { return load(PTR(object), object_size) == 0; }", object),
    );
    for (const input of [file, module]) {
      const { status, stderr } = await runCli(["gen", "min_core_btf", "vmlinux", out, input]);
      assert.deepEqual([status, stderr], [0, ""]);
      const reduced = Btf.parse(new Uint8Array(readFileSync(out)));
      assert.ok(reduced.raw.length < 400);
      assert.equal((await runCli(["check", file, "--btf", out])).stdout.includes("reader: missing"), false);
    }
    writeFileSync(file, object.subarray(0, 500));
    const failed = await runCli(["gen", "min_core_btf", "vmlinux", out, file]);
    assert.equal(failed.status, 1);
    assert.match(failed.stderr, /^wasm-bpf: .*app\.bpf\.o: [^\n]*\n$/);
    const native = await runCli(["gen", "min_core_btf", "vmlinux", out, process.execPath]);
    assert.equal(native.status, 1);
    assert.match(
      native.stderr,
      /^wasm-bpf: .*: not a BPF object \([^\n]+\): ELF type \d, machine \d+ at offset 16\n$/,
    );
    assert.equal((await runCli(["gen", "min_core_btf", "vmlinux", out])).status, 2);
  });
});

test("build --embed-btf puts the needed types of kernels into the module", async () => {
  await withDirectory(async (directory) => {
    const project = join(directory, "project");
    mkdirSync(project);
    writeFileSync(
      join(project, "app.bpf.c"),
      `#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
struct task_struct { int pid; } __attribute__((preserve_access_index));
int pid;
SEC("raw_tp/sys_enter") int enter(void *ctx) {
  pid = BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), pid);
  return 0;
}
char LICENSE[] SEC("license") = "GPL";
`,
    );
    writeFileSync(
      join(project, "app.c"),
      '#include "app.skel.h"\nint main(void) { return !app_bpf__open_and_load(); }\n',
    );
    const btf = join(directory, "4.19.0-1-amd64.btf");
    writeFileSync(btf, kernel("pid", "state").raw);
    const build = async (): Promise<string> => {
      const args = ["build", "--embed-btf", btf, "--embed-btf", `5.4.0:aarch64=${btf}`, project];
      const { status, stderr } = await runCli(args);
      assert.equal(status, 0, stderr);
      return stderr;
    };
    await build();
    const module = join(project, "app.wasm");
    const found = embeddedBtfs(new Uint8Array(readFileSync(module)));
    assert.deepEqual(
      found.map(({ release, machine }) => [release, machine]),
      [
        ["4.19.0-1-amd64", ""],
        ["5.4.0", "aarch64"],
      ],
    );
    const task = [...Btf.parse(found[0]?.btf ?? new Uint8Array(0)).types()].find(
      ({ kind }) => kind === "struct",
    );
    assert.ok(task?.kind === "struct");
    assert.deepEqual(
      task.members.map(({ name }) => name),
      ["pid"],
    );
    const { stdout } = await runCli(["inspect", module]);
    assert.match(
      stdout,
      /types of kernel 4\.19\.0-1-amd64: \d+ B\n.*types of kernel 5\.4\.0 \(aarch64\): \d+ B\n/,
    );
    assert.match(await build(), /up to date/);
    writeFileSync(btf, kernel("other", "pid").raw);
    assert.match(await build(), /app\.wasm: built/);
    assert.ok(readdirSync(project).includes("app.wasm"));
    assert.equal((await runCli(["build", "--embed-btf", `=${btf}`, project])).status, 2);
  });
});
