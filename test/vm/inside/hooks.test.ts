import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  rmdirSync,
  statfsSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { describe, it, type TestContext } from "node:test";
import { LoadedProgram } from "./loaded-program.ts";

const ENOENT = 2;

function watching(test: TestContext, program: string): LoadedProgram {
  const loaded = new LoadedProgram(test, "hooks", program);
  loaded.setUint32("target_tgid", process.pid);
  return loaded;
}

function removeFile(path: string): void {
  writeFileSync(path, "");
  unlinkSync(path);
}

describe("kprobes", () => {
  it("kprobe sees the argument of a kernel function, and nothing after detach", (test) => {
    const loaded = watching(test, "on_kprobe");
    const link = loaded.attach();
    removeFile("/tmp/seen-by-kprobe");
    assert.deepEqual(loaded.seen("kprobe_seen"), { count: 1, value: -100, name: "/tmp/seen-by-kprobe" });
    link.detach();
    removeFile("/tmp/not-seen");
    assert.equal(loaded.seen("kprobe_seen").count, 1);
  });

  it("kretprobe sees the result of a kernel function", (test) => {
    const loaded = watching(test, "on_kretprobe");
    loaded.attach();
    assert.throws(() => unlinkSync("/tmp/no-such-file"), { code: "ENOENT" });
    const { count, value } = loaded.seen("kretprobe_seen");
    assert.deepEqual({ count, value }, { count: 1, value: -ENOENT });
  });

  it("a function that does not exist is named in the error", (test) => {
    const loaded = watching(test, "on_kprobe");
    assert.throws(() => loaded.attach("no_such_kernel_function"), /no_such_kernel_function/);
  });
});

describe("trampolines", () => {
  it("fentry reads a typed argument", (test) => {
    const loaded = watching(test, "on_fentry");
    const link = loaded.attach();
    removeFile("/tmp/seen-by-fentry");
    assert.deepEqual(loaded.seen("fentry_seen"), { count: 1, value: -100, name: "/tmp/seen-by-fentry" });
    link.detach();
    removeFile("/tmp/not-seen");
    assert.equal(loaded.seen("fentry_seen").count, 1);
  });

  it("fexit reads arguments and result", (test) => {
    const loaded = watching(test, "on_fexit");
    loaded.attach();
    assert.throws(() => unlinkSync("/tmp/no-such-file"), { code: "ENOENT" });
    assert.equal(loaded.seen("fexit_seen").count, 1);
    assert.equal(loaded.seen("fexit_seen").value, -ENOENT);
  });

  it("fmod_ret changes the result of a kernel function for this process", (test) => {
    const loaded = watching(test, "on_fmod_ret");
    loaded.attach();
    mkdirSync("/tmp/kept");
    loaded.setUint32("deny_rmdir", 1);
    assert.throws(() => rmdirSync("/tmp/kept"), { code: "EACCES" });
    execFileSync("rmdir", ["/tmp/kept"]);
    assert.equal(loaded.seen("fmod_ret_seen").count, 1);
  });
});

describe("LSM", () => {
  it("denies one operation to this process alone, and to nobody after detach", (test) => {
    const loaded = watching(test, "on_lsm");
    const link = loaded.attach();
    loaded.setUint32("deny_mkdir", 1);
    assert.throws(() => mkdirSync("/tmp/denied"), { code: "EPERM" });
    assert.equal(existsSync("/tmp/denied"), false);
    assert.equal(loaded.seen("lsm_seen").name, "denied");
    execFileSync("mkdir", ["/tmp/allowed-to-others"]);
    link.detach();
    mkdirSync("/tmp/allowed-again");
  });

  it("a sleepable program sees every file that this process opens", (test) => {
    const loaded = watching(test, "on_lsm_sleepable");
    loaded.attach();
    closeSync(openSync("/etc/passwd", "r"));
    assert.ok(loaded.seen("lsm_sleepable_seen").count >= 1);
  });
});

describe("tracepoints", () => {
  for (const [program, variable] of [
    ["on_raw_tp", "raw_tp_seen"],
    ["on_tp_btf", "tp_btf_seen"],
  ] as const) {
    it(`${program} sees the programs that this process starts`, (test) => {
      const loaded = watching(test, program);
      loaded.attach();
      execFileSync("/bin/true");
      const seen = loaded.seen(variable);
      assert.equal(seen.count, 1);
      assert.equal(seen.name, "/bin/true");
    });
  }

  it("a system call's tracepoint is found without a mounted tracefs", (test) => {
    const loaded = watching(test, "on_tracepoint");
    loaded.attach();
    assert.throws(() => statfsSync("/tmp/no-such-folder"), { code: "ENOENT" });
    const number = process.arch === "arm64" ? 43 : 137;
    assert.deepEqual(loaded.seen("tracepoint_seen"), {
      count: 1,
      value: number,
      name: "/tmp/no-such-folder",
    });
  });
});
