/**
 * Boots each kernel with the built project inside and reports its tests, two machines at a time.
 *
 *   node dist/test/vm/run.js --node BINARY [--node-arm64 BINARY --root-arm64 FOLDER] [--verbose] [--only WORD] KERNEL_FOLDER...
 */
import { mkdirSync, readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { writeImage } from "./image.ts";
import { boot } from "./machine.ts";
import { parseTap } from "./tap.ts";

const TIME_LIMIT_MS = 1_800_000;
/** Kernel tests that compile something else than what `test/support` keeps compiled. */
const NEED_COMPILERS = ["addon-loads", "skeleton-ts"];
const project = join(import.meta.dirname, "../../..");

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    node: { type: "string" },
    "node-arm64": { type: "string" },
    "root-arm64": { type: "string" },
    busybox: { type: "string", default: "/bin/busybox" },
    ip: { type: "string", default: "/bin/ip" },
    only: { type: "string" },
    verbose: { type: "boolean", default: false },
  },
});
if (positionals.length === 0) {
  console.error("usage: node dist/test/vm/run.js --node BINARY KERNEL_FOLDER...");
  process.exit(2);
}

let passed = 0;
let failed = 0;
let skipped = 0;
// Emulation takes one processor for each machine; what they print comes in one piece for each.
const waiting = [...positionals];
const next = async (): Promise<void> => {
  for (let kernel = waiting.shift(); kernel !== undefined; kernel = waiting.shift()) await runOn(kernel);
};
await Promise.all([next(), next()]);
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;

async function runOn(kernel: string): Promise<void> {
  const name = basename(kernel);
  const machine = name.endsWith("-arm64") ? "arm64" : "x64";
  const libraryRoot = machine === "arm64" ? values["root-arm64"] : undefined;
  const node = machine === "arm64" ? values["node-arm64"] : values.node;
  if (node === undefined || (machine === "arm64" && libraryRoot === undefined)) {
    throw new Error(`${name}: say where the programs of an ${machine} machine are`);
  }
  const folder = join(project, "build/vm", name);
  mkdirSync(folder, { recursive: true });
  const image = join(folder, "initramfs.cpio");
  writeImage(image, {
    project,
    node,
    busybox: `${libraryRoot ?? ""}${values.busybox}`,
    programs: {
      "usr/bin/target": join(project, "build/vm", machine, "target"),
      "usr/sbin/ip": `${libraryRoot ?? ""}${values.ip}`,
    },
    libraryRoot,
    kernelFiles: kernelFiles(kernel),
    include: [
      "package.json",
      "bin",
      "dist/src",
      "dist/bundle",
      "dist/test",
      "native",
      "testdata",
      "build/test-objects",
      `build/vm/${machine}/bpf`,
      "build/vm/wasm",
    ].filter(exists),
    tests: testFiles(),
  });
  console.log(`# ${name}: booting`);
  const result = await boot({
    machine,
    kernel: join(kernel, "vmlinuz"),
    initramfs: image,
    folder,
    timeLimitMs: TIME_LIMIT_MS,
    ...(values.verbose && { onConsole: (text: string) => process.stderr.write(text) }),
  });
  const { points, complete } = parseTap(result.results);
  for (const point of points) {
    if (point.skipped !== undefined) skipped++;
    else if (point.ok) passed++;
    else failed++;
    const outcome = point.skipped !== undefined ? `skipped (${point.skipped})` : point.ok ? "ok" : "FAILED";
    console.log(`${outcome}: ${name}: ${point.name}`);
    if (!point.ok) console.log(shortened(point.details));
  }
  if (!complete || points.length === 0) {
    failed++;
    const why = result.timedOut
      ? `no end within ${TIME_LIMIT_MS / 1000} s`
      : "powered off before the tests' end";
    console.log(`FAILED: ${name}: ${why}; the console's and the results' last lines:`);
    console.log(tail(result.console));
    console.log(tail(result.results));
  }
  console.log(
    `# ${name}: ${(result.elapsedMs / 1000).toFixed(1)} s; ${result.console.match(/vm: .*/g)?.join("; ") ?? ""}`,
  );
}

/** The tests for these machines, and those of the kernel that run on every machine. */
function testFiles(): string[] {
  const files = ["dist/test/vm/inside", "dist/test/kernel"].flatMap((folder) =>
    readdirSync(join(project, folder)).map((name) => `${folder}/${name}`),
  );
  return files.filter(
    (file) =>
      file.endsWith(".test.js") &&
      file.includes(values.only ?? "") &&
      !NEED_COMPILERS.some((name) => file.endsWith(`/${name}.test.js`)),
  );
}

/** What the machine has of its kernel's package: modules and the configuration. */
function kernelFiles(kernel: string): Record<string, string> {
  const files: Record<string, string> = {};
  for (const name of readdirSync(kernel)) {
    if (name.startsWith("config-")) files[`boot/${name}`] = join(kernel, name);
  }
  for (const entry of readdirSync(join(kernel, "lib"), { recursive: true, encoding: "utf8" })) {
    const file = join(kernel, "lib", entry);
    if (statSync(file).isFile()) files[`lib/${entry}`] = file;
  }
  return files;
}

function exists(path: string): boolean {
  return statSync(join(project, path), { throwIfNoEntry: false }) !== undefined;
}

/** The beginning of a long text, and its end, which tells most. */
function shortened(text: string): string {
  const lines = text.split("\n");
  return lines.length <= 120 ? text : [...lines.slice(0, 20), "...", ...lines.slice(-100)].join("\n");
}

function tail(text: string): string {
  return text.trimEnd().split("\n").slice(-40).join("\n");
}
