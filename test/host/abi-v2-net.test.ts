import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { encodeInstructions, exit, mov64Imm, R0 } from "../../src/asm/index.ts";
import { KernelDescriptor } from "../../src/host/abi-v2/kernel-descriptor.ts";
import { InputDescriptor } from "../../src/host/wasi/index.ts";
import { loadProgram, machineIsLittleEndian } from "../../src/kernel/index.ts";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import { BPF_PROG_TYPE_SOCKET_FILTER } from "../../src/uapi/bpf.ts";
import * as errno from "../../src/uapi/errno.ts";
import * as linux from "../../src/uapi/linux.ts";
import { AbiGuest } from "../support/abi-v2.ts";

failOnLeaks();

const { AF_INET, AF_UNIX, AF_PACKET, AF_NETLINK, SOCK_DGRAM, SOCK_STREAM, SOCK_RAW, SOL_SOCKET } = linux;
const SO_TYPE = 3;
const SO_RCVTIMEO = 20;
const SO_ATTACH_FILTER = 26;
const SO_PEERPIDFD = 77;
const NONBLOCK = 4;
const LOOPBACK = 0x7f000001;

function networkGuest(): AbiGuest {
  return new AbiGuest({ permissions: { net: true } });
}

/** `struct sockaddr_in` */
function internetAddress(guest: AbiGuest, port: number, host = LOOPBACK): number {
  const at = guest.alloc(16);
  const view = guest.view(at, 16);
  view.setUint16(0, AF_INET, true);
  view.setUint16(2, port);
  view.setUint32(4, host);
  return at;
}

function socket(guest: AbiGuest, family: number, type: number, protocol = 0): number {
  const fd = guest.call("net_socket", family, type, protocol);
  assert.ok(fd >= 0, String(fd));
  return fd;
}

function portOf(guest: AbiGuest, fd: number): number {
  const at = guest.alloc(16);
  assert.equal(guest.call("net_name", fd, 0, at, 16), 16);
  return guest.view(at, 16).getUint16(2);
}

/** Two UDP sockets of the loopback interface, the second connected to the first. */
function pair(guest: AbiGuest): [receiver: number, sender: number] {
  const receiver = socket(guest, AF_INET, SOCK_DGRAM);
  assert.equal(guest.call("net_bind", receiver, internetAddress(guest, 0), 16), 0);
  const sender = socket(guest, AF_INET, SOCK_DGRAM);
  assert.equal(guest.call("net_connect", sender, internetAddress(guest, portOf(guest, receiver)), 16), 0);
  return [receiver, sender];
}

function write(guest: AbiGuest, fd: number, text: string): number {
  return guest.context.fds.get(fd)?.write([new TextEncoder().encode(text)]) ?? -errno.EBADF;
}

function read(guest: AbiGuest, fd: number): string | number {
  const bytes = new Uint8Array(64);
  const count = guest.context.fds.get(fd)?.read([bytes]) ?? -errno.EBADF;
  return count < 0 ? count : new TextDecoder().decode(bytes.subarray(0, count));
}

function setNonblocking(guest: AbiGuest, fd: number): void {
  assert.equal(guest.context.fds.get(fd)?.setFlags(NONBLOCK), 0);
}

describe("sockets of a guest", () => {
  test("send and receive datagrams", () => {
    using guest = networkGuest();
    const [receiver, sender] = pair(guest);
    assert.equal(write(guest, sender, "one"), 3);
    assert.equal(write(guest, sender, "two"), 3);
    assert.equal(read(guest, receiver), "one");
    const peeked = new Uint8Array(8);
    assert.equal(guest.context.fds.get(receiver)?.receive([peeked], 2), 3, "MSG_PEEK");
    assert.equal(read(guest, receiver), "two");
    setNonblocking(guest, receiver);
    assert.equal(read(guest, receiver), -errno.EAGAIN);
    const type = guest.alloc(4);
    assert.equal(guest.call("net_get_option", receiver, SOL_SOCKET, SO_TYPE, type, 4), 4);
    assert.equal(guest.view(type, 4).getUint32(0, true), SOCK_DGRAM);
  });

  test("connect, accept, and end a stream", () => {
    using guest = networkGuest();
    const server = socket(guest, AF_INET, SOCK_STREAM);
    assert.equal(guest.call("net_bind", server, internetAddress(guest, 0), 16), 0);
    assert.equal(guest.call("net_listen", server, 1), 0);
    const client = socket(guest, AF_INET, SOCK_STREAM);
    const address = internetAddress(guest, portOf(guest, server));
    assert.equal(guest.call("net_connect", client, address, 16), 0);
    const accepted = guest.context.fds.get(server)?.accept(0);
    assert.ok(typeof accepted === "object");
    const connection = guest.context.fds.add(accepted);
    assert.equal(write(guest, client, "hello"), 5);
    assert.equal(read(guest, connection), "hello");
    assert.equal(guest.context.fds.get(client)?.shutdown(1), 0);
    assert.equal(read(guest, connection), "", "the end");
    const name = guest.alloc(16);
    assert.equal(guest.call("net_name", client, 1, name, 16), 16);
    assert.equal(guest.view(name, 16).getUint16(2), portOf(guest, server));
    assert.equal(guest.context.fds.close(server), 0);
    const late = socket(guest, AF_INET, SOCK_STREAM);
    assert.equal(guest.call("net_connect", late, address, 16), -errno.ECONNREFUSED);
  });

  test("give up after SO_RCVTIMEO", () => {
    using guest = networkGuest();
    const [receiver] = pair(guest);
    const time = guest.alloc(16);
    guest.view(time, 16).setBigInt64(8, 1000n, true);
    assert.equal(guest.call("net_option", receiver, SOL_SOCKET, SO_RCVTIMEO, time, 16), 0);
    assert.equal(read(guest, receiver), -errno.EAGAIN);
  });

  test("take the guest's programs and filters", () => {
    using guest = networkGuest();
    const { sys, interrupts, fds } = guest.context;
    const instructions = encodeInstructions([mov64Imm(R0, 0), exit()], machineIsLittleEndian());
    const hostFd = loadProgram({ type: BPF_PROG_TYPE_SOCKET_FILTER, instructions, license: "GPL" }).result;
    assert.ok(hostFd >= 0, String(hostFd));
    const program = fds.add(
      new KernelDescriptor({ sys, interrupts, kind: "program", hostFd, object: undefined }),
    );
    const [receiver, sender] = pair(guest);
    setNonblocking(guest, receiver);
    const value = guest.alloc(4);
    guest.view(value, 4).setInt32(0, program, true);
    assert.equal(guest.call("net_option", receiver, SOL_SOCKET, linux.SO_ATTACH_BPF, value, 4), 0);
    assert.equal(write(guest, sender, "dropped"), 7);
    assert.equal(read(guest, receiver), -errno.EAGAIN);
    assert.equal(guest.call("net_option", receiver, SOL_SOCKET, linux.SO_DETACH_BPF, value, 4), 0);
    assert.equal(write(guest, sender, "seen"), 4);
    assert.equal(read(guest, receiver), "seen");
    for (const other of [hostFd, receiver, -1]) {
      if (other === program) continue;
      guest.view(value, 4).setInt32(0, other, true);
      const result = guest.call("net_option", receiver, SOL_SOCKET, linux.SO_ATTACH_BPF, value, 4);
      // As in the kernel: nothing is open, or something that is no program.
      assert.equal(result, guest.context.fds.get(other) === undefined ? -errno.EBADF : -errno.EINVAL);
    }
    // Classic BPF, `ret #2`: struct sock_fprog has an address of the guest, of 8 bytes or of 4.
    const filter = guest.alloc(8);
    guest.view(filter, 8).setUint16(0, 6, true);
    guest.view(filter, 8).setUint32(4, 8 + 2, true);
    const wide = guest.alloc(16);
    guest.view(wide, 16).setUint16(0, 1, true);
    guest.view(wide, 16).setBigUint64(8, BigInt(filter), true);
    const narrow = guest.alloc(8);
    guest.view(narrow, 8).setUint16(0, 1, true);
    guest.view(narrow, 8).setUint32(4, filter, true);
    for (const [at, size] of [
      [wide, 16],
      [narrow, 8],
    ] as const) {
      assert.equal(guest.call("net_option", receiver, SOL_SOCKET, SO_ATTACH_FILTER, at, size), 0);
      assert.equal(write(guest, sender, "cut off"), 7);
      assert.equal(read(guest, receiver), "cu");
    }
    guest.view(wide, 16).setBigUint64(8, 1n << 40n, true);
    assert.equal(guest.call("net_option", receiver, SOL_SOCKET, SO_ATTACH_FILTER, wide, 16), -errno.EINVAL);
    guest.view(wide, 16).setBigUint64(8, 0xfffffff8n, true);
    assert.equal(guest.call("net_option", receiver, SOL_SOCKET, SO_ATTACH_FILTER, wide, 16), -errno.EFAULT);
  });

  test("see the frames of an interface", () => {
    using guest = networkGuest();
    const ETH_P_ALL = 0x0300;
    const raw = socket(guest, AF_PACKET, SOCK_RAW, ETH_P_ALL);
    const index = guest.call("system_interface", guest.text("lo"), 0, 0, 0);
    const at = guest.alloc(20);
    guest.view(at, 20).setUint16(0, AF_PACKET, true);
    guest.view(at, 20).setUint16(2, ETH_P_ALL, true);
    guest.view(at, 20).setInt32(4, index, true);
    assert.equal(guest.call("net_bind", raw, at, 20), 0);
    const [, sender] = pair(guest);
    const text = `needle-${process.pid}`;
    assert.equal(write(guest, sender, text), text.length);
    const frame = new Uint8Array(2048);
    for (;;) {
      const count = guest.context.fds.get(raw)?.read([frame]) ?? -1;
      assert.ok(count > 0, String(count));
      if (new TextDecoder("latin1").decode(frame.subarray(0, count)).includes(text)) break;
    }
  });

  test("of the kernel and of abstract names exist", () => {
    using guest = networkGuest();
    assert.ok(socket(guest, AF_NETLINK, SOCK_RAW) >= 0);
    const address = (text: string): [at: number, size: number] => {
      const at = guest.alloc(2 + text.length);
      guest.view(at, 2).setUint16(0, AF_UNIX, true);
      guest.context.memory.write(at + 2, new TextEncoder().encode(text));
      return [at, 2 + text.length];
    };
    const name = `\0wasm-bpf-test-${process.pid}`;
    const server = socket(guest, AF_UNIX, SOCK_DGRAM);
    assert.equal(guest.call("net_bind", server, ...address(name)), 0);
    const client = socket(guest, AF_UNIX, SOCK_DGRAM);
    assert.equal(guest.call("net_connect", client, ...address(name)), 0);
    assert.equal(write(guest, client, "x"), 1);
    assert.equal(read(guest, server), "x");
    // A name in the file system is not the network's.
    const path = `/tmp/wasm-bpf-test-${process.pid}`;
    assert.equal(guest.call("net_bind", client, ...address(path)), -errno.EACCES);
    assert.equal(guest.call("net_connect", client, ...address("/run/systemd/notify")), -errno.EACCES);
  });
});

describe("what a guest may not do with sockets", () => {
  test("nothing without the option, with one line", () => {
    using guest = new AbiGuest();
    assert.equal(guest.call("net_socket", AF_INET, SOCK_STREAM, 0), -errno.EPERM);
    assert.equal(guest.call("net_socket", AF_INET, SOCK_STREAM, 0), -errno.EPERM);
    assert.equal(guest.lines.match(/--allow-net/g)?.length, 1);
  });

  test("options with addresses, or that give out descriptors, are unknown", () => {
    using guest = networkGuest();
    const fd = socket(guest, AF_INET, SOCK_STREAM);
    const at = guest.alloc(256);
    const plain = [
      [0, 64],
      [0, 0x7fffffff],
      [41, 64],
      [6, 35],
      [SOL_SOCKET, SO_PEERPIDFD],
      [263, 22],
      [132, 1],
      [-1, 1],
    ];
    for (const [level = 0, name = 0] of plain) {
      assert.equal(guest.call("net_option", fd, level, name, at, 4), -errno.ENOPROTOOPT, `${level} ${name}`);
      assert.equal(guest.call("net_get_option", fd, level, name, at, 4), -errno.ENOPROTOOPT);
    }
    // These take the size for a number of records.
    for (const [level = 0, name = 0] of [
      [SOL_SOCKET, SO_ATTACH_FILTER],
      [0, 41],
      [0, 48],
      [41, 48],
      [6, 41],
    ]) {
      assert.equal(guest.call("net_get_option", fd, level, name, at, 4), -errno.ENOPROTOOPT);
    }
  });

  test("bad numbers are errors", () => {
    using guest = networkGuest();
    for (const family of [0, 3, 38, 44, -1, 9999]) {
      assert.equal(guest.call("net_socket", family, SOCK_DGRAM, 0), -errno.EAFNOSUPPORT);
    }
    assert.equal(guest.call("net_socket", AF_INET, 0x7fffffff, 0), -errno.EINVAL);
    const fd = socket(guest, AF_INET, SOCK_DGRAM);
    const at = internetAddress(guest, 0);
    for (const size of [0, 1, 129, -1, 0x7fffffff]) {
      assert.equal(guest.call("net_bind", fd, at, size), -errno.EINVAL);
      assert.equal(guest.call("net_connect", fd, at, size), -errno.EINVAL);
    }
    assert.equal(guest.call("net_bind", fd, -8, 16), -errno.EFAULT);
    assert.equal(guest.call("net_option", fd, SOL_SOCKET, 2, -8, 16), -errno.EFAULT);
    assert.equal(guest.call("net_get_option", fd, SOL_SOCKET, 2, -8, 16), -errno.EFAULT);
    assert.equal(guest.call("net_option", fd, SOL_SOCKET, 2, at, -1), -errno.EINVAL);
    assert.equal(guest.call("net_name", fd, 2, at, 16), -errno.EINVAL);
    const { sys, interrupts, fds } = guest.context;
    const pipe = fds.add(new InputDescriptor(sys, interrupts, () => 0));
    for (const [other, error] of [
      [pipe, errno.ENOTSOCK],
      [99, errno.EBADF],
      [-1, errno.EBADF],
    ] as const) {
      assert.equal(guest.call("net_bind", other, at, 16), -error);
      assert.equal(guest.call("net_listen", other, 1), -error);
      assert.equal(guest.call("net_send", other, at, 1, 0, 0, 0), -error);
      assert.equal(guest.call("net_receive", other, at, 1, 0, 0, 0, 0), -error);
    }
    for (const flags of [0x40000, 0x4000000, -1]) {
      assert.equal(guest.call("net_send", fd, at, 1, flags, 0, 0), -errno.EINVAL);
      assert.equal(guest.call("net_receive", fd, at, 1, flags, 0, 0, 0), -errno.EINVAL);
    }
    assert.equal(guest.call("net_send", fd, -8, 64, 0, 0, 0), -errno.EFAULT);
    assert.equal(guest.call("net_send", fd, at, 1, 0, -8, 16), -errno.EFAULT);
    assert.equal(guest.call("net_receive", fd, at, -1, 0, 0, 0, 0), -errno.EFAULT);
    assert.equal(guest.call("net_receive", fd, at, 1, 0, -8, 16, 0), -errno.EFAULT);
    assert.equal(guest.call("net_receive", fd, at, 1, 0, 0, 0, -2), -errno.EFAULT);
    assert.equal(guest.context.fds.close(fd), 0);
    assert.equal(guest.call("net_bind", fd, at, 16), -errno.EBADF);
  });
});
