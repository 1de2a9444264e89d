import { WasmBpfError } from "../internal/index.ts";
import { type MatchedSection, matchSection, type ProgramSpec } from "../object/index.ts";
import { getSys } from "../sys/index.ts";
import type { AttachBtf } from "./attach-target.ts";
import type { BpfMap } from "./map.ts";
import { pinFd, removePin } from "./pin.ts";
import { type ProgramInfo, programInfo } from "./program-info.ts";
import { clearDescriptors } from "./relocate.ts";
import { type TestRunOptions, type TestRunResult, testRunProgram } from "./test-run.ts";

/** What a program is attached to by BTF, when its section name does not say or says something else. */
export interface AttachTarget {
  /** Function, tracepoint, LSM hook or iterator, optionally `module:name`; left out: the section's. */
  readonly functionName?: string;
  /** Fd of a loaded BPF program that has the function: for `freplace`, or to trace a BPF program. */
  readonly programFd?: number;
}

const NO_SECTION: MatchedSection = matchSection("");

/**
 * A program of a {@link BpfObject}: a blueprint until the object is loaded; from then on it owns an fd until
 * `close()`, unless `autoload` was off.
 */
export class BpfProgram implements Disposable {
  readonly spec: ProgramSpec;
  /** Whether load loads it; set it before. */
  autoload: boolean;
  /** Whether attaching the whole object attaches it. */
  autoattach: boolean;
  /** Level of the verifier log that load asks for; 0 asks only after a refusal, and then for level 1. */
  logLevel = 0;
  /** Network device to offload the program to. */
  ifindex = 0;
  readonly #maps: () => ReadonlyMap<string, BpfMap>;
  #section: MatchedSection;
  #type: number;
  #expectedAttachType: number;
  #flags = 0;
  #target: AttachTarget = {};
  #attach: AttachBtf = { typeId: 0, fd: 0 };
  #fd = -1;
  #state: "open" | "loaded" | "closed" = "open";
  #log = "";
  #instructions: Uint8Array | undefined;
  #replaced = false;

  /** @internal Made by an object. */
  constructor(spec: ProgramSpec, maps: () => ReadonlyMap<string, BpfMap> = () => new Map()) {
    this.spec = spec;
    this.#maps = maps;
    this.#section = spec.section;
    this.autoload = spec.autoload;
    this.autoattach = spec.autoattach;
    this.#type = spec.section.programType;
    this.#expectedAttachType = spec.section.expectedAttachType ?? 0;
  }

  get name(): string {
    return this.spec.name;
  }
  /** The maps of the object that the program belongs to, by name. */
  get objectMaps(): ReadonlyMap<string, BpfMap> {
    return this.#maps();
  }
  /** What the section name says, unless {@link forgetSection} was called. */
  get section(): MatchedSection {
    return this.#section;
  }
  /** From now on the section name says nothing: type and target are what was set. Before load. @internal */
  forgetSection(): void {
    this.#configurable();
    this.#section = NO_SECTION;
  }
  /** BPF_PROG_TYPE_*; set it before load. */
  get type(): number {
    return this.#type;
  }
  set type(value: number) {
    this.#configurable();
    this.#type = value;
  }
  /** BPF_* attach type, 0 when the kind has none; set it before load. */
  get expectedAttachType(): number {
    return this.#expectedAttachType;
  }
  set expectedAttachType(value: number) {
    this.#configurable();
    this.#expectedAttachType = value;
  }
  /** BPF_F_* of program load, besides those the section asks for; set it before load. */
  get flags(): number {
    return this.#flags;
  }
  set flags(value: number) {
    this.#configurable();
    this.#flags = value;
  }
  /** The target set by {@link setAttachTarget}. */
  get attachTarget(): AttachTarget {
    return this.#target;
  }
  /** Overrides the target that the section names; before load. */
  setAttachTarget(target: AttachTarget): void {
    this.#configurable();
    this.#target = target;
  }
  /** BTF id of the target it was loaded for, 0 for none. Known after load. */
  get attachBtfId(): number {
    return this.#attach.typeId;
  }
  get loaded(): boolean {
    return this.#state === "loaded";
  }
  /** @throws {WasmBpfError} code `CLOSED` when the program is not loaded or is closed. */
  get fd(): number {
    if (this.#state !== "loaded") {
      const why =
        this.#state === "closed"
          ? "is closed"
          : this.autoload
            ? "is not loaded yet"
            : "was left out of the load";
      throw new WasmBpfError("CLOSED", `Program "${this.name}" ${why}`);
    }
    return this.#fd;
  }
  /** Verifier log of the load; empty unless {@link logLevel} asked for one. */
  get log(): string {
    return this.#log;
  }

  /**
   * The instructions that load gives to the kernel: adapted to it once the object is prepared, before that those of
   * the object. Not to be written to.
   */
  get instructions(): Uint8Array {
    return this.#instructions ?? this.spec.instructions;
  }
  /** Whether {@link replaceInstructions} was called. @internal */
  get replaced(): boolean {
    return this.#replaced;
  }
  /** Replaces the instructions; before load. Nothing is adapted in them: maps are descriptors already. */
  replaceInstructions(instructions: Uint8Array): void {
    this.#configurable();
    this.#instructions = instructions.slice();
    this.#replaced = true;
  }
  /** Makes {@link instructions} a copy that can be adapted. @internal */
  copyInstructions(): Uint8Array {
    this.#instructions = this.spec.instructions.slice();
    clearDescriptors(this.#instructions);
    return this.#instructions;
  }

  /** Takes ownership of the kernel program. @internal */
  take(fd: number, attach: AttachBtf, log: string): void {
    this.#fd = fd;
    this.#attach = attach;
    this.#log = log;
    this.#state = "loaded";
  }

  /** What the kernel reports about the program. */
  info(): ProgramInfo {
    return programInfo(this.fd, `program "${this.name}"`);
  }

  /**
   * Runs the program without attaching it, where its type can be run so.
   *
   * @throws {SystemCallError} when the kernel cannot run it: ENOTSUPP (524) for types that cannot.
   */
  testRun(options: TestRunOptions = {}): TestRunResult {
    return testRunProgram(this.fd, options, `program "${this.name}"`);
  }

  /** Pins the program at `path` in a BPF file system. */
  pin(path: string): void {
    pinFd(this.fd, path, `program "${this.name}"`);
  }

  /** Removes the pin at `path`. */
  unpin(path: string): void {
    removePin(path, `program "${this.name}"`);
  }

  /** Closes the fd; the kernel keeps the program as long as it is attached or pinned. */
  close(): void {
    if (this.#state === "loaded") getSys().close(this.#fd);
    this.#fd = -1;
    this.#state = "closed";
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #configurable(): void {
    if (this.#state === "open") return;
    throw new WasmBpfError(
      "INVALID_ARGUMENT",
      `Program "${this.name}" can only be configured before it is loaded`,
    );
  }
}
