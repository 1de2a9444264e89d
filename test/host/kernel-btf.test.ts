import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { machine, release } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Btf } from "../../src/btf/index.ts";
import { kernelBtf } from "../../src/kernel/index.ts";
import { embedBtf } from "../../src/object/index.ts";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import { btfOf, int, member, struct } from "../support/btf-sample.ts";
import { withDirectory } from "../support/compile.ts";
import { compileBpf } from "../support/compile-bpf.ts";
import { cli, compileGuest, type GuestRun, runCli, runGuest } from "../support/guest.ts";

failOnLeaks();

const object = compileBpf(`
struct task_struct { int pid; } __attribute__((preserve_access_index));
int offset;
SEC("raw_tp/sys_enter") int enter(void *ctx) {
  offset = __builtin_preserve_field_info(((struct task_struct *)0)->pid, 0);
  return 0;
}`);
/** Prints the offset that its program was given. */
const guest = compileGuest(
  `int main(void) {
  uint64_t obj = load(PTR(object), object_size);
  if (!obj || attach(obj, PTR("enter"), 0)) return 1;
  int key = 0, offset = 0;
  while (!offset) if (map_operate(map_fd(obj, PTR(".bss")), 1, PTR(&key), PTR(&offset), 0, 0)) return 2;
  printf("%d", offset);
  return 0;
}`,
  object,
);

/** Types of a kernel that has pid somewhere else. */
function otherKernel(offsetBytes: number): Btf {
  return btfOf([int("int", 4), struct("task_struct", 8192, [member("pid", 1, offsetBytes * 8)])]);
}

function kernelOffset(): string {
  const btf = kernelBtf();
  const type = btf.type(btf.find("task_struct", "struct") ?? 0);
  assert.ok(type.kind === "struct");
  return String((type.members.find(({ name }) => name === "pid")?.offsetBits ?? 0) / 8);
}

test("relocations are resolved against the running kernel, or against the BTF that is given", () => {
  assert.equal(runGuest(guest).stdout, kernelOffset());
  assert.equal(runGuest(guest, { kernelBtf: otherKernel(4096).raw }).stdout, "4096");
  const nothing = runGuest(guest, { kernelBtf: btfOf([int("int", 4)]).raw });
  assert.equal(nothing.status, 1);
  assert.match(nothing.stderr, /the kernel has no struct task_struct/);
  const damaged = runGuest(guest, { kernelBtf: Uint8Array.of(1, 2, 3) });
  assert.equal(damaged.status, 1);
});

test("the command line takes the BTF from a file, named by an option or the environment", async () => {
  await withDirectory(async (directory) => {
    const module = join(directory, "guest.wasm");
    const btf = join(directory, "other.btf");
    writeFileSync(module, guest);
    writeFileSync(btf, otherKernel(2048).raw);
    assert.equal((await runCli(["run", "--btf", btf, module])).stdout, "2048");
    assert.equal((await runCli([module], "", { env: { ...process.env, WASM_BPF_BTF: btf } })).stdout, "2048");
    const missing = await runCli(["--btf", join(directory, "none"), module]);
    assert.equal(missing.status, 1);
    assert.match(missing.stderr, /^wasm-bpf: cannot read ".*none": there is no such file\n$/);
  });
});

/** Runs a module where the kernel's BTF cannot be seen. */
function runWithoutKernelBtf(module: string, ...options: string[]): GuestRun | string {
  const hidden = 'mount -t tmpfs none /sys/kernel/btf || exit 77; exec "$@"';
  const args = ["--mount", "sh", "-c", hidden, "sh", process.execPath, cli, ...options, module];
  const { status, stdout, stderr, error } = spawnSync("unshare", args, { encoding: "utf8" });
  if (error !== undefined) return `cannot start unshare: ${error.message}`;
  if (status === 77) return `cannot hide the kernel's BTF: ${stderr.trim()}`;
  return { status: status ?? -1, stdout, stderr };
}

test("on a kernel without BTF, what the module carries for it is used", async (t) => {
  await withDirectory((directory) => {
    const write = (name: string, bytes: Uint8Array): string => {
      writeFileSync(join(directory, name), bytes);
      return join(directory, name);
    };
    const embed = (module: Uint8Array, forRelease: string, forMachine: string, offset: number): Uint8Array =>
      embedBtf(module, { release: forRelease, machine: forMachine }, otherKernel(offset));
    const others = embed(guest, "4.19.0-1", "", 100);
    const bare = runWithoutKernelBtf(write("bare.wasm", guest));
    if (typeof bare === "string") {
      t.skip(bare);
      return;
    }
    assert.equal(bare.status, 1);
    assert.match(bare.stderr, /has no BTF, and the module carries none\. Give it one with --btf FILE/);
    const run = (module: Uint8Array, ...options: string[]): GuestRun => {
      const outcome = runWithoutKernelBtf(write("module.wasm", module), ...options);
      return typeof outcome === "string" ? assert.fail(outcome) : outcome;
    };
    assert.match(run(others).stderr, /carries only that of 4\.19\.0-1\./);
    const fitting = embed(others, release(), "", 200);
    assert.equal(run(fitting).stdout, "200");
    assert.equal(run(embed(fitting, release(), machine(), 300)).stdout, "300");
    assert.equal(run(fitting, "--btf", write("given.btf", otherKernel(400).raw)).stdout, "400");
    // Where the kernel has BTF, its own is right.
    assert.equal(runGuest(fitting).stdout, kernelOffset());
  });
});
