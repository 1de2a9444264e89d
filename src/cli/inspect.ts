import { isWasmModule } from "../internal/index.ts";
import {
  type Ability,
  inspectModule,
  inspectObject,
  type MapReport,
  type ModuleReport,
  type ObjectReport,
  type ProgramReport,
} from "../object/index.ts";
import { runCommand } from "./command.ts";
import { formatSize, printable } from "./format.ts";
import { aboutFile, readInput } from "./input-file.ts";
import { writeOutput } from "./verb.ts";

/** `wasm-bpf inspect ...` */
export function runInspect(args: readonly string[]): Promise<number> {
  return runCommand("inspect", args, async (line) => {
    const [file = ""] = line.atMost(1, 1, "which module or object?");
    const bytes = readInput(file);
    const text = aboutFile(file, () => {
      if (isWasmModule(bytes)) {
        const report = inspectModule(bytes);
        return line.has("json") ? toJson({ kind: "module", ...report }) : moduleText(file, report);
      }
      const report = inspectObject(bytes);
      return line.has("json")
        ? toJson({ kind: "object", ...report })
        : objectText(`${file}: BPF object`, report);
    });
    await writeOutput(printable(text));
    return 0;
  });
}

function toJson(report: object): string {
  return `${JSON.stringify(report, undefined, 2)}\n`;
}

function moduleText(file: string, report: ModuleReport): string {
  const { abiVersion, imports, objects } = report;
  const abi =
    abiVersion === undefined ? "none: it imports nothing to load BPF objects with" : `version ${abiVersion}`;
  const lines = [`${file}: WebAssembly module, ${formatSize(report.sizeBytes)}`, `  ABI: ${abi}`];
  for (const { release, machine, sizeBytes } of report.kernels) {
    lines.push(
      `  types of kernel ${release}${machine === "" ? "" : ` (${machine})`}: ${formatSize(sizeBytes)}`,
    );
  }
  for (const [module, names] of Object.entries(imports)) lines.push(...list(`  imports ${module}:`, names));
  lines.push(...list("  may need the options:", report.options));
  const built = buildText(report.build);
  if (built !== "") lines.push(`  says that it is ${built}`);
  const sections = Object.entries(report.customSections).map(
    ([name, size]) => `${name} (${formatSize(size)})`,
  );
  lines.push(...list("  custom sections:", sections));
  if (objects.length === 0) lines.push("  BPF objects: none is visible; the guest may keep them compressed");
  const parts = objects.map((object, i) => objectText(`\nBPF object ${i + 1} of ${objects.length}`, object));
  return `${lines.map((text) => `${text}\n`).join("")}${parts.join("")}`;
}

/** Name, version and builder, as far as the label has them. */
function buildText(build: unknown): string {
  if (typeof build !== "object" || build === null) return "";
  const member = (key: string): string => {
    const value: unknown = Object.getOwnPropertyDescriptor(build, key)?.value;
    return typeof value === "string" ? value : "";
  };
  const builder = member("builder");
  return [member("name"), member("version"), ...(builder === "" ? [] : [`built by ${builder}`])]
    .filter((part) => part !== "")
    .join(" ");
}

function objectText(title: string, report: ObjectReport): string {
  const { programs, maps, globals, externs, abilities } = report;
  const order = report.littleEndian ? "little-endian" : "big-endian";
  const types = report.btfTypes === 0 ? "no BTF" : `${report.btfTypes} BTF types`;
  const license = report.license === "" ? "no license" : `license ${JSON.stringify(report.license)}`;
  const lines = [`${title}, ${formatSize(report.sizeBytes)}, ${license}, ${order}, ${types}`];
  if (programs.length > 0) lines.push("  programs:", ...programs.flatMap(programLines));
  if (maps.length > 0) lines.push("  maps:", ...maps.map(mapLine));
  if (globals.length > 0) {
    lines.push("  global variables:");
    for (const { name, section, type, sizeBytes, constant } of globals) {
      const what = `${type === "" ? "" : `${type}, `}${sizeBytes} B`;
      lines.push(`    ${name} in ${section}: ${what}${constant ? ", constant once loaded" : ""}`);
    }
  }
  if (externs.length > 0) {
    lines.push("  asks the kernel for:");
    for (const { name, kind, weak } of externs) lines.push(`    ${kind} ${name}${weak ? " (optional)" : ""}`);
  }
  lines.push("  can change outside its own maps:");
  lines.push(...(abilities.length === 0 ? ["    nothing"] : abilityLines(abilities)));
  lines.push(`  needs: ${report.capabilities.join(", ")}`);
  return lines.map((text) => `${text}\n`).join("");
}

function programLines(program: ProgramReport): string[] {
  const { name, section, type, instructions, autoload } = program;
  const notes = [type, ...(program.sleepable ? ["sleepable"] : []), ...(autoload ? [] : ["off at first"])];
  return [
    `    ${name}: ${section} (${notes.join(", ")}), ${instructions} instructions`,
    ...list("      helpers:", program.helpers),
    ...list("      kernel functions:", program.kfuncs),
    ...list("      maps:", program.maps),
    ...(program.coreRelocations.length === 0 ? [] : ["      CO-RE:"]),
    ...program.coreRelocations.map((text) => `        ${text}`),
  ];
}

function mapLine(map: MapReport): string {
  const { name, type, keySizeBytes, valueSizeBytes, maxEntries, flags } = map;
  const sizes = [
    ...(keySizeBytes === 0 ? [] : [`key ${typed(map.keyType, keySizeBytes)}`]),
    ...(valueSizeBytes === 0 ? [] : [`value ${typed(map.valueType, valueSizeBytes)}`]),
  ];
  const entries = type.endsWith("ringbuf")
    ? formatSize(maxEntries)
    : maxEntries === 0
      ? "as many entries as the machine needs"
      : `${maxEntries} ${maxEntries === 1 ? "entry" : "entries"}`;
  const notes = [...flags, ...(map.pinned ? ["pinned"] : [])];
  return `    ${name}: ${[type, ...sizes, entries, ...notes].join(", ")}`;
}

function typed(type: string | undefined, sizeBytes: number): string {
  return type === undefined ? `${sizeBytes} B` : `${type} (${sizeBytes} B)`;
}

/** One line for each thing that can be changed, with all that lets it. */
function abilityLines(abilities: readonly Ability[]): string[] {
  const by = new Map<string, string[]>();
  for (const ability of abilities) by.set(ability.what, [...(by.get(ability.what) ?? []), ability.by]);
  return [...by].map(([what, causes]) => `    ${what} (${causes.join(", ")})`);
}

/** A heading and its items on one line; nothing without items. */
function list(heading: string, items: readonly string[]): string[] {
  return items.length === 0 ? [] : [`${heading} ${items.join(", ")}`];
}
