import { WasmBpfError } from "../internal/index.ts";
import { nearest, type OptionSpec, parseMixedOptions } from "./args.ts";
import type { CommandSpec } from "./command-spec.ts";
import { findCommand, nounsOf } from "./commands.ts";
import { printable } from "./format.ts";
import { commandHelp, usageText, verbHelp } from "./help-text.ts";
import { UsageError, writeOutput } from "./verb.ts";

const helpOption: OptionSpec = { long: "help", short: "h", help: "print this text" };

/** The words of a command line after the command's name. */
export class CommandLine {
  readonly spec: CommandSpec;
  /** What is no option, in the order given. */
  readonly words: readonly string[];
  readonly #options: ReadonlyMap<string, readonly string[]>;

  /** @throws {UsageError} when it has an option that the command does not have */
  constructor(spec: CommandSpec, args: readonly string[]) {
    const { options, rest } = parseMixedOptions(args, [...(spec.options ?? []), helpOption]);
    this.spec = spec;
    this.words = rest;
    this.#options = options;
  }

  has(option: string): boolean {
    return this.#options.has(option);
  }

  /** The last value given for an option; `undefined` when it was not given. */
  value(option: string): string | undefined {
    return this.#options.get(option)?.at(-1);
  }

  /** All values given for an option. */
  values(option: string): readonly string[] {
    return this.#options.get(option) ?? [];
  }

  /** The words, which must be `least` to `most`; `what` asks for a missing one. */
  atMost(most: number, least = 0, what = "an argument is missing"): readonly string[] {
    if (this.words.length < least) throw this.wrong(what);
    if (this.words.length > most) throw this.wrong(`"${this.words[most]}" is too much`);
    return this.words;
  }

  /** One of the values that an option may have. */
  oneOf<T extends string>(option: string, allowed: readonly T[]): T | undefined {
    const value = this.value(option);
    if (value === undefined) return undefined;
    const found = allowed.find((candidate) => candidate === value);
    if (found === undefined)
      throw this.wrong(`unknown ${option} "${value}", it can be ${allowed.join(", ")}`);
    return found;
  }

  wrong(message: string): UsageError {
    return new UsageError(`${this.spec.name}: ${message}`);
  }
}

/**
 * Runs a command of the table: parses its options, answers `--help`, and turns what the user can do something about
 * into one line on standard error.
 *
 * @returns the exit status: that of `body`, 1 after a failure, 2 after a wrong command line
 */
export async function runCommand(
  name: string,
  args: readonly string[],
  body: (line: CommandLine) => number | Promise<number>,
): Promise<number> {
  const spec = findCommand(name);
  if (spec === undefined) throw new TypeError(`the command ${name} is not in the table`);
  try {
    const line = new CommandLine(spec, args);
    if (line.has("help")) {
      await writeOutput(commandHelp(spec));
      return 0;
    }
    return await body(line);
  } catch (error) {
    if (!(error instanceof WasmBpfError)) throw error;
    const usage = error instanceof UsageError ? usageText(spec) : "";
    process.stderr.write(`wasm-bpf: ${printable(error.message).replaceAll("\n", "?")}\n${usage}`);
    return error instanceof UsageError ? 2 : 1;
  }
}

/** Runs what a verb and its noun name: `nouns` has a function for each noun of the table. */
export async function runNoun(
  verb: string,
  args: readonly string[],
  nouns: Readonly<Record<string, (args: readonly string[]) => number | Promise<number>>>,
): Promise<number> {
  const [noun, ...rest] = args;
  const run = noun === undefined || !Object.hasOwn(nouns, noun) ? undefined : nouns[noun];
  if (run !== undefined) return await run(rest);
  if (noun === "--help" || noun === "-h") {
    await writeOutput(verbHelp(verb));
    return 0;
  }
  const known = nounsOf(verb);
  const near = noun === undefined ? undefined : nearest(noun, known);
  const problem = noun === undefined ? "what?" : `there is no "${noun}"`;
  process.stderr.write(
    `wasm-bpf: ${verb}: ${problem}${near === undefined ? "" : `, did you mean "${near}"?`}\n` +
      `Usage: wasm-bpf ${verb} ${known.join("|")} ...\n`,
  );
  return 2;
}
