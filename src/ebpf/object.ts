import type { Btf } from "../btf/index.ts";
import { WasmBpfError } from "../internal/index.ts";
import { type BpfToken, withToken } from "../kernel/index.ts";
import { type ObjectSpec, parseObject } from "../object/index.ts";
import { getSys } from "../sys/index.ts";
import { type PreparedObject, prepareObject } from "./load-object.ts";
import type { LoadObserver } from "./load-observer.ts";
import type { DebugRecords, ProgramOverrides } from "./load-program.ts";
import { BpfMap } from "./map.ts";
import { DEFAULT_PIN_ROOT } from "./pin.ts";
import { BpfProgram } from "./program.ts";

/** Options of {@link BpfObject.open}. */
export interface ObjectOptions {
  /** Name of the object: starts the kernel names of maps of global variables. */
  readonly name?: string;
  /** Level of the verifier log for all programs: 1, 2, or 4 for statistics; 0 only after a refusal. */
  readonly kernelLogLevel?: number;
  /**
   * BTF that CO-RE relocations are resolved against, or what gives it when there are some; default is that of the
   * running kernel.
   */
  readonly kernelBtf?: Btf | (() => Btf);
  /** Directory of maps that are pinned by name; default `/sys/fs/bpf`. */
  readonly pinRoot?: string;
  /** Lines `CONFIG_X=value` that win over the kernel's configuration. */
  readonly kconfig?: string;
  /** Is told what happens during the load. */
  readonly observer?: LoadObserver;
}

/**
 * A BPF object and everything it has in the kernel: open (pure), configure, load, attach, close.
 */
export class BpfObject implements Disposable {
  readonly spec: ObjectSpec;
  readonly options: ObjectOptions;
  /** By name, in the order of the file. */
  readonly programs: ReadonlyMap<string, BpfProgram>;
  /** By {@link MapSpec.name}: `.rodata` for the read-only variables. */
  readonly maps: ReadonlyMap<string, BpfMap>;
  readonly #links = new Set<Disposable>();
  #btfFd = -1;
  #prepared: PreparedObject | undefined;
  #token: BpfToken | undefined;
  #debugRecords: PreparedObject["debugRecords"] | undefined;
  #state: "open" | "prepared" | "loaded" | "closed" = "open";

  private constructor(spec: ObjectSpec, options: ObjectOptions) {
    this.spec = spec;
    this.options = options;
    this.programs = new Map(
      spec.programs.map((program) => [program.name, new BpfProgram(program, () => this.maps)]),
    );
    this.maps = new Map(spec.maps.map((map) => [map.name, new BpfMap(map)]));
    for (const map of this.maps.values()) {
      if (map.spec.pinning === "by-name") {
        map.configure({ pinPath: `${options.pinRoot ?? DEFAULT_PIN_ROOT}/${map.name}` });
      }
    }
  }

  /**
   * Reads a compiled BPF object into blueprints; asks the kernel nothing.
   *
   * @param bytes ELF file made by `clang -target bpf -g`
   * @throws {MalformedInputError} when the file is damaged.
   */
  static open(bytes: Uint8Array, options: ObjectOptions = {}): BpfObject {
    return BpfObject.fromSpec(
      parseObject(bytes, options.name === undefined ? {} : { name: options.name }),
      options,
    );
  }

  /** Like {@link open} for an object that is parsed already. */
  static fromSpec(spec: ObjectSpec, options: ObjectOptions = {}): BpfObject {
    return new BpfObject(spec, options);
  }

  get name(): string {
    return this.spec.name;
  }
  get loaded(): boolean {
    return this.#state === "loaded";
  }
  /** Whether its maps exist, programs may still be missing. */
  get prepared(): boolean {
    return this.#state === "prepared" || this.#state === "loaded";
  }
  get closed(): boolean {
    return this.#state === "closed";
  }
  /** Fd of the object's BTF in the kernel, -1 when it is not there. */
  get btfFd(): number {
    return this.#btfFd;
  }

  /** @throws {WasmBpfError} code `NOT_FOUND` when there is no program of that name. */
  program(name: string): BpfProgram {
    return this.programs.get(name) ?? notFound(this.name, "program", name, [...this.programs.keys()]);
  }

  /**
   * @param name as in the source (`.rodata` for variables), or as in the kernel (`minimal_.rodata`)
   * @throws {WasmBpfError} code `NOT_FOUND` when there is no map of that name.
   */
  map(name: string): BpfMap {
    const map = this.maps.get(name) ?? [...this.maps.values()].find(({ spec }) => spec.kernelName === name);
    return map ?? notFound(this.name, "map", name, [...this.maps.keys()]);
  }

  /**
   * Creates the maps, adapts the programs to the running kernel and loads those with `autoload`. When it fails,
   * everything it made is closed and unpinned, and the object is closed.
   *
   * @throws {VerifierError} when the verifier refuses a program.
   * @throws {SystemCallError} when the kernel refuses something else.
   * @throws {WasmBpfError} code `NOT_FOUND` or `RELOCATION` when the kernel lacks what the object needs.
   */
  load(): void {
    this.#expect("open", "prepared");
    if (this.#state === "open") this.prepare();
    try {
      this.withToken(() => this.#prepared?.loadPrograms());
      this.#prepared?.[Symbol.dispose]();
      this.#prepared = undefined;
      this.#state = "loaded";
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /**
   * The first step of {@link load} alone: creates the maps and adapts the programs to the running kernel. What the
   * second step loads can still be configured.
   *
   * @throws as {@link load}
   */
  prepare(): void {
    this.#expect("open");
    try {
      this.#prepared = this.withToken(() => prepareObject(this));
      this.#btfFd = this.#prepared.btfFd;
      this.#debugRecords = this.#prepared.debugRecords;
      this.#state = "prepared";
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /**
   * Loads one program of an object that is prepared; {@link load} loads the others. When it fails, the object is closed.
   *
   * @throws as {@link load}
   * @internal
   */
  loadProgram(program: BpfProgram, overrides?: ProgramOverrides): void {
    this.#expect("prepared");
    try {
      this.withToken(() => this.#prepared?.loadProgram(program, overrides));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Fd of the token that {@link useToken} was given, -1 without. */
  get tokenFd(): number {
    return this.#token?.fd ?? -1;
  }

  /**
   * Maps, programs and BTF are loaded with this token, which is closed with the object. Linux >= 6.9; follows
   * kernel/bpf/token.c.
   *
   * @throws {WasmBpfError} code `CLOSED` when the object is loaded or closed already.
   * @internal
   */
  useToken(token: BpfToken): void {
    this.#expect("open");
    this.#token = token;
  }

  /** Runs `action` with the object's token, if it has one. @internal */
  withToken<T>(action: () => T): T {
    return withToken(this.#token, action);
  }

  /** Func info and line info of a program, once the object is prepared; `undefined` for one that load leaves out. */
  debugRecords(program: BpfProgram): DebugRecords | undefined {
    return this.#state === "closed" ? undefined : this.#debugRecords?.(program);
  }

  #expect(...states: readonly string[]): void {
    if (states.includes(this.#state)) return;
    const why = this.#state === "closed" ? "is closed" : `is ${this.#state} already`;
    throw new WasmBpfError("CLOSED", `Object "${this.name}" ${why}`);
  }

  /** Hands a link over: `close()` disposes it before the programs. @returns the link */
  adopt<T extends Disposable>(link: T): T {
    this.#links.add(link);
    return link;
  }

  /** Forgets a link that was closed by itself. */
  release(link: Disposable): void {
    this.#links.delete(link);
  }

  /**
   * Detaches and closes everything: links, newest first, then programs and maps. Does nothing the second time. A link
   * that cannot be undone keeps nothing else open: its error is thrown at the end.
   */
  close(): void {
    this.#state = "closed";
    // A load that was not finished leaves no pins.
    this.#prepared?.unpin();
    this.#prepared?.[Symbol.dispose]();
    this.#prepared = undefined;
    const failures: unknown[] = [];
    for (const link of [...this.#links].reverse()) {
      try {
        link[Symbol.dispose]();
      } catch (error) {
        failures.push(error);
      }
    }
    this.#links.clear();
    for (const program of this.programs.values()) program.close();
    for (const map of this.maps.values()) map.close();
    if (this.#btfFd >= 0) getSys().close(this.#btfFd);
    this.#btfFd = -1;
    if (this.#token !== undefined) getSys().close(this.#token.fd);
    this.#token = undefined;
    if (failures.length > 0) throw failures[0];
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function notFound(object: string, what: string, name: string, names: readonly string[]): never {
  const known =
    names.length === 0 ? "it has none" : `it has ${names.map((known) => `"${known}"`).join(", ")}`;
  throw new WasmBpfError("NOT_FOUND", `Object "${object}" has no ${what} "${name}"; ${known}`);
}
