import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { NoKernelBtfError } from "../../src/kernel/index.ts";
import { ESRCH } from "../../src/uapi/errno.ts";
import { AbiGuest } from "../support/abi-v2.ts";
import { GuestObjectFixture } from "../support/abi-v2-object.ts";
import { withDirectory } from "../support/compile.ts";
import { compileBpf } from "../support/compile-bpf.ts";
import { cli, compileGuest } from "../support/guest.ts";

const guest = compileGuest(
  `int main(int argc, char **argv) {
  if (argc > 1) return fopen(argv[1], "r") ? 0 : errno;
  uint64_t obj = load(PTR(object), object_size);
  return !obj ? 2 : attach(obj, PTR("on_mkdir"), 0) ? 3 : 0;
}`,
  compileBpf('SEC("tracepoint/syscalls/sys_enter_mkdirat") int on_mkdir(void *context) { return 0; }'),
);

const TRACING = "/sys/kernel/tracing";
/** In the place of tracefs, so that its modes can be changed for nobody else. */
const EVENT = `${TRACING}/events/syscalls/sys_enter_mkdirat`;
const standIn = `mount -t tmpfs tmpfs ${TRACING} && mkdir -p ${EVENT} && echo 1 > ${EVENT}/id`;
/** Root that can load programs, and read what root owns, but nothing that is closed to all. */
const FEW = ["setpriv", "--bounding-set=-all,+bpf,+perfmon", "--inh-caps=-all,+bpf,+perfmon"];

/** Runs the guest in a mount namespace that `setUp` has changed. */
function runAfter(
  setUp: string,
  args: readonly string[],
  prefix: readonly string[] = [],
): Promise<{ status: number | null; stderr: string }> {
  return withDirectory((directory) => {
    const module = join(directory, "guest.wasm");
    writeFileSync(module, guest);
    const words = args.map((word) => (word === "GUEST" ? module : word));
    const command = [...prefix, process.execPath, cli, ...words];
    const script = `${setUp} && exec "$@"`;
    const { status, stderr } = spawnSync("unshare", ["-m", "sh", "-c", script, "sh", ...command], {
      encoding: "utf8",
    });
    return { status, stderr };
  });
}

describe("a tracepoint", () => {
  test("whose number may not be read is not one that is missing", async () => {
    const { status, stderr } = await runAfter(`${standIn} && chmod 0 ${EVENT}/id`, ["GUEST"], FEW);
    assert.equal(status, 3, stderr);
    assert.match(stderr, /this user may not read tracefs, root may: open\(.*\/id\) failed with EACCES/);
  });

  test("in a tracefs that is closed is not one that is not mounted", async () => {
    const { status, stderr } = await runAfter(`${standIn} && chmod 0 ${TRACING}`, ["GUEST"], FEW);
    assert.equal(status, 3, stderr);
    assert.match(stderr, /this user may not read tracefs, root may: open\(\/sys\/kernel\/tracing\) failed/);
  });

  test("that cannot be found without /proc is not one that is missing", async () => {
    const gone = `{ umount -l ${TRACING}; umount -l /sys/kernel/debug/tracing; mount -t tmpfs tmpfs /proc; } 2>/dev/null`;
    const { status, stderr } = await runAfter(gone, ["GUEST"]);
    assert.equal(status, 3, stderr);
    assert.match(stderr, /neither tracefs nor \/proc is mounted \(mount -t proc proc \/proc\)\n$/);
  });
});

test("a directory that cannot be used without /proc is said to be so", async () => {
  const { status, stderr } = await runAfter("mount -t tmpfs tmpfs /proc", [
    "--dir",
    "/usr",
    "GUEST",
    "/usr/bin/env",
  ]);
  assert.equal(status, 1, stderr);
  assert.match(stderr, /^wasm-bpf: .*guest the directory "\/usr": \/proc is not mounted[^\n]*\n$/);
});

test("too few descriptors are said to be too few", async () => {
  const few = ["prlimit", "--nofile=19:19"];
  const { status, stderr } = await runAfter("true", ["GUEST"], few);
  assert.ok(status !== 0);
  assert.match(stderr, /too many open files|limit of open files/i);
  assert.doesNotMatch(stderr, / at .*:\d+:\d+/);
});

test("a kernel without types is said to be one, with what can be done", (t) => {
  const object = compileBpf(`
struct task_struct { int pid; } __attribute__((preserve_access_index));
SEC("raw_tp/task_newtask") int on_task(__u64 *context) { return BPF_CORE_READ((struct task_struct *)context[0], pid) < 0; }
`);
  const kernelBtf = (): never => {
    throw new NoKernelBtfError("This kernel has no BTF. Give it one with --btf FILE");
  };
  const { guest, handle } = new GuestObjectFixture(t, object, {}, new AbiGuest({ kernelBtf }));
  assert.equal(guest.call("object_load", handle), -ESRCH);
  assert.match(guest.lines, /libbpf: failed to find valid kernel BTF\n/);
  assert.match(guest.lines, /libbpf: This kernel has no BTF\. Give it one with --btf FILE\n/);
});
