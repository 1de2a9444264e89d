import { execFileSync, spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const project: string = fileURLToPath(new URL("../../..", import.meta.url));
const cli = join(project, "bin/wasm-bpf");

/** How long a condition may take on a busy machine before the test gives up. */
const PATIENCE_MS = 120_000;

/** Builds a copy of an example, for the test files run at the same time; path of the module. */
export function buildExample(name: string, ...options: readonly string[]): string {
  const directory = mkdtempSync(join(tmpdir(), `${name}-`));
  process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
  const source = join(project, "examples", name);
  for (const file of readdirSync(source)) {
    if (/\.[ch]$/.test(file)) copyFileSync(join(source, file), join(directory, file));
  }
  execFileSync(process.execPath, [cli, "build", ...options, directory], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const module = readdirSync(directory).find((file) => file.endsWith(".wasm"));
  if (module === undefined) throw new Error(`${name} has no module`);
  return join(directory, module);
}

/** Compiles the program that runs /bin/true as often as its argument says; its path. */
export function compileForker(directory: string): string {
  const forker = join(directory, "forker");
  const source = join(project, "test/examples/forker.c");
  execFileSync("cc", ["-O1", "-Wall", "-Werror", "-o", forker, source]);
  return forker;
}

export interface Ending {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A module under the CLI, its output collected from pipes. */
export class RunningExample implements AsyncDisposable {
  readonly #child;
  readonly #ended: Promise<Ending>;
  #ending: Ending | undefined;
  #stdout = "";
  #stderr = "";

  constructor(
    module: string,
    args: readonly string[] = [],
    environment: Readonly<Record<string, string>> = {},
  ) {
    this.#child = spawn(process.execPath, [cli, module, ...args], {
      env: { ...process.env, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.#stdout += text;
    });
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
    });
    this.#ended = new Promise((resolve, reject) => {
      this.#child.once("error", reject);
      this.#child.once("close", (status, signal) => {
        this.#ending = { status, signal, stdout: this.#stdout, stderr: this.#stderr };
        resolve(this.#ending);
      });
    });
  }

  /** Complete lines that were printed so far. */
  get lines(): string[] {
    return this.#stdout.split("\n").slice(0, -1);
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Waits until `find` has an answer; rejects when the example has ended without one. */
  async until<T>(what: string, find: () => T | undefined): Promise<T> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      // Looked at before `find`, so that the last output counts.
      const ending = this.#ending;
      const found = find();
      if (found !== undefined) return found;
      if (ending !== undefined || Date.now() > deadline) {
        throw new Error(
          `no ${what}; status ${ending?.status}\n${this.#stderr}\n${this.#stdout.slice(-2000)}`,
        );
      }
      await delay(10);
    }
  }

  /** Waits for a line that matches. */
  line(pattern: RegExp): Promise<string> {
    return this.until(`line ${pattern}`, () => this.lines.find((line) => pattern.test(line)));
  }

  ended(): Promise<Ending> {
    return this.#ended;
  }

  /** Runs `body` while the example does not, as when nobody reads its output. */
  async halted(body: () => void | Promise<void>): Promise<void> {
    this.#child.kill("SIGSTOP");
    try {
      await body();
    } finally {
      this.#child.kill("SIGCONT");
    }
  }

  /** What Ctrl-C does. */
  interrupt(): Promise<Ending> {
    this.#child.kill("SIGINT");
    return this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ending !== undefined) return;
    this.#child.kill("SIGKILL");
    await this.#ended;
  }
}
