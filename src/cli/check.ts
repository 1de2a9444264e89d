import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { WasmBpfError } from "../internal/index.ts";
import {
  checkKernel,
  type KernelNeed,
  type ObjectSpec,
  type ProgramCheck,
  parseObject,
} from "../object/index.ts";
import { runCommand } from "./command.ts";
import { printable } from "./format.ts";
import { aboutFile } from "./input-file.ts";
import { readBtf } from "./read-btf.ts";
import { readObjects } from "./read-objects.ts";
import { writeOutput } from "./verb.ts";

/** Where Debian keeps kernels and the packages it has fetched. */
const DEBIAN_PLACES: readonly (readonly [directory: string, name: RegExp])[] = [
  ["/boot", /^vmlinuz-/],
  ["/var/cache/apt/archives", /^linux-image-\d.*\.deb$/],
];

interface KernelReport {
  readonly kernel: string;
  readonly ok: boolean;
  readonly objects: readonly { readonly name: string; readonly programs: readonly ProgramCheck[] }[];
}

/** `wasm-bpf check MODULE|FILE.bpf.o ...` */
export function runCheck(args: readonly string[]): Promise<number> {
  return runCommand("check", args, async (line) => {
    const [file = ""] = line.atMost(1, 1, "which module or object?");
    const specs = readObjects(file).map(({ name, bytes }) => ({
      name,
      spec: aboutFile(name, () => parseObject(bytes)),
    }));
    const named = [...line.values("btf"), ...line.values("vmlinuz")];
    const found = line.has("debian") ? debianKernels() : [];
    const kernels = named.length + found.length === 0 ? ["vmlinux"] : [...named, ...found];
    const reports = kernels.map((path) => reportOn(path, specs));
    const text = line.has("json")
      ? `${JSON.stringify(reports, undefined, 2)}\n`
      : reports.map((report) => formatReport(report, specs.length > 1, line.has("all"))).join("");
    await writeOutput(printable(text));
    return reports.every(({ ok }) => ok) ? 0 : 1;
  });
}

function reportOn(path: string, specs: readonly { name: string; spec: ObjectSpec }[]): KernelReport {
  const btf = readBtf(path);
  const objects = specs.map(({ name, spec }) => ({ name, programs: checkKernel(spec, btf) }));
  const ok = objects.every(({ programs }) => programs.every((program) => program.ok));
  return { kernel: kernelName(path), ok, objects };
}

function kernelName(path: string): string {
  return path.includes("/") && !/vmlinu[xz]/.test(basename(path)) ? basename(path) : path;
}

function formatReport({ kernel, ok, objects }: KernelReport, several: boolean, all: boolean): string {
  const needs = objects.flatMap(({ programs }) => programs.flatMap((program) => program.needs));
  const lines = [`${kernel}: ${ok ? "ok" : "NOT OK"}, ${summary(needs)}`];
  for (const { name, programs } of objects) {
    for (const { program, needs } of programs) {
      const shown = needs.filter(({ answer }) => all || answer === "missing");
      const where = several ? `${name}: ${program}` : program;
      for (const need of shown) lines.push(`  ${where}: ${formatNeed(need)}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

function formatNeed({ kind, description, answer, detail }: KernelNeed): string {
  const said = detail === "" || detail.includes(description) ? detail : `: ${detail}`;
  return kind === "relocation" || said === "" || said.startsWith(":")
    ? `${answer}: ${description}${said}`
    : `${answer}: ${said}`;
}

function summary(needs: readonly KernelNeed[]): string {
  const counts = new Map<string, number>();
  for (const { answer } of needs) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  const parts = [...counts]
    .filter(([answer]) => answer !== "ok")
    .map(([answer, count]) => `${count} ${answer}`);
  const total = `${needs.length} ${needs.length === 1 ? "need" : "needs"}`;
  return parts.length === 0 ? total : `${total}, ${parts.join(", ")}`;
}

function debianKernels(): string[] {
  const paths = DEBIAN_PLACES.flatMap(([directory, name]) =>
    namesIn(directory)
      .filter((entry) => name.test(entry))
      .map((entry) => join(directory, entry)),
  );
  if (paths.length > 0) return paths;
  const places = DEBIAN_PLACES.map(([directory]) => directory).join(" and ");
  throw new WasmBpfError(
    "NOT_FOUND",
    `there is no kernel in ${places}: apt-get download linux-image-... gets one`,
  );
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}
