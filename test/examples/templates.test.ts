import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { templateNames } from "../../src/toolchain/index.ts";
import { clang } from "../support/compile.ts";
import { cli, runCli } from "../support/guest.ts";
import { RunningExample } from "./running-example.ts";

const directory = mkdtempSync(join(tmpdir(), "templates-"));
after(() => rmSync(directory, { recursive: true, force: true }));

/** Two commands: `init` and `build`; path of the module. */
async function newProject(template: string): Promise<string> {
  const name = `my-${template}`;
  const project = join(directory, name);
  const made = await runCli(["init", "--template", template, "--dir", project, name]);
  assert.deepEqual([made.status, made.stderr], [0, ""]);
  const built = spawnSync(process.execPath, [cli, "build", project], { encoding: "utf8" });
  assert.equal(built.status, 0, built.stderr);
  assert.doesNotMatch(built.stderr, /warning/);
  return join(project, `${name}.wasm`);
}

async function withCat<T>(body: (cat: ChildProcessWithoutNullStreams) => Promise<T>): Promise<T> {
  const cat = spawn("/bin/cat");
  try {
    await once(cat, "spawn");
    return await body(cat);
  } finally {
    cat.kill("SIGKILL");
  }
}

describe("each template is built, run and observed", () => {
  const tested = new Set<string>();
  const observe = (template: string, body: (module: string) => Promise<void>): void => {
    tested.add(template);
    test(template, async () => body(await newProject(template)));
  };

  observe("minimal", async (module) => {
    await using example = new RunningExample(module, ["65534"]);
    await example.line(/^0 programs started$/);
    for (let i = 0; i < 3; i++) execFileSync("/bin/true", { uid: 65534 });
    await example.line(/^3 programs started$/);
    assert.deepEqual(await endOf(example), [0, ""]);
  });

  observe("tracepoint", async (module) => {
    await using example = new RunningExample(module, [String(process.pid)]);
    await example.line(/^PID +COMM +FILE$/);
    const file = join(directory, "opened");
    writeFileSync(file, "");
    await example.line(new RegExp(`^${process.pid} +\\S+ +${file}$`));
    // Events of 276 bytes: 5,000 of them are more than the ring buffer holds.
    await example.halted(() => {
      for (let i = 0; i < 5000; i++) closeSync(openSync(file, "r"));
    });
    await example.until("many lines", () => example.lines.length > 1000 || undefined);
    const [status, stderr] = await endOf(example);
    assert.equal(status, 0);
    assert.match(stderr, /^[1-9]\d* events lost: the ring buffer was full\n$/);
  });

  observe("histogram", async (module) => {
    await withCat(async (cat) => {
      await using example = new RunningExample(module, [String(cat.pid)]);
      await example.line(/^ +bytes +: count$/);
      for (const size of [100, 100, 3]) {
        const echo = once(cat.stdout, "data");
        cat.stdin.write("x".repeat(size));
        await echo;
      }
      await example.line(/^ +64 -> 127 +: 2 +\*{40}$/);
      await example.line(/^ +2 -> 3 +: 1 +\*{20}$/);
      assert.deepEqual(await endOf(example), [0, ""]);
    });
  });

  observe("uprobe", async (module) => {
    const program = join(directory, "called");
    writeFileSync(
      `${program}.c`,
      '__attribute__((noinline)) int answer(int n) { __asm__ volatile(""); return n; }\n' +
        "int main(void) { return answer(42) - 42; }\n",
    );
    execFileSync(clang, ["-O1", "-o", program, `${program}.c`]);
    await using example = new RunningExample(module, [program, "answer"]);
    await example.line(/^PID +COMM +CALL$/);
    const { pid, status } = spawnSync(program);
    assert.equal(status, 0);
    await example.line(new RegExp(`^${pid} +called +answer\\(0x2a\\)$`));
    assert.deepEqual(await endOf(example), [0, ""]);
    const wrong = await runCli([module, program, "no_such_function"]);
    assert.equal(wrong.status, 1);
    assert.match(wrong.stderr, /Cannot attach to .*:no_such_function\n$/);
  });

  observe("xdp", async (module) => {
    // In a network namespace of its own, on its own loopback interface.
    const child = join(import.meta.dirname, "xdp-template-child.js");
    const script = 'ip link set lo up && exec "$@"';
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const args = ["-n", "sh", "-c", script, "sh", process.execPath, child, module];
    const { status, stdout, stderr } = spawnSync("unshare", args, { encoding: "utf8", env });
    assert.equal(status, 0, stdout + stderr);
    assert.equal(stdout, "done\n");
  });

  observe("lsm", async (module) => {
    await using example = new RunningExample(module, [String(process.pid)]);
    const outcome = await example.until(
      "line or error",
      () => example.lines[0] ?? (example.stderr || undefined),
    );
    if (outcome.startsWith("Process ")) {
      const denied = join(directory, "denied");
      assert.throws(() => mkdirSync(denied), { code: "EPERM" });
      assert.ok(!existsSync(denied));
      await example.line(/^denied: \S+ \(\d+\) makes the directory denied$/);
      assert.deepEqual(await endOf(example), [0, ""]);
      mkdirSync(denied);
      return;
    }
    // Kernels without BPF among their security modules refuse, and the host says what is missing.
    const { status, stderr } = await example.ended();
    assert.equal(status, 1);
    assert.match(stderr, /on_mkdir/);
    assert.match(stderr, /EPERM|LSM|CONFIG_BPF_LSM/);
  });

  test("there is no other", () => assert.deepEqual([...tested].sort(), templateNames()));
});

/** Status and errors after Ctrl-C. */
async function endOf(example: RunningExample): Promise<[number | null, string]> {
  const { status, stderr } = await example.interrupt();
  return [status, stderr];
}

describe("wasm-bpf init", () => {
  test("says what to do next, and the name is everywhere", async () => {
    const at = join(directory, "empty");
    mkdirSync(at);
    const { status, stdout } = await runCli(["init", "my-2nd_app"], "", { cwd: at });
    assert.equal(status, 0);
    assert.equal(
      stdout,
      "my-2nd_app: my-2nd_app.bpf.c, my-2nd_app.c, README.md, .gitignore\n" +
        "Build and run it:\n    cd my-2nd_app\n    wasm-bpf build\n    sudo wasm-bpf my-2nd_app.wasm  # Ctrl-C ends it\n",
    );
    for (const file of readdirSync(join(at, "my-2nd_app"))) {
      assert.doesNotMatch(readFileSync(join(at, "my-2nd_app", file), "utf8"), /NAME/, file);
    }
    assert.match(readFileSync(join(at, "my-2nd_app/my-2nd_app.c"), "utf8"), /struct my_2nd_app_bpf \*skel/);
  });

  test("says which arguments the guest needs", async () => {
    const at = join(directory, "arguments");
    const { stdout } = await runCli(["init", "app", "--template", "uprobe", "--dir", at]);
    assert.match(stdout, /\n {4}sudo wasm-bpf app\.wasm \/usr\/bin\/bash readline {2}# Ctrl-C ends it\n$/);
  });

  test("overwrites nothing, and then writes nothing", async () => {
    const at = join(directory, "taken");
    mkdirSync(at);
    writeFileSync(join(at, "README.md"), "mine");
    const { status, stderr } = await runCli(["init", "app", "--dir", at]);
    assert.equal(status, 1);
    assert.match(stderr, /^wasm-bpf: cannot make "[^\n]*": README\.md exists, nothing was written\n$/);
    assert.deepEqual(readdirSync(at), ["README.md"]);
    assert.equal(readFileSync(join(at, "README.md"), "utf8"), "mine");
  });

  test("refuses names that are none, and templates that do not exist", async () => {
    for (const name of ["9lives", "a/b", "..", "a b", "", "x".repeat(65), "a;b"]) {
      const { status, stderr } = await runCli(["init", "--dir", join(directory, "never"), "--", name]);
      assert.equal(status, 1, name);
      assert.match(stderr, /^wasm-bpf: "[^\n]*" cannot be a project's name: [^\n]*\n$/);
    }
    const { stderr } = await runCli(["init", "app", "--template=xpd", "--dir", join(directory, "never")]);
    assert.match(stderr, /there is no template "xpd", only histogram, lsm, /);
    const nowhere = await runCli(["init", "app", "--dir", "/proc/never"]);
    assert.match(nowhere.stderr, /^wasm-bpf: cannot write to "\/proc\/never": [A-Z]+\n$/);
    assert.ok(!existsSync(join(directory, "never")));
  });
});
