import assert from "node:assert/strict";
import { type ChildProcess, type ExecFileSyncOptions, execFileSync, spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import { cli } from "../support/guest.ts";

const sources = fileURLToPath(new URL("../../../test/programs/", import.meta.url));

/** How long something may take on a busy machine before the test gives up. */
const PATIENCE_MS = 120_000;

/** The programs of `test/programs/tools`, each as a guest and as a native program over the machine's libbpf. */
export class Programs {
  readonly directory: string = mkdtempSync(join(tmpdir(), "programs-"));
  /** The program that they observe. */
  readonly target: string = join(this.directory, "target");

  constructor() {
    after(() => rmSync(this.directory, { recursive: true, force: true }));
    const tools = join(sources, "tools");
    for (const file of readdirSync(tools)) copyFileSync(join(tools, file), join(this.directory, file));
    const options: ExecFileSyncOptions = { cwd: this.directory, stdio: ["ignore", "ignore", "inherit"] };
    execFileSync(process.execPath, [cli, "build"], options);
    for (const name of this.names) {
      const files = [`${name}.c`, "common.c", "-o", name, "-lbpf", "-lelf", "-lz"];
      execFileSync("cc", ["-O2", "-Wall", "-Werror", "-I.build", ...files], options);
    }
    execFileSync("cc", ["-O1", "-Wall", "-Werror", "-o", this.target, join(sources, "target.c")], options);
  }

  get names(): string[] {
    return readdirSync(this.directory)
      .filter((file) => file.endsWith(".bpf.c"))
      .map((file) => file.slice(0, -".bpf.c".length))
      .sort();
  }

  /** Starts the native program, with the kernel's trace events where libbpf looks for them. */
  native(name: string, args: readonly string[]): Running {
    const script = 'mount -t tracefs none /sys/kernel/tracing && exec "$@"';
    const command = [join(this.directory, name), ...args];
    return new Running("unshare", ["-m", "sh", "-c", script, "sh", ...command], this.directory);
  }

  guest(name: string, args: readonly string[], options: readonly string[]): Running {
    const module = join(this.directory, `${name}.wasm`);
    return new Running(process.execPath, [cli, "run", ...options, module, ...args], this.directory);
  }
}

/** What a program printed, and its status. */
export interface Printed {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process whose output can be waited for. */
export class Running implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly #ended: Promise<Printed>;
  #printed: Printed | undefined;
  stdout = "";
  stderr = "";

  constructor(command: string, args: readonly string[], directory?: string) {
    this.child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"], cwd: directory });
    this.child.stdin?.on("error", () => {}); // it may end without reading
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
    });
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    this.#ended = new Promise((resolve, reject) => {
      this.child.once("error", reject);
      this.child.once("close", (status) => {
        this.#printed = { status, stdout: this.stdout, stderr: this.stderr };
        resolve(this.#printed);
      });
    });
  }

  get pid(): string {
    return String(this.child.pid);
  }

  /** Waits for a line, or for the end of the program. */
  async line(expected: string): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    while (!this.stdout.split("\n").includes(expected) && this.#printed === undefined) {
      assert.ok(Date.now() < deadline, `no line "${expected}": ${this.stdout}${this.stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  say(line: string): void {
    this.child.stdin?.write(`${line}\n`);
  }

  interrupt(): void {
    this.child.kill("SIGINT");
  }

  ended(): Promise<Printed> {
    return this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.stdin?.end();
    this.child.kill("SIGKILL");
    await this.#ended;
  }
}
