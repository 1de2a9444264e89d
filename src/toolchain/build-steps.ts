import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BuildError, type BuildObserver } from "./build-options.ts";
import type { BuildState } from "./build-state.ts";
import { parseDepfile } from "./depfile.ts";
import type { Project } from "./project.ts";
import { runTool } from "./run-tool.ts";

/** Makes the products of a build that are not current, and tells of each. Paths are relative to the project. */
export class BuildSteps {
  readonly state: BuildState;
  readonly #directory: string;
  readonly #observer: BuildObserver;
  readonly #colour: boolean;
  /** Part of every command: a header that appears may hide another one. */
  readonly #headers: string;

  constructor(project: Project, state: BuildState, observer: BuildObserver, colour: boolean) {
    this.state = state;
    this.#directory = project.directory;
    this.#observer = observer;
    this.#colour = colour;
    this.#headers = `headers: ${project.headers.join("/")}`;
  }

  /**
   * Compiles one source to `PRODUCT.new`, works on it with the command `finish`, or with a function that the command
   * stands for, and puts it in its place.
   */
  async compile(
    source: string,
    product: string,
    command: readonly string[],
    finish?: readonly string[],
    work?: (bytes: Uint8Array) => Uint8Array,
  ): Promise<void> {
    const started = performance.now();
    const identity = [...command, ...(finish ?? [])];
    if (this.isCurrent(product, identity)) {
      this.report(product, false, started);
      return;
    }
    const depfile = `${product}.d`;
    await this.run([...command, "-MD", "-MF", depfile, "-MT", "product"], source, product);
    if (work !== undefined) {
      const path = this.path(`${product}.new`);
      writeFileSync(path, work(readFileSync(path)));
    } else if (finish !== undefined) await this.run(finish, source, product);
    const inputs = parseDepfile(readFileSync(this.path(depfile), "utf8"));
    rmSync(this.path(depfile));
    renameSync(this.path(`${product}.new`), this.path(product));
    const tools = [command[0], work === undefined ? finish?.[0] : undefined].filter(
      (tool) => tool !== undefined,
    );
    this.record(product, identity, [...tools, ...inputs]);
    this.report(product, true, started);
  }

  /** Writes a text that a function of this package makes from `inputs`. */
  write(product: string, command: readonly string[], inputs: readonly string[], make: () => string): void {
    const started = performance.now();
    if (this.state.isCurrent(product, command)) {
      this.report(product, false, started);
      return;
    }
    this.state.forget(product);
    writeFileSync(this.path(`${product}.new`), make());
    renameSync(this.path(`${product}.new`), this.path(product));
    this.state.record(product, command, inputs);
    this.report(product, true, started);
  }

  /** Runs a step of making `product`; `subject` is what an error is about. */
  async run(command: readonly string[], subject: string, product: string): Promise<void> {
    this.#observer.command?.(command);
    const [program = "", ...args] = command;
    // Not part of the command's identity: the products are the same.
    const colour = this.#colour && program.includes("clang") ? ["-fcolor-diagnostics"] : [];
    const result = await runTool(program, [...colour, ...args], this.#directory);
    if (result.stderr !== "") this.#observer.diagnostics?.(result.stderr);
    if (result.status === 0) return;
    this.state.forget(product);
    for (const rest of [`${product}.new`, `${product}.d`]) rmSync(this.path(rest), { force: true });
    throw new BuildError(subject, `cannot build ${subject}: the messages above say why`);
  }

  /** Whether `command` made the product from inputs that are still the same. */
  isCurrent(product: string, command: readonly string[]): boolean {
    return this.state.isCurrent(product, [...command, this.#headers]);
  }

  record(product: string, command: readonly string[], inputs: readonly string[]): void {
    this.state.record(product, [...command, this.#headers], inputs);
  }

  report(product: string, built: boolean, started: number): void {
    const sizeBytes = statSync(this.path(product)).size;
    this.#observer.step?.({ product, built, durationMs: performance.now() - started, sizeBytes });
  }

  path(relative: string): string {
    return join(this.#directory, relative);
  }
}
