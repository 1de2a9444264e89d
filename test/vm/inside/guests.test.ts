import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, unlinkSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { describe, it, type TestContext } from "node:test";

const CLI = "/project/bin/wasm-bpf";
const MODULES = "/project/build/vm/wasm";
/** Long, since an emulated machine beside others takes its time. */
const LIMIT_MS = 300_000;

/** A guest under the CLI whose lines can be waited for. */
class RunningGuest {
  readonly #child;
  readonly #lines: AsyncIterator<string>;
  readonly seen: string[] = [];

  constructor(test: TestContext, module: string, ...args: string[]) {
    this.#child = spawn(process.execPath, [CLI, `${MODULES}/${module}`, ...args], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    test.after(() => this.#child.kill("SIGKILL"));
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Reads on until a line matches. */
  async line(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done)
        throw new Error(`the guest ended before it printed ${pattern}; it printed:\n${this.seen.join("\n")}`);
      this.seen.push(value);
      const match = pattern.exec(value);
      if (match) return match;
    }
  }

  async stop(signal: NodeJS.Signals): Promise<number | null> {
    this.#child.kill(signal);
    const [status] = (await once(this.#child, "exit")) as [number | null];
    return status;
  }
}

describe("guests", () => {
  for (const [module, title] of [
    ["bootstrap.wasm", "bootstrap.wasm"],
    ["bootstrap-v1.wasm", "bootstrap.wasm of version 1"],
  ] as const) {
    it(`${title} reports a process that this test starts and ends`, { timeout: LIMIT_MS }, async (test) => {
      const guest = new RunningGuest(test, module);
      await guest.line(/^TIME +EVENT +COMM +PID +PPID +FILENAME\/EXIT CODE$/);
      const { pid, status } = spawnSync("/bin/sh", ["-c", "exec /bin/sh -c 'exit 3'"]);
      assert.equal(status, 3);
      await guest.line(new RegExp(`^\\d\\d:\\d\\d:\\d\\d EXEC +sh +${pid} +${process.pid} +/bin/sh$`));
      await guest.line(
        new RegExp(`^\\d\\d:\\d\\d:\\d\\d EXIT +sh +${pid} +${process.pid} +\\[3\\] \\(\\d+ms\\)$`),
      );
      assert.equal(await guest.stop("SIGINT"), 0);
    });
  }

  it("a guest's kprobe delivers events through its ring buffer", { timeout: LIMIT_MS }, async (test) => {
    const guest = new RunningGuest(test, "unlink-events.wasm");
    await guest.line(/^ready$/);
    writeFileSync("/tmp/removed-by-the-test", "");
    unlinkSync("/tmp/removed-by-the-test");
    await guest.line(new RegExp(`^${process.pid} /tmp/removed-by-the-test$`));
    assert.equal(await guest.stop("SIGTERM"), 0);
  });

  it("runqlat.wasm prints a histogram of the run queue's latency", { timeout: LIMIT_MS }, () => {
    const output = execFileSync(process.execPath, [CLI, `${MODULES}/runqlat.wasm`, "1", "1"], {
      encoding: "utf8",
    });
    assert.match(output, /usecs +: count +distribution/);
    assert.match(output, /^ +\d+ -> \d+ +: [1-9]\d* +\|\*/m);
  });

  it("the template lsm denies making directories as long as it runs", { timeout: LIMIT_MS }, async (test) => {
    const guest = new RunningGuest(test, "lsm.wasm", String(process.pid));
    await guest.line(/^Process \d+ can't make directories now$/);
    assert.throws(() => mkdirSync("/tmp/denied-by-guest"), { code: "EPERM" });
    await guest.line(new RegExp(`^denied: .+ \\(${process.pid}\\) makes the directory denied-by-guest$`));
    assert.equal(await guest.stop("SIGINT"), 0);
    mkdirSync("/tmp/denied-by-guest");
  });
});
