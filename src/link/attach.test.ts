import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { testdata } from "../../test/support/testdata.ts";
import { BpfObject, type BpfProgram } from "../ebpf/index.ts";
import { kernelBtf } from "../kernel/index.ts";
import { sectionKinds } from "../object/index.ts";
import { setSys } from "../sys/index.ts";
import { type ScriptedSys, scriptedSys } from "../sys/scripted.ts";
import { BPF_LINK_CREATE, BPF_LINK_DETACH, BPF_RAW_TRACEPOINT_OPEN } from "../uapi/bpf.ts";
import { EBUSY, EINVAL, ENOENT } from "../uapi/errno.ts";
import { attachProgram } from "./index.ts";

afterEach(() => setSys(undefined));

/** A program that counts as loaded, with fd 77. */
function loadedProgram(file: string, name: string): BpfProgram {
  const program = BpfObject.open(testdata(file)).program(name);
  program.take(77, { typeId: 0, fd: 0 }, "");
  return program;
}

function script(answer: Parameters<typeof scriptedSys>[0]): ScriptedSys {
  const sys = scriptedSys(answer);
  setSys(sys);
  return sys;
}

test("a raw tracepoint is opened by name, closed once, and detached by force on request", () => {
  const sys = script(() => undefined);
  const link = attachProgram(loadedProgram("globals.bpf.o", "count"), "", { cookie: 0x1234n });
  const [call] = sys.bpfCalls(BPF_RAW_TRACEPOINT_OPEN);
  assert.ok(call?.attr !== undefined);
  const view = new DataView(call.attr.buffer);
  assert.equal(view.getUint32(8, true), 77);
  assert.equal(view.getBigUint64(16, true), 0x1234n);
  assert.deepEqual([...sys.openFds], [link.fd]);
  link.detach();
  assert.equal(sys.bpfCalls(BPF_LINK_DETACH).length, 1);
  assert.equal(sys.openFds.size, 0);
  assert.equal(link.fd, undefined);
  link.close();
  link.detach();
  assert.equal(sys.calls.filter(({ name }) => name === "close").length, 1);
});

test("errors of the kernel name the program and the target", () => {
  script(({ command }) => (command === BPF_RAW_TRACEPOINT_OPEN ? -ENOENT : undefined));
  assert.throws(() => attachProgram(loadedProgram("globals.bpf.o", "count"), "nowhere"), {
    code: "NOT_FOUND",
    message: 'Cannot attach program "count" to nowhere: this kernel has no raw tracepoint nowhere',
  });
  script(({ command }) => (command === BPF_RAW_TRACEPOINT_OPEN ? -EINVAL : undefined));
  assert.throws(() => attachProgram(loadedProgram("globals.bpf.o", "count")), {
    code: "SYSCALL",
    message: 'Cannot attach program "count" to sys_enter: bpf(BPF_RAW_TRACEPOINT_OPEN) failed with EINVAL.',
  });
});

test("a socket filter is set on the caller's socket and taken off, the socket stays the caller's", () => {
  const sys = script(() => undefined);
  const program = loadedProgram("no-btf.bpf.o", "entry");
  assert.throws(() => attachProgram(program), {
    code: "INVALID_ARGUMENT",
    message: /needs the fd of a socket/,
  });
  const link = attachProgram(program, "", { targetFd: 9 });
  link.close();
  const options = sys.calls
    .filter(({ name }) => name === "setSocketOption")
    .map(({ args }) => args.slice(0, 3));
  assert.deepEqual(options, [
    [9, 1, 50],
    [9, 1, 27],
  ]);
  assert.ok(!sys.calls.some(({ name }) => name === "close"));
});

test("a program that is not loaded is refused before anything is opened", () => {
  const sys = script(() => undefined);
  const program = BpfObject.open(testdata("globals.bpf.o")).program("count");
  assert.throws(() => attachProgram(program), { code: "CLOSED" });
  assert.equal(sys.calls.length, 0);
});

test("when a link cannot be made, what was opened for it is closed", () => {
  const sys = script(({ command }) => (command === BPF_LINK_CREATE ? -EBUSY : undefined));
  const program = loadedProgram("externs.bpf.o", "use");
  assert.throws(() => attachProgram(program, "", { cookie: 1n }), { code: "SYSCALL", errnoName: "EBUSY" });
  assert.equal(sys.openFds.size, 0);
});

test("a pattern of kernel functions becomes their BTF ids", () => {
  // Read before the scripted kernel is in place.
  const expected = kernelBtf().findAll("do_unlinkat").length;
  const sys = script(() => undefined);
  const program = loadedProgram("globals.bpf.o", "count");
  const section = sectionKinds().find(({ name }) => name === "fentry.multi+");
  assert.ok(section !== undefined);
  Object.defineProperty(program, "section", { value: { ...section, target: undefined } });
  assert.throws(() => attachProgram(program, "no_such_function*"), { code: "NOT_FOUND" });
  attachProgram(program, "do_unlinka?", { cookie: 3n }).close();
  const [call] = sys.bpfCalls(BPF_LINK_CREATE);
  assert.ok(call?.attr !== undefined);
  const count = new DataView(call.attr.buffer).getUint32(32, true);
  assert.equal(count, expected);
});

test("every hook of the section table that is not attachable is known as such", () => {
  script(() => undefined);
  const without = new Set<string>();
  const program = loadedProgram("globals.bpf.o", "count");
  for (const kind of sectionKinds()) {
    const section = { ...kind, target: "x" };
    const other = Object.create(program, { section: { value: section }, fd: { value: 77 } }) as BpfProgram;
    try {
      attachProgram(other);
    } catch (error) {
      if (error instanceof Error && error.message.endsWith("cannot be attached"))
        without.add(kind.attachHook);
    }
  }
  assert.deepEqual([...without].sort(), ["", "struct_ops"]);
});
