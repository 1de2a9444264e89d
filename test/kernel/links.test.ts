import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { BpfObject } from "../../src/ebpf/index.ts";
import { functionFileOffset, parseElf } from "../../src/elf/index.ts";
import { haveUprobeMultiLink, kernelVersion, versionCode } from "../../src/kernel/index.ts";
import { attachObject, attachProgram, createIterator, type Link } from "../../src/link/index.ts";
import { withTracefs } from "../../src/link/tracefs.ts";
import { failOnLeaks, openFds } from "../../src/sys/leaks.ts";
import { compileBpf } from "../support/compile-bpf.ts";
import { compileProgram } from "../support/compile-program.ts";
import { MAP_ITERATOR, mapIteratorRefusal } from "../support/map-iterator.ts";
import { TestObject } from "../support/test-object.ts";
import { until } from "../support/until.ts";

failOnLeaks();

/** Programs that count what the process `target` does, each in its own variable. */
const PROGRAMS = compileBpf(`
#include <asm/ptrace.h>
struct task_struct { int pid; int tgid; char comm[16]; } __attribute__((preserve_access_index));
struct seq_file;
struct bpf_iter_meta { struct seq_file *seq; } __attribute__((preserve_access_index));
struct bpf_iter__task { struct bpf_iter_meta *meta; struct task_struct *task; } __attribute__((preserve_access_index));

__u32 target;
long tracepoint_count, raw_count, typed_count, probe_count, return_sum, sample_count, packet_count, socket_count;
__u64 cookie;
__u32 child;

static int is_target(void) { return (bpf_get_current_pid_tgid() >> 32) == target; }

SEC("tp/sched/sched_process_fork") int on_tracepoint(void *ctx) {
  if (is_target()) { __sync_fetch_and_add(&tracepoint_count, 1); cookie = bpf_get_attach_cookie(ctx); }
  return 0;
}
SEC("raw_tp/sched_process_fork") int on_raw(void *ctx) {
  if (is_target()) __sync_fetch_and_add(&raw_count, 1);
  return 0;
}
SEC("tp_btf/sched_process_fork") int BPF_PROG(on_typed, struct task_struct *parent, struct task_struct *made) {
  if (parent->tgid == target) { __sync_fetch_and_add(&typed_count, 1); child = made->pid; }
  return 0;
}
SEC("iter/task") int on_task(struct bpf_iter__task *ctx) {
  struct task_struct *task = ctx->task;
  if (task) BPF_SEQ_PRINTF(ctx->meta->seq, "%d %s\\n", task->tgid, task->comm);
  return 0;
}
SEC("uprobe") int on_call(void *ctx) { __sync_fetch_and_add(&probe_count, 1); cookie = bpf_get_attach_cookie(ctx); return 0; }
SEC("uretprobe") int BPF_KRETPROBE(on_return, int result) { __sync_fetch_and_add(&return_sum, result); return 0; }
SEC("perf_event") int on_sample(void *ctx) { if (is_target()) __sync_fetch_and_add(&sample_count, 1); return 0; }
SEC("socket") int drop(struct __sk_buff *skb) { __sync_fetch_and_add(&packet_count, 1); return 0; }
SEC("cgroup/sock_create") int no_sockets(void *ctx) { __sync_fetch_and_add(&socket_count, 1); return 0; }
SEC("cgroup_skb/egress") int no_packets(struct __sk_buff *skb) { __sync_fetch_and_add(&packet_count, 1); return 0; }
SEC("kprobe/do_unlinkat") int on_function(void *ctx) { return 0; }
SEC("xdp") int on_frame(void *ctx) { __sync_fetch_and_add(&packet_count, 1); return 2; }
SEC("syscall") int on_request(void *ctx) { return 0; }
SEC("uprobe.multi") int on_calls(void *ctx) { __sync_fetch_and_add(&probe_count, 1); cookie = bpf_get_attach_cookie(ctx); return 0; }
SEC("uretprobe.multi") int on_returns(void *ctx) { __sync_fetch_and_add(&return_sum, 1); return 0; }
`);

/** Loads some of the programs; closed when the test ends. */
function load(context: TestContext, ...names: string[]): BpfObject {
  const object = BpfObject.open(PROGRAMS, { name: "links" });
  context.after(() => object.close());
  for (const program of object.programs.values()) program.autoload = names.includes(program.name);
  setVariable(object, "target", process.pid);
  object.load();
  return object;
}

function place(object: BpfObject, name: string): { map: string; offset: number; size: number } {
  for (const { name: map, internal } of object.spec.maps) {
    const variable = internal?.variables.find((one) => one.name === name);
    if (variable !== undefined) return { map, offset: variable.offsetBytes, size: variable.sizeBytes };
  }
  throw new Error(`no variable ${name}`);
}

function setVariable(object: BpfObject, name: string, value: number): void {
  const { map, offset } = place(object, name);
  const initial = object.map(map).initialValue;
  assert.ok(initial !== undefined);
  new DataView(initial.buffer, initial.byteOffset).setUint32(offset, value, true);
}

function variable(object: BpfObject, name: string): number {
  const { map, offset, size } = place(object, name);
  const value = object.map(map).lookup(new Uint8Array(4));
  assert.ok(value !== undefined);
  const view = new DataView(value.buffer, value.byteOffset);
  return size === 4 ? view.getUint32(offset, true) : Number(view.getBigInt64(offset, true));
}

function runChild(): number {
  const { pid, status } = spawnSync("/bin/true");
  assert.equal(status, 0);
  return pid;
}

/** Attaches, checks that what \`fire\` does is counted, and that nothing is after the link is closed. */
function checkCounts(object: BpfObject, name: string, counter: string): void {
  const link = attachProgram(object.program(name));
  runChild();
  const counted = variable(object, counter);
  assert.ok(counted >= 1, `${counted} events`);
  link.close();
  link.close();
  runChild();
  assert.equal(variable(object, counter), counted);
}

test("tracepoint: counts until it is closed, where tracefs is mounted nowhere", (context) => {
  checkCounts(load(context, "on_tracepoint"), "on_tracepoint", "tracepoint_count");
});

test("tracepoint: a target given wins over the section, a cookie reaches the program", (context) => {
  const object = load(context, "on_tracepoint");
  using _link = attachProgram(object.program("on_tracepoint"), "sched:sched_process_fork", { cookie: 77n });
  runChild();
  assert.equal(variable(object, "cookie"), 77);
});

test("tracepoint: one that is not there, or is written wrong, is named", (context) => {
  const program = load(context, "on_tracepoint").program("on_tracepoint");
  assert.throws(() => attachProgram(program, "sched:no_such_event"), {
    code: "NOT_FOUND",
    message:
      'Cannot attach program "on_tracepoint" to sched:no_such_event: this kernel has no tracepoint sched:no_such_event',
  });
  assert.throws(() => attachProgram(program, "sched"), { code: "INVALID_ARGUMENT" });
});

test("raw tracepoint: counts until it is closed", (context) => {
  const object = load(context, "on_raw");
  checkCounts(object, "on_raw", "raw_count");
  assert.throws(() => attachProgram(object.program("on_raw"), "no_such_event"), { code: "NOT_FOUND" });
});

test("tp_btf: reads typed arguments", (context) => {
  const object = load(context, "on_typed");
  const link = attachProgram(object.program("on_typed"));
  const pid = runChild();
  assert.equal(variable(object, "child"), pid);
  link.detach();
  runChild();
  assert.equal(variable(object, "child"), pid);
  assert.throws(() => attachProgram(object.program("on_typed"), "sched_switch"), {
    code: "INVALID_ARGUMENT",
    message: /was loaded for sched_process_fork/,
  });
});

test("iterator: each stream runs the program over all tasks", (context) => {
  const object = load(context, "on_task");
  using link = attachProgram(object.program("on_task"));
  for (let run = 0; run < 2; run++) {
    using stream = createIterator(link);
    assert.ok(
      stream
        .text()
        .split("\n")
        .some((line) => line.startsWith(`${process.pid} `)),
    );
  }
  using only = attachProgram(object.program("on_task"), "", { iterator: { pid: process.pid } });
  using stream = createIterator(only);
  const lines = stream.text().trim().split("\n");
  assert.ok(lines.length > 1);
  for (const line of lines) assert.ok(line.startsWith(`${process.pid} `), line);
});

test("iterator: over the elements of a map", { skip: mapIteratorRefusal() }, (context) => {
  const { object } = TestObject.load(context, MAP_ITERATOR);
  const mapFd = object.map("numbers").fd;
  using link = attachProgram(object.program("on_element"), "", { iterator: { mapFd } });
  using stream = createIterator(link);
  assert.deepEqual([...new Uint32Array(stream.readAll().slice().buffer)], [0, 1, 2]);
});

/** A program whose function can be probed. */
function probedProgram(directory: string, ...options: string[]): string {
  const compiled = compileProgram(
    `#include <stdlib.h>
    __attribute__((noinline)) int probed(int x) { __asm__ volatile("" : "+r"(x)); return x * 2; }
    __attribute__((noinline)) int probed2(int x) { __asm__ volatile("" : "+r"(x)); return x + 1; }
    int main(int c, char **v) { for (int i = 1; i <= atoi(v[c - 1]); i++) probed(probed2(i) - 1); return 0; }`,
    options,
  );
  const binary = join(directory, "probe-target");
  copyFileSync(compiled, binary);
  return binary;
}

const directory = mkdtempSync(join(tmpdir(), "links-"));
after(() => rmSync(directory, { recursive: true }));

test("uprobe and uretprobe: see the calls of a program's function and their results", (context) => {
  const binary = probedProgram(directory);
  const object = load(context, "on_call", "on_return");
  const links = [
    attachProgram(object.program("on_call"), `${binary}:probed`, { cookie: 5n }),
    attachProgram(object.program("on_return"), `${binary}:probed`),
  ];
  execFileSync(binary, ["4"]);
  assert.equal(variable(object, "probe_count"), 4);
  assert.equal(variable(object, "return_sum"), 20);
  assert.equal(variable(object, "cookie"), 5);
  for (const link of links) link.close();
  execFileSync(binary, ["3"]);
  assert.equal(variable(object, "probe_count"), 4);
});

test("uprobe.multi: sees the calls of all functions that match", (context) => {
  if (!haveUprobeMultiLink()) {
    assert.ok(kernelVersion() < versionCode(6, 6, 0));
    context.skip("this kernel is older than 6.6");
    return;
  }
  const binary = probedProgram(directory);
  const object = load(context, "on_calls", "on_returns");
  const links = [
    attachProgram(object.program("on_calls"), `${binary}:*robed?`, { cookie: 9n }),
    attachProgram(object.program("on_returns"), `${binary}:probed*`),
  ];
  execFileSync(binary, ["3"]);
  assert.equal(variable(object, "probe_count"), 3);
  assert.equal(variable(object, "return_sum"), 6);
  assert.equal(variable(object, "cookie"), 9);
  for (const link of links) link.close();
  execFileSync(binary, ["1"]);
  assert.equal(variable(object, "return_sum"), 6);
  assert.throws(() => attachProgram(object.program("on_calls"), `${binary}:no*function`), {
    code: "NOT_FOUND",
  });
});

for (const mode of ["link", "perf", "legacy"] as const) {
  test(`uprobe: attached in the way "${mode}", it counts until it is closed`, (context) => {
    const binary = probedProgram(directory);
    const object = load(context, "on_call", "on_return", "on_tracepoint");
    const links = [
      attachProgram(object.program("on_call"), `${binary}:probed`, { mode }),
      attachProgram(object.program("on_return"), `${binary}:probed`, { mode }),
      attachProgram(object.program("on_tracepoint"), "", { mode }),
    ];
    for (const link of links) assert.equal(link.fd !== undefined, mode === "link");
    execFileSync(binary, ["2"]);
    for (const link of links) link.close();
    execFileSync(binary, ["1"]);
    assert.equal(variable(object, "probe_count"), 2);
    assert.equal(variable(object, "return_sum"), 6);
    assert.ok(variable(object, "tracepoint_count") >= 1);
  });
}

test("uprobe: a path with white space and a number sign is as good as another, in each way", (context) => {
  const folder = join(directory, "a folder\twith #4");
  mkdirSync(folder);
  const binary = join(folder, "probed");
  copyFileSync(probedProgram(directory), binary);
  const object = load(context, "on_call");
  for (const mode of ["link", "perf", "legacy"] as const) {
    const before = variable(object, "probe_count");
    const link = attachProgram(object.program("on_call"), `${binary}:probed`, { mode });
    execFileSync(binary, ["2"]);
    link.close();
    execFileSync(binary, ["1"]);
    assert.equal(variable(object, "probe_count"), before + 2, mode);
  }
});

test("legacy probes leave no definition in tracefs, also when the kernel refuses the program", (context) => {
  const binary = probedProgram(directory);
  const object = load(context, "on_call");
  // Other processes have some, too.
  const definitions = (): string[] =>
    withTracefs("Cannot look", (root) => readFileSync(`${root}/uprobe_events`, "utf8"))
      .split("\n")
      .filter((line) => line.includes(`/wasm_bpf_${process.pid}_`));
  const link = attachProgram(object.program("on_call"), `${binary}:probed`, { mode: "legacy" });
  assert.equal(definitions().length, 1);
  link.close();
  assert.throws(
    () => attachProgram(object.program("on_call"), `${binary}:probed`, { mode: "legacy", cookie: 1n }),
    {
      code: "NOT_SUPPORTED",
    },
  );
  assert.deepEqual(definitions(), []);
});

test("uprobe: by offset in the file, by name in PATH, in a stripped program only by offset", (context) => {
  const offset = functionFileOffset(parseElf(readFileSync(probedProgram(directory))), "probed")?.toString(16);
  assert.ok(offset !== undefined);
  const object = load(context, "on_call");
  const program = object.program("on_call");
  // The same code at the same place, without symbols.
  const binary = probedProgram(directory, "-s");
  assert.throws(() => attachProgram(program, `${binary}:probed`), {
    code: "NOT_FOUND",
    message: /no function probed/,
  });
  attachProgram(program, `${binary}:0x${offset}`).close();
  const path = process.env.PATH;
  process.env.PATH = directory;
  try {
    using _link = attachProgram(program, `probe-target:0x${offset}`);
    execFileSync(binary, ["2"]);
  } finally {
    if (path !== undefined) process.env.PATH = path;
  }
  assert.equal(variable(object, "probe_count"), 2);
});

test("uprobe: a function of a library, found without a path, of one process only", (context) => {
  const object = load(context, "on_call");
  using _link = attachProgram(object.program("on_call"), "libc.so.6:getpid", { pid: process.pid });
  assert.throws(() => attachProgram(object.program("on_call"), "libc.so.6:no_such_function"), {
    code: "NOT_FOUND",
  });
  assert.throws(() => attachProgram(object.program("on_call"), "no-such-binary:x"), { code: "NOT_FOUND" });
  assert.throws(() => attachProgram(object.program("on_call")), {
    code: "INVALID_ARGUMENT",
    message: /its section "uprobe" names no target; give a function as binary:symbol/,
  });
});

test("perf event: samples this process", (context) => {
  const object = load(context, "on_sample");
  const link = attachProgram(object.program("on_sample"), "", { perfEvent: { frequencyHz: 1000 } });
  while (variable(object, "sample_count") < 3);
  link.close();
  using _own = attachProgram(object.program("on_sample"), "", {
    pid: process.pid,
    perfEvent: { period: 1_000_000 },
  });
  const before = variable(object, "sample_count");
  while (variable(object, "sample_count") <= before);
});

/** Descriptors of sockets; Node tells none. */
function socketFds(): number[] {
  return [...openFds()].filter(([, what]) => what.startsWith("socket:")).map(([fd]) => fd);
}

test("socket filter: decides what a socket gets, until it is closed", async (context) => {
  const object = load(context, "drop");
  const others = socketFds();
  const receiver = createSocket("udp4");
  const sender = createSocket("udp4");
  try {
    receiver.bind(0, "127.0.0.1");
    await once(receiver, "listening");
    const [fd] = socketFds().filter((one) => !others.includes(one));
    assert.ok(fd !== undefined);
    const { port } = receiver.address();
    const link = attachProgram(object.program("drop"), "", { targetFd: fd });
    const send = (text: string): Promise<void> =>
      new Promise((resolve) => sender.send(text, port, "127.0.0.1", () => resolve()));
    await send("dropped");
    await until("a run of the filter", () => variable(object, "packet_count") === 1);
    link.close();
    await send("received");
    const [message] = await once(receiver, "message");
    assert.equal(String(message), "received");
    assert.throws(() => attachProgram(object.program("drop")), {
      code: "INVALID_ARGUMENT",
      message: /needs the fd of a socket/,
    });
  } finally {
    receiver.close();
    sender.close();
  }
});

const cgroups = /^\S+ (\S+) cgroup2 /m.exec(readFileSync("/proc/mounts", "utf8"))?.[1] ?? "/sys/fs/cgroup";
const cgroup = `${cgroups}/wasm-bpf-links-test`;

test("cgroup: forbids sockets and packets to the processes of a control group", (context) => {
  mkdirSync(cgroup);
  try {
    const object = load(context, "no_sockets", "no_packets");
    const inCgroup = (script: string): number | null =>
      spawnSync("sh", [
        "-c",
        `echo $$ > ${cgroup}/cgroup.procs && exec "$0" -e "$1"`,
        process.execPath,
        script,
      ]).status;
    const openSocket = `
      const socket = require("node:dgram").createSocket("udp4");
      socket.on("error", () => process.exit(3));
      socket.send("x", 9, "127.0.0.1", (error) => process.exit(error ? 4 : 0));`;
    assert.equal(inCgroup(openSocket), 0);
    const sockets = attachProgram(object.program("no_sockets"), cgroup);
    assert.notEqual(inCgroup(openSocket), 0);
    assert.ok(variable(object, "socket_count") >= 1);
    sockets.close();
    assert.equal(inCgroup(openSocket), 0);
    using _packets = attachProgram(object.program("no_packets"), cgroup);
    inCgroup(openSocket);
    assert.ok(variable(object, "packet_count") >= 1);
    assert.throws(() => attachProgram(object.program("no_packets"), "/tmp"), {
      code: "INVALID_ARGUMENT",
      message: /no directory in a cgroup2 file system/,
    });
  } finally {
    rmdirSync(cgroup);
  }
});

test("kprobe: without kprobes in the kernel the error says so", (context) => {
  const kernelHas = spawnSync("test", ["-e", "/sys/bus/event_source/devices/kprobe"]).status === 0;
  if (kernelHas) {
    context.skip("this kernel has kprobes; the virtual machines show them");
    return;
  }
  const object = load(context, "on_function");
  assert.throws(() => attachProgram(object.program("on_function")), {
    code: "NOT_SUPPORTED",
    message: /this kernel has no kprobes/,
  });
});

test("a kind of program that cannot be attached is named with its section", (context) => {
  const object = load(context, "on_request");
  assert.throws(() => attachProgram(object.program("on_request")), {
    code: "NOT_SUPPORTED",
    message: 'Cannot attach program "on_request": programs of section "syscall" cannot be attached',
  });
  assert.throws(() => attachProgram(object.program("on_raw")), { code: "CLOSED" });
});

test("an object attaches its programs that name a target, and closes their links", (context) => {
  const object = load(context, "on_tracepoint", "on_raw", "on_typed", "on_call", "on_sample");
  object.program("on_raw").autoattach = false;
  const links = attachObject(object);
  assert.deepEqual(
    links.map((link) => (link as Link).program.name),
    ["on_tracepoint", "on_typed"],
  );
  runChild();
  assert.ok(variable(object, "tracepoint_count") >= 1);
  assert.equal(variable(object, "raw_count"), 0);
});

test("when one program cannot be attached, the others are taken off again", (context) => {
  const object = load(context, "on_tracepoint", "on_function");
  if (spawnSync("test", ["-e", "/sys/bus/event_source/devices/kprobe"]).status === 0) {
    context.skip("this kernel has kprobes, so nothing fails here");
    return;
  }
  assert.throws(() => attachObject(object), { code: "NOT_SUPPORTED" });
  runChild();
  assert.equal(variable(object, "tracepoint_count"), 0);
});
