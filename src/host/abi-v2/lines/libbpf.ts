import { encodeInstructions, exit, mov64Imm } from "../../../asm/index.ts";
import { type Btf, libbpfRelocationText, RelocationError } from "../../../btf/index.ts";
import {
  type BpfMap,
  type BpfProgram,
  KconfigError,
  type LoadObserver,
  MissingExternError,
  MissingTargetError,
  type ResolvedKsym,
  StructOpsError,
  type StructOpsMember,
} from "../../../ebpf/index.ts";
import type { ElfFile } from "../../../elf/index.ts";
import { WasmBpfError } from "../../../internal/index.ts";
import {
  haveKernelBtf,
  loadProgram,
  machineIsLittleEndian,
  NoKernelBtfError,
} from "../../../kernel/index.ts";
import type { ExternSpec } from "../../../object/index.ts";
import { getSys, SystemCallError } from "../../../sys/index.ts";
import {
  BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  BPF_PROG_TYPE_EXT,
  BPF_PROG_TYPE_LSM,
  BPF_PROG_TYPE_SOCKET_FILTER,
  BPF_PROG_TYPE_STRUCT_OPS,
  BPF_PROG_TYPE_TRACEPOINT,
  BPF_PROG_TYPE_TRACING,
  BPF_PROG_TYPE_UNSPEC,
} from "../../../uapi/bpf.ts";
import { EBADF, EINVAL, EOPNOTSUPP, EPERM, ESRCH, errnoName } from "../../../uapi/errno.ts";
import { RLIMIT_MEMLOCK } from "../../../uapi/linux.ts";
import { errnoOf } from "../../abi-v1/index.ts";
import { canUseBpf } from "../../report.ts";
import type { GuestObject } from "../guest-object.ts";
import type { GuestLog } from "../log.ts";
import { LOG_DEBUG, LOG_INFO, LOG_WARNING, type LogLevel } from "../log.ts";
import { sayCoreRelocations } from "./core.ts";
import { kconfigLines, structOpsLine } from "./externs.ts";
import { sayLinked } from "./link.ts";
import { mapName } from "./names.ts";

// What libbpf 1.8 itself prints in the commonest situations, as its users know it: same texts, same levels.

/** The kernel's own EOPNOTSUPP. */
const ENOTSUPP = 524;
/** Errors that libbpf has names for. */
const NAMED: ReadonlySet<string> = new Set(
  (
    "E2BIG EACCES EADDRINUSE EADDRNOTAVAIL EAGAIN EALREADY EBADF EBADFD EBUSY ECANCELED ECHILD EDEADLK EDOM EEXIST " +
    "EFAULT EFBIG EILSEQ EINPROGRESS EINTR EINVAL EIO EISDIR ELOOP EMFILE EMLINK EMSGSIZE ENAMETOOLONG ENFILE " +
    "ENODATA ENODEV ENOENT ENOEXEC ENOLINK ENOMEM ENOSPC ENOTBLK ENOTDIR ENOTTY ENXIO EOPNOTSUPP EOVERFLOW EPERM " +
    "EPIPE EPROTO EPROTONOSUPPORT ERANGE EROFS ESPIPE ESRCH ETXTBSY EUCLEAN EXDEV"
  ).split(" "),
);

/** An error number as libbpf spells it: `-EPERM`, `-4001`. @param errno of either sign */
export function errorText(errno: number): string {
  const number = Math.abs(errno);
  if (number === ENOTSUPP) return "-ENOTSUPP";
  const name = errnoName(number);
  return NAMED.has(name) ? `-${name}` : `-${number}`;
}

/** The types that a guest wants its programs adapted to cannot be had. */
export class TargetTypesError extends WasmBpfError {
  readonly errno: number;
  constructor(errno: number, options: ErrorOptions) {
    super("NOT_FOUND", "The types that programs are to be adapted to cannot be read", options);
    this.errno = errno;
  }
}

/** Says what happens while an object is loaded, and what libbpf would answer when that fails. */
export class LoadLines implements LoadObserver {
  readonly #log: GuestLog;
  readonly #owner: GuestObject;
  readonly #shownAs: string;
  /** What libbpf answers, where that is not the error's own number. */
  #errno: number | undefined;
  #refused = false;
  /** Programs that were loaded or passed over. */
  #passed = 0;
  #saidKernelTypes = false;
  readonly #elf: () => ElfFile;
  /** Externs that were found. */
  readonly #resolved = new Set<string>();
  /** What is said of struct_ops maps, after all externs. */
  readonly #structOpsLines: { level: LogLevel; text: string }[] = [];
  /** The types that programs are adapted to. */
  #targets: readonly (() => Btf)[] = [];

  /** @param elf the object's file */
  constructor(log: GuestLog, owner: GuestObject, elf: () => ElfFile, shownAs: string) {
    this.#log = log;
    this.#owner = owner;
    this.#elf = elf;
    this.#shownAs = shownAs;
  }

  /**
   * Looks whether anything can be loaded at all, as libbpf does first.
   *
   * @returns 0, or the error of a program that does nothing
   */
  probe(): number {
    // Who has the capabilities is spared the system call: if it fails all the same, the real load says so.
    if (canUseBpf()) return 0;
    const instructions = encodeInstructions([mov64Imm(0, 0), exit()], machineIsLittleEndian());
    for (const type of [BPF_PROG_TYPE_SOCKET_FILTER, BPF_PROG_TYPE_TRACEPOINT]) {
      const { result } = loadProgram({ type, instructions, license: "GPL" });
      if (result >= 0) {
        getSys().close(result);
        return 0;
      }
      if (type === BPF_PROG_TYPE_SOCKET_FILTER) continue;
      const [, hard] = getSys().getRlimit(RLIMIT_MEMLOCK);
      if (hard !== RLIM_INFINITY) {
        this.#warn("Failed to bump RLIMIT_MEMLOCK (err = -EPERM), you might need to do it explicitly!");
      }
      this.#warn(
        `Error in bpf_object__probe_loading(): ${errorText(result)}. Couldn't load trivial BPF program. Make sure your kernel supports BPF (CONFIG_BPF_SYSCALL=y) and/or that RLIMIT_MEMLOCK is set to big enough value.`,
      );
      return -result;
    }
    return 0;
  }

  /** Maps are about to be created. */
  preparing(): void {
    if (!this.#log.wants(LOG_DEBUG)) return;
    const { programs, object } = this.#owner;
    const { spec, options, maps } = object;
    const needsTypes =
      (options.kernelBtf === undefined && (spec.btfExt?.coreRelocations.size ?? 0) > 0) ||
      spec.externs.some((extern) => extern.kind !== "kconfig" && this.#isTyped(extern)) ||
      programs.some((program) => program.autoload && needsKernelTypes(program)) ||
      [...maps.values()].some((map) => map.spec.structOps !== undefined);
    if (needsTypes) this.kernelTypesNeeded();
  }

  /** The kernel's types are looked at, now or earlier. */
  kernelTypesNeeded(): void {
    if (this.#saidKernelTypes || !this.#log.wants(LOG_DEBUG) || !haveKernelBtf()) return;
    this.#saidKernelTypes = true;
    this.#debug("loaded kernel BTF from '/sys/kernel/btf/vmlinux'");
  }

  structOpsFound({ name, spec }: BpfMap, typeId: number, valueTypeId: number): void {
    const ids = `type_id:${spec.structOps?.typeId} kern_type_id:${typeId} kern_vtype_id:${valueTypeId}`;
    this.#structOpsLines.push({ level: LOG_DEBUG, text: `struct_ops init_kern ${name}: ${ids}` });
  }

  structOpsMember({ name: map }: BpfMap, member: StructOpsMember): void {
    const { name, offsetBytes, sizeBytes, kernelOffsetBytes, program } = member;
    const places = `from data(+${offsetBytes}) to kern_data(+${kernelOffsetBytes})`;
    const what =
      program === undefined
        ? `copy ${name} ${sizeBytes} bytes`
        : `func ptr ${name} is set to prog ${program}`;
    this.#structOpsLines.push(
      kernelOffsetBytes === undefined
        ? {
            level: LOG_INFO,
            text: `struct_ops ${map}: member ${name} not found in kernel, skipping it as it's set to zero`,
          }
        : { level: LOG_DEBUG, text: `struct_ops init_kern ${map}: ${what} ${places}` },
    );
  }

  kconfigResolved({ name }: ExternSpec, value: string | bigint): void {
    this.#resolved.add(name);
    this.#debug(`extern (kcfg) '${name}': set to ${typeof value === "string" ? value : hex(value)}`);
  }

  ksymResolved({ name, kind }: ExternSpec, found: ResolvedKsym): void {
    if (found.kind === "missing") return;
    this.#resolved.add(name);
    if (found.kind === "address") {
      this.#debug(`extern (ksym) '${name}': set to ${hex(found.address)}`);
    } else if (kind === "kfunc") {
      this.#debug(`extern (func ksym) '${name}': resolved to ${found.module} [${found.typeId}]`);
    } else {
      this.#debug(`extern (var ksym) '${name}': resolved to [${found.typeId}] var ${name}`);
    }
  }

  adapting(targets: readonly (() => Btf)[]): void {
    this.#targets = targets;
    const { object } = this.#owner;
    if (this.#log.wants(LOG_DEBUG)) {
      for (const { name } of object.spec.externs) {
        if (!this.#resolved.has(name)) {
          this.#debug(`extern '${name}' (weak): not resolved, defaulting to zero`);
        }
      }
    }
    this.#sayStructOps();
    if (!this.#log.wants(LOG_DEBUG) || !this.#haveTargets()) return;
    if (!sayCoreRelocations(this.#log, object, this.#elf(), targets)) return;
    sayLinked(
      (text) => this.#debug(text),
      object,
      this.#elf(),
      (extern) => this.#resolved.has(extern),
    );
  }

  slotFilled(map: BpfMap, slot: number, filled: BpfMap | BpfProgram): void {
    if (!this.#log.wants(LOG_DEBUG)) return;
    const [what, fd] =
      "pinPath" in filled
        ? [`map '${filled.name}'`, this.#owner.mapFd(filled)]
        : [`prog '${filled.name}'`, this.#owner.programFd(filled)];
    this.#debug(`map '${map.name}': slot [${slot}] set to ${what} fd=${fd}`);
  }

  /** The object is for machines of another byte order. */
  foreignByteOrder(): void {
    this.#warn(`object '${this.#owner.name}': loading non-native endianness is unsupported`);
  }

  #sayStructOps(): void {
    for (const { level, text } of this.#structOpsLines.splice(0)) this.#log.write(level, text);
  }

  /** Whether the types to adapt to can be had; if not, the load is going to fail. */
  #haveTargets(): boolean {
    if (this.#owner.object.spec.btfExt?.coreRelocations.size === 0) return true;
    try {
      this.#targets[0]?.();
      return true;
    } catch {
      return false;
    }
  }

  programsLoaded(): void {
    this.#saySkipped(this.#owner.programs.length);
  }

  programLoading(program: BpfProgram): void {
    this.#saySkipped(this.#owner.programs.indexOf(program));
  }

  /** Programs up to a place that are not loaded. */
  #saySkipped(end: number): void {
    for (; this.#passed < end; this.#passed++) {
      const program = this.#owner.programs[this.#passed];
      if (program?.autoload === false) this.#debug(`prog '${program.name}': skipped loading`);
    }
  }

  mapUnpinned(map: BpfMap): void {
    this.#debug(`unpinned map '${map.name}' from '${map.pinPath}'`);
  }

  slotRefused(map: BpfMap, slot: number, wanted: BpfMap | BpfProgram): void {
    const isMap = "pinPath" in wanted;
    // NB: libbpf holds places of maps with descriptors of something else.
    this.#errno = isMap ? EINVAL : EBADF;
    const what = `${isMap ? "map" : "prog"} '${wanted.name}' fd=${isMap ? -1 : -2}`;
    this.#warn(
      `map '${map.name}': failed to initialize slot [${slot}] to ${what}: ${errorText(this.#errno)}`,
    );
  }

  mapPinned(map: BpfMap): void {
    this.#debug(`pinned map '${map.pinPath}'`);
  }

  mapReady(map: BpfMap, how: "created" | "pinned" | "given"): void {
    if (!this.#log.wants(LOG_DEBUG)) return;
    const name = mapName(map);
    if (how !== "pinned" && map.pinPath !== "") {
      this.#debug(`found no pinned map to reuse at '${map.pinPath}'`);
    }
    if (map.type === BPF_MAP_TYPE_PERF_EVENT_ARRAY && map.definition.maxEntries === 0) {
      this.#debug(`map '${name}': setting size to ${map.maxEntries}`);
    }
    if (how === "pinned") this.#debug(`reused pinned map at '${map.pinPath}'`);
    const what = how === "created" ? "created successfully, fd=" : "skipping creation (preset fd=";
    this.#debug(`map '${name}': ${what}${this.#owner.mapFd(map)}${how === "created" ? "" : ")"}`);
  }

  mapSkipped(map: BpfMap): void {
    this.#debug(`map '${mapName(map)}': skipped auto-creating...`);
  }

  mapUntyped(map: BpfMap, errno: number): void {
    this.#warn(`Error in bpf_create_map_xattr(${mapName(map)}): ${errorText(errno)}. Retrying without BTF.`);
  }

  mapRefused(map: BpfMap, error: unknown): void {
    let errno = errnoOf(error);
    const name = mapName(map);
    const call = error instanceof SystemCallError ? error.call : "";
    if (!map.loaded && map.pinPath !== "" && errno === EINVAL && call === "") {
      this.#warn(`couldn't reuse pinned map at '${map.pinPath}': parameter mismatch`);
      this.#warn(`map '${name}': error reusing pinned map`);
    } else if (call === "bpf(BPF_OBJ_GET)") {
      this.#warn(`couldn't retrieve pinned map '${map.pinPath}': ${errorText(errno)}`);
      this.#warn(`map '${name}': error reusing pinned map`);
    } else if (call === "bpf(BPF_OBJ_PIN)" || (map.loaded && errno === EOPNOTSUPP)) {
      if (call === "") {
        errno = EINVAL;
        this.#warn(`specified path ${map.pinPath} is not on BPF FS`);
      }
      this.#warn(`map '${name}': failed to auto-pin at '${map.pinPath}': ${errorText(errno)}`);
    } else if (call === "bpf(BPF_MAP_UPDATE_ELEM)") {
      this.#warn(`map '${name}': failed to set initial contents: ${errorText(errno)}`);
    } else if (call === "bpf(BPF_MAP_FREEZE)") {
      this.#warn(`map '${name}': failed to freeze as read-only: ${errorText(errno)}`);
    }
    errno = this.#errno ??= errno;
    this.#warn(`map '${name}': failed to create: ${errorText(errno)}`);
    this.#sayLimit(errno);
  }

  programLoaded(program: BpfProgram): void {
    if (program.log !== "" && !this.#owner.ownLogs.has(program))
      this.#debug(`prog '${program.name}': ${quotedLog(program.log)}`);
  }

  programRefused(program: BpfProgram, errno: number, log: string): void {
    this.#refused = true;
    const fixed = this.#explainedLog(program, log);
    this.#owner.refusals.set(program, fixed);
    this.#warn(`prog '${program.name}': BPF program load failed: ${errorText(errno)}`);
    this.#sayLimit(errno);
    if (fixed !== "" && !this.#owner.ownLogs.has(program)) {
      this.#warn(`prog '${program.name}': ${quotedLog(fixed)}`);
    }
    this.#warn(`prog '${program.name}': failed to load: ${errorText(errno)}`);
  }

  /** What the guest itself does before a program is loaded has failed, and it has said so. */
  programNotPrepared(program: BpfProgram, errno: number): void {
    const { name } = program;
    this.programLoading(program);
    this.#refused = true;
    this.#errno = errno;
    this.#warn(`prog '${name}': failed to load: ${errorText(errno)}`);
  }

  /**
   * The load has failed.
   *
   * @param prepared whether the maps were there already
   * @returns errno as libbpf gives it
   */
  failed(error: unknown, prepared: boolean): number {
    this.#sayStructOps();
    const errno = this.#sayWhy(error);
    if (prepared) this.#warn(`failed to load object '${this.#shownAs}'`);
    return errno;
  }

  attemptedTwice(wholeLoad: boolean): void {
    const what = wholeLoad ? "load" : "prepare loading";
    this.#warn(`object '${this.#owner.name}': ${what} can't be attempted twice`);
  }

  #sayWhy(error: unknown): number {
    const errno = this.#errno ?? errnoOf(error);
    if (this.#refused) return errno;
    const types = error instanceof Error && error.cause instanceof TargetTypesError ? error.cause : error;
    if (types instanceof TargetTypesError) {
      this.#warn(`failed to parse target BTF: ${errorText(types.errno)}`);
      this.#warn(`failed to perform CO-RE relocations: ${errorText(types.errno)}`);
      return types.errno;
    }
    if (error instanceof RelocationError) {
      // With the other lines these have been said already.
      if (!this.#log.wants(LOG_DEBUG)) {
        sayCoreRelocations(this.#log, this.#owner.object, this.#elf(), this.#targets);
      }
      return errno;
    }
    if (error instanceof KconfigError) {
      for (const line of kconfigLines(error)) this.#warn(line);
      return EINVAL;
    }
    if (error instanceof StructOpsError) {
      this.#warn(structOpsLine(error));
      return error.problem === "no type" ? ESRCH : EOPNOTSUPP;
    }
    if (error instanceof MissingExternError) {
      return this.#sayMissing(error.extern);
    }
    if (error instanceof MissingTargetError) {
      const program = `prog '${error.program}'`;
      this.#warn(`${program}: failed to find kernel BTF type ID of '${error.target}': -ESRCH`);
      this.#sayNotPrepared(program, ESRCH);
      return ESRCH;
    }
    if (error instanceof NoKernelBtfError) {
      sayNoKernelBtf(this.#log);
      this.#warn("Error loading vmlinux BTF: -ESRCH");
      return ESRCH;
    }
    const unprepared = this.#unprepared();
    if (unprepared !== undefined) this.#sayNotPrepared(`prog '${unprepared.name}'`, errno);
    return errno;
  }

  /** The program that is to be loaded and cannot be, for what the object says. */
  #unprepared(): BpfProgram | undefined {
    for (const program of this.#owner.programs) {
      if (!program.autoload || program.loaded) continue;
      const { section, attachTarget, name } = program;
      if (program.type === BPF_PROG_TYPE_UNSPEC) {
        const place = program.spec.sectionName.replace(/^\?/, "");
        this.#warn(`prog '${name}': missing BPF prog type, check ELF section name '${place}'`);
        this.#warn(`prog '${name}': failed to load: ${errorText(EINVAL)}`);
        return undefined;
      }
      if (program.type === BPF_PROG_TYPE_STRUCT_OPS && !this.#isCallback(name)) {
        this.#warn(
          `prog '${name}': SEC("struct_ops") program isn't referenced anywhere, did you forget to use it?`,
        );
        this.#warn(`prog '${name}': failed to load: ${errorText(EINVAL)}`);
        return undefined;
      }
      if (!section.needsAttachBtf || attachTarget.functionName !== undefined) continue;
      if (section.target === undefined) {
        this.#warn(
          `prog '${name}': no BTF-based attach target is specified, use bpf_program__set_attach_target()`,
        );
        return program;
      }
      if (program.type === BPF_PROG_TYPE_EXT && attachTarget.programFd === undefined) {
        this.#warn(`prog '${name}': attach program FD is not set`);
        return program;
      }
    }
    return undefined;
  }

  /** Whether a struct_ops map that is created calls the program. */
  #isCallback(program: string): boolean {
    return [...this.#owner.object.maps.values()].some(
      (map) => map.autocreate && [...map.structOpsPrograms.values()].includes(program),
    );
  }

  #sayNotPrepared(program: string, errno: number): void {
    this.#warn(`${program}: failed to prepare load attributes: ${errorText(errno)}`);
    this.#warn(`${program}: failed to load: ${errorText(errno)}`);
  }

  /** The verifier's log with libbpf's words where it stopped at what could not be relocated. */
  #explainedLog(program: BpfProgram, log: string): string {
    const match = /^(\d+): \(\d+\) call unknown#(\d+)\ninvalid func unknown#\2\n/m.exec(log);
    if (match === null) return log;
    const [found, instruction, helper] = match;
    const words = this.#missingThing(program, Number(instruction), Number(helper));
    return words === undefined ? log : log.replace(found, () => `${instruction}: ${words}\n`);
  }

  #isTyped({ typeId }: Pick<ExternSpec, "typeId">): boolean {
    const { btf } = this.#owner.object.spec;
    return btf !== undefined && btf.kind(btf.resolve(typeId)) !== "void";
  }

  #sayMissing({ name, kind, typeId }: ExternSpec): number {
    if (kind === "kfunc") {
      this.#warn(`extern (func ksym) '${name}': not found in kernel or module BTFs`);
      return EINVAL;
    }
    if (kind === "ksym" && this.#isTyped({ typeId })) {
      this.#warn(`extern (var ksym) '${name}': not found in kernel BTF`);
      return EINVAL;
    }
    for (const extern of this.#owner.object.spec.externs) {
      if (extern.name === name) break;
      if (extern.weak && !this.#resolved.has(extern.name)) {
        this.#debug(`extern '${extern.name}' (weak): not resolved, defaulting to zero`);
      }
    }
    this.#warn(`extern '${name}' (strong): not resolved`);
    return ESRCH;
  }

  /** A refusal for root may come from the limit of locked memory, in kernels of old. */
  #sayLimit(errno: number): void {
    if (errno !== EPERM || process.geteuid?.() !== 0) return;
    const [soft] = getSys().getRlimit(RLIMIT_MEMLOCK);
    if (soft === RLIM_INFINITY) return;
    this.#warn(
      `permission error while running as root; try raising 'ulimit -l'? current value: ${sizeText(Number(soft))}`,
    );
  }

  #missingThing(program: BpfProgram, instruction: number, helper: number): string | undefined {
    if (helper === POISON_CORE) {
      const relocation = program.spec.coreRelocations.find(
        ({ instructionIndex }) => instructionIndex === instruction,
      );
      const { btf } = this.#owner.object.spec;
      return relocation === undefined || btf === undefined
        ? undefined
        : `<invalid CO-RE relocation>\nfailed to resolve CO-RE relocation ${libbpfRelocationText(btf, relocation)}`;
    }
    const map = [...this.#owner.object.maps.values()][helper - POISON_MAP];
    if (map !== undefined) {
      return `<invalid BPF map reference>\nBPF map '${mapName(map)}' is referenced but wasn't created`;
    }
    const extern = this.#owner.object.spec.externs[helper - POISON_KFUNC];
    if (extern === undefined) return undefined;
    return `<invalid kfunc call>\nkfunc '${extern.name}' is referenced but wasn't resolved`;
  }

  #warn(text: string): void {
    this.#log.write(LOG_WARNING, text);
  }

  #debug(text: string): void {
    this.#log.write(LOG_DEBUG, text);
  }
}

const POISON_CORE = 195896080;
const POISON_MAP = 2001000000;
const POISON_KFUNC = 2002000000;

function needsKernelTypes({ type, attachTarget }: BpfProgram): boolean {
  if (type === BPF_PROG_TYPE_STRUCT_OPS || type === BPF_PROG_TYPE_LSM) return true;
  return type === BPF_PROG_TYPE_TRACING && attachTarget.programFd === undefined;
}

function quotedLog(log: string): string {
  const lines = log.endsWith("\n") || log === "" ? log : `${log}\n`;
  return `-- BEGIN PROG LOAD LOG --\n${lines}-- END PROG LOAD LOG --`;
}

function hex(value: bigint): string {
  return `0x${BigInt.asUintN(64, value).toString(16)}`;
}

const RLIM_INFINITY = 0xffff_ffff_ffff_ffffn;

function sizeText(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  return bytes < 1 << 20 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / (1 << 20)).toFixed(1)} MiB`;
}

/** The kernel's types cannot be had. */
export function sayNoKernelBtf(log: GuestLog): void {
  log.write(
    LOG_WARNING,
    "kernel BTF is missing at '/sys/kernel/btf/vmlinux', was CONFIG_DEBUG_INFO_BTF enabled?",
  );
  log.write(LOG_WARNING, "failed to find valid kernel BTF");
}
