import assert from "node:assert/strict";
import { fstatSync } from "node:fs";
import { describe, type TestContext, test } from "node:test";
import { getSys } from "../../src/sys/index.ts";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import { EBADF, EPERM } from "../../src/uapi/errno.ts";
import { AbiGuest } from "../support/abi-v2.ts";
import { GuestObjectFixture } from "../support/abi-v2-object.ts";
import { compileBpf } from "../support/compile-bpf.ts";
import { compileGuest, runGuest } from "../support/guest.ts";

failOnLeaks();

/** Stands for a descriptor in compiled programs, until its number is known. */
const PLACEHOLDER = 0x7eadbeef;

/** A copy of `object` with a number in the place of the placeholder. */
function withNumber(object: Uint8Array, number: number): Uint8Array {
  const copy = object.slice();
  const view = new DataView(copy.buffer);
  let places = 0;
  for (let at = 0; at + 4 <= copy.length; at += 4) {
    if (view.getUint32(at, true) !== PLACEHOLDER) continue;
    view.setUint32(at, number, true);
    places++;
  }
  assert.ok(places > 0);
  return copy;
}

/** A map of another guest, and the host's descriptor of it. */
function foreignMap(t: TestContext): number {
  const other = new AbiGuest();
  t.after(() => other.close());
  const fd = other.call("map_create", other.block(80, { 4: 2, 12: 4, 16: 8, 20: 1 }));
  const descriptor = other.context.fds.get(fd);
  assert.ok(descriptor !== undefined && "hostFd" in descriptor);
  return descriptor.hostFd as number;
}

/** Has a descriptor in the instructions themselves: `BPF_PSEUDO_MAP_FD` without a relocation. */
const raw = compileBpf(`
SEC("socket") int by_number(struct __sk_buff *skb) {
	asm volatile(".quad 0x7eadbeef00001018; .quad 0" ::: "r0");
	return 1;
}
`);

describe("descriptors of the host in the instructions of an object", () => {
  test("are none for a guest of version 2", (t) => {
    const object = new GuestObjectFixture(t, withNumber(raw, foreignMap(t)));
    assert.equal(object.guest.call("object_load", object.handle), -EBADF);
    assert.match(object.guest.lines, /fd -1 is not pointing to valid bpf_map/);
  });

  test("are none for a guest of version 1", (t) => {
    const guest = compileGuest(
      "int main(void) { return load(PTR(object), object_size) ? 1 : 0; }",
      withNumber(raw, foreignMap(t)),
    );
    const { status, stderr } = runGuest(guest);
    assert.equal(status, 0);
    assert.match(stderr, /fd -1 is not pointing to valid bpf_map/);
  });
});

const caller = compileBpf(`
static long (*sys_close)(__u32 fd) = (void *)168;
SEC("syscall") int close_it(void *ctx) { return sys_close(0x7eadbeef); }
`);

describe("programs that call bpf() themselves", () => {
  /** Runs one that closes a descriptor of the host. */
  function closeOther(t: TestContext, guest: AbiGuest, number: number): number {
    const object = new GuestObjectFixture(t, withNumber(caller, number), {}, guest);
    object.load();
    return guest.call("program_test_run", object.programFd("close_it"), guest.block(64));
  }

  test("are not run for a guest that has its own objects only", (t) => {
    const hostFd = foreignMap(t);
    const guest = new AbiGuest();
    assert.equal(closeOther(t, guest, hostFd), -EPERM);
    fstatSync(hostFd);
    assert.match(guest.lines, /The guest wants to .*, which needs --allow-kernel\n/);
  });

  test("are run with --allow-kernel", (t) => {
    const sys = getSys();
    const hostFd = sys.eventfd(0, 0);
    const guest = new AbiGuest({ permissions: { kernel: true } });
    assert.equal(closeOther(t, guest, hostFd), 0);
    assert.equal(sys.close(hostFd), -EBADF, "it is closed");
  });
});

describe("pins of an object", () => {
  for (const [root, result] of [
    ["/sys/fs/bpf", true],
    ["/sys/fs/bpf/own", true],
    ["/sys/fs/bpf/", true],
    ["/run/other/bpf", false],
    ["/sys/fs/bpf/../../../run/other", false],
    ["/sys/fs/bpf-other", false],
    ["bpf", false],
  ] as const) {
    test(`below ${root} are ${result ? "the guest's" : "not to be reached"}`, (t) => {
      const guest = new AbiGuest();
      t.after(() => guest.close());
      const request = guest.block(48, { 4: guest.put(caller), 8: caller.length, 24: guest.text(root) });
      const handle = guest.call("object_open", request);
      assert.equal(Math.min(handle, 0), result ? 0 : -EPERM);
    });
  }
});
