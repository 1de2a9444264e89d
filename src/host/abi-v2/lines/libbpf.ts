import type { Btf } from "../../../btf/index.ts";
import type { BpfMap, BpfProgram, LoadObserver, ResolvedKsym, StructOpsMember } from "../../../ebpf/index.ts";
import type { ElfFile } from "../../../elf/index.ts";
import { haveKernelBtf } from "../../../kernel/index.ts";
import type { ExternSpec } from "../../../object/index.ts";
import { SystemCallError } from "../../../sys/index.ts";
import {
  BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  BPF_PROG_TYPE_LSM,
  BPF_PROG_TYPE_STRUCT_OPS,
  BPF_PROG_TYPE_TRACING,
} from "../../../uapi/bpf.ts";
import { EBADF, EINVAL, EOPNOTSUPP } from "../../../uapi/errno.ts";
import { errnoOf } from "../../abi-v1/index.ts";
import type { GuestObject } from "../guest-object.ts";
import type { GuestLog } from "../log.ts";
import { LOG_DEBUG, LOG_INFO, LOG_WARNING, type LogLevel } from "../log.ts";
import { sayCoreRelocations } from "./core.ts";
import { errorText } from "./error-text.ts";
import { isTyped } from "./externs.ts";
import { sayFailure } from "./failure.ts";
import { sayLinked } from "./link.ts";
import { sayLimit } from "./memlock.ts";
import { mapName } from "./names.ts";
import { explainedLog, quotedLog } from "./verifier-log.ts";

// What libbpf 1.8 itself prints in the commonest situations, as its users know it: same texts, same levels.

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

  /** Maps are about to be created. */
  preparing(): void {
    if (!this.#log.wants(LOG_DEBUG)) return;
    const { programs, object } = this.#owner;
    const { spec, options, maps } = object;
    const needsTypes =
      (options.kernelBtf === undefined && (spec.btfExt?.coreRelocations.size ?? 0) > 0) ||
      spec.externs.some((extern) => extern.kind !== "kconfig" && isTyped(spec, extern)) ||
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
    sayLimit(this.#log, errno);
  }

  programLoaded(program: BpfProgram): void {
    if (program.log !== "" && !this.#owner.ownLogs.has(program))
      this.#debug(`prog '${program.name}': ${quotedLog(program.log)}`);
  }

  programRefused(program: BpfProgram, errno: number, log: string): void {
    this.#refused = true;
    const fixed = explainedLog(this.#owner, program, log);
    this.#owner.refusals.set(program, fixed);
    this.#warn(`prog '${program.name}': BPF program load failed: ${errorText(errno)}`);
    sayLimit(this.#log, errno);
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
    let errno = this.#errno ?? errnoOf(error);
    if (!this.#refused) {
      const [log, owner, elf] = [this.#log, this.#owner, this.#elf];
      errno = sayFailure({ log, owner, elf, targets: this.#targets, resolved: this.#resolved }, error, errno);
    }
    if (prepared) this.#warn(`failed to load object '${this.#shownAs}'`);
    return errno;
  }

  attemptedTwice(wholeLoad: boolean): void {
    const what = wholeLoad ? "load" : "prepare loading";
    this.#warn(`object '${this.#owner.name}': ${what} can't be attempted twice`);
  }

  #warn(text: string): void {
    this.#log.write(LOG_WARNING, text);
  }

  #debug(text: string): void {
    this.#log.write(LOG_DEBUG, text);
  }
}

function needsKernelTypes({ type, attachTarget }: BpfProgram): boolean {
  if (type === BPF_PROG_TYPE_STRUCT_OPS || type === BPF_PROG_TYPE_LSM) return true;
  return type === BPF_PROG_TYPE_TRACING && attachTarget.programFd === undefined;
}

function hex(value: bigint): string {
  return `0x${BigInt.asUintN(64, value).toString(16)}`;
}
