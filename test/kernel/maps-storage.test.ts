import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync, statSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { type BpfMap, BpfObject, ProcessFd } from "../../src/ebpf/index.ts";
import { kernelVersion, versionCode } from "../../src/kernel/index.ts";
import { attachProgram } from "../../src/link/index.ts";
import { getSys } from "../../src/sys/index.ts";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import { BPF_CGROUP_INET_EGRESS, BPF_EXIST, BPF_NOEXIST } from "../../src/uapi/bpf.ts";
import { longs, u32, u64 } from "../support/bytes.ts";
import { TestCgroup } from "../support/cgroup.ts";
import { compileBpf } from "../support/compile-bpf.ts";
import { UdpReceiver } from "../support/udp.ts";
import { until } from "../support/until.ts";

failOnLeaks();

const STORAGE = (name: string, type: string): string => `
struct {
	__uint(type, ${type});
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u64);
} ${name} SEC(".maps");
`;

/** Echoes what it reads, so that it makes system calls when it is told to. */
class Echo {
  readonly child: ChildProcess = spawn("cat", { stdio: ["pipe", "pipe", "inherit"] });

  get pid(): number {
    assert.ok(this.child.pid !== undefined);
    return this.child.pid;
  }

  async say(): Promise<void> {
    assert.ok(this.child.stdin !== null && this.child.stdout !== null);
    this.child.stdin.write("x");
    await once(this.child.stdout, "data");
  }

  async end(): Promise<void> {
    const exit = once(this.child, "exit");
    this.child.kill("SIGKILL");
    await exit;
  }
}

/** The value of what a descriptor stands for, 0 when it has none. */
function countOf(map: BpfMap, fd: number): number {
  return longs(map.lookup(u32(fd)))?.[0] ?? 0;
}

/** What every storage map of things with descriptors does; `fd` is one that has no value yet. */
function checkOperations(map: BpfMap, fd: number): void {
  assert.equal(map.lookup(u32(fd)), undefined);
  assert.throws(() => map.update(u32(fd), u64(1), BigInt(BPF_EXIST)), { message: /ENOENT/ });
  map.update(u32(fd), u64(5), BigInt(BPF_NOEXIST));
  assert.throws(() => map.update(u32(fd), u64(6), BigInt(BPF_NOEXIST)), { message: /EEXIST/ });
  map.update(u32(fd), u64(7));
  assert.deepEqual(longs(map.lookup(u32(fd))), [7]);
  assert.ok(map.delete(u32(fd)));
  assert.equal(map.delete(u32(fd)), false);
  assert.throws(() => map.lookup(u32(0xffff_ffff)), { message: /EBADF/ });
  assert.throws(() => map.nextKey(), { code: "SYSCALL" });
}

test("a task's storage: the program counts for a process, read by the process's descriptor", async () => {
  const object = BpfObject.open(
    compileBpf(`${STORAGE("tasks", "BPF_MAP_TYPE_TASK_STORAGE")}
int target;
SEC("tp_btf/sys_enter") int count(void *ctx)
{
	__u64 *value;
	if (bpf_get_current_pid_tgid() >> 32 != target)
		return 0;
	value = bpf_task_storage_get(&tasks, bpf_get_current_task_btf(), 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (value)
		__sync_fetch_and_add(value, 1);
	return 0;
}`),
  );
  object.load();
  const echo = new Echo();
  try {
    const tasks = object.map("tasks");
    using own = new ProcessFd(process.pid);
    checkOperations(tasks, own.fd);
    using fd = new ProcessFd(echo.pid);
    assert.equal(tasks.lookup(u32(fd.fd)), undefined);
    object.map(".bss").update(u32(0), u32(echo.pid));
    using _link = attachProgram(object.program("count"));
    await echo.say();
    await until("it wrote and reads again", () => countOf(tasks, fd.fd) >= 2);
    assert.equal(tasks.lookup(u32(own.fd)), undefined);
    assert.throws(() => new ProcessFd(2 ** 22 + 1), { code: "SYSCALL", message: /pidfd_open failed with/ });
  } finally {
    await echo.end();
    object.close();
  }
});

test("a control group's storage: the program counts for the group of a process", async (context) => {
  if (kernelVersion() < versionCode(6, 2, 0)) {
    context.skip("storage of control groups needs Linux 6.2");
    return;
  }
  const object = BpfObject.open(
    compileBpf(`${STORAGE("groups", "32 /* BPF_MAP_TYPE_CGRP_STORAGE */")}
struct cgroup;
struct css_set { struct cgroup *dfl_cgrp; } __attribute__((preserve_access_index));
struct task_struct { struct css_set *cgroups; } __attribute__((preserve_access_index));
int target;
SEC("tp_btf/sys_enter") int count(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 *value;
	if (bpf_get_current_pid_tgid() >> 32 != target)
		return 0;
	value = bpf_cgrp_storage_get(&groups, task->cgroups->dfl_cgrp, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (value)
		__sync_fetch_and_add(value, 1);
	return 0;
}`),
  );
  object.load();
  const group = new TestCgroup("storage");
  const echo = new Echo();
  const fd = openSync(group.path, "r");
  try {
    const groups = object.map("groups");
    checkOperations(groups, fd);
    group.take(echo.pid);
    object.map(".bss").update(u32(0), u32(echo.pid));
    using _link = attachProgram(object.program("count"));
    await echo.say();
    await until("it wrote and reads again", () => countOf(groups, fd) >= 2);
  } finally {
    closeSync(fd);
    await echo.end();
    object.close();
    group.remove();
  }
});

/** The kernel's answer to a program that needs a trampoline, or `undefined` when it is loaded. */
function loadOrRefusal(object: BpfObject): string | undefined {
  try {
    object.load();
    return undefined;
  } catch (error) {
    const { message } = error as Error;
    if (/refuses programs that need a BPF trampoline/.test(message)) return message;
    throw error;
  }
}

/** Security modules that the kernel was booted with. */
function activeLsms(): string[] {
  const root = getSys().mountDetached("securityfs");
  assert.ok(root >= 0, `securityfs cannot be mounted: ${root}`);
  const modules = readFileSync(`/proc/self/fd/${root}/lsm`, "utf8").split(",");
  getSys().close(root);
  return modules;
}

test("a file's storage, by its descriptor; an LSM program counts how often it is opened", (context) => {
  const source = `${STORAGE("inodes", "BPF_MAP_TYPE_INODE_STORAGE")}
struct inode;
struct file { struct inode *f_inode; } __attribute__((preserve_access_index));
int target;
SEC("lsm/file_open") int BPF_PROG(opened, struct file *file)
{
	__u64 *value;
	if (bpf_get_current_pid_tgid() >> 32 != target)
		return 0;
	value = bpf_inode_storage_get(&inodes, file->f_inode, 0, 0);
	if (value)
		__sync_fetch_and_add(value, 1);
	return 0;
}`;
  const bytes = compileBpf(source);
  const fd = openSync(process.execPath, "r");
  try {
    using object = BpfObject.open(bytes);
    object.program("opened").autoload = false;
    object.load();
    checkOperations(object.map("inodes"), fd);
    using whole = BpfObject.open(bytes);
    const refusal = loadOrRefusal(whole);
    if (refusal !== undefined) {
      context.diagnostic(`only system calls were tried: ${refusal}`);
      return;
    }
    if (!activeLsms().includes("bpf")) {
      context.diagnostic("only system calls were tried: the kernel was booted without lsm=bpf");
      return;
    }
    whole.map(".bss").update(u32(0), u32(process.pid));
    whole.map("inodes").update(u32(fd), u64(0));
    using _link = attachProgram(whole.program("opened"));
    closeSync(openSync(process.execPath, "r"));
    closeSync(openSync(process.execPath, "r"));
    assert.deepEqual(longs(whole.map("inodes").lookup(u32(fd))), [2]);
  } finally {
    closeSync(fd);
  }
});

const SENDER = `
process.stdin.once("data", () => {
  const socket = require("node:dgram").createSocket("udp4");
  socket.send("x", Number(process.argv[1]), "127.0.0.1", () => socket.close(() => process.exit(0)));
});
process.stdout.write("ready");
`;

async function sendFrom(group: TestCgroup, port: number): Promise<void> {
  const child = spawn(process.execPath, ["-e", SENDER, String(port)], { stdio: ["pipe", "pipe", "inherit"] });
  await once(child.stdout, "data");
  group.take(child.pid ?? 0);
  const exit = once(child, "exit");
  child.stdin.write("go");
  assert.deepEqual(await exit, [0, null]);
}

test("the older storage of control groups, shared and per CPU, and a socket's storage", async (context: TestContext) => {
  const object = BpfObject.open(
    compileBpf(`
#define GROUP_STORAGE(name, kind) \\
	struct { \\
		__uint(type, kind); \\
		__type(key, struct bpf_cgroup_storage_key); \\
		__type(value, __u64); \\
	} name SEC(".maps")
GROUP_STORAGE(shared, BPF_MAP_TYPE_CGROUP_STORAGE);
GROUP_STORAGE(percpu, BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE);
${STORAGE("sockets", "BPF_MAP_TYPE_SK_STORAGE")}
SEC("cgroup_skb/egress") int sent(struct __sk_buff *skb)
{
	__u64 *value = bpf_get_local_storage(&shared, 0);
	__sync_fetch_and_add(value, 1);
	value = bpf_get_local_storage(&percpu, 0);
	*value += 1;
	return 1;
}`),
  );
  object.load();
  const senders = new TestCgroup("senders");
  context.after(() => senders.remove());
  const receiver = new UdpReceiver();
  try {
    checkOperations(object.map("sockets"), receiver.fd);
    using _sent = attachProgram(object.program("sent"), senders.path);
    for (let round = 0; round < 2; round++) {
      await sendFrom(senders, receiver.port);
      assert.equal(receiver.receive(), 1);
    }
    const [shared, percpu] = [object.map("shared"), object.map("percpu")];
    const key = new Uint8Array(shared.keySizeBytes);
    key.set(u64(statSync(senders.path, { bigint: true }).ino));
    key.set(u32(BPF_CGROUP_INET_EGRESS), 8);
    assert.deepEqual([...shared.keys()], [key], "one group, although the map is declared without a size");
    assert.deepEqual(longs(shared.lookup(key)), [2]);
    const counts = longs(percpu.lookup(key)) ?? [];
    assert.equal(counts.length, percpu.valueSizeBytes / 8);
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      2,
    );
    shared.update(key, u64(40), BigInt(BPF_EXIST));
    await sendFrom(senders, receiver.port);
    assert.deepEqual(longs(shared.lookup(key)), [41]);
  } finally {
    receiver[Symbol.dispose]();
    object.close();
  }
});
