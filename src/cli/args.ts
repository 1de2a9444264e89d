import { UsageError } from "./verb.ts";

/** An option of a command. */
export interface OptionSpec {
  /** Without dashes. */
  readonly long: string;
  /** One letter. */
  readonly short?: string;
  /** Name of the value in the help text; an option without one is a flag. */
  readonly value?: string;
  /** The value may be left out; where it is given, it is written with `=`. */
  readonly optional?: boolean;
  readonly help: string;
}

/** What stands before the first argument that is no option. */
export interface ParsedOptions {
  /** Values by long name, in the order given; a flag, and a value that was left out, has "" for each time. */
  readonly options: ReadonlyMap<string, readonly string[]>;
  /** Everything from the first argument that is no option. */
  readonly rest: readonly string[];
  /** `--` ended the options. */
  readonly ended: boolean;
}

/**
 * Parses options up to the first argument that is none; `--` ends them, too.
 *
 * @throws {UsageError} for an unknown option, with the nearest known one, and for a missing value
 */
export function parseOptions(args: readonly string[], specs: readonly OptionSpec[]): ParsedOptions {
  const options = new Map<string, string[]>();
  let ended = false;
  let at = 0;
  for (; at < args.length; at++) {
    const word = args[at] ?? "";
    if (word === "--") {
      ended = true;
      at++;
      break;
    }
    if (!word.startsWith("-") || word === "-") break;
    const { spec, attached } = findOption(word, specs);
    let value = attached;
    if (spec.optional === true && value === "") {
      throw new UsageError(`option --${spec.long}= lacks its value: --${spec.long}[=${spec.value}]`);
    }
    if (spec.value !== undefined && value === undefined && spec.optional !== true) {
      value = args[++at];
      if (value === undefined)
        throw new UsageError(`option --${spec.long} needs a value: --${spec.long} ${spec.value}`);
    }
    options.set(spec.long, [...(options.get(spec.long) ?? []), value ?? ""]);
  }
  return { options, rest: args.slice(at), ended };
}

/** Like {@link parseOptions}, but options may stand anywhere before `--`; `rest` is what is no option. */
export function parseMixedOptions(args: readonly string[], specs: readonly OptionSpec[]): ParsedOptions {
  const options = new Map<string, readonly string[]>();
  const words: string[] = [];
  let left = args;
  while (left.length > 0) {
    const parsed = parseOptions(left, specs);
    for (const [name, values] of parsed.options) options.set(name, [...(options.get(name) ?? []), ...values]);
    const count = parsed.ended ? parsed.rest.length : 1;
    words.push(...parsed.rest.slice(0, count));
    left = parsed.rest.slice(count);
  }
  return { options, rest: words, ended: false };
}

function findOption(
  word: string,
  specs: readonly OptionSpec[],
): { spec: OptionSpec; attached: string | undefined } {
  if (!word.startsWith("--")) {
    const spec = specs.find(({ short }) => short === word[1]);
    if (spec === undefined || (spec.value === undefined && word.length > 2)) throw unknownOption(word, specs);
    return { spec, attached: word.length > 2 ? word.slice(2).replace(/^=/, "") : undefined };
  }
  const [name = "", ...parts] = word.slice(2).split("=");
  const spec = specs.find(({ long }) => long === name);
  if (spec === undefined) throw unknownOption(`--${name}`, specs);
  if (parts.length > 0 && spec.value === undefined) throw new UsageError(`option --${name} takes no value`);
  return { spec, attached: parts.length > 0 ? parts.join("=") : undefined };
}

function unknownOption(word: string, specs: readonly OptionSpec[]): UsageError {
  const known = specs.flatMap(({ long, short }) => [
    `--${long}`,
    ...(short === undefined ? [] : [`-${short}`]),
  ]);
  const near = nearest(word, known);
  return new UsageError(`unknown option ${word}${near === undefined ? "" : `, did you mean ${near}?`}`);
}

/** The candidate most like `word`; `undefined` when none is near. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word, candidate);
    if (distance >= least) continue;
    least = distance;
    best = candidate;
  }
  return best;
}

/** Insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  const cell = (row: number, column: number): number => rows[row]?.[column] ?? 0;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min(cell(i - 1, j) + 1, (row[j - 1] ?? 0) + 1, cell(i - 1, j - 1) + substitution);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, cell(i - 2, j - 2) + 1);
      }
      row.push(cost);
    }
    rows.push(row);
  }
  return cell(a.length, b.length);
}
