import type { OptionSpec } from "./args.ts";

/** What is known about a command: its help text, its page in `docs/cli` and its parsing come from this. */
export interface CommandSpec {
  /** One or two words, such as `gen skeleton`. */
  readonly name: string;
  /** One line for lists, without a full stop. */
  readonly summary: string;
  /** What follows the name, one for each form. */
  readonly usage: readonly string[];
  /** Paragraphs. */
  readonly description: readonly string[];
  /** Words that are no options, as written in {@link usage}. */
  readonly arguments?: readonly ArgumentSpec[];
  readonly options?: readonly OptionSpec[];
  /** What `--json` prints, with the name of every member; `?` marks those that may be missing. */
  readonly json?: string;
  /** Environment variables. */
  readonly environment?: readonly ArgumentSpec[];
  /** Exit statuses that are not {@link commonStatuses}. */
  readonly statuses?: readonly StatusSpec[];
  readonly examples: readonly ExampleSpec[];
  /**
   * Arguments with which the command reads one file, written as FILE: one for each place of a file. A test tries
   * each with damaged files.
   */
  readonly reads: readonly (readonly string[])[];
}

export interface ArgumentSpec {
  readonly name: string;
  readonly help: string;
}

export interface StatusSpec {
  readonly status: string;
  readonly meaning: string;
}

export interface ExampleSpec {
  /** A line for a shell. */
  readonly command: string;
  /** What it does, without a full stop. */
  readonly does: string;
}

/** Exit statuses of every command but `run`. */
export const commonStatuses: readonly StatusSpec[] = [
  { status: "0", meaning: "it did what it was asked" },
  { status: "1", meaning: "it could not; one line on standard error says why" },
  { status: "2", meaning: "the command line is wrong" },
];
