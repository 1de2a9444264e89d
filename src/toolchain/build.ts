import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Btf } from "../btf/index.ts";
import { skeletonHeader, skeletonName, vmlinuxHeader } from "../codegen/index.ts";
import { WasmBpfError } from "../internal/index.ts";
import { embedBtf, type KernelKey, linkObjects, parseObject } from "../object/index.ts";
import { BUILD_INFO_SECTION, withBuildInfo } from "./build-info.ts";
import { BuildState } from "./build-state.ts";
import {
  type BpfCompiler,
  findBpfCompiler,
  findGuestCompiler,
  type GuestCompiler,
  missing,
} from "./compilers.ts";
import { parseDepfile } from "./depfile.ts";
import { withAbiVersion } from "./guest-abi.ts";
import { findLp64Compiler } from "./lp64.ts";
import { bpfHeaders, generatorIdentity, guestHeaders } from "./package-files.ts";
import { type Application, findProject, type Project } from "./project.ts";
import { runTool } from "./run-tool.ts";
import { checkSharedTypes, isProjectHeader, sharedTypes } from "./shared-types.ts";
import type { CompileCommand } from "./type-probe.ts";

/** Intermediate files of a project are kept here, in the project's directory. */
export const BUILD_DIRECTORY = ".build";

const KERNEL_BTF = "/sys/kernel/btf/vmlinux";

/** Stack of the guest; it lies below all data, so that an overflow is a trap and not a silent overwrite. */
const STACK_BYTES = { wasm32: 256 * 1024, lp64: 1024 * 1024 } as const;

/** Pieces of WASI's C library of wasm32 that a program has to ask for; they cost nothing unless they are used. */
const EMULATIONS: readonly string[] = ["signal", "process-clocks", "mman", "getpid"];

/** A file with BTF, of whatever kind. */
export interface BtfSource {
  readonly path: string;
  /** The BTF in that file. */
  readonly read: () => Btf;
}

/** BTF of a kernel without BTF that modules are to carry. */
export interface BtfToEmbed extends KernelKey, BtfSource {}

export interface BuildOptions {
  /** What `vmlinux.h` is made from; default: the running kernel's BTF. */
  readonly btf?: BtfSource;
  /** What modules need of these is put into them. */
  readonly embeddedBtfs?: readonly BtfToEmbed[];
  readonly environment?: NodeJS.ProcessEnv;
  /** Compilers colour their messages. */
  readonly colour?: boolean;
  /** Guests for version 1 of the guest interface, with 32-bit `long`, also of sources that do not say so. */
  readonly wasm32?: boolean;
}

/** One step of a build, done or not needed. */
export interface BuildStep {
  /** What it makes, relative to the project. */
  readonly product: string;
  /** False when the product was current. */
  readonly built: boolean;
  readonly durationMs: number;
  readonly sizeBytes: number;
}

/** Told what happens during a build. */
export interface BuildObserver {
  step?(step: BuildStep): void;
  /** A program that is started, with its arguments, in the project's directory. */
  command?(argv: readonly string[]): void;
  /** Messages of a compiler as it printed them. */
  diagnostics?(text: string): void;
  /** One of several programs cannot be built; the others are. */
  failed?(error: WasmBpfError): void;
}

/** A compiler or the linker refused its input, or several; what it printed went to the observer. */
export class BuildError extends WasmBpfError {
  /** The source, the module when it could not be linked, or the project of which some programs could not be built. */
  readonly subject: string;
  constructor(subject: string, message: string) {
    super("TOOLCHAIN", message);
    this.subject = subject;
  }
}

/**
 * Builds every application of a directory: `vmlinux.h`, BPF objects, skeletons, guests. Only what changed is
 * made again. Modules are left in the directory itself, everything else in its {@link BUILD_DIRECTORY}. A program that
 * cannot be built does not keep the others from being.
 *
 * @param path a directory, one `NAME.bpf.c`, or the C files of one application.
 * @returns paths of the modules relative to the directory, or of the objects when there is no guest.
 * @throws {WasmBpfError} at the end when a program could not be built: its error if it is the only program, else one
 * that names those that failed.
 */
export async function buildProject(
  path: string | readonly string[],
  options: BuildOptions = {},
  observer: BuildObserver = {},
): Promise<string[]> {
  const project = findProject(path);
  const directory = join(project.directory, BUILD_DIRECTORY);
  mkdirSync(directory, { recursive: true });
  const ignore = join(directory, ".gitignore");
  if (!existsSync(ignore)) writeFileSync(ignore, "*\n");
  const state = new BuildState(join(directory, "state.json"), project.directory);
  const build = new Build(project, state, options, observer);
  try {
    return await build.run();
  } finally {
    state.save();
  }
}

class Build {
  readonly #project: Project;
  readonly #state: BuildState;
  readonly #options: BuildOptions;
  readonly #observer: BuildObserver;
  readonly #environment: NodeJS.ProcessEnv;
  /** Part of every command: a header that appears may hide another one. */
  readonly #headers: string;
  /** By program. */
  readonly #failures = new Map<string, WasmBpfError>();
  #lp64: Promise<GuestCompiler> | undefined;
  #wasm32: Promise<GuestCompiler> | undefined;

  constructor(project: Project, state: BuildState, options: BuildOptions, observer: BuildObserver) {
    this.#project = project;
    this.#state = state;
    this.#options = options;
    this.#observer = observer;
    this.#environment = options.environment ?? process.env;
    this.#headers = `headers: ${project.headers.join("/")}`;
  }

  async run(): Promise<string[]> {
    const { objects, applications } = this.#project;
    const bpf = await findBpfCompiler(this.#environment);
    const guests: [Application, GuestCompiler][] = [];
    for (const application of applications) guests.push([application, await this.#compilerOf(application)]);
    if (this.#project.needsBpfHeaders && !findBpfHeaders()) {
      throw missing("bpf/bpf_helpers.h (the headers of libbpf)", ["libbpf-dev"]);
    }
    if (this.#project.needsVmlinux) this.#vmlinux();
    for (const name of objects) {
      await this.#attempt(this.#programOf(name), async () => {
        await this.#bpfObject(name, bpf);
        this.#skeleton(name);
      });
    }
    for (const [application, guest] of guests) {
      if (guest.abi !== 1) continue;
      await this.#attempt(application.name, () => this.#sharedStructs(application, bpf, guest));
    }
    const compiled = new Map<string, Promise<void>>();
    for (const [application, guest] of guests) {
      await this.#attempt(application.name, async () => {
        for (const source of [...application.sources, ...application.helpers]) {
          const product = guestObject(source, guest);
          const done = compiled.get(product) ?? this.#guestObject(source, product, guest);
          compiled.set(product, done);
          await done;
        }
        await this.#module(application, bpf, guest);
      });
    }
    this.#throwFailures();
    return guests.length === 0 ? objects.map(objectFile) : applications.map(moduleFile);
  }

  /** The program that an object is a part of, or the object alone. */
  #programOf(object: string): string {
    return this.#project.applications.find(({ objects }) => objects.includes(object))?.name ?? object;
  }

  /** Does one part of building a program, unless an earlier one has failed. */
  async #attempt(program: string, part: () => Promise<unknown>): Promise<void> {
    if (this.#failures.has(program)) return;
    try {
      await part();
    } catch (error) {
      if (!(error instanceof WasmBpfError)) throw error;
      // What several share fails for each of them, and is told once.
      const known = [...this.#failures.values()].includes(error);
      this.#failures.set(program, error);
      if (!known && this.#programs().size > 1) this.#observer.failed?.(error);
    }
  }

  #programs(): Set<string> {
    const { objects, applications } = this.#project;
    return new Set([
      ...objects.map((name) => this.#programOf(name)),
      ...applications.map(({ name }) => name),
    ]);
  }

  #throwFailures(): void {
    const [first] = this.#failures.values();
    if (first === undefined) return;
    const programs = this.#programs();
    if (programs.size === 1) throw first;
    const names = [...programs].filter((name) => this.#failures.has(name)).join(", ");
    throw new BuildError(
      this.#project.directory,
      `${this.#failures.size} of ${programs.size} programs could not be built: ${names}`,
    );
  }

  /** Each kind of compiler is looked for once, when an application needs it. */
  #compilerOf(application: Application): Promise<GuestCompiler> {
    if (application.wasm32 || this.#options.wasm32 === true) {
      this.#wasm32 ??= findGuestCompiler(this.#environment);
      return this.#wasm32;
    }
    this.#lp64 ??= findLp64Compiler(this.#environment);
    return this.#lp64;
  }

  #vmlinux(): void {
    const { btf } = this.#options;
    const product = join(BUILD_DIRECTORY, "vmlinux.h");
    const command = ["vmlinux.h", generatorIdentity()];
    this.#step(product, command, [resolve(btf?.path ?? KERNEL_BTF)], () =>
      vmlinuxHeader(btf === undefined ? runningKernelBtf() : btf.read()),
    );
  }

  async #bpfObject(name: string, compiler: BpfCompiler): Promise<void> {
    const product = objectFile(name);
    const { clang, options, source } = this.#bpfCommand(name, compiler);
    const compile = [clang, ...options, ...["-g", "-O2", "-Wall"], ...["-c", source, "-o", `${product}.new`]];
    const { strip } = compiler;
    await this.#compile(
      `${name}.bpf.c`,
      product,
      compile,
      strip === undefined ? ["without debug information"] : [strip, "-g", `${product}.new`],
      strip === undefined ? withoutDebugInformation : undefined,
    );
  }

  #bpfCommand(name: string, { clang, options }: BpfCompiler): CompileCommand {
    const include = ["-I", BUILD_DIRECTORY, "-I", ".", "-I", bpfHeaders()];
    // What a project's Makefile adds for one program, such as -mcpu=v3.
    include.push(...(this.#environment.BPF_CFLAGS ?? "").split(/\s+/).filter((word) => word !== ""));
    const { directory } = this.#project;
    return { clang, options: [...options, ...include], source: `./${name}.bpf.c`, directory };
  }

  #guestCommand(source: string, compiler: GuestCompiler): CompileCommand {
    const own = ["-I", BUILD_DIRECTORY, "-I", "."];
    const options = [...compiler.target, ...compiler.options];
    if (compiler.abi === 1) {
      options.push(
        ...EMULATIONS.map((name) => `-D_WASI_EMULATED_${name.toUpperCase().replaceAll("-", "_")}`),
        ...[...own, "-I", guestHeaders()],
      );
    } else {
      options.push(...own, "-idirafter", guestHeaders());
    }
    return { clang: compiler.clang, options, source: `./${source}`, directory: this.#project.directory };
  }

  /**
   * Writes `NAME.wasm.h` with what the project's headers define for BPF, and checks that the guest's sources see the
   * same layouts. Done again only when one of the files that were read has changed.
   */
  async #sharedStructs(application: Application, bpf: BpfCompiler, guest: GuestCompiler): Promise<void> {
    const { directory } = this.#project;
    for (const name of application.objects) {
      const read = this.#state.inputsOf(objectFile(name));
      if (!read.some((file) => isProjectHeader(file, directory))) continue;
      const product = join(BUILD_DIRECTORY, `${name}.wasm.h`);
      const command = this.#bpfCommand(name, bpf);
      const guests = application.sources.map((source) => this.#guestCommand(source, guest));
      const identity = [JSON.stringify([command, guests]), generatorIdentity(), this.#headers];
      if (this.#state.isCurrent(product, identity)) continue;
      this.#state.forget(product);
      const shared = await sharedTypes(command);
      const nothing = "/* The headers of the project define no types. */\n";
      writeFileSync(this.#path(product), shared?.header ?? nothing);
      const inputs = new Set(read);
      for (const source of guests) {
        if (shared === undefined) break;
        // A source with errors is none of the inputs; its compilation will show them.
        const files = await checkSharedTypes(shared, source, `${name}.wasm.h`);
        for (const file of files) inputs.add(file);
      }
      this.#state.record(product, identity, [...inputs]);
    }
  }

  /** Takes a few milliseconds: always made, but only written when it is another one. */
  #skeleton(name: string): void {
    const started = performance.now();
    const product = join(BUILD_DIRECTORY, `${name}.skel.h`);
    const bytes = readFileSync(this.#path(objectFile(name)));
    const skeleton = skeletonName(`${name}.bpf.o`);
    const text = skeletonHeader(parseObject(bytes, { name: skeleton }), bytes, { name: skeleton });
    const path = this.#path(product);
    const built = !existsSync(path) || readFileSync(path, "utf8") !== text;
    if (built) writeFileSync(path, text);
    this.#report(product, built, started);
  }

  async #guestObject(source: string, product: string, compiler: GuestCompiler): Promise<void> {
    const command = this.#guestCommand(source, compiler);
    await this.#compile(source, product, [
      command.clang,
      ...command.options,
      ...["-g0", "-O2", "-Wall"],
      ...["-c", command.source, "-o", `${product}.new`],
    ]);
  }

  async #module(application: Application, bpf: BpfCompiler, compiler: GuestCompiler): Promise<void> {
    const { sources, helpers } = application;
    const product = moduleFile(application);
    const objects = sources.map((source) => guestObject(source, compiler));
    const shared = helpers.map((source) => guestObject(source, compiler));
    const command = [
      compiler.clang,
      ...compiler.target,
      ...objects,
      ...(shared.length === 0 ? [] : ["-Wl,--start-lib", ...shared, "-Wl,--end-lib"]),
      ...(compiler.abi === 1
        ? // The host calls back through the table.
          [...EMULATIONS.map((emulation) => `-lwasi-emulated-${emulation}`), "-Wl,--export-table"]
        : compiler.libraries),
      // Names of functions stay, for the messages of traps.
      ...["-Wl,--strip-debug", "-Wl,--stack-first"],
      `-Wl,-z,stack-size=${compiler.abi === 1 ? STACK_BYTES.wasm32 : STACK_BYTES.lp64}`,
      // NB: the linker writes this name into the module.
      ...["-o", `${BUILD_DIRECTORY}/${product}`],
    ];
    const started = performance.now();
    const embedded = this.#options.embeddedBtfs ?? [];
    const keys = embedded.map(({ path, release, machine }) => `BTF ${path} ${release} ${machine}`);
    const lower = lowering(compiler, `${BUILD_DIRECTORY}/${product}`);
    const identity = [...command, ...keys, ...lower, BUILD_INFO_SECTION];
    if (this.#isCurrent(product, identity)) {
      this.#report(product, false, started);
      return;
    }
    await this.#run(command, product, product);
    if (lower.length > 0) await this.#run(lower, product, product);
    this.#embedBtfs(`${BUILD_DIRECTORY}/${product}`, embedded);
    await this.#describe(`${BUILD_DIRECTORY}/${product}`, application, bpf, compiler);
    renameSync(this.#path(`${BUILD_DIRECTORY}/${product}`), this.#path(product));
    const inputs = [compiler.clang, ...objects, ...shared, ...libraryFiles(compiler)];
    inputs.push(...embedded.map(({ path }) => resolve(path)));
    this.#state.record(product, [...identity, this.#headers], inputs);
    this.#report(product, true, started);
  }

  /** Puts into the module which interface it uses and what it was built from. */
  async #describe(
    path: string,
    { name, objects, sources, helpers }: Application,
    bpf: BpfCompiler,
    guest: GuestCompiler,
  ): Promise<void> {
    const products = [
      ...objects.map(objectFile),
      ...[...sources, ...helpers].map((source) => guestObject(source, guest)),
    ];
    const compilers = new Set([bpf.clang, guest.clang]);
    const versions = await Promise.all([...compilers].map((clang) => compilerVersion(clang)));
    let module: Uint8Array = readFileSync(this.#path(path));
    if (guest.abi === 2) module = withAbiVersion(module);
    module = withBuildInfo(module, {
      name,
      directory: this.#project.directory,
      files: products.flatMap((product) => this.#state.inputsOf(product)),
      compilers: versions,
      objects: objects.map((object) => ({ name: object, path: this.#path(objectFile(object)) })),
    });
    writeFileSync(this.#path(path), module);
  }

  #embedBtfs(path: string, embedded: readonly BtfToEmbed[]): void {
    if (embedded.length === 0) return;
    let module: Uint8Array = readFileSync(this.#path(path));
    for (const kernel of embedded) module = embedBtf(module, kernel, kernel.read());
    writeFileSync(this.#path(path), module);
  }

  /**
   * Compiles one source to `PRODUCT.new`, works on it with the command `finish`, or with a function that the command
   * stands for, and puts it in its place.
   */
  async #compile(
    source: string,
    product: string,
    command: readonly string[],
    finish?: readonly string[],
    work?: (bytes: Uint8Array) => Uint8Array,
  ): Promise<void> {
    const started = performance.now();
    const identity = [...command, ...(finish ?? [])];
    if (this.#isCurrent(product, identity)) {
      this.#report(product, false, started);
      return;
    }
    const depfile = `${product}.d`;
    await this.#run([...command, "-MD", "-MF", depfile, "-MT", "product"], source, product);
    if (work !== undefined) {
      const path = this.#path(`${product}.new`);
      writeFileSync(path, work(readFileSync(path)));
    } else if (finish !== undefined) await this.#run(finish, source, product);
    const inputs = parseDepfile(readFileSync(this.#path(depfile), "utf8"));
    rmSync(this.#path(depfile));
    renameSync(this.#path(`${product}.new`), this.#path(product));
    const tools = [command[0], work === undefined ? finish?.[0] : undefined].filter(
      (tool) => tool !== undefined,
    );
    this.#state.record(product, [...identity, this.#headers], [...tools, ...inputs]);
    this.#report(product, true, started);
  }

  /** Writes a text that a function of this package makes from `inputs`. */
  #step(product: string, command: readonly string[], inputs: readonly string[], make: () => string): void {
    const started = performance.now();
    if (this.#state.isCurrent(product, command)) {
      this.#report(product, false, started);
      return;
    }
    this.#state.forget(product);
    writeFileSync(this.#path(`${product}.new`), make());
    renameSync(this.#path(`${product}.new`), this.#path(product));
    this.#state.record(product, command, inputs);
    this.#report(product, true, started);
  }

  /** Runs a step of making `product`; `subject` is what an error is about. */
  async #run(command: readonly string[], subject: string, product: string): Promise<void> {
    this.#observer.command?.(command);
    const [program = "", ...args] = command;
    // Not part of the command's identity: the products are the same.
    const colour = this.#options.colour === true && program.includes("clang") ? ["-fcolor-diagnostics"] : [];
    const result = await runTool(program, [...colour, ...args], this.#project.directory);
    if (result.stderr !== "") this.#observer.diagnostics?.(result.stderr);
    if (result.status === 0) return;
    this.#state.forget(product);
    for (const rest of [`${product}.new`, `${product}.d`]) rmSync(this.#path(rest), { force: true });
    throw new BuildError(subject, `cannot build ${subject}: the messages above say why`);
  }

  #isCurrent(product: string, command: readonly string[]): boolean {
    return this.#state.isCurrent(product, [...command, this.#headers]);
  }

  #report(product: string, built: boolean, started: number): void {
    const sizeBytes = statSync(this.#path(product)).size;
    this.#observer.step?.({ product, built, durationMs: performance.now() - started, sizeBytes });
  }

  #path(relative: string): string {
    return join(this.#project.directory, relative);
  }
}

/** The command that lowers a linked module in place, empty when it is a module as it is. */
function lowering(compiler: GuestCompiler, file: string): string[] {
  return compiler.abi === 1 ? [] : [...compiler.lower, file, "-o", file];
}

/** Archives that modules are linked with, whose change is another module. */
function libraryFiles(compiler: GuestCompiler): readonly string[] {
  return compiler.abi === 1 ? [] : compiler.archives;
}

/** Object file of a guest's source; those of version 1 have a name of their own, as a helper may be in both. */
function guestObject(source: string, { abi }: GuestCompiler): string {
  const name = source.slice(0, -".c".length).replaceAll("/", "_");
  return join(BUILD_DIRECTORY, abi === 1 ? `${name}.wasm32.o` : `${name}.o`);
}

/** Linking keeps what BPF loaders read. */
function withoutDebugInformation(bytes: Uint8Array): Uint8Array {
  return linkObjects([{ name: "the object", bytes }]);
}

function moduleFile({ name }: Application): string {
  return `${name}.wasm`;
}

function objectFile(name: string): string {
  return join(BUILD_DIRECTORY, `${name}.bpf.o`);
}

function runningKernelBtf(): Btf {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(KERNEL_BTF);
  } catch (error) {
    const advice =
      "this kernel offers no BTF. Put a vmlinux.h of the target kernel into the project, or name a BTF file with --btf";
    throw new WasmBpfError("NOT_FOUND", `cannot read ${KERNEL_BTF}: ${advice}`, { cause: error });
  }
  return Btf.parse(bytes, { section: KERNEL_BTF });
}

function findBpfHeaders(): boolean {
  return ["/usr/local/include", "/usr/include"].some((path) => existsSync(join(path, "bpf/bpf_helpers.h")));
}

/** The first line of what a compiler says about itself. */
async function compilerVersion(clang: string): Promise<string> {
  const { stdout } = await runTool(clang, ["--version"], "/");
  return stdout.split("\n", 1)[0] ?? "";
}
