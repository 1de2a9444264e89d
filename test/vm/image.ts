/** Puts together the initial file system of a virtual machine: busybox, Node.js, the built project, the tests. */
import { execFileSync } from "node:child_process";
import { closeSync, existsSync, openSync, readdirSync, readFileSync, statSync, writeSync } from "node:fs";
import { CpioArchive } from "./cpio.ts";

export interface ImageOptions {
  /** Root of the project. */
  readonly project: string;
  readonly node: string;
  readonly busybox: string;
  /** More programs, by their path in the machine; their shared libraries come along. */
  readonly programs: Readonly<Record<string, string>>;
  /** Folder with the shared libraries of another kind of machine; `undefined`: this machine's. */
  readonly libraryRoot: string | undefined;
  /** Files of the kernel's package, by their path in the machine: modules that /init loads, the configuration. */
  readonly kernelFiles: Readonly<Record<string, string>>;
  /** Files of the project, by path or folder; folders are taken whole. */
  readonly include: readonly string[];
  /** Test files that the machine runs, as project paths. */
  readonly tests: readonly string[];
}

export function writeImage(file: string, options: ImageOptions): void {
  const archive = new CpioArchive();
  for (const directory of ["proc", "sys", "dev", "tmp", "root", "run", "etc", "bin"])
    archive.directory(directory);
  archive.copy(options.busybox, "bin/busybox");
  archive.copy(`${options.project}/test/vm/init.sh`, "init");
  const programs = { "usr/bin/node": options.node, ...options.programs };
  for (const [path, source] of Object.entries(programs)) archive.copy(source, path);
  archive.symlink("sbin", "bin");
  archive.file("etc/passwd", new TextEncoder().encode("root:x:0:0:root:/root:/bin/sh\n"));
  const { libraryRoot } = options;
  const libraries =
    libraryRoot === undefined
      ? new Set(Object.values(programs).flatMap(sharedLibraries))
      : foreignLibraries(Object.values(programs), libraryRoot);
  for (const library of libraries) archive.copy(`${libraryRoot ?? ""}${library}`, library);
  for (const [path, source] of Object.entries(options.kernelFiles)) archive.copy(source, path, 0o644);
  for (const entry of options.include) addTree(archive, options.project, entry);
  archive.file("tests", new TextEncoder().encode(`${options.tests.join("\n")}\n`));
  const fd = openSync(file, "w");
  try {
    for (const part of archive.finish()) writeSync(fd, part);
  } finally {
    closeSync(fd);
  }
}

/** The shared libraries of a program of this machine, the dynamic loader included, by absolute path. */
function sharedLibraries(program: string): string[] {
  const listing = execFileSync("ldd", [program], { encoding: "utf8" });
  return [...listing.matchAll(/(\/\S+) \(0x/g)].flatMap((match) => match[1] ?? []);
}

/** Where Debian's packages for arm64 put the program loader, and libraries. */
const FOREIGN_FOLDERS = ["/lib", "/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu"];

/** The same for programs that this machine cannot run, by what their dynamic sections name. */
function foreignLibraries(programs: readonly string[], root: string): Set<string> {
  const found = new Set<string>();
  const waiting = [...programs];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    const dynamic = execFileSync("readelf", ["-d", file], { encoding: "utf8" });
    for (const [, name] of dynamic.matchAll(/\(NEEDED\).*\[(.+)\]/g)) {
      const path = FOREIGN_FOLDERS.map((folder) => `${folder}/${name}`).find((one) => existsSync(root + one));
      if (path === undefined) throw new Error(`${file} needs ${name}, which is not in ${root}`);
      if (found.has(path)) continue;
      found.add(path);
      waiting.push(root + path);
    }
  }
  return found;
}

function addTree(archive: CpioArchive, project: string, entry: string): void {
  const source = `${project}/${entry}`;
  const status = statSync(source);
  if (!status.isDirectory()) {
    archive.file(`project/${entry}`, readFileSync(source), status.mode & 0o777);
    return;
  }
  archive.directory(`project/${entry}`);
  for (const name of readdirSync(source).sort()) {
    if (name.endsWith(".d.ts") || name === "node_modules") continue;
    addTree(archive, project, `${entry}/${name}`);
  }
}
