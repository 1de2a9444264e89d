import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { rmSync, symlinkSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { type BpfProgram, VerifierError } from "../../src/ebpf/index.ts";
import { haveLinkType, missingFeature } from "../../src/kernel/index.ts";
import { attachObject, attachProgram, type Link } from "../../src/link/index.ts";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import { BPF_LINK_TYPE_KPROBE_MULTI, BPF_LINK_TYPE_UPROBE_MULTI } from "../../src/uapi/bpf.ts";
import { compileBpf } from "../support/compile-bpf.ts";
import { compileProgram } from "../support/compile-program.ts";
import { covers, type Shown } from "../support/covers.ts";
import { refusedToRoot } from "../support/refused.ts";
import { TestObject } from "../support/test-object.ts";

failOnLeaks();

/** Calls a function of its own, opens a file, and makes system calls. */
const TARGET = compileProgram(`
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>
__attribute__((noinline)) int probed(int x) { __asm__ volatile("" : "+r"(x)); return x * 2; }
int main(void) {
  syscall(SYS_unlinkat, AT_FDCWD, "/tmp/wasm-bpf-no-such-file", 0);
  syscall(SYS_getpgid, 0);
  close(open("/dev/null", O_RDONLY));
  return probed(0);
}
`);
/** A path that is the same on every machine, for section names. */
const LINK = "/tmp/wasm-bpf-tracing-target";

function fire(): void {
  execFileSync(TARGET);
}

interface Hook {
  readonly section: string;
  /** Declaration of the program, without its body. */
  readonly arguments?: string;
  /** "trigger" is a test run of a program for tracing. */
  readonly fire: (() => void) | "trigger";
  /** Target when the section names none. */
  readonly target?: string;
  /** What the program returns; most return 0. */
  readonly result?: string;
}

/** A function of the kernel in which programs may sleep; it is there for test runs, and a trigger's calls it. */
const SLEEPY = "bpf_fentry_test1";

const uprobes = ["uprobe", "uretprobe"].flatMap((kind) => [
  kind,
  `${kind}.s`,
  `${kind}.multi`,
  `${kind}.multi.s`,
]);
const tracing = ["fentry", "fexit", "fsession"].flatMap((kind) => [kind, `${kind}.s`]);
const multi = ["fentry", "fexit", "fsession"].flatMap((kind) => [`${kind}.multi`, `${kind}.multi.s`]);

/** Every kind of program for tracing, with what makes it run. */
const HOOKS: readonly Hook[] = [
  ...["kprobe", "kretprobe", "kprobe.multi", "kretprobe.multi", "kprobe.session"].map((kind) => ({
    section: `${kind}/do_unlinkat`,
    fire,
  })),
  ...["ksyscall", "kretsyscall"].map((kind) => ({ section: `${kind}/unlinkat`, fire })),
  ...[...uprobes, "uprobe.session", "uprobe.session.s"].map((kind) => ({
    section: `${kind}/${LINK}:probed`,
    fire,
  })),
  ...["tracepoint", "tp", "tracepoint.s", "tp.s"].map((kind) => ({
    section: `${kind}/syscalls/sys_enter_unlinkat`,
    fire,
  })),
  ...["raw_tracepoint", "raw_tp", "raw_tracepoint.s", "raw_tp.s", "tp_btf", "tp_btf.s"].map((kind) => ({
    section: `${kind}/sys_enter`,
    fire,
  })),
  ...tracing.map((kind) =>
    kind.endsWith(".s")
      ? { section: `${kind}/${SLEEPY}`, fire: "trigger" as const }
      : { section: `${kind}/do_unlinkat`, fire },
  ),
  ...multi.map((kind) => ({ section: `${kind}/do_unlinkat`, fire })),
  // Its result lets the call go on: only this process's child sees it anyway.
  { section: "fmod_ret/security_inode_unlink", fire, arguments: "unsigned long long *ctx" },
  { section: `fmod_ret.s/${SLEEPY}`, fire: "trigger" },
  { section: "lsm/file_open", fire },
  { section: "lsm.s/file_open", fire },
  { section: "perf_event", fire: burn, target: "" },
];

function burn(): void {
  spawnSync("sh", ["-c", "i=0; while [ $i -lt 100000 ]; do i=$((i + 1)); done"]);
}

const kindOf = (section: string): string => section.split("/")[0] ?? "";
const nameOf = (section: string): string => `on_${kindOf(section).replaceAll(".", "_")}`;

const PROGRAMS = compileBpf(`
long count;
SEC("fentry/bpf_fentry_test2") int trigger(void *ctx) { return 0; }
${HOOKS.map(
  ({ section }) =>
    `SEC("${section}") int ${nameOf(section)}(void *ctx) { __sync_fetch_and_add(&count, 1); return 0; }`,
).join("\n")}
`);

/** Why this kernel has no such program or hook, asked of the kernel; `undefined` when it should have it. */
function whyMissing(program: BpfProgram): string | undefined {
  const byType = missingFeature("attach type", program.expectedAttachType);
  if (byType !== undefined) return byType;
  const { attachHook } = program.section;
  const link =
    attachHook === "kprobe_multi"
      ? BPF_LINK_TYPE_KPROBE_MULTI
      : attachHook === "uprobe_multi"
        ? BPF_LINK_TYPE_UPROBE_MULTI
        : undefined;
  return link === undefined ? undefined : missingFeature("link type", link, haveLinkType(link));
}

/** Loads the program, or skips with the kernel's answer where that answer says that the kernel lacks the hook. */
function loadOrSkip(context: TestContext, section: string): TestObject | undefined {
  const opened = new TestObject(context, PROGRAMS, [
    nameOf(section),
    ...(section.endsWith(`/${SLEEPY}`) ? ["trigger"] : []),
  ]);
  opened.object.program("trigger").autoattach = false;
  const program = opened.object.program(nameOf(section));
  const missing = whyMissing(program);
  if (missing !== undefined) {
    context.skip(missing);
    return undefined;
  }
  try {
    opened.object.load();
    return opened;
  } catch (error) {
    const kind = kindOf(section);
    // Some kernels let nobody make trampolines, for one.
    const refused =
      refusedToRoot(error) !== undefined ||
      // The verifier lists which programs may sleep, and this kind is not among them; or the function is none to sleep
      // in, which it is since Linux 6.2.
      (kind.endsWith(".s") &&
        error instanceof VerifierError &&
        /can be sleepable|bpf_fentry_test1 is not sleepable/.test(error.message));
    if (!refused || !(error instanceof Error)) throw error;
    context.skip(error.message);
    return undefined;
  }
}

for (const { section, fire: makeItRun, target } of HOOKS) {
  const kind = kindOf(section);
  test(`${kind}: attached by its section, it runs until it is closed`, (context) => {
    const loaded = loadOrSkip(context, section);
    if (loaded === undefined) return;
    // A run that was killed leaves it.
    rmSync(LINK, { force: true });
    symlinkSync(TARGET, LINK);
    let links: readonly { close(): void }[];
    const shown: Shown[] = ["fired"];
    try {
      if (target === undefined) {
        links = attachObject(loaded.object);
        assert.equal(links.length, 1);
        shown.push("auto");
      } else {
        const options = { perfEvent: { frequencyHz: 2000 } };
        links = [attachProgram(loaded.object.program(nameOf(section)), target, options)];
        shown.push("target");
      }
    } catch (error) {
      const missing = whyNotAttached(kind, error);
      if (missing === undefined) throw error;
      context.skip(missing);
      return;
    } finally {
      rmSync(LINK);
    }
    const run =
      makeItRun === "trigger" ? (): unknown => loaded.object.program("trigger").testRun() : makeItRun;
    run();
    const count = loaded.get("count");
    assert.ok(count >= 1, "it was not run");
    for (const link of links) link.close();
    const closed = loaded.get("count");
    run();
    assert.equal(loaded.get("count"), closed);
    covers(context, kind, ...shown);
  });
}

/** The kernel's answers to an attachment that say that it was built without the hook. */
function whyNotAttached(kind: string, error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code } = error as { code?: string };
  const isKprobe = /^(kprobe|kretprobe|ksyscall|kretsyscall)/.test(kind);
  return isKprobe && code === "NOT_SUPPORTED" ? error.message : undefined;
}

for (const [kind, target] of [
  ["uprobe", `${TARGET}:probed`],
  ["uretprobe", `${TARGET}:probed`],
  ["uprobe.multi", `${TARGET}:prob?d`],
  ["uretprobe.multi", `${TARGET}:probe*`],
  ["tp", "syscalls:sys_enter_unlinkat"],
  ["raw_tp", "sys_enter"],
  ["kprobe", "do_unlinkat"],
  ["kretprobe", "do_unlinkat"],
  ["kprobe.multi", "do_unlinka?"],
  ["ksyscall", "unlinkat"],
] as const) {
  test(`${kind}: attached to a target given at run time`, (context) => {
    const section = HOOKS.find((hook) => kindOf(hook.section) === kind)?.section ?? "";
    const loaded = loadOrSkip(context, section);
    if (loaded === undefined) return;
    let link: Link;
    try {
      link = attachProgram(loaded.object.program(nameOf(section)), target);
    } catch (error) {
      const missing = whyNotAttached(kind, error);
      if (missing === undefined) throw error;
      context.skip(missing);
      return;
    }
    fire();
    link.close();
    assert.ok(loaded.get("count") >= 1);
    covers(context, kind, "target");
  });
}
