import type { OptionSpec } from "./args.ts";
import { type ArgumentSpec, type CommandSpec, commonStatuses } from "./command-spec.ts";
import { commands, nounsOf } from "./commands.ts";

const WIDTH = 110;
const COLUMN = 36;

/** What `wasm-bpf COMMAND --help` prints. */
export function commandHelp(command: CommandSpec): string {
  return [
    usageText(command),
    ...command.description.map((paragraph) => fill(paragraph, "")),
    section("Arguments", command.arguments),
    section("Options", command.options?.map(optionEntry)),
    command.json === undefined ? "" : `JSON:\n${fill(command.json, "  ")}`,
    section("Environment", command.environment),
    section(
      "Exit status",
      (command.statuses ?? commonStatuses).map(({ status, meaning }) => ({ name: status, help: meaning })),
    ),
    `Examples:\n${command.examples.map((example) => `  ${example.command}\n      ${example.does}\n`).join("")}`,
  ]
    .filter((part) => part !== "")
    .join("\n");
}

/** What `wasm-bpf VERB --help` prints for a verb that needs a noun. */
export function verbHelp(verb: string): string {
  const lines = nounsOf(verb).map((noun) =>
    entry({ name: `${verb} ${noun}`, help: summary(`${verb} ${noun}`) }),
  );
  return `Usage: wasm-bpf ${verb} COMMAND ...\n\nCommands:\n${lines.join("")}\nwasm-bpf ${verb} COMMAND --help tells more.\n`;
}

/** The forms of a command, one a line. */
export function usageText({ name, usage }: CommandSpec): string {
  return usage.map((form, i) => `${i === 0 ? "Usage:" : "      "} wasm-bpf ${name} ${form}\n`).join("");
}

/** All commands with their summaries, one a line. */
export function commandList(): string {
  return commands.map(({ name, summary: help }) => entry({ name, help })).join("");
}

/** An option as it is listed: `-h, --help`. */
export function optionEntry({ long, short, value, optional, help }: OptionSpec): ArgumentSpec {
  const names = `${short === undefined ? "" : `-${short}, `}--${long}`;
  const written = optional === true ? `[=${value}]` : ` ${value}`;
  return { name: `${names}${value === undefined ? "" : written}`, help };
}

/** A heading and its entries; empty without entries. */
export function section(title: string, entries: readonly ArgumentSpec[] | undefined): string {
  return entries === undefined || entries.length === 0 ? "" : `${title}:\n${entries.map(entry).join("")}`;
}

function summary(name: string): string {
  return commands.find((command) => command.name === name)?.summary ?? "";
}

function entry({ name, help }: ArgumentSpec): string {
  const indent = " ".repeat(COLUMN);
  const text = fill(help, indent);
  return name.length + 4 > COLUMN ? `  ${name}\n${text}` : `  ${name.padEnd(COLUMN - 2)}${text.trimStart()}`;
}

/** Breaks a paragraph into lines, each with `indent` before it. */
function fill(text: string, indent: string): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && indent.length + line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = "";
    }
    line += line === "" ? word : ` ${word}`;
  }
  return [...lines, line].map((each) => `${indent}${each}\n`).join("");
}
