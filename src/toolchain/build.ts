import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Btf } from "../btf/index.ts";
import { skeletonHeader, skeletonName, vmlinuxHeader } from "../codegen/index.ts";
import { WasmBpfError } from "../internal/index.ts";
import { embedBtf, linkObjects, parseObject } from "../object/index.ts";
import {
  bpfCommand,
  guestCommand,
  guestObject,
  libraryFiles,
  linkCommand,
  lowering,
  moduleFile,
  objectFile,
} from "./build-commands.ts";
import { BUILD_INFO_SECTION, withBuildInfo } from "./build-info.ts";
import {
  type BtfToEmbed,
  BUILD_DIRECTORY,
  BuildError,
  type BuildObserver,
  type BuildOptions,
} from "./build-options.ts";
import { BuildState } from "./build-state.ts";
import { BuildSteps } from "./build-steps.ts";
import {
  type BpfCompiler,
  findBpfCompiler,
  findGuestCompiler,
  type GuestCompiler,
  missing,
} from "./compilers.ts";
import { explainFileErrors } from "./file-error.ts";
import { withAbiVersion } from "./guest-abi.ts";
import { findLp64Compiler } from "./lp64.ts";
import { generatorIdentity } from "./package-files.ts";
import { type Application, findProject, type Project } from "./project.ts";
import { runTool, textOf } from "./run-tool.ts";
import { checkSharedTypes, isProjectHeader, sharedTypes } from "./shared-types.ts";

const KERNEL_BTF = "/sys/kernel/btf/vmlinux";

/** What the products were made from. */
const STATE = join(BUILD_DIRECTORY, "state.json");

/**
 * Builds every application of a directory: `vmlinux.h`, BPF objects, skeletons, guests. Only what changed is
 * made again. Modules are left in the directory itself, everything else in its {@link BUILD_DIRECTORY}. A program that
 * cannot be built does not keep the others from being.
 *
 * @param path a directory, one `NAME.bpf.c`, or the C files of one application.
 * @returns paths of the modules relative to the directory, or of the objects when there is no guest.
 * @throws {WasmBpfError} at the end when a program could not be built: its error if it is the only program, else one
 * that names those that failed; for what the file system refuses, too.
 */
export function buildProject(
  path: string | readonly string[],
  options: BuildOptions = {},
  observer: BuildObserver = {},
): Promise<string[]> {
  return explainFileErrors(async () => {
    const project = findProject(path);
    const directory = join(project.directory, BUILD_DIRECTORY);
    try {
      mkdirSync(directory);
    } catch (error) {
      if (!existsSync(directory)) throw error;
    }
    const ignore = join(directory, ".gitignore");
    if (!existsSync(ignore)) writeFileSync(ignore, "*\n");
    const state = new BuildState(join(project.directory, STATE), project.directory);
    const steps = new BuildSteps(project, state, options, observer);
    try {
      return await new Build(project, steps, options, observer).run();
    } finally {
      try {
        steps.write(STATE, state.text());
      } finally {
        steps.close();
      }
    }
  });
}

class Build {
  readonly #project: Project;
  readonly #steps: BuildSteps;
  readonly #options: BuildOptions;
  readonly #observer: BuildObserver;
  readonly #environment: NodeJS.ProcessEnv;
  /** By program. */
  readonly #failures = new Map<string, WasmBpfError>();
  #lp64: Promise<GuestCompiler> | undefined;
  #wasm32: Promise<GuestCompiler> | undefined;

  constructor(project: Project, steps: BuildSteps, options: BuildOptions, observer: BuildObserver) {
    this.#project = project;
    this.#steps = steps;
    this.#options = options;
    this.#observer = observer;
    this.#environment = options.environment ?? process.env;
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
          const done = compiled.get(product) ?? this.#compileGuest(source, product, guest);
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
    this.#steps.generate(product, command, [resolve(btf?.path ?? KERNEL_BTF)], () =>
      vmlinuxHeader(btf === undefined ? runningKernelBtf() : btf.read()),
    );
  }

  async #bpfObject(name: string, compiler: BpfCompiler): Promise<void> {
    const product = objectFile(name);
    const { clang, options, source } = bpfCommand(name, compiler, this.#project.directory, this.#environment);
    const draft = this.#steps.draft(product);
    const compile = [clang, ...options, ...["-g", "-O2", "-Wall"], ...["-c", source, "-o", draft]];
    const { strip } = compiler;
    await this.#steps.compile(
      `${name}.bpf.c`,
      product,
      compile,
      strip === undefined ? ["without debug information"] : [strip, "-g", draft],
      strip === undefined ? withoutDebugInformation : undefined,
    );
  }

  /**
   * Writes `NAME.wasm.h` with what the project's headers define for BPF, and checks that the guest's sources see the
   * same layouts. Done again only when one of the files that were read has changed.
   */
  async #sharedStructs(application: Application, bpf: BpfCompiler, guest: GuestCompiler): Promise<void> {
    const { directory } = this.#project;
    for (const name of application.objects) {
      const read = this.#steps.state.inputsOf(objectFile(name));
      if (!read.some((file) => isProjectHeader(file, directory))) continue;
      const product = join(BUILD_DIRECTORY, `${name}.wasm.h`);
      const started = performance.now();
      const command = bpfCommand(name, bpf, directory, this.#environment);
      const guests = application.sources.map((source) => guestCommand(source, guest, directory));
      const identity = [JSON.stringify([command, guests]), generatorIdentity()];
      const { signal } = this.#options;
      if (this.#steps.isCurrent(product, identity)) continue;
      this.#steps.state.forget(product);
      const shared = await sharedTypes({ ...command, signal });
      const nothing = "/* The headers of the project define no types. */\n";
      this.#steps.write(product, shared?.header ?? nothing);
      const inputs = new Set(read);
      for (const source of guests) {
        if (shared === undefined) break;
        // A source with errors is none of the inputs; its compilation will show them.
        const files = await checkSharedTypes(shared, { ...source, signal }, `${name}.wasm.h`);
        for (const file of files) inputs.add(file);
      }
      this.#steps.record(product, identity, [...inputs], started);
    }
  }

  /** Takes a few milliseconds: always made, but only written when it is another one. */
  #skeleton(name: string): void {
    const started = performance.now();
    const product = join(BUILD_DIRECTORY, `${name}.skel.h`);
    const bytes = readFileSync(this.#steps.path(objectFile(name)));
    const skeleton = skeletonName(`${name}.bpf.o`);
    const text = skeletonHeader(parseObject(bytes, { name: skeleton }), bytes, { name: skeleton });
    const path = this.#steps.path(product);
    const built = !existsSync(path) || readFileSync(path, "utf8") !== text;
    if (built) this.#steps.write(product, text);
    this.#steps.report(product, built, started);
  }

  async #compileGuest(source: string, product: string, compiler: GuestCompiler): Promise<void> {
    const command = guestCommand(source, compiler, this.#project.directory);
    await this.#steps.compile(source, product, [
      command.clang,
      ...command.options,
      ...["-g0", "-O2", "-Wall"],
      ...["-c", command.source, "-o", this.#steps.draft(product)],
    ]);
  }

  async #module(application: Application, bpf: BpfCompiler, compiler: GuestCompiler): Promise<void> {
    const { sources, helpers } = application;
    const product = moduleFile(application);
    const objects = sources.map((source) => guestObject(source, compiler));
    const shared = helpers.map((source) => guestObject(source, compiler));
    const draft = this.#steps.draft(product);
    const command = linkCommand(compiler, objects, shared, draft);
    const started = performance.now();
    const embedded = this.#options.embeddedBtfs ?? [];
    const keys = embedded.map(({ path, release, machine }) => `BTF ${path} ${release} ${machine}`);
    const lower = lowering(compiler, draft);
    const identity = [...command, ...keys, ...lower, BUILD_INFO_SECTION];
    if (this.#steps.isCurrent(product, identity)) {
      this.#steps.report(product, false, started);
      return;
    }
    await this.#steps.run(command, product, product);
    if (lower.length > 0) await this.#steps.run(lower, product, product);
    this.#embedBtfs(draft, embedded);
    await this.#describe(draft, application, bpf, compiler);
    this.#steps.install(product);
    const inputs = [compiler.clang, ...objects, ...shared, ...libraryFiles(compiler)];
    inputs.push(...embedded.map(({ path }) => resolve(path)));
    this.#steps.record(product, identity, inputs, started);
    this.#steps.report(product, true, started);
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
    let module: Uint8Array = readFileSync(this.#steps.path(path));
    if (guest.abi === 2) module = withAbiVersion(module);
    module = withBuildInfo(module, {
      name,
      directory: this.#project.directory,
      files: products.flatMap((product) => this.#steps.state.inputsOf(product)),
      compilers: versions,
      objects: objects.map((object) => ({ name: object, path: this.#steps.path(objectFile(object)) })),
    });
    writeFileSync(this.#steps.path(path), module);
  }

  #embedBtfs(path: string, embedded: readonly BtfToEmbed[]): void {
    if (embedded.length === 0) return;
    let module: Uint8Array = readFileSync(this.#steps.path(path));
    for (const kernel of embedded) module = embedBtf(module, kernel, kernel.read());
    writeFileSync(this.#steps.path(path), module);
  }
}

/** Linking keeps what BPF loaders read. */
function withoutDebugInformation(bytes: Uint8Array): Uint8Array {
  return linkObjects([{ name: "the object", bytes }]);
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
  return textOf(stdout).split("\n", 1)[0] ?? "";
}
