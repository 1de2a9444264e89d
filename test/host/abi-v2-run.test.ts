import assert from "node:assert/strict";
import * as fs from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { InputDescriptor, OutputDescriptor, openPreopen, READ_REQUEST } from "../../src/host/wasi/index.ts";
import { getSys, setSys } from "../../src/sys/index.ts";
import { failOnLeaks } from "../../src/sys/leaks.ts";
import * as errno from "../../src/uapi/errno.ts";
import { SIGALRM, SIGKILL, SIGTERM } from "../../src/uapi/linux.ts";
import { AbiGuest } from "../support/abi-v2.ts";
import { withDirectory } from "../support/compile.ts";

failOnLeaks();

const OWN = -1;
const NEW_PIPE = -2;
const NO_WAIT = 1;

/** A guest that may run what `run` says, with standard streams that nobody serves. */
function guestThatRuns(run: boolean | readonly string[] = true): AbiGuest {
  const guest = new AbiGuest({ permissions: { run } });
  const { sys, interrupts, fds } = guest.context;
  fds.closeAll();
  fds.add(new InputDescriptor(sys, interrupts, () => 0));
  fds.add(new OutputDescriptor(sys, interrupts, () => {}));
  fds.add(new OutputDescriptor(sys, interrupts, () => {}));
  return guest;
}

function strings(guest: AbiGuest, texts: readonly string[]): number {
  const at = guest.alloc(4 * texts.length + 4);
  for (const [index, text] of texts.entries())
    guest.view(at, 4 * texts.length).setUint32(4 * index, guest.text(text), true);
  return at;
}

interface Streams {
  readonly stdin?: number;
  readonly stdout?: number;
  readonly stderr?: number;
  readonly environment?: readonly string[];
}

/** @returns the result of run_start, and the block */
function start(
  guest: AbiGuest,
  args: readonly string[],
  streams: Streams = {},
): [result: number, block: DataView] {
  const { stdin = OWN, stdout = OWN, stderr = OWN, environment = [] } = streams;
  const at = guest.block(32, {
    4: strings(guest, args),
    8: args.length,
    12: strings(guest, environment),
    16: environment.length,
    20: stdin,
    24: stdout,
    28: stderr,
  });
  return [guest.call("run_start", at), guest.view(at, 32)];
}

function readAll(guest: AbiGuest, fd: number): string {
  const descriptor = guest.context.fds.get(fd);
  let text = "";
  const piece = new Uint8Array(4096);
  for (;;) {
    const count = descriptor?.read([piece]) ?? -errno.EBADF;
    assert.ok(count >= 0, String(count));
    if (count === 0) return text;
    text += new TextDecoder().decode(piece.subarray(0, count));
  }
}

/** Runs a program to its end with its output in a pipe. */
function output(guest: AbiGuest, args: readonly string[], streams: Streams = {}): string {
  const [pid, block] = start(guest, args, { ...streams, stdout: NEW_PIPE });
  assert.ok(pid > 0, `${args[0]}: ${pid}`);
  const fd = block.getInt32(24, true);
  const text = readAll(guest, fd);
  assert.equal(guest.context.fds.close(fd), 0);
  assert.equal(guest.call("run_wait", pid, 0, 0), pid);
  return text;
}

describe("programs that a guest starts", () => {
  test("get arguments, environment and pipes, and their status is told", () => {
    using guest = guestThatRuns();
    assert.equal(output(guest, ["printf", "%s-%s", "a b", ""]), "a b-");
    const [pid, block] = start(guest, ["sh", "-c", 'read line; echo "<$line>"; echo no >&2; exit 3'], {
      stdin: NEW_PIPE,
      stdout: NEW_PIPE,
      stderr: NEW_PIPE,
    });
    assert.ok(pid > 0, String(pid));
    const [stdin, stdout, stderr] = [20, 24, 28].map((offset) => block.getInt32(offset, true));
    assert.equal(guest.context.fds.get(stdin ?? -1)?.write([new TextEncoder().encode("line\n")]), 5);
    assert.equal(readAll(guest, stdout ?? -1), "<line>\n");
    assert.equal(readAll(guest, stderr ?? -1), "no\n");
    const status = guest.alloc(4);
    assert.equal(guest.call("run_wait", pid, status, 0), pid);
    assert.equal(guest.view(status, 4).getUint32(0, true), 3 << 8);
    assert.equal(guest.call("run_wait", pid, status, 0), -errno.ECHILD, "told once");
  });

  test("are in no group of blocked or ignored signals, and have the host's PATH and HOME", () => {
    using guest = guestThatRuns();
    const state = output(guest, ["cat", "/proc/self/status"]);
    for (const line of ["SigBlk", "SigIgn"]) {
      const mask = BigInt(`0x${new RegExp(`^${line}:\t(\\w+)$`, "m").exec(state)?.[1]}`);
      assert.equal(mask & 0x7fffffffn, 0n, "the C library's own signals 32 and 33 do not count");
    }
    process.env.OF_THE_HOST = "secret";
    const environment = output(guest, ["env"], { environment: ["A=1", "HOME=/guest"] }).split("\n");
    delete process.env.OF_THE_HOST;
    assert.ok(environment.includes("A=1") && environment.includes("HOME=/guest"), String(environment));
    assert.ok(environment.includes(`PATH=${process.env.PATH}`));
    assert.equal(environment.filter((entry) => entry.startsWith("HOME=")).length, 1);
    assert.ok(!environment.some((entry) => entry.startsWith("OF_THE_HOST")));
  });

  test("have the id that the kernel knows them by, and no descriptor of the host", () => {
    using guest = guestThatRuns();
    const [pid, block] = start(guest, ["sh", "-c", "echo $$; ls /proc/$$/fd; exec cat"], {
      stdin: NEW_PIPE,
      stdout: NEW_PIPE,
    });
    assert.equal(guest.context.fds.close(block.getInt32(20, true)), 0);
    const [id, ...fds] = readAll(guest, block.getInt32(24, true)).trim().split("\n");
    assert.equal(Number(id), pid);
    assert.deepEqual(fds, ["0", "1", "2"]);
    assert.equal(guest.call("run_wait", -1, 0, 0), pid, "any");
    assert.equal(guest.call("run_wait", -1, 0, 0), -errno.ECHILD);
  });

  test("are given each other's pipes", () => {
    using guest = guestThatRuns();
    const [first, block] = start(guest, ["printf", "b\\na\\n"], { stdout: NEW_PIPE });
    const middle = block.getInt32(24, true);
    assert.equal(output(guest, ["sort"], { stdin: middle }), "a\nb\n");
    assert.equal(guest.call("run_wait", first, 0, 0), first);
  });

  test("read and write the guest's files, from where the guest is", () =>
    withDirectory((directory) => {
      fs.writeFileSync(join(directory, "in"), "first\nsecond\n");
      using guest = guestThatRuns();
      const { sys, interrupts, fds } = guest.context;
      const preopen = openPreopen({ sys, interrupts }, { host: directory, guest: "/data" });
      fds.add(preopen);
      const open = (name: string, oflags: number, rights: bigint): number => {
        const file = preopen.open(new TextEncoder().encode(name), { ...READ_REQUEST, oflags, rights });
        assert.ok(typeof file === "object");
        return fds.add(file);
      };
      const input = open("in", 0, READ_REQUEST.rights);
      assert.equal(fds.get(input)?.read([new Uint8Array(6)]), 6);
      const CREATE = 1;
      const FD_WRITE = 0x40n;
      const [pid] = start(guest, ["cat"], { stdin: input, stdout: open("out", CREATE, FD_WRITE) });
      assert.equal(guest.call("run_wait", pid, 0, 0), pid);
      assert.equal(fs.readFileSync(join(directory, "out"), "utf8"), "second\n");
    }));

  test("are waited for without waiting, and killed", () => {
    using guest = guestThatRuns();
    const [pid] = start(guest, ["sleep", "1000"]);
    assert.ok(pid > 0);
    assert.equal(guest.call("run_wait", pid, 0, NO_WAIT), 0);
    assert.equal(guest.call("run_kill", pid, SIGTERM), 0);
    const status = guest.alloc(4);
    assert.equal(guest.call("run_wait", pid, status, 0), pid);
    assert.equal(guest.view(status, 4).getUint32(0, true), SIGTERM);
    assert.equal(guest.call("run_kill", pid, SIGTERM), -errno.ESRCH);
  });

  test("are waited for on kernels without descriptors of processes", () => {
    const sys = getSys();
    setSys({ ...sys, pidfdOpen: () => -errno.ENOSYS });
    try {
      using guest = guestThatRuns();
      const [pid] = start(guest, ["sh", "-c", "exit 3"]);
      const status = guest.alloc(4);
      assert.equal(guest.call("run_wait", pid, status, 0), pid);
      assert.equal(guest.view(status, 4).getUint32(0, true), 3 << 8);
    } finally {
      setSys(sys);
    }
  });

  test("end with the guest", () => {
    const guest = guestThatRuns();
    const [pid] = start(guest, ["sleep", "1000"]);
    assert.ok(fs.existsSync(`/proc/${pid}`));
    guest.close();
    assert.ok(!fs.existsSync(`/proc/${pid}`));
  });

  test("a reader that is gone is EPIPE or SIGPIPE's business", () => {
    using guest = guestThatRuns();
    guest.context.interrupts.dispose(13, 1);
    const [pid, block] = start(guest, ["true"], { stdin: NEW_PIPE });
    assert.equal(guest.call("run_wait", pid, 0, 0), pid);
    const pipe = guest.context.fds.get(block.getInt32(20, true));
    assert.equal(pipe?.write([new Uint8Array([1])]), -errno.EPIPE);
  });
});

describe("what a guest may not start", () => {
  test("without permission, no more copies of the host than children are deep", () => {
    using guest = guestThatRuns(false);
    const event = guest.call("fd_event", 0, 0);
    const read = (): number | undefined => guest.context.fds.get(event)?.read([new Uint8Array(8)]);
    for (let depth = 0; depth < 8; depth++) {
      assert.equal(guest.call("run_fork", 0, 0), 0);
      assert.equal(read(), 8, "the process waits in its place");
    }
    assert.equal(guest.call("run_fork", 0, 0), -errno.EAGAIN);
    for (let depth = 0; depth < 8; depth++) assert.ok(guest.call("run_fork", 1, 0) > 0);
    // From now on what waits is the guest.
    assert.equal(guest.call("run_fork", 0, 0), 0);
    guest.call("signal_catch", SIGALRM, 2);
    const soon = guest.alloc(32);
    guest.view(soon, 32).setBigInt64(24, 10_000n, true);
    assert.equal(guest.call("signal_timer", 0, soon, 0), 0);
    assert.equal(read(), -errno.EINTR);
  });

  test("nothing without the option, with one line", () => {
    using guest = guestThatRuns(false);
    assert.equal(start(guest, ["true"])[0], -errno.EPERM);
    assert.equal(start(guest, ["true"])[0], -errno.EPERM);
    assert.equal(guest.lines, "The guest wants to start true, which needs --allow-run\n");
  });

  test("with names, those and no other file of that name", () =>
    withDirectory((directory) => {
      const other = join(directory, "true");
      fs.writeFileSync(other, "#!/bin/sh\necho other\n", { mode: 0o755 });
      using guest = guestThatRuns(["true", "printf"]);
      assert.equal(output(guest, ["printf", "x"]), "x");
      assert.equal(output(guest, ["true"]), "");
      for (const command of ["sh", other, `${directory}/../${directory}/true`, "", "no-such-program"]) {
        assert.equal(start(guest, [command])[0], -errno.EPERM, command);
      }
      assert.equal(start(guest, ["true"], { environment: ["LD_PRELOAD=/x"] })[0], -errno.EPERM);
      // What is many programs is the one that was named.
      const called = (...args: string[]): number => {
        const fields = { 4: strings(guest, args), 8: args.length, 20: OWN, 24: OWN, 28: OWN };
        return guest.call("run_start", guest.block(48, { ...fields, 32: guest.text("true") }));
      };
      for (const args of [["false"], ["/bin/false"], [""], []]) {
        assert.equal(called(...args), -errno.EPERM, args.join());
      }
      const pid = called("/any/true");
      assert.ok(pid > 0);
      assert.equal(guest.call("run_wait", pid, 0, 0), pid);
    }));

  test("with names, nothing that changes what a script does", () =>
    withDirectory((directory) => {
      const [script, evil] = [join(directory, "script"), join(directory, "uname")];
      fs.writeFileSync(script, "#!/usr/bin/env bash\nfalse() { return 1; }\nuname\n", { mode: 0o755 });
      fs.writeFileSync(evil, "#!/bin/sh\necho evil\n", { mode: 0o755 });
      fs.copyFileSync(evil, join(directory, "bash"));
      using guest = guestThatRuns([script]);
      for (const entry of [
        `BASH_ENV=${evil}`,
        "BASH_FUNC_uname%%=() { echo evil; }",
        `ENV=${evil}`,
        "PS4=$(uname)",
      ]) {
        assert.equal(start(guest, [script], { environment: [entry] })[0], -errno.EPERM, entry);
      }
      assert.equal(output(guest, [script], { environment: [`PATH=${directory}`] }), "Linux\n");
      // All programs are allowed: so is this.
      using other = guestThatRuns(true);
      assert.equal(output(other, [script], { environment: [`PATH=${directory}`, "X=1"] }), "evil\n");
    }));

  test("bad requests are errors", () => {
    using guest = guestThatRuns();
    assert.equal(start(guest, [])[0], -errno.EINVAL);
    assert.equal(start(guest, ["no-such-program"])[0], -errno.ENOENT);
    assert.equal(start(guest, ["/etc/passwd"])[0], -errno.EACCES);
    assert.equal(start(guest, ["true"], { stdout: 99 })[0], -errno.EBADF);
    assert.equal(start(guest, ["true"], { stdin: NEW_PIPE, stdout: 99 })[0], -errno.EBADF);
    assert.equal(guest.call("run_start", 0), -errno.EFAULT);
    using closed = guestThatRuns(false);
    assert.equal(start(closed, ["sh", "-c", `line\nbreak ${"x".repeat(100)}`])[0], -errno.EPERM);
    assert.match(
      closed.lines,
      /^The guest wants to start sh -c line\?break x+\.\.\., which needs --allow-run\n$/,
    );
    assert.equal(guest.call("run_start", guest.block(32, { 4: 8, 8: 0x7fffffff })), -errno.E2BIG);
    assert.equal(guest.call("run_start", guest.block(32, { 4: 0xfffffff0, 8: 1000 })), -errno.EFAULT);
    assert.equal(guest.call("run_fork", 1, 0), -errno.EINVAL);
    assert.equal(guest.call("run_fork", 2, 0), -errno.EINVAL);
    const ending = guest.block(48, { 4: guest.block(4, {}), 8: 1, 40: 2 });
    assert.equal(guest.call("run_start", ending), -errno.EINVAL);
    for (const pid of [1, process.pid, 0, -7]) {
      assert.equal(guest.call("run_kill", pid, SIGKILL), -errno.ESRCH);
      assert.equal(guest.call("run_wait", pid, 0, 0), -errno.ECHILD);
    }
    const [pid] = start(guest, ["true"]);
    assert.equal(guest.call("run_wait", pid, -2, 0), -errno.EFAULT);
    assert.equal(guest.call("run_wait", pid, 0, 8), -errno.EINVAL);
    assert.equal(guest.call("run_wait", pid, 0, 0), pid);
  });
});
