import { type BeforeAfter, type BtfDifference, diffBtf, type FieldDifference } from "../btf/index.ts";
import { runCommand } from "./command.ts";
import { printable } from "./format.ts";
import { aboutFile } from "./input-file.ts";
import { readBtf } from "./read-btf.ts";
import { writeOutput } from "./verb.ts";

const SIGNS = { added: "+", removed: "-", changed: "~" };

/** `wasm-bpf btf diff ...` */
export function runBtfDiff(args: readonly string[]): Promise<number> {
  return runCommand("btf diff", args, async (line) => {
    const [a = "", b = "", ...names] = line.atMost(Number.POSITIVE_INFINITY, 2, "which two files?");
    const before = readBtf(a);
    const after = readBtf(b);
    const options = { functions: line.has("functions"), ...(names.length === 0 ? {} : { names }) };
    const differences = aboutFile(`${a}, ${b}`, () => diffBtf(before, after, options));
    await writeOutput(printable(line.has("json") ? diffJson(a, b, differences) : diffText(differences)));
    return 0;
  });
}

function diffJson(before: string, after: string, differences: readonly BtfDifference[]): string {
  const text = JSON.stringify(
    { before, after, differences },
    // Enumerators may have more than 53 bits.
    (_key, value) => (typeof value === "bigint" ? value.toString() : value),
    2,
  );
  return `${text}\n`;
}

/** Each type with its changes below it, and a last line with their number. */
function diffText(differences: readonly BtfDifference[]): string {
  const lines: string[] = [];
  for (const difference of differences) {
    const { kind, name, change, sizeBytes, type } = difference;
    const title = name === "" ? "anonymous enums" : `${kind} ${name}`;
    const notes = [
      ...(sizeBytes === undefined ? [] : [`size ${fromTo(sizeBytes)}`]),
      ...(type === undefined ? [] : [fromTo(type)]),
    ];
    lines.push(`${SIGNS[change]} ${title}${notes.length === 0 ? "" : `: ${notes.join(", ")}`}`);
    if (change !== "changed") continue;
    lines.push(...fieldLines(difference.fields).map((text) => `    ${text}`));
    for (const value of difference.values) lines.push(`    ${sign(value)} ${value.name} = ${fromTo(value)}`);
  }
  const count = (change: BtfDifference["change"]): number =>
    differences.filter((difference) => difference.change === change).length;
  lines.push(`${count("added")} added, ${count("removed")} removed, ${count("changed")} changed`);
  return `${lines.join("\n")}\n`;
}

function sign({ before, after }: BeforeAfter<unknown>): string {
  return before === undefined ? "+" : after === undefined ? "-" : "~";
}

/** `8 -> 16`, or the one value there is. */
function fromTo({ before, after }: BeforeAfter<number | bigint | string>): string {
  if (before === undefined || after === undefined) return String(before ?? after);
  return `${before} -> ${after}`;
}

function fieldLines(fields: readonly FieldDifference[]): string[] {
  const lines: string[] = [];
  for (let at = 0; at < fields.length; ) {
    const first = fields[at] as FieldDifference;
    const distance = moved(first);
    let end = at + 1;
    if (distance !== undefined) {
      while (end < fields.length && moved(fields[end] as FieldDifference) === distance) end++;
    }
    const last = fields[end - 1];
    if (distance === undefined || last === undefined || end - at < 3) {
      lines.push(...fields.slice(at, end).map(fieldLine));
    } else {
      lines.push(
        `~ ${end - at} fields, ${first.name} to ${last.name}: moved by ${distance > 0 ? "+" : ""}${offsetText(distance)}`,
      );
    }
    at = end;
  }
  return lines;
}

/** By how many bits a field moved that is otherwise the same; `undefined` for other changes. */
function moved({ before, after }: FieldDifference): number | undefined {
  if (before === undefined || after === undefined) return undefined;
  if (before.type !== after.type || before.bitfieldBits !== after.bitfieldBits) return undefined;
  return after.offsetBits - before.offsetBits;
}

function fieldLine({ name, before, after }: FieldDifference): string {
  const changes: string[] = [];
  if (before?.type !== after?.type) changes.push(fromTo(pick(before?.type, after?.type)));
  if (before?.bitfieldBits !== after?.bitfieldBits) {
    const bits = fromTo(pick(before?.bitfieldBits, after?.bitfieldBits));
    if (bits !== "0") changes.push(`bits ${bits}`);
  }
  if (before?.offsetBits !== after?.offsetBits) {
    const place = (offsetBits: number | undefined): string | undefined =>
      offsetBits === undefined ? undefined : offsetText(offsetBits);
    changes.push(`at ${fromTo(pick(place(before?.offsetBits), place(after?.offsetBits)))}`);
  }
  return `${sign({ before, after })} ${name}: ${changes.join(", ")}`;
}

function pick<T>(before: T | undefined, after: T | undefined): BeforeAfter<T> {
  return { ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) };
}

/** In bytes, with the bits that are left over: `12`, `12.3`. */
function offsetText(bits: number): string {
  const rest = Math.abs(bits) % 8;
  return `${Math.trunc(bits / 8)}${rest === 0 ? "" : `.${rest}`}`;
}
