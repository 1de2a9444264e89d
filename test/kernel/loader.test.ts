import assert from "node:assert/strict";
import { test } from "node:test";
import { BpfObject, type BpfProgram, VerifierError } from "../../src/ebpf/index.ts";
import { WasmBpfError } from "../../src/internal/index.ts";
import { kernelVersion, lookupKernelSymbols, versionCode } from "../../src/kernel/index.ts";
import { getSys, SystemCallError } from "../../src/sys/index.ts";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import { compileBpf } from "../support/compile-bpf.ts";

failOnLeaks();

function open(source: string, options: Parameters<typeof BpfObject.open>[1] = {}): BpfObject {
  return BpfObject.open(compileBpf(source), { name: "test", ...options });
}

/** Runs a socket filter on a packet of zeros. */
function run(program: BpfProgram): number {
  return program.testRun({ data: new Uint8Array(64) }).returnValue;
}

/** Value of the 32-bit variable at the start of a map of variables. */
function firstWord(object: BpfObject, map: string): number {
  const value = object.map(map).lookup(new Uint8Array(4));
  assert.ok(value);
  return new DataView(value.buffer).getUint32(0, true);
}

test("programs of many types load", () => {
  using object = open(`
SEC("socket") int do_socket(struct __sk_buff *skb) { return 0; }
SEC("xdp") int do_xdp(struct xdp_md *ctx) { return XDP_PASS; }
SEC("xdp.frags") int do_xdp_frags(struct xdp_md *ctx) { return XDP_PASS; }
SEC("tc") int do_tc(struct __sk_buff *skb) { return 0; }
SEC("tp/sched/sched_process_exec") int do_tp(void *ctx) { return 0; }
SEC("raw_tp/sched_process_exec") int do_raw_tp(void *ctx) { return 0; }
SEC("tp_btf/sched_process_exec") int do_tp_btf(void *ctx) { return 0; }
SEC("iter/task") int do_iter(void *ctx) { return 0; }
SEC("iter.s/task") int do_iter_sleepable(void *ctx) { return 0; }
SEC("kprobe/do_exit") int do_kprobe(void *ctx) { return 0; }
SEC("uprobe.s") int do_uprobe(void *ctx) { return 0; }
SEC("perf_event") int do_perf_event(void *ctx) { return 0; }
SEC("cgroup/connect4") int do_connect4(void *ctx) { return 1; }
SEC("cgroup_skb/egress") int do_egress(void *ctx) { return 1; }
SEC("cgroup/dev") int do_dev(void *ctx) { return 1; }
SEC("sockops") int do_sockops(void *ctx) { return 1; }
SEC("syscall") int do_syscall(void *ctx) { return 0; }
`);
  object.load();
  assert.equal(object.programs.size, 17);
  for (const program of object.programs.values()) {
    const info = program.info();
    assert.equal(info.type, program.type, program.name);
    assert.equal(info.name, program.name.slice(0, 15));
    assert.ok(info.instructionCount > 0 && info.id > 0 && info.btfId > 0);
    assert.match(info.tag, /^[0-9a-f]{16}$/);
  }
  assert.ok(object.program("do_tp_btf").attachBtfId > 0);
  assert.ok(object.program("do_iter").attachBtfId > 0);
  assert.equal(object.program("do_socket").attachBtfId, 0);
});

test("variables of every section reach the program and come back", () => {
  using object = open(`
const volatile int limit = 5;
int count = 40;
int sum;
static int hidden = 3;
SEC(".data.other") int other = 7;
SEC("socket") int prog(struct __sk_buff *skb)
{
	sum = limit + count + hidden + other;
	count++;
	hidden++;
	return sum;
}
`);
  const rodata = object.map(".rodata").initialValue;
  assert.ok(rodata);
  assert.equal(rodata.length, 4);
  rodata[0] = 50;
  assert.throws(() => object.map(".rodata").fd, { code: "CLOSED" });
  object.load();
  assert.equal(run(object.program("prog")), 50 + 40 + 3 + 7);
  assert.equal(firstWord(object, ".bss"), 100);
  assert.equal(firstWord(object, ".data.other"), 7);
  assert.equal(run(object.program("prog")), 102);

  const mapping = object.map(".bss").mmap();
  const live = new DataView(mapping);
  assert.equal(live.byteLength, 4096);
  assert.equal(live.getUint32(0, true), 102);
  run(object.program("prog"));
  assert.equal(live.getUint32(0, true), 104);
  getSys().munmap(mapping);
  const name = object.map(".bss").info().name;
  assert.equal(name, "test.bss");
  assert.equal(object.map("test.bss"), object.map(".bss"));

  // Read-only data is frozen, and never mapped.
  assert.throws(() => object.map(".rodata").update(new Uint8Array(4), new Uint8Array(4)), SystemCallError);
  assert.throws(() => object.map(".rodata").mmap(), { code: "NOT_SUPPORTED" });
  assert.throws(() => object.map(".bss").configure({ maxEntries: 2 }), { code: "INVALID_ARGUMENT" });
});

test("calls of global and static functions, function pointers, and their debug information", () => {
  using object = open(`
static __noinline int twice(int x) { return x * 2; }
__noinline int thrice(int x) { return x * 3; }
static int visit(__u32 index, void *ctx) { *(int *)ctx += index; return 0; }
SEC("socket") int prog(struct __sk_buff *skb)
{
	int sum = 0;
	bpf_loop(5, visit, &sum, 0);
	return twice(skb->len) + thrice(skb->len) + sum;
}
SEC("socket") int other(struct __sk_buff *skb) { return thrice(skb->len); }
`);
  object.load();
  const length = 64 - 14;
  assert.equal(run(object.program("prog")), length * 5 + 10);
  assert.equal(run(object.program("other")), length * 3);
});

test("kconfig variables", () => {
  const source = `
extern int LINUX_KERNEL_VERSION __kconfig;
extern _Bool LINUX_HAS_BPF_COOKIE __kconfig;
extern _Bool LINUX_HAS_SYSCALL_WRAPPER __kconfig;
extern _Bool CONFIG_BPF_SYSCALL __kconfig;
extern enum libbpf_tristate CONFIG_BPF __kconfig;
extern int CONFIG_HZ __kconfig;
extern char CONFIG_DEFAULT_HOSTNAME[16] __kconfig;
extern int CONFIG_NO_SUCH_THING __kconfig __weak;
extern _Bool LINUX_HAS_NO_SUCH_THING __kconfig __weak;
int version, bits, hz, host, missing;
SEC("socket") int prog(struct __sk_buff *skb)
{
	version = LINUX_KERNEL_VERSION;
	bits = LINUX_HAS_BPF_COOKIE | (LINUX_HAS_SYSCALL_WRAPPER << 1) | (CONFIG_BPF_SYSCALL << 2) |
	       ((CONFIG_BPF == TRI_YES) << 3);
	hz = CONFIG_HZ;
	host = CONFIG_DEFAULT_HOSTNAME[0];
	missing = CONFIG_NO_SUCH_THING + LINUX_HAS_NO_SUCH_THING;
	return version == 0;
}`;
  using object = open(source, { kconfig: 'CONFIG_HZ=0x1f4\nCONFIG_DEFAULT_HOSTNAME="zebra"\n' });
  object.load();
  assert.equal(run(object.program("prog")), 0);
  const bss = object.map(".bss");
  const value = bss.lookup(new Uint8Array(4));
  assert.ok(value);
  const words = new DataView(value.buffer);
  const read = (name: string): number => {
    const variable = bss.spec.internal?.variables.find((variable) => variable.name === name);
    assert.ok(variable);
    return words.getUint32(variable.offsetBytes, true);
  };
  assert.equal(read("version"), kernelVersion());
  assert.equal(read("bits") & 0b1101, 0b1101);
  assert.equal(read("hz"), 500);
  assert.equal(read("host"), "z".charCodeAt(0));
  assert.equal(read("missing"), 0);

  const strict = open(`
extern int CONFIG_NO_SUCH_THING __kconfig;
SEC("socket") int prog(void *ctx) { return CONFIG_NO_SUCH_THING; }`);
  assert.throws(() => strict.load(), { code: "NOT_FOUND", message: /no CONFIG_NO_SUCH_THING.*__weak/ });
  const misfit = open(
    `
extern _Bool CONFIG_HZ __kconfig;
SEC("socket") int prog(void *ctx) { return CONFIG_HZ; }`,
  );
  assert.throws(() => misfit.load(), { code: "INVALID_ARGUMENT", message: /CONFIG_HZ=\d+ does not fit/ });
});

test("kernel symbols: untyped, weak and missing", () => {
  using object = open(`
extern const void do_exit __ksym;
extern const void no_such_symbol __ksym __weak;
extern const int no_such_variable __ksym __weak;
__u64 address;
int missing;
SEC("syscall") int prog(void *ctx)
{
	address = (__u64)&do_exit;
	missing = (&no_such_symbol != 0) + (&no_such_variable != 0);
	return 0;
}`);
  object.load();
  object.program("prog").testRun();
  const value = object.map(".bss").lookup(new Uint8Array(4));
  const expected = lookupKernelSymbols(["do_exit"]).get("do_exit")?.[0]?.address;
  assert.ok(value && expected !== undefined && expected > 0n);
  assert.equal(new DataView(value.buffer).getBigUint64(0, true), expected);
  assert.equal(new DataView(value.buffer).getUint32(8, true), 0);

  const strict = (declaration: string): BpfObject =>
    open(`
extern const ${declaration} no_such_symbol __ksym;
__u64 address;
SEC("raw_tp/sys_enter") int prog(void *ctx) { address = (__u64)&no_such_symbol; return 0; }`);
  assert.throws(() => strict("void").load(), {
    code: "NOT_FOUND",
    message: /"no_such_symbol" is not in \/proc/,
  });
  assert.throws(() => strict("int").load(), { code: "NOT_FOUND", message: /"no_such_symbol".*BTF/ });
});

test("a typed kernel variable", () => {
  using object = open(`
struct rq { int cpu; } __attribute__((preserve_access_index));
extern const struct rq runqueues __ksym;
SEC("raw_tp/sys_enter") int prog(void *ctx)
{
	const struct rq *rq = bpf_per_cpu_ptr(&runqueues, 0);
	return rq ? rq->cpu : 0;
}`);
  // The kernel finds the address of a variable in its own symbols, which need not have variables.
  if (lookupKernelSymbols(["runqueues"]).has("runqueues")) {
    object.load();
  } else {
    assert.throws(() => object.load(), { code: "VERIFIER", message: /kernel symbol 'runqueues'/ });
  }

  const other = open(`
extern const int runqueues __ksym;
SEC("raw_tp/sys_enter") int prog(void *ctx) { return *(int *)bpf_this_cpu_ptr(&runqueues); }`);
  assert.throws(() => other.load(), { code: "INVALID_ARGUMENT", message: /int int, the kernel struct rq/ });
});

test("symbols that only a left out program uses have to be there, unless they are weak: as with libbpf", () => {
  const source = (weak: string): string => `
extern const int no_such_symbol __ksym ${weak};
SEC("?raw_tp/sys_enter") int optional(void *ctx) { return &no_such_symbol ? no_such_symbol : 0; }
SEC("socket") int prog(void *ctx) { return 1; }`;
  using strict = open(source(""));
  assert.throws(() => strict.load(), { code: "NOT_FOUND", message: /"no_such_symbol" is not in .*__weak/ });
  using object = open(source("__weak"));
  object.load();
  assert.equal(object.program("optional").loaded, false);
  assert.throws(() => object.program("optional").fd, { code: "CLOSED", message: /was left out of the load/ });
  assert.equal(run(object.program("prog")), 1);
});

test("kernel functions: found, weak and missing, of another type", (context) => {
  if (kernelVersion() < versionCode(6, 2, 0)) {
    context.skip("bpf_task_from_pid needs Linux 6.2");
    return;
  }
  using object = open(`
struct task_struct { int pid; } __attribute__((preserve_access_index));
extern struct task_struct *bpf_task_from_pid(int pid) __ksym;
extern void bpf_task_release(struct task_struct *task) __ksym;
extern int bpf_no_such_function(void) __ksym __weak;
const volatile int pid;
SEC("syscall") int prog(void *ctx)
{
	struct task_struct *task = bpf_task_from_pid(pid);
	if (bpf_no_such_function)
		bpf_no_such_function();
	if (!task)
		return 1;
	bpf_task_release(task);
	return 2;
}`);
  object.map(".rodata").initialValue?.set(new Uint8Array(Int32Array.of(process.pid).buffer));
  object.load();
  assert.equal(object.program("prog").testRun().returnValue, 2);

  const strict = open(`
extern int bpf_no_such_function(void) __ksym;
SEC("syscall") int prog(void *ctx) { return bpf_no_such_function(); }`);
  assert.throws(() => strict.load(), { code: "NOT_FOUND", message: /function "bpf_no_such_function"/ });
  const unguarded = open(`
extern int bpf_no_such_function(void) __ksym __weak;
SEC("syscall") int prog(void *ctx) { return bpf_no_such_function(); }`);
  assert.throws(() => unguarded.load(), {
    code: "VERIFIER",
    message: /kfunc "bpf_no_such_function".*not have/,
  });
  const wrong = open(`
extern long bpf_task_from_pid(char *text, int length) __ksym;
SEC("syscall") int prog(void *ctx) { return bpf_task_from_pid(0, 0); }`);
  assert.throws(() => wrong.load(), { code: "INVALID_ARGUMENT", message: /another prototype/ });
});

test("the verifier's refusal names the program, the reason and the source line", () => {
  const object = open(`
SEC("socket") int good(void *ctx) { return 0; }
SEC("tp/sched/sched_process_exec") int bad(void *ctx)
{
	int *p = (int *)0;
	return *(volatile int *)p;
}`);
  assert.throws(
    () => object.load(),
    (error: unknown) => {
      assert.ok(error instanceof VerifierError);
      assert.equal(error.program, "bad");
      assert.match(
        error.message,
        /^Cannot load program "bad": the verifier refused it with EACCES: R\d invalid mem/,
      );
      assert.match(error.message, /test\.bpf\.c:6:\d+: return \*\(volatile int \*\)p;/);
      assert.equal(error.source?.line, 6);
      assert.match(error.source?.file ?? "", /test\.bpf\.c$/);
      assert.match(error.log, /processed \d+ insns/);
      assert.ok(error.lastLines.every((line) => !line.startsWith("processed")));
      return true;
    },
  );
  assert.equal(object.closed, true);
  assert.throws(() => object.load(), { code: "CLOSED" });
});

test("a log of several megabytes is whole", () => {
  const steps = "x += skb->mark;\n".repeat(4000);
  const object = open(
    `
SEC("tc") int bad(struct __sk_buff *skb)
{
	volatile int x = 0;
	${steps}
	return *(volatile int *)(long)x;
}`,
    { kernelLogLevel: 2 },
  );
  assert.throws(
    () => object.load(),
    (error: unknown) => {
      assert.ok(error instanceof VerifierError);
      assert.ok(error.log.length > 500_000, `${error.log.length} characters`);
      assert.match(error.log.slice(0, 400), /^(func#0|0: )/m);
      assert.match(error.log, /processed \d+ insns/);
      return true;
    },
  );
});

test("an unsatisfied CO-RE relocation that is reached is explained", () => {
  const type = `
struct task_struct___x { int no_such_field; } __attribute__((preserve_access_index));
`;
  const object = open(`${type}
SEC("raw_tp/sys_enter") int bad(void *ctx)
{
	struct task_struct___x *task = (void *)bpf_get_current_task();
	return BPF_CORE_READ(task, no_such_field);
}`);
  assert.throws(
    () => object.load(),
    (error: unknown) => {
      assert.ok(error instanceof VerifierError);
      assert.match(
        error.message,
        /program "bad": it reaches a CO-RE relocation that this kernel cannot satisfy/,
      );
      assert.match(error.message, /task_struct___x::no_such_field/);
      assert.match(error.message, /test\.bpf\.c:\d+:\d+: /);
      return true;
    },
  );
  using guarded = open(`${type}
SEC("raw_tp/sys_enter") int good(void *ctx)
{
	struct task_struct___x *task = (void *)bpf_get_current_task();
	if (bpf_core_field_exists(task->no_such_field))
		return BPF_CORE_READ(task, no_such_field);
	return 0;
}`);
  guarded.load();
});

test("a log that was asked for is kept", () => {
  using object = open(`SEC("socket") int prog(void *ctx) { return 0; }`, { kernelLogLevel: 2 });
  object.load();
  assert.match(object.program("prog").log, /processed \d+ insns/);
});

test("an unknown tracepoint, iterator or section is named", () => {
  const cases: [section: string, message: RegExp][] = [
    ["tp_btf/no_such_tracepoint", /no tracepoint "no_such_tracepoint" in the BTF of this kernel/],
    ["iter/no_such_iterator", /no iterator "no_such_iterator"/],
    ["fentry/no_such_function", /no function "no_such_function"/],
    ["fentry/nomod:no_such_function", /no function "no_such_function" in the BTF of module nomod/],
    ["lsm/no_such_hook", /no LSM hook "no_such_hook"/],
    ["fentry", /names no target/],
    ["freplace/x", /replaces a function of a BPF program/],
    ["no_such_section", /says no program type/],
  ];
  for (const [section, message] of cases) {
    const object = open(`SEC("${section}") int prog(void *ctx) { return 0; }`);
    assert.throws(() => object.load(), { message }, section);
  }
});

test("the target of a program can be set before load", () => {
  using object = open(`SEC("tp_btf") int prog(void *ctx) { return 0; }`);
  object.program("prog").setAttachTarget({ functionName: "sched_process_exit" });
  object.load();
  assert.ok(object.program("prog").attachBtfId > 0);
  assert.throws(() => object.program("prog").setAttachTarget({}), { code: "INVALID_ARGUMENT" });
});

test("where the kernel refuses trampolines it says so", (context) => {
  const object = open(`SEC("fentry/do_exit") int prog(void *ctx) { return 0; }`);
  try {
    object.load();
    object.close();
    context.skip("this kernel loads fentry programs");
  } catch (error) {
    assert.ok(error instanceof WasmBpfError);
    assert.match(error.message, /program "prog": this kernel refuses programs that need a BPF trampoline/);
  }
});

test("a program extends another one", (context) => {
  using target = open(`
__noinline int replaceable(int x) { return x ? 1 : 2; }
SEC("tc") int prog(struct __sk_buff *skb) { return replaceable(skb->len); }`);
  target.load();
  const extension = open(`SEC("freplace/replaceable") int with(int x) { return 3; }`);
  extension.program("with").setAttachTarget({ programFd: target.program("prog").fd });
  try {
    extension.load();
    assert.ok(extension.program("with").attachBtfId > 0);
  } catch (error) {
    assert.ok(error instanceof SystemCallError && error.errnoName === "EPERM", String(error));
    assert.match(error.message, /needs? a BPF trampoline/);
    context.diagnostic("this kernel refuses trampolines; the target function was found");
  } finally {
    extension.close();
  }
});

test("links are closed before programs, newest first, and once", () => {
  const object = open(`SEC("socket") int prog(void *ctx) { return 0; }`);
  object.load();
  const order: string[] = [];
  const link = (name: string): Disposable => ({
    [Symbol.dispose]: () => order.push(`${name} ${object.program("prog").loaded}`),
  });
  object.adopt(link("first"));
  object.adopt(link("second"));
  object.release(object.adopt(link("released")));
  object.close();
  object.close();
  assert.deepEqual(order, ["second true", "first true"]);
  assert.equal(object.program("prog").loaded, false);
});
