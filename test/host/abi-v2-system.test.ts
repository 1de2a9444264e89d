import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { openPreopen } from "../../src/host/wasi/index.ts";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import { BPF_FUNC_perf_event_output, BPF_MAP_TYPE_HASH, BPF_PROG_TYPE_KPROBE } from "../../src/uapi/bpf.ts";
import * as errno from "../../src/uapi/errno.ts";
import * as perf from "../../src/uapi/perf.ts";
import { AbiGuest } from "../support/abi-v2.ts";
import { withDirectory } from "../support/compile.ts";

failOnLeaks();

const TIOCGWINSZ = 0x5413;

function textOf(guest: AbiGuest, what: number): string {
  const length = guest.call("system_text", what, 0, 0);
  assert.ok(length >= 0, `text ${what}: ${length}`);
  const at = guest.alloc(length + 1);
  assert.equal(guest.call("system_text", what, at, length), length);
  return guest.string(at, length);
}

function command(...words: string[]): string {
  return execFileSync(words[0] ?? "", words.slice(1), { encoding: "utf8" }).trim();
}

describe("what a guest asks about the machine", () => {
  test("numbers are those of the system", () => {
    using guest = new AbiGuest();
    const info = (what: number) => guest.call("system_info", what);
    assert.equal(info(2), Number(command("getconf", "_NPROCESSORS_ONLN")));
    assert.equal(info(3), Number(command("getconf", "_NPROCESSORS_CONF")));
    assert.ok(info(1) >= info(3));
    assert.equal(info(4), Number(command("getconf", "PAGESIZE")));
    assert.equal(info(5), process.pid);
    assert.equal(info(6), process.ppid);
    assert.equal(info(7), process.geteuid?.());
    assert.equal(info(8), process.getegid?.());
    const boot = fs.readFileSync("/proc/sys/kernel/random/boot_id", "latin1");
    assert.equal(info(9), Number.parseInt(boot.slice(0, 8), 16) >>> 1);
    const [major, minor] = command("uname", "-r").split(".").map(Number);
    assert.equal(info(10) >> 8, ((major ?? 0) << 8) | (minor ?? 0));
    assert.equal(info(11), (1 << 16) | 8);
    assert.ok(info(13) >= 0 && info(13) < 8192, "the processor that it runs on");
    for (const what of [0, 14, -1, 0x7fffffff]) assert.equal(info(what), -errno.EINVAL);
  });

  test("texts are those of uname", () => {
    using guest = new AbiGuest();
    const options = ["-s", "-n", "-r", "-v", "-m"];
    assert.deepEqual(
      options.map((_, index) => textOf(guest, index + 1)),
      options.map((option) => command("uname", option)),
    );
    const domain = fs.readFileSync("/proc/sys/kernel/domainname", "latin1").trim();
    assert.equal(textOf(guest, 6), domain);
    // As much as fits is written.
    const at = guest.alloc(4);
    assert.equal(guest.call("system_text", 1, at, 3), 5);
    assert.equal(guest.string(at, 4), "Lin\0");
    assert.equal(guest.call("system_text", 1, -8, 8), -errno.EFAULT);
    assert.equal(guest.call("system_text", 9, at, 4), -errno.EINVAL);
  });

  test("local time comes from the zone file that TZ names, and from no other file", () => {
    const zone = (timeZone: string | undefined): Uint8Array | number => {
      using guest = new AbiGuest();
      Object.assign(guest.context, { timeZone });
      const length = guest.call("system_text", 7, 0, 0);
      if (length < 0) return length;
      const at = guest.alloc(length);
      guest.call("system_text", 7, at, length);
      return guest.context.memory.copy(at, length) ?? 0;
    };
    const file = "/usr/share/zoneinfo/UTC";
    if (fs.existsSync(file)) {
      assert.deepEqual(zone("UTC"), new Uint8Array(fs.readFileSync(file)));
      assert.deepEqual(zone(`:${file}`), new Uint8Array(fs.readFileSync(file)));
    }
    if (fs.existsSync("/etc/localtime")) {
      assert.deepEqual(zone(undefined), new Uint8Array(fs.readFileSync("/etc/localtime")));
    }
    for (const other of ["/etc/passwd", "CET-1CEST", "", "/"]) assert.equal(zone(other), -errno.ENOENT);
  });

  test("the working directory is told to who may read it", () => {
    using all = new AbiGuest({ permissions: { read: true } });
    using none = new AbiGuest();
    assert.equal(textOf(all, 8), process.cwd());
    assert.equal(textOf(none, 8), "/");
  });

  test("clocks are the kernel's", () => {
    using guest = new AbiGuest();
    const at = guest.alloc(8);
    const time = (clock: number): bigint => {
      assert.equal(guest.call("system_clock", clock, at), 0);
      return guest.view(at, 8).getBigUint64(0, true);
    };
    const monotonic = process.hrtime.bigint();
    assert.ok(time(1) >= monotonic);
    assert.ok(time(7) >= monotonic, "CLOCK_BOOTTIME goes on in suspend");
    assert.ok(Math.abs(Number(time(0) / 1_000_000n) - Date.now()) < 60_000);
    assert.equal(guest.call("system_clock", 99, at), -errno.EINVAL);
    assert.equal(guest.call("system_clock", 1, -4), -errno.EFAULT);
  });

  test("the kernel's features are probed", () => {
    using guest = new AbiGuest();
    const probe = (...parameters: number[]) => guest.call("system_probe", ...parameters);
    assert.equal(probe(1, BPF_PROG_TYPE_KPROBE, 0), 1);
    assert.equal(probe(2, BPF_MAP_TYPE_HASH, 0), 1);
    assert.equal(probe(3, BPF_PROG_TYPE_KPROBE, BPF_FUNC_perf_event_output), 1);
    assert.equal(probe(3, BPF_PROG_TYPE_KPROBE, 100000), 0);
    for (const [kind, a] of [
      [1, 9999],
      [1, -1],
      [2, 0],
      [2, 9999],
      [3, 26],
    ] as const) {
      assert.equal(probe(kind, a, 1), -errno.EOPNOTSUPP);
    }
    assert.equal(probe(4, 1, 1), -errno.EINVAL);
  });

  test("interfaces have names and numbers", () => {
    using guest = new AbiGuest();
    const index = guest.call("system_interface", guest.text("lo"), 0, 0, 0);
    assert.equal(index, Number(fs.readFileSync("/sys/class/net/lo/ifindex", "latin1")));
    const at = guest.alloc(16);
    assert.equal(guest.call("system_interface", 0, index, at, 16), 3);
    assert.equal(guest.string(at, 3), "lo\0");
    assert.equal(guest.call("system_interface", guest.text("no such"), 0, 0, 0), -errno.ENODEV);
    assert.equal(guest.call("system_interface", 0, 0x7ffffff0, at, 16), -errno.ENXIO);
    assert.equal(guest.call("system_interface", -1, 0, 0, 0), -errno.EFAULT);
  });
});

describe("limits", () => {
  const NOFILE = 7;
  const CORE = 4;

  test("are read, and never lowered", () => {
    using guest = new AbiGuest();
    const old = guest.alloc(16);
    const next = guest.alloc(16);
    assert.equal(guest.call("system_limit", NOFILE, 0, old), 0);
    const soft = guest.view(old, 16).getBigUint64(0, true);
    assert.equal(soft, BigInt(command("sh", "-c", `prlimit --pid ${process.pid} -n --noheadings -o SOFT`)));
    for (const resource of [NOFILE, CORE]) {
      assert.equal(guest.call("system_limit", resource, next, 0), 0, "0 and 0");
    }
    assert.equal(guest.call("system_limit", NOFILE, 0, old), 0);
    assert.equal(guest.view(old, 16).getBigUint64(0, true), soft);
    guest.view(next, 16).setBigUint64(0, 2n, true);
    assert.equal(guest.call("system_limit", NOFILE, next, 0), -errno.EINVAL, "more than the hard limit");
    for (const resource of [-1, 16]) {
      assert.equal(guest.call("system_limit", resource, 0, old), -errno.EINVAL);
    }
    assert.equal(guest.call("system_limit", NOFILE, -4, old), -errno.EFAULT);
  });
});

describe("perf events", () => {
  /** A counter of context switches of this process. */
  function attr(
    guest: AbiGuest,
    type = perf.PERF_TYPE_SOFTWARE,
    config = perf.PERF_COUNT_SW_TASK_CLOCK,
  ): number {
    const at = guest.alloc(112);
    const view = guest.view(at, 112);
    view.setUint32(0, type, true);
    view.setUint32(4, 112, true);
    view.setBigUint64(8, BigInt(config), true);
    return at;
  }

  function open(guest: AbiGuest, at: number, ...rest: number[]): number {
    const [pid = 0, cpu = -1, group = -1, flags = 0] = rest;
    return guest.call("system_perf_event", at, 112, pid, cpu, group, flags);
  }

  test("are opened, read as files, controlled and closed", () => {
    using guest = new AbiGuest();
    const fd = open(guest, attr(guest));
    assert.ok(fd >= 0, String(fd));
    const event = guest.context.fds.get(fd);
    const count = new Uint8Array(8);
    assert.equal(event?.read([count]), 8);
    const first = new DataView(count.buffer).getBigUint64(0, true);
    for (let i = 0; i < 1_000_000; i++) Math.sqrt(i);
    assert.equal(event?.read([count]), 8);
    assert.ok(new DataView(count.buffer).getBigUint64(0, true) > first);
    const id = guest.alloc(8);
    assert.equal(guest.call("system_ioctl", fd, perf.PERF_EVENT_IOC_ID | 0, id), 0);
    assert.notEqual(guest.view(id, 8).getBigUint64(0, true), 0n);
    assert.equal(guest.call("system_ioctl", fd, perf.PERF_EVENT_IOC_DISABLE, 0), 0);
    assert.equal(guest.call("system_ioctl", fd, perf.PERF_EVENT_IOC_ENABLE, 0), 0);
    const member = open(guest, attr(guest), 0, -1, fd);
    assert.ok(member >= 0, String(member));
    assert.equal(guest.context.fds.close(member), 0);
    assert.equal(guest.context.fds.close(fd), 0);
    assert.equal(guest.call("system_ioctl", fd, perf.PERF_EVENT_IOC_ENABLE, 0), -errno.EBADF);
  });

  test("bad attributes, descriptors and requests are errors", () => {
    using guest = new AbiGuest();
    const at = attr(guest);
    assert.equal(open(guest, at, 0, -1, 0), -errno.EBADF, "a group that is no event");
    assert.equal(open(guest, at, 0, -1, -1, 1 << 20), -errno.EINVAL, "unknown flags");
    assert.equal(open(guest, at, 77, 0, -1, perf.PERF_FLAG_PID_CGROUP), -errno.EBADF, "no directory");
    assert.equal(open(guest, -8), -errno.EFAULT);
    assert.equal(guest.call("system_perf_event", at, 8, 0, -1, -1, 0), -errno.EINVAL);
    assert.equal(guest.call("system_perf_event", at, -1, 0, -1, -1, 0), -errno.E2BIG);
    guest.view(at, 112).setUint32(4, 4096, true);
    assert.equal(open(guest, at), -errno.EINVAL, "claims more than it has");
    const trap = attr(guest);
    guest.view(trap, 112).setBigUint64(40, 1n << 37n, true);
    assert.equal(open(guest, trap), -errno.EINVAL, "SIGTRAP would hit the host");
    const fd = open(guest, attr(guest));
    for (const request of [0, 0x5401, 0x40082499]) {
      assert.equal(guest.call("system_ioctl", fd, request, 0), -errno.ENOTTY);
    }
    assert.equal(guest.call("system_ioctl", fd, perf.PERF_EVENT_IOC_ID | 0, -4), -errno.EFAULT);
    assert.equal(guest.call("system_ioctl", fd, perf.PERF_EVENT_IOC_SET_BPF, fd), -errno.EINVAL);
    assert.equal(guest.call("system_ioctl", fd, perf.PERF_EVENT_IOC_SET_OUTPUT, 99), -errno.EBADF);
    const query = guest.alloc(16);
    guest.view(query, 16).setUint32(0, 0xffffffff, true);
    assert.equal(guest.call("system_ioctl", fd, perf.PERF_EVENT_IOC_QUERY_BPF | 0, query), -errno.E2BIG);
  });

  test("a uprobe's path is the guest's text", () => {
    using guest = new AbiGuest();
    const type = Number(fs.readFileSync("/sys/bus/event_source/devices/uprobe/type", "latin1"));
    const at = attr(guest, type, 0);
    const path = guest.text(process.execPath);
    guest.view(at, 112).setBigUint64(56, BigInt(path), true);
    guest.view(at, 112).setBigUint64(64, 0x1000n, true);
    const fd = open(guest, at, 0, -1);
    assert.ok(fd >= 0, String(fd));
    // An address of the host is none of the guest.
    guest.view(at, 112).setBigUint64(56, 1n << 40n, true);
    assert.equal(open(guest, at, 0, -1), -errno.EINVAL);
    guest.view(at, 112).setBigUint64(56, BigInt(guest.text("/no/such/binary")), true);
    assert.equal(open(guest, at, 0, -1), -errno.ENOENT);
  });
});

function withFiles(body: (guest: AbiGuest, directory: string, fd: number) => void): Promise<void> {
  return withDirectory((directory) => {
    using guest = new AbiGuest();
    const { sys, interrupts, fds } = guest.context;
    const fd = fds.add(openPreopen({ sys, interrupts }, { host: directory, guest: "/data" }));
    body(guest, directory, fd);
  });
}

describe("system_stat, system_chmod", () => {
  const MODE = 24;

  test("tell what WASI's filestat leaves out", () =>
    withFiles((guest, directory, fd) => {
      const path = join(directory, "tool");
      fs.writeFileSync(path, "#!/bin/sh\n".repeat(1000));
      fs.chmodSync(path, 0o4751);
      fs.symlinkSync("tool", join(directory, "link"));
      const host = fs.statSync(path, { bigint: true });
      const out = guest.alloc(144);
      const view = guest.view(out, 144);
      assert.equal(guest.call("system_stat", fd, guest.text("tool"), 0, out), 0);
      assert.equal(view.getUint32(MODE, true), Number(host.mode));
      assert.deepEqual(
        [view.getBigUint64(0, true), view.getBigUint64(8, true), view.getBigUint64(16, true)],
        [host.dev, host.ino, host.nlink],
      );
      assert.deepEqual(
        [view.getUint32(28, true), view.getUint32(32, true)],
        [Number(host.uid), Number(host.gid)],
      );
      assert.deepEqual(
        [view.getBigInt64(48, true), view.getBigInt64(56, true), view.getBigInt64(64, true)],
        [host.size, host.blksize, host.blocks],
      );
      assert.equal(view.getBigInt64(88, true) * 1_000_000_000n + view.getBigInt64(96, true), host.mtimeNs);
      assert.equal(guest.call("system_stat", fd, guest.text("link"), 0, out), 0);
      assert.equal(view.getUint32(MODE, true) & 0o170000, 0o120000);
      assert.equal(guest.call("system_stat", fd, guest.text("link"), 1, out), 0);
      assert.equal(view.getUint32(MODE, true), Number(host.mode));
      assert.equal(guest.call("system_stat", fd, 0, 0, out), 0);
      assert.equal(view.getUint32(MODE, true), fs.statSync(directory).mode);
    }));

  test("stay below the directory, and refuse wild parameters", () =>
    withFiles((guest, directory, fd) => {
      fs.symlinkSync("/etc/passwd", join(directory, "out"));
      const out = guest.alloc(144);
      const stat = (path: number) => guest.call("system_stat", fd, path, 1, out);
      assert.equal(stat(guest.text("../..")), -errno.EACCES);
      assert.equal(stat(guest.text("out")), -errno.EACCES);
      assert.equal(stat(guest.text("/etc")), -errno.EACCES);
      assert.equal(stat(guest.text("absent")), -errno.ENOENT);
      assert.equal(stat(guest.text("")), -errno.ENOENT);
      assert.equal(stat(-1), -errno.EFAULT);
      assert.equal(guest.call("system_stat", 99, 0, 0, out), -errno.EBADF);
      assert.equal(guest.call("system_stat", fd, 0, 0, -100), -errno.EFAULT);
      const before = fs.statSync("/etc/passwd").mode;
      const chmod = (path: number, flags: number, mode: number) =>
        guest.call("system_chmod", fd, path, flags, mode);
      assert.equal(chmod(guest.text("out"), 1, 0o777), -errno.EACCES);
      assert.equal(chmod(guest.text("out"), 0, 0o777), -errno.EOPNOTSUPP);
      assert.equal(chmod(guest.text("../x"), 0, 0o777), -errno.EACCES);
      assert.equal(fs.statSync("/etc/passwd").mode, before);
      fs.writeFileSync(join(directory, "file"), "");
      assert.equal(chmod(guest.text("file"), 0, 0o4755), -errno.EINVAL, "no file that runs as somebody else");
      assert.equal(chmod(guest.text("file"), 0, 0o640), 0);
      assert.equal(fs.statSync(join(directory, "file")).mode & 0o7777, 0o640);
    }));
});

describe("files that a guest makes", () => {
  test("get the mode that it asks for, whatever the host's mask is", () =>
    withFiles((guest, directory, fd) => {
      const modeOf = (name: string): number => fs.statSync(join(directory, name)).mode & 0o7777;
      const open = (name: string, flags: number, mode: number): number => {
        const opened = guest.call("system_open", fd, guest.text(name), flags, mode);
        if (opened >= 0) guest.context.fds.close(opened);
        return opened;
      };
      const [create, exclusive, both] = [0x41, 0xc1, 3];
      assert.ok(open("wide", create, 0o666) >= 0);
      assert.ok(open("none", exclusive, 0) >= 0);
      assert.ok(open("special", create, 0o7755) >= 0);
      assert.deepEqual(["wide", "none", "special"].map(modeOf), [0o666, 0, 0o1755]);
      assert.ok(open("wide", create, 0o600) >= 0);
      assert.equal(modeOf("wide"), 0o666, "what is there keeps its mode");
      assert.equal(open("wide", exclusive, 0o600), -errno.EEXIST);
      assert.equal(open("wide", both, 0), -errno.EINVAL);
      assert.equal(open(".", 2, 0), -errno.EISDIR);
      assert.equal(open("../x", create, 0o666), -errno.EACCES);
      assert.equal(guest.call("system_open", 99, guest.text("wide"), 0, 0), -errno.EBADF);
      assert.equal(guest.call("system_open", fd, -1, 0, 0), -errno.EFAULT);
      const mkdir = (name: string, mode: number): number =>
        guest.call("system_mkdir", fd, guest.text(name), mode);
      assert.equal(mkdir("shared/", 0o1777), 0);
      assert.equal(mkdir("shared", 0o700), -errno.EEXIST);
      assert.equal(modeOf("shared"), 0o1777);
    }));

  test("and the mask is the host's at the start", () => {
    using guest = new AbiGuest();
    const mask = process.umask();
    assert.equal(guest.call("system_info", 12), mask);
  });
});

test("load, memory and uptime are the machine's", () => {
  using guest = new AbiGuest();
  const out = guest.alloc(112);
  const view = guest.view(out, 112);
  const uptime = (): number => Number(fs.readFileSync("/proc/uptime", "latin1").split(" ")[0]);
  const before = uptime();
  assert.equal(guest.call("system_load", out), 0);
  // The kernel rounds up.
  const told = Number(view.getBigInt64(0, true));
  assert.ok(told >= Math.floor(before) && told <= Math.ceil(uptime()) + 1, `${told}`);
  const total = /^MemTotal:\s+(\d+)/m.exec(fs.readFileSync("/proc/meminfo", "latin1"))?.[1];
  assert.equal(view.getBigUint64(32, true) * BigInt(view.getUint32(104, true)), BigInt(total ?? 0) * 1024n);
  assert.equal(guest.call("system_load", -50), -errno.EFAULT);
});

test("ioctl of what is no terminal", () => {
  using guest = new AbiGuest();
  assert.equal(guest.call("system_ioctl", 99, TIOCGWINSZ, guest.alloc(8)), -errno.EBADF);
  const { sys, interrupts, fds } = guest.context;
  const fd = fds.add(openPreopen({ sys, interrupts }, { host: "/proc", guest: "/proc" }));
  assert.equal(guest.call("system_ioctl", fd, TIOCGWINSZ, guest.alloc(8)), -errno.ENOTTY);
});
