/**
 * Writes `docs/cli/*.md`, one page for each command and a list of them, from the table of commands. Run after
 * `npm run build`:
 *
 *     node dist/scripts/gen-cli-docs.js
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { OptionSpec } from "../src/cli/args.ts";
import { type ArgumentSpec, type CommandSpec, commonStatuses } from "../src/cli/command-spec.ts";
import { commands } from "../src/cli/commands.ts";
import { optionEntry } from "../src/cli/help-text.ts";

const NOTE = "<!-- Generated from src/cli/commands.ts by scripts/gen-cli-docs.ts; changes are lost. -->\n\n";

/** Name of a command's page. */
function pageName(name: string): string {
  return `${name.replaceAll(" ", "-")}.md`;
}

/** All pages by file name. */
export function cliPages(): Map<string, string> {
  const pages = new Map(commands.map((command) => [pageName(command.name), commandPage(command)]));
  const list = commands.map(({ name, summary }) => `| [\`${name}\`](${pageName(name)}) | ${summary} |\n`);
  pages.set(
    "README.md",
    `${NOTE}# Commands\n\n\`wasm-bpf COMMAND --help\` prints what these pages say.\n\n| Command | |\n|---|---|\n${list.join("")}\n` +
      "## Exit status\n\n" +
      definitions(commonStatuses.map(({ status, meaning }) => ({ name: status, help: meaning }))) +
      "\n`run` ends with the status of the guest, see [its page](run.md).\n",
  );
  return pages;
}

function commandPage(command: CommandSpec): string {
  const { name, summary, usage, description, examples } = command;
  const statuses = (command.statuses ?? commonStatuses).map(({ status, meaning }) => ({
    name: status,
    help: meaning,
  }));
  return [
    `${NOTE}# wasm-bpf ${name}\n\n${capitalized(summary)}.\n`,
    `## Synopsis\n\n${usage.map((form) => `    wasm-bpf ${name} ${form}\n`).join("")}`,
    `## Description\n\n${description.join("\n\n")}\n`,
    part("Arguments", command.arguments),
    part(
      "Options",
      command.options?.map((option: OptionSpec) => optionEntry(option)),
    ),
    command.json === undefined ? "" : `## JSON\n\n${command.json}\n`,
    part("Environment", command.environment),
    part("Exit status", statuses),
    `## Examples\n\n${examples.map((example) => `${capitalized(example.does)}:\n\n    ${example.command}\n`).join("\n")}`,
  ]
    .filter((text) => text !== "")
    .join("\n");
}

function part(title: string, entries: readonly ArgumentSpec[] | undefined): string {
  return entries === undefined || entries.length === 0 ? "" : `## ${title}\n\n${definitions(entries)}`;
}

function definitions(entries: readonly ArgumentSpec[]): string {
  return entries.map(({ name, help }) => `- \`${name}\`: ${help}\n`).join("");
}

function capitalized(text: string): string {
  return text === "" || text.startsWith("*") ? text : `${text[0]?.toUpperCase()}${text.slice(1)}`;
}

if (process.argv[1] === import.meta.filename) {
  const folder = join(resolve(import.meta.dirname, "../.."), "docs/cli");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of cliPages()) writeFileSync(join(folder, name), text);
}
