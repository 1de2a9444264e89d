import assert from "node:assert/strict";
import { test } from "node:test";
import { missingFeature } from "../../src/kernel/index.ts";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import { BPF_TRACE_UPROBE_MULTI } from "../../src/uapi/bpf.ts";
import { EFAULT, EINVAL, ENOENT, EOPNOTSUPP } from "../../src/uapi/errno.ts";
import { AbiGuest } from "../support/abi-v2.ts";
import {
  type Fields,
  fire,
  KPROBE,
  KPROBE_MULTI,
  LinkFixture,
  PROGRAMS,
  TARGET,
  UPROBE,
  UPROBE_MULTI,
  USDT,
} from "../support/link-fixture.ts";
import { TestObject } from "../support/test-object.ts";

failOnLeaks();

test("kernel probes, or the words of libbpf where the kernel has none", (t) => {
  const fixture = new LinkFixture(t, "on_any_kprobe", "on_kprobe");
  const { guest } = fixture;
  const fields = { 16: guest.text("do_unlinkat"), 32: 5n };
  const link = fixture.attach("on_any_kprobe", KPROBE, fields);
  if (link >= 0) {
    fixture.checkRuns(link, 1);
    fixture.checkRuns(fixture.attach("on_kprobe", 0), 1);
    fixture.checkRuns(fixture.attach("on_any_kprobe", KPROBE, { 16: fields[16], 108: 1 }), 1);
    return;
  }
  assert.equal(link, -ENOENT);
  assert.equal(
    guest.lines,
    "libbpf: failed to add legacy kprobe event for 'do_unlinkat+0x0': -ENOENT\n" +
      "libbpf: prog 'on_any_kprobe': failed to create kprobe 'do_unlinkat+0x0' perf event: -ENOENT\n",
  );
  assert.equal(fixture.attach("on_any_kprobe", KPROBE, { ...fields, 108: 2 }), -EOPNOTSUPP);
  assert.equal(fixture.attach("on_any_kprobe", KPROBE, { ...fields, 108: 4 }), -EINVAL);
});

test("many kernel probes", (t) => {
  const missing = missingFeature("attach type", 42);
  if (missing !== undefined) return t.skip(missing);
  const opened = new TestObject(t, PROGRAMS, ["on_kprobes"]);
  opened.set("parent", process.pid);
  const guest = new AbiGuest();
  t.after(() => guest.close());
  try {
    opened.object.load();
  } catch (error) {
    return t.skip(String(error));
  }
  const index = [...opened.object.programs.keys()].indexOf("on_kprobes");
  const handle = guest.object(opened.object);
  const attach = (fields: Fields): number =>
    guest.call("link_attach", handle, index, guest.block(112, { 4: KPROBE_MULTI, ...fields }));
  assert.equal(attach({}), -EINVAL);
  assert.equal(attach({ 16: guest.text("a*"), 56: 1 }), -EINVAL);
  const link = attach({ 16: guest.text("do_unlinkat") });
  if (link < 0) {
    assert.match(guest.lines, /^libbpf: prog 'on_kprobes': failed to attach: -E[A-Z]+\n$/);
    t.diagnostic(`this kernel answers ${guest.lines}`);
    return undefined;
  }
  const before = opened.get("count");
  fire();
  assert.equal(opened.get("count"), before + 1);
  return undefined;
});

test("user probes: by function, by offset, at return, of one process, in the older ways", (t) => {
  const fixture = new LinkFixture(t, "on_uprobe");
  const { guest } = fixture;
  const path = guest.text(TARGET);
  const at = { 8: 8, 16: path, 20: guest.text("probed") };
  fixture.checkRuns(fixture.attach("on_uprobe", UPROBE, { ...at, 32: 9n }), 1);
  assert.equal(fixture.object.get("cookie"), 9);
  fixture.checkRuns(fixture.attach("on_uprobe", UPROBE, { ...at, 8: 9 }), 1);
  for (const mode of [1, 2, 3]) {
    fixture.checkRuns(fixture.attach("on_uprobe", UPROBE, { ...at, 108: mode }), 1);
  }
  // Of this process, which does not run the function.
  const own = fixture.attach("on_uprobe", UPROBE, { ...at, 8: 0, 12: 0 });
  assert.ok(own >= 0);
  assert.equal(fixture.counts(fire), 0);
  assert.equal(fixture.closeFd(own), 0);
  assert.equal(guest.lines, "");
});

test("user probes that cannot be, in the words of libbpf", (t) => {
  const fixture = new LinkFixture(t, "on_uprobe");
  const { guest } = fixture;
  const attach = (binary: string, symbol?: string, more: Fields = {}): [number, string] => {
    guest.lines = "";
    const name = symbol === undefined ? {} : { 20: guest.text(symbol) };
    const result = fixture.attach("on_uprobe", UPROBE, { 8: 8, 16: guest.text(binary), ...name, ...more });
    return [result, guest.lines.replaceAll("libbpf: ", "").trimEnd()];
  };
  assert.deepEqual(attach("no-such-program", "main"), [
    -ENOENT,
    "prog 'on_uprobe': failed to resolve full path for 'no-such-program': -ENOENT",
  ]);
  assert.deepEqual(attach("/no/such", "main"), [-ENOENT, "elf: failed to open /no/such: -ENOENT"]);
  assert.deepEqual(attach("/etc/passwd", "main"), [
    -4001,
    "elf: failed to get ehdr from /etc/passwd: invalid `Elf' handle",
  ]);
  assert.deepEqual(attach(TARGET, "no_such"), [
    -ENOENT,
    `elf: failed to find symbol 'no_such' in '${TARGET}'`,
  ]);
  assert.deepEqual(attach(TARGET, undefined, { 40: 0x7fff_ffff_ffffn }), [
    -EINVAL,
    `prog 'on_uprobe': failed to create uprobe '${TARGET}:0x7fffffffffff' perf event: -EINVAL`,
  ]);
  // A name is looked up in PATH.
  const [found] = attach("sh", undefined, { 40: 0x7fff_ffff_ffffn });
  assert.equal(found, -EINVAL);
  assert.match(guest.lines, /failed to create uprobe '\/.*\/sh:0x7fffffffffff' perf event: -EINVAL/);
});

test("many user probes: by pattern, by names, by offsets, with cookies", (t) => {
  const missing = missingFeature("attach type", BPF_TRACE_UPROBE_MULTI);
  if (missing !== undefined) return t.skip(missing);
  const fixture = new LinkFixture(t, "on_uprobes");
  const { guest } = fixture;
  const path = guest.text(TARGET);
  const at = { 8: 8, 16: path };
  fixture.checkRuns(fixture.attach("on_uprobes", UPROBE_MULTI, { ...at, 20: guest.text("probed*") }), 2);
  const names = guest.put(
    new Uint8Array(new Uint32Array([guest.text("probed"), guest.text("probed_too")]).buffer),
  );
  const cookies = guest.put(new Uint8Array(new BigUint64Array([3n, 4n]).buffer));
  fixture.checkRuns(fixture.attach("on_uprobes", UPROBE_MULTI, { ...at, 56: 2, 60: names, 76: cookies }), 2);
  assert.equal(fixture.object.get("cookie"), 4);
  assert.equal(fixture.attach("on_uprobes", UPROBE_MULTI, at), -EINVAL);
  assert.equal(fixture.attach("on_uprobes", UPROBE_MULTI, { ...at, 20: path, 56: 1 }), -EINVAL);
  assert.equal(fixture.attach("on_uprobes", UPROBE_MULTI, { ...at, 20: guest.text("no*such") }), -ENOENT);
  assert.equal(fixture.attach("on_uprobes", UPROBE_MULTI, { ...at, 56: 2, 60: path }), -EFAULT);
  return undefined;
});

test("a static probe", (t) => {
  const fixture = new LinkFixture(t, "on_usdt");
  const { guest } = fixture;
  const at = { 8: 8, 16: guest.text(TARGET), 20: guest.text("own"), 24: guest.text("once") };
  fixture.checkRuns(fixture.attach("on_usdt", USDT, { ...at, 32: 100n }), 1);
  assert.equal(fixture.object.get("cookie"), 107);
  assert.equal(fixture.attach("on_usdt", USDT, { ...at, 24: guest.text("never") }), -ENOENT);
  assert.equal(guest.lines, "");
  assert.equal(fixture.attach("on_usdt", USDT, { ...at, 16: guest.text("/bin/true") }), -ENOENT);
  assert.equal(guest.lines, "libbpf: usdt: no USDT notes section (.note.stapsdt) found in '/bin/true'\n");
});
