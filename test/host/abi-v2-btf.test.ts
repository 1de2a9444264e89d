import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { kernelBtf, moduleNames } from "../../src/kernel/index.ts";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import { BPF_LSM_MAC, BPF_TRACE_FENTRY, BPF_TRACE_ITER, BPF_TRACE_RAW_TP } from "../../src/uapi/bpf.ts";
import { E2BIG, EACCES, EBADF, EFAULT, EINVAL, ENAMETOOLONG, ENOENT, EPERM } from "../../src/uapi/errno.ts";
import { AbiGuest } from "../support/abi-v2.ts";
import { compileBpf } from "../support/compile-bpf.ts";
import { TestObject } from "../support/test-object.ts";

failOnLeaks();

const KERNEL = 1;
const MODULE = 2;
const FILE = 3;
const BYTES = 4;
const ID = 5;

function guestFor(t: TestContext): AbiGuest {
  const guest = new AbiGuest();
  t.after(() => guest.close());
  return guest;
}

function openKernel(guest: AbiGuest): number {
  const handle = guest.call("btf_open", KERNEL, 0, 0, 0, 0);
  assert.ok(handle > 0);
  return handle;
}

function find(guest: AbiGuest, btf: number, name: string, kind = 0): number {
  return guest.call("btf_find", btf, guest.text(name), kind);
}

function info(guest: AbiGuest, btf: number): number[] {
  const out = guest.alloc(32);
  assert.equal(guest.call("btf_info", btf, out), 0);
  const view = guest.view(out, 32);
  return Array.from({ length: 8 }, (_, index) => view.getUint32(4 * index, true));
}

test("types of the kernel by name, kind and id", (t) => {
  const guest = guestFor(t);
  const btf = openKernel(guest);
  const kernel = kernelBtf();
  const [count, first, strings, raw, pointer, bigEndian, base] = info(guest, btf);
  assert.deepEqual([count, first, pointer, bigEndian, base], [kernel.typeCount, 1, 8, 0, 0]);
  assert.deepEqual([strings, raw], [kernel.stringBytes.length, kernel.raw.length]);
  const task = find(guest, btf, "task_struct", 4);
  assert.equal(task, kernel.find("task_struct", "struct"));
  assert.equal(find(guest, btf, "task_struct"), task);
  assert.equal(find(guest, btf, "task_struct", 1), -ENOENT);
  assert.equal(find(guest, btf, "no_such_type"), -ENOENT);
  assert.equal(find(guest, btf, "void"), 0);
  assert.equal(guest.call("btf_size_of", btf, task), kernel.sizeOf(task));
  assert.equal(guest.call("btf_align_of", btf, task), kernel.alignOf(task));
  const u32 = find(guest, btf, "u32", 8);
  assert.equal(guest.call("btf_size_of", btf, u32), 4);
  const int = guest.call("btf_resolve", btf, u32);
  assert.equal(kernel.kind(int), "int");
  const out = guest.alloc(64);
  assert.equal(guest.call("btf_type", btf, int, out, 64), 16);
  const record = guest.view(out, 16);
  assert.equal(record.getUint32(8, true), 4, "size");
  const name = record.getUint32(0, true);
  assert.equal(guest.call("btf_string", btf, name, out, 64), "unsigned int".length + 1);
  assert.equal(guest.string(out, 13), "unsigned int\0");
  assert.equal(guest.call("btf_type", btf, task, 0, 0), kernel.recordRange(task).sizeBytes);
  assert.equal(guest.call("btf_raw", btf, 0, out, 2), kernel.raw.length);
  assert.equal(guest.view(out, 2).getUint16(0, true), 0xeb9f);
  assert.equal(guest.call("btf_raw", btf, kernel.raw.length - 1, out, 8), 1);
  assert.equal(guest.call("btf_close", btf), 0);
  assert.equal(guest.call("btf_close", btf), -EBADF);
});

test("types of a module go on where the kernel's end", (t) => {
  const [name] = moduleNames();
  if (name === undefined) return t.skip("no module of this kernel has types: /sys/kernel/btf lists none");
  const guest = guestFor(t);
  const kernel = openKernel(guest);
  const btf = guest.call("btf_open", MODULE, guest.text(name), kernel, 0, 0);
  assert.ok(btf > 0);
  const [count = 0, first, , , , , base] = info(guest, btf);
  assert.equal(first, kernelBtf().typeCount);
  assert.ok(count > kernelBtf().typeCount);
  assert.equal(base, kernel);
  assert.equal(find(guest, btf, "task_struct", 4), kernelBtf().find("task_struct", "struct"));
  return undefined;
});

test("modules that are not there", (t) => {
  const guest = guestFor(t);
  for (const name of ["no_such_module", "vmlinux", "../btf/vmlinux", ""]) {
    assert.equal(guest.call("btf_open", MODULE, guest.text(name), 0, 0, 0), -ENOENT, name);
  }
});

const OBJECT = compileBpf(`
struct own { int first; long second; };
struct own value = { 1, 2 };
SEC("socket") int packet(void *ctx) { return value.first; }
`);

test("types of an object, of bytes, and loaded into the kernel", (t) => {
  const guest = guestFor(t);
  const { object } = TestObject.load(t, OBJECT);
  const handle = guest.object(object);
  const own = guest.call("object_btf", handle);
  assert.ok(own > 0);
  assert.equal(guest.call("object_btf", handle), own);
  const id = find(guest, own, "own", 4);
  assert.equal(guest.call("btf_size_of", own, id), 16);
  const { raw } = object.spec.btf ?? {};
  assert.ok(raw !== undefined);
  const at = guest.put(raw);
  const copy = guest.call("btf_open", BYTES, 0, 0, at, raw.length);
  assert.equal(find(guest, copy, "own", 4), id);
  assert.equal(guest.call("btf_open", BYTES, 0, 0, at, 10), -EINVAL);
  assert.equal(guest.call("btf_open", BYTES, 0, 0, at, 0), -EINVAL);
  const log = guest.alloc(4096);
  const request = guest.block(24, { 4: 1, 8: log, 12: 4096 });
  // As compiled it has functions without a place, which the kernel refuses or not; cut off it always does.
  assert.equal(guest.call("btf_load", at, raw.length - 8, request), -EINVAL);
  assert.notEqual(guest.view(log, 1).getUint8(0), 0, "the kernel says why");
});

test("loading the types of a structure gives a descriptor", (t) => {
  const guest = guestFor(t);
  // Header of 24 bytes, one int, and the strings "" and "int".
  const words = [0x0001eb9f, 24, 0, 16, 16, 5, 1, 0x01000000, 4, 0x01000020];
  const bytes = new Uint8Array(4 * words.length + 5);
  bytes.set(new Uint8Array(new Uint32Array(words).buffer));
  bytes.set(new TextEncoder().encode("\0int\0"), 4 * words.length);
  const fd = guest.call("btf_load", guest.put(bytes), bytes.length, 0);
  assert.ok(fd >= 0, String(fd));
  assert.equal(guest.context.fds.close(fd), 0);
});

test("what programs attach to in the kernel", (t) => {
  const guest = guestFor(t);
  const id = (name: string, type: number): number => guest.call("btf_kernel_id", guest.text(name), type);
  const kernel = kernelBtf();
  assert.equal(id("sys_enter", BPF_TRACE_RAW_TP), kernel.find("btf_trace_sys_enter", "typedef"));
  assert.equal(id("task", BPF_TRACE_ITER), kernel.find("bpf_iter_task", "func"));
  assert.equal(id("schedule", BPF_TRACE_FENTRY), kernel.find("schedule", "func"));
  assert.equal(id("file_open", BPF_LSM_MAC), kernel.find("bpf_lsm_file_open", "func") ?? -ENOENT);
  assert.equal(guest.lines.replace(/^.*file_open.*\n/, ""), "");
  guest.lines = "";
  assert.equal(id("no_such", BPF_TRACE_FENTRY), -ENOENT);
  assert.equal(guest.lines, "libbpf: no_such is not found in vmlinux BTF\n");
  assert.equal(id("x".repeat(200), BPF_TRACE_RAW_TP), -ENAMETOOLONG);
});

test("types by id: the kernel's own are public, those of others need a permission", (t) => {
  const guest = guestFor(t);
  const { object } = TestObject.load(t, OBJECT);
  const kernel = guest.call("btf_open", ID, 0, 0, 0, 1);
  assert.ok(kernel > 0, "the kernel's own types have the first id");
  assert.equal(info(guest, kernel)[7], 1);
  const { btfId } = object.program("packet").info();
  assert.equal(guest.call("btf_open", ID, 0, 0, 0, btfId), -EPERM);
  assert.equal(guest.call("btf_open", ID, 0, 0, 0, 0x7fffffff), -ENOENT);
  const allowed = new AbiGuest({ permissions: { kernel: true } });
  t.after(() => allowed.close());
  const btf = allowed.call("btf_open", ID, 0, 0, 0, btfId);
  assert.ok(find(allowed, btf, "own", 4) > 0);
});

const PRINTED = compileBpf(`
enum color { RED, GREEN };
struct point { int x, y; };
struct shape { struct point at; const char *name; enum color color; char text[8]; };
struct shape shape = { .at = { 3, -4 }, .color = GREEN, .text = "abc" };
SEC("socket") int packet(void *ctx) { return shape.at.x; }
`);

/** Fields of the block of `btf_dump`. */
const TYPE = { 4: 1, 36: 1 };
const DECLARATION = { 4: 2, 36: 1 };
const DATA = { 4: 3, 36: 1 };

class Printer {
  readonly guest: AbiGuest;
  readonly btf: number;
  readonly out: number;

  constructor(t: TestContext) {
    this.guest = guestFor(t);
    const { object } = new TestObject(t, PRINTED);
    this.btf = this.guest.call("object_btf", this.guest.object(object));
    this.out = this.guest.alloc(4096);
  }

  id(name: string, kind: number): number {
    return find(this.guest, this.btf, name, kind);
  }

  print(fields: { readonly [offset: number]: number }, size = 4096): number {
    return this.guest.call("btf_dump", this.btf, this.guest.block(48, fields), this.out, size);
  }

  text(fields: { readonly [offset: number]: number }): string {
    return this.guest.string(this.out, this.print(fields));
  }
}

test("a type is printed with what it needs, and once under each number", (t) => {
  const printer = new Printer(t);
  const shape = printer.id("shape", 4);
  const point = "struct point {\n\tint x;\n\tint y;\n};\n\n";
  assert.equal(printer.text({ ...TYPE, 8: printer.id("point", 4) }), point);
  const rest =
    "enum color {\n\tRED = 0,\n\tGREEN = 1,\n};\n\nstruct shape {\n\tstruct point at;\n\tconst char *name;\n" +
    "\tenum color color;\n\tchar text[8];\n};\n\n";
  // Asking for the length prints nothing yet.
  assert.equal(printer.print({ ...TYPE, 8: shape }, 0), rest.length);
  assert.equal(printer.print({ ...TYPE, 8: shape }, 10), rest.length);
  assert.equal(printer.text({ ...TYPE, 8: shape }), rest);
  assert.equal(printer.text({ ...TYPE, 8: shape }), "");
  assert.equal(printer.text({ ...TYPE, 8: shape, 36: 2 }), point + rest);
});

test("a declaration", (t) => {
  const printer = new Printer(t);
  const name = printer.guest.text("field");
  const shape = printer.id("shape", 4);
  assert.equal(printer.text({ ...DECLARATION, 8: shape, 12: name }), "struct shape field");
  assert.equal(printer.text({ ...DECLARATION, 8: shape }), "struct shape");
});

test("data of a type, whole and cut off", (t) => {
  const printer = new Printer(t);
  const { guest } = printer;
  const data = new Uint8Array(32);
  const view = new DataView(data.buffer);
  view.setInt32(0, 3, true);
  view.setInt32(4, -4, true);
  view.setUint32(16, 1, true);
  data.set(new TextEncoder().encode("abc"), 20);
  const fields = { ...DATA, 8: printer.id("shape", 4), 28: guest.put(data), 32: data.length };
  assert.equal(
    printer.text({ ...fields, 20: 2 }),
    "(struct shape){.at = (struct point){.x = (int)3,.y = (int)-4,},.color = (enum color)GREEN," +
      ".text = (char[8])['a','b','c',],}",
  );
  assert.equal(
    printer.text({ ...fields, 16: 1, 24: guest.text(" "), 20: 4 | 8 | 16 }),
    ' {\n  {\n   3,\n   -4,\n  },\n  (nil),\n  GREEN,\n    "abc" }',
  );
  assert.equal(printer.print({ ...fields, 20: 2, 32: 6 }), -E2BIG);
  assert.equal(guest.string(printer.out, 49), "(struct shape){.at = (struct point){.x = (int)3,\0");
  assert.equal(printer.print({ ...fields, 20: 2, 32: 6 }, 10), -E2BIG);
  assert.equal(guest.string(printer.out, 10), "(struct s\0");
  assert.equal(printer.print({ ...fields, 8: printer.id("packet", 12) }), -EINVAL);
});

test("hostile requests to print are answered with an error number", (t) => {
  const printer = new Printer(t);
  const { guest, btf, out } = printer;
  const shape = printer.id("shape", 4);
  assert.equal(guest.call("btf_dump", btf, 0, out, 64), -EFAULT);
  assert.equal(guest.call("btf_dump", btf + 1, guest.block(48, { ...TYPE, 8: shape }), out, 64), -EBADF);
  assert.equal(printer.print({ ...TYPE, 8: -1 }), -EINVAL);
  assert.equal(printer.print({ ...TYPE, 8: shape, 36: 0 }), -EINVAL);
  assert.equal(printer.print({ 4: 4, 8: shape, 36: 1 }), -EINVAL);
  assert.equal(printer.print({ ...DATA, 8: shape, 28: -4, 32: 64 }), -EFAULT);
  assert.equal(printer.print({ ...DATA, 8: shape, 28: out, 32: -1 }), -E2BIG);
  assert.equal(printer.print({ ...DATA, 8: shape }), -E2BIG);
  assert.equal(printer.print({ ...DECLARATION, 8: shape, 12: -1 }), -EFAULT);
  assert.equal(guest.call("btf_dump", btf, guest.block(48, { ...TYPE, 8: shape }), -4, 64), -EFAULT);
  const deep = printer.text({ ...DATA, 8: shape, 16: -1, 28: out, 32: 32 });
  assert.ok(deep.length < 4096);
  for (let number = 1; number < 1000; number++) {
    assert.ok(printer.print({ ...TYPE, 8: shape, 36: number }, 0) > 0);
  }
});

test("hostile values are answered with an error number", (t) => {
  const guest = guestFor(t);
  const btf = openKernel(guest);
  const out = guest.alloc(64);
  assert.equal(guest.call("btf_open", 0, 0, 0, 0, 0), -EINVAL);
  assert.equal(guest.call("btf_open", 7, 0, 0, 0, 0), -EINVAL);
  assert.equal(guest.call("btf_open", MODULE, 0, 0, 0, 0), -EFAULT);
  assert.equal(guest.call("btf_open", MODULE, guest.text("x"), 999, 0, 0), -EBADF);
  assert.equal(guest.call("btf_open", FILE, guest.text("/etc/passwd"), 0, 0, 0), -EACCES);
  assert.equal(guest.call("btf_open", BYTES, 0, 0, -8, 64), -EFAULT);
  assert.equal(guest.call("btf_open", BYTES, 0, 0, out, -1), -EFAULT);
  assert.equal(guest.call("btf_info", btf, -8), -EFAULT);
  assert.equal(guest.call("btf_info", btf + 1, out), -EBADF);
  assert.equal(guest.call("btf_find", btf, 0, 0), -EFAULT);
  assert.equal(guest.call("btf_find", btf, guest.text("int"), -1), -ENOENT);
  for (const id of [0, -1, 0x7fffffff]) {
    assert.equal(guest.call("btf_type", btf, id, out, 64), -EINVAL);
  }
  for (const name of ["btf_size_of", "btf_align_of", "btf_resolve"]) {
    assert.equal(guest.call(name, btf, -1), -EINVAL);
    assert.equal(guest.call(name, btf, 0x7fffffff), -EINVAL);
    assert.equal(guest.call(name, 0, 1), -EBADF);
  }
  assert.equal(guest.call("btf_string", btf, -1, out, 64), -EINVAL);
  assert.equal(guest.call("btf_raw", btf, -1, out, 64), -EINVAL);
  assert.equal(guest.call("btf_type", btf, 1, -4, 64), -EFAULT);
  assert.equal(guest.call("btf_load", -4, 64, 0), -EFAULT);
  assert.equal(guest.call("btf_load", out, 64, 0), -EINVAL);
  assert.equal(guest.call("btf_load", out, 64, guest.block(24, { 8: -4, 12: 64 })), -EFAULT);
  assert.equal(guest.call("object_btf", btf), -EBADF);
});
