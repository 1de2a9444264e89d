import { mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { BUILD_DIRECTORY, BuildError, type BuildObserver, type BuildOptions } from "./build-options.ts";
import type { BuildState } from "./build-state.ts";
import { parseDepfile } from "./depfile.ts";
import type { Project } from "./project.ts";
import { runTool } from "./run-tool.ts";

/**
 * Makes the products of a build that are not current, and tells of each. Paths are relative to the project. A product
 * takes its place when it is done: whatever ends a build, and however many run at once, there is no half of one.
 */
export class BuildSteps {
  readonly state: BuildState;
  readonly #directory: string;
  readonly #observer: BuildObserver;
  readonly #options: BuildOptions;
  /** Directory for products that are being made, this build's own. */
  readonly #drafts: string;
  /** Part of every command: a header that appears may hide another one. */
  readonly #headers: string;

  constructor(project: Project, state: BuildState, options: BuildOptions, observer: BuildObserver) {
    this.state = state;
    this.#directory = project.directory;
    this.#observer = observer;
    this.#options = options;
    this.#drafts = relative(
      project.directory,
      mkdtempSync(join(project.directory, BUILD_DIRECTORY, "draft-")),
    );
    this.#headers = `headers: ${project.headers.join("/")}`;
  }

  /** Where a product is made before it takes its place. */
  draft(product: string): string {
    return join(this.#drafts, basename(product));
  }

  /** Puts a product that was made as a draft in its place. */
  install(product: string): void {
    renameSync(this.path(this.draft(product)), this.path(product));
  }

  /** Puts a text in its place. */
  write(product: string, text: string): void {
    writeFileSync(this.path(this.draft(product)), text);
    this.install(product);
  }

  /** Removes what was left unfinished. */
  close(): void {
    rmSync(this.path(this.#drafts), { recursive: true, force: true });
  }

  /**
   * Compiles one source to the draft of a product, works on it with the command `finish`, or with a function that the
   * command stands for, and puts it in its place.
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
    const depfile = `${this.draft(product)}.d`;
    await this.run([...command, "-MD", "-MF", depfile, "-MT", "product"], source, product);
    if (work !== undefined) {
      const path = this.path(this.draft(product));
      writeFileSync(path, work(readFileSync(path)));
    } else if (finish !== undefined) await this.run(finish, source, product);
    const inputs = parseDepfile(readFileSync(this.path(depfile), "utf8"));
    this.install(product);
    const tools = [command[0], work === undefined ? finish?.[0] : undefined].filter(
      (tool) => tool !== undefined,
    );
    this.record(product, identity, [...tools, ...inputs], started);
    this.report(product, true, started);
  }

  /** Writes a text that a function of this package makes from `inputs`. */
  generate(product: string, command: readonly string[], inputs: readonly string[], make: () => string): void {
    const started = performance.now();
    if (this.state.isCurrent(product, command)) {
      this.report(product, false, started);
      return;
    }
    this.state.forget(product);
    this.write(product, make());
    this.state.record(product, command, inputs, dateOf(started));
    this.report(product, true, started);
  }

  /** Runs a step of making `product`; `subject` is what an error is about. */
  async run(command: readonly string[], subject: string, product: string): Promise<void> {
    this.#observer.command?.(command);
    const [program = "", ...args] = command;
    // Not part of the command's identity: the products are the same.
    const colour = this.#options.colour === true && program.includes("clang") ? ["-fcolor-diagnostics"] : [];
    const result = await runTool(program, [...colour, ...args], this.#directory, {
      signal: this.#options.signal,
    });
    if (result.stderr !== "") this.#observer.diagnostics?.(result.stderr);
    if (result.status === 0) return;
    this.state.forget(product);
    throw new BuildError(subject, `cannot build ${subject}: the messages above say why`);
  }

  /** Whether `command` made the product from inputs that are still the same. */
  isCurrent(product: string, command: readonly string[]): boolean {
    return this.state.isCurrent(product, this.#identity(command));
  }

  /** Notes that a product was made, by a step that `started` then, in milliseconds of `performance`. */
  record(product: string, command: readonly string[], inputs: readonly string[], started: number): void {
    this.state.record(product, this.#identity(command), inputs, dateOf(started));
  }

  /** NB: the directory for drafts is another one each time. */
  #identity(command: readonly string[]): string[] {
    return [...command.map((word) => word.replaceAll(this.#drafts, BUILD_DIRECTORY)), this.#headers];
  }

  report(product: string, built: boolean, started: number): void {
    const sizeBytes = statSync(this.path(product)).size;
    this.#observer.step?.({ product, built, durationMs: performance.now() - started, sizeBytes });
  }

  path(relative: string): string {
    return join(this.#directory, relative);
  }
}

/** NB: `performance.timeOrigin` is milliseconds off the clock of files. */
function dateOf(started: number): number {
  return Math.ceil(Date.now() - (performance.now() - started));
}
